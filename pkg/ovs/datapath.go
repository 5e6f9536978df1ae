package ovs

import (
	"fmt"

	"github.com/vishvananda/netlink"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// Datapath is what forwards packets on this node, and why.
type Datapath struct {
	Type   string // vswitch.DatapathSystem or vswitch.DatapathNetdev
	Reason string // for the log and for `kove status`
}

// DetectDatapath decides what a wish means on this kernel. Asking for the generic netlink family makes the kernel load
// the openvswitch module if it has it.
func DetectDatapath(want config.Datapath) (Datapath, error) {
	if want == config.DatapathUserspace {
		return Datapath{vswitch.DatapathNetdev, "--datapath userspace"}, nil
	}
	_, err := netlink.GenlFamilyGet("ovs_datapath")
	switch {
	case err == nil:
		return Datapath{vswitch.DatapathSystem, "the kernel has Open vSwitch"}, nil
	case want == config.DatapathKernel:
		return Datapath{}, fmt.Errorf("using --datapath kernel: this kernel has no Open vSwitch (%w); install the module openvswitch (modprobe openvswitch shows why it does not load) or use --datapath userspace", err)
	case want == config.DatapathAuto || want == "":
		return Datapath{vswitch.DatapathNetdev, "the kernel has no Open vSwitch module"}, nil
	}
	return Datapath{}, fmt.Errorf("choosing the datapath: %q is none of auto, kernel, userspace", want)
}

// CheckTunnels tells whether nodes can be reached through tunnels. ovs-vswitchd's own datapath encapsulates only where
// the tunnel's address is on one of its bridges, which takes a NIC of its own.
func (d Datapath) CheckTunnels(tunnelNIC string) error {
	if d.Type == vswitch.DatapathNetdev && tunnelNIC == "" {
		return fmt.Errorf("connecting this node to others: the userspace datapath (%s) needs a NIC of its own for tunnels: pass --datapath userspace --tunnel-nic NIC on every node, with a NIC that carries neither the default route nor the node's address, or load the openvswitch module", d.Reason)
	}
	return nil
}
