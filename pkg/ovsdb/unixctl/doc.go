// Package unixctl answers the control commands that ovs-appctl and ovn-appctl send to a unix socket (ovs-appctl(8)).
//
// The protocol is JSON-RPC: the method is the command, the parameters are its arguments, the result is its output as text.
// The commands here are those of ovsdb-server(1) that make sense for a server inside another program.
package unixctl
