package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	changeCost   = 256              // what a queued change is taken to weigh, in bytes
	writeTimeout = 60 * time.Second // a client that takes nothing for so long is gone
	writeChunk   = 256 << 10
	maxReplies   = 1000 // that a client may leave untaken before its requests wait
)

// conn is one client. A reader executes its requests in order; a writer makes and sends whatever it gets to see.
type conn struct {
	srv    *Server
	nc     net.Conn
	name   string
	log    *slog.Logger
	probe  time.Duration
	sess   session
	heard  atomic.Int64 // unix nanoseconds of the last thing received
	idle   atomic.Bool  // it was asked for a sign of life and has given none yet
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards the rest, and monitor.cancel
	wake    *sync.Cond
	out     []outItem
	backlog int
	closed  bool
	ending  bool // what is in out is still sent, then the connection is closed
	why     error
	blocked map[string]*blockedTxn // transactions that wait, by request id
	aware   bool                   // set_db_change_aware
	replies int                    // queued ones
	owed    int                    // replies that owedBy's publisher is to give
	owedBy  *Database
	paid    *sync.Cond

	monitors map[string]*monitor // only the reader adds any
	waits    sync.WaitGroup      // goroutines of blocked transactions
}

type blockedTxn struct {
	db     *Database
	cancel context.CancelFunc
}

type outItem struct {
	fn   func([]byte) []byte
	cost int
}

// send queues something for the writer; false means that the connection is closed. A client that lets too much pile up is
// disconnected: it will come back and ask for the contents anew, which is cheaper than history.
func (c *conn) send(cost int, fn func([]byte) []byte) bool { return c.sendFor(nil, cost, fn) }

// sendFor queues something of a monitor, unless it is canceled: nothing of it comes after the reply to its cancelation.
func (c *conn) sendFor(m *monitor, cost int, fn func([]byte) []byte) bool {
	c.mu.Lock()
	if c.closed || c.ending || m != nil && m.cancel {
		c.mu.Unlock()
		return false
	}
	if c.backlog > c.srv.opts.Backlog {
		c.mu.Unlock()
		c.close(fmt.Errorf("%d bytes of updates were not taken", c.srv.opts.Backlog))
		return false
	}
	c.out = append(c.out, outItem{fn, cost})
	if c.backlog += cost; cost == 0 {
		c.replies++
	}
	c.mu.Unlock()
	c.wake.Signal()
	return true
}

func (c *conn) sendText(text []byte) {
	c.send(len(text), func(b []byte) []byte { return append(b, text...) })
}

func (c *conn) close(why error) {
	c.mu.Lock()
	if !c.closed {
		if c.closed = true; !c.ending {
			c.why = why
		}
		c.out = nil
	}
	c.mu.Unlock()
	c.cancel()
	c.nc.Close()
	c.wake.Broadcast()
	c.paid.Broadcast()
}

// owe is called by the reader before a request is answered: by a database, in its order of publication, or at once if db is
// nil. It waits for replies that come from elsewhere, so that replies keep the order of requests. Requests to one database
// may follow each other without waiting.
func (c *conn) owe(db *Database) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.owed > 0 && c.owedBy != db && !c.closed {
		c.paid.Wait()
	}
	if db != nil {
		c.owed++
		c.owedBy = db
	}
}

// pay is called when a reply that was owed is queued, or is not owed any more.
func (c *conn) pay() {
	c.mu.Lock()
	c.owed--
	c.mu.Unlock()
	c.paid.Signal()
}

// finish closes the connection once what is queued has been sent.
func (c *conn) finish(why error) {
	c.mu.Lock()
	if !c.closed && !c.ending {
		c.ending, c.why = true, why
	}
	c.mu.Unlock()
	c.wake.Signal()
}

// run serves the connection until it ends.
func (c *conn) run() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		c.write()
	}()
	if c.probe > 0 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c.keepAlive()
		}()
	}
	err := c.read()
	c.close(err)
	wg.Wait()
	c.waits.Wait()
	c.mu.Lock()
	for _, m := range c.monitors {
		m.cancel = true
	}
	why := c.why
	c.mu.Unlock()
	c.srv.locks.drop(c)
	switch {
	case why == nil, errors.Is(why, io.EOF), errors.Is(why, net.ErrClosed):
		c.log.Debug("client left", "client", c.name)
	case errors.Is(why, syscall.ECONNRESET), errors.Is(why, syscall.EPIPE):
		c.log.Info("client left without a word", "client", c.name, "err", why) // it crashed, or its machine did
	default:
		c.log.Warn("dropping client", "client", c.name, "err", why)
	}
}

