package ovsdb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A remote of the form db:DATABASE,TABLE,COLUMN serves whatever the rows of the table say in the column, as stock's does
// (ovsdb-server(1)): targets themselves, or references to rows that hold a target and more, usually Connection rows, which
// ovn-nbctl and ovn-sbctl set-connection write. An SSL row in the same database gives keys and certificates of their pssl and
// ssl targets.
type dbRemote struct {
	srv    *Server
	db     *Database
	base   Remote
	parts  []string
	poke   chan struct{} // clients came or went
	cancel context.CancelFunc
	wg     sync.WaitGroup

	// Of run's goroutine.
	table  *TableSchema  // of the rows, nil while the schema has none that fits
	column *ColumnSchema // that holds targets, if no rows are referred to
	rows   map[UUID]*Row
	ssl    *Row
	open   map[string]*dbListener // by target
	failed map[string]error       // why a target is not open
	told   map[UUID]string        // what the rows were last told
}

type dbListener struct {
	*listener
	want dbTarget
}

// dbTarget is what a row asks for, in comparable form.
type dbTarget struct {
	target, role      string
	probe, maxBackoff time.Duration
	readOnly          bool
	tls               sslRow
}

const (
	dbRemoteRetry  = 5 * time.Second
	dbRemoteStatus = 5 * time.Second // how often the seconds in a status are brought up to date
)

func (s *Server) follow(r Remote) (*dbRemote, error) {
	parts := strings.Split(strings.TrimPrefix(r.Target, "db:"), ",")
	if len(parts) != 3 {
		return nil, fmt.Errorf("serving %q: want db:DATABASE,TABLE,COLUMN", r.Target)
	}
	db := s.Database(parts[0])
	if db == nil {
		return nil, fmt.Errorf("serving %s: there is no database %s here", r.Target, parts[0])
	}
	d := &dbRemote{srv: s, db: db, base: r, parts: parts[1:], open: map[string]*dbListener{}, poke: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	deltas, err := d.watch(ctx)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("serving %s: %w", r.Target, err)
	}
	d.apply(<-deltas) // what the rows say now is served when this returns
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		d.run(ctx, deltas)
	}()
	return d, nil
}

// close stops following the rows and serving what they said.
func (d *dbRemote) close() {
	d.cancel()
	d.wg.Wait()
	for _, l := range d.open {
		l.close()
	}
}

// watch finds the column in the schema as it is now.
func (d *dbRemote) watch(ctx context.Context) (<-chan Delta, error) {
	schema := d.db.Schema()
	d.table, d.column, d.rows, d.ssl, d.told = nil, nil, map[UUID]*Row{}, nil, map[UUID]string{}
	t := schema.Table(d.parts[0])
	if t == nil {
		return nil, fmt.Errorf("database %s has no table %s", schema.Name, d.parts[0])
	}
	c := t.Column(d.parts[1])
	watch := map[string][]string{}
	switch {
	case c == nil:
		return nil, fmt.Errorf("table %s has no column %s", t.Name, d.parts[1])
	case c.Type.Key.Type == String && c.Type.Value == nil:
		d.table, d.column = t, c
		watch[t.Name] = []string{c.Name}
	case c.Type.Key.ref != nil && c.Type.Value == nil && c.Type.Key.ref.Column("target") != nil:
		d.table = c.Type.Key.ref
		cols := []string{}
		for _, name := range []string{"target", "role", "inactivity_probe", "read_only", "max_backoff"} {
			if d.table.Column(name) != nil {
				cols = append(cols, name)
			}
		}
		watch[d.table.Name] = cols
	default:
		return nil, fmt.Errorf("table %s: column %s holds neither targets nor references to rows with a target", t.Name, c.Name)
	}
	if ssl := schema.Table("SSL"); ssl != nil && ssl.Column("private_key") != nil && ssl.Column("certificate") != nil && ssl.Column("ca_cert") != nil {
		watch["SSL"] = nil
	}
	return d.db.Watch(ctx, watch)
}

func (d *dbRemote) run(ctx context.Context, deltas <-chan Delta) {
	clock := time.NewTicker(dbRemoteStatus)
	defer clock.Stop()
	tick := false
	for {
		var again <-chan time.Time
		if len(d.failed) > 0 || deltas == nil {
			again = time.After(dbRemoteRetry)
		}
		if deltas != nil {
			d.tell(ctx, tick)
		}
		tick = false
		select {
		case delta, ok := <-deltas:
			if ok {
				d.apply(delta)
				break
			}
			deltas = d.rewatch(ctx)
		case <-again:
			if deltas == nil {
				deltas = d.rewatch(ctx)
				break
			}
			d.apply(Delta{})
		case <-d.poke:
		case <-clock.C:
			tick = true
		case <-ctx.Done():
			return
		}
	}
}

