package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/ovn/central/files"
)

// fileCommands are check and rebuild, which `kove ovn` has too.
func fileCommands() []*cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "dir", Aliases: []string{"data-dir"}, Usage: "the `DIR` with nb.db and sb.db", Required: true},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "table", Usage: "table or json"},
	}
	return []*cli.Command{
		{
			Name: "check", Usage: "read the database files from beginning to end, change nothing", ArgsUsage: "[nb] [sb]", Flags: flags,
			Description: "Exit status: 0 if ovn-central would open the files, 1 if it would refuse one.",
			Action: func(c *cli.Context) error {
				r, err := files.Check(c.String("dir"), c.Args().Slice()...)
				return tell(c, r, err)
			},
		},
		{
			Name: "rebuild", Usage: "set broken database files aside, so that they are filled anew", ArgsUsage: "[nb] [sb]",
			Description: "Renames files that ovn-central refuses; it must be stopped. Nothing is deleted. northd fills the southbound database\n" +
				"from the northbound one; --salvage keeps what a northbound one said before the damage.",
			Flags: append([]cli.Flag{
				&cli.BoolFlag{Name: "salvage", Usage: "keep what the file said before the damage"},
				&cli.BoolFlag{Name: "force", Usage: "set whole files aside too"},
			}, flags...),
			Action: func(c *cli.Context) error {
				r, err := files.Rebuild(c.String("dir"), files.RebuildOptions{Salvage: c.Bool("salvage"), Force: c.Bool("force"), Now: time.Now()}, c.Args().Slice()...)
				return tell(c, r, err)
			},
		},
	}
}

func tell(c *cli.Context, reports []files.Report, err error) error {
	if reports != nil {
		switch o := c.String("output"); o {
		case "json":
			e := json.NewEncoder(c.App.Writer)
			e.SetIndent("", "  ")
			err = errors.Join(err, e.Encode(reports))
		case "table":
			err = errors.Join(err, files.Print(c.App.Writer, reports))
		default:
			return fmt.Errorf("--output %q: want table or json", o)
		}
	}
	if err == nil && files.Broken(reports) {
		err = errors.New("ovn-central would refuse a database file")
	}
	return err
}
