package app

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/kove-io/kove/pkg/config"
)

// A container on this machine may run a kove with the same paths in a root of its own: its shims are not ours to kill.
func TestShimsOfThisPIDNamespaceAlone(t *testing.T) {
	c := &config.Config{}
	c.Paths.DataDir = t.TempDir()
	bin := filepath.Join(c.Paths.DataDir, "data", "0123", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	shim, other := filepath.Join(bin, "containerd-shim-runc-v2"), filepath.Join(bin, "runc")
	for _, path := range []string{shim, other} {
		in, err := os.Open("/bin/cat")
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		in.Close()
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
	}
	start := func(program string, flags uintptr) int {
		t.Helper()
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
		return cmd.Process.Pid
	}
	ours := start(shim, 0)
	nested := start(shim, syscall.CLONE_NEWPID)
	start(other, 0)
	if got := shims(c); !slices.Equal(got, []int{ours}) {
		t.Errorf("shims are %v; want %d alone, and not %d of another pid namespace", got, ours, nested)
	}
	c.Paths.DataDir = t.TempDir()
	if got := shims(c); len(got) != 0 {
		t.Errorf("shims of another data directory are %v", got)
	}
}
