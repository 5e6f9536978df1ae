// Package ovs runs the node's data plane: the children ovsdb-server (conf.db), ovs-vswitchd and ovn-controller from the
// payload.
//
// It owns: making and upgrading conf.db, the command lines, environment and sockets of the three programs, the settings
// in Open_vSwitch.external_ids from which ovn-controller takes its orders, the integration bridge br-int, the choice
// between the kernel's datapath and ovs-vswitchd's own, and talking to the programs' control sockets.
//
// Invariants: the children outlive kove and are adopted by the next one (supervise.Process), so that traffic does not
// notice a restart; system-id is the node's name, which is also the common name of the chassis certificate; flows that
// are in place are only cleared when their successors are computed (ovn-ofctrl-wait-before-clear).
//
// Data flow: Options → three components, each depending on the one before → the programs. Pods and gateways plug their
// ports through pkg/ovs/vswitch.
//
// It must not touch links, addresses or routes of the host, and knows nothing of Kubernetes.
package ovs
