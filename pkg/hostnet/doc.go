// Package hostnet converges a host's networking to a wanted state: links, addresses, routes, masquerading, sysctls and
// offloads.
//
// It owns: the addresses of the links that it is told about, the routes that carry its protocol number, the nftables
// tables named kove, and a state file with what it has to put back. Everything else on the host belongs to someone else
// and is never touched.
//
// Invariants: Set is idempotent and removes the leftovers of earlier processes; what is wanted for a link that does not
// exist is applied when the link appears, and again whenever it reappears; the original value of a host-wide setting is
// on disk before the setting is changed.
//
// Data flow: Set(desired) → netlink, nf_tables, /proc/sys/net. Run listens to the kernel's notifications and applies the
// same desired state again.
//
// It must not know of Kubernetes, OVN or Open vSwitch, and never executes a program.
package hostnet
