package northd

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestErrors compares how stock's northd and kove's end when they cannot start.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		args string
		err  string // what kove says on standard error, after "ovn-northd: "
		same bool   // so does stock
	}{
		{"-vfoo", `processing "foo": no destination, level, or module "foo"`, true},
		{"-vfile:foo --version", `processing "file:foo": no destination, level, or module "foo"`, true},
		{"--syslog-method=foo", "unsupported syslog method 'foo'", true},
		{"--log-file=/nonexistent/x.log", "/nonexistent/x.log: no such file or directory", false},
		{"--pidfile=/nonexistent/x.pid", "/nonexistent/x.pid.tmp: no such file or directory", false},
		{"--pidfile=/nonexistent/x.pid --detach", "/nonexistent/x.pid.tmp: no such file or directory", false},
		{"--unixctl=/nonexistent/x.ctl", "/nonexistent/x.ctl", false},
		{"--unixctl=/nonexistent/x.ctl --detach", "/nonexistent/x.ctl", false},
		{"--unixctl=/nonexistent/x.ctl --detach --monitor", "/nonexistent/x.ctl", false},
	} {
		l := newLab(t)
		var status [2]int
		for i, path := range []string{l.stock + "/bin", l.kove} {
			_, errs, s := l.try(path+"/ovn-northd", strings.Fields(tc.args)...)
			status[i] = s
			if (i == 1 || tc.same) && !strings.Contains(errs, tc.err) || tc.same && errs != "ovn-northd: "+tc.err+"\n" && i == 1 {
				t.Errorf("%s: %s says %q, not %q", tc.args, path, errs, tc.err)
			}
		}
		if status[0] != status[1] {
			t.Errorf("%s: status %d of stock and %d of kove", tc.args, status[0], status[1])
		}
	}
	// Where stock goes on and never works, or ignores what it is told, kove ends.
	for args, want := range map[string]string{
		"--nonsense":                            "unrecognized option '--nonsense' (see ovn-northd --help)",
		"-x":                                    "invalid option -- 'x' (see ovn-northd --help)",
		"stray":                                 "argument 'stray' is not expected: everything is an option (see ovn-northd --help)",
		"--n-threads":                           "option '--n-threads' requires an argument (see ovn-northd --help)",
		"--p":                                   "option '--p' is ambiguous; possibilities: '--pidfile' '--private-key' (see ovn-northd --help)",
		"--no-chdir=3":                          "option '--no-chdir' doesn't allow an argument (see ovn-northd --help)",
		"-d":                                    "option requires an argument -- 'd' (see ovn-northd --help)",
		"--ovnnb-db=foo:bar":                    "--ovnnb-db=foo:bar: want unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, several with commas between them",
		"--ovnsb-db=":                           "--ovnsb-db names no database server",
		"--ovnsb-db=ptcp:6642":                  "--ovnsb-db=ptcp:6642: waiting for the database server to connect is not supported",
		"--ovnsb-db=tcp:h:1,ssl:h:2":            "--ovnsb-db=ssl:h:2 needs --private-key, --certificate and --ca-cert",
		"--ssl-protocols=SSLv2 -p k -c c -C ca": "--ssl-protocols=SSLv2: SSL/TLS protocol SSLv2 not recognized",
		"--user=nobody-of-that-name --no-chdir": "--user nobody-of-that-name: user: unknown user nobody-of-that-name",
		"--detach --user=nobody-of-that-name":   "--user nobody-of-that-name: user: unknown user nobody-of-that-name",
	} {
		l := newLab(t)
		out, errs, status := l.try("ovn-northd", strings.Fields(args)...)
		if status != 1 || out != "" || !strings.HasPrefix(errs, "ovn-northd: "+want) {
			t.Errorf("%s: status %d, %q, want %q", args, status, out+errs, want)
		}
		left, _ := os.ReadDir(l.dir)
		if len(left) != 1 {
			t.Errorf("%s left something behind: %v", args, left)
		}
	}
}

