package install

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Service keeps kove running on a machine.
type Service interface {
	// Describe says in a few words what it is.
	Describe() string
	// Logs is the command that shows what kove says.
	Logs() string
	// Enable makes it start at boot and Disable undoes that.
	Enable(ctx context.Context) error
	Disable(ctx context.Context) error
	// Start and Restart do not wait for kove to be ready.
	Start(ctx context.Context) error
	Restart(ctx context.Context) error
	// Stop waits until kove is gone.
	Stop(ctx context.Context) error
	// Active tells whether it runs kove or is about to, and if not, why.
	Active(ctx context.Context) (bool, string)
	// Reload makes it read its files again.
	Reload(ctx context.Context) error
}

// HasSystemd tells whether systemd runs this machine (sd_booted(3)).
func HasSystemd() bool {
	fi, err := os.Lstat("/run/systemd/system")
	return err == nil && fi.IsDir()
}

// NewService returns systemd's unit, or the script that stands in for it.
func NewService(name, binDir string) Service {
	if HasSystemd() {
		return unit{name + ".service"}
	}
	return script{name: name, path: filepath.Join(binDir, "kove-service")}
}

func run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("running %s %s: %w: %s", name, strings.Join(args, " "), err, text)
	}
	return text, nil
}

type unit struct{ name string }

func (u unit) Describe() string { return "systemd unit " + u.name }
func (u unit) Logs() string     { return "journalctl -u " + u.name }

func (u unit) ctl(ctx context.Context, args ...string) error {
	_, err := run(ctx, "systemctl", append(args, u.name)...)
	return err
}

func (u unit) Enable(ctx context.Context) error  { return u.ctl(ctx, "enable", "--quiet") }
func (u unit) Disable(ctx context.Context) error { return u.ctl(ctx, "disable", "--quiet") }
func (u unit) Start(ctx context.Context) error   { return u.ctl(ctx, "start", "--no-block") }
func (u unit) Restart(ctx context.Context) error { return u.ctl(ctx, "restart", "--no-block") }
func (u unit) Stop(ctx context.Context) error    { return u.ctl(ctx, "stop") }

func (u unit) Active(ctx context.Context) (bool, string) {
	state, _ := run(ctx, "systemctl", "is-active", u.name) // its exit status says the same as its word
	return state == "active" || state == "activating" || state == "reloading", state
}

func (u unit) Reload(ctx context.Context) error {
	_, err := run(ctx, "systemctl", "daemon-reload")
	return err
}

// script is kove-service, which runs kove in a loop. Boot is the operator's: docs/install.md says how for other inits.
type script struct{ name, path string }

func (s script) Describe() string { return s.path + " (no systemd here)" }
func (s script) Logs() string     { return "tail " + logFile(s.name) }

func (s script) Enable(context.Context) error  { return nil }
func (s script) Disable(context.Context) error { return nil }
func (s script) Reload(context.Context) error  { return nil }

func (s script) do(ctx context.Context, verb string) error {
	_, err := s.run(ctx, verb)
	return err
}

// run does not read the script's output through a pipe: what it starts keeps its ends.
func (s script) run(ctx context.Context, verb string) (string, error) {
	fd, err := unix.MemfdCreate("kove-service", unix.MFD_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w", s.path, verb, err)
	}
	out := os.NewFile(uintptr(fd), "kove-service")
	defer out.Close()
	cmd := exec.CommandContext(ctx, s.path, verb)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	err = cmd.Run()
	_, _ = out.Seek(0, io.SeekStart)
	b, _ := io.ReadAll(out) // only for the message
	text := strings.TrimSpace(string(b))
	if err != nil {
		return text, fmt.Errorf("running %s %s: %w: %s", s.path, verb, err, text)
	}
	return text, nil
}

func (s script) Start(ctx context.Context) error   { return s.do(ctx, "start") }
func (s script) Restart(ctx context.Context) error { return s.do(ctx, "restart") }

func (s script) Stop(ctx context.Context) error {
	if _, err := os.Stat(s.path); err != nil {
		return nil //nolint:nilerr // an interrupted uninstall has removed it, after it had stopped
	}
	return s.do(ctx, "stop")
}

func (s script) Active(ctx context.Context) (bool, string) {
	if _, err := os.Stat(s.path); err != nil {
		return false, "not installed"
	}
	text, err := s.run(ctx, "status")
	return err == nil, text
}

func logFile(service string) string { return "/var/log/" + service + ".log" }
