// Package command is the command line of stock's ovn-northd (ovn-northd(8)) in front of kove's northd: the program ovn-central
// under the name ovn-northd, and `kove ovn-northd`.
//
// It owns options, files (pidfile, log, control socket) and the process: going into the background, signals. What runs is
// package daemon. Differences from stock are said in docs/ovn-central.md: an option or argument that it does not know, and a
// remote that can never work, end it at once, where stock goes on.
package command
