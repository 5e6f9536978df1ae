// Package e2e runs bin/kove on lab nodes as a user would and judges what comes out: packets between pods, hosts and the
// world outside, what survives kills and power cuts, what is said about wrong input.
//
// Most cases share one two-node cluster, made when the first of them asks for it. Cases that break things make their own.
// The same cases run inside the guest (tests/guest) on kernel Open vSwitch: KOVE_E2E_DATAPATH selects the datapath.
package e2e
