package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/program"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
	"github.com/kove-io/kove/pkg/ovsdb/vlog"
)

// Program is the name of the daemon, of its files and in its messages.
const Program = "ovsdb-server"

// own are the options that only ovsdb-server has.
var own = []program.Option{
	{Name: "remote", Arg: program.NeedsArgument},
	{Name: "run", Arg: program.NeedsArgument},
	{Name: "no-dbs"},
	{Name: "config-file", Arg: program.NeedsArgument},
	{Name: "disable-file-column-diff"},
	{Name: "disable-file-no-data-conversion"},
	{Name: "sync-from", Arg: program.NeedsArgument},
	{Name: "sync-exclude-tables", Arg: program.NeedsArgument},
	{Name: "active"},
	{Name: "bootstrap-ca-cert", Arg: program.NeedsArgument},
	{Name: "peer-ca-cert", Arg: program.NeedsArgument},
	{Name: "record", Arg: program.MayHaveArgument},
	{Name: "replay", Arg: program.MayHaveArgument},
}

// options are those given.
type options struct {
	*program.Options
	remotes   []string
	databases []string // files, absolute
	run       string
	sync      unixctl.Sync
}

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
	p.Version = Program + " (Open vSwitch) " + unixctl.StandsFor + "\nkove " + version
	log := p.NewLog(stderr)
	o, err := parseOptions(p, args, os.Getenv, log.Set)
	if err != nil {
		return 1, err
	}
	if o.Shows() {
		p.Show(o.Options, stdout)
		return 0, nil
	}
	return p.Do(o.Options, log, func(ctx context.Context, l program.Life) error { return serve(ctx, o, version, l) })
}

func newProgram(getenv func(string) string) *program.Program {
	p := &program.Program{Name: Program, Run: program.FirstOf(getenv, "OVS_RUNDIR", "/var/run/openvswitch"),
		Log: program.FirstOf(getenv, "OVS_LOGDIR", "/var/log/openvswitch"), Own: own,
		// The first module is what -v and vlog/set call the program itself.
		Modules: []string{"ovsdb_server", "daemon_unix", "fatal_signal", "transaction", "vlog"}, Foreign: vlog.ServerModules()}
	p.Help = help(p, getenv)
	return p
}

func defaultDatabase(getenv func(string) string) string {
	return filepath.Join(program.FirstOf(getenv, "OVS_DBDIR", "OVS_SYSCONFDIR", "/etc/openvswitch"), "conf.db")
}

