package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/doctor"
	"github.com/kove-io/kove/pkg/status"
)

// examined are the options that checks look at; doctor takes them as server and agent do.
var examined = []string{
	"config", "data-dir", "run-dir", "min-free-disk", "server", "token", "token-file", "bind-address", "https-listen-port", "cluster-cidr", "service-cidr", "join-cidr",
	"cluster-dns", "disable-agent", "disable-kube-proxy", "datapath", "tunnel-nic", "mtu", "ovn-sb-port", "node-name", "node-ip", "resolv-conf",
}

func (app *App) doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "examine this machine: what keeps kove from running here, or will", ArgsUsage: "[list | explain ID]",
		Description: `Looks, and changes nothing. Works before anything is installed, and where kove runs. With --server, the way to that server is
examined too, with --token also whether it admits this machine under its name. Exit status 0: nothing fatal was found. 3: something fatal,
which keeps kove from working here. 2: a flag is wrong. 1: the examination itself failed. Warnings and notes do not change it.
docs/doctor.md explains every finding; docs/doctor.schema.json describes the JSON.

EXAMPLES:
   kove doctor                                                           may this machine be a server?
   kove doctor --server https://192.0.2.10:6443 --token-file /root/token  may it join?
   kove doctor --role gateway --nic eth1                                 may eth1 be the NIC for the external network?
   kove doctor --role server --role vm-host -o json | jq .findings
   kove doctor list                                                      the checks
   kove doctor explain path/mtu                                          what a finding means`,
		Flags: append([]cli.Flag{outputFlag(),
			&cli.StringSliceFlag{Name: "role", Usage: "what the machine shall be: server, agent, gateway, vm-host; may be given several times (default: what the running kove is; agent where a flag, a variable or config.yaml names a server to join; else server)"},
			&cli.StringFlag{Name: "nic", Usage: "the NIC for OVN's external network, with --role gateway"}}, doctorFlags()...),
		Action: func(c *cli.Context) error {
			switch c.Args().First() {
			case "":
				return app.doctor(c)
			case "list":
				if c.NArg() > 1 {
					return usage("kove doctor list takes no argument %q", c.Args().Get(1))
				}
				return app.doctorList(c)
			case "explain":
				if c.NArg() != 2 {
					return usage("kove doctor explain takes the id of one finding or check; `kove doctor list` shows the checks")
				}
				return app.doctorExplain(c.Args().Get(1))
			}
			return usage("kove doctor takes list or explain ID, not %q; `kove doctor --help` lists the flags", c.Args().First())
		},
	}
}

// doctorFlags are those of server and, for what a server does not take, of agent.
func doctorFlags() []cli.Flag {
	var out []cli.Flag
	seen := map[string]bool{}
	for _, role := range []config.Role{config.Server, config.Agent} {
		for _, f := range flags(role, func(o config.Option) bool { return slices.Contains(examined, o.Name) }) {
			if !seen[f.Names()[0]] {
				seen[f.Names()[0]] = true
				out = append(out, f)
			}
		}
	}
	return out
}

func (app *App) doctor(c *cli.Context) error {
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, time.Minute)
	defer cancel()
	examination, faults, err := app.doctorCase(ctx, c)
	if err != nil {
		return err
	}
	report := doctor.Examine(ctx, app.a.Host, examination, faults)
	if toJSON {
		if err := app.printJSON(report); err != nil {
			return err
		}
	} else {
		printReport(app.a.Stdout, report)
	}
	if report.Fatal > 0 {
		return exit{status: ExitPreflight}
	}
	return nil
}

