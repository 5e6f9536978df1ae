// Package vm tests the Debian package on whole machines: two qemu guests with Debian's kernel, cgroup v2 and systemd install
// it, are started by systemd, form a cluster over kernel Open vSwitch and Geneve, reboot, and are back without a hand.
//
// It emulates the processors, takes a quarter of an hour, and is no part of `make test`: `make vm-test`. Results are in
// docs/test-long.md.
package vm
