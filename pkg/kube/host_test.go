package kube

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSysctlsAreRecordedOnceAndRestored(t *testing.T) {
	proc, file := t.TempDir(), filepath.Join(t.TempDir(), "etc", "sysctls.json")
	name := filepath.Join(proc, "vm", "overcommit_memory")
	write := func(v string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(v+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("0")
	if err := recordSysctls(proc, file); err != nil {
		t.Fatal(err)
	}
	write("1") // kubelet
	if err := recordSysctls(proc, file); err != nil {
		t.Fatal(err)
	}
	if err := restoreSysctls(proc, file); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(name); string(b) != "0" {
		t.Errorf("restored to %q, want 0", b)
	}
	if err := restoreSysctls(proc, file); err != nil {
		t.Errorf("a second restore: %v", err)
	}
}