// rewatch follows the rows again after the database was converted. What is open stays, if the rows still ask for it.
func (d *dbRemote) rewatch(ctx context.Context) <-chan Delta {
	if ctx.Err() != nil {
		return nil
	}
	deltas, err := d.watch(ctx)
	if err == nil {
		if first, ok := <-deltas; ok {
			d.apply(first)
			return deltas
		}
		err = errStale
	}
	d.srv.log.Warn("following remotes in a database", "remote", d.base.Target, "err", err)
	return nil
}

// apply takes over what the rows say.
func (d *dbRemote) apply(delta Delta) {
	for _, c := range delta.Changes {
		switch {
		case c.Table == "SSL":
			d.ssl = c.New
		case c.New == nil:
			delete(d.rows, c.Old.UUID)
			delete(d.told, c.Old.UUID)
		default:
			d.rows[c.New.UUID] = c.New
		}
	}
	want := map[string]dbTarget{}
	for _, r := range d.rows {
		for _, t := range d.targets(r) {
			want[t.target] = t
		}
	}
	for target, l := range d.open {
		w, ok := want[target]
		if same := w; ok {
			if same.maxBackoff = l.want.maxBackoff; same == l.want { // a pause alone is no reason to drop anybody
				l.want = w
				l.setMaxBackoff(w.maxBackoff)
				continue
			}
		}
		l.close()
		delete(d.open, target)
	}
	failed := map[string]error{}
	for _, target := range sortedKeys(want) {
		if d.open[target] != nil {
			continue
		}
		l, err := d.listen(want[target])
		if err != nil {
			failed[target] = err
			if was := d.failed[target]; was == nil || was.Error() != err.Error() {
				d.srv.log.Warn("opening a remote that the database asks for", "db", d.db.Name(), "remote", target, "err", err)
			}
			continue
		}
		if addr := l.addr(); addr != nil {
			d.srv.log.Info("serving database", "db", d.db.Name(), "remote", target, "address", addr.String())
		}
		d.open[target] = &dbListener{l, want[target]}
	}
	d.failed = failed
}

// targets are what a row asks for.
func (d *dbRemote) targets(r *Row) []dbTarget {
	if d.column != nil {
		var out []dbTarget
		for _, a := range atomsOf(r.At(d.column.Index)) {
			out = append(out, d.withTLS(dbTarget{target: a.(string), role: d.base.Role, readOnly: d.base.ReadOnly, probe: d.base.Probe}))
		}
		return out
	}
	t := dbTarget{target: r.String("target"), role: r.String("role")}
	if t.target == "" {
		return nil
	}
	if p, ok := r.Get("inactivity_probe").([]int64); ok && len(p) == 1 {
		if t.probe = time.Duration(p[0]) * time.Millisecond; p[0] <= 0 {
			t.probe = -1
		}
	}
	if b, ok := r.Get("max_backoff").([]int64); ok && len(b) == 1 {
		t.maxBackoff = time.Duration(max(b[0], 1000)) * time.Millisecond
	}
	t.readOnly, _ = r.Get("read_only").(bool)
	return []dbTarget{d.withTLS(t)}
}

func (d *dbRemote) withTLS(t dbTarget) dbTarget {
	if d.ssl != nil && (strings.HasPrefix(t.target, "pssl:") || strings.HasPrefix(t.target, "ssl:")) {
		t.tls = sslOf(d.ssl)
	}
	return t
}

func (d *dbRemote) listen(t dbTarget) (*listener, error) {
	r := Remote{Target: t.target, Role: t.role, Probe: t.probe, ReadOnly: t.readOnly, MaxBackoff: t.maxBackoff}
	if strings.HasPrefix(t.target, "db:") {
		return nil, fmt.Errorf("serving %s: a row may not lead to other rows", t.target)
	}
	if strings.HasPrefix(t.target, "pssl:") {
		r.TLS = d.base.TLS
	}
	if t.tls != (sslRow{}) {
		var err error
		if r.TLS, err = t.tls.config(strings.HasPrefix(t.target, "pssl:")); err != nil {
			return nil, err
		}
	}
	return d.srv.open(r, func() {
		select {
		case d.poke <- struct{}{}:
		default:
		}
	})
}

// tell writes into the rows what becomes of them, where they have columns for it (ovn-sb(5), Connection table, Status).
func (d *dbRemote) tell(ctx context.Context, tick bool) {
	if d.column != nil || d.table.Column("is_connected") == nil || d.table.Column("status") == nil {
		return
	}
	var ops []Op
	now := map[UUID]string{}
	for id, r := range d.rows {
		target := r.String("target")
		if target == "" {
			continue
		}
		connected, status, key := d.status(target, tick)
		if key == d.told[id] {
			continue
		}
		now[id] = key
		ops = append(ops, Update(d.table.Name, id, ColumnValue{"is_connected", connected}, ColumnValue{"status", NewStringMap(status)}))
	}
	if len(ops) == 0 {
		return
	}
	if _, err := d.db.Transact(ctx, ops...); err == nil {
		for id, key := range now {
			d.told[id] = key
		}
	}
}

