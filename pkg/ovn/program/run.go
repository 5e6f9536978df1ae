package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
	"github.com/kove-io/kove/pkg/ovsdb/vlog"
	"github.com/kove-io/kove/pkg/supervise/detach"
)

// Life is what a daemon's work has around it.
type Life struct {
	Log  *slog.Logger
	Stop func() // ends the context of the work: the command exit
	// Up opens the control socket with these commands, and those about the log, and tells whoever started the program that it
	// is ready. After an error of it the work is to end.
	Up func(commands map[string]unixctl.Command) error
}

// Show answers --help and the like.
func (p *Program) Show(o *Options, stdout io.Writer) {
	switch o.show {
	case "help":
		fmt.Fprint(stdout, p.Help)
	case "options":
		fmt.Fprint(stdout, p.list())
	case "version":
		fmt.Fprintln(stdout, p.Version)
	}
}

// NewLog is the program's log, which Parse sets up and Do writes.
func (p *Program) NewLog(stderr io.Writer) *vlog.Log {
	log := vlog.New(p.Name, stderr, p.Modules...)
	log.Accept(p.Foreign...)
	return log
}

// Do is the program once its command line is understood: it goes where the options say and has work done until the context ends,
// by a signal or Life.Stop. It returns the exit status.
func (p *Program) Do(o *Options, log *vlog.Log, work func(context.Context, Life) error) (int, error) {
	if err := log.SetSyslog(o.SyslogMethod, o.SyslogTarget); err != nil {
		return 1, err
	}
	if o.Pidfile != "" && !o.OverwritePidfile {
		if err := detach.CheckPidfile(o.Pidfile); err != nil {
			return 1, err
		}
	}
	w, status, err := detach.Start(detach.Options{Program: p.Name, Detach: o.Detach, Monitor: o.Monitor, NoChdir: o.NoChdir,
		Crashed: func(text string) {
			if o.LogFile != "" && log.OpenFile(o.LogFile) == nil {
				defer log.CloseFile()
			}
			log.Logger("daemon_unix").Error(text)
		}})
	if w == nil || err != nil {
		return status, err
	}
	return p.live(w, o, log, work)
}

// live is the life of the process that does the work.
func (p *Program) live(w *detach.Worker, o *Options, log *vlog.Log, work func(context.Context, Life) error) (status int, err error) {
	logger := log.Logger(p.Modules[0])
	if o.User != "" {
		if err := becomeUser(o.User); err != nil {
			return 1, err
		}
	}
	if o.LogFile != "" {
		if err := log.OpenFile(o.LogFile); err != nil {
			return 1, err
		}
		if err := crashOutput(o.LogFile); err != nil {
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
	if o.Pidfile != "" {
		f, err := detach.CreatePidfile(o.Pidfile, o.OverwritePidfile)
		if err != nil {
			return 1, err
		}
		undo = append(undo, f.Remove)
	}
	for _, text := range o.Warnings {
		logger.Warn(text)
	}
	up := func(commands map[string]unixctl.Command) error {
		if o.Unixctl != "" {
			commands = maps.Clone(commands)
			maps.Copy(commands, log.Commands())
			x, err := unixctl.Listen(o.Unixctl, commands)
			if err != nil {
				return err
			}
			undo = append(undo, x.Close)
		}
		return w.Ready()
	}
	if err := work(ctx, Life{Log: logger, Stop: stop, Up: up}); err != nil {
		return 1, err
	}
	if s := *caught; s != 0 {
		logger.Warn(fmt.Sprintf("terminating with signal %d (%s)", int(s), s), "component", "fatal_signal")
		undo = append([]func() error{func() error { return dieOf(s) }}, undo...)
		return 128 + int(s), nil
	}
	logger.Info("exiting")
	return 0, nil
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
	detach.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGALRM)
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

// dieOf ends this process by a signal that it caught, as whoever sent it expects.
func dieOf(s syscall.Signal) error {
	signal.Reset(s) // to what it was at the start: catch takes none that is ignored
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		return fmt.Errorf("ending by signal %d: %w", int(s), err)
	}
	// Any thread may take it, after the kill has returned; an exit of this one would come before it.
	for {
		_ = unix.Pause() // other signals, the runtime's own among them, end it too
	}
}
