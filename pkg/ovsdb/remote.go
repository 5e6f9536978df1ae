package ovsdb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Remote is somewhere to listen, or a client to connect to, in the forms of ovsdb(7).
type Remote struct {
	Target     string        // see remoteForms
	Role       string        // rows of RBAC_Role limit what clients may write; "" does not
	TLS        *tls.Config   // of pssl, see ServerTLS, and of ssl, see ClientTLS
	ReadOnly   bool          // clients may not write
	Probe      time.Duration // silence after which a TCP or TLS client is probed: 5 s; negative never
	MaxBackoff time.Duration // longest pause between attempts to connect to a tcp, ssl or unix target: 8 s
}

const (
	remoteForms = "punix:PATH, ptcp:[PORT][:IP], pssl:[PORT][:IP], unix:PATH, tcp:HOST[:PORT], ssl:HOST[:PORT] or db:DATABASE,TABLE,COLUMN"
	defaultPort = "6640"
)

// Listen opens a remote and serves it until Close or Unlisten. It returns once clients can connect; a client that is to be
// connected to is connected to whenever it answers. The address of remotes that do not listen is nil.
func (s *Server) Listen(r Remote) (net.Addr, error) {
	s.mu.Lock()
	taken := s.remotes[r.Target] != nil
	s.mu.Unlock()
	if taken {
		return nil, fmt.Errorf("listening on %s: it is a remote already", r.Target)
	}
	var x interface{ close() }
	var addr net.Addr
	if strings.HasPrefix(r.Target, "db:") {
		d, err := s.follow(r)
		if err != nil {
			return nil, err
		}
		x = d
	} else {
		l, err := s.open(r, nil)
		if err != nil {
			return nil, err
		}
		addr = l.addr()
		x = l
	}
	s.mu.Lock()
	other := s.remotes[r.Target]
	if other == nil && !s.done {
		s.remotes[r.Target], x = x, nil
	}
	s.mu.Unlock()
	if x != nil {
		x.close()
		return nil, fmt.Errorf("listening on %s: %w", r.Target, ErrClosed)
	}
	return addr, nil
}

// Unlisten closes a remote that Listen opened and drops its clients; false if there is none of that target.
func (s *Server) Unlisten(target string) bool {
	s.mu.Lock()
	x := s.remotes[target]
	delete(s.remotes, target)
	_, waited := s.waiting[target]
	delete(s.waiting, target)
	s.mu.Unlock()
	if x == nil {
		return waited
	}
	x.close()
	return true
}

// Disconnect drops every client; those who want to come back do.
func (s *Server) Disconnect() {
	for _, c := range s.clients() {
		c.close(nil)
	}
}

// listener is an open remote.
type listener struct {
	srv    *Server
	r      Remote
	ln     net.Listener // nil if it connects
	moved  func()       // called when clients came or went; may be nil
	cancel context.CancelFunc

	// Server.mu guards the rest.
	conns  map[*conn]struct{}
	active activeState // of one that connects
}

// activeState is what Connection.status tells of a remote that connects (ovn-sb(5)).
type activeState struct {
	state        string // CONNECTING, ACTIVE or BACKOFF
	connected    time.Time
	disconnected time.Time
	err          error
}

// open begins to serve a remote that is not a db: one.
func (s *Server) open(r Remote, moved func()) (*listener, error) {
	network, addr, dials, err := dialAddress(r.Target)
	if err != nil {
		return nil, fmt.Errorf("serving %q: %w", r.Target, err)
	}
	if r.TLS == nil && s.opts.TLS != (TLSFiles{}) {
		switch {
		case strings.HasPrefix(r.Target, "ssl:"):
			r.TLS = ReadingTLS(s.opts.TLS)
		case strings.HasPrefix(r.Target, "pssl:"):
			if r.TLS, err = ServerTLS(s.opts.TLS); err != nil {
				return nil, fmt.Errorf("listening on %s: %w", r.Target, err)
			}
		}
	}
	l := &listener{srv: s, r: r, moved: moved, conns: map[*conn]struct{}{}}
	run := l.accept
	if dials {
		if network == "tcp" && strings.HasPrefix(r.Target, "ssl:") && r.TLS == nil {
			return nil, fmt.Errorf("connecting to %s: there is no certificate: give a private key, a certificate and a CA certificate", r.Target)
		}
		var ctx context.Context
		ctx, l.cancel = context.WithCancel(context.Background())
		l.active.state = "CONNECTING"
		run = func() { l.dial(ctx, network, addr) }
	} else if l.ln, err = listen(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		if l.ln != nil {
			l.ln.Close()
		}
		return nil, fmt.Errorf("serving %s: %w", r.Target, ErrClosed)
	}
	s.lns[l] = struct{}{}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		run()
	}()
	return l, nil
}

func (l *listener) addr() net.Addr {
	if l.ln == nil {
		return nil
	}
	return l.ln.Addr()
}

// close stops serving and drops the clients.
func (l *listener) close() {
	if l.ln != nil {
		l.ln.Close()
	} else {
		l.cancel()
	}
	l.srv.mu.Lock()
	delete(l.srv.lns, l)
	conns := slices.Collect(maps.Keys(l.conns))
	l.srv.mu.Unlock()
	for _, c := range conns {
		c.close(nil)
	}
}

// complaints is how far apart messages about clients that cannot be accepted are.
const complaints = 10 * time.Second

func (l *listener) accept() {
	s := l.srv
	var said time.Time
	for {
		nc, err := l.ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if time.Since(said) > complaints {
				said = time.Now()
				s.log.Warn("accepting clients, trying again", "remote", l.r.Target, "err", err)
			}
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely: nothing tells when there are some again
			continue
		}
		done, ok := l.admit(nc)
		if !ok {
			return
		}
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			done()
		}()
	}
}

