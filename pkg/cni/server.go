package cni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	cnitypes "github.com/containernetworking/cni/pkg/types"

	"github.com/kove-io/kove/pkg/cni/shim"
)

// listen opens the socket. Only root may call: a call moves links and ports.
func listen(path string) (*net.UnixListener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the CNI socket: %w", err)
	}
	// A socket file outlives its process. Only one kove runs per run-dir, so that nobody listens on this one.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the stale CNI socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening for CNI calls: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("protecting the CNI socket: %w", err)
	}
	return l, nil
}

// serve answers calls until ctx is done, and returns when all of them have been answered.
func (d *Daemon) serve(ctx context.Context, l *net.UnixListener) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		c, err := l.AcceptUnix()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting a CNI call: %w", err)
		}
		calls.Go(func() {
			defer c.Close()
			d.answer(ctx, c)
		})
	}
}

func (d *Daemon) answer(ctx context.Context, c *net.UnixConn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.CloseRead() })
	defer stop()
	var r shim.Request
	if err := json.NewDecoder(c).Decode(&r); err != nil {
		d.log.Warn("reading a CNI call", "err", err)
		return
	}
	// The runtime kills a shim whose time is up: then nobody wants the answer any more.
	go func() {
		_, _ = c.Read(make([]byte, 1))
		cancel()
	}()
	reply := shim.Reply{}
	result, err := d.handle(ctx, r)
	if err != nil {
		level := slog.LevelWarn
		if r.Command == shim.Status {
			level = slog.LevelDebug // the caller asks for nothing else
		}
		d.log.Log(ctx, level, "answering a CNI call with an error", "command", r.Command, "sandbox", r.ContainerID, "err", err)
		reply.Error = cniError(err)
	}
	reply.Result = result
	if err := json.NewEncoder(c).Encode(reply); err != nil {
		d.log.Warn("answering a CNI call", "command", r.Command, "sandbox", r.ContainerID, "err", err)
	}
}

func (d *Daemon) handle(ctx context.Context, r shim.Request) (json.RawMessage, error) {
	switch r.Command {
	case shim.Add:
		return d.add(ctx, r)
	case shim.Del:
		return nil, d.del(ctx, r)
	case shim.Check:
		return nil, d.check(ctx, r)
	case shim.GC:
		return nil, d.gc(ctx, r)
	case shim.Status:
		return nil, d.status()
	}
	return nil, cnitypes.NewError(cnitypes.ErrInvalidEnvironmentVariables, fmt.Sprintf("answering a CNI call: unknown command %q", r.Command), "")
}

func cniError(err error) *cnitypes.Error {
	var e *cnitypes.Error
	if errors.As(err, &e) {
		return e
	}
	return cnitypes.NewError(cnitypes.ErrTryAgainLater, err.Error(), "")
}
