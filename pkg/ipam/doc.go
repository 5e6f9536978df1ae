// Package ipam decides which address and MAC an owner gets in a subnet.
//
// A Book holds one Pool per subnet. Its methods are a pure state machine: the same calls in the same order give the
// same answers; there is no clock, no randomness, no I/O and no lock. Whoever holds the Book serialises calls and writes
// the outcome down (IP objects, annotations), and loads it again with Restore before anything is allocated.
//
// Invariants: an address and a MAC belong to at most one owner of a subnet; an owner has at most one address in the Book;
// asking again with the same wishes gives the same answer; a failed Allocate changes nothing.
//
// Owners are identities, not pods: a StatefulSet's "web-0" and a VM keep their address across pods, because the owner
// that asks is the same.
//
// A MAC that nobody asked for is derived from the IPv4 address (0a:00 and its four bytes). When an address changes hands
// its MAC stays, so a neighbour's stale ARP entry is still right, and two ports of one subnet cannot collide.
package ipam
