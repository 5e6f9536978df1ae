package unixctl

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb"
)

func stock(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("STOCK")
	if dir == "" {
		dir = "/var/tmp/kove-stock"
	}
	path := filepath.Join(dir, "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("stock Open vSwitch is not there (%v): run make stock", err)
	}
	return path
}

// target is a server with a control socket.
type target struct{ dir string }

func (x target) appctl(t *testing.T, args ...string) (out string, failed bool) {
	t.Helper()
	cmd := exec.Command(stock(t, "ovs-appctl"), append([]string{"--timeout=10", "-t", x.dir + "/ctl"}, args...)...)
	text, err := cmd.CombinedOutput()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), x.dir, "DIR"), err != nil
}

func schemaFile(t *testing.T) string { return filepath.Join("..", "testdata", "t.ovsschema") }

func stockTarget(t *testing.T) target {
	dir := t.TempDir()
	if out, err := exec.Command(stock(t, "ovsdb-tool"), "create", dir+"/t.db", schemaFile(t)).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	cmd := exec.Command(stock(t, "ovsdb-server"), "--remote=punix:"+dir+"/s", "--unixctl="+dir+"/ctl", "-vconsole:off", dir+"/t.db")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for _, sock := range []string{"/s", "/ctl"} { // it opens one after the other
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if c, err := net.Dial("unix", dir+sock); err == nil {
				c.Close()
				break
			}
			if time.Now().After(end) {
				t.Fatalf("stock ovsdb-server does not listen on %s", sock)
			}
		}
	}
	return target{dir}
}

func ourTarget(t *testing.T, exit func()) (target, *ovsdb.Server) {
	dir := t.TempDir()
	text, err := os.ReadFile(schemaFile(t))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := ovsdb.ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	j, err := ovsdb.OpenFileJournal(ovsdb.Dir(dir), "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(schema, ovsdb.Options{Journal: j, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	srv, err := ovsdb.NewServer(ovsdb.ServerOptions{}, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	if _, err := srv.Listen(ovsdb.Remote{Target: "punix:" + dir + "/s"}); err != nil {
		t.Fatal(err)
	}
	commands, err := Commands(srv, Options{Version: "1.2", Exit: exit})
	if err != nil {
		t.Fatal(err)
	}
	x, err := Listen(dir+"/ctl", commands)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return target{dir}, srv
}

