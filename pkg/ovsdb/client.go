package ovsdb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

// ClientOptions configures a Client.
type ClientOptions struct {
	Remotes []string      // unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT; tried in turn
	TLS     *tls.Config   // of ssl remotes; see ClientTLS
	Probe   time.Duration // silence after which a TCP or TLS server is probed: 5 s; negative never
	Logger  *slog.Logger

	LeaderOnly bool // of a clustered database's servers, talk to the leader only: locks are kept by each server for itself
}

// Client is a database at the other end of a socket. It implements DB, reconnects by itself and then brings its watches up
// to date with one Delta of what differs.
type Client struct {
	name   string
	opts   ClientOptions
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex // guards the rest
	schema  *Schema
	link    *link         // nil while there is no connection
	up      chan struct{} // closed when there is one again
	watches map[*clientWatch]struct{}
	nextID  int64
	calls   map[int64]*call
	probe   time.Duration
	locks   map[string]*clientLock // by name, those that were asked for

	server   map[string]serverState // rows of _Server.Database, by UUID
	minIndex int64                  // of a clustered database: as far as we have seen it come
}

type call struct {
	done   chan struct{}
	result any
	err    error
	// on runs on the reader's goroutine before done is closed, for what must keep its place among notifications.
	on func(result any) error
}

var errLost = errors.New("the connection was lost before the reply: whether it happened is unknown")

// Connect returns a client that connects in the background, for as long as it takes.
func Connect(database string, opts ClientOptions) (*Client, error) {
	c, err := newClient(database, opts)
	if err != nil {
		return nil, err
	}
	go c.run(nil)
	return c, nil
}

func newClient(database string, opts ClientOptions) (*Client, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Probe == 0 {
		opts.Probe = 5 * time.Second
	}
	if len(opts.Remotes) == 0 {
		return nil, errors.New("connecting to OVSDB: no remote is given")
	}
	c := &Client{name: database, opts: opts, log: opts.Logger, done: make(chan struct{}), up: make(chan struct{}),
		watches: map[*clientWatch]struct{}{}, calls: map[int64]*call{}, probe: opts.Probe, locks: map[string]*clientLock{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// Dial connects to a database and reads its schema. It gives up when ctx is done; what comes later does not depend on ctx.
func Dial(ctx context.Context, database string, opts ClientOptions) (*Client, error) {
	c, err := newClient(database, opts)
	if err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go c.run(first)
	var last error
	for {
		select {
		case err := <-first:
			if err == nil {
				return c, nil
			}
			if last = err; errors.Is(err, errNoDatabase) || errors.Is(err, errRemote) {
				c.Close()
				return nil, err
			}
		case <-ctx.Done():
			c.Close()
			if last == nil {
				last = ctx.Err()
			}
			return nil, last
		}
	}
}

// Close ends the client and its watches.
func (c *Client) Close() error {
	c.cancel()
	<-c.done
	return nil
}

// Schema implements DB: the schema that the server has.
func (c *Client) Schema() *Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.schema
}

// Connected reports whether there is a connection now.
func (c *Client) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil
}

var (
	errNoDatabase = errors.New("the server does not have the database")
	errRemote     = errors.New("want unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT")
)

const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 8 * time.Second
)

// SetProbe changes the silence after which a TCP or TLS server is probed; negative never.
func (c *Client) SetProbe(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probe = d
}

// run keeps a connection. The first attempts are reported to first, unless it is nil, until one succeeds.
func (c *Client) run(first chan<- error) {
	defer close(c.done)
	defer c.finish()
	backoff, up, quiet := backoffMin, false, false
	for n := 0; c.ctx.Err() == nil; n++ {
		remote := c.opts.Remotes[n%len(c.opts.Remotes)]
		began := time.Now()
		up = false
		err := c.session(remote, func() {
			up, quiet = true, false
			if first != nil {
				first <- nil
				first = nil
			}
			c.log.Info("connected to the database server", "db", c.name, "remote", remote)
		})
		if c.ctx.Err() != nil {
			return
		}
		if first != nil {
			select {
			case first <- err:
			default:
			}
		} else if up {
			c.log.Warn("lost the database server", "db", c.name, "remote", remote, "err", err)
		} else if !quiet {
			c.log.Info("no connection to the database server, trying again", "db", c.name, "remote", remote, "err", err)
		}
		if up && time.Since(began) > backoffMax {
			backoff = backoffMin
		}
		if !up && (n+1)%len(c.opts.Remotes) != 0 {
			continue // first every remote, then a rest
		}
		quiet = !up && backoff == backoffMax // it was said often enough
		t := time.NewTimer(backoff)
		select {
		case <-t.C:
		case <-c.ctx.Done():
			t.Stop()
		}
		backoff = min(2*backoff, backoffMax)
	}
}

