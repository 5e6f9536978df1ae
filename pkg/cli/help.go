package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// exitStatuses explains the exit statuses; docs/cli.md has them too.
var exitStatuses = []struct {
	status int
	text   string
}{
	{ExitOK, "it worked; for server and agent: it was asked to stop and did"},
	{ExitFailure, "it failed, or kove stopped because a component failed; the last lines say which"},
	{ExitUsage, "a flag, argument, variable or configuration file is wrong; nothing was started"},
	{ExitPreflight, "this machine cannot run kove as configured; nothing was changed; kove doctor: it found something fatal"},
	{ExitNotReady, "kove status: kove runs, but not everything is ready"},
	{ExitNotRunning, "kove status, kove stop: kove does not run here"},
}

func (app *App) helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "show help for kove, a command, or `kove help exit-status`", ArgsUsage: "[COMMAND]",
		Action: func(c *cli.Context) error {
			switch name := c.Args().First(); name {
			case "":
				return cli.ShowAppHelp(parent(c))
			case "exit-status":
				for _, e := range exitStatuses {
					fmt.Fprintf(app.a.Stdout, "%d  %s\n", e.status, e.text)
				}
				fmt.Fprintln(app.a.Stdout, "kubectl, crictl, ctr and the OVN tools: their own")
				return nil
			default:
				command := c.App.Command(name)
				if command == nil {
					return usage("there is no command %q%s; `kove help` lists them", name, app.suggestCommand(name))
				}
				if command.SkipFlagParsing { // its --help is the tool's own
					return cli.ShowCommandHelp(parent(c), name)
				}
				return app.command().RunContext(c.Context, append(append([]string{"kove"}, c.Args().Slice()...), "--help"))
			}
		},
	}
}

func parent(c *cli.Context) *cli.Context {
	if lineage := c.Lineage(); len(lineage) > 1 {
		return lineage[1]
	}
	return c
}

func (app *App) completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "print a completion script for a shell", ArgsUsage: "bash|zsh|fish",
		Description: `EXAMPLES:
   kove completion bash > /etc/bash_completion.d/kove
   kove completion zsh > /usr/local/share/zsh/site-functions/_kove
   kove completion fish > ~/.config/fish/completions/kove.fish`,
		Action: func(c *cli.Context) error {
			shells := map[string]func() string{"bash": app.bash, "zsh": app.zsh, "fish": app.fish}
			script, ok := shells[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return usage("kove completion takes bash, zsh or fish, got %q", strings.Join(c.Args().Slice(), " "))
			}
			fmt.Fprint(app.a.Stdout, script())
			return nil
		},
	}
}

// words are what may follow a command, by the command's path ("" for kove itself).
func (app *App) words() (paths []string, words map[string][]string) {
	words = map[string][]string{}
	var walk func(path string, commands []*cli.Command)
	walk = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			if c.Hidden {
				continue
			}
			words[path] = append(words[path], c.Name)
			own := strings.TrimSpace(path + " " + c.Name)
			paths = append(paths, own)
			if c.SkipFlagParsing {
				words[own] = nil
				continue
			}
			for _, f := range c.VisibleFlags() {
				words[own] = append(words[own], "--"+f.Names()[0])
			}
			walk(own, c.Subcommands)
		}
	}
	walk("", app.commands())
	words["completion"] = []string{"bash", "zsh", "fish"}
	return append([]string{""}, paths...), words
}

func (app *App) bash() string {
	var b strings.Builder
	b.WriteString("# bash completion for kove\n_kove() {\n  local cur=${COMP_WORDS[COMP_CWORD]} path=${COMP_WORDS[1]} words\n" +
		"  [ \"$COMP_CWORD\" -gt 1 ] || path=\n  [ \"$COMP_CWORD\" -le 2 ] || case $path in token|images) path=\"$path ${COMP_WORDS[2]}\" ;; esac\n  case $path in\n")
	paths, words := app.words()
	for _, p := range paths {
		fmt.Fprintf(&b, "  %q) words=%q ;;\n", p, strings.Join(words[p], " "))
	}
	b.WriteString("  *) words= ;;\n  esac\n  if [ -z \"$words\" ]; then COMPREPLY=($(compgen -f -- \"$cur\")); else COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); fi\n}\ncomplete -o filenames -F _kove kove\n")
	return b.String()
}

func (app *App) zsh() string {
	return "#compdef kove\nautoload -U +X bashcompinit && bashcompinit\n" + app.bash()
}

func (app *App) fish() string {
	var b strings.Builder
	b.WriteString("# fish completion for kove\n")
	var walk func(path []string, commands []*cli.Command)
	walk = func(path []string, commands []*cli.Command) {
		condition := "__fish_use_subcommand"
		if len(path) > 0 {
			condition = "__fish_seen_subcommand_from " + path[len(path)-1]
		}
		for _, c := range commands {
			if c.Hidden {
				continue
			}
			fmt.Fprintf(&b, "complete -c kove -f -n %q -a %s -d %q\n", condition, c.Name, c.Usage)
			if !c.SkipFlagParsing {
				for _, f := range c.VisibleFlags() {
					fmt.Fprintf(&b, "complete -c kove -n \"__fish_seen_subcommand_from %s\" -l %s\n", c.Name, f.Names()[0])
				}
			}
			walk(append(path, c.Name), c.Subcommands)
		}
	}
	walk(nil, app.commands())
	b.WriteString("complete -c kove -f -n \"__fish_seen_subcommand_from completion\" -a \"bash zsh fish\"\n")
	return b.String()
}
