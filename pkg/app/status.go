package app

import (
	"context"
	"os"

	"github.com/kove-io/kove/pkg/status"
)

func (a *App) status(ctx context.Context) *status.Status {
	c := a.config
	return &status.Status{
		Role: string(c.Role), Node: c.Node.Name, PID: os.Getpid(), Started: a.started, Ready: a.ready.Load(),
		Components: status.FromGroup(a.group.Status()),
		Processes:  status.Processes(a.o.Executable, c.Paths.Payload()),
	}
}