// admit makes a client of a connection; false means that the remote was closed. What it returns serves the client.
func (l *listener) admit(nc net.Conn) (serve func(), ok bool) {
	s := l.srv
	s.mu.Lock()
	if _, open := s.lns[l]; !open || s.done {
		s.mu.Unlock()
		nc.Close()
		return nil, false
	}
	c := s.newConn(nc, l.r)
	l.conns[c] = struct{}{}
	s.mu.Unlock()
	l.tell()
	return func() {
		c.serve()
		s.mu.Lock()
		delete(l.conns, c)
		s.mu.Unlock()
		l.tell()
	}, true
}

func (l *listener) tell() {
	if l.moved != nil {
		l.moved()
	}
}

// dial keeps a connection to a client that wants to be called, with pauses that double, from 1 s to MaxBackoff.
func (l *listener) dial(ctx context.Context, network, addr string) {
	const shortest = time.Second
	backoff := shortest
	d := net.Dialer{Timeout: 10 * time.Second}
	for ctx.Err() == nil {
		began := time.Now()
		nc, err := d.DialContext(ctx, network, addr)
		if err == nil && l.r.TLS != nil && strings.HasPrefix(l.r.Target, "ssl:") {
			t := tls.Client(nc, l.r.TLS)
			hctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			if err = t.HandshakeContext(hctx); err != nil {
				nc.Close()
			}
			cancel()
			nc = t
		}
		if err == nil {
			l.set(func(a *activeState) { a.state, a.connected, a.err = "ACTIVE", time.Now(), nil })
			serve, ok := l.admit(nc)
			if !ok {
				return
			}
			serve()
			l.set(func(a *activeState) { a.state, a.disconnected = "BACKOFF", time.Now() })
			if time.Since(began) > backoff {
				backoff = shortest
			}
		} else if ctx.Err() == nil {
			l.srv.log.Debug("connecting to a client", "remote", l.r.Target, "err", err)
			l.set(func(a *activeState) { a.state, a.err = "BACKOFF", err })
		}
		pause := time.NewTimer(backoff)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		backoff = min(2*backoff, max(l.longest(), shortest))
		l.set(func(a *activeState) { a.state = "CONNECTING" })
	}
}

func (l *listener) longest() time.Duration {
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	if l.r.MaxBackoff <= 0 {
		return 8 * time.Second
	}
	return l.r.MaxBackoff
}

func (l *listener) setMaxBackoff(d time.Duration) {
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	l.r.MaxBackoff = d
}

func (l *listener) set(change func(*activeState)) {
	l.srv.mu.Lock()
	was := l.active
	change(&l.active)
	// Attempts come and go; what somebody who reads the status needs is whether the last one worked.
	told := was.state != l.active.state && l.active.state != "CONNECTING" || was.err != l.active.err
	l.srv.mu.Unlock()
	if told {
		l.tell()
	}
}

// look returns the state and the connections.
func (l *listener) look() (activeState, []*conn) {
	l.srv.mu.Lock()
	defer l.srv.mu.Unlock()
	return l.active, slices.Collect(maps.Keys(l.conns))
}

func (s *Server) newConn(nc net.Conn, r Remote) *conn {
	c := &conn{srv: s, nc: nc, noLocks: r.ReadOnly, log: s.log, blocked: map[string]*blockedTxn{}, monitors: map[string]*monitor{}}
	c.wake, c.paid = sync.NewCond(&c.mu), sync.NewCond(&c.mu)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.sess = session{role: r.Role, readOnly: r.ReadOnly || s.backup != nil, holdsLock: func(name string) bool { return s.locks.owns(c, name) }}
	c.heard.Store(time.Now().UnixNano())
	if strings.HasPrefix(r.Target, "punix:") || strings.HasPrefix(r.Target, "unix:") {
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

// dialAddress tells whether a target is a client to connect to, and where. Forms that listen are for listen to check.
func dialAddress(target string) (network, addr string, dials bool, err error) {
	kind, rest, _ := strings.Cut(target, ":")
	switch kind {
	case "unix":
		if rest == "" {
			return "", "", true, errors.New("unix: needs a path, as in unix:/run/client.sock")
		}
		return "unix", rest, true, nil
	case "tcp", "ssl":
		host, port := rest, defaultPort
		if h, ok := strings.CutPrefix(rest, "["); ok {
			if host, rest, ok = strings.Cut(h, "]"); !ok {
				return "", "", true, fmt.Errorf("%q has no closing bracket", target)
			}
			if p, ok := strings.CutPrefix(rest, ":"); ok {
				port = p
			} else if rest != "" {
				return "", "", true, fmt.Errorf("%q follows the address", rest)
			}
		} else if h, p, ok := strings.Cut(rest, ":"); ok {
			if strings.Contains(p, ":") {
				return "", "", true, fmt.Errorf("an IPv6 address goes into brackets, as in %s:[%s]", kind, rest)
			}
			host, port = h, p
		}
		if host == "" {
			return "", "", true, errors.New("there is no host")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", true, fmt.Errorf("%q is not a port number", port)
		}
		return "tcp", net.JoinHostPort(host, port), true, nil
	}
	return "", "", false, nil
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
	return nil, fmt.Errorf("listening on %q: %s", r.Target, remoteForms)
}

// passiveAddress turns PORT[:IP] into what net.Listen takes.
func passiveAddress(s string) (string, error) {
	port, host, _ := strings.Cut(s, ":")
	if port == "" {
		port = defaultPort
	}
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
