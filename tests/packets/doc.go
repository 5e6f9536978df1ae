// Package packets sends real packets through networks that ovn-central computes: stock ovn-controller and ovs-vswitchd run
// as chassis in network namespaces, stock ovn-nbctl says what is wanted, and the cases look at what arrives.
//
// The lab has three chassis, hv1 to hv3, each with its own ovsdb-server, ovs-vswitchd (userspace datapath) and ovn-controller. They
// reach each other by Geneve over one bridge, and the physical network "phys" over a switch, tor, that is an Open vSwitch too
// because it must know VLANs. The test program starts itself again in a pid, mount and network namespace of its own and runs
// everything below it there: when it ends, however it ends, the kernel removes what it started, and nothing outside is touched.
//
// One lab serves all cases, so each has switches, routers and a VLAN on the physical network of its own. A case never
// concludes from silence alone that a packet was dropped: it sends one that must arrive behind it. Cases that may disturb
// others run before the parallel ones.
//
// `go test ./tests/packets -central stock` runs the same cases with stock's ovsdb-server and ovn-northd: when a case fails
// with both, the case or the lab is wrong. `-central northd` has kove's ovn-northd in the place of stock's. `-keep` keeps the logs of all daemons. `-kernel` uses the kernel's datapath and Geneve:
// tests/guest runs the cases so, in a guest whose kernel has them.
//
// What no case here can show, since the userspace datapath or the machine's kernel lacks it: queues by qos_min_rate and
// qos_max_rate, fragments through connection tracking, kernel routing tables of dynamic routing (all three: tests/guest, with -kernel),
// SCTP (no connection tracking of it in userspace), IPsec, samples by psample, VTEP gateways (a second database and its
// daemon), offload to hardware.
package packets
