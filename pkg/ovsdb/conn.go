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
	srv     *Server
	nc      net.Conn
	name    string
	log     *slog.Logger
	probe   time.Duration
	sess    session
	noLocks bool         // the remote is read-only
	heard   atomic.Int64 // unix nanoseconds of the last thing received
	idle    atomic.Bool  // it was asked for a sign of life and has given none yet
	ctx     context.Context
	cancel  context.CancelFunc

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
	// What was asked before the end, or before the message that nobody understands, is still answered.
	c.cancel()
	c.srv.locks.drop(c)
	c.owe(nil)
	c.finish(err)
	wg.Wait()
	c.waits.Wait()
	c.mu.Lock()
	for _, m := range c.monitors {
		m.cancel = true
	}
	why := c.why
	c.mu.Unlock()
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

// keepAlive asks a silent client for a sign of life, and gives up when none comes. What it waits after asking are turns of its
// own, not time on the clock: a machine that stood still meanwhile has read nothing, and what the client said waits to be read.
func (c *conn) keepAlive() {
	turn := c.probe / 2
	t := time.NewTimer(turn)
	defer t.Stop()
	asked := 0 // turns since it was asked, counted from 1; 0 when it was not
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		silent := time.Since(time.Unix(0, c.heard.Load()))
		switch {
		case silent < c.probe:
			asked = 0
			c.idle.Store(false)
		case asked == 0:
			asked = 1
			c.idle.Store(true)
			c.sendText([]byte(`{"id":"echo","method":"echo","params":[]}`))
		case asked == 1:
			asked = 2
		default:
			c.close(fmt.Errorf("no response to inactivity probe after %v", silent.Round(time.Millisecond)))
			return
		}
		t.Reset(turn) // not a ticker, whose turns follow at once when one was late
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
