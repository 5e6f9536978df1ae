package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
)

// tool is a program of the payload with what it has to be told.
type tool struct {
	name, usage string
	examples    []string
	program     string // in data/current/bin
	// target are arguments put before the user's, given unless the user gave one of unless.
	target func(c *config.Config) []string
	unless []string
	// needs is a socket that has to exist, "" for none, and remedy what to do when it does not.
	needs  func(c *config.Config) string
	remedy string
	env    func(c *config.Config) []string
	// rewrite changes the user's arguments.
	rewrite func(c *config.Config, args []string) []string
}

// controlSocket gives ovs-appctl the path of a target. kove's children have control sockets without the pid in the name that
// ovs-appctl looks for.
func controlSocket(c *config.Config, args []string) []string {
	path := func(target string) string {
		if strings.Contains(target, "/") {
			return target
		}
		for _, dir := range []string{"ovs", "ovn"} {
			if p := c.Paths.Run(dir, target+".ctl"); exists(p) {
				return p
			}
		}
		return target // ovs-appctl says what it looked for
	}
	out := slices.Clone(args)
	for i, a := range out {
		switch {
		case (a == "-t" || a == "--target") && i+1 < len(out):
			out[i+1] = path(out[i+1])
			return out
		case strings.HasPrefix(a, "--target="):
			out[i] = "--target=" + path(strings.TrimPrefix(a, "--target="))
			return out
		case !strings.HasPrefix(a, "-"): // the command begins
			return append([]string{"--target=" + path("ovs-vswitchd")}, out...)
		}
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func nbDB(c *config.Config) string {
	if c.OVN.NBRemote != "" {
		return c.OVN.NBRemote
	}
	return "unix:" + c.Paths.Run("ovn", "ovnnb_db.sock")
}

func sbDB(c *config.Config) string {
	if c.OVN.SBRemote != "" {
		return c.OVN.SBRemote
	}
	return "unix:" + c.Paths.Run("ovn", "ovnsb_db.sock")
}

// unixPath is the path of a unix: remote, "" for others.
func unixPath(remote string) string {
	path, ok := strings.CutPrefix(remote, "unix:")
	if !ok {
		return ""
	}
	return path
}

func payloadTools() []tool {
	nbSocket := func(c *config.Config) string { return unixPath(nbDB(c)) }
	sbSocket := func(c *config.Config) string { return unixPath(sbDB(c)) }
	ovsSocket := func(c *config.Config) string { return c.Paths.Run("ovs", "db.sock") }
	ovsEnv := func(c *config.Config) []string {
		return []string{"OPENSSL_CONF=/dev/null", "OVS_RUNDIR=" + c.Paths.Run("ovs"), "OVN_RUNDIR=" + c.Paths.Run("ovs")}
	}
	const central = "is `kove server` running here? (`kove status`; the databases are on the servers)"
	const node = "does kove run as a node here? (`kove status`)"
	return []tool{
		{name: "nbctl", usage: "ovn-nbctl against the northbound database of this server", program: "ovn-nbctl",
			examples: []string{"kove nbctl show", "kove nbctl lsp-list ovn-default"},
			target:   func(c *config.Config) []string { return []string{"--db=" + nbDB(c)} }, unless: []string{"--db"}, needs: nbSocket, remedy: central, env: ovsEnv},
		{name: "sbctl", usage: "ovn-sbctl against the southbound database of this server", program: "ovn-sbctl",
			examples: []string{"kove sbctl show", "kove sbctl lflow-list ovn-default"},
			target:   func(c *config.Config) []string { return []string{"--db=" + sbDB(c)} }, unless: []string{"--db"}, needs: sbSocket, remedy: central, env: ovsEnv},
		{name: "trace", usage: "ovn-trace against the southbound database of this server", program: "ovn-trace",
			examples: []string{`kove trace ovn-default 'inport=="web.default" && eth.src==… && eth.dst==… && ip4.src==… && ip4.dst==… && ip.ttl==64 && icmp4'`},
			target:   func(c *config.Config) []string { return []string{"--db=" + sbDB(c)} }, unless: []string{"--db"}, needs: sbSocket, remedy: central, env: ovsEnv},
		{name: "vsctl", usage: "ovs-vsctl against this node's Open vSwitch", program: "ovs-vsctl",
			examples: []string{"kove vsctl show", "kove vsctl get Open_vSwitch . external_ids"},
			target:   func(c *config.Config) []string { return []string{"--db=unix:" + ovsSocket(c)} }, unless: []string{"--db"}, needs: ovsSocket, remedy: node, env: ovsEnv},
		{name: "ofctl", usage: "ovs-ofctl against this node's bridges", program: "ovs-ofctl",
			examples: []string{"kove ofctl dump-flows br-int", "kove ofctl show br-int"}, env: ovsEnv},
		{name: "appctl", usage: "ovs-appctl against ovs-vswitchd or, with -t, ovn-controller or ovsdb-server of this node", program: "ovs-appctl",
			examples: []string{"kove appctl dpif/show", "kove appctl -t ovn-controller connection-status"}, env: ovsEnv, rewrite: controlSocket},
		{name: "crictl", usage: "crictl against this node's containerd", program: "crictl",
			examples: []string{"kove crictl ps", "kove crictl pods"},
			target: func(c *config.Config) []string {
				// Without a file of its own, crictl complains about the one that it does not find.
				return []string{"--config=/dev/null", "--runtime-endpoint=unix://" + containerdSocket(c), "--image-endpoint=unix://" + containerdSocket(c)}
			},
			unless: []string{"--runtime-endpoint", "-r", "--config", "-c"}, needs: containerdSocket, remedy: node},
	}
}

func containerdSocket(c *config.Config) string { return c.Paths.Run("containerd", "containerd.sock") }

func (app *App) tools() []*cli.Command {
	commands := []*cli.Command{
		app.linked("kubectl", "kubectl with the administrator's kubeconfig", app.a.Kubectl,
			"Uses $KUBECONFIG or --kubeconfig if given, else /etc/kove/kove.yaml.", "kove kubectl get pods -A", "kove kubectl get subnets,vpcs,ips"),
		app.linked("ctr", "containerd's ctr against this node's containerd", app.a.Ctr,
			"Uses the namespace k8s.io unless -n is given.", "kove ctr images ls", "kove ctr tasks ls"),
	}
	for _, t := range payloadTools() {
		commands = append(commands, app.payloadCommand(t))
	}
	return commands
}

func examples(lines []string) string { return "EXAMPLES:\n   " + strings.Join(lines, "\n   ") }

func (app *App) linked(name, usage string, run Tool, text string, lines ...string) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "[ARGUMENTS]", SkipFlagParsing: true,
		Description: text + " All arguments are " + name + "'s.\n\n" + examples(lines),
		Action: func(c *cli.Context) error {
			if run == nil {
				return fmt.Errorf("this build of kove has no %s", name)
			}
			conf, err := app.local(nil)
			if err != nil {
				return err
			}
			if status := run(c.Context, c.Args().Slice(), conf); status != 0 {
				return exit{status: status}
			}
			return nil
		},
	}
}