func parseOptions(p *program.Program, args []string, getenv func(string) string, verbose func(spec string) error) (*options, error) {
	o := &options{}
	none, active := false, false
	c, rest, err := p.Parse(args, getenv, verbose, func(name, value string) error {
		switch name {
		case "remote":
			o.remotes = append(o.remotes, value)
		case "run":
			o.run = value
		case "no-dbs":
			none = true
		case "sync-from":
			o.sync.Active = value
		case "sync-exclude-tables":
			o.sync.Excluded = value
		case "active":
			active = true
		case "config-file":
			return fmt.Errorf("--config-file is not supported: give each remote with --remote and name the database files; role, read-only and the like are columns of Connection rows (--remote=db:DATABASE,TABLE,COLUMN)")
		case "record", "replay":
			return fmt.Errorf("--%s is not supported", name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.Options = c
	if c.Shows() {
		return o, nil
	}
	o.sync.Backup = o.sync.Active != "" && !active
	if len(rest) == 0 && !none {
		rest = []string{defaultDatabase(getenv)}
	}
	for _, path := range rest {
		if !strings.HasPrefix(path, "relay:") {
			if path, err = filepath.Abs(path); err != nil { // the process leaves its folder
				return nil, err
			}
		}
		o.databases = append(o.databases, path)
	}
	// What is said by a row of the database itself is read there, for the remotes that such rows ask for.
	fromRow := false
	for _, p := range []*string{&c.TLS.PrivateKey, &c.TLS.Certificate, &c.TLS.CACert} {
		if strings.HasPrefix(*p, "db:") {
			*p, fromRow = "", true
		}
	}
	if fromRow {
		for _, r := range o.remotes {
			if strings.HasPrefix(r, "pssl:") || strings.HasPrefix(r, "ssl:") {
				return nil, fmt.Errorf("--remote=%s needs --private-key, --certificate and --ca-cert as files: those of an SSL row are for the remotes of Connection rows, so put it into one", r)
			}
		}
	}
	return o, nil
}

// serve is the work: the files are open and the remotes answer before it says that it is up.
func serve(ctx context.Context, o *options, version string, l program.Life) (err error) {
	srv, err := ovsdb.NewServer(ovsdb.ServerOptions{Logger: l.Log, TLS: o.TLS})
	if err != nil {
		return err
	}
	f := &files{srv: srv, log: l.Log, failed: make(chan error, 1), open: map[string]*file{}}
	defer func() { err = errors.Join(err, srv.Close(), f.close()) }()
	for _, path := range o.databases {
		if err := f.Add(path); err != nil {
			return err
		}
	}
	// It is a backup, if it shall be one, before any client can write.
	commands, err := unixctl.Commands(srv, unixctl.Options{Version: version, Exit: l.Stop, Databases: f, Sync: o.sync})
	if err != nil {
		return err
	}
	for _, r := range o.remotes {
		if _, err := srv.Listen(ovsdb.Remote{Target: r}); err != nil {
			return err
		}
	}
	l.Log.Info(Program + " (Open vSwitch) " + unixctl.StandsFor + ", kove " + version)
	if err := l.Up(commands); err != nil {
		return err
	}
	child := make(chan error, 1)
	if o.run != "" {
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", o.run)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		go func() { child <- cmd.Run() }()
	}
	select {
	case <-ctx.Done():
		if o.run != "" {
			<-child
		}
		return nil
	case err := <-child:
		if err != nil {
			return fmt.Errorf("%s: child exited, %w", o.run, err)
		}
		return nil
	case err := <-f.failed:
		return err
	}
}

func help(p *program.Program, getenv func(string) string) string {
	return `ovsdb-server: Open vSwitch database server (kove's, in place of Open vSwitch's own)
usage: ovsdb-server [OPTIONS] [DATABASE...]
where each DATABASE is a database file in ovsdb format.
The default DATABASE, if none is given, is
` + defaultDatabase(getenv) + `.

JSON-RPC options (may be specified any number of times):
  --remote=REMOTE         connect or listen to REMOTE

  punix:FILE              listen on Unix domain socket FILE
  ptcp:[PORT][:IP]        listen to TCP PORT on IP
  pssl:[PORT][:IP]        listen for SSL/TLS on PORT on IP
  unix:FILE, tcp:HOST[:PORT], ssl:HOST[:PORT]
                          connect to a client
  db:DATABASE,TABLE,COLUMN
                          as rows of a database say
PKI configuration (required to use SSL/TLS); files that change are read again:
  -p, --private-key=FILE  file with private key
  -c, --certificate=FILE  file with certificate for private key
  -C, --ca-cert=FILE      file with peer CA certificate
A value db:DATABASE,TABLE,COLUMN is accepted: the SSL row of a database is
used for the remotes of its Connection rows.

` + p.DaemonHelp() + `
Other options:
  --run COMMAND           run COMMAND as subprocess then exit
  --no-dbs                serve no database until add-db
  --sync-from=SERVER      follow the active SERVER, as its backup
  --sync-exclude-tables=DB:TABLE,...
                          leave these tables out
  --active                with --sync-from, start as the active server
  --unixctl=SOCKET        override default control socket name
                          (default: ` + p.Run + `/ovsdb-server.PID.ctl)
  -h, --help              display this help message
  -o, --options           list available options
  -V, --version           display version information
`
}
