package ovsdb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// ServerOptions configures a Server. Zero values mean the defaults in the comments.
type ServerOptions struct {
	Logger     *slog.Logger
	MaxMessage int // longest request in bytes: 256 MiB
	Backlog    int // bytes of updates that a client may leave untaken: 128 MiB
	// TLS are the files of pssl and ssl remotes that bring no configuration of their own and have no SSL row.
	TLS TLSFiles
}

// Server serves databases over JSON-RPC (RFC 7047 section 4).
type Server struct {
	opts  ServerOptions
	log   *slog.Logger
	id    UUID
	locks locks
	meta  *Database // _Server

	mu      sync.Mutex // guards the rest
	dbs     map[string]*Database
	hooks   map[*Database]*convertHook
	waiting map[string]Remote             // db: remotes, by target, whose database was removed
	logged  map[string]context.CancelFunc // tables that LogTable logs, as DATABASE:TABLE
	lns     map[*listener]struct{}
	remotes map[string]interface{ close() } // by target
	backup  *Backup                         // nil while the server leads; see Follow
	done    bool
	wg      sync.WaitGroup
}

const serverSchema = `{"cksum":"3009684573 744","name":"_Server","version":"1.2.0","tables":{"Database":{"columns":{` +
	`"name":{"type":"string"},"model":{"type":{"key":{"type":"string","enum":["set",["clustered","relay","standalone"]]}}},` +
	`"connected":{"type":"boolean"},"leader":{"type":"boolean"},"schema":{"type":{"key":"string","min":0}},` +
	`"cid":{"type":{"key":"uuid","min":0}},"sid":{"type":{"key":"uuid","min":0}},"index":{"type":{"key":"integer","min":0}}}}}}`

// NewServer makes a server of databases that the caller keeps and closes. Close it before them.
func NewServer(opts ServerOptions, dbs ...*Database) (*Server, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.MaxMessage == 0 {
		opts.MaxMessage = 256 << 20
	}
	if opts.Backlog == 0 {
		opts.Backlog = 128 << 20
	}
	s := &Server{opts: opts, log: opts.Logger, id: NewUUID(), dbs: map[string]*Database{}, lns: map[*listener]struct{}{}, remotes: map[string]interface{ close() }{},
		hooks: map[*Database]*convertHook{}, waiting: map[string]Remote{}, logged: map[string]context.CancelFunc{}}
	s.locks.queue = map[string][]lockHolder{}
	schema, err := ParseSchema([]byte(serverSchema))
	if err != nil {
		return nil, err
	}
	if s.meta, err = Open(schema, Options{Logger: opts.Logger}); err != nil {
		return nil, err
	}
	for _, db := range append([]*Database{s.meta}, dbs...) {
		s.dbs[db.Name()] = db
		if err := s.declare(db); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// converted tells everybody that a database has another schema: the _Server database first, then clients.
func (s *Server) converted(db *Database, origin any) {
	if _, err := s.meta.Transact(context.Background(), Op{Kind: OpUpdate, Table: "Database", Where: []Condition{{"name", Eq, db.Name()}},
		Row: []ColumnValue{{"schema", []string{string(db.Schema().appendJSON(nil))}}}}); err != nil {
		return // it is being closed
	}
	by, _ := origin.(*conversion)
	for _, c := range s.clients() {
		c.converted(db, by)
	}
}

// Database returns a served database, nil if there is none of that name.
func (s *Server) Database(name string) *Database {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dbs[name]
}

func (s *Server) names() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []any{s.meta.Name()}
	for _, n := range sortedKeys(s.dbs) {
		if n != s.meta.Name() {
			out = append(out, n)
		}
	}
	return out
}

// Databases lists the databases, _Server left out, by name.
func (s *Server) Databases() []*Database {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Database
	for _, n := range sortedKeys(s.dbs) {
		if db := s.dbs[n]; db != s.meta {
			out = append(out, db)
		}
	}
	return out
}

// Remotes lists what was asked for with Listen, by name; what rows of the database ask for is not among it.
func (s *Server) Remotes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(slices.Concat(sortedKeys(s.remotes), sortedKeys(s.waiting))))
}

// Clients counts the connections.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for l := range s.lns {
		n += len(l.conns)
	}
	return n
}

// Backlog is how many bytes, by estimate, wait for clients to take them.
func (s *Server) Backlog() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for l := range s.lns {
		for c := range l.conns {
			c.mu.Lock()
			n += c.backlog
			c.mu.Unlock()
		}
	}
	return n
}

// HoldLock takes a named lock for this process, so that clients that want it stay on standby. It waits for nobody: false
// means that a client has it.
func (s *Server) HoldLock(name string) bool {
	owns, _ := s.locks.lock(processHolder{}, name, false)
	return owns
}

type processHolder struct{}

func (processHolder) lockChanged(string, string) {}

// Close stops listening, drops every client and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.done = true
	remotes := slices.Collect(maps.Values(s.remotes))
	for _, stop := range s.logged {
		stop()
	}
	backup := s.backup
	s.mu.Unlock()
	if backup != nil {
		backup.stop()
	}
	for _, r := range remotes {
		r.close()
	}
	s.wg.Wait()
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	for db, h := range hooks {
		db.offConvert(h)
	}
	return s.meta.Close()
}

// TLSFiles are PEM files. They are read again when they change, so certificates can be renewed under a running server.
type TLSFiles struct{ PrivateKey, Certificate, CACert string }

// ServerTLS makes the configuration of a pssl remote: TLS 1.2 at least, and every client shows a certificate of the CA.
func ServerTLS(f TLSFiles) (*tls.Config, error) { return serverTLS(f, tls.VersionTLS12, 0) }

func serverTLS(f TLSFiles, low, high uint16) (*tls.Config, error) {
	var missing []string
	for name, v := range map[string]string{"private key": f.PrivateKey, "certificate": f.Certificate, "CA certificate": f.CACert} {
		if v == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, fmt.Errorf("preparing TLS: no %s given", strings.Join(missing, ", no "))
	}
	r := &tlsReloader{files: f, low: low, high: high}
	if _, err := r.config(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: low, MaxVersion: high, GetConfigForClient: r.config}, nil
}

type tlsReloader struct {
	files     TLSFiles
	low, high uint16 // versions

	mu   sync.Mutex // guards the rest
	at   [3]time.Time
	have *tls.Config
}

func (r *tlsReloader) config(*tls.ClientHelloInfo) (*tls.Config, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var at [3]time.Time
	for i, p := range []string{r.files.PrivateKey, r.files.Certificate, r.files.CACert} {
		st, err := os.Stat(p)
		if err != nil {
			if r.have != nil {
				return r.have, nil
			}
			return nil, fmt.Errorf("preparing TLS: %w", err)
		}
		at[i] = st.ModTime()
	}
	if r.have != nil && at == r.at {
		return r.have, nil
	}
	c, err := loadTLS(r.files)
	if err != nil {
		if r.have != nil {
			return r.have, nil // files that are being replaced do not fit each other for a moment
		}
		return nil, err
	}
	c.MinVersion, c.MaxVersion = r.low, r.high
	r.have, r.at = c, at
	return c, nil
}

func loadTLS(f TLSFiles) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(f.Certificate, f.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("preparing TLS: certificate %s with private key %s: %w", f.Certificate, f.PrivateKey, err)
	}
	pem, err := os.ReadFile(f.CACert)
	if err != nil {
		return nil, fmt.Errorf("preparing TLS: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("preparing TLS: %s holds no PEM certificate", f.CACert)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, ClientCAs: pool, RootCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert,
	}, nil
}
