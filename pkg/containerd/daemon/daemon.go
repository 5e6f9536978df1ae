// Package daemon is the containerd program and its debugging client ctr as functions of this binary. It is apart from
// package containerd because it links all of containerd.
package daemon

import (
	"context"

	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins" // its plugins, which register themselves
	"github.com/containerd/containerd/v2/cmd/containerd/command"
	ctr "github.com/containerd/containerd/v2/cmd/ctr/app"
)

// Containerd runs the daemon with args, the program's name first, until a signal ends it.
func Containerd(ctx context.Context, args []string) error { return command.App().Run(ctx, args) }

// Ctr runs ctr with args, the program's name first.
func Ctr(ctx context.Context, args []string) error { return ctr.New().Run(ctx, args) }
