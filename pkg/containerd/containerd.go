package containerd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	client "github.com/containerd/containerd/v2/client"

	"github.com/kove-io/kove/pkg/supervise"
)

// Name of the component and of its log and record files.
const Name = "containerd"

// RecordFile remembers the running daemon; supervise.StopRecorded ends it.
func (o Options) RecordFile() string { return filepath.Join(o.State, "process.json") }

// New returns the component that starts or adopts the daemon, and starts it again when it dies.
func New(o Options, log *slog.Logger) supervise.Component {
	args := []string{o.Executable, "containerd", "--config", o.ConfigFile()}
	p := supervise.NewProcess(supervise.ProcessSpec{
		Name:       Name,
		Path:       o.Executable,
		Args:       args,
		Env:        append(slices.Clip(o.Env), o.ProxyEnv...),
		LogFile:    filepath.Join(o.LogDir, "containerd.log"),
		RecordFile: o.RecordFile(),
		Survive:    true,
		Probe:      func(ctx context.Context, _ int) error { return o.serving(ctx) },
		Adopt: func(ctx context.Context, _ int) error {
			if changed, err := o.configChanged(); err != nil || changed {
				return errors.Join(errors.New("its configuration has changed"), err)
			}
			if err := o.writeHosts(); err != nil { // the daemon reads them at every pull
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return o.serving(ctx)
		},
		BeforeStart: func(context.Context) error { return o.prepare() },
	}, log)
	return supervise.Restart(p, supervise.BackoffPolicy{}, log)
}

// configChanged compares the file on disk, with which a running daemon was started, with what we would write.
func (o Options) configChanged() (bool, error) {
	want, err := o.render(detectHost())
	if err != nil {
		return false, err
	}
	have, err := os.ReadFile(o.ConfigFile())
	if err != nil || !bytes.Equal(want, have) {
		return true, nil //nolint:nilerr // no file, no daemon of ours
	}
	proxies, err := os.ReadFile(o.proxyFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Errorf("reading containerd's proxies: %w", err)
	}
	return string(proxies) != o.proxyText(), nil
}

// prepare writes the configuration and makes the folders, before a new daemon starts.
func (o Options) prepare() error {
	for dir, mode := range map[string]os.FileMode{
		o.Root: 0o711, o.State: 0o711, o.LogDir: 0o750, o.ImageDir: 0o750, o.CNIConfDir: 0o755,
		filepath.Join(o.ConfDir, "conf.d"): 0o750, o.hostsDir(): 0o750,
	} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, mode); err != nil {
			return fmt.Errorf("making a folder of containerd: %w", err)
		}
	}
	b, err := o.render(detectHost())
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.ConfigFile(), b, 0o600); err != nil {
		return fmt.Errorf("writing the configuration of containerd: %w", err)
	}
	if text := o.proxyText(); text != "" {
		err = os.WriteFile(o.proxyFile(), []byte(text), 0o600)
	} else if err = os.Remove(o.proxyFile()); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("writing containerd's proxies: %w", err)
	}
	return o.writeHosts()
}

// serving asks the daemon whether it has loaded its plugins, the CRI service among them.
func (o Options) serving(ctx context.Context) error {
	if _, err := os.Stat(o.Socket()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := client.New(o.Socket(), client.WithTimeout(2*time.Second))
	if err != nil {
		return fmt.Errorf("connecting to containerd: %w", err)
	}
	defer c.Close()
	ok, err := c.IsServing(ctx)
	if err != nil {
		return fmt.Errorf("asking containerd: %w", err)
	}
	if !ok {
		return errors.New("containerd is not serving yet")
	}
	return nil
}
