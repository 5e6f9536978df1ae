package cli

import (
	"errors"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func (app *App) centralCommand() *cli.Command {
	return &cli.Command{
		Name: "ovn-central", Usage: "run OVN's northbound and southbound databases and northd alone", ArgsUsage: "[ARGUMENTS]", SkipFlagParsing: true,
		Description: `For an OVN without Kubernetes, or for an ovn-kubernetes or Kube-OVN that someone else runs. The same as the separate
program ovn-central.

EXAMPLES:
   kove ovn-central --data-dir /var/lib/ovn --nb-remote punix:/run/ovn/ovnnb_db.sock --sb-remote ptcp:6642`,
		Action: func(c *cli.Context) error {
			if app.a.Central == nil {
				return errors.New("this build of kove has no OVN central")
			}
			ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return app.a.Central(ctx, c.Args().Slice())
		},
	}
}

func (app *App) containerdCommand() *cli.Command {
	return &cli.Command{
		Name: "containerd", Usage: "the container runtime, started by kove itself", Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			if app.a.Containerd == nil {
				return errors.New("this build of kove has no containerd")
			}
			return app.a.Containerd(c.Context, c.Args().Slice())
		},
	}
}
