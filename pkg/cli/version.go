package cli

import (
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

func (app *App) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "show the version of kove and of everything in it",
		Description: `EXAMPLES:
   kove version
   kove version -o json`,
		Flags: []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			toJSON, err := asJSON(c)
			if err != nil {
				return err
			}
			versions := map[string]string{"go": runtime.Version()}
			for name, v := range app.a.Versions() {
				versions[name] = v
			}
			if toJSON {
				return app.printJSON(versions)
			}
			w := tabwriter.NewWriter(app.a.Stdout, 0, 0, 2, ' ', 0)
			for _, name := range versionOrder(versions) {
				fmt.Fprintf(w, "%s\t%s\n", name, versions[name])
			}
			return w.Flush()
		},
	}
}
