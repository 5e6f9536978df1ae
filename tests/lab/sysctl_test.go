package lab

import (
	"os"
	"path/filepath"
	"testing"
)

// The first lab records what its nodes may change for the whole machine, the last one that goes gives it back.
func TestSysctlsAreGivenBack(t *testing.T) {
	dir := t.TempDir()
	proc, base := filepath.Join(dir, "proc"), filepath.Join(dir, "labs")
	file := filepath.Join(proc, "vm/overcommit_memory")
	is := func(want string) {
		t.Helper()
		if b, err := os.ReadFile(file); err != nil || string(b) != want {
			t.Fatalf("%s is %q (%v), want %q", file, b, err, want)
		}
	}
	set := func(v string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(v), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	set("0")
	one, two := &Lab{name: "one", dir: filepath.Join(base, "one")}, &Lab{name: "two", dir: filepath.Join(base, "two")}
	for _, l := range []*Lab{one, two} {
		if err := os.MkdirAll(l.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := l.recordSysctls(proc); err != nil {
			t.Fatal(err)
		}
		set("1") // as its kubelet does
	}
	for _, l := range []*Lab{one, two} {
		is("1")
		if err := os.RemoveAll(l.dir); err != nil {
			t.Fatal(err)
		}
		if err := l.restoreSysctls(proc); err != nil {
			t.Fatal(err)
		}
	}
	is("0")
	if left, _ := os.ReadDir(base); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
