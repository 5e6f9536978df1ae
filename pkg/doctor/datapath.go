package doctor

import (
	"context"
	"fmt"

	"github.com/kove-io/kove/pkg/config"
)

// datapath makes sure that pods of this node will reach those of others, and that no NIC with the node's address ends up on
// a bridge.
func datapath(_ context.Context, h Host, c Case) []Finding {
	if c.Role == config.Server && c.Control.DisableAgent {
		return nil
	}
	userspace, why := c.OVN.Datapath == config.DatapathUserspace, origin(c, "datapath", string(c.OVN.Datapath))
	if !userspace {
		err := h.KernelDatapath()
		if err != nil && c.OVN.Datapath == config.DatapathKernel {
			return []Finding{{ID: "datapath/kernel", Severity: Fatal,
				Seen: fmt.Sprintf("%s, but this kernel has no Open vSwitch (%v)", why, err), Why: "no packet would be forwarded",
				Remedy: "install the module openvswitch (`modprobe openvswitch` shows why it does not load), or use --datapath userspace"}}
		}
		userspace, why = err != nil, "this kernel has no Open vSwitch module, so the datapath is ovs-vswitchd's own"
	}
	if !userspace {
		return nil
	}
	if c.OVN.TunnelNIC == "" {
		if c.Role == config.Server {
			return nil // one node needs no tunnels; the second is told when it joins
		}
		return []Finding{{ID: "datapath/tunnel-nic", Severity: Fatal,
			Seen: why, Why: "there tunnels work only over a NIC of their own, and kove does not take the NIC with the node's address",
			Remedy: "give --datapath userspace --tunnel-nic NIC on every node, with a NIC that carries neither the node's address nor the default route, or load the module openvswitch"}}
	}
	nics, err := h.NICs()
	if err != nil {
		return nil // the check of addresses says so
	}
	var out []Finding
	for _, ip := range c.Node.IPs {
		if holder(nics, ip) == c.OVN.TunnelNIC {
			out = append(out, Finding{ID: "datapath/tunnel-nic", Severity: Fatal,
				Seen: fmt.Sprintf("%s carries the node address %s", origin(c, "tunnel-nic", c.OVN.TunnelNIC), ip),
				Why:  "moving it to an OVS bridge would cut this node off", Remedy: "name another NIC with an address of its own, or give --node-ip an address of another NIC"})
		}
	}
	if len(out) == 0 && defaultRouteNIC(h) == c.OVN.TunnelNIC {
		out = append(out, Finding{ID: "datapath/tunnel-nic", Severity: Fatal,
			Seen: fmt.Sprintf("%s carries the default route", origin(c, "tunnel-nic", c.OVN.TunnelNIC)),
			Why:  "moving it to an OVS bridge would cut this node off", Remedy: "name another NIC with an address of its own"})
	}
	return out
}
