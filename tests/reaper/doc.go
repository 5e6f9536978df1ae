// Package reaper runs a test program below an init of its own, so that no daemon that the tests start outlives them: not when
// they are killed or panic, either.
//
// It owns a pid and a mount namespace. Their init starts the tests and reaps what has lost its parent, as scripts expect that
// wait for a process to be gone. It knows nothing of what the tests do.
package reaper
