package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/northd/daemon"
	"github.com/kove-io/kove/pkg/ovn/program"
)

// StandsFor is the version of the ovn-northd that this one stands in for. Scripts compare it.
const StandsFor = "25.03.0"

// Run is the program: args are its arguments, without its name. It returns the exit status.
func Run(args []string, version string, stdout, stderr io.Writer) int {
	status, err := run(args, version, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", Program, err)
		return max(status, 1)
	}
	return status
}

func run(args []string, version string, stdout, stderr io.Writer) (int, error) {
	p := newProgram(os.Getenv)
	p.Version = Program + " " + StandsFor + "\nkove " + version
	// The first module is what -v and vlog/set call the program itself.
	p.Modules = []string{"ovn_northd", "daemon_unix", "fatal_signal", "northd", "reconnect", "vlog"}
	p.Foreign = strings.Fields(stockModules)
	log := p.NewLog(stderr)
	o, err := parseOptions(p, args, os.Getenv, log.Set)
	if err != nil {
		return 1, err
	}
	if o.Shows() {
		p.Show(o.Options, stdout)
		return 0, nil
	}
	config, err := o.ClientTLS()
	if err != nil {
		return 1, err
	}
	return p.Do(o.Options, log, func(ctx context.Context, l program.Life) error {
		d, err := daemon.New(daemon.Options{NB: o.nb, SB: o.sb, TLS: config, Paused: o.dryRun, Threads: o.threads, Version: p.Version,
			Exit: l.Stop, Logger: l.Log})
		if err != nil {
			return err
		}
		err = l.Up(d.Commands())
		if err != nil {
			l.Stop() // Run only closes what New has opened
		}
		d.Run(ctx)
		return err
	})
}
