package cni

import (
	"context"
	"log/slog"
)

// Daemon is the component that serves CNI calls and keeps the node's gateway.
type Daemon struct {
	o   Options
	log *slog.Logger
}

// New checks the options. Nothing is touched before Run.
func New(o Options) (*Daemon, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Daemon{o: o, log: o.Logger.With("component", "cni")}, nil
}

// Name implements supervise.Component.
func (d *Daemon) Name() string { return "cni" }

// Run implements supervise.Component. It is ready when the shim can call; the gateway comes up when the controllers have
// given this node its address.
func (d *Daemon) Run(ctx context.Context, ready func()) error {
	ready()
	<-ctx.Done()
	return nil
}
