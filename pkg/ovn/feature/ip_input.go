package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// ipInput makes a router an IP host: it answers ARP, Neighbor Solicitations and pings for its own addresses, refuses other
// traffic to them, and drops what must not be forwarded (ovn-northd(8), Logical Router Ingress Table 3: IP Input). What it
// answers for NAT and load balancers is in nat.go and router_lb.go, BFD in bfd.go.
//
// Stages: lr_in_ip_input; lr_in_arp_resolve for the router's addresses that NAT or load balancers use.
func ipInput() Feature {
	return Feature{Name: "ip input", Router: ipInputRouter, RouterPort: ipInputPort}
}

func ipInputRouter(r *topo.Router, b *Builder) {
	add := func(priority int, match, actions string) {
		b.Add(r.Datapath, lflow.RouterInIPInput, priority, match, actions)
	}
	dropped := drop(r.Global)
	// Spelled as stock has it, the missing blank included.
	add(100, "ip4.src_mcast ||ip4.src == 255.255.255.255 || ip4.src == 127.0.0.0/8 || ip4.dst == 127.0.0.0/8 || "+
		"ip4.src == 0.0.0.0/8 || ip4.dst == 0.0.0.0/8", dropped)
	add(85, "arp || nd", dropped)
	add(84, "nd_rs || nd_ra", "next;")
	add(83, "ip6.mcast_rsvd", dropped)
	relay := dropped
	if r.Options["mcast_relay"] == "true" {
		relay = "next;"
	}
	add(82, "ip4.mcast || ip6.mcast", relay)
	add(50, "eth.bcast", dropped)
	add(32, "ip.ttl == {0, 1} && !ip.later_frag && (ip4.mcast || ip6.mcast)", dropped)
	add(30, "ip.ttl == {0, 1}", dropped)
}

func ipInputPort(p *topo.RouterPort, b *Builder) {
	add := func(priority int, match, actions, meter string) {
		b.Add(p.DP, lflow.RouterInIPInput, priority, match, actions).WithHint(p.ID).WithMeter(p.Router.Copp[meter])
	}
	if len(p.IP4) > 0 {
		var own []topo.Network
		for _, n := range p.IP4 {
			own = append(own, n, topo.Network{Addr: n.Broadcast(), Bits: 32})
		}
		add(100, "ip4.src == "+addressSet(own)+" && "+lflow.RegEgressLoopback+" == 0", drop(p.Router.Global), "")
		add(90, "ip4.dst == "+addressList(p.IP4)+" && icmp4.type == 8 && icmp4.code == 0",
			"ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 0; flags.loopback = 1; next; ", "")
	}
	if len(p.IP6) > 0 {
		add(90, "ip6.dst == "+addressList(p.IP6)+" && icmp6.type == 128 && icmp6.code == 0",
			"ip6.dst <-> ip6.src; ip.ttl = 255; icmp6.type = 129; flags.loopback = 1; next; ", "")
	}
	// RFC 8415 section 6.3: the answers of a delegating router are for ovn-controller, which asked.
	if p.Row.Options["prefix_delegation"] == "true" {
		for _, n := range p.IP6 {
			add(100, "ip6.dst == "+n.IP()+" && udp.src == 547 && udp.dst == 546", "reg0 = 0; handle_dhcpv6_reply;", "")
		}
	}
	resolveOwn(p, add)
	timeExceeded(p, add)
	// A router that does NAT or load balancing may have to pass on what is sent to its own addresses.
	if !p.Router.Gateway && len(p.Router.Gateways) == 0 {
		for _, n := range p.IP4 {
			unreachable(n, family4, add)
		}
		for _, n := range p.IP6 {
			unreachable(n, family6, add)
		}
	}
	dropOwn(p, b)
}

// resolveOwn answers ARP requests and Neighbor Solicitations for the port's addresses.
func resolveOwn(p *topo.RouterPort, add func(int, string, string, string)) {
	gateway, arpGateway := "", ""
	if p.Distributed() {
		gateway = " && " + resident(p.CRName)
	}
	// On a switch of the physical network every chassis sees the request, and one of them has to answer.
	if p.PeerSwitch != nil && len(p.PeerSwitch.Localnets) > 0 {
		arpGateway = gateway
		if p.Row.Options["reside-on-redirect-chassis"] == "true" && len(p.Router.Gateways) == 1 {
			arpGateway = " && " + resident(p.Router.Gateways[0].CRName)
		}
	}
	for _, n := range p.IP4 {
		add(90, "inport == "+p.Quoted+" && arp.op == 1 && arp.tpa == "+n.IP()+" && arp.spa == "+topo.CIDR(n.Prefix())+arpGateway,
			answerARP(lflow.RegInportEthDst), "")
	}
	for _, n := range p.IP6 {
		add(90, "inport == "+p.Quoted+" && "+solicits(n)+gateway, answerND("nd_na_router", lflow.RegInportEthDst), "nd-na")
	}
}

