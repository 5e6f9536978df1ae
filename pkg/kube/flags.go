package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
)

// flagList collects command-line flags in the order they are given; a later one overrides an earlier one.
type flagList []string

func (f *flagList) set(name string, value any) { *f = append(*f, fmt.Sprintf("--%s=%v", name, value)) }

// user appends what the operator gave, "name=value" or "name" without leading dashes.
func (f *flagList) user(args []string) {
	for _, a := range args {
		*f = append(*f, "--"+strings.TrimLeft(a, "-"))
	}
}

// parse feeds the flags to a component's flag sets. An unknown or malformed flag can only come from the operator, so the
// error names the option it came through.
func (f flagList) parse(component string, sets cliflag.NamedFlagSets) error {
	fs := newFlagSet(component)
	for _, s := range sets.FlagSets {
		fs.AddFlagSet(s)
	}
	return f.parseInto(component, fs)
}

func newFlagSet(component string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(component, pflag.ContinueOnError)
	fs.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	fs.Usage = func() {}
	return fs
}

func (f flagList) parseInto(component string, fs *pflag.FlagSet) error {
	if err := fs.Parse(f); err != nil {
		return fmt.Errorf("reading the flags of %s: %w; correct --%s-arg (or the same key in config.yaml)", component, err, component)
	}
	if rest := fs.Args(); len(rest) > 0 {
		return fmt.Errorf("reading the flags of %s: %q is not a flag; correct --%s-arg (or the same key in config.yaml)", component, rest[0], component)
	}
	return nil
}

// pollInterval is how often a starting component is asked whether it is healthy.
const pollInterval = 50 * time.Millisecond

// awaitHealthy returns once url answers 200, or with ctx's error.
func awaitHealthy(ctx context.Context, client *http.Client, url string) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking %s: %w", url, err)
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// runWithHealth runs a component in a goroutine and calls ready when healthy says so.
func runWithHealth(ctx context.Context, ready func(), run func(context.Context) error, healthy func(context.Context) error) error {
	probe, stopProbe := context.WithCancel(ctx)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		if healthy(probe) == nil {
			ready()
		}
	}()
	err := run(ctx)
	stopProbe()
	<-probed
	if ctx.Err() != nil {
		return nil // "finished without leader elect" and the like
	}
	if err == nil {
		err = errors.New("returned although it was not asked to stop")
	}
	return err
}

// listenCheck finds out whether addr can be listened on, so that a taken port is told by name before anything starts.
func listenCheck(ctx context.Context, what, addr, remedy string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s for %s: %w; %s", addr, what, err, remedy)
	}
	return l.Close()
}
