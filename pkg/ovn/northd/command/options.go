package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/program"
)

// Program is the name of the daemon, of its files and in its messages.
const Program = "ovn-northd"

// own are the options that only ovn-northd has.
var own = []program.Option{
	{Name: "ovnsb-db", Short: 'd', Arg: program.NeedsArgument},
	{Name: "ovnnb-db", Short: 'D', Arg: program.NeedsArgument},
	{Name: "dry-run"},
	{Name: "n-threads", Arg: program.NeedsArgument},
}

// options are those given, with defaults for the others.
type options struct {
	*program.Options
	nb, sb  []string
	dryRun  bool
	threads int
}

func newProgram(getenv func(string) string) *program.Program {
	p := &program.Program{Name: Program, Run: program.FirstOf(getenv, "OVN_RUNDIR", "/var/run/ovn"),
		Log: program.FirstOf(getenv, "OVN_LOGDIR", "OVS_LOGDIR", "/var/log/ovn"), Own: own}
	p.Help = help(p)
	return p
}

// parseOptions reads a command line; verbose takes the values of -v as they come.
func parseOptions(p *program.Program, args []string, getenv func(string) string, verbose func(spec string) error) (*options, error) {
	nb := program.FirstOf(getenv, "OVN_NB_DB", "unix:"+p.Run+"/ovnnb_db.sock")
	sb := program.FirstOf(getenv, "OVN_SB_DB", "unix:"+p.Run+"/ovnsb_db.sock")
	o := &options{threads: 1}
	var warnings []string
	c, rest, err := p.Parse(args, getenv, verbose, func(name, value string) error {
		switch name {
		case "ovnnb-db":
			nb = value
		case "ovnsb-db":
			sb = value
		case "dry-run":
			o.dryRun = true
		case "n-threads":
			warnings = append(warnings, o.setThreads(value)...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.Options = c
	c.Warnings = append(c.Warnings, warnings...)
	if c.Shows() {
		return o, nil
	}
	if len(rest) > 0 {
		return nil, p.Misuse("argument '%s' is not expected: everything is an option", rest[0])
	}
	if o.nb, err = o.remotes("ovnnb-db", nb); err != nil {
		return nil, err
	}
	if o.sb, err = o.remotes("ovnsb-db", sb); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *options) setThreads(value string) (warnings []string) {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil || n < 1:
		n = 1
	case n > maxThreads:
		n = maxThreads
	default:
		o.threads = n
		return nil
	}
	o.threads = n
	return []string{fmt.Sprintf("Setting n_threads to %d as --n-threads option was set to : [%s]", n, value)}
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
			if kind == "ssl" && (o.TLS.PrivateKey == "" || o.TLS.Certificate == "" || o.TLS.CACert == "") {
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
func help(p *program.Program) string {
	return `ovn-northd: turns OVN's northbound database into its southbound one (kove's, in place of OVN's own)
usage: ovn-northd [OPTIONS]
The databases may be served by any OVSDB server of OVN 25.03's schemas: ovn-central, ovsdb-server, a cluster of those.
Of several ovn-northd, the one that holds the southbound server's lock ovn_northd is active, the others stand by.

Options:
  --ovnnb-db=DATABASE       connect to ovn-nb database at DATABASE
                            (default: $OVN_NB_DB or unix:` + p.Run + `/ovnnb_db.sock)
  --ovnsb-db=DATABASE       connect to ovn-sb database at DATABASE
                            (default: $OVN_SB_DB or unix:` + p.Run + `/ovnsb_db.sock)
  --dry-run                 start in paused state (do not commit db changes)
  --n-threads=N             accepted, 1 to 256: only what changed is computed,
                            by one thread
  --unixctl=SOCKET          override default control socket name; none for none
                            (default: ` + p.Run + `/ovn-northd.PID.ctl)
  -h, --help                display this help message
  -o, --options             list available options
  -V, --version             display version information

` + p.DaemonHelp() + `
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
