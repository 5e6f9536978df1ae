// Package command is the command line of ovn-central, shared by the program of that name and by `kove ovn-central`.
//
// It owns flags and their checks; what runs is package central. It must not know Kubernetes.
package command

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/ovn/central"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/vlog"
)

const description = `Runs OVN's northbound and southbound databases and northd in one process, without Kubernetes.

A REMOTE says where a database listens:
   punix:PATH       a unix socket
   ptcp:PORT[:IP]   TCP, for trusted networks only
   pssl:PORT[:IP]   TLS; clients must show a certificate of the CA
   tcp:HOST:PORT, ssl:HOST:PORT, unix:PATH
                    a client to connect to
   db:DATABASE,TABLE,COLUMN
                    wherever rows in the database say, for example
                    db:OVN_Northbound,NB_Global,connections

Example:
   ovn-central --data-dir /var/lib/ovn --nb-remote punix:/run/ovn/ovnnb_db.sock \
     --sb-remote punix:/run/ovn/ovnsb_db.sock --sb-remote pssl:6642 \
     --private-key sb.key --certificate sb.crt --ca-cert ca.crt
   ovn-nbctl --db=unix:/run/ovn/ovnnb_db.sock show

It stops on SIGINT and SIGTERM.`

// New returns the command line for a version of the program.
func New(version string) *cli.App {
	return &cli.App{
		Name:            "ovn-central",
		Usage:           "OVN databases and northd in one process",
		Description:     description,
		UsageText:       "ovn-central --data-dir DIR --nb-remote REMOTE... --sb-remote REMOTE... [flags]",
		Version:         version,
		HideHelpCommand: true,
		// The commas of db:DATABASE,TABLE,COLUMN are the remote's.
		DisableSliceFlagSeparator: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data-dir", Usage: "keep nb.db and sb.db in `DIR`, which is made if it is not there"},
			&cli.StringSliceFlag{Name: "nb-remote", Usage: "serve the northbound database on `REMOTE`; may be given again"},
			&cli.StringSliceFlag{Name: "sb-remote", Usage: "serve the southbound database on `REMOTE`; may be given again"},
			&cli.StringFlag{Name: "private-key", Usage: "PEM `FILE` with the private key of pssl remotes"},
			&cli.StringFlag{Name: "certificate", Usage: "PEM `FILE` with the certificate of pssl remotes"},
			&cli.StringFlag{Name: "ca-cert", Usage: "PEM `FILE` with the CA that signs the certificates of clients"},
			&cli.StringFlag{Name: "sb-role", Usage: "RBAC `ROLE` of clients of the southbound's pssl remotes, named by their certificates; usually ovn-controller"},
			&cli.IntFlag{Name: "monitor-history", Value: 10_000, Usage: "remember `N` changed rows for clients that come back; 0 sends them everything anew, as stock does"},
			&cli.StringFlag{Name: "ctl-dir", Usage: "put control sockets for ovn-appctl, ovnnb_db.ctl and ovnsb_db.ctl, into `DIR`"},
			&cli.BoolFlag{Name: "no-northd", Usage: "serve the databases only; run a northd elsewhere: ovn-northd is its command line"},
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "`LEVEL` debug, info, warn or error"},
		},
		Commands: fileCommands(),
		Action:   func(c *cli.Context) error { return run(c, version) },
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return fmt.Errorf("%w: see ovn-central --help", err)
		},
	}
}

func run(c *cli.Context, version string) error {
	if c.NArg() > 0 {
		return fmt.Errorf("argument %q is not expected: everything is a flag, see ovn-central --help", c.Args().First())
	}
	if c.String("data-dir") == "" {
		return errors.New("--data-dir is missing: say where to keep the databases, for example --data-dir /var/lib/ovn")
	}
	for _, name := range []string{"nb-remote", "sb-remote"} {
		remotes := c.StringSlice(name)
		if len(remotes) == 0 {
			return fmt.Errorf("--%s is missing: say where to listen, for example --%s punix:/run/ovn/ovn%s_db.sock", name, name, name[:2])
		}
		for _, r := range remotes {
			if strings.HasPrefix(r, "pssl:") {
				for _, f := range []string{"private-key", "certificate", "ca-cert"} {
					if c.String(f) == "" {
						return fmt.Errorf("--%s %s needs --%s", name, r, f)
					}
				}
			}
		}
	}
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return fmt.Errorf("--log-level %q: want debug, info, warn or error", c.String("log-level"))
	}
	vlogs := vlog.Over("ovn-central", slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), "ovn_central", "northd", "transaction")
	vlogs.Accept(vlog.ServerModules()...)
	if err := vlogs.Set(map[slog.Level]string{slog.LevelDebug: "dbg", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "err"}[level.Level()]); err != nil {
		return err
	}
	log := vlogs.Logger("ovn_central")

	if os.Getenv("GOGC") == "" {
		// Nearly all memory is rows that live long: collecting at half the usual growth costs little time and keeps the
		// process below half of what the three stock programs take.
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	history := c.Int("monitor-history")
	if history <= 0 {
		history = -1
	}
	ct := central.New(central.Options{
		DataDir:   c.String("data-dir"),
		NBRemotes: c.StringSlice("nb-remote"),
		SBRemotes: c.StringSlice("sb-remote"),
		SBRole:    c.String("sb-role"),
		History:   history,
		TLS:       ovsdb.TLSFiles{PrivateKey: c.String("private-key"), Certificate: c.String("certificate"), CACert: c.String("ca-cert")},
		CtlDir:    c.String("ctl-dir"),
		NoNorthd:  c.Bool("no-northd"),
		Version:   version,
		Exit:      stop,
		Logger:    log,
		Commands:  vlogs.Commands(),
	})
	return ct.Run(ctx, func() { log.Info("ready") })
}
