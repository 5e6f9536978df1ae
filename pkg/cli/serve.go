package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/doctor"
)

var serveHelp = map[config.Role]struct{ usage, text string }{
	config.Server: {"run the control plane and OVN central, and this machine as a node", `Starts everything that a cluster needs in one process, and this machine as its first node. State lies in the data
directory; a second start goes on where the first stopped, pods and their network do not notice.

EXAMPLES:
   kove server
   kove server --node-ip 192.0.2.10 --tls-san edge.example.com
   kove server --datapath userspace --tunnel-nic eth1       where the kernel has no openvswitch module
   kove server --disable-agent                              control plane only

Every flag can stand in /etc/kove/config.yaml as NAME: VALUE, or in the environment as KOVE_NAME.
Then: kove status; kove kubectl get nodes; the next machine joins with server/node-token of the data directory.`},
	config.Agent: {"join a cluster and run this machine as a node", `Finds the server, checks its CA against the token, gets certificates for this node's name and addresses and starts
kubelet, containerd, Open vSwitch and ovn-controller. A node that joined once starts again without a server in reach.

EXAMPLES:
   kove agent --server https://192.0.2.10:6443 --token-file /root/token
   KOVE_URL=https://192.0.2.10:6443 KOVE_TOKEN=K10… kove agent

The token is in /var/lib/kove/server/node-token on a server; kove token create makes one that expires.`},
}

func (app *App) serve(role config.Role) *cli.Command {
	h := serveHelp[role]
	return &cli.Command{
		Name:        string(role),
		Usage:       h.usage,
		Description: h.text,
		Flags:       flags(role, func(config.Option) bool { return true }),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			serve := app.a.Server
			if role == config.Agent {
				serve = app.a.Agent
			}
			return app.start(c, role, serve)
		},
	}
}

// flags are the options of a role as flags. The library only splits the command line: every value stays text, and
// pkg/config reads it, so that a flag, a variable and a file say the same about a wrong one.
func flags(role config.Role, want func(config.Option) bool) []cli.Flag {
	var out []cli.Flag
	for _, o := range config.Options(config.Default(role)) {
		if !o.Applies(role) || !want(o) {
			continue
		}
		var aliases []string
		if o.Short != "" {
			aliases = []string{o.Short}
		}
		usage := o.Usage
		if len(o.Env) > 0 && o.Ignored == "" {
			usage += " [$" + strings.Join(o.Env, ", $") + "]"
		}
		if o.Default != "" {
			usage += " (default: " + o.Default + ")"
		}
		hidden := o.Ignored != ""
		switch {
		case o.Kind() == config.KindBool:
			out = append(out, &cli.BoolFlag{Name: o.Name, Aliases: aliases, Usage: usage, Category: o.Section, Hidden: hidden, DisableDefaultText: true})
		case o.List():
			out = append(out, &cli.StringSliceFlag{Name: o.Name, Aliases: aliases, Usage: usage, Category: o.Section, Hidden: hidden})
		default:
			out = append(out, &cli.StringFlag{Name: o.Name, Aliases: aliases, Usage: usage, Category: o.Section, Hidden: hidden})
		}
	}
	return out
}

// given are the flags that stand on the command line.
func given(c *cli.Context, role config.Role) map[string][]string {
	out := map[string][]string{}
	for _, o := range config.Options(config.Default(role)) {
		if !c.IsSet(o.Name) {
			continue
		}
		switch {
		case o.Kind() == config.KindBool:
			out[o.Name] = []string{fmt.Sprint(c.Bool(o.Name))}
		case o.List():
			out[o.Name] = c.StringSlice(o.Name)
		default:
			out[o.Name] = []string{c.String(o.Name)}
		}
	}
	return out
}

func (app *App) start(c *cli.Context, role config.Role, serve Serve) error {
	cleared := app.clearProxies()
	conf, err := config.Load(config.Input{Role: role, Flags: given(c, role), Environ: app.a.Environ, Host: app.a.Host})
	if err != nil {
		return exit{ExitUsage, err}
	}
	for _, o := range config.Options(config.Default(role)) {
		if o.Secret { // children would inherit it
			for _, name := range o.Env {
				_ = os.Unsetenv(name) // fails only for impossible names
			}
		}
	}
	log := app.logger(conf.Log)
	for _, name := range cleared {
		log.Warn("cleared a proxy variable from the environment: kove talks to the cluster directly, and pods do not inherit it", "variable", name)
	}
	for _, w := range conf.Warnings {
		log.Warn(w)
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := app.preflight(ctx, conf, log); err != nil {
		return err
	}
	if serve == nil {
		return errors.New("this build of kove has no " + string(role))
	}
	err = serve(ctx, conf, log)
	var faults config.Faults
	if errors.As(err, &faults) { // what only the component itself can judge, such as --kubelet-arg
		return exit{ExitUsage, err}
	}
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		log.Info("stopped", "role", string(role))
		return nil
	}
	return err
}

// preflight runs the checks that must pass before anything is touched.
func (app *App) preflight(ctx context.Context, conf *config.Config, log *slog.Logger) error {
	findings := doctor.Preflight(ctx, app.a.Host, conf)
	var fatal []string
	for _, f := range findings {
		if f.Severity == doctor.Fatal {
			fatal = append(fatal, f.String())
			continue
		}
		log.Warn(f.Seen, "check", f.ID, "why", f.Why, "remedy", f.Remedy)
	}
	if len(fatal) == 0 {
		return nil
	}
	return exit{ExitPreflight, fmt.Errorf("this machine cannot start `kove %s` as configured; nothing was changed:\n  - %s", conf.Role, strings.Join(fatal, "\n  - "))}
}

var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy"}

// clearProxies removes proxy variables from the process, before any HTTP client has looked at them: in-process Kubernetes
// clients would send the cluster's own traffic to a proxy that cannot reach it.
func (app *App) clearProxies() []string {
	var cleared []string
	for _, name := range proxyVariables {
		for i, kv := range app.a.Environ {
			if v, ok := strings.CutPrefix(kv, name+"="); ok && v != "" {
				cleared = append(cleared, name)
				app.a.Environ = append(append([]string(nil), app.a.Environ[:i]...), app.a.Environ[i+1:]...)
				break
			}
		}
		_ = os.Unsetenv(name) // fails only for impossible names
	}
	return cleared
}

func (app *App) logger(l config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if l.Debug {
		o.Level = slog.LevelDebug
	}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(app.a.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(app.a.Stderr, o))
}
