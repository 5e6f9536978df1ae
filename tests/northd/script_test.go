package northd

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ovnCtl runs stock's script ovn-ctl with kove's ovn-northd in the PATH.
func (l *lab) ovnCtl(args ...string) (string, error) {
	cmd := exec.Command(l.stock+"/share/ovn/scripts/ovn-ctl", args...)
	cmd.Dir = l.dir
	cmd.Env = append(append([]string(nil), l.env...), "OVN_SYSCONFDIR="+l.dir, "OVN_PKGDATADIR="+l.stock+"/share/ovn", "OVS_PKGDATADIR="+l.stock+"/share/openvswitch",
		"OVN_BINDIR="+l.stock+"/bin", "OVN_SBINDIR="+l.kove, "OVS_BINDIR="+l.stock+"/bin", "OVS_SBINDIR="+l.stock+"/bin")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestOvnCtl starts, asks, restarts and stops a central the way a distribution does.
func TestOvnCtl(t *testing.T) {
	l := newLab(t)
	if err := os.Mkdir(l.path("ovn"), 0o755); err != nil { // /etc/ovn
		t.Fatal(err)
	}
	ctl := func(args ...string) string {
		t.Helper()
		out, err := l.ovnCtl(args...)
		if err != nil {
			t.Fatalf("ovn-ctl %q: %v\n%s", args, err, out)
		}
		return out
	}
	stopped := false
	defer func() {
		if !stopped {
			l.ovnCtl("stop_northd")
		}
	}()
	out := ctl("start_northd", "--ovn-northd-n-threads=2", "--ovn-northd-priority=5")
	for _, name := range []string{"ovnnb_db.pid", "ovnsb_db.pid"} {
		l.reap(readPid(t, l.path(name)))
	}
	pid := readPid(t, l.path("ovn-northd.pid"))
	l.reap(pid)
	l.reap(parent(t, pid))
	if exe, err := os.Readlink("/proc/" + itoa(pid) + "/exe"); err != nil || exe != self(t) {
		t.Fatalf("%s runs, not kove's: %v\n%s", exe, err, out)
	}
	if args, _ := os.ReadFile("/proc/" + itoa(pid) + "/cmdline"); !strings.Contains(string(args), "\x00--monitor\x00") || !strings.Contains(string(args), "\x00--n-threads=2\x00") {
		t.Errorf("it was started as %q", args)
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	if out := l.sbctl("--bare", "--columns=external_ids", "find", "Datapath_Binding"); !strings.Contains(out, "name=sw0") {
		t.Errorf("datapaths: %q", out)
	}
	if out := ctl("status_northd"); !strings.Contains(out, "ovn-northd is running with pid "+itoa(pid)) {
		t.Errorf("status: %s", out)
	}
	if out := ctl("start_northd"); !strings.Contains(out, "already running") {
		t.Errorf("starting it again: %s", out)
	}
	ctl("restart_northd", "--ovn-manage-ovsdb=no")
	next := readPid(t, l.path("ovn-northd.pid"))
	l.reap(next)
	l.reap(parent(t, next))
	if next == pid || alive(pid) {
		t.Errorf("restarted: %d after %d", next, pid)
	}
	l.nbctl("--wait=sb", "ls-add", "sw1")
	out = ctl("stop_northd")
	stopped = true
	l.until("everything ends", func() bool { return !alive(next) })
	if !strings.Contains(out, "Exiting ovn-northd ("+itoa(next)+")") {
		t.Errorf("stopping: %s", out)
	}
	if _, err := l.ovnCtl("status_northd"); err == nil {
		t.Error("stopped, and it runs")
	}
}
