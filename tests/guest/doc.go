// Package guest boots Debian's kernel in qemu under software emulation, for what the test machine's own kernel lacks:
// kernel Open vSwitch and Geneve, cgroup v2, VLANs, network emulation. The guest's root is an ext4 image made of this
// machine's programs, the project's binaries and what a test adds; its init runs one script as root, prints its output
// on the serial console and powers off. No network device is given to it: labs inside make their own.
//
// It needs Debian's packages qemu-system-x86, busybox-static, cpio, kmod and e2fsprogs. Kernels are kept in a cache
// folder and verified by the package manager's own signatures.
package guest
