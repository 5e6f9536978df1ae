// kove-sys is the one program of kove's system pods: several small ones behind one name, as in busybox, so that a site
// without a registry runs CoreDNS and the like from one embedded image.
//
// It is chosen by the first argument or by the name it is called with (the image has a link per command). It must stay
// small and static, and knows nothing of kove itself.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

type command struct {
	name, args, about string
	run               func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"coredns", "[-conf FILE]", "DNS server of the cluster", nil},
		{"web", "[-listen ADDR]", "HTTP server that answers with its pod's name and addresses", web},
		{"fetch", "[-timeout D] [-header K=V]... URL", "get a URL; a /blob of kove-sys web is checked by its checksum", fetch},
		{"resolve", "[-server ADDR] [-timeout D] NAME", "addresses of a name", resolve},
		{"sleep", "[SECONDS|DURATION]", "wait; for ever without an argument", sleep},
	}
}

func main() {
	args := os.Args
	if name := filepath.Base(args[0]); find(name) == nil {
		args = args[1:]
	}
	if len(args) == 0 {
		usage(os.Stderr)
		os.Exit(2)
	}
	name := filepath.Base(args[0])
	if name == "coredns" {
		os.Args = args // coremain reads the process's own flags
		coremain.Run()
		return
	}
	c := find(name)
	if c == nil {
		fmt.Fprintf(os.Stderr, "kove-sys: no command %q\n", name)
		usage(os.Stderr)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx, args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "kove-sys %s: %v\n", name, err)
		os.Exit(1)
	}
}

func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: kove-sys COMMAND [ARGUMENTS]")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-44s %s\n", c.name+" "+c.args, c.about)
	}
}
