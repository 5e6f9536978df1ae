package feature

import (
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// l2 finds the destination of a frame (ovn-northd(8), Logical Switch Ingress Table 28: Destination Lookup, Table 29:
// Destination unknown).
//
// Stages: ls_in_l2_lkup, ls_in_l2_unknown.
func l2() Feature {
	return Feature{Name: "l2", Switch: l2Switch, SwitchPort: l2Port}
}

func toGroup(name string) string { return `outport = "` + name + `"; output;` }

func l2Switch(sw *topo.Switch, b *Builder) {
	b.Add(sw.Datapath, lflow.SwitchInL2Lkup, 110, "eth.dst == "+lflow.SvcMonitorMAC+" && (tcp || icmp || icmp6)",
		"handle_svc_check(inport);").WithMeter(sw.Copp["svc-monitor"])
	b.Add(sw.Datapath, lflow.SwitchInL2Lkup, 70, "eth.mcast", toGroup(lflow.MulticastFlood))
	if sw.OtherConfig["broadcast-arps-to-all-routers"] == "false" {
		b.Add(sw.Datapath, lflow.SwitchInL2Lkup, 72, "eth.mcast && (arp.op == 1 || nd_ns)", toGroup(lflow.MulticastFloodL2))
	}
	b.Add(sw.Datapath, lflow.SwitchInL2Lkup, 0, "1", "outport = get_fdb(eth.dst); next;")
	unknown := drop(sw.Global)
	if sw.HasUnknown {
		unknown = toGroup(lflow.MulticastUnknown)
	}
	b.Add(sw.Datapath, lflow.SwitchInL2Unknown, 50, `outport == "none"`, unknown)
	b.Add(sw.Datapath, lflow.SwitchInL2Unknown, 0, "1", "output;")
}

func l2Port(p *topo.SwitchPort, b *Builder) {
	if p.Type == "router" && p.Peer != nil {
		l2RouterPort(p, b)
	} else if p.Type != "external" && !(p.Type == "" && p.Unknown && p.Option("force_fdb_lookup") == "true") {
		for _, a := range p.Addresses {
			action := drop(p.Switch.Global)
			if p.Enabled {
				action = "outport = " + p.Quoted + "; output;"
				if p.Type == "" && strings.EqualFold(p.Option("pkt_clone_type"), "mc_unknown") && p.Switch.HasUnknown {
					// Spelled as stock has it, the missing blank included.
					action = "clone {outport = " + p.Quoted + "; output; };" + toGroup(lflow.MulticastUnknown)
				}
			}
			b.Add(p.DP, lflow.SwitchInL2Lkup, 50, "eth.dst == "+a.MAC, action).WithHint(p.ID)
		}
	}
	l2DHCPRelay(p, b)
	if !p.Enabled && p.Type != "external" { // to which nothing is sent
		b.Add(p.DP, lflow.SwitchInL2Unknown, 50, "outport == "+p.Quoted, drop(p.Switch.Global)).WithPort(p.Name).WithHint(p.ID)
		if p.CRKey != nil {
			b.Add(p.DP, lflow.SwitchInL2Unknown, 50, "outport == "+p.CRQuoted(), drop(p.Switch.Global)).WithPort(p.CRName()).WithHint(p.ID)
		}
	}
}

// l2RouterPort leads frames for a router, and requests for its addresses, to the port of type router that is its.
func l2RouterPort(p *topo.SwitchPort, b *Builder) {
	rp := p.Peer
	l2RouterMACs(p, b)
	if rp.MAC == "" || !rp.Enabled {
		return
	}
	for _, ip := range p.RouterAddresses4() {
		arpToRouter(p, "arp.op == 1 && arp.tpa == "+ip, b)
	}
	for _, ip := range p.RouterAddresses6() {
		arpToRouter(p, "nd_ns && nd.target == "+ip, b)
	}
	// What the router itself asks stays away from other routers.
	if p.Switch.HasNonRouterPort {
		macs := []string{rp.MAC}
		if p.PeerRouter != nil {
			for _, n := range p.PeerRouter.NATs {
				// One of several gateway ports has to carry the rule out; without any, stock lets it be.
				_, ok := resolveNAT(p.PeerRouter, n)
				if n.Type != "snat" && n.ExternalMAC != nil && (ok || len(p.PeerRouter.Gateways) == 0) {
					macs = append(macs, *n.ExternalMAC)
				}
			}
		}
		slices.Sort(macs)
		macs = slices.Compact(macs)
		b.Add(p.DP, lflow.SwitchInL2Lkup, 75, "eth.src == {"+strings.Join(macs, ", ")+
			"} && (arp.op == 1 || rarp.op == 3 || nd_ns)", toGroup(lflow.MulticastFloodL2)).WithHint(p.ID)
	}
}

// arpToRouter answers requests for one address of the router: only it, and the ports that are no routers, get them.
func arpToRouter(p *topo.SwitchPort, match string, b *Builder) {
	match = "flags[1] == 0 && " + match
	emit := func(match, port string) {
		action := "outport = " + port + "; output;"
		if p.Switch.HasNonRouterPort {
			action = "clone {" + action + " }; " + toGroup(lflow.MulticastFloodL2)
		}
		b.Add(p.DP, lflow.SwitchInL2Lkup, 80, match, action).WithHint(p.ID)
	}
	if p.CRKey != nil {
		emit(match+" && is_chassis_resident("+p.CRQuoted()+")", p.Quoted)
		emit(match+" && !is_chassis_resident("+p.CRQuoted()+")", p.CRQuoted())
		return
	}
	emit(match, p.Quoted)
}

// l2RouterMACs leads what is for the router to it, whatever the addresses of the switch port say.
func l2RouterMACs(p *topo.SwitchPort, b *Builder) {
	out := func(match, action string) {
		b.Add(p.DP, lflow.SwitchInL2Lkup, 50, match, action).WithHint(p.ID)
	}
	rp := p.Peer
	match, here, there := "eth.dst == "+p.RouterMACs(), "outport = "+p.Quoted+"; output;", "outport = "+p.CRQuoted()+"; output;"
	if !p.Enabled {
		here, there = drop(p.Switch.Global), drop(p.Switch.Global)
	}
	switch {
	case rp.MAC == "":
	case p.CRKey != nil:
		out(match+" && is_chassis_resident("+p.CRQuoted()+")", here)
		out("eth.dst == "+rp.MAC+" && !is_chassis_resident("+p.CRQuoted()+")", there)
	case rp.Distributed() && rp.Physical:
		out(match+" && "+resident(rp.CRName), here)
	case p.PeerRouter != nil && rp.Physical && rp.Row.Options["reside-on-redirect-chassis"] == "true" && len(p.PeerRouter.Gateways) == 1:
		out(match+" && "+resident(p.PeerRouter.Gateways[0].CRName), here)
	default:
		out(match, here)
	}
	if rp.Distributed() && p.PeerRouter != nil {
		for _, o := range p.PeerRouter.Owners {
			out("eth.dst == "+o.MAC+" && "+resident(o.LogicalPort), here)
		}
	}
}

// l2DHCPRelay leads the DHCP requests of a port to the router port that relays them.
func l2DHCPRelay(p *topo.SwitchPort, b *Builder) {
	relay := p.Switch.OtherConfig["dhcp_relay_port"]
	if relay == "" || p.Type != "" {
		return
	}
	for _, r := range p.Switch.RouterPorts {
		if r.Name != relay || r.Peer == nil || r.Peer.RelayServer == "" {
			continue
		}
		for _, a := range p.Addresses {
			if len(a.IP4) == 0 {
				continue
			}
			b.Add(p.DP, lflow.SwitchInL2Lkup, 100, "inport == "+p.Quoted+" && eth.src == "+a.MAC+
				" && ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67",
				"eth.dst = "+r.Peer.MAC+"; outport = "+r.Quoted+"; next; /* DHCP_RELAY_REQ */").WithPort(p.Name).WithHint(p.ID)
		}
	}
}
