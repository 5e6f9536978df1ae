package ovs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/ovs/vswitch"
	"github.com/kove-io/kove/pkg/supervise"
)

// Names of the three programs, which are also the names of their components.
const (
	OVSDBServer   = "ovsdb-server"
	Vswitchd      = "ovs-vswitchd"
	OVNController = "ovn-controller"
)

// keepFlows is how long a restarted ovn-controller leaves the flows of its predecessor alone while it computes its own.
const keepFlows = 3 * time.Second

// DataPlane is the node's Open vSwitch and ovn-controller.
type DataPlane struct {
	o   Options
	log *slog.Logger
}

// New checks the options. Nothing is touched before the components run.
func New(o Options) (*DataPlane, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	// Paths without links: after an upgrade data/current names another payload, and children of the old one must not pass
	// for those of the new one.
	bin, err := filepath.EvalSymlinks(o.BinDir)
	if err != nil {
		return nil, fmt.Errorf("looking for the data plane's programs (the payload has to be unpacked first): %w", err)
	}
	o.BinDir = bin
	if err := o.checkCertificate(); err != nil {
		return nil, err
	}
	return &DataPlane{o: o, log: o.Logger}, nil
}

// Components returns ovsdb-server, ovs-vswitchd and ovn-controller; each depends on the one before it.
func (d *DataPlane) Components() []supervise.Component {
	return []supervise.Component{d.database(), d.vswitchd(), d.controller()}
}

func (d *DataPlane) spec(program string, args ...string) supervise.ProcessSpec {
	path, argv := d.o.command(program)
	ctl := ControlSocket(d.o.RunDir, program)
	argv = append(argv, args...)
	argv = append(argv, "--unixctl="+ctl, "--pidfile="+filepath.Join(d.o.RunDir, program+".pid"),
		"--log-file="+filepath.Join(d.o.LogDir, program+".log"), "-vconsole:off", "-vsyslog:off", "--no-chdir")
	answers := func(ctx context.Context, _ int) error {
		_, err := Unixctl(ctx, ctl, "version")
		return err
	}
	return supervise.ProcessSpec{
		Name:       program,
		Path:       path,
		Args:       argv,
		Env:        d.o.Env(),
		LogFile:    filepath.Join(d.o.LogDir, program+".out"),
		RecordFile: filepath.Join(d.o.RunDir, program+".json"),
		Survive:    true,
		Probe:      answers,
		Adopt: func(ctx context.Context, pid int) error {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return answers(ctx, pid)
		},
		Replace: func(ctx context.Context, _ int) error {
			_, err := Unixctl(ctx, ctl, "exit")
			return err
		},
		// The programs refuse to start over a socket that they could not have left behind themselves, and remove none.
		BeforeStart: func(context.Context) error { return removeStale(ctl) },
	}
}

func removeStale(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the stale socket: %w", err)
	}
	return nil
}

func (d *DataPlane) process(spec supervise.ProcessSpec, afterReady func(context.Context) error) supervise.Component {
	c := &configured{Process: supervise.NewProcess(spec, d.log), configure: afterReady, log: d.log,
		logFile: filepath.Join(d.o.LogDir, spec.Name+".log"), ctl: ControlSocket(d.o.RunDir, spec.Name)}
	return supervise.Restart(c, supervise.BackoffPolicy{}, d.log)
}

// configured is a process that is ready only once something has been done with it, and whose log file is kept small.
type configured struct {
	*supervise.Process
	configure    func(context.Context) error
	log          *slog.Logger
	logFile, ctl string
}

// Run implements supervise.Component.
func (c *configured) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	up := make(chan struct{})
	done := make(chan error, 1)
	go func() { done <- c.Process.Run(ctx, func() { close(up) }) }()
	select {
	case err := <-done:
		return err
	case <-up:
	}
	if c.configure != nil {
		if err := c.configure(ctx); err != nil {
			cancel()
			return errors.Join(err, <-done)
		}
	}
	ready()
	tick := time.NewTicker(logCheck)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if err := rotate(ctx, c.logFile, c.ctl, maxLog); err != nil {
				c.log.Warn("rotating a log", "component", c.Name(), "err", err)
			}
		}
	}
}

