package cli

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/ovn/central/files"
)

func (app *App) ovnCommand() *cli.Command {
	dir := &cli.StringFlag{Name: "dir", Usage: "the `FOLDER` with nb.db and sb.db; default: that of this machine's kove server"}
	return &cli.Command{
		Name: "ovn", Usage: "check the files of OVN's databases, rebuild broken ones",
		Description: "A server refuses a database file that is damaged in the middle, because cutting it there would lose what was\n" +
			"acknowledged after. These commands look at the files and put broken ones out of the way.\n\n" +
			"EXAMPLES:\n   kove ovn check\n   systemctl stop kove && kove ovn rebuild && systemctl start kove",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("there is no command `kove ovn %s`; use check or rebuild", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "check", Usage: "read the database files from beginning to end, change nothing", ArgsUsage: "[nb] [sb]",
				Description: `Reads nb.db and sb.db, or the one that is named, with checksums, references and indexes, also while a server runs.
Exit status: 0 if a server would open them, 1 if it would refuse one or a file cannot be read.

EXAMPLES:
   kove ovn check
   kove ovn check --dir /var/lib/ovn -o json | jq '.[].state'`,
				Flags: append([]cli.Flag{dir, outputFlag()}, pathFlags()...),
				Action: func(c *cli.Context) error {
					return app.ovnFiles(c, func(dir string, names []string) ([]files.Report, error) { return files.Check(dir, names...) })
				},
			},
			{
				Name: "rebuild", Usage: "set broken database files aside, so that they are filled anew", ArgsUsage: "[nb] [sb]",
				Description: `Renames a file that a server refuses; the next start begins with an empty one. The northbound database then fills
from the Kubernetes API and the southbound one from the northbound one; connections between pods pause until then.
Nothing is deleted. The server must be stopped. Files that are whole stay, unless --force is given.

EXAMPLES:
   systemctl stop kove && kove ovn rebuild && systemctl start kove
   kove ovn rebuild --dir /var/lib/ovn --salvage nb`,
				Flags: append([]cli.Flag{dir, outputFlag(),
					&cli.BoolFlag{Name: "salvage", Usage: "keep what the file said before the damage: for a northbound database that nothing refills"},
					&cli.BoolFlag{Name: "force", Usage: "set whole files aside too"},
				}, pathFlags()...),
				Action: func(c *cli.Context) error {
					opts := files.RebuildOptions{Salvage: c.Bool("salvage"), Force: c.Bool("force"), Now: app.a.Now()}
					return app.ovnFiles(c, func(dir string, names []string) ([]files.Report, error) { return files.Rebuild(dir, opts, names...) })
				},
			},
		},
	}
}

// ovnFiles runs a command on the database files and prints what it reports.
func (app *App) ovnFiles(c *cli.Context, do func(dir string, names []string) ([]files.Report, error)) error {
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	for _, name := range c.Args().Slice() {
		if name != "nb" && name != "sb" {
			return usage("there is no database %q; name nb, sb or none for both, after the flags", name)
		}
	}
	dir := c.String("dir")
	if dir == "" {
		conf, err := app.local(c)
		if err != nil {
			return err
		}
		dir = conf.Paths.Server("ovn")
	}
	reports, err := do(dir, c.Args().Slice())
	if reports != nil {
		if toJSON {
			e := json.NewEncoder(app.a.Stdout)
			e.SetIndent("", "  ")
			if err := e.Encode(reports); err != nil {
				return err
			}
		} else if err := files.Print(app.a.Stdout, reports); err != nil {
			return err
		}
	}
	switch {
	case err != nil:
		return err
	case files.Broken(reports):
		return exit{status: ExitFailure, err: fmt.Errorf("a server would refuse a database file in %s", dir)}
	}
	return nil
}
