package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// ProcessSpec describes a child program.
type ProcessSpec struct {
	Name string
	Path string   // executable
	Args []string // argv[0] first; when empty, argv is just Path
	Env  []string // the whole environment: nothing is inherited
	Dir  string   // working directory, "/" when empty

	// LogFile receives stdout and stderr. It is a file and not a pipe because the child outlives us. What is more than
	// 16 MiB is moved to LogFile.1.
	LogFile string

	// RecordFile remembers which process was started, so that a later kove can adopt it. It belongs on a file system
	// that is emptied by a reboot; the boot id in it covers the case that it is not. Empty means no adoption.
	RecordFile string

	// Survive leaves the process running when the component's context is done (the data plane outlives kove). Otherwise
	// it gets Stop, or SIGTERM, then SIGKILL after StopTimeout (default 10 s).
	Survive     bool
	Stop        func(ctx context.Context, pid int) error
	StopTimeout time.Duration

	// Probe returns nil once the process answers (for example over its unixctl socket). It is repeated until
	// ReadyTimeout (default 60 s) is over; then the start counts as failed. Nil means ready once started.
	Probe        func(ctx context.Context, pid int) error
	ReadyTimeout time.Duration

	// Adopt gets the last word on taking over a running process whose executable, start time and arguments are those
	// we expect. An error makes it be replaced. Nil trusts the record.
	Adopt func(ctx context.Context, pid int) error

	// Replace ends a process that cannot be adopted, because it runs another executable or other arguments (after an
	// upgrade) or because Adopt refused it. Nil means Stop.
	Replace func(ctx context.Context, pid int) error

	// BeforeStart runs right before a new process is started, never before an adoption: for clearing stale sockets.
	BeforeStart func(ctx context.Context) error
}

// Process is a component that starts a child program, or adopts the one that an earlier kove left running, and returns
// when it dies. Wrap it in Restart to have it started again.
type Process struct {
	spec ProcessSpec
	log  *slog.Logger

	mu      sync.Mutex // guards the fields below
	pid     int
	adopted bool
}

// NewProcess returns the component for spec.
func NewProcess(spec ProcessSpec, log *slog.Logger) *Process {
	if len(spec.Args) == 0 {
		spec.Args = []string{spec.Path}
	}
	if spec.Dir == "" {
		spec.Dir = "/"
	}
	if spec.StopTimeout == 0 {
		spec.StopTimeout = 10 * time.Second
	}
	if spec.ReadyTimeout == 0 {
		spec.ReadyTimeout = 60 * time.Second
	}
	return &Process{spec: spec, log: log.With("component", spec.Name)}
}

// Name implements Component.
func (p *Process) Name() string { return p.spec.Name }

// PID returns the process id of the running child, 0 when there is none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// Adopted says whether the running child was started by an earlier kove.
func (p *Process) Adopted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.adopted
}

// Report implements Reporter.
func (p *Process) Report(s *Status) { s.PID = p.PID() }

func (p *Process) setPID(pid int, adopted bool) {
	p.mu.Lock()
	p.pid, p.adopted = pid, adopted
	p.mu.Unlock()
}

// Run implements Component.
func (p *Process) Run(ctx context.Context, ready func()) error {
	child, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer child.close()
	p.setPID(child.pid, child.cmd == nil)
	defer p.setPID(0, false)

	if err := p.awaitReady(ctx, child); err != nil {
		if ctx.Err() != nil {
			return p.leave(ctx, child)
		}
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.spec.StopTimeout)
		defer cancel()
		return errors.Join(err, p.end(stop, child, p.spec.Stop))
	}
	ready()

	logs, stopLogs := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() { defer close(kept); p.keepLogSmall(logs) }()
	err = child.wait(ctx)
	stopLogs()
	<-kept
	if ctx.Err() != nil {
		return p.leave(ctx, child)
	}
	p.forget()
	return err
}

// leave is called when the component has to stop while the process runs.
func (p *Process) leave(ctx context.Context, child *child) error {
	if p.spec.Survive {
		return nil
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.spec.StopTimeout)
	defer cancel()
	return p.end(stop, child, p.spec.Stop)
}

// acquire adopts a running process or starts a new one.
func (p *Process) acquire(ctx context.Context) (*child, error) {
	if p.spec.RecordFile != "" {
		child, err := p.adopt(ctx)
		if err != nil || child != nil {
			return child, err
		}
	}
	if p.spec.BeforeStart != nil {
		if err := p.spec.BeforeStart(ctx); err != nil {
			return nil, fmt.Errorf("preparing the start of %s: %w", p.spec.Name, err)
		}
	}
	return p.start()
}

func (p *Process) adopt(ctx context.Context) (*child, error) {
	rec, old, err := openRecord(p.spec.RecordFile)
	if err != nil {
		return nil, err
	}
	if old == nil {
		// No usable record. A kove that was killed between starting the child and writing the record leaves a process
		// that only its command line identifies.
		if old = findByCommand(p.spec.Path, p.spec.Args); old == nil {
			return nil, nil
		}
		rec = &record{Path: resolve(p.spec.Path), Args: p.spec.Args}
	}
	refusal := error(nil)
	switch {
	case rec.Path != resolve(p.spec.Path) || !slices.Equal(rec.Args, p.spec.Args):
		refusal = errors.New("it runs another executable or other arguments")
	case old.stale:
		refusal = errors.New("its executable has been replaced")
	case p.spec.Adopt != nil:
		refusal = p.spec.Adopt(ctx, old.pid)
	}
	if refusal == nil {
		if err := p.writeRecord(old); err != nil {
			old.close()
			return nil, err
		}
		p.log.Info("adopted the running process", "pid", old.pid)
		return old, nil
	}
	defer old.close()
	if ctx.Err() != nil { // it was not asked to the end: no reason to take it down
		return nil, ctx.Err()
	}
	p.log.Info("replacing the running process", "pid", old.pid, "reason", refusal)
	stop, cancel := context.WithTimeout(ctx, p.spec.StopTimeout)
	defer cancel()
	replace := p.spec.Replace
	if replace == nil {
		replace = p.spec.Stop
	}
	if err := p.end(stop, old, replace); err != nil {
		return nil, fmt.Errorf("replacing %s (pid %d): %w", p.spec.Name, old.pid, err)
	}
	return nil, nil
}

