// Package doctor finds out what is wrong with a machine before it hurts.
//
// A Check is a name and a function from a Host and a Config to findings; one file holds one check, checks.go lists them.
// Preflight runs those that must pass before kove starts. Checks only look: they create, bind, send and change nothing
// (asking a server for its CA certificate is the one packet that leaves the machine).
//
// A finding says what was seen, why that matters and what to do; its id is stable, so that people can search for it.
// Host is an interface so that every check is tested with a machine that has the fault.
package doctor
