package ovsdb

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// raw is a client without manners.
type raw struct {
	t *testing.T
	c net.Conn
	f framer
}

func dialRaw(t *testing.T, network, addr string) *raw {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &raw{t, c, framer{r: c, limit: 1 << 30}}
}

func (r *raw) send(s string) {
	r.t.Helper()
	if _, err := r.c.Write([]byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *raw) next() (map[string]any, error) {
	r.c.SetReadDeadline(time.Now().Add(patience))
	text, err := r.f.next()
	if err != nil {
		return nil, err
	}
	v, err := parseJSON(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return v.(map[string]any), nil
}

// TestProbe has a client that answers probes and one that does not. In a bubble, where only the two can make time pass: on a
// busy machine a client that wants to answer in 100 ms does not always get to it.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const probe = 100 * time.Millisecond
		srv := emptyServer(t)
		polite, gone := dialPipe(t, srv, probe)
		rude, dropped := dialPipe(t, srv, probe)
		answered := make(chan error)
		go func() {
			for range 9 {
				if m, err := polite.next(); err != nil || m["method"] != "echo" || m["id"] != "echo" {
					answered <- fmt.Errorf("want a probe: %v %v", m, err)
					return
				}
				polite.send(`{"id":"echo","result":[],"error":null}`)
			}
			answered <- nil
		}()
		if m, err := rude.next(); err != nil || m["method"] != "echo" {
			t.Fatalf("want a probe: %v %v", m, err)
		}
		if m, err := rude.next(); err == nil {
			t.Fatalf("a silent client is kept: %v", m)
		}
		<-dropped
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
		select {
		case <-gone:
			t.Fatal("a client that answers is dropped")
		default:
		}
		if n := srv.Clients(); n != 1 {
			t.Fatalf("%d clients", n)
		}
	})
}

// TestProbeAfterStandstill has the machine stand still for longer than a client may be silent: the client is asked, and has the
// same time to answer as always.
func TestProbeAfterStandstill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const probe = time.Second
		srv := emptyServer(t)
		r, gone := dialPipe(t, srv, probe)
		conns := srv.clients()
		conns[0].heard.Store(time.Now().Add(-time.Minute).UnixNano())
		for range 3 {
			if m, err := r.next(); err != nil || m["method"] != "echo" {
				t.Fatalf("want a probe: %v %v", m, err)
			}
			time.Sleep(probe * 9 / 10)
			r.send(`{"id":"echo","result":[],"error":null}`)
			time.Sleep(probe / 2) // it notices
			conns[0].heard.Store(time.Now().Add(-time.Minute).UnixNano())
		}
		select {
		case <-gone:
			t.Fatal("a client that answers is dropped")
		default:
		}
	})
}

// emptyServer serves a database until the end of the test.
func emptyServer(t *testing.T) *Server {
	t.Helper()
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	srv, err := NewServer(ServerOptions{}, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	return srv
}

// dialPipe is a client over a pipe, as if it had come by TCP; gone is closed when the server has let go of it.
func dialPipe(t *testing.T, srv *Server, probe time.Duration) (r *raw, gone <-chan struct{}) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close() })
	l := &listener{srv: srv, r: Remote{Target: "ptcp:", Probe: probe}, conns: map[*conn]struct{}{}}
	srv.mu.Lock()
	srv.lns[l] = struct{}{}
	srv.mu.Unlock()
	serve, ok := l.admit(far)
	if !ok {
		t.Fatal("the server takes no clients")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		serve()
	}()
	return &raw{t, near, framer{r: near, limit: 1 << 30}}, ended
}

