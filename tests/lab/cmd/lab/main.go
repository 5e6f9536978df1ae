// Command lab makes and enters labs of namespaces by hand: see `make lab-up`, `lab-shell`, `lab-down`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/tests/lab"
)

func main() {
	lab.Main()
	name := &cli.StringFlag{Name: "name", Value: "hand", Usage: "name of the lab", EnvVars: []string{"LAB"}}
	app := &cli.App{
		Name: "lab", Usage: "hosts made of namespaces on one machine", Flags: []cli.Flag{name},
		Commands: []*cli.Command{
			{Name: "up", Usage: "make the lab and boot its nodes n1..nN", Action: up, Flags: []cli.Flag{
				&cli.IntFlag{Name: "nodes", Value: 1, Usage: "how many nodes"},
				&cli.StringFlag{Name: "kove", Usage: "binary to show as /usr/local/bin/kove in each node"},
				&cli.StringSliceFlag{Name: "bind", Usage: "PATH_IN_NODE=PATH, read-only; repeatable"},
			}},
			{Name: "down", Usage: "kill every host and remove every trace", Action: func(c *cli.Context) error { return lab.Open(c.String("name")).Down() }},
			{Name: "list", Usage: "list hosts", Action: list},
			{Name: "exec", Usage: "run a command in a host", ArgsUsage: "HOST COMMAND [ARG...]", Action: run},
			{Name: "spawn", Usage: "start a command in a host and leave it running", ArgsUsage: "HOST LOG COMMAND [ARG...]", Action: spawn},
			{Name: "poweroff", Usage: "power cut of a host", ArgsUsage: "HOST", Action: func(c *cli.Context) error { return host(c).PowerOff() }},
			{Name: "boot", Usage: "boot a host again after a power cut", ArgsUsage: "HOST", Action: func(c *cli.Context) error { return host(c).Reboot() }},
		},
	}
	if err := app.Run(os.Args); err != nil {
		var code cli.ExitCoder
		if ee, ok := err.(*exec.ExitError); ok {
			os.Exit(ee.ExitCode())
		} else if ec, ok := err.(cli.ExitCoder); ok {
			code = ec
			os.Exit(code.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func host(c *cli.Context) *lab.Host { return lab.Open(c.String("name")).Host(c.Args().First()) }

func up(c *cli.Context) error {
	l := lab.Open(c.String("name"))
	binds := map[string]string{}
	if k := c.String("kove"); k != "" {
		abs, err := filepath.Abs(k)
		if err != nil {
			return err
		}
		if _, err := os.Stat(abs); err != nil {
			return fmt.Errorf("kove binary: %w; run make build", err)
		}
		binds["/usr/local/bin/kove"] = abs
	}
	for _, b := range c.StringSlice("bind") {
		at, from, ok := strings.Cut(b, "=")
		if !ok {
			return fmt.Errorf("--bind %s: want PATH_IN_NODE=PATH", b)
		}
		binds[at] = from
	}
	if err := l.Up(binds); err != nil {
		return err
	}
	for i := 1; i <= c.Int("nodes"); i++ {
		if _, err := l.Boot(fmt.Sprintf("n%d", i), i, binds); err != nil {
			return err
		}
	}
	return list(c)
}

func list(c *cli.Context) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tINIT\tMANAGEMENT\tTUNNEL")
	l := lab.Open(c.String("name"))
	for _, h := range l.Hosts() {
		mgmt, tun := "-", "-"
		if h.Name != lab.Fabric && h.Name != lab.Internet {
			mgmt, tun = h.Address().String(), h.TunnelAddress().String()
		} else if h.Name == lab.Internet {
			mgmt = lab.InternetAddress
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", h.Name, h.Pid(), mgmt, tun)
	}
	return w.Flush()
}

func run(c *cli.Context) error {
	if c.NArg() < 2 {
		return cli.Exit("lab exec: want HOST COMMAND [ARG...]", 2)
	}
	cmd := host(c).Command(context.Background(), c.Args().Get(1), c.Args().Slice()[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func spawn(c *cli.Context) error {
	if c.NArg() < 3 {
		return cli.Exit("lab spawn: want HOST LOG COMMAND [ARG...]", 2)
	}
	a := c.Args().Slice()
	return host(c).Spawn(context.Background(), a[1], a[2], a[3:]...)
}