func (c *Client) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watches {
		w.close()
	}
	c.watches = nil
}

// link is one connection.
type link struct {
	nc  net.Conn
	out chan []byte
	ctx context.Context
}

func (c *Client) dial(remote string) (net.Conn, error) {
	kind, addr, _ := strings.Cut(remote, ":")
	d := net.Dialer{Timeout: 10 * time.Second}
	switch {
	case addr == "":
	case kind == "unix":
		return d.DialContext(c.ctx, "unix", addr)
	case kind == "tcp":
		return d.DialContext(c.ctx, "tcp", addr)
	case kind == "ssl":
		if c.opts.TLS == nil {
			return nil, fmt.Errorf("%w: no certificate is given for it", errRemote)
		}
		td := tls.Dialer{NetDialer: &d, Config: c.opts.TLS}
		return td.DialContext(c.ctx, "tcp", addr)
	}
	return nil, errRemote
}

// session is the life of one connection; up is called once it is usable.
func (c *Client) session(remote string, up func()) error {
	nc, err := c.dial(remote)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", remote, err)
	}
	ctx, cancel := context.WithCancel(c.ctx)
	l := &link{nc: nc, out: make(chan []byte, 64), ctx: ctx}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer cancel()
		l.write()
	}()
	failed := make(chan error, 1)
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer cancel()
		failed <- c.read(l, remote)
	}()
	defer c.down(l)
	if err := c.greet(l); err != nil {
		return fmt.Errorf("connecting to %s: %w", remote, err)
	}
	up()
	return <-failed
}

func (l *link) write() {
	for {
		select {
		case b := <-l.out:
			l.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := l.nc.Write(b); err != nil {
				return
			}
		case <-l.ctx.Done():
			return
		}
	}
}

func (l *link) send(b []byte) error {
	select {
	case l.out <- b:
		return nil
	case <-l.ctx.Done():
		return errLost
	}
}

// greet reads the schema and starts the watches again.
func (c *Client) greet(l *link) error {
	ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
	defer cancel()
	if err := c.askServer(ctx, l); err != nil {
		return err
	}
	v, err := c.call(ctx, l, "get_schema", appendNames(nil, []string{c.name}), nil)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Code == "unknown database" {
			return fmt.Errorf("%w %s", errNoDatabase, c.name)
		}
		return err
	}
	s, err := schemaFromJSON(v)
	if err != nil {
		return err
	}
	c.mu.Lock()
	var again []*clientWatch
	if c.schema == nil || string(c.schema.appendJSON(nil)) != string(s.appendJSON(nil)) {
		// Rows of watches point at the old schema: their users have to start over.
		for w := range c.watches {
			w.close()
		}
		clear(c.watches)
		c.schema = s
	}
	for w := range c.watches {
		again = append(again, w)
	}
	c.link = l
	close(c.up)
	c.mu.Unlock()
	for _, w := range again {
		if err := c.monitor(ctx, l, w); err != nil {
			return err
		}
	}
	return nil
}

// lose takes a connection that ended out of use: who is told that it was lost and tries again shall wait for the next one.
func (c *Client) lose(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
		c.up = make(chan struct{})
	}
}

func (c *Client) down(l *link) {
	c.lose(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, k := range c.calls {
		k.err = errLost
		close(k.done)
		delete(c.calls, id)
	}
}

// wait returns the connection, when there is one.
func (c *Client) wait(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		l, up := c.link, c.up
		c.mu.Unlock()
		if l != nil {
			return l, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the server of %s: %w", c.name, ctx.Err())
		case <-c.ctx.Done():
			return nil, ErrClosed
		}
	}
}

