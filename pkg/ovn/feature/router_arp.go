package feature

import (
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// routerARP finds the MAC of the next hop, from the addresses of ports where they are known and from MAC_Binding where
// not, and asks for it when nobody knows (ovn-northd(8), Logical Router Ingress Table 21: ARP/ND Resolution, Table 25: ARP
// Request).
//
// Stages: lr_in_arp_resolve, lr_in_arp_request.
func routerARP() Feature {
	return Feature{Name: "router arp", Router: routerARPRouter, RouterPort: routerARPPort, SwitchPort: routerARPSwitchPort}
}

func routerARPRouter(r *topo.Router, b *Builder) {
	b.Add(r.Datapath, lflow.RouterInARPResolve, 500, "ip4.mcast || ip6.mcast", "next;")
	b.Add(r.Datapath, lflow.RouterInARPResolve, 1, lflow.RegNextHopIsIP4+" == 1", "get_arp(outport, "+lflow.RegNextHopIP4+"); next;")
	b.Add(r.Datapath, lflow.RouterInARPResolve, 1, lflow.RegNextHopIsIP4+" == 0", "get_nd(outport, "+lflow.RegNextHopIP6+"); next;")

	const unknown = "eth.dst == 00:00:00:00:00:00 && " + lflow.RegNextHopIsIP4
	output := "output;"
	b.Add(r.Datapath, lflow.RouterInARPRequest, 0, "1", output)
	b.Add(r.Datapath, lflow.RouterInARPRequest, 100, unknown+" == 1",
		"arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = "+lflow.RegSrcIP4+"; arp.tpa = "+lflow.RegNextHopIP4+
			"; arp.op = 1; output; }; "+output).WithMeter(r.Copp["arp-resolve"])
	b.Add(r.Datapath, lflow.RouterInARPRequest, 100, unknown+" == 0",
		"nd_ns { nd.target = "+lflow.RegNextHopIP6+"; output; }; "+output).WithMeter(r.Copp["nd-ns-resolve"])
	// A Neighbor Solicitation for a known gateway can go to its solicited-node address at once.
	for _, s := range r.StaticRoutes {
		hop, err := topo.ParseNetwork(s.Nexthop)
		if err != nil || hop.Is4() || hop.Bits != 128 {
			continue
		}
		group := hop.SolicitedNode()
		// As it is written, capitals included: so does stock.
		b.Add(r.Datapath, lflow.RouterInARPRequest, 200, unknown+" == 0 && "+lflow.RegNextHopIP6+" == "+s.Nexthop,
			"nd_ns { eth.dst = "+multicastMAC(group)+"; ip6.dst = "+topo.IP(group)+"; nd.target = "+s.Nexthop+"; output; }; "+output).
			WithMeter(r.Copp["nd-ns-resolve"]).WithHint(s.UUID)
	}
}

// routerARPPort resolves the addresses of the router port at the other end, behind a switch or without one.
func routerARPPort(p *topo.RouterPort, b *Builder) {
	if q := p.PeerRouterPort; q != nil && p.Enabled {
		// Spelled as stock has it, the missing blank included.
		if len(q.IP4) > 0 {
			resolve(b, p.DP, "outport == "+p.Quoted+" && "+lflow.RegNextHopIP4+"== "+addressList(q.IP4), q.MAC).WithHint(q.ID)
		}
		if len(q.IP6) > 0 {
			resolve(b, p.DP, "outport == "+p.Quoted+" && "+lflow.RegNextHopIP6+" == "+addressList(q.IP6), q.MAC).WithHint(q.ID)
		}
	}
	if p.PeerSwitch == nil || p.Router.Options["dynamic_neigh_routers"] == "true" {
		return
	}
	if p.Distributed() || p.Gateway {
		for _, q := range p.Beside {
			resolve(b, p.DP, "outport == "+p.Quoted+" && "+lflow.RegNextHopIP4+" == {"+strings.Join(q.Addresses, ", ")+"}", q.MAC).
				WithHint(q.Port.ID)
		}
	}
	if !p.PeerPort.Enabled {
		return
	}
	for _, other := range p.PeerSwitch.RouterPorts {
		q := other.Peer
		if q == nil || q.ID == p.ID {
			continue
		}
		if len(q.IP4) > 0 {
			resolve(b, p.DP, "outport == "+p.Quoted+" && "+lflow.RegNextHopIP4+" == "+addressList(q.IP4), q.MAC).WithHint(p.PeerPort.ID)
		}
		if len(q.IP6) > 0 {
			resolve(b, p.DP, "outport == "+p.Quoted+" && "+lflow.RegNextHopIP6+" == "+addressList(q.IP6), q.MAC).WithHint(p.PeerPort.ID)
		}
	}
}

// routerARPSwitchPort resolves the addresses of a switch port in the routers of its switch. A virtual port's are left to
// ARP, so that its failover does not wait for northd.
func routerARPSwitchPort(p *topo.SwitchPort, b *Builder) {
	if !p.Enabled || p.Type == "router" || p.Type == "virtual" {
		return
	}
	for _, a := range p.Addresses {
		for _, r := range p.Switch.RouterPorts {
			if r.Peer == nil {
				continue
			}
			for _, n := range a.IP4 {
				resolveHost(b, r.Peer, n, a.MAC, p)
			}
			for _, n := range a.IP6 {
				resolveHost(b, r.Peer, n, a.MAC, p)
			}
		}
	}
}

func resolveHost(b *Builder, rp *topo.RouterPortFacts, n topo.Network, mac string, p *topo.SwitchPort) {
	if _, ok := rp.NetworkOf(n.Addr); !ok {
		return
	}
	resolve(b, rp.DP, "outport == "+rp.Quoted+" && "+familyOf(n.Is4()).nextHop+" == "+n.IP(), mac).WithHint(p.ID)
}

func resolve(b *Builder, dp *topo.Datapath, match, mac string) *Item {
	return b.Add(dp, lflow.RouterInARPResolve, 100, match, "eth.dst = "+mac+"; next;")
}
