package controllers

import (
	"context"
	"errors"
)

// Controllers is the component that runs all network controllers.
type Controllers struct {
	opts Options
}

// New prepares the controllers; Run starts them.
func New(opts Options) *Controllers { return &Controllers{opts: opts} }

// Name implements supervise.Component.
func (c *Controllers) Name() string { return "network-controllers" }

// Run implements supervise.Component.
func (c *Controllers) Run(ctx context.Context, ready func()) error {
	return errors.New("running the network controllers: not wired yet")
}

// Findings lists what the operator should know and no object's status tells, for `kove status`.
func (c *Controllers) Findings() []string { return nil }
