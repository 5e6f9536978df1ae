package ovsdb

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// stock finds a program of stock Open vSwitch, which `make stock` puts where the environment variable STOCK says.
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

func runStock(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(stock(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// stockServer runs stock ovsdb-server on a new database of the test schema, or on the file given.
func stockServer(t testing.TB, file string) (sock string) {
	t.Helper()
	dir := t.TempDir()
	if file == "" {
		file = filepath.Join(dir, "t.db")
		runStock(t, "ovsdb-tool", "create", file, "testdata/t.ovsschema")
	}
	sock = filepath.Join(dir, "s")
	cmd := exec.Command(stock(t, "ovsdb-server"), "--remote=punix:"+sock, "--unixctl="+filepath.Join(dir, "ctl"), "-vconsole:warn", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("unix", sock); err == nil {
			c.Close()
			return sock
		}
		if time.Now().After(end) {
			t.Fatal("stock ovsdb-server does not listen")
		}
	}
}