// TestHelp asks both what they can do: kove's takes every option that stock's does.
func TestHelp(t *testing.T) {
	l := newLab(t)
	stock, kove := l.run(l.stock+"/bin/ovn-northd", "--options"), l.run("ovn-northd", "-o")
	if stock != kove {
		// Stock prints whatever is in its table where there is no short name.
		have := map[string]bool{}
		for _, line := range strings.Split(kove, "\n") {
			have[line] = true
		}
		for _, line := range strings.Split(stock, "\n") {
			if strings.HasPrefix(line, "--") && !have[line] {
				t.Errorf("%s is missing", line)
			}
		}
	}
	help := l.run("ovn-northd", "--help")
	for _, line := range strings.Split(stock, "\n") {
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "--") && name != "--options" && name != "--no-self-confinement" && !strings.Contains(help, name) {
			t.Errorf("--help does not say what %s does", name)
		}
	}
	for _, want := range []string{"unix:" + l.dir + "/ovnnb_db.sock", l.dir + "/ovn-northd.log", "Example:", "ovn-appctl -t ovn-northd status"} {
		if !strings.Contains(help, want) {
			t.Errorf("--help does not say %q", want)
		}
	}
	if v := l.run("ovn-northd", "-V", "--nonsense"); v != "ovn-northd 25.03.0\nkove test\n" {
		t.Errorf("version %q", v)
	}
}

