package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a command that will run in the host: in its namespaces, cgroup and root, with a clean environment.
// Killing it kills the process on this side alone; use `timeout` inside for commands that may hang.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	s, err := h.state()
	if err != nil || !h.Running() {
		cmd := exec.CommandContext(ctx, name)
		cmd.Err = fmt.Errorf("running %s: host %s is not running", name, h.Name)
		return cmd
	}
	// enter the cgroups from outside, where all of them are visible; then the namespaces, pid last by nsenter's fork
	enter := `pid=$1; shift; while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift
exec nsenter -t "$pid" -m -u -i -n -p -C -r/proc/"$pid"/root -w/ env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-linux}" "$@"`
	argv := []string{"-c", enter, "sh", strconv.Itoa(s.Pid)}
	for _, c := range s.Cgroups {
		argv = append(argv, c.Enter)
	}
	argv = append(append(argv, "--", name), args...)
	cmd := exec.CommandContext(ctx, "/bin/sh", argv...)
	cmd.Dir = "/"
	return cmd
}

// Run runs a command in the host and returns its standard output; the error carries the standard error.
func (h *Host) Run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := h.Command(ctx, name, args...).Output()
	if err != nil {
		var ee *exec.ExitError
		if errors.As(err, &ee) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(ee.Stderr)))
		}
		return string(out), fmt.Errorf("running %s %s on %s: %w", name, strings.Join(args, " "), h.Name, err)
	}
	return string(out), nil
}

// Spawn starts a command in the host that goes on by itself, with its output appended to log (a path in the host).
// It returns at once; the host's init is the parent.
func (h *Host) Spawn(ctx context.Context, log, name string, args ...string) error {
	script := `log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 &`
	_, err := h.Run(ctx, "sh", append([]string{"-c", script, "sh", log, name}, args...)...)
	return err
}

// PowerOff is a power cut: the init is killed, and with it everything that ran in the host. It returns when all is gone.
func (h *Host) PowerOff() error {
	s, err := h.state()
	if err != nil || !h.Running() {
		return nil
	}
	if err := unix.Kill(s.Pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("killing init of host %s: %w", h.Name, err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if startTime(s.Pid) != s.StartTime { // a pid namespace's init becomes a zombie only after all others are gone
			return nil
		}
	}
	return fmt.Errorf("powering host %s off: its init %d is still there after a minute", h.Name, s.Pid)
}
