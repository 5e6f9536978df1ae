package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/doctor"
	"github.com/kove-io/kove/pkg/status"
)

// The exit statuses.
const (
	ExitOK         = 0
	ExitFailure    = 1 // the command failed, or kove stopped because a component failed
	ExitUsage      = 2 // a flag, argument, variable or configuration file is wrong
	ExitPreflight  = 3 // this machine cannot run kove as configured; nothing was changed
	ExitNotReady   = 4 // `kove status`: kove runs, but not everything is ready
	ExitNotRunning = 5 // kove does not run here
)

// Serve runs a role until ctx ends.
type Serve func(ctx context.Context, c *config.Config, log *slog.Logger) error

// Tool runs a program that is linked into kove, with its arguments (without its name), and returns its exit status.
type Tool func(ctx context.Context, args []string, c *config.Config) int

// Tokens keeps expiring join tokens in the cluster.
type Tokens interface {
	// Create stores a token of the form id.secret.
	Create(ctx context.Context, token, description string, ttl time.Duration, now time.Time) error
	// List returns them without secrets.
	List(ctx context.Context) ([]TokenInfo, error)
	// Delete removes one by its id.
	Delete(ctx context.Context, id string) error
}

// TokenInfo describes a join token without its secret.
type TokenInfo struct {
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	// Expires is zero for a token that does not.
	Expires time.Time `json:"expires,omitzero"`
}

// Actions is what the commands do. Nil members make their commands say that this build lacks them.
type Actions struct {
	// Server and Agent run kove.
	Server, Agent Serve
	// Kubectl and Ctr are the linked client programs.
	Kubectl, Ctr Tool
	// Containerd is the daemon, a child process of `kove server` and `kove agent`.
	Containerd func(ctx context.Context, args []string) error
	// Central runs NB, SB and northd alone; args are those of ovn-central.
	Central func(ctx context.Context, args []string) error
	// Northd is northd alone, against databases elsewhere; args are those of ovn-northd. It returns the exit status, and takes
	// signals itself.
	Northd func(args []string) int
	// Tokens opens the cluster's tokens with an administrator's kubeconfig.
	Tokens func(kubeconfig string) (Tokens, error)
	// Images opens the image store behind containerd's socket.
	Images func(socket string) (Images, error)
	// Stop ends what outlives kove: pods, containerd, the data plane; with clean it also removes what kove left on the machine.
	Stop func(ctx context.Context, c *config.Config, clean bool, log *slog.Logger) error
	// Versions are those of kove and of everything in it, by name.
	Versions func() map[string]string

	// Host is the machine that is checked before a start. Nil: this one.
	Host doctor.Host
	// Status asks the kove behind a socket. Nil: status.Get.
	Status func(ctx context.Context, socket string) (*status.Status, error)
	// Environ is the environment. Nil: the process's.
	Environ []string
	// Stdout and Stderr take the output. Nil: the process's.
	Stdout, Stderr io.Writer
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// App is the command line.
type App struct {
	a Actions
}

// New returns the command line for these actions.
func New(a Actions) *App {
	if a.Host == nil {
		a.Host = doctor.OSHost{}
	}
	if a.Status == nil {
		a.Status = status.Get
	}
	if a.Environ == nil {
		a.Environ = os.Environ()
	}
	if a.Stdout == nil {
		a.Stdout = os.Stdout
	}
	if a.Stderr == nil {
		a.Stderr = os.Stderr
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Versions == nil {
		a.Versions = func() map[string]string { return map[string]string{"kove": "unknown"} }
	}
	return &App{a: a}
}

// exit is an error with its exit status; a nil err prints nothing.
type exit struct {
	status int
	err    error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return exit{ExitUsage, fmt.Errorf(format, args...)} }

// Run does what args say, args[0] being the program's name, and returns the exit status. A link to kove named kubectl,
// crictl, ctr or ovn-northd acts as that program, as in k3s.
func (app *App) Run(ctx context.Context, args []string) int {
	if name := filepath.Base(args[0]); name == "kubectl" || name == "crictl" || name == "ctr" || name == "ovn-northd" {
		args = append([]string{"kove", name}, args[1:]...)
	}
	err := app.command().RunContext(ctx, args)
	var e exit
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintln(app.a.Stderr, "kove: "+e.err.Error())
		}
		return e.status
	}
	fmt.Fprintln(app.a.Stderr, "kove: "+err.Error())
	return ExitFailure
}