func (app *App) payloadCommand(t tool) *cli.Command {
	return &cli.Command{
		Name: t.name, Usage: t.usage, ArgsUsage: "[ARGUMENTS]", SkipFlagParsing: true,
		Description: fmt.Sprintf("Runs %s of kove's payload; all arguments are its own. Another kove than the default one is found through\nKOVE_DATA_DIR and KOVE_RUN_DIR.\n\n%s",
			t.program, examples(t.examples)),
		Action: func(c *cli.Context) error {
			conf, err := app.local(nil)
			if err != nil {
				return err
			}
			path, argv, env, err := t.command(conf, c.Args().Slice(), app.a.Environ)
			if err != nil {
				return err
			}
			// The tool takes our place: signals, terminal and exit status are its own.
			if err := syscall.Exec(path, argv, env); err != nil {
				return fmt.Errorf("running %s: %w", path, err)
			}
			return nil
		},
	}
}

// command puts together what to execute.
func (t tool) command(c *config.Config, args, environ []string) (path string, argv, env []string, err error) {
	path = c.Paths.Payload("bin", t.program)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, nil, fmt.Errorf("there is no %s in %s; kove unpacks its tools at its first start here (or name its KOVE_DATA_DIR)", t.program, filepath.Dir(path))
		}
		return "", nil, nil, fmt.Errorf("looking for %s: %w; use sudo", t.program, err)
	}
	argv = []string{t.program}
	if t.target != nil && !names(args, t.unless) {
		if t.needs != nil {
			if socket := t.needs(c); socket != "" {
				if _, err := os.Stat(socket); err != nil {
					return "", nil, nil, fmt.Errorf("there is no %s: %s", socket, t.remedy)
				}
			}
		}
		argv = append(argv, t.target(c)...)
	}
	env = environ
	if t.env != nil {
		for _, kv := range t.env(c) {
			name, _, _ := strings.Cut(kv, "=")
			if !slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, name+"=") }) {
				env = append(slices.Clip(env), kv)
			}
		}
	}
	if t.rewrite != nil {
		args = t.rewrite(c, args)
	}
	return path, append(argv, args...), env, nil
}

// names tells whether args hold one of the flags.
func names(args, flags []string) bool {
	for _, a := range args {
		for _, f := range flags {
			if a == f || strings.HasPrefix(a, f+"=") {
				return true
			}
		}
	}
	return false
}
