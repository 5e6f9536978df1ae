package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Program is the name of the daemon, of its files and in its messages.
const Program = "ovn-northd"

// table lists the options, in the order of stock's --options.
var table = []option{
	{name: "ovnsb-db", short: 'd', arg: needsArgument},
	{name: "ovnnb-db", short: 'D', arg: needsArgument},
	{name: "unixctl", short: 'u', arg: needsArgument},
	{name: "help", short: 'h'},
	{name: "options", short: 'o'},
	{name: "version", short: 'V'},
	{name: "dry-run"},
	{name: "n-threads", arg: needsArgument},
	{name: "detach"},
	{name: "no-self-confinement"},
	{name: "no-chdir"},
	{name: "pidfile", arg: mayHaveArgument},
	{name: "overwrite-pidfile"},
	{name: "monitor"},
	{name: "user", arg: needsArgument},
	{name: "verbose", short: 'v', arg: mayHaveArgument},
	{name: "log-file", arg: mayHaveArgument},
	{name: "syslog-method", arg: needsArgument},
	{name: "syslog-target", arg: needsArgument},
	{name: "private-key", short: 'p', arg: needsArgument},
	{name: "certificate", short: 'c', arg: needsArgument},
	{name: "ca-cert", short: 'C', arg: needsArgument},
	{name: "ssl-protocols", arg: needsArgument},
	{name: "ssl-ciphers", arg: needsArgument},
	{name: "ssl-ciphersuites", arg: needsArgument},
}

// options are those given, with defaults for the others.
type options struct {
	nb, sb           []string
	unixctl          string // "" is none
	dryRun           bool
	threads          int
	detach, monitor  bool
	noChdir          bool
	pidfile          string // "" is none
	overwritePidfile bool
	user             string
	logFile          string // "" is none
	syslogMethod     string
	syslogTarget     string
	tls              ovsdb.TLSFiles
	protocols        string
	ciphers          string
	ciphersuites     string
	warnings         []string // to be logged once there is a log

	show string // help, options or version: nothing else is to be done
}

// dirs are the folders that variables of the environment name.
type dirs struct{ run, log string }

func dirsOf(getenv func(string) string) dirs {
	first := func(names ...string) string {
		for _, n := range names[:len(names)-1] {
			if v := getenv(n); v != "" {
				return v
			}
		}
		return names[len(names)-1]
	}
	return dirs{run: first("OVN_RUNDIR", "/var/run/ovn"), log: first("OVN_LOGDIR", "OVS_LOGDIR", "/var/log/ovn")}
}

// below is a path in dir, or itself if it is absolute.
func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// parseOptions reads a command line; verbose takes the values of -v as they come.
func parseOptions(args []string, getenv func(string) string, verbose func(spec string) error) (*options, error) {
	d := dirsOf(getenv)
	orElse := func(name, or string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return or
	}
	nb := orElse("OVN_NB_DB", "unix:"+d.run+"/ovnnb_db.sock")
	sb := orElse("OVN_SB_DB", "unix:"+d.run+"/ovnsb_db.sock")
	o := &options{threads: 1, unixctl: filepath.Join(d.run, Program+"."+strconv.Itoa(os.Getpid())+".ctl"),
		syslogMethod: getenv("OVS_SYSLOG_METHOD")}
	err := parse(table, args, func(opt *option, value string, given bool) error {
		if o.show != "" {
			return nil // the first one is done, whatever follows
		}
		switch opt.name {
		case "ovnnb-db":
			nb = value
		case "ovnsb-db":
			sb = value
		case "unixctl":
			o.unixctl = below(d.run, value)
			if value == "none" {
				o.unixctl = ""
			}
		case "help", "options", "version":
			o.show = opt.name
		case "dry-run":
			o.dryRun = true
		case "n-threads":
			o.setThreads(value)
		case "detach":
			o.detach = true
		case "monitor":
			o.monitor = true
		case "no-chdir":
			o.noChdir = true
		case "pidfile":
			o.pidfile = filepath.Join(d.run, Program+".pid")
			if given {
				o.pidfile = below(d.run, value)
			}
		case "overwrite-pidfile":
			o.overwritePidfile = true
		case "user":
			o.user = value
		case "verbose":
			if err := verbose(value); err != nil {
				return fmt.Errorf("processing \"%s\": %w", value, err)
			}
		case "log-file":
			o.logFile = filepath.Join(d.log, Program+".log")
			if given {
				o.logFile = below(d.log, value)
			}
		case "syslog-method":
			o.syslogMethod = value
		case "syslog-target":
			o.syslogTarget = value
		case "private-key":
			o.tls.PrivateKey = value
		case "certificate":
			o.tls.Certificate = value
		case "ca-cert":
			o.tls.CACert = value
		case "ssl-protocols":
			o.protocols = value
		case "ssl-ciphers":
			o.ciphers = value
		case "ssl-ciphersuites":
			o.ciphersuites = value
		}
		return nil
	})
	if o.show != "" { // an error after it does not matter either
		return o, nil
	}
	if err != nil {
		return nil, err
	}
	if o.nb, err = o.remotes("ovnnb-db", nb); err != nil {
		return nil, err
	}
	if o.sb, err = o.remotes("ovnsb-db", sb); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *options) setThreads(value string) {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil || n < 1:
		n = 1
	case n > maxThreads:
		n = maxThreads
	default:
		o.threads = n
		return
	}
	o.threads = n
	o.warnings = append(o.warnings, fmt.Sprintf("Setting n_threads to %d as --n-threads option was set to : [%s]", n, value))
}

