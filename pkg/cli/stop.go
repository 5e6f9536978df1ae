package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/status"
)

func (app *App) stopCommand() *cli.Command {
	return &cli.Command{
		Name:  "stop",
		Usage: "stop kove on this machine; with --all also its pods and network",
		Description: `Without --all, pods and their network go on as they are; the next start takes them over. With --all, pods, containerd,
Open vSwitch and ovn-controller end too. --clean then also removes everything that kove left on this machine:
data directory, links, routes, nftables tables, mounts, sysctls, kubeconfig. There is no way back from --clean.

EXAMPLES:
   kove stop
   kove stop --all
   kove stop --all --clean`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "also end pods, containerd and the data plane", DisableDefaultText: true},
			&cli.BoolFlag{Name: "clean", Usage: "with --all: also remove all state and traces", DisableDefaultText: true},
			&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "kill kove if it has not stopped by then"},
		}, pathFlags()...),
		Action: app.stop,
	}
}

func (app *App) stop(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.Bool("clean") && !c.Bool("all") {
		return usage("--clean removes the files of what --all ends; give both")
	}
	conf, err := app.local(c)
	if err != nil {
		return err
	}
	if id := app.a.Host.UserID(); id != 0 {
		return fmt.Errorf("stopping kove as user %d: it runs as root; use sudo", id)
	}
	log := app.logger(config.Log{Format: "text"})
	found, err := app.stopKove(c.Context, conf, c.Duration("timeout"), log)
	if err != nil {
		return err
	}
	if !c.Bool("all") {
		if !found {
			return exit{ExitNotRunning, fmt.Errorf("%w; `kove stop --all` ends what an earlier one left", status.ErrNotRunning)}
		}
		return nil
	}
	if app.a.Stop == nil {
		return errors.New("this build of kove cannot end pods and data plane")
	}
	return app.a.Stop(c.Context, conf, c.Bool("clean"), log)
}

// stopKove asks the running kove to end and waits until it is gone. It tells whether there was one.
func (app *App) stopKove(ctx context.Context, conf *config.Config, timeout time.Duration, log *slog.Logger) (bool, error) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s, err := app.a.Status(asking, conf.Paths.StatusSocket())
	if errors.Is(err, status.ErrNotRunning) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	fd, err := unix.PidfdOpen(s.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return true, nil
	}
	if err != nil {
		return true, fmt.Errorf("stopping kove (pid %d): %w", s.PID, err)
	}
	defer unix.Close(fd)
	if unit := systemdUnit(s.PID); unit != "" {
		// systemd would start again what merely ends.
		log.Info("stopping", "unit", unit)
		if out, err := exec.CommandContext(ctx, "systemctl", "stop", unit).CombinedOutput(); err != nil {
			return true, fmt.Errorf("stopping %s: %w: %s", unit, err, strings.TrimSpace(string(out)))
		}
		return true, nil
	}
	log.Info("stopping", "role", s.Role, "pid", s.PID)
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return true, fmt.Errorf("stopping kove (pid %d): %w", s.PID, err)
	}
	if gone, err := awaitExit(fd, timeout); err != nil || gone {
		return true, err
	}
	log.Warn("it does not stop by itself, killing it", "pid", s.PID, "timeout", timeout)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return true, fmt.Errorf("killing kove (pid %d): %w", s.PID, err)
	}
	gone, err := awaitExit(fd, 10*time.Second)
	if err == nil && !gone {
		err = fmt.Errorf("killing kove (pid %d): it hangs in the kernel; `cat /proc/%d/stack` shows where", s.PID, s.PID)
	}
	return true, err
}

// awaitExit waits for the process behind a pidfd, which becomes readable when it ends.
func awaitExit(fd int, timeout time.Duration) (bool, error) {
	deadline := time.Now().Add(timeout)
	for {
		left := time.Until(deadline)
		if left < 0 {
			left = 0
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("waiting for kove to end: %w", err)
		}
		return n > 0, nil
	}
}

// systemdUnit is the service that a process belongs to, "" for none.
func systemdUnit(pid int) string {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return ""
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		if _, path, ok := strings.Cut(line, "/system.slice/"); ok {
			unit, _, _ := strings.Cut(path, "/")
			if strings.HasPrefix(unit, "kove") && strings.HasSuffix(unit, ".service") {
				return unit
			}
		}
	}
	return ""
}
