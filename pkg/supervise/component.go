package supervise

import "context"

// Component is one long-running part of kove: an in-process server, a controller loop, a child process.
type Component interface {
	// Name is a short stable noun used in logs, in `kove status` and in dependency errors, for example "kube-apiserver".
	Name() string

	// Run blocks until ctx is done or the component fails. It calls ready once, when its dependants may start.
	// Returning before ctx is done is a failure, even with a nil error.
	Run(ctx context.Context, ready func()) error
}