func (d *DataPlane) database() supervise.Component {
	conf := filepath.Join(d.o.StateDir, "conf.db")
	spec := d.spec(OVSDBServer, conf, "--remote=punix:"+d.o.DBSocket())
	stale := spec.BeforeStart
	spec.BeforeStart = func(ctx context.Context) error {
		for _, dir := range []string{d.o.StateDir, d.o.RunDir, d.o.LogDir} {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return fmt.Errorf("making a folder of the data plane: %w", err)
			}
		}
		if err := d.prepareDatabase(ctx, conf); err != nil {
			return err
		}
		return stale(ctx)
	}
	return d.process(spec, d.configure)
}

// prepareDatabase makes conf.db, or converts one that an older payload wrote.
func (d *DataPlane) prepareDatabase(ctx context.Context, conf string) error {
	if _, err := os.Stat(conf); errors.Is(err, os.ErrNotExist) {
		_, err := d.tool(ctx, "ovsdb-tool", "create", conf, d.o.schema())
		return err
	}
	answer, err := d.tool(ctx, "ovsdb-tool", "needs-conversion", conf, d.o.schema())
	if err != nil {
		return err
	}
	if strings.TrimSpace(answer) == "yes" {
		d.log.Info("converting conf.db to the payload's schema", "component", OVSDBServer)
		_, err = d.tool(ctx, "ovsdb-tool", "convert", conf, d.o.schema())
	}
	return err
}

func (d *DataPlane) tool(ctx context.Context, name string, args ...string) (string, error) {
	path, argv := d.o.command(name)
	cmd := &exec.Cmd{Path: path, Args: append(argv, args...), Env: d.o.Env()}
	var out, msg strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("running %s %s: %w", name, args[0], err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("running %s %s: %w: %s", name, args[0], err, strings.TrimSpace(msg.String()))
	}
	return out.String(), nil
}

// configure writes what ovn-controller and ovs-vswitchd are to do into conf.db.
func (d *DataPlane) configure(ctx context.Context) error {
	return d.withDatabase(ctx, d.writeSettings)
}

func (d *DataPlane) writeSettings(ctx context.Context, db *vswitch.Client) error {
	if err := db.Init(ctx, map[string]string{"rundir": d.o.RunDir}); err != nil {
		return err
	}
	hostname, err := os.Hostname()
	if err != nil {
		hostname = d.o.NodeName
	}
	if err := db.SetExternalIDs(ctx, map[string]string{
		"system-id":                d.o.NodeName,
		"hostname":                 hostname,
		"ovn-remote":               d.o.SBRemote,
		"ovn-encap-type":           "geneve",
		"ovn-encap-ip":             d.o.EncapIP.String(),
		"ovn-bridge":               IntegrationBridge,
		"ovn-bridge-datapath-type": d.o.DatapathType,
		// Pods of every node talk to each other here, so that nearly all rows are wanted anyway.
		"ovn-monitor-all": "true",
		// Probes find a server that lost power; the southbound server answers them without effort.
		"ovn-remote-probe-interval": "10000",
	}); err != nil {
		return err
	}
	return db.EnsureBridge(ctx, vswitch.BridgeSpec{
		Name:         IntegrationBridge,
		DatapathType: d.o.DatapathType,
		Secure:       true,
		OtherConfig:  map[string]string{"disable-in-band": "true"},
	})
}

func (d *DataPlane) vswitchd() supervise.Component {
	spec := d.spec(Vswitchd, "unix:"+d.o.DBSocket())
	if d.o.DatapathType != vswitch.DatapathSystem {
		return d.process(spec, nil) // its own datapath died with it
	}
	stale := spec.BeforeStart
	spec.BeforeStart = func(ctx context.Context) error {
		if err := d.holdFlows(ctx); err != nil {
			return err
		}
		return stale(ctx)
	}
	return d.process(spec, d.releaseFlows)
}