// doctorCase finds out what the machine is examined for.
func (app *App) doctorCase(ctx context.Context, c *cli.Context) (doctor.Case, error, error) {
	var roles []config.Role
	for _, name := range c.StringSlice("role") {
		role := config.Role(name)
		if !slices.Contains(doctor.Roles(), role) {
			return doctor.Case{}, nil, usage("--role %q: there is no such role; use server, agent, gateway or vm-host", name)
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	if slices.Contains(roles, config.Server) && slices.Contains(roles, config.Agent) {
		return doctor.Case{}, nil, usage("--role server and --role agent exclude each other: a server is a node too")
	}
	nic := c.String("nic")
	if nic != "" && !slices.Contains(roles, doctor.Gateway) {
		roles = append(roles, doctor.Gateway)
	}
	running := false
	var base config.Role
	if local, err := app.local(c); err == nil {
		// A socket that only root may ask still tells that kove runs.
		switch s, err := app.a.Status(ctx, local.Paths.StatusSocket()); {
		case err == nil:
			running, base = true, config.Role(s.Role)
		case !errors.Is(err, status.ErrNotRunning):
			running = true
		}
	}
	for _, role := range roles {
		if role == config.Server || role == config.Agent {
			base = role
		}
	}
	_, url := given(c, config.Agent)["server"]
	switch {
	case base != "":
	case app.joined(c):
		base = config.Agent
	default:
		base = config.RoleOf(config.Input{Flags: given(c, config.Agent), Environ: app.a.Environ, Host: app.a.Host})
	}
	if !slices.Contains(roles, base) {
		roles = append([]config.Role{base}, roles...)
	}
	if url && base == config.Server {
		return doctor.Case{}, nil, usage("--server is for a machine that joins as an agent: leave out --role server")
	}
	if base == config.Agent {
		for _, name := range c.FlagNames() {
			if slices.ContainsFunc(config.Options(config.Default(base)), func(o config.Option) bool { return o.Name == name && !o.Applies(base) }) {
				return doctor.Case{}, nil, usage("--%s is for servers; agents learn it when they join", name)
			}
		}
	}
	conf, faults := doctor.Load(config.Input{Role: base, Flags: given(c, base), Environ: app.a.Environ, Host: app.a.Host})
	return doctor.Case{Config: conf, Roles: roles, NIC: nic, Running: running}, faults, nil
}

// joined tells whether this machine is an agent that does not run now.
func (app *App) joined(c *cli.Context) bool {
	local, err := app.local(c)
	if err != nil {
		return false
	}
	_, asAgent := app.a.Host.Stat(local.Paths.Agent("cluster.json"))
	_, asServer := app.a.Host.Stat(local.Paths.TLS())
	return asAgent == nil && asServer != nil
}

func printReport(out io.Writer, r *doctor.Report) {
	var roles []string
	for _, role := range r.Roles {
		roles = append(roles, string(role))
	}
	what := "before kove runs"
	if r.Running {
		what = "where kove runs"
	}
	fmt.Fprintf(out, "%s as %s, %s\n\n", orUnknown(r.Node), strings.Join(roles, ", "), what)
	for _, f := range r.Findings {
		fmt.Fprintf(out, "%-8s %s\n         %s\n         why:    %s\n         remedy: %s\n", strings.ToUpper(string(f.Severity)), f.ID, f.Seen, f.Why, f.Remedy)
	}
	var ok, skipped []string
	for _, c := range r.Checks {
		switch c.State {
		case doctor.OK:
			ok = append(ok, c.Name)
		case doctor.Skipped:
			skipped = append(skipped, c.Name)
		}
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "ok:      %s\n", strings.Join(ok, " "))
	if len(skipped) > 0 {
		fmt.Fprintf(out, "skipped: %s\n", strings.Join(skipped, " "))
	}
	fmt.Fprintf(out, "\n%d fatal, %d warnings, %d notes", r.Fatal, r.Warnings, r.Notes)
	if len(r.Findings) > 0 {
		fmt.Fprint(out, "; `kove doctor explain ID` says more")
	}
	fmt.Fprintln(out)
}

func orUnknown(name string) string {
	if name == "" {
		return "this machine"
	}
	return name
}

func (app *App) doctorList(c *cli.Context) error {
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	type entry struct {
		Name     string        `json:"name"`
		Roles    []config.Role `json:"roles"`
		Start    bool          `json:"start"`
		About    string        `json:"about"`
		Findings []string      `json:"findings"`
	}
	var list []entry
	for _, check := range doctor.Checks() {
		e := entry{check.Name, check.Roles, check.Start, check.About, nil}
		for _, f := range check.Finds {
			e.Findings = append(e.Findings, f.ID)
		}
		list = append(list, e)
	}
	if toJSON {
		return app.printJSON(list)
	}
	w := tabwriter.NewWriter(app.a.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tROLES\tAT START\tLOOKS AT")
	for _, e := range list {
		var roles []string
		for _, r := range e.Roles {
			roles = append(roles, string(r))
		}
		start := ""
		if e.Start {
			start = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, strings.Join(roles, ","), start, e.About)
	}
	return w.Flush()
}

func (app *App) doctorExplain(id string) error {
	check, found := doctor.Explain(id)
	if check == nil {
		return usage("there is no finding or check %q; `kove doctor list` shows the checks", id)
	}
	fmt.Fprintf(app.a.Stdout, "check %s: %s\n", check.Name, check.About)
	for _, e := range found {
		fmt.Fprintf(app.a.Stdout, "\n%s (%s)\n%s\n", e.ID, e.Severity, wrap(e.Text, 100))
	}
	return nil
}

// wrap breaks text into lines of at most n bytes, indented.
func wrap(text string, n int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString("   ")
			column = 3
		case column+1+len(word) > n:
			b.WriteString("\n   ")
			column = 3
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
