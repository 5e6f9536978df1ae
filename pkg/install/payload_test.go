package install

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/embedded"
)

// programs run with these arguments on a machine that has nothing but a kernel, and say this.
var programs = []struct {
	command, says string
}{
	{"bin/ovs-vswitchd --version", "ovs-vswitchd (Open vSwitch) 3.5.0"},
	{"bin/ovsdb-server --version", "ovsdb-server (Open vSwitch) 3.5.0"},
	{"bin/ovs-vsctl --version", "ovs-vsctl (Open vSwitch) 3.5.0"},
	{"bin/ovs-ofctl --version", "ovs-ofctl (Open vSwitch) 3.5.0"},
	{"bin/ovs-appctl --version", "ovs-appctl (Open vSwitch) 3.5.0"},
	{"bin/ovs-dpctl --version", "ovs-dpctl (Open vSwitch) 3.5.0"},
	{"bin/ovsdb-client --version", "ovsdb-client (Open vSwitch) 3.5.0"},
	{"bin/ovsdb-tool create /conf.db share/openvswitch/vswitch.ovsschema", ""},
	{"bin/ovsdb-tool db-version /conf.db", "8."},
	{"bin/ovn-controller --version", "ovn-controller 25.03.0"},
	{"bin/ovn-nbctl --version", "ovn-nbctl 25.03.0"},
	{"bin/ovn-sbctl --version", "ovn-sbctl 25.03.0"},
	{"bin/ovn-trace --version", "ovn-trace 25.03.0"},
	{"bin/ovn-appctl --version", "ovn-appctl 25.03.0"},
	{"bin/runc --version", "runc version 1.5.2"},
	{"bin/runc features", "SCMP_ACT_ERRNO"},
	{"bin/containerd-shim-runc-v2 -v", "v2.4.2"},
	{"bin/crictl --version", "crictl version v1."},
	{"bin/nft --version", "nftables v1."},
	{"bin/nft -c add table inet kove", ""},
	{"bin/mount --version", "mount from util-linux 2."},
	{"bin/mount -t tmpfs none /mnt", ""},
	{"bin/umount /mnt", ""},
	{"cni/loopback", "CNI loopback plugin v1.9.1"},
	{"cni/macvlan", "CNI macvlan plugin v1.9.1"},
	{"cni/bridge", "CNI bridge plugin v1.9.1"},
	{"cni/host-device", "CNI host-device plugin v1.9.1"},
	{"cni/portmap", "CNI portmap plugin v1.9.1"},
	{"cni/tuning", "CNI tuning plugin v1.9.1"},
	{"cni/static", "CNI static plugin v1.9.1"},
	{"cni/host-local", "CNI host-local plugin v1.9.1"},
	{"cni/dhcp", "CNI dhcp plugin v1.9.1"},
}

// TestHelperEmptyMachine runs in a root folder with nothing but this test binary: it is kove's first start on a machine without
// any userland.
func TestHelperEmptyMachine(t *testing.T) {
	if os.Getenv("KOVE_INSTALL_EMPTY") == "" {
		return
	}
	for _, dir := range []string{"/proc", "/dev", "/tmp", "/mnt"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, minor := range map[string]uint32{"null": 3, "urandom": 9} {
		if err := unix.Mknod("/dev/"+name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	root, err := Unpack("/var/lib/kove")
	if err != nil {
		t.Fatal(err)
	}
	p, err := embedded.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("FIGURE payload: %.1f MB in %d files, archive %.1f MB, unpacked in %.2f s\n",
		float64(p.Size)/1e6, len(p.Files), float64(p.Archive.Size)/1e6, time.Since(start).Seconds())
	start = time.Now()
	if _, err := Unpack("/var/lib/kove"); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("FIGURE payload: found again in %.1f ms\n", float64(time.Since(start).Microseconds())/1000)
	mustVerify(t, root)
	for _, p := range programs {
		args := strings.Fields(p.command)
		c := exec.Command(filepath.Join("/var/lib/kove/data/current", args[0]), args[1:]...)
		c.Dir = root
		c.Env = []string{"PATH=/nowhere", "CNI_COMMAND="}
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), p.says) {
			t.Errorf("%s: %v\n%s", p.command, err, out)
		}
	}

	// what runs is the program itself: no wrapper, no loader in the process table
	server := exec.Command("/var/lib/kove/data/current/bin/ovsdb-server", "--remote=punix:/db.sock", "--no-chdir", "--unixctl=/ctl", "/conf.db")
	var messages bytes.Buffer
	server.Stdout, server.Stderr = &messages, &messages
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer func() {
		_ = server.Process.Kill() // it may have ended by itself
		<-ended
	}()
	for deadline := time.Now().Add(time.Minute); !exists("/db.sock"); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("ovsdb-server: %v\n%s", err, messages.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("ovsdb-server opens no socket")
		}
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", server.Process.Pid))
	if want := filepath.Join(root, "bin/ovsdb-server"); err != nil || exe != want {
		t.Errorf("it executes %s (%v), want %s", exe, err, want)
	}
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", server.Process.Pid))
	if err != nil || string(comm) != "ovsdb-server\n" {
		t.Errorf("it is called %q (%v)", comm, err)
	}
	out, err := exec.Command("/var/lib/kove/data/current/bin/ovs-vsctl", "--db=unix:/db.sock", "--no-wait", "--", "init", "--", "add-br", "br-int", "--", "list-br").CombinedOutput()
	if err != nil || string(out) != "br-int\n" {
		t.Errorf("ovs-vsctl: %v %q", err, out)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Nothing is expected of a machine but a kernel.
func TestPayloadRunsOnAnEmptyMachine(t *testing.T) {
	if !embedded.Available() {
		if _, err := Unpack(t.TempDir()); !errors.Is(err, embedded.ErrNoPayload) {
			t.Errorf("Unpack: %v", err)
		}
		if os.Getenv("KOVE_REQUIRE_PAYLOAD") == "1" {
			t.Fatal("no payload: run make bundle")
		}
		return
	}
	empty, err := os.MkdirTemp("/var/tmp", "kove-install-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(empty)
	in, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(empty, "install.test"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/install.test", "-test.run=^TestHelperEmptyMachine$", "-test.v")
	c.Dir = "/"
	c.Env = []string{"KOVE_INSTALL_EMPTY=1"}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: empty, Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	text, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "FIGURE ") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
