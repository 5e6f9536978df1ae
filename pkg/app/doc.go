// Package app is where kove is put together: the one ordered list of components of a server (server.go) and of a node
// (agent.go), what each gets, and what each waits for.
//
// It owns: that list, the start (lock, payload, PATH, logging bridge), readiness towards systemd, and what `kove status`
// collects. Every other package gets its options from here and knows nothing of the others.
//
// Data flow: config.Config → pki → components in a supervise.Group → one exit: nil after a signal, an error when something
// failed that cannot be started again.
//
// It is imported by pkg/cli only, and decides nothing that a component could decide by itself.
package app