func (app *App) command() *cli.App {
	return &cli.App{
		Name:  "kove",
		Usage: "Kubernetes + OVN for VMs and containers at the edge, in one binary",
		Description: "One machine:       kove server\n" +
			"The next machine:  kove agent --server https://FIRST:6443 --token-file FILE\n" +
			"                   (FILE holds the line of /var/lib/kove/server/node-token on FIRST)\n" +
			"Look:              kove status; kove kubectl get pods -A; kove nbctl show",
		Commands:                  app.commands(),
		Writer:                    app.a.Stdout,
		ErrWriter:                 app.a.Stderr,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		OnUsageError:              onUsageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // Run decides; the library would exit the process
		CommandNotFound:           nil,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return cli.ShowAppHelp(c)
			}
			return usage("there is no command %q%s; `kove help` lists them", c.Args().First(), app.suggestCommand(c.Args().First()))
		},
	}
}

func (app *App) commands() []*cli.Command {
	commands := []*cli.Command{app.serve(config.Server), app.serve(config.Agent)}
	commands = append(commands, app.installCommand(), app.uninstallCommand())
	commands = append(commands, app.statusCommand(), app.doctorCommand(), app.stopCommand(), app.tokenCommand(), app.imagesCommand())
	commands = append(commands, app.tools()...)
	commands = append(commands, app.ovnCommand(), app.centralCommand(), app.northdCommand(), app.containerdCommand(), app.versionCommand(), app.completionCommand(), app.helpCommand())
	for _, c := range commands {
		prepare(c)
	}
	return commands
}

// prepare gives a command what every command has.
func prepare(c *cli.Command) {
	c.OnUsageError = onUsageError
	c.HideHelpCommand = true
	if c.CustomHelpTemplate == "" && c.Subcommands == nil {
		c.CustomHelpTemplate = helpTemplate
	}
	for _, sub := range c.Subcommands {
		prepare(sub)
	}
}

// onUsageError turns the flag library's words into ours.
func onUsageError(c *cli.Context, err error, _ bool) error {
	what := err.Error()
	name := strings.TrimPrefix(c.Command.HelpName, "kove ")
	help := "`kove help` lists the commands"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "kove" {
		help = "`kove " + name + " --help` lists the flags"
	}
	if flag, ok := strings.CutPrefix(what, "flag provided but not defined: "); ok {
		return usage("unknown flag -%s; %s", flag, help)
	}
	if flag, ok := strings.CutPrefix(what, "flag needs an argument: "); ok {
		return usage("flag -%s needs a value; %s", flag, help)
	}
	return usage("%s; %s", what, help)
}

func (app *App) suggestCommand(name string) string {
	for _, c := range app.commands() {
		if strings.HasPrefix(c.Name, name) || strings.HasPrefix(name, c.Name) {
			return ": did you mean " + c.Name + "?"
		}
	}
	return ""
}

// noArguments refuses what a command would otherwise silently drop.
func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage("%s takes no argument %q; `%s --help` lists the flags", c.Command.HelpName, c.Args().First(), c.Command.HelpName)
	}
	return nil
}

const helpTemplate = `{{.HelpName}}: {{.Usage}}

USAGE:
   {{if .UsageText}}{{.UsageText}}{{else}}{{.HelpName}}{{if .VisibleFlags}} [flags]{{end}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}{{end}}
{{if .Description}}
{{.Description}}
{{end}}{{range .VisibleFlagCategories}}
{{if .Name}}{{.Name}}:{{else}}FLAGS:{{end}}
{{range .Flags}}   {{.}}
{{end}}{{end}}`
