package northd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// withServer gives the lab a folder with kove's ovsdb-server and puts it before all others.
func (l *lab) withServer() string {
	l.t.Helper()
	dir := l.path("sbin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Symlink(self(l.t), filepath.Join(dir, "ovsdb-server")); err != nil {
		l.t.Fatal(err)
	}
	for i, v := range l.env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			l.env[i] = "PATH=" + dir + ":" + path
		}
	}
	return filepath.Join(dir, "ovsdb-server")
}

// TestServerOvnCtl has stock's ovn-ctl run a whole central of kove's: both databases and northd.
func TestServerOvnCtl(t *testing.T) {
	l := newLab(t)
	l.withServer()
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
	started := func() []int {
		t.Helper()
		var pids []int
		for _, name := range []string{"ovnnb_db.pid", "ovnsb_db.pid", "ovn-northd.pid"} {
			pid := readPid(t, l.path(name))
			for _, p := range []int{pid, parent(t, pid)} {
				l.reap(p)
			}
			if exe, err := os.Readlink("/proc/" + itoa(pid) + "/exe"); err != nil || exe != self(t) {
				t.Fatalf("%s: %s runs, not kove's: %v", name, exe, err)
			}
			pids = append(pids, pid)
		}
		return pids
	}
	ctl("start_northd", "--db-nb-create-insecure-remote=yes", "--db-nb-port="+freePort(t), "--db-nb-addr=127.0.0.1")
	first := started()
	l.nbctl("--wait=sb", "ls-add", "sw0")
	for command, want := range map[string]string{"status_ovnnb": "running/active", "status_ovnsb": "running/active",
		"status_ovsdb": "OVN Northbound DB is running", "status_northd": "ovn-northd is running with pid " + itoa(first[2])} {
		if out := ctl(command); !strings.Contains(out, want) {
			t.Errorf("%s: %s", command, out)
		}
	}
	if log, err := os.ReadFile(l.path("ovsdb-server-nb.log")); err != nil || !strings.Contains(string(log), "|ovsdb_server|INFO|ovsdb-server (Open vSwitch) 3.5.0") {
		t.Errorf("log: %v %s", err, log)
	}
	ctl("restart_ovsdb")
	ctl("restart_northd", "--ovn-manage-ovsdb=no")
	for i, pid := range started() {
		if pid == first[i] || alive(first[i]) {
			t.Errorf("restarted: %d after %d", pid, first[i])
		}
	}
	l.nbctl("--wait=sb", "ls-add", "sw1")
	if out := l.sbctl("--bare", "--columns=external_ids", "find", "Datapath_Binding"); !strings.Contains(out, "name=sw0") || !strings.Contains(out, "name=sw1") {
		t.Errorf("datapaths: %q", out)
	}
	ctl("promote_ovnnb")
	last := started()
	ctl("stop_northd")
	stopped = true
	l.until("everything ends", func() bool { return !alive(last[0]) && !alive(last[1]) && !alive(last[2]) })
	// What it wrote stock reads.
	if out := l.run("ovsdb-tool", "query", l.path("ovnnb_db.db"), `["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]`); !strings.Contains(out, "sw1") {
		t.Errorf("stock reads %s", out)
	}
}

