// Package cni is the node daemon that gives pods their network, and the protocol between it and the kove-cni shim.
//
// It owns: the unix socket that the shim forwards CNI calls to, the pod's veth pair, addresses and routes, its port on
// br-int, the node's own port into the network (ovn0) with its routes, masquerading and sysctls, the NIC that carries
// userspace tunnels, and the CNI configuration that makes the kubelet report the node Ready.
//
// Invariants: an ADD returns only when ovn-controller has installed all flows of the port; a failed ADD leaves nothing
// behind; DEL needs nothing but the local database and may be repeated; the CNI configuration exists only once the
// gateway carries traffic. Nothing polls, sleeps or forks: every wait is on a watch and its error says what was awaited.
//
// Data flow: shim → daemon → wait for the pod's annotations (informer) → veth (hostnet) and port (vswitch) → wait for
// ovn-installed (OVSDB monitor) → reply. Node annotations and Subnets (informers) → gateway → hostnet.Set.
//
// It must not allocate addresses or write to OVN's databases: controllers on the server do.
package cni