// TestDetach is the life of a daemon in the background, files and all.
func TestDetach(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	l.run("ovn-northd", "--detach", "--pidfile", "--log-file", "--overwrite-pidfile", "-vconsole:dbg")
	// It answers as soon as the command is back, by the names that ovn-appctl looks for.
	if s := l.run("ovn-appctl", "-t", "ovn-northd", "is-paused"); s != "false\n" {
		t.Fatal(s)
	}
	pid := readPid(t, l.path("ovn-northd.pid"))
	l.reap(pid)
	if !listens(l.path(fmt.Sprintf("ovn-northd.%d.ctl", pid))) {
		t.Error("no ovn-northd.PID.ctl")
	}
	if cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); cwd != "/" {
		t.Errorf("it stays in %s", cwd)
	}
	for fd := range 3 {
		if to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); to != "/dev/null" {
			t.Errorf("descriptor %d is %s", fd, to)
		}
	}
	if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(comm) != "ovn-northd\n" {
		t.Errorf("the kernel calls it %s", comm)
	}
	if sid, err := getsid(pid); err != nil || sid != pid {
		t.Errorf("session %d %v", sid, err)
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")

	// A second one is refused while the first runs, by its parent and in the foreground, and by stock's.
	for _, args := range [][]string{{"--pidfile"}, {"--pidfile", "--detach"}} {
		for _, path := range []string{l.kove, l.stock + "/bin"} {
			_, errs, status := l.try(path+"/ovn-northd", args...)
			if want := fmt.Sprintf("ovn-northd: %s: already running as pid %d, aborting\n", l.path("ovn-northd.pid"), pid); status != 1 || errs != want {
				t.Errorf("a second one: %d %q, want %q", status, errs, want)
			}
		}
	}
	// A pidfile of its own is another matter.
	l.run("ovn-northd", "--detach", "--no-chdir", "--pidfile=other.pid", "--unixctl=other.ctl")
	other := readPid(t, l.path("other.pid"))
	l.reap(other)
	if cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", other)); cwd != l.dir {
		t.Errorf("with --no-chdir it goes to %s", cwd)
	}
	if s := l.run("ovn-appctl", "-t", l.path("other.ctl"), "status"); s != "Status: standby\n" {
		t.Error(s)
	}
	// SIGTERM ends it and removes what it has made.
	if err := syscall.Kill(other, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	l.until("it ends", func() bool { return !alive(other) })
	for _, name := range []string{"other.pid", "other.ctl"} {
		if _, err := os.Stat(l.path(name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there", name)
		}
	}
	// A log that is moved away is opened again.
	if err := os.Rename(l.path("ovn-northd.log"), l.path("ovn-northd.log.1")); err != nil {
		t.Fatal(err)
	}
	l.run("ovn-appctl", "-t", "ovn-northd", "vlog/reopen")
	l.run("ovn-appctl", "-t", "ovn-northd", "exit")
	l.until("it ends", func() bool { return !alive(pid) })
	for name, want := range map[string]string{"ovn-northd.log.1": "|ovn_northd|INFO|ovn-northd lock acquired. This ovn-northd instance is now active.\n",
		"ovn-northd.log": "|ovn_northd|INFO|exiting\n"} {
		if text, _ := os.ReadFile(l.path(name)); !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q:\n%s", name, want, text)
		}
	}
	if left, _ := filepath.Glob(l.path("ovn-northd*.[pc]*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	// The pidfile of one that was killed is no obstacle.
	l.run("ovn-northd", "--detach", "--pidfile")
	pid = readPid(t, l.path("ovn-northd.pid"))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.until("it ends", func() bool { return !alive(pid) })
	l.run("ovn-northd", "--detach", "--pidfile")
	l.reap(readPid(t, l.path("ovn-northd.pid")))
	l.run("ovn-appctl", "-t", "ovn-northd", "exit")
}

// TestForeground ends it by signals: the parent sees which, as with stock.
func TestForeground(t *testing.T) {
	// What is ignored here (SIGHUP, when the tests run under nohup) a child would ignore too; what is caught it does not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		p := newLab(t).northd("kove", "northd", "--pidfile")
		p.kill(s)
		ws := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !ws.Signaled() || ws.Signal() != s {
			t.Errorf("%s: it ends with %s", s, p.cmd.ProcessState)
		}
		if left, _ := filepath.Glob(p.path("*.[pc]*")); len(left) > 0 {
			t.Errorf("%s: left behind: %q", s, left)
		}
	}
}

// TestIgnoredSignal starts it as nohup does: it lives on after SIGHUP, as stock's.
func TestIgnoredSignal(t *testing.T) {
	signal.Ignore(syscall.SIGHUP) // its children too
	defer signal.Reset(syscall.SIGHUP)
	for _, of := range []string{"stock", "kove"} {
		p := newLab(t).northd(of, "northd")
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.appctl("status")
		p.kill(syscall.SIGTERM)
		if ws := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGTERM {
			t.Errorf("%s: it ends with %s, not with the later SIGTERM", of, p.cmd.ProcessState)
		}

		// In the background, too, and so does its monitor.
		l := newLab(t)
		path := l.kove
		if of == "stock" {
			path = l.stock + "/bin"
		}
		l.run(path+"/ovn-northd", "--detach", "--monitor", "--no-chdir", "--pidfile", "-vconsole:off")
		pid := readPid(t, l.path("ovn-northd.pid"))
		monitor := parent(t, pid)
		l.reap(monitor)
		l.reap(pid)
		for _, id := range []int{monitor, pid} {
			if err := syscall.Kill(id, syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		l.run("ovn-appctl", "-t", "ovn-northd", "status")
		if !alive(monitor) || readPid(t, l.path("ovn-northd.pid")) != pid {
			t.Errorf("%s: one of the two was ended", of)
		}
		l.run("ovn-appctl", "-t", "ovn-northd", "exit")
		l.until("both end", func() bool { return !alive(pid) && !alive(monitor) })
	}
}

// TestMonitor crashes it: the monitor starts it again, and ends when it ends otherwise.
func TestMonitor(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	l.run("ovn-northd", "--detach", "--monitor", "--no-chdir", "--pidfile", "--log-file", "-vconsole:off")
	pid := readPid(t, l.path("ovn-northd.pid"))
	monitor := parent(t, pid)
	l.reap(monitor)
	l.reap(pid)
	if monitor <= 1 {
		t.Fatalf("its parent is %d", monitor)
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	if err := syscall.Kill(pid, syscall.SIGSEGV); err != nil {
		t.Fatal(err)
	}
	next := 0
	l.until("it is started again", func() bool {
		b, _ := os.ReadFile(l.path("ovn-northd.pid"))
		fmt.Sscan(string(b), &next)
		return next != 0 && next != pid && alive(next) && listens(l.path(fmt.Sprintf("ovn-northd.%d.ctl", next)))
	})
	l.reap(next)
	if parent(t, next) != monitor {
		t.Error("someone else has started it")
	}
	l.nbctl("--wait=sb", "ls-add", "sw1")
	text, _ := os.ReadFile(l.path("ovn-northd.log"))
	if want := fmt.Sprintf("|daemon_unix|ERR|1 crashes: pid %d died, killed (aborted), restarting\n", pid); !strings.Contains(string(text), want) {
		t.Errorf("the log does not say %q", want)
	}
	if !strings.Contains(string(text), "SIGSEGV: segmentation violation") {
		t.Error("the log does not say where it crashed")
	}
	l.run("ovn-appctl", "-t", "ovn-northd", "exit")
	l.until("both end", func() bool { return !alive(next) && !alive(monitor) })
}
