// Package vswitch is a typed client of a node's Open_vSwitch database (ovs-vswitchd.conf.db(5)).
//
// It owns: one monitored connection to the ovsdb-server that serves conf.db, the row types with the columns that kove
// uses, and the verbs on them: settings of the Open_vSwitch row, bridges, ports, and waiting for what ovs-vswitchd and
// ovn-controller write back into Interface rows.
//
// Invariants: every verb is idempotent and one transaction; waiting is always on the monitor, never on a clock; a lost
// connection is re-established and the monitor replayed, so that a waiter never misses a change.
//
// Data flow: CNI daemon, node gateway and data-plane start → this client → ovsdb-server → ovs-vswitchd, ovn-controller.
//
// It must not know of Kubernetes or OVN's central databases, start processes, or touch links by itself.
package vswitch
