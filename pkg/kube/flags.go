package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	fs.SetOutput(io.Discard) // "has been deprecated": we generate most of them, and the operator's do what they say
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

// A starting component is asked every pollInterval whether it is healthy, and more seldom where the question itself takes
// long: on a slow machine the answers must not eat what the start needs.
const (
	pollInterval = 50 * time.Millisecond
	pollShare    = 10 // of the time between two questions, the share that one takes
)

// awaitHealthy returns once url answers 200, or with ctx's error.
func awaitHealthy(ctx context.Context, client *http.Client, url string) error {
	for {
		began := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking %s: %w", url, err)
		}
		if resp, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body) // a body that was read leaves the connection for the next question
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(max(pollInterval, pollShare*time.Since(began)), 5*time.Second)):
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

// listenFor listens on addr, so that a taken port is told by name before anything starts.
func listenFor(ctx context.Context, what, addr, remedy string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for %s: %w; %s", addr, what, err, remedy)
	}
	return l, nil
}
