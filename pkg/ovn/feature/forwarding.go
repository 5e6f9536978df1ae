package feature

import (
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// forwarding spreads traffic for a virtual MAC over ports (ovn-northd(8), Logical Switch Ingress Table 22: ARP/ND
// responder, Table 28: Destination Lookup; ovn-nb(5), Forwarding_Group).
//
// Stages: ls_in_arp_rsp, ls_in_l2_lkup.
func forwarding() Feature {
	return Feature{Name: "forwarding", Switch: func(sw *topo.Switch, b *Builder) {
		for _, g := range sw.ForwardingGroups {
			if len(g.ChildPort) == 0 {
				continue
			}
			b.Add(sw.Datapath, lflow.SwitchInARPRsp, 50, "arp.tpa == "+g.VIP+" && arp.op == 1", proxyARP(g.Vmac, g.VIP)).WithHint(g.UUID)
			var ports []string
			for _, p := range g.ChildPort {
				ports = append(ports, topo.Quote(p))
			}
			liveness := ""
			if g.Liveness {
				liveness = `liveness="true",`
			}
			b.Add(sw.Datapath, lflow.SwitchInL2Lkup, 50, "eth.dst == "+g.Vmac,
				"fwd_group("+liveness+"childports="+strings.Join(ports, ",")+");").WithHint(g.UUID)
		}
	}}
}