// TestSlowClient has a monitor whose client reads nothing: it is dropped, and nobody else notices.
func TestSlowClient(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	srv, err := NewServer(ServerOptions{Backlog: 100 * changeCost}, db)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sock := filepath.Join(t.TempDir(), "s")
	if _, err := srv.Listen(Remote{Target: "punix:" + sock}); err != nil {
		t.Fatal(err)
	}
	slow := dialRaw(t, "unix", sock)
	slow.send(`{"id":1,"method":"monitor_cond","params":["T",null,{"Root":[{}]}]}`)
	if _, err := slow.next(); err != nil {
		t.Fatal(err)
	}
	id := NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "r"})); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 100_000)
	end := time.Now().Add(patience) // it is dropped soon, and gone when its goroutines had their turns
	for i := 0; srv.Clients() > 0; i++ {
		if i > 2000 && time.Now().After(end) {
			t.Fatal("a client that reads nothing is kept")
		}
		if _, err := db.Transact(t.Context(), Update("Root", id, ColumnValue{"eph", big[:len(big)-i%1000]})); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadLimit(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	srv, err := NewServer(ServerOptions{MaxMessage: 1000}, db)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sock := filepath.Join(t.TempDir(), "s")
	if _, err := srv.Listen(Remote{Target: "punix:" + sock}); err != nil {
		t.Fatal(err)
	}
	r := dialRaw(t, "unix", sock)
	r.send(fmt.Sprintf(`{"id":1,"method":"echo","params":["%s"]}`, strings.Repeat("y", 500)))
	if m, err := r.next(); err != nil || m["id"] != int64(1) {
		t.Fatalf("a short message: %v %v", m, err)
	}
	r.c.Write([]byte(`{"id":2,"method":"echo","params":["` + strings.Repeat("y", 300_000)))
	if m, err := r.next(); err == nil {
		t.Fatalf("a message without end is read: %v", m)
	}
}

// TestPipelined sends many requests at once and byte by byte.
func TestPipelined(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	r := dialRaw(t, "unix", sock)
	var all strings.Builder
	const n = 300
	for i := range n {
		fmt.Fprintf(&all, `{"id":%d,"method":"transact","params":["T",{"op":"insert","table":"Root","row":{"name":"n%d","a":%d}}]}`, i, i, i)
	}
	go func() {
		text := all.String()
		for i := range 2000 {
			r.c.Write([]byte{text[i]})
		}
		r.c.Write([]byte(text[2000:]))
	}()
	for i := range n {
		m, err := r.next()
		if err != nil || m["id"] != int64(i) || m["error"] != nil {
			t.Fatalf("reply %d: %v %v", i, m, err)
		}
	}
}

// TestKinderThanStock asks what makes stock 3.5 exit, or leaves its clients without an answer.
func TestKinderThanStock(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	r := dialRaw(t, "unix", sock)
	r.send(`{"id":"m","method":"monitor_cond","params":["T","m",{"Root":[{}]}]}`)
	if _, err := r.next(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"id":1,"method":"monitor","params":["T","x"]}`:                                    "invalid parameters",
		`{"id":2,"method":"monitor_cond","params":["T"]}`:                                   "invalid parameters",
		`{"id":3,"method":"monitor_cond_change","params":["m","m",{"Root":[{}]}]}`:          "Required 'where' member is missing",
		`{"id":4,"method":"monitor_cond_change","params":["m","m",{"Root":[{"where":1}]}]}`: "Type mismatch",
	} {
		r.send(text)
		m, err := r.next()
		if err != nil || !strings.Contains(jsonText(m["error"]), want) {
			t.Errorf("%s: %v %v", text, m, err)
		}
	}
	// RFC 7047 section 4.1.4: a canceled transaction is answered with "canceled", and changes nothing.
	for _, id := range []string{`"w"`, `7`, `["w",1]`, `{"a":null}`} {
		r.send(`{"id":` + id + `,"method":"transact","params":["T",{"op":"wait","table":"Root","where":[],"columns":["name"],"until":"!=","rows":[]},{"op":"insert","table":"Root","row":{"name":"never"}}]}`)
		r.send(`{"id":null,"method":"cancel","params":[` + id + `]}`)
		if m, err := r.next(); err != nil || m["error"] != "canceled" || jsonText(m["id"]) != id {
			t.Errorf("canceling %s: %v %v", id, m, err)
		}
	}
	if n := len(readInts(t, db, "a")); n != 0 {
		t.Fatalf("%d rows were inserted by canceled transactions", n)
	}
}

// TestAsksAndAsks has a client that asks for everything again and again and takes no answers: its requests wait, memory does
// not grow. When it takes them it gets them all.
func TestAsksAndAsks(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Transact(t.Context(), Insert("Root", NewUUID(), ColumnValue{"name", strings.Repeat("long ", 2000)})); err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	r := dialRaw(t, "unix", sock)
	const n = 20_000
	sent := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < n && err == nil; i++ {
			_, err = fmt.Fprintf(r.c, `{"id":%d,"method":"transact","params":["T",{"op":"select","table":"Root","where":[]}]}`, i)
		}
		sent <- err
	}()
	var c *conn
	queued := func() int {
		srv.mu.Lock()
		for l := range srv.lns {
			for x := range l.conns {
				c = x
			}
		}
		srv.mu.Unlock()
		if c == nil {
			return 0
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.replies
	}
	for end := time.Now().Add(patience); queued() < maxReplies/2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d replies wait; the test does not get there", queued())
		}
	}
	for i := range n {
		m, err := r.next()
		if err != nil || m["id"] != int64(i) {
			t.Fatalf("reply %d: %v %v", i, m, err)
		}
		if q := queued(); q > maxReplies+1 {
			t.Fatalf("%d replies wait", q)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}
