package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// gateway sends what leaves by a distributed gateway port to the chassis that hosts it (ovn-northd(8), Logical Router
// Ingress Table 24: Gateway Redirect). What NAT and load balancers add is in nat.go and router_lb.go.
//
// Stages: lr_in_gw_redirect; lr_in_arp_resolve for redirect-type=bridged.
func gateway() Feature {
	return Feature{
		Name: "gateway",
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			if !p.Distributed() {
				return
			}
			// A VTEP behind the port reaches the router on every chassis.
			if p.PeerSwitch == nil || len(p.PeerSwitch.VTEPs) == 0 {
				b.Add(p.DP, lflow.RouterInGWRedirect, 50, "outport == "+p.Quoted, `outport = "`+p.CRName+`"; next;`).WithHint(p.ID)
			}
			if p.Row.Options["redirect-type"] == "bridged" {
				// The packet goes to the gateway chassis by the localnet port, so to the MAC of the port itself.
				b.Add(p.DP, lflow.RouterInARPResolve, 50, "outport == "+p.Quoted+" && !"+resident(p.CRName),
					"eth.dst = "+p.MAC+"; next;").WithHint(p.ID)
			}
		},
	}
}
