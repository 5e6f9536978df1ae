// Package detach puts a program into the background the way the daemons of Open vSwitch go there (ovn-northd(8), Daemon
// Options): --detach, --monitor, --no-chdir, --pidfile, --overwrite-pidfile.
//
// A Go program cannot fork, so it executes itself again with the same arguments, told by an environment variable which part
// it plays:
//
//	parent   waits until the worker is ready or has failed, and ends with its status
//	monitor  starts the worker again when it crashes
//	worker   does the work; it keeps standard error until it is ready, so that its errors are seen
//
// Each is told that the next one is ready by a byte on a pipe, its file descriptor 3.
package detach
