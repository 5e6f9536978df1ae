package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/kove-io/kove/pkg/ovn/northd/daemon"
	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
	"github.com/kove-io/kove/pkg/ovsdb/vlog"
	"github.com/kove-io/kove/pkg/supervise/detach"
)

// StandsFor is the version of the ovn-northd that this one stands in for. Scripts compare it.
const StandsFor = "25.03.0"

// mainModule is what -v and vlog/set call the program itself.
const mainModule = "ovn_northd"

// modules are what -v and vlog/set can tell apart; the first takes the rest.
var modules = []string{mainModule, "daemon_unix", "fatal_signal", "northd", "reconnect", "vlog"}

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
	log := vlog.New(Program, stderr, modules...)
	log.Accept(strings.Fields(stockModules)...)
	o, err := parseOptions(args, os.Getenv, log.Set)
	if err != nil {
		return 1, err
	}
	text := Program + " " + StandsFor + "\nkove " + version
	switch o.show {
	case "help":
		fmt.Fprint(stdout, help(os.Getenv))
		return 0, nil
	case "options":
		fmt.Fprint(stdout, list())
		return 0, nil
	case "version":
		fmt.Fprintln(stdout, text)
		return 0, nil
	}
	if err := log.SetSyslog(o.syslogMethod, o.syslogTarget); err != nil {
		return 1, err
	}
	if o.pidfile != "" && !o.overwritePidfile {
		if err := detach.CheckPidfile(o.pidfile); err != nil {
			return 1, err
		}
	}
	w, status, err := detach.Start(detach.Options{Program: Program, Detach: o.detach, Monitor: o.monitor, NoChdir: o.noChdir,
		Crashed: func(text string) {
			if o.logFile != "" && log.OpenFile(o.logFile) == nil {
				defer log.CloseFile()
			}
			log.Logger("daemon_unix").Error(text)
		}})
	if w == nil || err != nil {
		return status, err
	}
	return work(w, o, log, text)
}

// work is the life of the process that does the work.
func work(w *detach.Worker, o *options, log *vlog.Log, version string) (status int, err error) {
	logger := log.Logger(mainModule)
	if o.user != "" {
		if err := becomeUser(o.user); err != nil {
			return 1, err
		}
	}
	if o.logFile != "" {
		if err := log.OpenFile(o.logFile); err != nil {
			return 1, err
		}
		if err := crashOutput(o.logFile); err != nil {
			return 1, err
		}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // nearly all memory is rows that live long
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	caught, ignore := catch(stop)
	defer ignore()

	var undo []func() error
	defer func() {
		for i := len(undo) - 1; i >= 0; i-- {
			err = errors.Join(err, undo[i]())
		}
	}()
	if o.pidfile != "" {
		p, err := detach.CreatePidfile(o.pidfile, o.overwritePidfile)
		if err != nil {
			return 1, err
		}
		undo = append(undo, p.Remove)
	}
	config, err := o.tlsConfig()
	if err != nil {
		return 1, err
	}
	for _, text := range o.warnings {
		logger.Warn(text)
	}
	d, err := daemon.New(daemon.Options{NB: o.nb, SB: o.sb, TLS: config, Paused: o.dryRun, Threads: o.threads, Version: version,
		Exit: stop, Logger: logger})
	if err != nil {
		return 1, err
	}
	if o.unixctl != "" {
		commands := d.Commands()
		maps.Copy(commands, log.Commands())
		x, err := unixctl.Listen(o.unixctl, commands)
		if err != nil {
			return 1, errors.Join(err, abandon(d))
		}
		undo = append(undo, x.Close)
	}
	if err := w.Ready(); err != nil {
		return 1, errors.Join(err, abandon(d))
	}
	d.Run(ctx)
	if s := *caught; s != 0 {
		logger.Warn(fmt.Sprintf("terminating with signal %d (%s)", int(s), s), "component", "fatal_signal")
		undo = append([]func() error{func() error { return dieOf(s) }}, undo...)
		return 128 + int(s), nil
	}
	logger.Info("exiting")
	return 0, nil
}

// abandon closes what New has opened.
func abandon(d *daemon.Daemon) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.Run(ctx)
	return nil
}

// crashOutput has the text of a crash go to the log file too, since the standard error of a daemon goes nowhere.
func crashOutput(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("opening log file: %w", err)
	}
	defer f.Close()
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// catch calls stop at the first signal that ends a program, and says which it was once stop was called.
func catch(stop func()) (caught *syscall.Signal, ignore func()) {
	caught = new(syscall.Signal)
	signals := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGALRM)
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		select {
		case s := <-signals:
			*caught = s.(syscall.Signal)
			stop()
		case <-done:
		}
	}()
	return caught, func() {
		signal.Stop(signals)
		close(done)
	}
}

// dieOf ends this process by a signal, as whoever sent it expects.
func dieOf(s syscall.Signal) error {
	signal.Reset(s)
	return syscall.Kill(os.Getpid(), s)
}
