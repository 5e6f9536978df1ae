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

// The root of a cgroup v2 namespace is emptied and hands its controllers down; the real root is left alone.
func TestPrepareCgroups(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		moved bool
	}{
		"namespace":     {map[string]string{"cgroup.controllers": "cpu memory", "cgroup.type": "domain", "cgroup.procs": "12\n0\n34\n", "cgroup.subtree_control": ""}, true},
		"the real root": {map[string]string{"cgroup.controllers": "cpu memory", "cgroup.procs": "1\n"}, false},
		"version 1":     {map[string]string{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for f, text := range tc.files {
				if err := os.WriteFile(filepath.Join(root, f), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := prepareCgroups(root); err != nil {
				t.Fatal(err)
			}
			last, err := os.ReadFile(filepath.Join(root, "init", "cgroup.procs"))
			if tc.moved != (err == nil) || (tc.moved && string(last) != "34") {
				t.Errorf("moved last: %q, %v", last, err)
			}
			if tc.moved {
				if b, _ := os.ReadFile(filepath.Join(root, "cgroup.subtree_control")); string(b) != "+memory" { // the last write
					t.Errorf("handed down %q", b)
				}
			}
		})
	}
}
