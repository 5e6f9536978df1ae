// Package supervise runs a set of named components in dependency order and stops them in reverse.
//
// It owns: Component (Run/ready), Group (dependencies between components), Process (a child program that may
// outlive us and is adopted by the next kove), Restart (backoff around a component).
// It knows nothing of Kubernetes, OVN or configuration, and imports only the standard library.
package supervise