// status describes a target. The key changes when the row is to be written: seconds alone count only now and then.
func (d *dbRemote) status(target string, tick bool) (connected bool, status map[string]string, key string) {
	status = map[string]string{}
	l := d.open[target]
	if l == nil {
		status["state"] = "BACKOFF"
		if err := d.failed[target]; err != nil {
			status["last_error"] = err.Error()
		}
		return false, status, fmt.Sprint(status)
	}
	a, conns := l.look()
	connected = len(conns) > 0
	if l.ln != nil {
		if addr := l.ln.Addr().String(); l.ln.Addr().Network() != "unix" {
			status["bound_port"] = addr[strings.LastIndexByte(addr, ':')+1:]
		}
		if len(conns) > 1 {
			status["n_connections"] = strconv.Itoa(len(conns))
		}
		// Stock writes these for remotes that listen, too, and never anything but zero.
		status["sec_since_connect"], status["sec_since_disconnect"] = "0", "0"
		return connected, status, fmt.Sprint(connected, status)
	}
	if status["state"] = a.state; a.state == "CONNECTING" && a.err != nil {
		status["state"] = "BACKOFF" // between two attempts, the longest part of the time
	}
	if a.err != nil {
		status["last_error"] = strerror(a.err)
	}
	for _, c := range conns {
		if c.idle.Load() {
			status["state"] = "IDLE"
		}
		d.srv.locks.describe(c, status)
	}
	key = fmt.Sprint(connected, status)
	if !a.connected.IsZero() {
		status["sec_since_connect"] = seconds(a.connected)
	}
	if !a.disconnected.IsZero() {
		status["sec_since_disconnect"] = seconds(a.disconnected)
	}
	if tick && (!a.connected.IsZero() || !a.disconnected.IsZero()) {
		key += " " + status["sec_since_connect"] + " " + status["sec_since_disconnect"]
	}
	return connected, status, key
}

// strerror is the error as C programs tell it, if it is one that they know.
func strerror(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		s := errno.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return err.Error()
}

func seconds(since time.Time) string { return strconv.Itoa(int(time.Since(since) / time.Second)) }

// sslRow is an SSL row in comparable form (ovn-sb(5), SSL table).
type sslRow struct {
	files              TLSFiles
	bootstrap          bool
	protocols, ciphers string
}

func sslOf(r *Row) sslRow {
	s := sslRow{files: TLSFiles{r.String("private_key"), r.String("certificate"), r.String("ca_cert")},
		protocols: r.String("ssl_protocols"), ciphers: r.String("ssl_ciphers")}
	s.bootstrap, _ = r.Get("bootstrap_ca_cert").(bool)
	return s
}

// config makes a TLS configuration. Without ssl_protocols TLS 1.2 and later are spoken. The names of ciphers are OpenSSL's, so
// Go's own choice stands instead, which has no weak ones.
func (s sslRow) config(serves bool) (*tls.Config, error) {
	low, high, err := tlsRange(s.protocols)
	if err != nil {
		return nil, err
	}
	if serves {
		files := s.files
		return serverTLS(files, low, high)
	}
	var c *tls.Config
	if s.bootstrap {
		c = bootstrapTLS(s.files)
	} else {
		c = ReadingTLS(s.files)
	}
	c.MinVersion, c.MaxVersion = low, high
	return c, nil
}

// tlsRange reads the range or list of protocols of an SSL row: versions from the lowest that is named to the highest. Nothing
// below TLS 1.2 is spoken.
func tlsRange(text string) (low, high uint16, err error) {
	versions := map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
	var named []uint16
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '-' }) {
		open := strings.HasSuffix(w, "+")
		v := versions[strings.TrimSuffix(w, "+")]
		if v == 0 {
			return 0, 0, fmt.Errorf("ssl_protocols %q: %q is not a protocol: want TLSv1.2, TLSv1.3 or a range of them", text, w)
		}
		if named = append(named, v); open {
			named = append(named, tls.VersionTLS13)
		}
	}
	if len(named) == 0 {
		return tls.VersionTLS12, 0, nil
	}
	low, high = max(slices.Min(named), tls.VersionTLS12), slices.Max(named)
	if high < low {
		return 0, 0, fmt.Errorf("ssl_protocols %q: protocols before TLSv1.2 are not spoken", text)
	}
	return low, high, nil
}
