package ovsdb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// clientWatch is a Watch of a Client: a monitor on the server and the rows that it told of. The rows belong to the reader's
// goroutine.
type clientWatch struct {
	*watcher
	id     string
	params map[string][]string
	rows   []map[UUID]*Row // by TableSchema.Index, nil for tables that are not watched
	txn    string          // where the server's history is at, all zeros if it keeps none
	begun  bool            // the first Delta was delivered
	on     *link           // the connection that was asked for it; guarded by Client.mu
}

// Watch implements DB.
func (c *Client) Watch(ctx context.Context, tables map[string][]string) (<-chan Delta, error) {
	if _, err := c.wait(ctx); err != nil {
		return nil, err
	}
	s := c.Schema()
	inner, err := newWatcher(s, tables)
	if err != nil {
		return nil, err
	}
	w := &clientWatch{watcher: inner, id: "watch-" + NewUUID().String(), params: tables, rows: make([]map[UUID]*Row, len(s.Tables)), txn: noTxnID}
	for name := range tables {
		w.rows[s.Table(name).Index] = map[UUID]*Row{}
	}
	c.mu.Lock()
	if c.watches == nil || c.schema != s {
		c.mu.Unlock()
		return nil, fmt.Errorf("watching %s: %w", c.name, errLost)
	}
	c.watches[w] = struct{}{}
	c.mu.Unlock()
	for {
		l, err := c.wait(ctx)
		if err == nil {
			err = c.monitor(ctx, l, w)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errLost) {
			c.drop(w)
			return nil, fmt.Errorf("watching %s: %w", c.name, err)
		}
	}
	go func() {
		w.run(ctx)
		c.drop(w)
		if l, err := c.wait(canceled(ctx)); err == nil {
			l.send(append(appendString([]byte(`{"id":"cancel","method":"monitor_cancel","params":[`), w.id), "]}"...))
		}
	}()
	return w.out, nil
}

// canceled is a context that never waits.
func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	return ctx
}

func (c *Client) drop(w *clientWatch) {
	c.mu.Lock()
	delete(c.watches, w)
	c.mu.Unlock()
	w.close()
}

// monitor asks the server for the watch's contents and changes, once per connection.
func (c *Client) monitor(ctx context.Context, l *link, w *clientWatch) error {
	c.mu.Lock()
	asked := w.on == l
	w.on = l
	c.mu.Unlock()
	if asked {
		return nil
	}
	b := appendString([]byte{'['}, c.name)
	b = append(b, ',')
	b = appendString(b, w.id)
	b = append(b, `,{`...)
	for i, name := range sortedKeys(w.params) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, `:[{"columns":`...)
		cols := w.params[name]
		if cols == nil {
			cols = []string{"_version"}
			for _, cs := range w.schema.Table(name).Columns {
				cols = append(cols, cs.Name)
			}
		}
		b = append(appendNames(b, cols), "}]"...)
	}
	b = append(b, '}')
	since := append(append(b[:len(b):len(b)], `,"`+w.txn...), `"]`...)
	_, err := c.call(ctx, l, "monitor_cond_since", since, func(v any) error {
		a, ok := v.([]any)
		if !ok || len(a) != 3 {
			return errors.New("reading reply to monitor_cond_since: it is not an array of three")
		}
		found, _ := a[0].(bool)
		w.txn, _ = a[1].(string)
		return w.load(a[2], found)
	})
	var e *Error
	if errors.As(err, &e) && e.Code == "unknown method" {
		_, err = c.call(ctx, l, "monitor_cond", append(b, ']'), func(v any) error { return w.load(v, false) })
	}
	return err
}