// maxThreads is the limit of --n-threads.
const maxThreads = 256

// remotes splits a list of connection methods (ovsdb(7)) and refuses those that can never work.
func (o *options) remotes(name, list string) ([]string, error) {
	out := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	if len(out) == 0 {
		return nil, fmt.Errorf("--%s names no database server: want unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT", name)
	}
	for _, r := range out {
		kind, addr, _ := strings.Cut(r, ":")
		switch {
		case kind == "unix" && addr != "":
		case (kind == "tcp" || kind == "ssl") && strings.Contains(addr, ":"):
			if kind == "ssl" && (o.tls.PrivateKey == "" || o.tls.Certificate == "" || o.tls.CACert == "") {
				return nil, fmt.Errorf("--%s=%s needs --private-key, --certificate and --ca-cert", name, r)
			}
		case kind == "ptcp" || kind == "pssl" || kind == "punix":
			return nil, fmt.Errorf("--%s=%s: waiting for the database server to connect is not supported: want unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT", name, r)
		default:
			return nil, fmt.Errorf("--%s=%s: want unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, several with commas between them", name, r)
		}
	}
	return out, nil
}

// help is --help.
func help(getenv func(string) string) string {
	d := dirsOf(getenv)
	return `ovn-northd: turns OVN's northbound database into its southbound one (kove's, in place of OVN's own)
usage: ovn-northd [OPTIONS]
The databases may be served by any OVSDB server of OVN 25.03's schemas: ovn-central, ovsdb-server, a cluster of those.
Of several ovn-northd, the one that holds the southbound server's lock ovn_northd is active, the others stand by.

Options:
  --ovnnb-db=DATABASE       connect to ovn-nb database at DATABASE
                            (default: $OVN_NB_DB or unix:` + d.run + `/ovnnb_db.sock)
  --ovnsb-db=DATABASE       connect to ovn-sb database at DATABASE
                            (default: $OVN_SB_DB or unix:` + d.run + `/ovnsb_db.sock)
  --dry-run                 start in paused state (do not commit db changes)
  --n-threads=N             accepted, 1 to 256: only what changed is computed,
                            by one thread
  --unixctl=SOCKET          override default control socket name; none for none
                            (default: ` + d.run + `/ovn-northd.PID.ctl)
  -h, --help                display this help message
  -o, --options             list available options
  -V, --version             display version information

Daemon options:
  --detach                run in background as daemon; returns once the control
                          socket answers
  --monitor               start it again when it crashes
  --user=username[:group] changes the effective daemon user:group
  --no-chdir              do not chdir to '/'
  --pidfile[=FILE]        create pidfile (default: ` + d.run + `/ovn-northd.pid)
  --overwrite-pidfile     with --pidfile, start even if already running

Logging options:
  -vSPEC, --verbose=SPEC   set logging levels, for example -vconsole:off,
                           -vfile:dbg, -vreconnect:file:dbg
  -v, --verbose            set maximum verbosity level
  --log-file[=FILE]        enable logging to specified FILE
                           (default: ` + d.log + `/ovn-northd.log)
  --syslog-method=(libc|unix:file|udp:ip:port|null)
                           specify how to send messages to syslog daemon
  --syslog-target=HOST:PORT  also send syslog msgs to HOST:PORT via UDP

A DATABASE is one of these, or several with commas between them, which are
tried in turn; of a cluster the leader is used:
  unix:FILE               Unix domain socket named FILE
  tcp:HOST:PORT           PORT at remote HOST
  ssl:HOST:PORT           SSL/TLS PORT at remote HOST
PKI configuration (required to use SSL/TLS); the files are read for each connection:
  -p, --private-key=FILE  file with private key
  -c, --certificate=FILE  file with certificate for private key
  -C, --ca-cert=FILE      file with peer CA certificate; none does not verify
  --ssl-protocols=PROTOS    TLSv1.2, TLSv1.3, a list or a range of them:
                            TLSv1.2+, TLSv1.2-TLSv1.3
  --ssl-ciphers=CIPHERS     OpenSSL names of ciphers for TLSv1.2, with : between
  --ssl-ciphersuites=SUITES accepted: TLSv1.3's are all enabled

Control, with ovn-appctl -t ovn-northd COMMAND (list-commands lists them all):
  status                  active, standby or paused
  pause, resume           stop and go on writing; another ovn-northd takes over
  inc-engine/show-stats   how much was computed
  vlog/set SPEC           as -v
  exit                    terminate

Example:
  ovn-northd --detach --pidfile --log-file --ovnnb-db=tcp:10.0.0.1:6641 \
    --ovnsb-db=ssl:10.0.0.1:6642 -p northd.key -c northd.crt -C ca.crt
  ovn-appctl -t ovn-northd status
`
}

// list is --options.
func list() string {
	var b strings.Builder
	for _, o := range table {
		arg := map[argument]string{needsArgument: "ARG", mayHaveArgument: "[ARG]"}[o.arg]
		long := arg
		if arg != "" {
			long = "=" + arg
		}
		fmt.Fprintf(&b, "--%s%s\n", o.name, long)
		if o.short != 0 {
			fmt.Fprintf(&b, "-%c %s\n", o.short, arg)
		}
	}
	return b.String()
}
