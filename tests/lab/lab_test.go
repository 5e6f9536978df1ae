package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	Main()
	// The lab has a fixed name, so that what a killed run leaves behind is taken down by the next one: two runs at once, of two
	// checkouts, take each other's down. The later one waits.
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "kove-lab-test.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "waiting for another run:", err)
		os.Exit(1)
	}
	code := m.Run()
	runtime.KeepAlive(lock) // it is let go with the file
	os.Exit(code)
}

func newLab(t *testing.T) *Lab {
	t.Helper()
	t.Setenv("KOVE_LAB_DIR", filepath.Join("/var/tmp", "kove-lab-test"))
	l := Open("unit")
	if err := l.Down(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	if err := l.Up(nil); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNodesReachEachOtherAndTheInternet(t *testing.T) {
	l := newLab(t)
	var nodes []*Host
	for i, name := range []string{"n1", "n2"} {
		n, err := l.Boot(name, i+1, nil)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, to := range []string{nodes[1].Address().String(), nodes[1].TunnelAddress().String(), InternetAddress} {
		if out, err := nodes[0].Run(ctx, "ping", "-c1", "-W30", to); err != nil {
			t.Errorf("n1 → %s: %v\n%s", to, err, out)
		}
	}
	if out, _ := nodes[0].Run(ctx, "hostname"); out != "n1\n" {
		t.Errorf("hostname of n1 is %q", out)
	}
}

func TestPowerCutKeepsDiskAndLosesRun(t *testing.T) {
	l := newLab(t)
	n, err := l.Boot("n1", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if _, err := n.Run(ctx, "sh", "-c", "echo disk > /var/lib/kept; echo etc > /etc/kept; echo ram > /run/lost; ip link add dummyveth type veth"); err != nil {
		t.Fatal(err)
	}
	if err := n.Spawn(ctx, "/var/log/sleep.log", "sleep", "1000"); err != nil {
		t.Fatal(err)
	}
	if out, _ := n.Run(ctx, "ps", "ax"); !strings.Contains(out, "sleep 1000") {
		t.Fatalf("spawned process is not there:\n%s", out)
	}
	if err := n.PowerOff(); err != nil {
		t.Fatal(err)
	}
	if n.Running() {
		t.Fatal("node runs after a power cut")
	}
	if err := n.Reboot(); err != nil {
		t.Fatal(err)
	}
	out, err := n.Run(ctx, "sh", "-c", "cat /var/lib/kept /etc/kept; ls /run/lost 2>/dev/null; ip -o link | grep -c veth; ps ax | grep -c '[s]leep 1000'; true")
	if err != nil {
		t.Fatal(err)
	}
	if out != "disk\netc\n0\n0\n" {
		t.Errorf("after the power cut: %q", out)
	}
}

func TestCgroupsAreTheNodesOwn(t *testing.T) {
	l := newLab(t)
	n, err := l.Boot("n1", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := n.Run(ctx, "cat", "/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasSuffix(line, ":/") && !strings.HasSuffix(line, "::/init") {
			t.Errorf("cgroup of a command is not the node's root: %s", line)
		}
	}
	if _, err := n.Run(ctx, "sh", "-c", "for d in /sys/fs/cgroup/*/; do mkdir $d/inside && rmdir $d/inside || exit 1; done"); err != nil {
		t.Error(err)
	}
}

// TestStartsOverLeftovers has a run been killed between making a host's cgroups and writing them down.
func TestStartsOverLeftovers(t *testing.T) {
	cs, err := makeCgroups("unit", "n1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		if c.Enter != c.Root {
			delegate(c.Root) // no process may enter it now, only its children
		}
	}
	l := newLab(t)
	if _, err := l.Boot("n1", 1, nil); err != nil {
		t.Fatal(err)
	}
}
