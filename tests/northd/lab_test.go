// Package northd runs kove's ovn-northd where stock's belongs: with stock's tools, scripts and database servers, and beside
// stock's own ovn-northd.
package northd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/central/command"
	northd "github.com/kove-io/kove/pkg/ovn/northd/command"
	"github.com/kove-io/kove/pkg/ovn/server"
	"github.com/kove-io/kove/tests/reaper"
)

// The test binary is the program when it is called so.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "ovn-northd":
		os.Exit(northd.Run(os.Args[1:], "test", os.Stdout, os.Stderr))
	case "ovsdb-server":
		os.Exit(server.Run(os.Args[1:], "test", os.Stdout, os.Stderr))
	case "ovn-central":
		if err := command.New("test").Run(os.Args); err != nil {
			fmt.Fprintln(os.Stderr, "ovn-central:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(reaper.Main(m.Run))
}

// stockDir is where `make stock` has put stock OVN.
func stockDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("STOCK")
	if dir == "" {
		dir = "/var/tmp/kove-stock"
	}
	if _, err := os.Stat(filepath.Join(dir, "bin", "ovn-northd")); err != nil {
		t.Fatalf("stock OVN is not there (%v): run make stock", err)
	}
	return dir
}

// waitTime is for what has to happen in the end, on a machine that is busy.
const waitTime = 60 * time.Second

// lab is a folder with an OVN in it.
type lab struct {
	t     *testing.T
	dir   string
	stock string
	kove  string // folder with ovn-northd and ovn-central of kove
	env   []string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	// Unix sockets have short names.
	dir, err := os.MkdirTemp("/var/tmp", "kove-northd-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &lab{t: t, dir: dir, stock: stockDir(t), kove: filepath.Join(dir, "bin")}
	if err := os.Mkdir(l.kove, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ovn-northd", "ovn-central"} {
		if err := os.Symlink(self, filepath.Join(l.kove, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OVN_") && !strings.HasPrefix(v, "OVS_") && !strings.HasPrefix(v, "PATH=") {
			l.env = append(l.env, v)
		}
	}
	l.env = append(l.env, "PATH="+l.kove+":"+l.stock+"/bin:"+os.Getenv("PATH"), "OVS_SYSLOG_METHOD=null")
	for _, v := range []string{"OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR", "OVS_DBDIR", "OVN_DBDIR"} {
		l.env = append(l.env, v+"="+dir)
	}
	return l
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// command is a program of the lab: of kove if it has it, else of stock; a path stays.
func (l *lab) command(name string, args ...string) *exec.Cmd {
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(l.kove, name)
		if _, err := os.Lstat(path); err != nil {
			path = filepath.Join(l.stock, "bin", name)
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Dir = l.env, l.dir
	return cmd
}

// try runs a program, two minutes at most.
func (l *lab) try(name string, args ...string) (stdout, stderr string, status int) {
	l.t.Helper()
	cmd := l.command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	slow := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer slow.Stop()
	_ = cmd.Wait() // the status says it
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (l *lab) run(name string, args ...string) string {
	l.t.Helper()
	out, errs, status := l.try(name, args...)
	if status != 0 {
		l.t.Fatalf("%s %q: status %d\n%s%s", name, args, status, out, errs)
	}
	return out
}

func (l *lab) nbctl(args ...string) string {
	l.t.Helper()
	return l.run("ovn-nbctl", append([]string{"--db=unix:" + l.path("ovnnb_db.sock"), "-t60"}, args...)...)
}

func (l *lab) sbctl(args ...string) string {
	l.t.Helper()
	return l.run("ovn-sbctl", append([]string{"--db=unix:" + l.path("ovnsb_db.sock"), "-t60"}, args...)...)
}

// until waits for a condition to hold.
func (l *lab) until(what string, holds func() bool) {
	l.t.Helper()
	for end := time.Now().Add(waitTime); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("after %v it is still not so: %s", waitTime, what)
		}
	}
}

// process is a program that runs.
type process struct {
	*lab
	cmd  *exec.Cmd
	done chan struct{} // closed at its end
	ctl  string
	log  string // its standard error
}

// start runs a program in the foreground until the end of the test.
func (l *lab) start(name string, args ...string) *process {
	l.t.Helper()
	cmd := l.command(name, args...)
	log, err := os.CreateTemp(l.dir, "stderr-")
	if err != nil {
		l.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	p := &process{lab: l, cmd: cmd, done: make(chan struct{}), log: log.Name()}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // its state says it
	}()
	l.t.Cleanup(func() {
		cmd.Process.Kill()
		<-p.done
		if l.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			l.t.Logf("%s %q said at the end:\n%s", name, args, text[max(0, len(text)-3000):])
		}
	})
	return p
}

func (p *process) kill(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(waitTime):
		p.t.Fatalf("%s survives %s", p.cmd.Path, s)
	}
}

func listens(sock string) bool {
	c, err := net.Dial("unix", sock)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// databases serves NB and SB, by stock ovsdb-server or kove's ovn-central, and returns the processes.
func (l *lab) databases(of string, more ...string) []*process {
	l.t.Helper()
	var out []*process
	if of == "kove" {
		out = append(out, l.start("ovn-central", append([]string{"--no-northd", "--data-dir", l.path("data"), "--nb-remote", "punix:" + l.path("ovnnb_db.sock"),
			"--sb-remote", "punix:" + l.path("ovnsb_db.sock")}, more...)...))
	} else {
		for _, db := range []string{"nb", "sb"} {
			file := l.path(db + ".db")
			if _, err := os.Stat(file); err != nil {
				l.run("ovsdb-tool", "create", file, l.stock+"/share/ovn/ovn-"+db+".ovsschema")
			}
			out = append(out, l.start("ovsdb-server", append([]string{"--remote=punix:" + l.path("ovn"+db+"_db.sock"), "--unixctl=" + l.path(db+".ctl"),
				"-vconsole:warn", file}, more...)...))
		}
	}
	for _, db := range []string{"nb", "sb"} {
		// Stock opens its control socket behind the other.
		l.until(db+" is served", func() bool {
			return listens(l.path("ovn"+db+"_db.sock")) && (of == "kove" || listens(l.path(db+".ctl")))
		})
	}
	return out
}

// northd starts an ovn-northd in the foreground, of stock or of kove, with a control socket of its own.
func (l *lab) northd(of, name string, more ...string) *process {
	l.t.Helper()
	program := filepath.Join(map[string]string{"kove": l.kove, "stock": l.stock + "/bin"}[of], "ovn-northd")
	ctl := l.path(name + ".ctl")
	p := l.start(program, append([]string{"--unixctl=" + ctl, "-vconsole:info"}, more...)...)
	p.ctl = ctl
	l.until(name+" answers", func() bool { return listens(ctl) })
	return p
}

// appctl runs a command of a northd.
func (p *process) appctl(args ...string) string {
	p.t.Helper()
	return p.run("ovn-appctl", append([]string{"-t", p.ctl}, args...)...)
}

func (p *process) untilStatus(want string) {
	p.t.Helper()
	p.until("status "+want, func() bool { return p.appctl("status") == "Status: "+want+"\n" })
}

func readPid(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// A child that nobody has waited for is no process any more.
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z'
}

// reap ends a process in the background at the end of the test.
func (l *lab) reap(pid int) {
	l.t.Cleanup(func() {
		if alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
}

// freePort is a TCP port that nobody listened on just now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// said is what a process has written to its standard error.
func (p *process) said() string {
	p.t.Helper()
	b, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}
