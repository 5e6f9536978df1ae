package detach

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Options are those of the command line.
type Options struct {
	Program string // its name, which the kernel is told, too
	Detach  bool   // into the background
	Monitor bool   // start the worker again when it crashes
	NoChdir bool   // stay in this folder

	Crashed func(text string) // is told by the monitor when the worker has crashed; may be nil
}

// stageEnv tells a process which part it plays.
const stageEnv = "KOVE_DETACH_STAGE"

// readyFD is where the next stage says that it is ready.
const readyFD = 3

// Worker is this process when it is the one that does the work.
type Worker struct {
	opts  Options
	ready *os.File // nil when nobody waits
}

// Start becomes what the options ask for. With a nil Worker this process has played its part and is to exit with status; err
// says what went wrong, unless the one that failed has said it.
func Start(opts Options) (w *Worker, status int, err error) {
	stage := os.Getenv(stageEnv)
	if err := os.Unsetenv(stageEnv); err != nil {
		return nil, 1, err
	}
	switch {
	case stage == "" && opts.Detach:
		return parent(opts)
	case stage == "" && opts.Monitor, stage == "monitor":
		return monitor(opts, stage != "")
	}
	w = &Worker{opts: opts}
	if stage != "" {
		syscall.CloseOnExec(readyFD)
		w.ready = os.NewFile(readyFD, "ready")
	}
	setName(opts.Program)
	if opts.Monitor {
		// A monitor looks for signals: a panic that nobody catches has to end in one.
		debug.SetTraceback("crash")
	}
	return w, 0, nil
}

// Ready ends the start: whoever started this process may go on. In the background it gives up standard input, output and
// error and, unless told not to, its folder.
func (w *Worker) Ready() error {
	if w.ready == nil {
		return nil
	}
	defer w.ready.Close()
	if w.opts.Detach {
		if !w.opts.NoChdir {
			if err := os.Chdir("/"); err != nil {
				return fmt.Errorf("going into the background: %w", err)
			}
		}
		if err := closeStandard(); err != nil {
			return fmt.Errorf("going into the background: %w", err)
		}
	}
	if _, err := w.ready.Write([]byte{0}); err != nil && !errors.Is(err, syscall.EPIPE) { // it has not waited
		return fmt.Errorf("reporting readiness: %w", err)
	}
	return nil
}

// Notify has c told of signals as signal.Notify does, but for those that whoever started the program had it ignore (nohup): they
// stay ignored, here and in the programs started from here.
func Notify(c chan<- os.Signal, signals ...syscall.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
}

// closeStandard puts /dev/null in place of the standard file descriptors.
func closeStandard() error {
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	for fd := range 3 {
		if err := syscall.Dup3(int(null.Fd()), fd, 0); err != nil {
			return err
		}
	}
	return nil
}

// child is the next stage.
type child struct {
	cmd   *exec.Cmd
	ready *os.File
}

func start(stage string, session bool) (*child, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	self, err := executable()
	if err != nil {
		r.Close()
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Args = os.Args
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, stageEnv+"=") }), stageEnv+"="+stage)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, fmt.Errorf("starting %s again: %w", self, err)
	}
	return &child{cmd, r}, nil
}

// executable is this program under the name by which it was started, if that is still this program: the kernel takes a
// process's name from it.
func executable() (string, error) {
	const self = "/proc/self/exe"
	here, err := os.Stat(self)
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			if there, err := os.Stat(path); err == nil && os.SameFile(here, there) {
				return path, nil
			}
		}
	}
	return self, nil
}

// isReady waits until the child says that it is ready, or is gone.
func (c *child) isReady() bool {
	defer c.ready.Close()
	var b [1]byte
	n, _ := c.ready.Read(b[:])
	return n == 1
}

// wait returns how the child ended: with a status, or by a signal.
func (c *child) wait() (status int, by syscall.Signal, err error) {
	err = c.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, 0, err
	}
	ws := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return 128 + int(ws.Signal()), ws.Signal(), nil
	}
	return ws.ExitStatus(), 0, nil
}

func parent(opts Options) (*Worker, int, error) {
	stage := "worker"
	if opts.Monitor {
		stage = "monitor"
	}
	c, err := start(stage, true)
	if err != nil {
		return nil, 1, err
	}
	if c.isReady() {
		return nil, 0, nil
	}
	status, by, err := c.wait()
	switch {
	case err != nil:
	case by != 0:
		err = fmt.Errorf("process %d was killed by %s before it was ready", c.cmd.Process.Pid, by)
	case status == 0:
		// It ended in peace, as --help does.
	}
	return nil, status, err
}

// crashes are the signals that mean a fault in the program.
var crashes = []syscall.Signal{syscall.SIGABRT, syscall.SIGALRM, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGPIPE,
	syscall.SIGSEGV, syscall.SIGXCPU, syscall.SIGXFSZ}

// restartAfter is how far apart starts are at least, once the worker crashes.
const restartAfter = 10 * time.Second

func monitor(opts Options, background bool) (*Worker, int, error) {
	setName(opts.Program)
	self := &Worker{opts: opts}
	if background {
		syscall.CloseOnExec(readyFD)
		self.ready = os.NewFile(readyFD, "ready")
	}
	signals := make(chan os.Signal, 8)
	Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	for n, last := 0, time.Now(); ; {
		c, err := start("worker", false)
		if err != nil {
			return nil, 1, err
		}
		ready := c.isReady()
		if ready && self.ready != nil {
			if err := self.Ready(); err != nil {
				return nil, 1, errors.Join(err, c.cmd.Process.Kill())
			}
			self.ready = nil
		}
		status, by, err := c.follow(signals)
		if err != nil || !slices.Contains(crashes, by) || !ready && n == 0 {
			if err == nil && by != 0 && !ready {
				err = fmt.Errorf("process %d was killed by %s before it was ready", c.cmd.Process.Pid, by)
			}
			return nil, status, err
		}
		n++
		if opts.Crashed != nil {
			opts.Crashed(fmt.Sprintf("%d crashes: pid %d died, killed (%s), restarting", n, c.cmd.Process.Pid, by))
		}
		if rest := restartAfter - time.Since(last); n > 1 && rest > 0 {
			select {
			case <-time.After(rest):
			case s := <-signals:
				return nil, 128 + int(s.(syscall.Signal)), nil
			}
		}
		last = time.Now()
	}
}

// follow waits for the child and passes signals on to it.
func (c *child) follow(signals <-chan os.Signal) (int, syscall.Signal, error) {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case s := <-signals:
				_ = c.cmd.Process.Signal(s) // it may be gone, which is what wait is about
			case <-done:
				return
			}
		}
	}()
	defer func() {
		close(done)
		<-stopped
	}()
	return c.wait()
}

// setName makes ps and /proc show the program's name, not that of the file that was executed. It is a nicety: scripts that
// compare it find the wrong one otherwise.
func setName(name string) {
	_ = os.WriteFile("/proc/self/comm", []byte(name), 0o644) // no /proc, no name
}