// TestServerDatabases adds and removes databases with the same commands in stock's server and in kove's.
func TestServerDatabases(t *testing.T) {
	said := map[string]string{}
	for _, who := range []string{"stock", "kove"} {
		l := newLab(t)
		program := l.stock + "/bin/ovsdb-server"
		if who == "kove" {
			program = l.withServer()
		}
		for _, db := range []string{"nb", "sb"} {
			l.run("ovsdb-tool", "create", l.path(db+".db"), l.stock+"/share/ovn/ovn-"+db+".ovsschema")
		}
		if err := os.WriteFile(l.path("empty.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		ctl, sock := l.path("ctl"), l.path("sock")
		p := l.start(program, "--unixctl="+ctl, "--remote=punix:"+sock, "--remote=db:OVN_Northbound,NB_Global,connections", "--pidfile="+l.path("pid"), "-vconsole:info", l.path("nb.db"))
		l.until("it listens", func() bool { return listens(ctl) && listens(sock) })
		var b strings.Builder
		step := func(status bool, name string, args ...string) {
			out, errs, rc := l.try(name, args...)
			b.WriteString(strings.ReplaceAll(name+" "+strings.Join(args, " "), l.dir, "DIR") + "\n")
			if !status {
				out = ""
			}
			b.WriteString(uuids.ReplaceAllString(strings.ReplaceAll(out, l.dir, "DIR"), "UUID"))
			if rc != 0 {
				errs, _, _ = strings.Cut(errs, "\n")
				if !status {
					errs = ""
				}
				b.WriteString("fails: " + strings.ReplaceAll(errs, l.dir, "DIR") + "\n")
			}
		}
		a := func(args ...string) { t.Helper(); step(true, "ovs-appctl", append([]string{"-t", ctl}, args...)...) }
		// A file that cannot be served is refused by both, with words of their own.
		refused := func(path string) {
			t.Helper()
			step(false, "ovs-appctl", "-t", ctl, "ovsdb-server/add-db", path)
		}
		a("ovsdb-server/list-dbs")
		a("ovsdb-server/add-db", l.path("sb.db"))
		a("ovsdb-server/list-dbs")
		step(true, "ovsdb-client", "list-dbs", "unix:"+sock)
		refused(l.path("sb.db"))
		refused(l.path("nosuch.db"))
		refused(l.path("empty.db"))
		refused(l.path("."))
		refused("/proc/self/exe")
		a("ovsdb-server/get-db-storage-status", "OVN_Southbound")
		step(true, "ovn-nbctl", "--db=unix:"+sock, "ls-add", "sw0")
		step(true, "ovn-nbctl", "--db=unix:"+sock, "set-connection", "punix:"+l.path("row"))
		l.until("the row's remote answers", func() bool { return listens(l.path("row")) })
		step(true, "ovsdb-client", "--timeout=30", "dump", "unix:"+l.path("row"), "OVN_Northbound", "Logical_Switch", "name")
		a("ovsdb-server/remove-db", "OVN_Northbound")
		l.until("the row's remote is gone", func() bool { return !listens(l.path("row")) })
		a("ovsdb-server/list-dbs")
		a("ovsdb-server/list-remotes")
		step(true, "ovsdb-client", "--timeout=30", "dump", "unix:"+sock, "_Server", "Database", "name", "model", "connected", "leader")
		step(false, "ovn-nbctl", "--db=unix:"+sock, "-t1", "ls-add", "sw1")
		step(true, "ovsdb-tool", "transact", l.path("nb.db"), `["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"while"}}]`)
		a("ovsdb-server/remove-db", "OVN_Northbound")
		a("ovsdb-server/add-db", l.path("nb.db"))
		l.until("the row's remote answers again", func() bool { return listens(l.path("row")) })
		step(true, "ovsdb-client", "--timeout=30", "dump", "unix:"+l.path("row"), "OVN_Northbound", "Logical_Switch", "name")
		a("ovsdb-server/compact")
		// A client that does not know that databases come and go is disconnected, and one that does goes on.
		daemon := l.start("ovn-nbctl", "--db=unix:"+sock, "--detach", "--pidfile="+l.path("nbctl.pid"), "--unixctl="+l.path("nbctl.ctl"), "--no-chdir", "-vconsole:off")
		<-daemon.done
		l.reap(readPid(t, l.path("nbctl.pid")))
		step(true, "ovs-appctl", "-t", l.path("nbctl.ctl"), "run", "ls-list")
		l.until("the probes are gone", func() bool { return strings.Contains(l.run("ovs-appctl", "-t", ctl, "memory/show"), "sessions:1") })
		waits := l.start("ovn-nbctl", "--db=unix:"+sock, "--timeout=30", "wait-until", "Logical_Switch", "x", "name=x")
		l.until("they are connected", func() bool { return strings.Contains(l.run("ovs-appctl", "-t", ctl, "memory/show"), "sessions:2") })
		a("ovsdb-server/remove-db", "OVN_Northbound")
		a("ovsdb-server/add-db", l.path("nb.db"))
		<-waits.done
		fmt.Fprintf(&b, "it ends with %d\n", waits.cmd.ProcessState.ExitCode())
		step(true, "ovs-appctl", "-t", l.path("nbctl.ctl"), "run", "ls-add", "daemon")
		step(true, "ovs-appctl", "-t", l.path("nbctl.ctl"), "run", "ls-list")
		step(true, "ovs-appctl", "-t", l.path("nbctl.ctl"), "exit")
		a("ovsdb-server/remove-remote", "db:OVN_Northbound,NB_Global,connections")
		a("ovsdb-server/list-remotes")
		a("exit")
		<-p.done
		if rc := p.cmd.ProcessState.ExitCode(); rc != 0 {
			t.Errorf("%s: status %d", who, rc)
		}
		if _, err := os.Stat(l.path("pid")); err == nil {
			t.Errorf("%s leaves its pidfile", who)
		}
		said[who] = b.String()
	}
	if said["stock"] != said["kove"] {
		t.Errorf("stock:\n%s\nkove:\n%s", said["stock"], said["kove"])
	}
}

// TestServerWaitsForDatabase has a client wait for a database to come and go.
func TestServerWaitsForDatabase(t *testing.T) {
	l := newLab(t)
	program := l.withServer()
	l.run("ovsdb-tool", "create", l.path("nb.db"), l.stock+"/share/ovn/ovn-nb.ovsschema")
	ctl, sock := l.path("ctl"), l.path("sock")
	l.start(program, "--unixctl="+ctl, "--remote=punix:"+sock, "--no-dbs")
	l.until("it listens", func() bool { return listens(ctl) && listens(sock) })
	for _, tc := range [][2]string{{"add-db", "added"}, {"add-db", "connected"}, {"remove-db", "removed"}, {"add-db", "added"}} {
		wait := l.start("ovsdb-client", "--timeout=30", "wait", "unix:"+sock, "OVN_Northbound", tc[1])
		what := map[string]string{"add-db": l.path("nb.db"), "remove-db": "OVN_Northbound"}[tc[0]]
		if tc[1] != "connected" {
			l.run("ovs-appctl", "-t", ctl, "ovsdb-server/"+tc[0], what)
		}
		<-wait.done
		if rc := wait.cmd.ProcessState.ExitCode(); rc != 0 {
			t.Errorf("waiting for %s ends with %d", tc[1], rc)
		}
	}
}

// TestBackup has a server keep a copy of what another one serves (ovsdb-server(1), Active-Backup Options), be they of stock or
// of kove: it takes over, falls back, and is then just as the other one, whatever it had by itself.
func TestBackup(t *testing.T) {
	for _, tc := range [][2]string{{"kove", "stock"}, {"stock", "kove"}, {"kove", "kove"}} {
		t.Run(tc[1]+" follows "+tc[0], func(t *testing.T) {
			l := newLab(t)
			programs := map[string]string{"stock": l.stock + "/bin/ovsdb-server", "kove": l.withServer()}
			for _, name := range []string{"a", "b"} {
				l.run("ovsdb-tool", "create", l.path(name+".db"), l.stock+"/share/ovn/ovn-nb.ovsschema")
			}
			l.run("ovsdb-tool", "transact", l.path("b.db"), `["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"stale"}}]`)
			start := func(i int, name string, more ...string) *process {
				p := l.start(programs[tc[i]], append([]string{"--unixctl=" + l.path(name+".ctl"), "--remote=punix:" + l.path(name), "-vconsole:info", l.path(name + ".db")}, more...)...)
				l.until("it listens", func() bool { return listens(l.path(name)) && listens(l.path(name+".ctl")) })
				return p
			}
			nbctl := func(name string, args ...string) (string, int) {
				t.Helper()
				out, errs, status := l.try("ovn-nbctl", append([]string{"--db=unix:" + l.path(name), "-t30"}, args...)...)
				return out + errs, status
			}
			command := func(args ...string) string {
				t.Helper()
				return l.run("ovs-appctl", append([]string{"-t", l.path("b.ctl")}, args...)...)
			}
			// The rows with their UUIDs, all columns.
			contents := func(name string) string {
				out, _, _ := l.try("ovsdb-client", "-fcsv", "--no-headings", "dump", "unix:"+l.path(name), "OVN_Northbound")
				lines := strings.Split(out, "\n")
				slices.Sort(lines)
				return strings.Join(lines, "\n")
			}
			same := func(when string) {
				t.Helper()
				l.until("both have the same "+when, func() bool { return contents("a") == contents("b") })
			}
			a := start(0, "a")
			if out, status := nbctl("a", "ls-add", "before", "--", "lsp-add", "before", "p"); status != 0 {
				t.Fatal(out)
			}
			start(1, "b", "--sync-from=unix:"+l.path("a"))
			l.until("it replicates", func() bool {
				out := command("ovsdb-server/sync-status")
				return strings.Contains(out, "state: backup\n") && strings.Contains(out, "replicating: unix:"+l.path("a")+"\n")
			})
			same("at first")
			if out, _ := nbctl("b", "ls-list"); !strings.Contains(out, "before") || strings.Contains(out, "stale") {
				t.Errorf("the copy: %s", out)
			}
			for _, args := range [][]string{{"ls-add", "after", "--", "lsp-add", "after", "q"}, {"lr-add", "r", "--", "lrp-add", "r", "rp", "0a:00:00:00:00:01", "10.0.0.1/24"},
				{"acl-add", "after", "to-lport", "5", "ip4", "drop"}, {"set", "Logical_Switch", "before", "other_config:subnet=10.0.0.0/24"}, {"ls-del", "before"}} {
				if out, status := nbctl("a", args...); status != 0 {
					t.Fatal(out)
				}
			}
			same("after changes")
			if out, status := nbctl("b", "ls-add", "x"); status == 0 || !strings.Contains(out, "insert operation not allowed when database server is in read only mode") {
				t.Errorf("writing to the copy: %d %s", status, out)
			}
			// It takes over, and goes on by itself.
			command("ovsdb-server/disconnect-active-ovsdb-server")
			if out := command("ovsdb-server/sync-status"); !strings.Contains(out, "state: active\n") {
				t.Errorf("it took over, and says %s", out)
			}
			if out, status := nbctl("b", "ls-add", "own"); status != 0 {
				t.Error(out)
			}
			if out, status := nbctl("a", "ls-add", "theirs"); status != 0 {
				t.Error(out)
			}
			// It falls back; the other one restarts meanwhile.
			command("ovsdb-server/set-active-ovsdb-server", "unix:"+l.path("a"))
			command("ovsdb-server/connect-active-ovsdb-server")
			same("after it fell back")
			a.kill(syscall.SIGKILL)
			os.Remove(l.path("a"))
			start(0, "a")
			if out, status := nbctl("a", "ls-add", "restarted"); status != 0 {
				t.Error(out)
			}
			same("after a restart")
			// A database that is removed is not followed, one that is added is.
			command("ovsdb-server/remove-db", "OVN_Northbound")
			if out, status := nbctl("a", "ls-add", "unseen"); status != 0 {
				t.Error(out)
			}
			command("ovsdb-server/add-db", l.path("b.db"))
			same("after it was away")
		})
	}
}

// TestServerRun runs a command beside the server (--run), and refuses what it cannot do.
func TestServerRun(t *testing.T) {
	l := newLab(t)
	program := l.withServer()
	l.run("ovsdb-tool", "create", l.path("nb.db"), l.stock+"/share/ovn/ovn-nb.ovsschema")
	out := l.run(program, "--unixctl=none", "--remote=punix:"+l.path("sock"), "--run=ovsdb-client list-dbs unix:"+l.path("sock"), "-vconsole:off", l.path("nb.db"))
	if out != "OVN_Northbound\n_Server\n" && out != "_Server\nOVN_Northbound\n" {
		t.Errorf("%q", out)
	}
	for line, want := range map[string]string{
		"--run=false --no-dbs":                     "false: child exited, exit status 1",
		"--no-dbs --nonsense":                      "unrecognized option '--nonsense' (see ovsdb-server --help)",
		"nosuch.db":                                "nosuch.db: open failed (No such file or directory)",
		"relay:OVN_Northbound:tcp:1.2.3.4:6641":    "relay databases are not supported",
		"--no-dbs --sync-from=ptcp:6641":           "want unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT",
		"--no-dbs --config-file=x":                 "--config-file is not supported",
		"--no-dbs --remote=foo:x":                  "foo:x",
		"--no-dbs --remote=db:X,Y,Z":               "there is no database X",
		"--no-dbs --remote=pssl:0 -pdb:A,B,C":      "needs --private-key",
		"nb.db --remote=db:OVN_Northbound,ACL,nix": "no column nix",
	} {
		_, errs, status := l.try(program, append([]string{"--unixctl=none"}, strings.Fields(line)...)...)
		if status != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %s", line, status, errs)
		}
	}
	if out := l.run(program, "--version"); !strings.HasPrefix(out, "ovsdb-server (Open vSwitch) 3.5.0\n") {
		t.Errorf("version: %s", out)
	}
	if out := l.run(program, "--help"); !strings.Contains(out, l.path("conf.db")) || !strings.Contains(out, "--remote=REMOTE") {
		t.Errorf("help: %s", out)
	}
	// A second one on the same file is refused, and a signal ends the first as it ends stock's.
	p := l.start(program, "--unixctl=none", "--remote=punix:"+l.path("sock"), l.path("nb.db"))
	l.until("it listens", func() bool { return listens(l.path("sock")) })
	if _, errs, status := l.try(program, "--unixctl=none", l.path("nb.db")); status != 1 || !strings.Contains(errs, itoa(p.cmd.Process.Pid)) {
		t.Errorf("a second server: status %d, %s", status, errs)
	}
	p.kill(syscall.SIGTERM)
	if s := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("it ends with %v", p.cmd.ProcessState)
	}
}
