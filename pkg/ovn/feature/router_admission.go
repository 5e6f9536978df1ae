package feature

import (
	"cmp"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// routerAdmission drops what a router should not see by its Ethernet addresses and remembers the MAC of the port that took
// a packet in (ovn-northd(8), Logical Router Ingress Table 0: L2 Admission Control).
//
// Stages: lr_in_admission.
func routerAdmission() Feature {
	return Feature{
		Name: "router admission",
		Router: func(r *topo.Router, b *Builder) {
			// Tunnels reflect "too big" errors with the addresses of the inner packet; the chassis that sent it handles them.
			b.Add(r.Datapath, lflow.RouterInAdmission, 110, lflow.ICMPTooBig+" && flags.tunnel_rx == 1", drop(r.Global))
			b.Add(r.Datapath, lflow.RouterInAdmission, 100, "vlan.present || eth.src[40]", drop(r.Global))
		},
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			if p.MAC == "" {
				return
			}
			admit := lflow.RegInportEthDst + " = " + p.MAC + "; next;"
			macs := p.MAC
			if p.PeerPort != nil {
				macs = cmp.Or(p.PeerPort.RouterMACs(), macs)
			}
			match := "eth.dst == " + macs + " && inport == " + p.Quoted
			if p.PeerPort != nil {
				match = "eth.dst == " + p.PeerPort.RouterMACs() + " && inport == " + p.Quoted
			}
			if p.Distributed() {
				b.Add(p.DP, lflow.RouterInAdmission, 120,
					lflow.ICMPTooBig+" && eth.dst == "+p.Row.MAC+" && !"+resident(p.CRName)+" && flags.tunnel_rx == 1",
					"outport <-> inport; inport = "+p.Quoted+"; next;").WithHint(p.ID)
				// Behind a VTEP every chassis has to take the packets in.
				if p.PeerSwitch == nil || len(p.PeerSwitch.VTEPs) == 0 {
					match += " && " + resident(p.CRName)
				}
			}
			if !p.Enabled {
				return
			}
			_, measure, bypass := mtuOf(p.RouterPortFacts)
			for _, m := range []string{"eth.mcast && inport == " + p.Quoted, match} {
				b.Add(p.DP, lflow.RouterInAdmission, 50, m, measure+admit).WithHint(p.ID)
				if bypass != "" {
					b.Add(p.DP, lflow.RouterInAdmission, 55, m+" && ("+bypass+")", admit).WithHint(p.ID)
				}
			}
		},
	}
}