func (d *DataPlane) controller() supervise.Component {
	args := []string{"unix:" + d.o.DBSocket()}
	if d.o.PrivateKey != "" {
		args = append(args, "--private-key="+d.o.PrivateKey, "--certificate="+d.o.Certificate, "--ca-cert="+d.o.CACert)
	}
	spec := d.spec(OVNController, args...)
	ctl := ControlSocket(d.o.RunDir, OVNController)
	spec.Replace = func(ctx context.Context, _ int) error {
		// --restart leaves the flows and the chassis record in place for the successor.
		_, err := Unixctl(ctx, ctl, "exit", "--restart")
		return err
	}
	stale := spec.BeforeStart
	spec.BeforeStart = func(ctx context.Context) error {
		if err := d.setKeepFlows(ctx); err != nil {
			return err
		}
		return stale(ctx)
	}
	return d.process(spec, nil)
}

// setKeepFlows tells the ovn-controller that is about to start how long to leave flows alone. ovn-controller clears all
// flows once it has connected to br-int; when ovs-vswitchd holds the flows of a predecessor that would cut everybody off
// until the new ones are computed, and when it holds none, waiting would only delay the first pod.
func (d *DataPlane) setKeepFlows(ctx context.Context) error {
	return d.withDatabase(ctx, func(ctx context.Context, db *vswitch.Client) error {
		report, err := Unixctl(ctx, ControlSocket(d.o.RunDir, Vswitchd), "memory/show")
		if err != nil {
			return err
		}
		wait := time.Duration(0)
		if rules(report) > fewRules {
			wait = keepFlows
		}
		return db.SetExternalIDs(ctx, map[string]string{"ovn-ofctrl-wait-before-clear": strconv.FormatInt(wait.Milliseconds(), 10)})
	})
}

// fewRules is more than a bridge has without ovn-controller, and less than with it.
const fewRules = 50

// rules reads the number of OpenFlow rules from ovs-vswitchd's memory/show.
func rules(report string) int {
	for _, f := range strings.Fields(report) {
		if v, ok := strings.CutPrefix(f, "rules:"); ok {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}

// Stop ends the children of a run directory for good and waits until they are gone: `kove stop --all` and uninstall.
// Programs that do not run are no error. ovn-controller removes its chassis from the southbound database, ovs-vswitchd its
// datapath. One that does not end by itself gets a signal: ovn-controller waits for ever for a database that is gone.
func Stop(ctx context.Context, runDir string) error {
	var errs []error
	for _, p := range []struct {
		program string
		args    []string
	}{{OVNController, nil}, {Vswitchd, []string{"--cleanup"}}, {OVSDBServer, nil}} {
		err := stopByUnixctl(ctx, runDir, p.program, p.args...)
		if err == nil {
			continue
		}
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		pid, hardErr := supervise.StopRecorded(hard, filepath.Join(runDir, p.program+".json"))
		cancel()
		if pid == 0 || hardErr != nil {
			errs = append(errs, errors.Join(fmt.Errorf("stopping %s: %w", p.program, err), hardErr))
		}
	}
	return errors.Join(errs...)
}

// stopLimit is how long one program may take to end by itself.
const stopLimit = 5 * time.Second

func stopByUnixctl(ctx context.Context, runDir, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	ctl := ControlSocket(runDir, program)
	if _, err := os.Stat(ctl); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := Unixctl(ctx, ctl, "version"); err != nil {
		return nil //nolint:nilerr // nobody listens
	}
	gone, err := watchExit(filepath.Join(runDir, program+".pid"))
	if err != nil {
		return err
	}
	if program == OVNController {
		// It waits for the southbound database to take its chassis out, for ever if there is none.
		if said, err := Unixctl(ctx, ctl, "connection-status"); err != nil || strings.TrimSpace(said) != "connected" {
			args = []string{"--restart"}
		}
	}
	if _, err := Unixctl(ctx, ctl, "exit", args...); err != nil {
		return err
	}
	return gone(ctx)
}

// watchExit opens the process that a pid file names and returns what waits for its end.
func watchExit(pidFile string) (func(context.Context) error, error) {
	b, err := os.ReadFile(pidFile)
	if err != nil {
		return nil, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", pidFile, err)
	}
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("opening process %d: %w", pid, err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	return func(ctx context.Context) error {
		defer f.Close()
		stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return n == 1 && err == nil
		})
	}, nil
}