// answerARP turns an ARP request into the reply that the address is at mac.
func answerARP(mac string) string {
	return "eth.dst = eth.src; eth.src = " + mac + "; arp.op = 2; /* ARP reply */ arp.tha = arp.sha; arp.sha = " + mac +
		"; arp.tpa <-> arp.spa; outport = inport; flags.loopback = 1; output;"
}

// solicits matches Neighbor Solicitations for an address.
func solicits(n topo.Network) string {
	return "ip6.dst == {" + n.IP() + ", " + topo.IP(n.SolicitedNode()) + "} && nd_ns && nd.target == " + n.IP()
}

// answerND answers a Neighbor Solicitation with mac.
func answerND(action, mac string) string {
	return action + " { eth.src = " + mac + "; ip6.src = nd.target; nd.tll = " + mac +
		"; outport = inport; flags.loopback = 1; output; };"
}

// timeExceeded answers packets whose TTL ran out. The link-local address answers nobody: its scope ends at the router.
func timeExceeded(p *topo.RouterPort, add func(int, string, string, string)) {
	const expired = "ip.ttl == {0, 1} && !ip.later_frag"
	out := "outport = " + p.Quoted + "; flags.loopback = 1; output; };"
	// The address in the error is the port's, except on a distributed gateway port, where the chassis that answers may not
	// be the one that owns the address.
	swap := func(f *family, n topo.Network) string {
		if p.Distributed() {
			return f.ip + ".dst <-> " + f.ip + ".src ; "
		}
		return f.ip + ".dst = " + f.ip + ".src; " + f.ip + ".src = " + n.IP() + " ; "
	}
	for _, n := range p.IP4 {
		add(31, "inport == "+p.Quoted+" && ip4 && "+expired,
			"icmp4 {eth.dst <-> eth.src; icmp4.type = 11; /* Time exceeded */ icmp4.code = 0; /* TTL exceeded in transit */ "+
				swap(family4, n)+"ip.ttl = 254; "+out, "icmp4-error")
	}
	for _, n := range p.IP6 {
		if n.Addr.IsLinkLocalUnicast() {
			continue
		}
		add(31, "inport == "+p.Quoted+" && ip6 && ip6.src == "+topo.CIDR(n.Prefix())+" && "+expired,
			"icmp6 {eth.dst <-> eth.src; "+swap(family6, n)+"ip.ttl = 254; icmp6.type = 3; /* Time exceeded */ "+
				"icmp6.code = 0; /* TTL exceeded in transit */ "+out, "icmp6-error")
	}
}

// unreachable refuses connections to the router itself.
func unreachable(n topo.Network, f *family, add func(int, string, string, string)) {
	to := f.ip + " && " + f.ip + ".dst == " + n.IP() + " && !ip.later_frag"
	back := " {eth.dst <-> eth.src; " + f.ip + ".dst <-> " + f.ip + ".src; "
	typ, port, protocol := "3", "3", "2" // RFC 792: port, protocol unreachable
	if f == family6 {
		typ, port, protocol = "1", "4", "3" // RFC 4443: port, address unreachable
	}
	icmp := func(code string) string {
		return f.icmp + back + "ip.ttl = 255; " + f.icmp + ".type = " + typ + "; " + f.icmp + ".code = " + code + "; next; };"
	}
	add(80, to+" && tcp", "tcp_reset"+back+"next; };", "tcp-reset")
	add(80, to+" && sctp", "sctp_abort"+back+"next; };", "tcp-reset")
	add(80, to+" && udp", icmp(port), f.icmp+"-error")
	add(70, to, icmp(protocol), f.icmp+"-error")
}

// dropOwn drops what else is sent to the port's addresses: at once, or, for an address that NAT or a load balancer may
// translate, where it has become clear that they did not.
func dropOwn(p *topo.RouterPort, b *Builder) {
	shared := translated(p)
	for _, ns := range [][]topo.Network{p.IP4, p.IP6} {
		var now, later []topo.Network
		for _, n := range ns {
			if shared[n.Addr] {
				later = append(later, n)
			} else {
				now = append(now, n)
			}
		}
		if len(now) > 0 && !forcesRouterIP(p.Router) {
			b.Add(p.DP, lflow.RouterInIPInput, 60, familyOf(now[0].Is4()).ip+".dst == "+addressSet(now), drop(p.Router.Global)).WithHint(p.ID)
		}
		if len(later) > 0 {
			b.Add(p.DP, lflow.RouterInARPResolve, 2, familyOf(later[0].Is4()).ip+".dst == "+addressSet(later), drop(p.Router.Global)).WithHint(p.ID)
		}
	}
}
