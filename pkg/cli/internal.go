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

func (app *App) northdCommand() *cli.Command {
	return &cli.Command{
		Name: "ovn-northd", Usage: "run northd against databases that someone else serves, in place of OVN's own ovn-northd", ArgsUsage: "[OPTIONS]", SkipFlagParsing: true,
		HideHelp: true, // --help is the program's own
		Description: `Takes the options, files and control commands of OVN's ovn-northd, which kove under the name ovn-northd (a link) takes too;
` + "`kove ovn-northd --help`" + ` explains them. Several of them stand by for each other, and for OVN's own.

EXAMPLES:
   kove ovn-northd --detach --pidfile --log-file --ovnnb-db=tcp:10.0.0.1:6641 --ovnsb-db=tcp:10.0.0.1:6642
   ovn-appctl -t ovn-northd status`,
		Action: func(c *cli.Context) error {
			if app.a.Northd == nil {
				return errors.New("this build of kove has no northd")
			}
			if status := app.a.Northd(c.Args().Slice()); status != ExitOK {
				return exit{status: status}
			}
			return nil
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