// TestLikeStock gives the same commands to stock's server and to ours, through stock's ovs-appctl.
func TestLikeStock(t *testing.T) {
	theirs := stockTarget(t)
	ours, _ := ourTarget(t, func() {})
	for _, args := range [][]string{
		{"ovsdb-server/list-dbs"},
		{"ovsdb-server/list-remotes"},
		{"ovsdb-server/compact"},
		{"ovsdb-server/compact", "T"},
		{"ovsdb-server/compact", "X"},
		{"ovsdb-server/compact", "T", "T"},
		{"ovsdb-server/get-db-storage-status", "T"},
		{"ovsdb-server/get-db-storage-status", "X"},
		{"ovsdb-server/get-db-storage-status"},
		{"ovsdb-server/add-remote"},
		{"ovsdb-server/add-remote", "punix:DIR/more"},
		{"ovsdb-server/add-remote", "punix:DIR/more"},
		{"ovsdb-server/add-remote", "db:T,Root,name"},
		{"ovsdb-server/list-remotes"},
		{"ovsdb-server/remove-remote", "punix:DIR/more"},
		{"ovsdb-server/remove-remote", "punix:DIR/more"},
		{"ovsdb-server/remove-remote", "db:T,Root,name"},
		{"ovsdb-server/list-remotes"},
		{"ovsdb-server/reconnect"},
		{"ovsdb-server/memory-trim-on-compaction", "on"},
		{"ovsdb-server/memory-trim-on-compaction", "maybe"},
		{"ovsdb-server/sync-status"},
		{"ovsdb-server/get-active-ovsdb-server"},
		{"ovsdb-server/get-sync-exclude-tables"},
		{"ovsdb-server/perf-counters-show"},
		{"ovsdb-server/perf-counters-clear"},
		{"ovsdb-server/compact", "_Server"},
		{"ovsdb-server/add-db"},
		{"ovsdb-server/remove-db"},
		{"ovsdb-server/remove-db", "X"},
		{"ovsdb-server/remove-db", "_Server"},
		{"ovsdb-server/reload"},
		{"ovsdb-server/connect-active-ovsdb-server"},
		{"ovsdb-server/disconnect-active-ovsdb-server"},
		{"ovsdb-server/set-active-ovsdb-server"},
		{"ovsdb-server/set-active-ovsdb-server", "tcp:127.0.0.1:1"},
		{"ovsdb-server/get-active-ovsdb-server"},
		{"ovsdb-server/set-active-ovsdb-server-probe-interval", "x"},
		{"ovsdb-server/set-active-ovsdb-server-probe-interval", "60000"},
		{"ovsdb-server/set-relay-source-probe-interval"},
		{"ovsdb-server/set-relay-source-probe-interval", "1"},
		{"ovsdb-server/set-sync-exclude-tables", "T:Root"},
		{"ovsdb-server/get-sync-exclude-tables"},
		{"ovsdb-server/set-sync-exclude-tables", ""},
		{"ovsdb-server/tlog-list"},
		{"ovsdb-server/tlog-set"},
		{"ovsdb-server/tlog-set", "x", "on"},
		{"ovsdb-server/tlog-set", "X:Y", "on"},
		{"ovsdb-server/tlog-set", "T:Y", "maybe"},
		{"ovsdb-server/tlog-set", "T:Root", "maybe"},
		{"ovsdb-server/tlog-set", "T:Root", "on"},
		{"ovsdb-server/tlog-list"},
		{"ovsdb-server/tlog-set", "T:Root", "off"},
		{"ovsdb-server/tlog-list"},
		{"coverage/read-counter"},
		{"coverage/read-counter", "nonsense"},
		{"set-options"},
		{"set-options", "--format"},
		{"set-options", "--format", "xml"},
		{"set-options", "--format", "text"},
		{"set-options", "x"},
		{"set-options", "--x"},
		{"set-options", "--format", "text", "more"},
		{"-fjson", "ovsdb-server/list-dbs"},
		{"-fjson", "--pretty", "ovsdb-server/sync-status"},
		{"-fjson", "ovsdb-server/compact", "X"},
		{"-fjson", "nonsense"},
		{"list-commands", "x"},
		{"nonsense"},
		{"cluster/status", "T"},
		{"exit", "now"},
	} {
		a, b := make([]string, len(args)), make([]string, len(args))
		for i := range args {
			a[i], b[i] = strings.ReplaceAll(args[i], "DIR", theirs.dir), strings.ReplaceAll(args[i], "DIR", ours.dir)
		}
		want, wantFailed := theirs.appctl(t, a...)
		have, haveFailed := ours.appctl(t, b...)
		if strings.TrimSpace(want) != strings.TrimSpace(have) || wantFailed != haveFailed {
			t.Errorf("%q\nstock: %q (failed: %v)\nours:  %q (failed: %v)", args, want, wantFailed, have, haveFailed)
		}
	}
	// What ours lists stock has, too, and the other way round, but for logging, which is package vlog's.
	want, _ := theirs.appctl(t, "list-commands")
	have, _ := ours.appctl(t, "list-commands")
	lists := func(text string) []string {
		var out []string
		for line := range strings.Lines(text) {
			if f := strings.Fields(line); strings.HasPrefix(line, "  ") && !strings.HasPrefix(f[0], "vlog/") {
				out = append(out, strings.TrimSpace(line))
			}
		}
		return out
	}
	if a, b := lists(want), lists(have); len(a) < 30 || !slices.Equal(a, b) {
		t.Errorf("stock lists %q\nours %q", a, b)
	}
}

