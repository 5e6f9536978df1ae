// Package server is the command line of stock's ovsdb-server (ovsdb-server(1)) in front of kove's: the program ovn-central under
// the name ovsdb-server. It serves any number of database files, whatever their schemas are.
//
// It owns which files are open: they come from the command line and from the control commands add-db and remove-db. Differences
// from stock are said in docs/ovsdb.md: there are no clusters and relays, and what cannot be served ends it at once.
package server
