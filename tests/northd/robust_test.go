package northd

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ask sends a request on a connection and returns what comes first.
func ask(c net.Conn, text string) (string, error) {
	c.SetDeadline(time.Now().Add(waitTime))
	if _, err := fmt.Fprint(c, text); err != nil {
		return "", err
	}
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	return string(buf[:n]), err
}

const echo = `{"id":1,"method":"echo","params":[]}`

// server starts kove's ovsdb-server with a northbound database.
func (l *lab) server(wrap []string, more ...string) *process {
	l.t.Helper()
	program := l.withServer()
	if _, err := os.Stat(l.path("nb.db")); err != nil {
		l.run("ovsdb-tool", "create", l.path("nb.db"), l.stock+"/share/ovn/ovn-nb.ovsschema")
	}
	args := append(append(append([]string(nil), wrap...), program, "--unixctl="+l.path("ctl"), "--remote=punix:"+l.path("sock"), l.path("nb.db")), more...)
	p := l.start(args[0], args[1:]...)
	l.until("it listens", func() bool { return listens(l.path("ctl")) && listens(l.path("sock")) })
	return p
}

// TestOutOfDescriptors has more clients than the server has descriptors: those that are served are served on, the processor is
// idle, and the others get their turn when some leave.
func TestOutOfDescriptors(t *testing.T) {
	l := newLab(t)
	p := l.server([]string{"/bin/sh", "-c", `ulimit -n 40; exec "$0" "$@"`})
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range 80 {
		c, err := net.Dial("unix", l.path("sock"))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		fmt.Fprint(c, echo)
	}
	l.until("it has no descriptors left", func() bool { return strings.Contains(p.said(), "too many open files") })
	if _, err := ask(conns[0], `{"id":2,"method":"transact","params":["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"x"}}]}`); err != nil {
		t.Errorf("a client that was there: %v", err)
	}
	used := func() (ticks int) {
		b, err := os.ReadFile("/proc/" + itoa(p.cmd.Process.Pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
		var u, s int
		fmt.Sscan(f[11]+" "+f[12], &u, &s)
		return u + s
	}
	before := used()
	time.Sleep(time.Second) // in which a loop would use a hundred ticks
	if n := used() - before; n > 50 {
		t.Errorf("%d ticks of the processor in a second of waiting", n)
	}
	if n := strings.Count(p.said(), "\n"); n > 20 {
		t.Errorf("%d lines of log:\n%s", n, p.said())
	}
	for _, c := range conns[1:60] {
		c.Close()
	}
	for i, c := range conns[60:] {
		c.SetReadDeadline(time.Now().Add(waitTime))
		if n, err := c.Read(make([]byte, 100)); n == 0 {
			t.Fatalf("client %d of those that waited: %v", i, err)
		}
	}
	l.run("ovs-appctl", "-t", l.path("ctl"), "version")
}

// TestDiskFull has the database's file system run full: what was answered is there, what cannot be written is refused and
// leaves nothing behind, and when there is room again all goes on.
func TestDiskFull(t *testing.T) {
	l := newLab(t)
	disk := l.path("disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("kove-northd", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	program := l.withServer()
	l.run("ovsdb-tool", "create", disk+"/nb.db", l.stock+"/share/ovn/ovn-nb.ovsschema")
	p := l.start(program, "--unixctl="+l.path("ctl"), "--remote=punix:"+l.path("sock"), disk+"/nb.db")
	l.until("it listens", func() bool { return listens(l.path("ctl")) && listens(l.path("sock")) })
	nbctl := func(args ...string) (string, string, int) {
		t.Helper()
		return l.try("ovn-nbctl", append([]string{"--db=unix:" + l.path("sock")}, args...)...)
	}
	acked := map[string]bool{}
	for round := range 2 {
		full := false
		for i := 0; i < 60 && !full; i++ {
			name := fmt.Sprintf("sw%d-%d", round, i)
			if _, errs, status := nbctl("ls-add", name, "--", "set", "Logical_Switch", name, "external_ids:x="+strings.Repeat("x", 50000)); status == 0 {
				acked[name] = true
			} else if full = true; !strings.Contains(errs, "no space left on device") {
				t.Errorf("the disk is full, and it says %s", errs)
			}
		}
		if !full {
			t.Fatal("the disk is never full")
		}
		out, _, _ := nbctl("--bare", "--columns=name", "list", "Logical_Switch")
		if got := len(strings.Fields(out)); got != len(acked) {
			t.Errorf("%d switches of %d that were answered", got, len(acked))
		}
		if err := syscall.Mount("kove-northd", disk, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dm", 4+4*round)); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("again%d", round)
		if _, errs, status := nbctl("ls-add", name); status != 0 {
			t.Fatalf("there is room again: %s", errs)
		}
		acked[name] = true
	}
	p.kill(syscall.SIGKILL)
	out := l.run("ovsdb-tool", "query", disk+"/nb.db", `["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]`)
	for name := range acked {
		if !strings.Contains(out, `"`+name+`"`) {
			t.Errorf("%s was answered and is not in the file", name)
		}
	}
	if got := strings.Count(out, `"name"`); got != len(acked) {
		t.Errorf("the file has %d switches, %d were answered", got, len(acked))
	}
}

// TestOddClients has clients that connect and say nothing, say half a message, send rubbish, speak TLS to a plain remote and
// plain to a TLS remote, take no answers, and come and go in a storm. One that behaves is served all the time.
func TestOddClients(t *testing.T) {
	l := newLab(t)
	l.authority("ca").issue("server")
	port, plain := freePort(t), freePort(t)
	p := l.server(nil, "--remote=pssl:"+port+":127.0.0.1", "--remote=ptcp:"+plain+":127.0.0.1", "--private-key="+l.path("server.key"), "--certificate="+l.path("server.crt"), "--ca-cert="+l.path("ca.crt"))
	dial := func(network, addr string) net.Conn {
		t.Helper()
		c, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	good := dial("unix", l.path("sock"))
	served := func(after string) {
		t.Helper()
		begun := time.Now()
		if out, err := ask(good, echo); err != nil || !strings.Contains(out, `"id":1`) {
			t.Fatalf("after %s: %q %v", after, out, err)
		}
		if took := time.Since(begun); took > waitTime/2 {
			t.Fatalf("after %s an echo takes %v", after, took)
		}
	}
	rubbish := make([]byte, 1<<16)
	rand.Read(rubbish)
	for range 20 {
		dial("unix", l.path("sock"))                      // says nothing
		dial("tcp", "127.0.0.1:"+port)                    // nor a handshake
		fmt.Fprint(dial("unix", l.path("sock")), `{"id"`) // half a message
		fmt.Fprint(dial("tcp", "127.0.0.1:"+port), echo)  // not TLS
		dial("tcp", "127.0.0.1:"+port).Write(rubbish)
		dial("unix", l.path("sock")).Write(rubbish)
		hello := tls.Client(dial("tcp", "127.0.0.1:"+plain), &tls.Config{InsecureSkipVerify: true})
		hello.SetDeadline(time.Now().Add(waitTime))
		if err := hello.Handshake(); err == nil {
			t.Error("a plain remote speaks TLS")
		}
		stranger := tls.Client(dial("tcp", "127.0.0.1:"+port), &tls.Config{InsecureSkipVerify: true})
		stranger.SetDeadline(time.Now().Add(waitTime))
		if _, err := ask(stranger, echo); err == nil {
			t.Error("a client without a certificate is served")
		}
	}
	served("strange clients")
	// Clients that ask and take nothing.
	for range 10 {
		c := dial("unix", l.path("sock"))
		c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		w := bufio.NewWriter(c)
		for range 20_000 {
			if _, err := w.WriteString(`{"id":1,"method":"get_schema","params":["OVN_Northbound"]}`); err != nil {
				break // it is not read on
			}
		}
	}
	served("clients that take nothing")
	for range 1500 {
		c, err := net.Dial("unix", l.path("sock"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, echo)
		c.Close()
	}
	served("a storm")
	b, err := os.ReadFile("/proc/" + itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "VmHWM: %d kB", &kib)
	}
	if kib == 0 || kib > 400<<10 {
		t.Errorf("it took %d KiB of memory", kib)
	}
	l.until("those who left are gone", func() bool {
		n := sessions(l.run("ovs-appctl", "-t", l.path("ctl"), "memory/show"))
		return n > 0 && n < 200
	})
}

func sessions(memory string) int {
	n := 0
	for _, w := range strings.Fields(memory) {
		fmt.Sscanf(w, "sessions:%d", &n)
	}
	return n
}