// call sends a request and waits for its reply. params is a JSON array.
func (c *Client) call(ctx context.Context, l *link, method string, params []byte, on func(any) error) (any, error) {
	k := &call{done: make(chan struct{}), on: on}
	c.mu.Lock()
	c.nextID++
	id := c.nextID
	c.calls[id] = k
	c.mu.Unlock()
	b := fmt.Appendf(nil, `{"id":%d,"method":"%s","params":`, id, method)
	b = append(append(b, params...), '}')
	if err := l.send(b); err != nil {
		c.forget(id)
		c.lose(l)
		return nil, err
	}
	select {
	case <-k.done:
		return k.result, k.err
	case <-l.ctx.Done():
		c.forget(id)
		c.lose(l)
		return nil, errLost
	case <-ctx.Done():
		c.forget(id)
		l.send(fmt.Appendf(nil, `{"id":null,"method":"cancel","params":[%d]}`, id))
		return nil, ctx.Err()
	}
}

func (c *Client) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// Transact implements DB. When it fails because ctx is done or the connection is lost, the transaction may have happened.
func (c *Client) Transact(ctx context.Context, ops ...Op) ([]Result, error) {
	l, err := c.wait(ctx)
	if err != nil {
		return nil, err
	}
	s := c.Schema()
	b := append(appendString([]byte{'['}, c.name), ',')
	for i := range ops {
		if b, err = appendOp(b, s, &ops[i]); err != nil {
			if e, ok := err.(*Error); ok {
				e.Op = i
			}
			return nil, err
		}
		b = append(b, ',')
	}
	b[len(b)-1] = ']'
	v, err := c.call(ctx, l, "transact", b, nil)
	if err != nil {
		return nil, fmt.Errorf("transacting on %s: %w", c.name, err)
	}
	return decodeResults(s, ops, v)
}

// read handles what the server sends, in order.
func (c *Client) read(l *link, remote string) error {
	f := framer{r: l.nc, limit: 1 << 30}
	asked := false
	for {
		c.mu.Lock()
		probe := c.probe
		c.mu.Unlock()
		if probe > 0 && !strings.HasPrefix(remote, "unix:") {
			l.nc.SetReadDeadline(time.Now().Add(probe))
		} else {
			l.nc.SetReadDeadline(time.Time{})
		}
		text, err := f.next()
		if err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() && !asked {
				asked = true
				if err := l.send([]byte(`{"id":"echo","method":"echo","params":[]}`)); err != nil {
					return err
				}
				continue
			}
			if asked {
				err = fmt.Errorf("no response to inactivity probe: %w", err)
			}
			return fmt.Errorf("receiving from %s: %w", remote, err)
		}
		asked = false
		v, err := parseJSON(text)
		if err != nil {
			return fmt.Errorf("receiving from %s: %w", remote, err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("receiving from %s: %w", remote, errNotJSONRPC)
		}
		if err := c.message(l, m); err != nil {
			return fmt.Errorf("receiving from %s: %w", remote, err)
		}
	}
}

func (c *Client) message(l *link, m map[string]any) error {
	method, isRequest := m["method"].(string)
	params, _ := m["params"].([]any)
	switch {
	case method == "echo":
		b := append([]byte(`{"error":null,"id":`), jsonText(m["id"])...)
		b = append(b, `,"result":`...)
		return l.send(append(appendJSON(b, params), '}'))
	case isRequest:
		return c.notification(method, params)
	}
	id, ok := m["id"].(int64)
	if !ok {
		return nil // the answer to our probe
	}
	c.mu.Lock()
	k := c.calls[id]
	delete(c.calls, id)
	c.mu.Unlock()
	if k == nil {
		return nil // its caller gave up
	}
	k.result = m["result"]
	switch e := m["error"].(type) {
	case nil:
	case string:
		k.err = &Error{Code: e}
	case map[string]any:
		err := &Error{}
		err.Code, _ = e["error"].(string)
		err.Details, _ = e["details"].(string)
		err.Syntax, _ = e["syntax"].(string)
		k.err = err
	default:
		k.err = fmt.Errorf("the server answered with error %s", jsonText(e))
	}
	if k.err == nil && k.on != nil {
		if k.err = k.on(k.result); k.err != nil {
			close(k.done)
			return k.err
		}
	}
	close(k.done)
	return nil
}

// ClientTLS makes the configuration of an ssl remote. Like stock's clients it checks that the server's certificate comes from
// the CA, whatever name it is for.
func ClientTLS(f TLSFiles) (*tls.Config, error) {
	c, err := loadTLS(f)
	if err != nil {
		return nil, err
	}
	pool := c.RootCAs
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: c.Certificates, RootCAs: pool,
		InsecureSkipVerify: true, // VerifyConnection does it, without the name
		VerifyConnection:   verifyChain(pool),
	}, nil
}
