package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// bfd hands BFD packets for a router port's addresses to ovn-controller (ovn-northd(8), Logical Router Ingress Table 3: IP
// Input, the flows "For each BFD port"). The routes that carry them are in route.go.
//
// Stages: lr_in_ip_input.
func bfd() Feature {
	return Feature{
		Name: "bfd",
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			if !p.BFD {
				return
			}
			for _, ns := range [][]topo.Network{p.IP4, p.IP6} {
				if len(ns) == 0 {
					continue
				}
				ip := familyOf(ns[0].Is4()).ip
				b.Add(p.DP, lflow.RouterInIPInput, 110, ip+".src == "+addressList(ns)+" && udp.dst == 3784", "next; ").WithHint(p.ID)
				b.Add(p.DP, lflow.RouterInIPInput, 110, ip+".dst == "+addressList(ns)+" && udp.dst == 3784", "handle_bfd_msg(); ").
					WithHint(p.ID).WithMeter(p.Router.Copp["bfd"])
			}
		},
	}
}
