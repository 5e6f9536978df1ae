package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// neighbor learns the MACs of neighbours from ARP and IPv6 Neighbor Discovery (ovn-northd(8), Logical Router Ingress
// Table 1: Neighbor lookup, Table 2: Neighbor learning).
//
// Stages: lr_in_lookup_neighbor, lr_in_learn_neighbor.
func neighbor() Feature {
	const (
		known   = lflow.RegLookupNeighbor + " = "
		allowed = lflow.RegLookupNeighbor2 + " = "
		arp     = known + "lookup_arp(inport, arp.spa, arp.sha); "
		na      = known + "lookup_nd(inport, nd.target, nd.tll); "
		ns      = known + "lookup_nd(inport, ip6.src, nd.sll); "
	)
	return Feature{
		Name: "neighbor",
		Router: func(r *topo.Router, b *Builder) {
			lookup := func(priority int, match, actions string) {
				b.Add(r.Datapath, lflow.RouterInLookupNeighbor, priority, match, actions+"next;")
			}
			// The router's other half, in another availability zone, learns from the same answers.
			flood := ""
			if r.HasRemote {
				flood = "flood_remote; "
			}
			lookup(0, "1", known+"1; ")
			skip := lflow.RegLookupNeighbor + " == 1"
			if learnsAlways(r.Options) {
				lookup(100, "arp.op == 2", arp+flood)
				lookup(100, "nd_na", na+flood)
				lookup(100, "nd_ns", ns)
			} else {
				skip += " || " + lflow.RegLookupNeighbor2 + " == 0"
				lookup(100, "arp.op == 2", arp+allowed+"1; "+flood)
				lookup(100, "nd_na", na+allowed+"1; "+flood)
				// An unsolicited advertisement may only refresh what is known.
				lookup(110, "nd_na && ip6.src == fe80::/10 && ip6.dst == ff00::/8", na+allowed+"lookup_nd_ip(inport, nd.target); ")
				lookup(100, "nd_ns", ns+allowed+"lookup_nd_ip(inport, ip6.src); ")
			}
			learn := func(priority int, match, actions, protocol string) {
				b.Add(r.Datapath, lflow.RouterInLearnNeighbor, priority, match, actions+"next;").WithMeter(r.Copp[protocol])
			}
			learn(100, skip, "mac_cache_use; ", "")
			learn(95, "nd_ns && (ip6.src == 0 || nd.sll == 0)", "", "")
			learn(95, "nd_na && nd.tll == 0", "put_nd(inport, nd.target, eth.src); ", "nd-na")
			learn(90, "arp", "put_arp(inport, arp.spa, arp.sha); ", "arp")
			learn(90, "nd_na", "put_nd(inport, nd.target, nd.tll); ", "nd-na")
			learn(90, "nd_ns", "put_nd(inport, ip6.src, nd.sll); ", "nd-ns")
		},
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			for _, n := range p.IP4 {
				match := "inport == " + p.Quoted + " && arp.spa == " + topo.CIDR(n.Prefix())
				request := " && arp.op == 1"
				if p.Distributed() {
					request += " && " + resident(p.CRName)
				}
				actions := arp
				if !learnsAlways(p.Router.Options) {
					b.Add(p.DP, lflow.RouterInLookupNeighbor, 110, match+" && arp.tpa == "+n.IP()+request,
						arp+allowed+"1; next;").WithHint(p.ID)
					actions += allowed + "lookup_arp_ip(inport, arp.spa); "
				}
				b.Add(p.DP, lflow.RouterInLookupNeighbor, 100, match+request, actions+"next;").WithHint(p.ID)
			}
		},
	}
}

// learnsAlways reads options:always_learn_from_arp_request of a router, true by default.
func learnsAlways(options map[string]string) bool {
	return options["always_learn_from_arp_request"] != "false"
}
