package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a connection does with requests, method by method.

func (c *conn) reply(id any, result func([]byte) []byte) {
	c.send(0, func(b []byte) []byte { return appendReply(b, id, result) })
}

func appendReply(b []byte, id any, result func([]byte) []byte) []byte {
	b = append(b, `{"id":`...)
	b = appendJSON(b, id)
	b = append(b, `,"result":`...)
	b = result(b)
	return append(b, `,"error":null}`...)
}

func (c *conn) replyJSON(id any, result any) {
	c.reply(id, func(b []byte) []byte { return appendJSON(b, result) })
}

func (c *conn) replyError(id any, err error) {
	c.send(0, func(b []byte) []byte {
		b = append(b, `{"error":`...)
		if e, ok := err.(*Error); ok {
			b = e.append(b)
		} else {
			b = appendString(b, err.Error())
		}
		b = append(b, `,"id":`...)
		b = appendJSON(b, id)
		return append(b, '}')
	})
}

var (
	errUnknownMethod  = errors.New("unknown method")
	errUnknownMonitor = errors.New("unknown monitor")
	errCanceled       = errors.New("canceled")
	errParameters     = errors.New("invalid parameters")
	errReadOnlyLock   = errors.New("lock and unlock methods not allowed, DB server is read only.") // stock's words
)

var emptyObject = map[string]any{}

func (c *conn) request(id any, method string, params []any) {
	var err error
	switch method {
	case "transact", "monitor", "monitor_cond", "monitor_cond_since", "monitor_cond_change":
		// They see to it when they know their database.
	default:
		c.owe(nil)
	}
	switch method {
	case "echo":
		c.replyJSON(id, params)
	case "list_dbs":
		c.replyJSON(id, c.srv.names())
	case "get_server_id":
		c.replyJSON(id, c.srv.id.String())
	case "set_db_change_aware":
		aware, ok := false, len(params) == 1
		if ok {
			aware, ok = params[0].(bool)
		}
		if !ok {
			err = syntaxError(params, "set_db_change_aware: true or false parameter expected")
			break
		}
		c.mu.Lock()
		c.aware = aware
		c.mu.Unlock()
		c.replyJSON(id, emptyObject)
	case "convert":
		err = c.convert(id, params)
	case "get_schema":
		var db *Database
		if db, err = c.database(method, params); err == nil {
			c.reply(id, db.Schema().appendJSON)
		}
	case "transact":
		err = c.transact(id, params)
	case "monitor":
		err = c.monitor(id, monitorV1, params)
	case "monitor_cond":
		err = c.monitor(id, monitorCond, params)
	case "monitor_cond_since":
		err = c.monitor(id, monitorSince, params)
	case "monitor_cond_change":
		err = c.monitorCondChange(id, params)
	case "monitor_cancel":
		err = c.monitorCancel(id, params)
	case "lock", "steal", "unlock":
		err = c.lockRequest(id, method, params)
	default:
		err = errUnknownMethod
	}
	if err != nil {
		c.owe(nil)
		c.replyError(id, err)
	}
}

// database finds the database that a request names first.
func (c *conn) database(method string, params []any) (*Database, error) {
	if len(params) < 1 {
		return nil, syntaxError(params, "%s request params must begin with <db-name>", method)
	}
	name, ok := params[0].(string)
	if !ok {
		return nil, syntaxError(params, "%s request params must begin with <db-name>", method)
	}
	db := c.srv.Database(name)
	if db == nil {
		return nil, &Error{Code: "unknown database", Syntax: jsonText(params),
			Details: fmt.Sprintf("%s request specifies unknown database %s", method, name)}
	}
	return db, nil
}

func (c *conn) transact(id any, params []any) error {
	db, err := c.database("transact", params)
	if err != nil {
		return err
	}
	c.owe(db)
	c.attempt(id, db, params[1:], time.Now(), nil)
	return nil
}

// attempt executes a transaction. When it waits for something, a goroutine tries again after each commit: then its reply is
// not owed, but comes when it comes.
func (c *conn) attempt(id any, db *Database, ops []any, begun time.Time, wait context.Context) {
	pay := c.pay
	if wait != nil {
		pay = func() {}
	}
	for {
		changed := db.nextChange()
		w := newWireTxn(db.Schema(), ops)
		var out outcome
		answer := func(b []byte) []byte {
			return appendReply(b, id, func(b []byte) []byte { return w.appendReply(b, &out) })
		}
		// Until out is assigned the publisher must not look at it.
		ready := make(chan struct{})
		done := func(err error) {
			<-ready
			if err != nil {
				c.replyError(id, ovsdbError("I/O error", "%v", err))
			} else {
				c.send(0, answer)
			}
			pay()
		}
		sess := &c.sess
		if db == c.srv.meta {
			sess = &session{readOnly: true, holdsLock: c.sess.holdsLock}
		}
		o := db.transact(sess, w.schema, begun, len(ops), w.step, done)
		out = o
		close(ready)
		switch {
		case o.stale:
			continue
		case o.err != nil:
			c.replyError(id, ovsdbError("I/O error", "%v", o.err))
			pay()
			return
		case o.wait != nil:
			if wait == nil {
				pay()
				c.block(id, db, ops, begun, o.wait.timeout, changed)
				return
			}
			if err := waitChange(wait, changed, begun, o.wait.timeout); err != nil {
				if c.ctx.Err() == nil {
					c.replyError(id, errCanceled)
				}
				return
			}
			continue
		case o.failed != nil:
			if db.after(done) != nil {
				c.send(0, answer)
				pay()
			}
		case o.idle:
			c.send(0, answer)
			pay()
		}
		return
	}
}

