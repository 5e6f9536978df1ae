package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// external keeps chassis that do not host an external port from answering it for the router (ovn-northd(8), Logical Switch
// Ingress Table 27: External ports).
//
// Stages: ls_in_external_port.
func external() Feature {
	return Feature{Name: "external", SwitchPort: func(p *topo.SwitchPort, b *Builder) {
		if p.Type != "external" || !p.Enabled {
			return
		}
		for _, ln := range p.Switch.Localnets {
			for _, a := range p.Addresses {
				from := "inport == " + ln.Quoted + " && eth.src == " + a.MAC
				away := " && !is_chassis_resident(" + p.Quoted + ")"
				add := func(match string) {
					b.Add(p.DP, lflow.SwitchInExternalPort, 100, match, drop(p.Switch.Global)).WithPort(ln.Name).WithHint(p.ID)
				}
				for _, r := range p.Switch.RouterPorts {
					if r.Peer == nil {
						continue
					}
					for _, n := range r.Peer.IP4 {
						add(from + away + " && arp.tpa == " + n.IP() + " && arp.op == 1")
					}
					for _, n := range r.Peer.IP6 {
						add(from + away + " && nd_ns && ip6.dst == {" + n.IP() + ", " + topo.IP(n.SolicitedNode()) +
							"} && nd.target == " + n.IP())
					}
					add(from + " && eth.dst == " + r.Peer.MAC + away)
				}
			}
		}
	}}
}
