package cli

import (
	"encoding/json"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
)

// pathFlags are the flags of commands that talk to the kove of this machine.
func pathFlags() []cli.Flag {
	return flags(config.Server, func(o config.Option) bool { return o.Name == "config" || o.Name == "data-dir" || o.Name == "run-dir" })
}

// local resolves where the kove of this machine has its files.
func (app *App) local(c *cli.Context) (*config.Config, error) {
	in := config.Input{Environ: app.a.Environ, Host: app.a.Host}
	if c != nil {
		in.Flags = given(c, config.Server)
		for name := range in.Flags { // other flags of a command may share a name with an option
			if name != "config" && name != "data-dir" && name != "run-dir" {
				delete(in.Flags, name)
			}
		}
	}
	conf, err := config.LoadLocal(in)
	if err != nil {
		return nil, exit{ExitUsage, err}
	}
	return conf, nil
}

func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "table or json", Value: "table"}
}

// asJSON reads the output flag.
func asJSON(c *cli.Context) (bool, error) {
	switch o := c.String("output"); o {
	case "json":
		return true, nil
	case "table":
		return false, nil
	default:
		return false, usage("--output %q: unknown format; use table or json", o)
	}
}

// printJSON writes what `-o json` asks for.
func (app *App) printJSON(v any) error {
	e := json.NewEncoder(app.a.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
