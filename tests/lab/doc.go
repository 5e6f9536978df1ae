// Package lab makes hosts out of namespaces on one machine, for tests and for trying kove by hand.
//
// A host is a set of pid, mount, net, uts, ipc and cgroup namespaces under a small init (pid 1) that reaps orphans and
// nothing else. A node sees a root of its own: /usr, /etc, /root and /opt are overlays of the machine's, /var and the
// other state folders are the node's own and stay over a power cut, /run and /tmp are lost with it. Nodes have a
// management NIC eth0 and a tunnel NIC eth1, both veths into a "fabric" host that holds the two bridges; an "internet"
// host is every node's default gateway and has an address outside of all cluster ranges. Killing the init of a node is
// a power cut: the kernel takes its processes, mounts, interfaces and addresses away at once.
//
// Nothing is created in the machine's own network namespace. The state of a lab is below Dir(name) alone, so that any
// process can find it again: `make lab-up` makes a lab, `make lab-shell` is another process.
//
// The package needs root. Programs that use it call Main first thing in main or TestMain: inits are re-executions of
// the calling program.
package lab
