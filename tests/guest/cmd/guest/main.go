// Command guest boots Debian's kernel in qemu with this machine's programs and runs a script in it: the by-hand face of
// package guest.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/tests/guest"
)

func main() {
	app := &cli.App{
		Name: "guest", Usage: "run a script under Debian's kernel in qemu", ArgsUsage: "SCRIPT",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "file", Usage: "PATH_IN_GUEST=PATH, a file or folder to copy; repeatable"},
			&cli.IntFlag{Name: "memory", Value: 4096, Usage: "MiB"},
			&cli.IntFlag{Name: "disk", Value: 8192, Usage: "MiB of the root image"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return cli.Exit("guest: want one SCRIPT, a file", 2)
			}
			script, err := os.ReadFile(c.Args().First())
			if err != nil {
				return err
			}
			o := guest.Options{Script: string(script), Memory: c.Int("memory"), Disk: c.Int("disk"), Console: os.Stdout, Files: map[string]string{}}
			for _, f := range c.StringSlice("file") {
				at, from, ok := strings.Cut(f, "=")
				if !ok {
					return fmt.Errorf("--file %s: want PATH_IN_GUEST=PATH", f)
				}
				o.Files[at] = from
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			r, err := guest.Run(ctx, o)
			if err == nil && r.Exit != 0 {
				err = cli.Exit("", r.Exit)
			}
			return err
		},
	}
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}
