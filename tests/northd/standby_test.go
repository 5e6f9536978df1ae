package northd

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// keys lists what must not change when another northd takes over: rows with their keys.
func (l *lab) keys() string {
	l.t.Helper()
	rows := strings.Split(l.sbctl("--format=csv", "--columns=_uuid,tunnel_key", "list", "Datapath_Binding")+
		l.sbctl("--format=csv", "--columns=_uuid,logical_port,tunnel_key", "list", "Port_Binding"), "\n")
	slices.Sort(rows) // a table has no order
	return strings.Join(rows, "\n")
}

// TestTakeOver kills the active northd: the other takes over, of whatever make the two are, and whoever serves the databases.
func TestTakeOver(t *testing.T) {
	for _, tc := range []struct{ servers, active, standby string }{
		{"stock", "kove", "kove"}, {"stock", "stock", "kove"}, {"stock", "kove", "stock"}, {"kove", "kove", "kove"}, {"kove", "stock", "kove"},
		{"kove", "kove", "stock"},
	} {
		t.Run(fmt.Sprintf("%s takes over from %s at %s", tc.standby, tc.active, tc.servers), func(t *testing.T) {
			l := newLab(t)
			l.databases(tc.servers)
			a := l.northd(tc.active, "a")
			a.untilStatus("active")
			b := l.northd(tc.standby, "b")
			b.until("it is connected", func() bool { return b.appctl("sb-connection-status") == "connected\n" })
			b.untilStatus("standby")
			l.nbctl("--wait=sb", "ls-add", "sw0", "--", "lsp-add", "sw0", "p0", "--", "lsp-add", "sw0", "p1")
			before := l.keys()
			a.kill(syscall.SIGKILL)
			b.untilStatus("active")
			l.nbctl("--wait=sb", "sync")
			if after := l.keys(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			l.nbctl("--wait=sb", "lsp-add", "sw0", "p2", "--", "lsp-del", "p0")
			if out := l.sbctl("--bare", "--columns=logical_port", "find", "Port_Binding"); strings.Join(strings.Fields(out), " ") != "p1 p2" && strings.Join(strings.Fields(out), " ") != "p2 p1" {
				t.Errorf("ports: %q", out)
			}
			// It comes back and stands by.
			a = l.northd(tc.active, "a2")
			a.until("it is connected", func() bool { return a.appctl("sb-connection-status") == "connected\n" })
			a.untilStatus("standby")
			b.untilStatus("active")
		})
	}
}

// TestPause pauses the active northd: it writes nothing from the answer on, and another may take over.
func TestPause(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	a := l.northd("kove", "a", "--dry-run")
	a.untilStatus("paused")
	a.until("it is connected", func() bool {
		return a.appctl("nb-connection-status")+a.appctl("sb-connection-status") == "connected\nconnected\n"
	})
	l.nbctl("ls-add", "sw0")
	for _, table := range []string{"SB_Global", "Datapath_Binding"} { // not by ovn-sbctl, which makes the former itself
		if out := l.run("ovsdb-client", "dump", "-fcsv", "--no-headings", "unix:"+l.path("ovnsb_db.sock"), "OVN_Southbound", table); strings.Count(out, "\n") > 1 {
			t.Errorf("paused from the start, it has written\n%s", out)
		}
	}
	a.appctl("resume")
	a.untilStatus("active")
	l.nbctl("--wait=sb", "sync")

	// A writer that does not stop, and pauses in the middle of it.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			l.try("ovn-nbctl", "--db=unix:"+l.path("ovnnb_db.sock"), "lsp-add", "sw0", fmt.Sprintf("p%d", i))
		}
	}()
	for range 5 {
		a.until("it writes", func() bool { return strings.TrimSpace(a.appctl("inc-engine/show-stats", "northd", "compute")) != "0" })
		a.appctl("pause")
		before := l.sbctl("--columns=_uuid", "list", "Port_Binding") + l.nbctl("get", "NB_Global", ".", "options")
		ports := l.nbctl("lsp-list", "sw0")
		l.until("ports come", func() bool { return len(l.nbctl("lsp-list", "sw0")) > len(ports) })
		if after := l.sbctl("--columns=_uuid", "list", "Port_Binding") + l.nbctl("get", "NB_Global", ".", "options"); after != before {
			t.Error("paused, it has written")
		}
		a.appctl("inc-engine/clear-stats")
		a.appctl("resume")
	}
	close(stop)
	<-stopped
	a.untilStatus("active")

	b := l.northd("stock", "b")
	b.untilStatus("standby")
	a.appctl("pause")
	b.untilStatus("active")
	a.appctl("resume")
	a.untilStatus("standby")
	b.appctl("pause")
	a.untilStatus("active")
	l.nbctl("--wait=sb", "sync")
	if nb, sb := len(strings.Fields(l.nbctl("--bare", "--columns=name", "find", "Logical_Switch_Port"))), len(strings.Fields(l.sbctl("--bare", "--columns=logical_port", "find", "Port_Binding"))); nb != sb || nb == 0 {
		t.Errorf("%d ports in the northbound and %d in the southbound database", nb, sb)
	}
}

