// Package program is what the daemons of Open vSwitch and OVN have in common as programs: options (ovn-northd(8), Daemon
// Options, Logging Options, PKI Options), files (pidfile, log, control socket) and the process: going into the background,
// signals, the end.
//
//	Program.Parse  command line → Options
//	Program.Run    background, log, pidfile → work → control socket → ready → … → exit status
//
// What a daemon does is its own package's business.
package program
