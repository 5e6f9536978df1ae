package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// tmpfs mounts one for the time of the test; root only, like all tests of what a machine does.
func tmpfs(t *testing.T, flags uintptr, options string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("kove-install-test", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("mounting a tmpfs (run as root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting %s: %v", dir, err)
		}
	})
	return dir
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("error is %q, want it to say %q", err, p)
		}
	}
}

func TestFullDisk(t *testing.T) {
	dir := tmpfs(t, 0, "size=1m")
	_, err := unpack(synthetic(t, "aaaa", small), filepath.Join(dir, "kove"))
	wantError(t, err, "unpacking into "+dir+"/kove/data: 17 MB (", " needed, 1 MB (1048576 bytes) available: free some or choose another --data-dir")
	if got := ls(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}

// A disk may also fill up meanwhile, or have space but no inodes.
func TestDiskFillsUp(t *testing.T) {
	dir := tmpfs(t, 0, "size=64m,nr_inodes=9") // /, data, .lock, temporary folder, bin, tool, images, pause.tar, lib
	_, err := unpack(synthetic(t, "aaaa", small), dir)
	wantError(t, err, "unpacking into "+dir+"/data: the disk or quota is full: free some or choose another --data-dir")
	if got := ls(t, filepath.Join(dir, "data")); got != ".lock" {
		t.Errorf("left %s", got)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir := tmpfs(t, unix.MS_RDONLY, "")
	_, err := unpack(synthetic(t, "aaaa", small), dir)
	wantError(t, err, "unpacking into "+dir+"/data: the file system is read-only")
}

func TestNoexecDisk(t *testing.T) {
	dir := tmpfs(t, unix.MS_NOEXEC, "")
	_, err := unpack(synthetic(t, "aaaa", small), dir)
	wantError(t, err, dir+"/data", "mounted noexec", "choose another --data-dir")
	if got := ls(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}

func TestFileInTheWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := unpack(synthetic(t, "aaaa", small), file)
	wantError(t, err, "unpacking into "+file+"/data: a part of this path is no folder")
}

// TestHelperUnpackAsNobody is run by TestUnwritableDataDir without privileges.
func TestHelperUnpackAsNobody(t *testing.T) {
	dir := os.Getenv("KOVE_INSTALL_NOBODY")
	if dir == "" {
		return
	}
	_, err := unpack(synthetic(t, "aaaa", small), dir)
	wantError(t, err, "unpacking into "+dir+"/data: not writable: run as root or choose another --data-dir")
}

func TestUnwritableDataDir(t *testing.T) {
	dir, err := os.MkdirTemp("/var/tmp", "kove-install-") // t.TempDir's parents are not for others to enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "install.test")
	if err := os.WriteFile(bin, self, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bin, "-test.run=^TestHelperUnpackAsNobody$")
	c.Dir = "/"
	c.Env = append(os.Environ(), "KOVE_INSTALL_NOBODY="+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := ls(t, dir); got != "install.test" {
		t.Errorf("left %s", got)
	}
}