func (c *conn) write() {
	var buf []byte
	for {
		c.mu.Lock()
		for len(c.out) == 0 && !c.closed && !c.ending {
			c.wake.Wait()
		}
		if c.closed || len(c.out) == 0 {
			c.mu.Unlock()
			c.close(nil)
			return
		}
		batch := c.out
		c.out = nil
		c.mu.Unlock()
		for i, it := range batch {
			buf = it.fn(buf)
			batch[i].fn = nil
			if len(buf) >= writeChunk || i == len(batch)-1 {
				var ok bool
				if buf, ok = c.flush(buf); !ok {
					return
				}
				if cap(buf) > 4*writeChunk {
					buf = nil
				}
			}
			c.mu.Lock()
			if c.backlog -= it.cost; it.cost == 0 {
				if c.replies--; c.replies == maxReplies/2 {
					c.paid.Broadcast()
				}
			}
			c.mu.Unlock()
		}
	}
}

// flush sends what has been made so far and returns the buffer, empty; false means that the connection is closed. It is for the
// writer and for the functions that it runs: one that makes much sends it in pieces, so that a hundred clients that ask for
// the contents do not have it in memory a hundred times.
func (c *conn) flush(b []byte) ([]byte, bool) {
	c.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.nc.Write(b); err != nil {
		c.close(fmt.Errorf("sending: %w", err))
		return b[:0], false
	}
	return b[:0], true
}

// keepAlive asks a silent client for a sign of life, and gives up when none comes.
func (c *conn) keepAlive() {
	t := time.NewTicker(c.probe / 2)
	defer t.Stop()
	asked := false
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		silent := time.Since(time.Unix(0, c.heard.Load()))
		switch {
		case silent < c.probe:
			asked = false
			c.idle.Store(false)
		case !asked:
			asked = true
			c.idle.Store(true)
			c.sendText([]byte(`{"id":"echo","method":"echo","params":[]}`))
		case silent >= 2*c.probe:
			c.close(fmt.Errorf("no response to inactivity probe after %v", silent.Round(time.Millisecond)))
			return
		}
	}
}

type heardReader struct{ c *conn }

func (r heardReader) Read(b []byte) (int, error) {
	n, err := r.c.nc.Read(b)
	if n > 0 {
		r.c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *conn) read() error {
	f := framer{r: heardReader{c}, limit: c.srv.opts.MaxMessage}
	for {
		c.throttle()
		text, err := f.next()
		if err != nil {
			return err
		}
		v, err := parseJSON(text)
		if err != nil {
			return fmt.Errorf("receiving: %w", err)
		}
		if err := c.message(v); err != nil {
			return err
		}
	}
}

// throttle has a client that asks and asks and does not take the answers wait before it is read again.
func (c *conn) throttle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replies < maxReplies {
		return
	}
	for c.replies > maxReplies/2 && !c.closed {
		c.paid.Wait()
	}
}

// message handles one JSON-RPC message; an error ends the connection.
func (c *conn) message(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return errors.New("receiving: a message is not a JSON object")
	}
	for k := range m {
		switch k {
		case "id", "method", "params", "result", "error":
		default:
			return fmt.Errorf("receiving: message has unexpected member %q", k)
		}
	}
	method, isRequest := m["method"]
	if !isRequest {
		if m["id"] == "echo" {
			return nil // the answer to our probe
		}
		return errors.New("receiving: unexpected reply message")
	}
	name, ok := method.(string)
	if !ok {
		return errors.New("receiving: method is not JSON string")
	}
	params, ok := m["params"].([]any)
	if !ok {
		return errors.New("receiving: request must have \"params\"")
	}
	if m["result"] != nil || m["error"] != nil {
		return errors.New("receiving: request must not have \"result\" or \"error\"")
	}
	id := m["id"]
	if id == nil {
		if name == "cancel" && len(params) == 1 {
			c.mu.Lock()
			blocked := c.blocked[jsonText(params[0])]
			c.mu.Unlock()
			if blocked != nil {
				blocked.cancel()
			}
		}
		return nil
	}
	c.request(id, name, params)
	return nil
}

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
	if c.sess.readOnly {
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
