package ovsdb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ServerOptions configures a Server. Zero values mean the defaults in the comments.
type ServerOptions struct {
	Logger     *slog.Logger
	MaxMessage int // longest request in bytes: 256 MiB
	Backlog    int // bytes of updates that a client may leave untaken: 128 MiB
}

// Remote is somewhere to listen.
type Remote struct {
	Target   string        // punix:PATH, ptcp:PORT[:IP], pssl:PORT[:IP] or db:DATABASE,TABLE,COLUMN
	Role     string        // rows of RBAC_Role limit what clients may write; "" does not
	TLS      *tls.Config   // of pssl; see ServerTLS
	ReadOnly bool          // clients may not write
	Probe    time.Duration // silence after which a TCP or TLS client is probed: 5 s; negative never
}

// Server serves databases over JSON-RPC (RFC 7047 section 4).
type Server struct {
	opts  ServerOptions
	log   *slog.Logger
	id    UUID
	locks locks
	meta  *Database // _Server
	hooks map[*Database]*convertHook

	mu      sync.Mutex // guards the rest
	dbs     map[string]*Database
	lns     map[*listener]struct{}
	follows []*dbRemote
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
	s := &Server{opts: opts, log: opts.Logger, id: NewUUID(), dbs: map[string]*Database{}, lns: map[*listener]struct{}{},
		hooks: map[*Database]*convertHook{}}
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
		_, err := s.meta.Transact(context.Background(), Insert("Database", NewUUID(),
			ColumnValue{"name", db.Name()}, ColumnValue{"model", "standalone"}, ColumnValue{"connected", true}, ColumnValue{"leader", true},
			ColumnValue{"schema", []string{string(db.Schema().appendJSON(nil))}}))
		if err != nil {
			return nil, err
		}
	}
	for _, db := range dbs {
		s.hooks[db] = db.onConvert(func(origin any) { s.converted(db, origin) })
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
	s.mu.Lock()
	var conns []*conn
	for l := range s.lns {
		conns = slices.AppendSeq(conns, maps.Keys(l.conns))
	}
	s.mu.Unlock()
	for _, c := range conns {
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

// Remotes lists where the server listens.
func (s *Server) Remotes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for l := range s.lns {
		out = append(out, l.r.Target)
	}
	slices.Sort(out)
	return out
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

// HoldLock takes a named lock for this process, so that clients that want it stay on standby. It waits for nobody: false
// means that a client has it.
func (s *Server) HoldLock(name string) bool {
	owns, _ := s.locks.lock(processHolder{}, name, false)
	return owns
}

type processHolder struct{}

func (processHolder) lockChanged(string, string) {}

// listener is an open remote.
type listener struct {
	srv   *Server
	r     Remote
	ln    net.Listener
	moved func() // called when clients came or went; may be nil

	conns map[*conn]struct{} // guarded by Server.mu
}

// Listen opens a remote and serves it until Close. It returns once clients can connect. The address of a db: remote is nil.
func (s *Server) Listen(r Remote) (net.Addr, error) {
	if strings.HasPrefix(r.Target, "db:") {
		return nil, s.follow(r)
	}
	l, err := s.listen(r, nil)
	if err != nil {
		return nil, err
	}
	return l.ln.Addr(), nil
}

func (s *Server) listen(r Remote, moved func()) (*listener, error) {
	ln, err := listen(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		ln.Close()
		return nil, fmt.Errorf("listening on %s: %w", r.Target, ErrClosed)
	}
	l := &listener{srv: s, r: r, ln: ln, moved: moved, conns: map[*conn]struct{}{}}
	s.lns[l] = struct{}{}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		l.accept()
	}()
	return l, nil
}

func (l *listener) clients() int {
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	return len(l.conns)
}

// close stops listening and drops the listener's clients.
func (l *listener) close() {
	l.ln.Close()
	l.srv.mu.Lock()
	delete(l.srv.lns, l)
	conns := slices.Collect(maps.Keys(l.conns))
	l.srv.mu.Unlock()
	for _, c := range conns {
		c.close(nil)
	}
}

func (l *listener) accept() {
	s := l.srv
	for {
		nc, err := l.ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			s.log.Warn("accepting clients", "remote", l.r.Target, "err", err)
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely: nothing tells when there are some again
			continue
		}
		s.mu.Lock()
		if _, open := s.lns[l]; !open || s.done {
			s.mu.Unlock()
			nc.Close()
			return
		}
		c := s.newConn(nc, l.r)
		l.conns[c] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		l.tell()
		go func() {
			defer s.wg.Done()
			c.serve()
			s.mu.Lock()
			delete(l.conns, c)
			s.mu.Unlock()
			l.tell()
		}()
	}
}