func (c *conn) block(id any, db *Database, ops []any, begun time.Time, timeout time.Duration, changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(c.ctx)
	key := jsonText(id)
	c.mu.Lock()
	c.blocked[key] = &blockedTxn{db, cancel}
	c.mu.Unlock()
	c.waits.Add(1)
	go func() {
		defer c.waits.Done()
		defer func() {
			c.mu.Lock()
			delete(c.blocked, key)
			c.mu.Unlock()
			cancel()
		}()
		if err := waitChange(ctx, changed, begun, timeout); err != nil {
			if c.ctx.Err() == nil {
				c.replyError(id, errCanceled)
			}
			return
		}
		c.attempt(id, db, ops, begun, ctx)
	}()
}

func (c *conn) monitor(id any, version int, params []any) error {
	db, err := c.database(monitorMethod(version), params)
	if err != nil {
		return err
	}
	if want := 3; len(params) < want || len(params) > want+1 || version == monitorSince && len(params) != 4 {
		return syntaxError(params, "invalid parameters")
	}
	key := jsonText(params[1])
	if c.monitorOf(key) != nil {
		return syntaxError(params[1], "duplicate monitor ID")
	}
	var since UUID
	if version == monitorSince {
		text, ok := params[3].(string)
		if !ok {
			return syntaxError(params[3], "last-txn-id must be string")
		}
		if since, err = ParseUUID(text); err != nil {
			return syntaxError(params[3], "last-txn-id must be UUID format.")
		}
	}
	for {
		m, err := newMonitor(c, db, version, params[1], params[2])
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.monitors[key] = m
		c.mu.Unlock()
		c.owe(db)
		if err = m.begins(id, since); err == nil {
			return nil
		}
		c.pay()
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

func (c *conn) monitorOf(key string) *monitor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.monitors[key]
}

// begins has the request answered and the monitor added between two commits. A client that names a point of the history gets
// what happened since, others everything.
func (m *monitor) begins(id any, since UUID) error {
	var tables []*TableSchema
	for _, t := range m.list {
		tables = append(tables, t.schema)
	}
	return m.db.snapshot(m.schema, tables, false, func(rows [][]*Row, err error) {
		defer m.conn.pay()
		if err != nil {
			m.conn.replyError(id, ovsdbError("I/O error", "%v", err))
			return
		}
		h := &m.db.pub.history
		at := h.at
		changes, found := h.since(since)
		m.begun = true
		var shared *sharedContents
		if !found {
			shared = m.db.pub.contents.of(m, rows)
		}
		m.asked = ""
		m.conn.reply(id, func(b []byte) []byte {
			if m.version == monitorSince {
				b = fmt.Appendf(b, `[%t,"%s",`, found, at)
			}
			if found {
				b = m.changed(b, changes).b
			} else {
				b = m.contents(b, shared, rows)
			}
			if m.version == monitorSince {
				b = append(b, ']')
			}
			return b
		})
		m.db.pub.add(m)
	})
}

// contents appends what the monitor shows at first; much of it is sent at once.
func (m *monitor) contents(b []byte, shared *sharedContents, rows [][]*Row) []byte {
	if shared == nil {
		return m.appendInitial(b, rows, m.conn.flush)
	}
	for _, piece := range shared.text(m) {
		if b = append(b, piece...); len(b) >= writeChunk {
			var ok bool
			if b, ok = m.conn.flush(b); !ok {
				return b
			}
		}
	}
	return b
}

func (c *conn) monitorCondChange(id any, params []any) error {
	if len(params) != 3 {
		return syntaxError(params, "invalid parameters")
	}
	key := jsonText(params[0])
	m := c.monitorOf(key)
	if m == nil {
		return syntaxError(params[0], "unknown monitor session")
	}
	newKey := jsonText(params[1])
	if newKey != key && c.monitorOf(newKey) != nil {
		return syntaxError(params[1], "duplicate monitor ID")
	}
	cc, err := m.decodeCondChange(params[1], params[2])
	if err != nil {
		return err
	}
	var tables []*TableSchema
	for _, t := range cc.tables {
		tables = append(tables, t.schema)
	}
	c.mu.Lock()
	if !m.cancel {
		delete(c.monitors, key)
		c.monitors[newKey] = m
	}
	c.mu.Unlock()
	c.owe(m.db)
	err = m.db.snapshot(m.schema, tables, false, func(rows [][]*Row, err error) {
		defer c.pay()
		if err != nil {
			c.replyError(id, ovsdbError("I/O error", "%v", err))
			return
		}
		at := m.db.pub.history.at
		c.send(0, func(b []byte) []byte {
			b = m.appendCondChange(b, at, cc, rows)
			return appendReply(b, id, func(b []byte) []byte { return append(b, "{}"...) })
		})
	})
	if err != nil {
		c.pay()
	}
	if errors.Is(err, errStale) {
		return syntaxError(params[0], "unknown monitor session") // a conversion canceled it a moment ago
	}
	return err
}

func (c *conn) monitorCancel(id any, params []any) error {
	if len(params) != 1 {
		return errParameters
	}
	key := jsonText(params[0])
	c.mu.Lock()
	m := c.monitors[key]
	if m != nil {
		delete(c.monitors, key)
		m.cancel = true
	}
	c.mu.Unlock()
	if m == nil {
		return errUnknownMonitor
	}
	c.replyJSON(id, emptyObject)
	return nil
}

// convert handles the request of that name (ovsdb-server(7), 4.1.19).
func (c *conn) convert(id any, params []any) error {
	db, err := c.database("convert", params)
	if err != nil {
		return err
	}
	if c.sess.role != "" {
		return ovsdbError("permission error", "RBAC rules for client \"%s\" role \"%s\" prohibit \"convert\" of database %s "+
			"(only the root role may convert databases)", c.sess.rbacID(), c.sess.role, db.Name())
	}
	if c.sess.readOnly || db == c.srv.meta {
		return ovsdbError("not allowed", "conversion is not allowed for read-only database %s", db.Name())
	}
	if len(params) != 2 {
		return syntaxError(params, "array expected")
	}
	to, err := schemaFromJSON(params[1])
	if err != nil {
		return err
	}
	return db.convert(to, &conversion{c, id})
}

// conversion is the request that asked for one.
type conversion struct {
	conn *conn
	id   any
}

// converted tells the client that a database has another schema now, in stock's order: its monitors are gone, the request
// that it made itself is answered, its waiting transactions are canceled. A client that does not know of such things
// (ovsdb-server(7), 4.1.18) is disconnected, so that it looks again.
func (c *conn) converted(db *Database, by *conversion) {
	c.mu.Lock()
	aware := c.aware
	var gone []*monitor
	for _, key := range sortedKeys(c.monitors) {
		if m := c.monitors[key]; m.db == db && m.begun { // one that has not begun will, under the new schema
			delete(c.monitors, key)
			m.cancel = true
			gone = append(gone, m)
		}
	}
	var blocked []*blockedTxn
	for _, b := range c.blocked {
		if b.db == db {
			blocked = append(blocked, b)
		}
	}
	c.mu.Unlock()
	if aware {
		for _, m := range gone {
			c.send(0, func(b []byte) []byte {
				b = append(b, `{"id":null,"method":"monitor_canceled","params":[`...)
				return append(appendJSON(b, m.id), "]}"...)
			})
		}
	}
	if by != nil && by.conn == c {
		c.replyJSON(by.id, emptyObject)
	}
	if !aware {
		c.finish(nil)
		return
	}
	for _, b := range blocked {
		b.cancel()
	}
}

func (c *conn) lockRequest(id any, method string, params []any) error {
	if c.noLocks {
		return errReadOnlyLock
	}
	name, ok := "", len(params) == 1
	if ok {
		name, ok = params[0].(string)
	}
	if !ok || !isID(name) {
		return syntaxError(params, "%s request params must be <id>", method)
	}
	if method == "unlock" {
		if !c.srv.locks.unlock(c, name) {
			return syntaxError(params, "unlock: \"unlock\" without \"lock\" or \"steal\"")
		}
		c.replyJSON(id, emptyObject)
		return nil
	}
	owns, ok := c.srv.locks.lock(c, name, method == "steal")
	if !ok {
		return syntaxError(params, "must issue \"unlock\" before new \"%s\"", method)
	}
	c.replyJSON(id, map[string]any{"locked": owns})
	return nil
}

// lockChanged implements lockHolder.
func (c *conn) lockChanged(method, name string) {
	c.send(0, func(b []byte) []byte {
		b = append(b, `{"id":null,"method":"`...)
		b = append(b, method...)
		b = append(b, `","params":[`...)
		b = appendString(b, name)
		return append(b, "]}"...)
	})
}
