// Package daemon is northd against databases that somebody else serves: what stock ovn-northd is (ovn-northd(8)).
//
// It owns the two connections, the turn at being the active one, and the control commands. Whoever holds the lock ovn_northd
// of the southbound server is active; the others stand by, connected, and compute nothing. A turn is
//
//	wait for the lock → northd.Run until the lock is lost, the connection breaks or somebody pauses → give the lock back
//
// Every transaction on the southbound database asserts the lock, so that a daemon that has not yet heard that it lost it
// changes nothing. A turn reads the databases anew: rows that are right stay, so that it costs time and no writes.
//
// Command lines, processes and files are not its business: see pkg/ovn/northd/command.
package daemon