// TestServersRestart kills the database servers under a northd: it goes on when they are back.
func TestServersRestart(t *testing.T) {
	for _, of := range []string{"stock", "kove"} {
		t.Run(of, func(t *testing.T) {
			l := newLab(t)
			servers := l.databases(of)
			p := l.northd("kove", "northd")
			p.untilStatus("active")
			for i := range 3 {
				l.nbctl("--wait=sb", "ls-add", fmt.Sprintf("sw%d", i))
				for _, s := range servers {
					s.kill(syscall.SIGKILL)
				}
				p.until("it notices", func() bool { return p.appctl("sb-connection-status") == "not connected\n" })
				p.untilStatus("standby")
				servers = l.databases(of)
				p.untilStatus("active")
			}
			l.nbctl("--wait=sb", "sync")
			if n := len(strings.Fields(l.sbctl("--bare", "--columns=_uuid", "find", "Datapath_Binding"))); n != 3 {
				t.Errorf("%d datapaths", n)
			}
		})
	}
}

// TestLockStolen steals the lock from the active northd, which must not write from then on.
func TestLockStolen(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	a := l.northd("kove", "a")
	a.untilStatus("active")
	l.nbctl("--wait=sb", "ls-add", "sw0")
	thief := l.start("ovsdb-client", "steal", "unix:"+l.path("ovnsb_db.sock"), "ovn_northd")
	a.untilStatus("standby")
	l.nbctl("ls-add", "sw1")
	// The counter is not followed while nobody is active.
	_, _, status := l.try("ovn-nbctl", "--db=unix:"+l.path("ovnnb_db.sock"), "-t1", "--wait=sb", "sync")
	if status == 0 {
		t.Error("somebody has computed without the lock")
	}
	thief.kill(syscall.SIGTERM)
	a.untilStatus("active")
	l.nbctl("--wait=sb", "sync")
}

