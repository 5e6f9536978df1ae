package cni

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/kove-io/kove/pkg/hostnet"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
	"github.com/kove-io/kove/pkg/supervise"
)

// Daemon is the component that serves CNI calls and keeps the node's gateway. It depends on the data plane (pkg/ovs), but
// not on the API server: pods can be disconnected without one, and connected once it answers.
type Daemon struct {
	o       Options
	log     *slog.Logger
	cluster *cluster
	host    *hostnet.Host
	db      *vswitch.Client
	mtu     int

	// Owned by the gateway's goroutine.
	tunnelLinks  []hostnet.Link
	tunnelRoutes []hostnet.Route
	applied      *hostnet.Desired

	mu      sync.Mutex // guards waiting
	waiting string     // what the gateway waits for, "" when it is up
}

// New checks the options. Nothing is touched before Run.
func New(o Options) (*Daemon, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Daemon{o: o, log: o.Logger.With("component", "cni"), waiting: "waiting for the daemon to start"}, nil
}

// Name implements supervise.Component.
func (d *Daemon) Name() string { return "cni" }

// Run implements supervise.Component. It is ready when the shim can call; the gateway comes up when the controllers have
// given this node its address.
func (d *Daemon) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.host.Close()
	defer d.db.Close()
	if err := d.collectDead(ctx); err != nil {
		return err
	}
	l, err := listen(d.o.Socket)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	run := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil {
				cancel(err)
			}
		})
	}
	run(func(ctx context.Context) error { return d.serve(ctx, l) })
	run(d.host.Run)
	run(func(ctx context.Context) error { d.cluster.run(ctx); return nil })
	run(func(ctx context.Context) error { d.keepGateway(ctx); return nil })
	ready()
	wg.Wait()
	return context.Cause(ctx)
}

// open prepares what every call needs, and the tunnel NIC, which needs no API.
func (d *Daemon) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	d.applied = nil
	if d.cluster, err = newCluster(d.o.RESTConfig, d.o.NodeName); err != nil {
		return err
	}
	if d.host, err = hostnet.New(hostnet.Options{StateFile: d.o.StateFile, Logger: d.log}); err != nil {
		return err
	}
	d.db = nil
	done := false
	defer func() {
		if !done {
			d.host.Close()
			if d.db != nil {
				d.db.Close()
			}
		}
	}()
	if d.mtu = d.o.MTU; d.mtu == 0 {
		underlay, link, err := hostnet.EncapMTU(d.o.EncapIP)
		if err != nil {
			return fmt.Errorf("finding the MTU of pods: %w", err)
		}
		d.mtu = min(underlay-Overhead, 9000)
		d.log.Info("derived the MTU of pods", "mtu", d.mtu, "link", link)
	}
	if d.db, err = vswitch.Dial(ctx, d.o.OVSSocket, d.log); err != nil {
		return err
	}
	// A configuration from before a reboot would make the node Ready with nothing behind it.
	if up, err := d.host.HasLink(GatewayLink); err != nil {
		return err
	} else if !up {
		if err := d.removeConf(); err != nil {
			return err
		}
	}
	if d.tunnelLinks, d.tunnelRoutes, err = d.takeTunnelNIC(ctx); err != nil {
		return err
	}
	// Tunnels need no API, so they come up at once. The routes and the masquerading of a gateway that stands already stay
	// until the API server answers.
	if len(d.tunnelLinks) > 0 {
		if err := d.host.Set(hostnet.Desired{Links: d.tunnelLinks, Routes: d.tunnelRoutes, Partial: true}); err != nil {
			return err
		}
	}
	done = true
	return nil
}

func (d *Daemon) setWaiting(what string) {
	d.mu.Lock()
	before := d.waiting
	d.waiting = what
	d.mu.Unlock()
	switch {
	case what == "" && before != "":
		d.log.Info("the node's gateway is up")
	case what != before:
		d.log.Info("the node's gateway is not up", "waiting", what)
	}
}

func (d *Daemon) waitingFor() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

// Report implements supervise.Reporter: calls are served as soon as the daemon is ready, but the node is no use before its
// gateway is up.
func (d *Daemon) Report(s *supervise.Status) {
	if waiting := d.waitingFor(); waiting != "" {
		s.Err = errors.New("the node's gateway is not up: " + waiting)
		if s.State == supervise.Ready {
			s.State = supervise.Starting
		}
	}
}

// Restore takes the node's networking back to what it was before kove: `kove stop --all` and uninstall, after ovs.Stop.
func Restore(stateFile string, log *slog.Logger) error {
	h, err := hostnet.New(hostnet.Options{StateFile: stateFile, Logger: log})
	if err != nil {
		return err
	}
	defer h.Close()
	return h.Restore()
}

// sort makes plans comparable: the informers' stores have no order.
func (g *gateway) sort() {
	slices.SortFunc(g.Desired.Routes, func(a, b hostnet.Route) int { return a.Dst.Addr().Compare(b.Dst.Addr()) })
	if m := g.Desired.Masquerade; m != nil {
		m.Sources = sortPrefixes(m.Sources)
		m.Except = sortPrefixes(m.Except)
	}
}