// load takes the contents, or with partial what changed since we last heard of it.
func (w *clientWatch) load(v any, partial bool) error {
	if partial {
		d, err := w.updates(v)
		if err != nil {
			return err
		}
		if len(d.Changes) > 0 {
			w.put(d)
		}
		return nil
	}
	old := w.rows
	w.rows = make([]map[UUID]*Row, len(old))
	for i := range old {
		if old[i] != nil {
			w.rows[i] = map[UUID]*Row{}
		}
	}
	if _, err := w.updates(v); err != nil {
		return err
	}
	d := Delta{Initial: !w.begun}
	for i, t := range w.schema.Tables {
		for id, row := range w.rows[i] {
			was := old[i][id]
			if was != nil && sameRow(was, row) {
				w.rows[i][id] = was
				continue
			}
			d.Changes = append(d.Changes, Change{t.Name, was, row})
		}
		for id, was := range old[i] {
			if w.rows[i][id] == nil {
				d.Changes = append(d.Changes, Change{t.Name, was, nil})
			}
		}
	}
	if d.Initial || len(d.Changes) > 0 {
		w.put(d)
	}
	w.begun = true
	return nil
}

func sameRow(a, b *Row) bool {
	for i := range a.vals {
		if !Equal(a.vals[i], b.vals[i]) {
			return false
		}
	}
	return true
}

// updates applies a <table-updates2> to the rows.
func (w *clientWatch) updates(v any) (Delta, error) {
	var d Delta
	tables, ok := v.(map[string]any)
	if !ok {
		return d, errors.New("reading update: it is not an object")
	}
	for _, name := range sortedKeys(tables) {
		t := w.schema.Table(name)
		if t == nil || w.rows[t.Index] == nil {
			return d, fmt.Errorf("reading update: table %s was not asked for", name)
		}
		rows, ok := tables[name].(map[string]any)
		if !ok {
			return d, fmt.Errorf("reading update of table %s: it is not an object", name)
		}
		for key, rv := range rows {
			c, err := w.rowUpdate(t, key, rv)
			if err != nil {
				return d, fmt.Errorf("reading update of row %s in table %s: %w", key, name, err)
			}
			if c.Old != c.New {
				d.Changes = append(d.Changes, c)
			}
		}
	}
	return d, nil
}

func (w *clientWatch) rowUpdate(t *TableSchema, key string, v any) (Change, error) {
	c := Change{Table: t.Name}
	id, err := ParseUUID(key)
	if err != nil {
		return c, err
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return c, errors.New("want an object with one member")
	}
	have := w.rows[t.Index]
	c.Old = have[id]
	for kind, body := range m {
		cols, isObject := body.(map[string]any)
		switch {
		case kind == "delete":
			delete(have, id)
			return c, nil
		case !isObject:
			return c, fmt.Errorf("%s is not an object", kind)
		case kind == "initial" || kind == "insert":
			c.New = &Row{UUID: id, table: t, vals: append([]Value(nil), t.defaults...)}
		case kind == "modify":
			if c.Old == nil {
				return c, errors.New("modify of a row that is not there")
			}
			r := *c.Old
			r.vals = append([]Value(nil), c.Old.vals...)
			c.New = &r
		default:
			return c, fmt.Errorf("unknown member %q", kind)
		}
		if err := c.New.set(cols, kind == "modify"); err != nil {
			return c, err
		}
	}
	have[id] = c.New
	return c, nil
}

// notification handles update2 and update3, update of the server's own database, locked and stolen.
func (c *Client) notification(method string, params []any) error {
	var body any
	switch {
	case method == "update" && len(params) == 2 && params[0] == serverMonitor:
		return c.serverUpdate(params[1])
	case method == "locked" || method == "stolen":
		c.lockChanged(method, params)
		return nil
	case method == "update2" && len(params) == 2:
		body = params[1]
	case method == "update3" && len(params) == 3:
		body = params[2]
	default:
		return nil // nothing that we asked for
	}
	c.mu.Lock()
	var w *clientWatch
	for x := range c.watches {
		if x.id == params[0] {
			w = x
		}
	}
	c.mu.Unlock()
	if w == nil {
		return nil // it was given up
	}
	d, err := w.updates(body)
	if err != nil {
		return err
	}
	if method == "update3" {
		w.txn, _ = params[1].(string)
	}
	if len(d.Changes) > 0 {
		w.put(d)
	}
	return nil
}

func verifyChain(pool *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errors.New("the server shows no certificate")
		}
		opts := x509.VerifyOptions{Roots: pool, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		for _, c := range s.PeerCertificates[1:] {
			opts.Intermediates.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(opts)
		return err
	}
}
