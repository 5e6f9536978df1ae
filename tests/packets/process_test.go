package packets

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is a daemon of the lab. Its output goes to a log in its folder.
type process struct {
	name string
	ns   *netNS
	dir  string
	argv []string
	env  []string

	mu   sync.Mutex
	cmd  *exec.Cmd     // guarded by mu
	done chan struct{} // closed when cmd has ended; guarded by mu
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(filepath.Join(p.dir, p.name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(p.argv[0], p.argv[1:]...)
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.env, p.dir, log, log
	if err := p.ns.start(p.cmd); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	cmd, done := p.cmd, make(chan struct{})
	p.done = done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	return nil
}

// signal sends a signal; with one that ends the process it returns when the process is gone.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.mu.Unlock()
	if err := cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("signalling %s: %w", p.name, err)
	}
	if s != syscall.SIGKILL && s != syscall.SIGTERM {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-time.After(slow(patience)):
		return fmt.Errorf("%s (%d) is still there %v after signal %v", p.name, cmd.Process.Pid, slow(patience), s)
	}
}

// waitSocket waits until a unix socket of the daemon takes connections; it ends early when the process does.
func (p *process) waitSocket(path string) error {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	for deadline := time.Now().Add(slow(patience)); time.Now().Before(deadline); {
		if c, err := net.Dial("unix", path); err == nil {
			return c.Close()
		}
		select {
		case <-done:
			out, _ := os.ReadFile(filepath.Join(p.dir, p.name+".out"))
			return fmt.Errorf("%s ended at once: %s", p.name, out)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not listen on %s after %v", p.name, path, slow(patience))
}
