package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

func (app *App) tokenCommand() *cli.Command {
	return &cli.Command{
		Name:  "token",
		Usage: "make, list and delete tokens that admit agents and expire",
		Description: "The cluster's own node token, which does not expire, stands in /var/lib/kove/server/node-token.\n" +
			"Tokens made here admit agents until their time is over; kove keeps them as bootstrap token Secrets in kube-system.",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("there is no command `kove token %s`; use create, list, delete or generate", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "create", Usage: "make a token, print it", ArgsUsage: "[TOKEN]",
				Description: `Prints the token in the form that pins this cluster's CA. TOKEN (abcdef.0123456789abcdef) may come from
kove token generate; without it one is drawn.

EXAMPLES:
   kove token create --ttl 2h --description "site 7"`,
				Flags: append([]cli.Flag{
					&cli.DurationFlag{Name: "ttl", Value: 24 * time.Hour, Usage: "how long it admits agents; 0 for ever"},
					&cli.StringFlag{Name: "description", Usage: "a note for kove token list"},
				}, pathFlags()...),
				Action: app.createToken,
			},
			{
				Name: "list", Usage: "list the tokens, without their secrets",
				Description: "EXAMPLES:\n   kove token list -o json",
				Flags:       append([]cli.Flag{outputFlag()}, pathFlags()...),
				Action:      app.listTokens,
			},
			{
				Name: "delete", Usage: "delete tokens by their ids", ArgsUsage: "ID…",
				Description: "Nodes that joined with the token stay.\n\nEXAMPLES:\n   kove token delete abcdef",
				Flags:       pathFlags(),
				Action:      app.deleteTokens,
			},
			{
				Name: "generate", Usage: "draw a token and print it, without making it known to the cluster",
				Description: "EXAMPLES:\n   TOKEN=$(kove token generate); kove token create $TOKEN",
				Action: func(c *cli.Context) error {
					if err := noArguments(c); err != nil {
						return err
					}
					t, err := pki.NewBootstrapToken()
					if err != nil {
						return err
					}
					fmt.Fprintln(app.a.Stdout, t)
					return nil
				},
			},
		},
	}
}

// tokens opens the cluster's tokens from a server.
func (app *App) tokens(c *cli.Context) (Tokens, *config.Config, error) {
	if app.a.Tokens == nil {
		return nil, nil, errors.New("this build of kove has no token store")
	}
	conf, err := app.local(c)
	if err != nil {
		return nil, nil, err
	}
	kubeconfig := conf.Paths.Server("cred", "admin.kubeconfig")
	if _, err := os.Stat(kubeconfig); err != nil {
		return nil, nil, fmt.Errorf("opening %s: %w; tokens are made on a server, as root, after its first start (or name its --data-dir)", kubeconfig, errors.Unwrap(err))
	}
	t, err := app.a.Tokens(kubeconfig)
	return t, conf, err
}

func (app *App) createToken(c *cli.Context) error {
	if c.NArg() > 1 {
		return usage("kove token create takes one TOKEN, got %d arguments; flags go before it", c.NArg())
	}
	if c.Duration("ttl") < 0 {
		return usage("--ttl %s: a token cannot expire in the past; use for example 24h, or 0 for ever", c.Duration("ttl"))
	}
	tokens, conf, err := app.tokens(c)
	if err != nil {
		return err
	}
	token := c.Args().First()
	if token == "" {
		if token, err = pki.NewBootstrapToken(); err != nil {
			return err
		}
	}
	ca, err := os.ReadFile(conf.Paths.TLS("server-ca.crt"))
	if err != nil {
		return fmt.Errorf("reading the cluster's CA: %w", err)
	}
	if err := tokens.Create(c.Context, token, c.String("description"), c.Duration("ttl"), app.a.Now()); err != nil {
		return err
	}
	fmt.Fprintln(app.a.Stdout, pki.Token{CAHash: pki.HashCA(ca), Password: token})
	return nil
}

func (app *App) listTokens(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	tokens, _, err := app.tokens(c)
	if err != nil {
		return err
	}
	list, err := tokens.List(c.Context)
	if err != nil {
		return err
	}
	if toJSON {
		if list == nil {
			list = []TokenInfo{}
		}
		return app.printJSON(list)
	}
	w := tabwriter.NewWriter(app.a.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tEXPIRES\tCREATED\tDESCRIPTION")
	for _, t := range list {
		expires := "never"
		if !t.Expires.IsZero() {
			if expires = "expired"; t.Expires.After(app.a.Now()) {
				expires = "in " + age(t.Expires.Sub(app.a.Now()))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s ago\t%s\n", t.ID, expires, age(app.a.Now().Sub(t.Created)), t.Description)
	}
	return w.Flush()
}

func (app *App) deleteTokens(c *cli.Context) error {
	if c.NArg() == 0 {
		return usage("kove token delete needs the ids to delete; `kove token list` shows them")
	}
	tokens, _, err := app.tokens(c)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range c.Args().Slice() {
		if err := tokens.Delete(c.Context, id); err != nil {
			errs = append(errs, err)
			continue
		}
		shown, _, _ := strings.Cut(id, ".")
		fmt.Fprintf(app.a.Stdout, "token %s deleted\n", shown)
	}
	return errors.Join(errs...)
}
