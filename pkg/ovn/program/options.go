package program

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Program describes a daemon.
type Program struct {
	Name     string   // of the program, of its files and in its messages
	Version  string   // what --version and the command version answer
	Run, Log string   // folders of pidfile and control socket, and of the log
	Own      []Option // its own options, listed before the common ones
	Help     string   // what --help answers
	Modules  []string // what -v and vlog/set can tell apart; the first is the program's own and takes the rest
	Foreign  []string // modules of stock's program, which scripts may name
}

// Options are the common ones that were given, with defaults for the others.
type Options struct {
	Unixctl          string // "" is none
	Detach, Monitor  bool
	NoChdir          bool
	Pidfile          string // "" is none
	OverwritePidfile bool
	User             string
	LogFile          string // "" is none
	SyslogMethod     string
	SyslogTarget     string
	TLS              ovsdb.TLSFiles
	Protocols        string
	Ciphers          string
	Ciphersuites     string
	Warnings         []string // to be logged once there is a log

	show string // help, options or version: nothing else is to be done
}

// common are the options of every daemon, in the order of stock's --options.
var common = []Option{
	{Name: "unixctl", Short: 'u', Arg: NeedsArgument},
	{Name: "help", Short: 'h'},
	{Name: "options", Short: 'o'},
	{Name: "version", Short: 'V'},
	{Name: "detach"},
	{Name: "no-self-confinement"},
	{Name: "no-chdir"},
	{Name: "pidfile", Arg: MayHaveArgument},
	{Name: "overwrite-pidfile"},
	{Name: "monitor"},
	{Name: "user", Arg: NeedsArgument},
	{Name: "verbose", Short: 'v', Arg: MayHaveArgument},
	{Name: "log-file", Arg: MayHaveArgument},
	{Name: "syslog-method", Arg: NeedsArgument},
	{Name: "syslog-target", Arg: NeedsArgument},
	{Name: "private-key", Short: 'p', Arg: NeedsArgument},
	{Name: "certificate", Short: 'c', Arg: NeedsArgument},
	{Name: "ca-cert", Short: 'C', Arg: NeedsArgument},
	{Name: "ssl-protocols", Arg: NeedsArgument},
	{Name: "ssl-ciphers", Arg: NeedsArgument},
	{Name: "ssl-ciphersuites", Arg: NeedsArgument},
}

// FirstOf is the first of the variables that is set, else the last argument.
func FirstOf(getenv func(string) string, names ...string) string {
	for _, n := range names[:len(names)-1] {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return names[len(names)-1]
}

// Below is a path in dir, or itself if it is absolute.
func Below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Misuse is an error of the command line's form, with a hint.
func (p *Program) Misuse(format string, args ...any) error {
	return fmt.Errorf(format+" (see %s --help)", append(args, p.Name)...)
}

// Parse reads a command line: verbose takes the values of -v as they come, own the options of Own. What is no option is
// returned. After an option that only shows something nothing is looked at any more: see Options.Shows.
func (p *Program) Parse(args []string, getenv func(string) string, verbose func(spec string) error,
	own func(name, value string) error) (*Options, []string, error) {
	o := &Options{Unixctl: filepath.Join(p.Run, p.Name+"."+strconv.Itoa(os.Getpid())+".ctl"), SyslogMethod: getenv("OVS_SYSLOG_METHOD")}
	misuse := true
	rest, err := parse(slices.Concat(p.Own, common), args, func(opt *Option, value string, given bool) error {
		if o.show != "" {
			return nil // the first one is done, whatever follows
		}
		for i := range p.Own {
			if p.Own[i].Name == opt.Name {
				err := own(opt.Name, value)
				misuse = err == nil
				return err
			}
		}
		err := p.set(o, opt.Name, value, given, verbose)
		misuse = err == nil
		return err
	})
	switch {
	case o.show != "": // an error after it does not matter either
		return o, nil, nil
	case err != nil && misuse:
		return nil, nil, p.Misuse("%w", err)
	case err != nil:
		return nil, nil, err
	}
	return o, rest, nil
}

// Shows reports whether the command line only asks for something to be shown.
func (o *Options) Shows() bool { return o.show != "" }

func (p *Program) set(o *Options, name, value string, given bool, verbose func(spec string) error) error {
	switch name {
	case "unixctl":
		o.Unixctl = Below(p.Run, value)
		if value == "none" {
			o.Unixctl = ""
		}
	case "help", "options", "version":
		o.show = name
	case "detach":
		o.Detach = true
	case "monitor":
		o.Monitor = true
	case "no-chdir":
		o.NoChdir = true
	case "pidfile":
		o.Pidfile = filepath.Join(p.Run, p.Name+".pid")
		if given {
			o.Pidfile = Below(p.Run, value)
		}
	case "overwrite-pidfile":
		o.OverwritePidfile = true
	case "user":
		o.User = value
	case "verbose":
		if err := verbose(value); err != nil {
			return fmt.Errorf("processing \"%s\": %w", value, err)
		}
	case "log-file":
		o.LogFile = filepath.Join(p.Log, p.Name+".log")
		if given {
			o.LogFile = Below(p.Log, value)
		}
	case "syslog-method":
		o.SyslogMethod = value
	case "syslog-target":
		o.SyslogTarget = value
	case "private-key":
		o.TLS.PrivateKey = value
	case "certificate":
		o.TLS.Certificate = value
	case "ca-cert":
		o.TLS.CACert = value
	case "ssl-protocols":
		o.Protocols = value
	case "ssl-ciphers":
		o.Ciphers = value
	case "ssl-ciphersuites":
		o.Ciphersuites = value
	}
	return nil
}

// list is --options.
func (p *Program) list() string {
	var b strings.Builder
	for _, o := range slices.Concat(p.Own, common) {
		arg := map[Argument]string{NeedsArgument: "ARG", MayHaveArgument: "[ARG]"}[o.Arg]
		long := arg
		if arg != "" {
			long = "=" + arg
		}
		fmt.Fprintf(&b, "--%s%s\n", o.Name, long)
		if o.Short != 0 {
			fmt.Fprintf(&b, "-%c %s\n", o.Short, arg)
		}
	}
	return b.String()
}

// DaemonHelp is the part of --help about the options that every daemon has.
func (p *Program) DaemonHelp() string {
	return `Daemon options:
  --detach                run in background as daemon; returns once the control
                          socket answers
  --monitor               start it again when it crashes
  --user=username[:group] changes the effective daemon user:group
  --no-chdir              do not chdir to '/'
  --pidfile[=FILE]        create pidfile (default: ` + p.Run + `/` + p.Name + `.pid)
  --overwrite-pidfile     with --pidfile, start even if already running

Logging options:
  -vSPEC, --verbose=SPEC   set logging levels, for example -vconsole:off,
                           -vfile:dbg, -vreconnect:file:dbg
  -v, --verbose            set maximum verbosity level
  --log-file[=FILE]        enable logging to specified FILE
                           (default: ` + p.Log + `/` + p.Name + `.log)
  --syslog-method=(libc|unix:file|udp:ip:port|null)
                           specify how to send messages to syslog daemon
  --syslog-target=HOST:PORT  also send syslog msgs to HOST:PORT via UDP
`
}
