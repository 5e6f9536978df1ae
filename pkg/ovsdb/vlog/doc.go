// Package vlog logs as the daemons of Open vSwitch do (ovs-appctl(8), LOGGING COMMANDS): to the console, the system log and a
// file, each with its own level per module and its own pattern, all of which can be changed while the program runs.
//
// It is a slog.Handler. A record's module is its attribute component; records of other components belong to the program's own
// module. What is not told apart there is left out: nothing is rate limited.
package vlog
