// Package supervise runs a set of named components in dependency order and stops them in reverse.
//
// It owns: Component (Run/ready), Group (dependencies between components), Process (a child program that may
// outlive us and is adopted by the next kove), Restart (backoff around a component).
// It knows nothing of Kubernetes, OVN or configuration, and imports only the standard library.
//
// Invariants:
//   - A component runs only while everything it depends on runs, and is stopped before it.
//   - The first failure stops the group; only what is wrapped in Restart is started again.
//   - A child is adopted only if its pidfd was opened before its start time and executable were compared with the record
//     (a recycled pid is never touched), and if the owner's hook, usually a question over the child's control socket, agrees.
//   - Children write to files: a pipe would kill them with its reader.
package supervise