const (
	maxLog        = 16 << 20 // the size from which a log file is set aside
	logCheckEvery = time.Minute
)

// keepLogSmall sets the log of the running process aside when it has grown.
func (p *Process) keepLogSmall(ctx context.Context) {
	if p.spec.LogFile == "" {
		return
	}
	tick := time.NewTicker(logCheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if fi, err := os.Stat(p.spec.LogFile); err != nil || fi.Size() <= maxLog {
				continue
			}
			if err := setLogAside(p.spec.LogFile); err != nil {
				p.log.Warn("setting the log aside", "err", err)
			}
		}
	}
}

// setLogAside copies a log and empties it: the process keeps the file open, and writes to its end wherever that is, since
// it was opened for appending. Lines written between the two steps are lost.
func setLogAside(path string) error {
	in, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("copying the log: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copying the log: %w", err)
	}
	if err := in.Truncate(0); err != nil {
		return fmt.Errorf("emptying the log: %w", err)
	}
	return nil
}

func (p *Process) start() (*child, error) {
	logFile, err := p.openLog()
	if err != nil {
		return nil, err
	}
	if logFile != nil {
		defer logFile.Close()
	}
	cmd := &exec.Cmd{Path: p.spec.Path, Args: p.spec.Args, Env: p.spec.Env, Dir: p.spec.Dir,
		// A session of its own: signals of our terminal and of our process group do not reach it.
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	if logFile != nil {
		cmd.Stdout, cmd.Stderr = logFile, logFile
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.spec.Name, err)
	}
	c, err := openChild(cmd.Process.Pid)
	if err == nil {
		c.cmd = cmd
		err = p.writeRecord(c)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if errors.Is(err, errExited) {
			return nil, fmt.Errorf("starting %s: the process exited at once: %s (see %s)", p.spec.Name, cmd.ProcessState, p.spec.LogFile)
		}
		return nil, fmt.Errorf("starting %s: %w", p.spec.Name, err)
	}
	p.log.Info("started the process", "pid", c.pid)
	return c, nil
}

func (p *Process) openLog() (*os.File, error) {
	if p.spec.LogFile == "" {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(p.spec.LogFile), 0o750); err != nil {
		return nil, fmt.Errorf("making the log folder of %s: %w", p.spec.Name, err)
	}
	if fi, err := os.Stat(p.spec.LogFile); err == nil && fi.Size() > maxLog {
		if err := os.Rename(p.spec.LogFile, p.spec.LogFile+".1"); err != nil {
			return nil, fmt.Errorf("setting aside the log of %s: %w", p.spec.Name, err)
		}
	}
	f, err := os.OpenFile(p.spec.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.spec.Name, err)
	}
	return f, nil
}

// A starting process is asked every probeInterval whether it answers, and more seldom where asking takes long.
const probeInterval = 50 * time.Millisecond

func (p *Process) awaitReady(ctx context.Context, child *child) error {
	if p.spec.Probe == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.spec.ReadyTimeout)
	defer cancel()
	died := make(chan error, 1)
	waitCtx, stopWaiting := context.WithCancel(ctx)
	go func() { died <- child.wait(waitCtx) }()
	defer func() { stopWaiting(); <-died }()
	for {
		began := time.Now()
		err := p.spec.Probe(ctx, child.pid)
		if err == nil {
			return nil
		}
		select {
		case exit := <-died:
			died <- exit
			if ctx.Err() == nil {
				return fmt.Errorf("starting %s: %w (see %s)", p.spec.Name, exit, p.spec.LogFile)
			}
			return fmt.Errorf("waiting for %s to answer: %w", p.spec.Name, err)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to answer: %w (see %s)", p.spec.Name, err, p.spec.LogFile)
		case <-time.After(min(max(probeInterval, 4*time.Since(began)), time.Second)):
		}
	}
}

// end asks the process to stop by how, or with SIGTERM, and kills it when ctx is over.
func (p *Process) end(ctx context.Context, child *child, how func(context.Context, int) error) error {
	asked := errors.New("no way to ask")
	if how != nil {
		if asked = how(ctx, child.pid); asked != nil {
			p.log.Warn("asking the process to stop", "pid", child.pid, "err", asked)
		}
	}
	if asked != nil {
		if err := child.signal(syscall.SIGTERM); err != nil {
			return err
		}
	}
	_ = child.wait(ctx)
	if ctx.Err() != nil {
		p.log.Warn("the process did not stop in time, killing it", "pid", child.pid)
		if err := child.signal(syscall.SIGKILL); err != nil {
			return err
		}
		kill, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = child.wait(kill)
		if kill.Err() != nil {
			return fmt.Errorf("killing %s (pid %d): it is still there", p.spec.Name, child.pid)
		}
	}
	p.forget()
	return nil
}

func (p *Process) forget() {
	if p.spec.RecordFile != "" {
		_ = os.Remove(p.spec.RecordFile)
	}
}