func TestOurCommands(t *testing.T) {
	left := make(chan struct{})
	x, srv := ourTarget(t, func() { close(left) })
	if out, _ := x.appctl(t, "version"); !strings.Contains(out, "kove") || !strings.Contains(out, "1.2") {
		t.Fatal(out)
	}
	c, err := ovsdb.Dial(t.Context(), "T", ovsdb.ClientOptions{Remotes: []string{"unix:" + x.dir + "/s"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w, err := c.Watch(t.Context(), map[string][]string{"Root": nil})
	if err != nil {
		t.Fatal(err)
	}
	<-w
	if _, err := c.Transact(t.Context(), ovsdb.Insert("Root", ovsdb.NewUUID(), ovsdb.ColumnValue{Column: "name", Value: "r"})); err != nil {
		t.Fatal(err)
	}
	out, _ := x.appctl(t, "memory/show")
	for _, want := range []string{`backlog:\d+`, `cells:\d+`, `monitors:1`, `rows:1`, `sessions:1`, `txn-history:1`, `txn-history-changes:1`} {
		if !regexp.MustCompile(`\b` + want + `\b`).MatchString(out) {
			t.Errorf("there is no %s in %s", want, out)
		}
	}
	size := func() int64 {
		st, err := os.Stat(x.dir + "/t.db")
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	for i := range 50 {
		if _, err := c.Transact(t.Context(), ovsdb.Op{Kind: ovsdb.OpUpdate, Table: "Root", Row: []ovsdb.ColumnValue{{Column: "a", Value: int64(i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	before := size()
	if _, failed := x.appctl(t, "ovsdb-server/compact"); failed || size() >= before/2 {
		t.Fatalf("compacted from %d to %d bytes", before, size())
	}
	// A remote that is added answers, one that is removed does not, one that is wrong is refused.
	more := x.dir + "/more"
	if out, failed := x.appctl(t, "ovsdb-server/add-remote", "punix:"+more); failed {
		t.Fatal(out)
	}
	if out, err := exec.Command(stock(t, "ovsdb-client"), "list-dbs", "unix:"+more).CombinedOutput(); err != nil || !strings.Contains(string(out), "T") {
		t.Fatalf("%v %s", err, out)
	}
	if out, failed := x.appctl(t, "ovsdb-server/remove-remote", "punix:"+more); failed {
		t.Fatal(out)
	}
	if c, err := net.Dial("unix", more); err == nil {
		c.Close()
		t.Fatal("a removed remote answers")
	}
	for _, wrong := range []string{"xx", "db:T,Root", "db:T,Root,a", "db:X,Root,name", "ptcp:notaport", "pssl:0", "tcp:::1:22"} {
		if out, failed := x.appctl(t, "ovsdb-server/add-remote", wrong); !failed || !strings.Contains(out, strings.TrimPrefix(wrong, "db:")) {
			t.Errorf("adding %s: %s", wrong, out)
		}
	}
	was := srv.Clients()
	if was != 1 {
		t.Fatalf("%d clients", was)
	}
	if out, failed := x.appctl(t, "ovsdb-server/reconnect"); failed {
		t.Fatal(out)
	}
	if _, err := c.Transact(t.Context(), ovsdb.Select("Root")); err != nil { // it came back, or comes back
		if _, err = c.Transact(t.Context(), ovsdb.Select("Root")); err != nil {
			t.Fatal(err)
		}
	}
	if out, failed := x.appctl(t, "exit"); failed {
		t.Fatal(out)
	}
	select {
	case <-left:
	case <-time.After(time.Minute):
		t.Fatal("exit does nothing")
	}
}

// TestSocket has odd clients of the control socket.
func TestSocket(t *testing.T) {
	x, _ := ourTarget(t, nil)
	if _, err := Listen(x.dir+"/ctl", nil); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Fatalf("a second server on the socket: %v", err)
	}
	if out, failed := x.appctl(t, "exit"); !failed {
		t.Fatalf("exit without an exit: %s", out)
	}
	for _, text := range []string{"nonsense", `{"id":1}`, `{"method":3}`, "[]", `{"id":1,"method":"version","params":[1]}`} {
		nc, err := net.Dial("unix", x.dir+"/ctl")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(nc, text)
		nc.(*net.UnixConn).CloseWrite()
		nc.SetReadDeadline(time.Now().Add(time.Minute))
		for buf := make([]byte, 100); ; {
			if _, err := nc.Read(buf); err != nil {
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					t.Fatalf("%s: the connection stays", text)
				}
				break
			}
		}
		nc.Close()
	}
	if out, failed := x.appctl(t, "version"); failed {
		t.Fatalf("the server does not answer any more: %s", out)
	}
}
