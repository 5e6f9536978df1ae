package ovsdb

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A remote of the form db:DATABASE,TABLE,COLUMN listens wherever the rows say that the column refers to, as stock's does
// (ovsdb-server(1)): usually Connection rows, which ovn-nbctl and ovn-sbctl set-connection write. An SSL row in the same
// database gives the certificate of their pssl targets.
type dbRemote struct {
	srv    *Server
	db     *Database
	base   Remote
	table  *TableSchema
	rows   map[UUID]*Row
	ssl    *Row
	open   map[string]*dbListener // by target
	told   map[UUID]string        // what the rows were last told about clients
	poke   chan struct{}          // clients came or went
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

type dbListener struct {
	*listener
	want dbTarget
}

// dbTarget is what a row asks for, in comparable form.
type dbTarget struct {
	target, role string
	probe        time.Duration
	readOnly     bool
	tls          TLSFiles
}

const dbRemoteRetry = 5 * time.Second

func (s *Server) follow(r Remote) error {
	parts := strings.Split(strings.TrimPrefix(r.Target, "db:"), ",")
	if len(parts) != 3 {
		return fmt.Errorf("listening on %q: want db:DATABASE,TABLE,COLUMN", r.Target)
	}
	db := s.Database(parts[0])
	if db == nil {
		return fmt.Errorf("listening on %s: there is no database %s here", r.Target, parts[0])
	}
	t := db.Schema().Table(parts[1])
	if t == nil {
		return fmt.Errorf("listening on %s: database %s has no table %s", r.Target, parts[0], parts[1])
	}
	c := t.Column(parts[2])
	if c == nil || c.Type.Key.ref == nil || c.Type.Key.ref.Column("target") == nil {
		return fmt.Errorf("listening on %s: table %s has no column %s that refers to rows with a target", r.Target, parts[1], parts[2])
	}
	d := &dbRemote{srv: s, db: db, base: r, table: c.Type.Key.ref, rows: map[UUID]*Row{}, open: map[string]*dbListener{}, told: map[UUID]string{},
		poke: make(chan struct{}, 1)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	watch := map[string][]string{d.table.Name: nil}
	var cols []string
	for _, name := range []string{"target", "role", "inactivity_probe", "read_only"} {
		if d.table.Column(name) != nil {
			cols = append(cols, name)
		}
	}
	watch[d.table.Name] = cols
	if ssl := db.Schema().Table("SSL"); ssl != nil && ssl.Column("private_key") != nil && ssl.Column("certificate") != nil && ssl.Column("ca_cert") != nil {
		watch["SSL"] = nil
	}
	deltas, err := db.Watch(d.ctx, watch)
	if err != nil {
		d.cancel()
		return err
	}
	s.mu.Lock()
	s.follows = append(s.follows, d)
	s.mu.Unlock()
	// What the rows say now is served when this returns.
	retry := d.apply(<-deltas)
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		d.run(deltas, retry)
	}()
	return nil
}

func (d *dbRemote) stop() {
	d.cancel()
	d.wg.Wait()
}

func (d *dbRemote) run(deltas <-chan Delta, retry bool) {
	for {
		var again <-chan time.Time
		if retry {
			again = time.After(dbRemoteRetry)
		}
		d.tell()
		select {
		case delta, ok := <-deltas:
			if !ok {
				return
			}
			retry = d.apply(delta)
		case <-again:
			retry = d.apply(Delta{})
		case <-d.poke:
		case <-d.ctx.Done():
			return
		}
	}
}

// apply takes over what the rows say and reports whether something could not be opened.
func (d *dbRemote) apply(delta Delta) (failed bool) {
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
		t := d.target(r)
		want[t.target] = t
	}
	for target, l := range d.open {
		if w, ok := want[target]; !ok || w != l.want {
			l.close()
			delete(d.open, target)
		}
	}
	for _, target := range sortedKeys(want) {
		if d.open[target] != nil {
			continue
		}
		l, err := d.listen(want[target])
		if err != nil {
			failed = true
			d.srv.log.Warn("opening a remote that the database asks for", "db", d.db.Name(), "remote", target, "err", err)
			continue
		}
		d.srv.log.Info("serving database", "db", d.db.Name(), "remote", target, "address", l.ln.Addr().String())
		d.open[target] = &dbListener{l, want[target]}
	}
	return failed
}

func (d *dbRemote) target(r *Row) dbTarget {
	t := dbTarget{target: r.String("target"), role: r.String("role")}
	if p, ok := r.Get("inactivity_probe").([]int64); ok && len(p) == 1 {
		if t.probe = time.Duration(p[0]) * time.Millisecond; p[0] <= 0 {
			t.probe = -1
		}
	}
	t.readOnly, _ = r.Get("read_only").(bool)
	if d.ssl != nil && strings.HasPrefix(t.target, "pssl:") {
		t.tls = TLSFiles{d.ssl.String("private_key"), d.ssl.String("certificate"), d.ssl.String("ca_cert")}
	}
	return t
}

func (d *dbRemote) listen(t dbTarget) (*listener, error) {
	r := Remote{Target: t.target, Role: t.role, Probe: t.probe, ReadOnly: t.readOnly}
	if strings.HasPrefix(t.target, "pssl:") {
		r.TLS = d.base.TLS
		if t.tls != (TLSFiles{}) {
			var cfg *tls.Config
			var err error
			if cfg, err = ServerTLS(t.tls); err != nil {
				return nil, err
			}
			r.TLS = cfg
		}
	}
	return d.srv.listen(r, func() {
		select {
		case d.poke <- struct{}{}:
		default:
		}
	})
}

// tell writes into the rows how many clients each has, where they have columns for it.
func (d *dbRemote) tell() {
	if d.table.Column("is_connected") == nil || d.table.Column("status") == nil {
		return
	}
	var ops []Op
	now := map[UUID]string{}
	for id, r := range d.rows {
		n := 0
		status := map[string]string{}
		if l := d.open[r.String("target")]; l != nil {
			n = l.clients()
			if _, port, ok := strings.Cut(l.ln.Addr().String(), ":"); ok {
				status["bound_port"] = port[strings.LastIndexByte(port, ':')+1:]
			}
			if n > 0 {
				status["n_connections"] = strconv.Itoa(n)
			}
		}
		now[id] = fmt.Sprint(n, " ", status["bound_port"])
		if now[id] != d.told[id] {
			ops = append(ops, Update(d.table.Name, id, ColumnValue{"is_connected", n > 0}, ColumnValue{"status", NewStringMap(status)}))
		}
	}
	if len(ops) == 0 {
		return
	}
	if _, err := d.db.Transact(d.ctx, ops...); err == nil {
		maps.Copy(d.told, now)
	}
}
