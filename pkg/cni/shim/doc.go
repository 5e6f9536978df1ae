// Package shim is the CNI plugin that the container runtime executes, and the protocol by which it hands every call to the
// daemon in kove: one JSON request and one JSON reply per connection of a unix socket.
//
// It owns the protocol and nothing else: no state, no netlink, no Kubernetes. It is linked into a small static binary
// (cmd/kove-cni), so it must import only the standard library and the CNI library.
package shim