func (l *listener) tell() {
	if l.moved != nil {
		l.moved()
	}
}

func (s *Server) newConn(nc net.Conn, r Remote) *conn {
	c := &conn{srv: s, nc: nc, log: s.log, blocked: map[string]*blockedTxn{}, monitors: map[string]*monitor{}}
	c.wake, c.paid = sync.NewCond(&c.mu), sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.sess = session{role: r.Role, readOnly: r.ReadOnly, holdsLock: func(name string) bool { return s.locks.owns(c, name) }}
	c.heard.Store(time.Now().UnixNano())
	if strings.HasPrefix(r.Target, "punix:") {
		c.name = r.Target
		return c
	}
	c.name = nc.RemoteAddr().String()
	switch {
	case r.Probe == 0:
		c.probe = 5 * time.Second
	case r.Probe > 0:
		c.probe = r.Probe
	}
	return c
}

// serve shakes hands, learns who the client is and runs the connection.
func (c *conn) serve() {
	if t, ok := c.nc.(*tls.Conn); ok {
		ctx, cancel := context.WithTimeout(c.ctx, 20*time.Second)
		err := t.HandshakeContext(ctx)
		cancel()
		if err != nil {
			c.log.Warn("refusing client", "client", c.name, "err", err)
			c.close(err)
			return
		}
		if certs := t.ConnectionState().PeerCertificates; len(certs) > 0 {
			c.sess.id = certs[0].Subject.CommonName
			c.name += " (" + c.sess.id + ")"
		}
	}
	c.run()
}

// Close stops listening, drops every client and waits for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.done = true
	follows := s.follows
	s.mu.Unlock()
	for _, d := range follows {
		d.stop()
	}
	s.mu.Lock()
	lns := slices.Collect(maps.Keys(s.lns))
	s.mu.Unlock()
	for _, l := range lns {
		l.close()
	}
	s.wg.Wait()
	for db, h := range s.hooks {
		db.offConvert(h)
	}
	return s.meta.Close()
}

func listen(r Remote) (net.Listener, error) {
	kind, rest, _ := strings.Cut(r.Target, ":")
	switch kind {
	case "punix":
		if rest == "" {
			return nil, fmt.Errorf("listening on %q: punix: needs a path, as in punix:/run/db.sock", r.Target)
		}
		return listenUnix(rest)
	case "ptcp", "pssl":
		addr, err := passiveAddress(rest)
		if err != nil {
			return nil, fmt.Errorf("listening on %q: %w", r.Target, err)
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w: stop what uses the port or give another one", r.Target, err)
		}
		if kind == "ptcp" {
			return ln, nil
		}
		if r.TLS == nil {
			ln.Close()
			return nil, fmt.Errorf("listening on %s: there is no certificate: give a private key, a certificate and a CA certificate", r.Target)
		}
		return tls.NewListener(ln, r.TLS), nil
	}
	return nil, fmt.Errorf("listening on %q: want punix:PATH, ptcp:PORT[:IP], pssl:PORT[:IP] or db:DATABASE,TABLE,COLUMN", r.Target)
}

// passiveAddress turns PORT[:IP] into what net.Listen takes.
func passiveAddress(s string) (string, error) {
	port, host, _ := strings.Cut(s, ":")
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is not a port number", port)
	} else if n == 0 {
		port = "0"
	}
	host = strings.Trim(host, "[]")
	if host != "" && net.ParseIP(strings.Split(host, "%")[0]) == nil {
		return "", fmt.Errorf("%q is not an IP address", host)
	}
	return net.JoinHostPort(host, port), nil
}

// listenUnix listens on a socket file, replacing one that nobody listens on any more.
func listenUnix(path string) (net.Listener, error) {
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("listening on %s: there is a file that is not a socket: move it away", path)
		}
		if nc, err := net.DialTimeout("unix", path, time.Second); err == nil {
			nc.Close()
			return nil, fmt.Errorf("listening on %s: another process listens there: stop it or give another path", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listening on %s: removing the socket that a dead process left: %w", path, err)
		}
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	return ln, nil
}

// TLSFiles are PEM files. They are read again when they change, so certificates can be renewed under a running server.
type TLSFiles struct{ PrivateKey, Certificate, CACert string }

// ServerTLS makes the configuration of a pssl remote: TLS 1.2 at least, and every client shows a certificate of the CA.
func ServerTLS(f TLSFiles) (*tls.Config, error) {
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
	r := &tlsReloader{files: f}
	if _, err := r.config(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: r.config}, nil
}

type tlsReloader struct {
	files TLSFiles

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