// TestStandbyTakesNothing makes sure that it costs nothing to stand by: nothing is read.
func TestStandbyTakesNothing(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	a, b := l.northd("kove", "a"), l.northd("kove", "b")
	l.until("one is active", func() bool { return a.appctl("status") != b.appctl("status") })
	if a.appctl("status") != "Status: active\n" {
		a, b = b, a
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	if n := strings.TrimSpace(b.appctl("inc-engine/show-stats", "NB_logical_switch", "compute")); n != "0" {
		t.Errorf("it has followed %s commits", n)
	}
}

// TestDeadServer checks that control commands are answered while databases do not answer.
func TestDeadServer(t *testing.T) {
	l := newLab(t)
	servers := l.databases("stock")
	p := l.northd("kove", "northd")
	p.untilStatus("active")
	l.nbctl("--wait=sb", "ls-add", "sw0")
	nb := servers[0].cmd.Process
	if err := nb.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer nb.Signal(syscall.SIGCONT)
	if s := p.appctl("status"); s != "Status: active\n" {
		t.Error(s)
	}
	begun := time.Now()
	p.appctl("pause")
	if took := time.Since(begun); took > waitTime {
		t.Errorf("pausing took %v", took)
	}
	p.appctl("exit")
	<-p.done
}

// TestBesideCentral starts northds at an ovn-central that has its own: they stand by.
func TestBesideCentral(t *testing.T) {
	l := newLab(t)
	l.start("ovn-central", "--data-dir", l.path("data"), "--nb-remote", "punix:"+l.path("ovnnb_db.sock"), "--sb-remote", "punix:"+l.path("ovnsb_db.sock"))
	for _, db := range []string{"nb", "sb"} {
		l.until(db+" is served", func() bool { return listens(l.path("ovn" + db + "_db.sock")) })
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	for _, of := range []string{"kove", "stock"} {
		p := l.northd(of, of)
		p.until("it is connected", func() bool { return p.appctl("sb-connection-status") == "connected\n" })
		l.nbctl("--wait=sb", "ls-add", of)
		if s := p.appctl("status"); s != "Status: standby\n" {
			t.Errorf("%s: %s", of, s)
		}
	}
}

// TestBackupServers starts a northd at servers that copy others and take no writes (ovn-northd(8), ACTIVE-STANDBY FOR HIGH
// AVAILABILITY): it is of use once they are made the active ones.
func TestBackupServers(t *testing.T) {
	primary := newLab(t)
	servers := primary.databases("stock")
	first := primary.northd("kove", "first")
	first.untilStatus("active")
	primary.nbctl("--wait=sb", "ls-add", "sw0")

	l := newLab(t)
	for _, db := range []string{"nb", "sb"} {
		l.run("ovsdb-tool", "create", l.path(db+".db"), l.stock+"/share/ovn/ovn-"+db+".ovsschema")
		l.start("ovsdb-server", "--remote=punix:"+l.path("ovn"+db+"_db.sock"), "--unixctl="+l.path(db+".ctl"), "-vconsole:warn",
			"--sync-from=unix:"+primary.path("ovn"+db+"_db.sock"), l.path(db+".db"))
		l.until("it copies", func() bool {
			out, _, _ := l.try("ovs-appctl", "-t", l.path(db+".ctl"), "ovsdb-server/sync-status")
			return strings.Contains(out, "state: backup") && strings.Contains(out, "replicating:")
		})
	}
	second := l.northd("kove", "second")
	second.until("it is connected", func() bool { return second.appctl("sb-connection-status") == "connected\n" })
	primary.nbctl("--wait=sb", "ls-add", "sw1")
	for _, s := range append(servers, first) {
		s.kill(syscall.SIGKILL)
	}
	for _, db := range []string{"nb", "sb"} {
		l.run("ovs-appctl", "-t", l.path(db+".ctl"), "ovsdb-server/disconnect-active-ovsdb-server")
	}
	second.untilStatus("active")
	l.nbctl("--wait=sb", "ls-add", "sw2")
	if n := len(strings.Fields(l.sbctl("--bare", "--columns=_uuid", "find", "Datapath_Binding"))); n != 3 {
		t.Errorf("%d datapaths", n)
	}
}

// TestCluster runs two northds, one of them stock's, at a cluster of three servers, and kills the leader.
func TestCluster(t *testing.T) {
	l := newLab(t)
	l.run("ovsdb-tool", "create", l.path("nb.db"), l.stock+"/share/ovn/ovn-nb.ovsschema")
	l.start("ovsdb-server", "--remote=punix:"+l.path("ovnnb_db.sock"), "--unixctl="+l.path("nb.ctl"), "-vconsole:warn", l.path("nb.db"))
	var servers []*process
	var remotes []string
	for i := range 3 {
		db, raft, sock := l.path(fmt.Sprintf("sb%d.db", i)), "unix:"+l.path(fmt.Sprintf("raft%d", i)), l.path(fmt.Sprintf("sb%d.sock", i))
		if i == 0 {
			l.run("ovsdb-tool", "create-cluster", db, l.stock+"/share/ovn/ovn-sb.ovsschema", raft)
		} else {
			l.run("ovsdb-tool", "join-cluster", db, "OVN_Southbound", raft, "unix:"+l.path("raft0"))
		}
		servers = append(servers, l.start("ovsdb-server", "--remote=punix:"+sock, "--unixctl="+l.path(fmt.Sprintf("sb%d.ctl", i)), "-vconsole:off", db))
		remotes = append(remotes, "unix:"+sock)
		l.run("ovsdb-client", "-t40", "wait", "unix:"+sock, "OVN_Southbound", "connected")
	}
	all := strings.Join([]string{remotes[2], remotes[1], remotes[0]}, ",")
	p := l.northd("kove", "kove", "--ovnsb-db="+all)
	p.untilStatus("active")
	other := l.northd("stock", "stock", "--ovnsb-db="+all)
	other.until("it is connected", func() bool { return other.appctl("sb-connection-status") == "connected\n" })
	other.untilStatus("standby")
	l.nbctl("--wait=sb", "ls-add", "sw0")
	servers[0].kill(syscall.SIGKILL) // it began the cluster and leads it
	l.until("one of them is active at the new leader", func() bool {
		return strings.Count(p.appctl("status")+other.appctl("status"), "active") == 1
	})
	l.nbctl("--wait=sb", "ls-add", "sw1")
	other.kill(syscall.SIGKILL)
	p.untilStatus("active")
	l.nbctl("--wait=sb", "ls-add", "sw2")
	out := l.run("ovn-sbctl", "--db="+all, "-t40", "--bare", "--columns=_uuid", "find", "Datapath_Binding")
	if n := len(strings.Fields(out)); n != 3 {
		t.Errorf("%d datapaths", n)
	}
	p.appctl("sb-cluster-state-reset")
	l.nbctl("--wait=sb", "ls-add", "sw3")
}
