package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/kove-io/kove/embedded"
	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/status"
	"github.com/kove-io/kove/pkg/supervise"
)

// Options is what a process knows besides its configuration.
type Options struct {
	Version string // of kove
	Logger  *slog.Logger
	// Executable is this program; containerd is started from it. Empty: found out.
	Executable string
}

// App is one running kove: the group and what several components share.
type App struct {
	config  *config.Config
	o       Options
	log     *slog.Logger
	kubeLog *slog.Logger // for Kubernetes' own code
	started time.Time
	ready   atomic.Bool

	stopping atomic.Bool

	group   *supervise.Group
	payload *embedded.Payload // what the unpacked tools are; nil without a node
	server  *serverPart       // nil on an agent
	node    *nodePart         // nil with --disable-agent
}

// Run runs kove in the role that the configuration names. It returns nil after ctx is done and everything has stopped, and
// an error when a component failed that only a new process can start again.
func Run(ctx context.Context, c *config.Config, o Options) error {
	if o.Executable == "" {
		exe, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding this program: %w", err)
		}
		o.Executable = exe
	}
	a := &App{config: c, o: o, log: o.Logger, started: time.Now()}
	a.kubeLog = kubernetesLogger(o.Logger, &a.stopping)
	if err := kube.CheckArgs(c); err != nil {
		return err
	}
	unlock, err := lock(c.Paths.Run("kove.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	bridgeLogs(a.kubeLog)
	if err := a.setPath(); err != nil {
		return err
	}
	a.group = supervise.NewGroup(a.log)
	a.group.OnReady = a.onReady
	a.group.OnChange = func(s supervise.Status) {
		if s.State == supervise.Stopping || s.State == supervise.Failed {
			a.stopping.Store(true)
		}
	}
	a.group.Add(status.Server(c.Paths.StatusSocket(), a.status))
	if c.Role == config.Server {
		if err := a.addServer(); err != nil {
			return err
		}
	}
	if c.Role == config.Agent || !c.Control.DisableAgent {
		if err := a.addNode(); err != nil {
			return err
		}
	}
	progress, stopProgress := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); a.tellProgress(progress) }()
	fed := make(chan struct{})
	go func() { defer close(fed); a.feedWatchdog(progress) }()
	err = a.group.Run(ctx)
	stopProgress()
	<-done
	<-fed
	return err
}

// lock makes sure that one kove at a time uses a run directory. The kernel drops the lock with the process.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making the run directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: another kove runs here; `kove status` shows it, `systemctl stop kove` or a signal stops it", path)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// setPath puts the payload's programs first: kubelet looks for mount, kube-proxy for nft.
func (a *App) setPath() error {
	path := a.config.Paths.Payload("bin")
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), filepath.SplitList(systemPath)...) {
		if dir != "" && !strings.Contains(":"+path+":", ":"+dir+":") {
			path += ":" + dir
		}
	}
	if err := os.Setenv("PATH", path); err != nil {
		return fmt.Errorf("setting PATH: %w", err)
	}
	return nil
}

func (a *App) onReady() {
	a.ready.Store(true)
	a.log.Info("kove is ready", "role", a.config.Role, "node", a.config.Node.Name, "took", time.Since(a.started).Round(time.Millisecond))
	// Without systemd there is nobody to tell, and that is no fault.
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		a.log.Warn("telling systemd that kove is ready", "err", err)
	}
}

// progressInterval is how often a slow start says what it waits for.
const progressInterval = 15 * time.Second

func (a *App) tellProgress(ctx context.Context) {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	freed := false
	for {
		select {
		case <-ctx.Done():
			_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
			return
		case <-tick.C:
			switch {
			case a.ready.Load() && !freed:
				// Starting leaves a quarter of the heap as garbage that the runtime would give back to the machine only
				// after minutes.
				debug.FreeOSMemory()
				freed = true
			case !a.ready.Load():
				a.log.Info("still starting", "pending", a.group.Pending(), "took", time.Since(a.started).Round(time.Second))
			}
		}
	}
}
