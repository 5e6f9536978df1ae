package feature

import (
	"net/netip"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// mcast leads IP multicast: on switches with snooping to those who asked for it, and through routers that relay it
// (ovn-northd(8), Logical Switch Ingress Table 28: Destination Lookup, Logical Router Ingress Table 3: IP Input, Table 15: IP
// Routing, Egress Table 6: Delivery; ovn-nb(5), other_config:mcast_snoop, options:mcast_relay, options:mcast_flood).
//
// Stages: ls_in_l2_lkup, ls_out_pre_lb, lr_in_ip_input, lr_in_ip_routing, lr_out_delivery.
func mcast() Feature {
	return Feature{Name: "mcast", Switch: mcastSwitch, SwitchPort: mcastPort, Router: mcastRouter, RouterPort: mcastRouterPort, Multicast: mcastGroups}
}

const mldMatch = "mldv1 || mldv2"

func mcastSwitch(sw *topo.Switch, b *Builder) {
	if !sw.Snoops() {
		return
	}
	const stage = lflow.SwitchInL2Lkup
	b.Add(sw.Datapath, stage, 100, "igmp", "igmp;").WithMeter(sw.Copp["igmp"])
	b.Add(sw.Datapath, stage, 100, mldMatch, "igmp;").WithMeter(sw.Copp["igmp"])
	b.Add(sw.Datapath, stage, 85, "ip4.mcast && ip4.dst == 224.0.0.0/24", toGroup(lflow.MulticastFloodL2))
	b.Add(sw.Datapath, stage, 85, "ip6.mcast_flood", toGroup(lflow.MulticastFlood))
	if sw.OtherConfig["mcast_flood_unregistered"] == "true" {
		return
	}
	action := ""
	if sw.MulticastRelay() {
		action = "clone { " + toGroup(lflow.MulticastMrouterFlood) + " }; "
	}
	if sw.MulticastFlood {
		// Spelled as stock has it, the missing blank included.
		action += `outport ="` + lflow.MulticastStatic + `"; output;`
	}
	if action == "" {
		action = drop(sw.Global)
	}
	b.Add(sw.Datapath, stage, 80, "ip4.mcast || ip6.mcast", action)
}

// mcastPort has what comes from another availability zone snooped here: there is no ingress pipeline for it on this side.
func mcastPort(p *topo.SwitchPort, b *Builder) {
	if p.Type != "remote" || !p.Switch.Snoops() || p.Switch.OtherConfig["interconn-ts"] == "" {
		return
	}
	for _, match := range []string{"igmp", "(" + mldMatch + ")"} {
		b.Add(p.DP, lflow.SwitchOutPreLB, 120, "inport == "+p.Quoted+" && "+match, "clone { igmp; }; next;").
			WithMeter(p.Switch.Copp["igmp"]).WithHint(p.ID)
	}
}

// relaysMulticast and the rest say what a router does with multicast.
func relaysMulticast(options map[string]string) bool { return options["mcast_relay"] == "true" }

const toStatic = `clone { outport = "` + lflow.MulticastStatic + `"; `

func mcastRouter(r *topo.Router, b *Builder) {
	floods := r.FloodsMulticast()
	if floods {
		// Reports have a TTL of 1; they go on as they are.
		b.Add(r.Datapath, lflow.RouterInIPInput, 120, "("+mldMatch+") && ip.ttl == 1", "next;")
		b.Add(r.Datapath, lflow.RouterInIPInput, 120, "igmp && ip.ttl == 1", "next;")
	}
	if !relaysMulticast(r.Options) {
		return
	}
	unregistered := drop(r.Global)
	if floods {
		b.Add(r.Datapath, lflow.RouterInIPRouting, 10460, "igmp", toStatic+"next; };")
		b.Add(r.Datapath, lflow.RouterInIPRouting, 10460, mldMatch, toStatic+"next; };")
		unregistered = toStatic + "ip.ttl--; next; };"
		// Nor does the router take back what it has sent.
		for _, p := range r.Ports {
			if p.MAC != "" {
				b.Add(r.Datapath, lflow.RouterInIPRouting, 10550, "eth.src == "+p.MAC+" && igmp", drop(r.Global))
				b.Add(r.Datapath, lflow.RouterInIPRouting, 10550, "eth.src == "+p.MAC+" && ("+mldMatch+")", drop(r.Global))
			}
		}
	}
	b.Add(r.Datapath, lflow.RouterInIPRouting, 10450, "ip4.mcast || ip6.mcast", unregistered)
}

func mcastRouterPort(p *topo.RouterPort, b *Builder) {
	if relaysMulticast(p.Options) && p.Enabled && p.MAC != "" {
		b.Add(p.DP, lflow.RouterOutDelivery, 110, "(ip4.mcast || ip6.mcast) && outport == "+p.Quoted,
			"eth.src = "+p.MAC+"; output;")
	}
}

// mcastGroups leads what is for a learned group to its members.
func mcastGroups(m *topo.Multicast, b *Builder) {
	var made [2]uint64
	for _, g := range m.Groups {
		family, match := 0, "ip4 && ip4.dst == "
		if g.Address.Is6() {
			family, match = 1, "ip6 && ip6.dst == "
		}
		if g.Key == 0 || !m.Router && flooded(g.Address) || made[family] >= m.MaxGroups {
			continue
		}
		made[family]++
		// Both spelled as stock has them, blanks and all.
		match += g.Name + " "
		if m.Router {
			action := ""
			if m.Static {
				action = toStatic + "ip.ttl--; next; };"
			}
			b.Add(m.Datapath, lflow.RouterInIPRouting, 10500, match, action+`outport = "`+g.Name+`"; ip.ttl--; next;`)
			continue
		}
		action := ""
		if m.Relay {
			action = "clone { " + toGroup(lflow.MulticastMrouterFlood) + " };"
		}
		if m.Static {
			action += `clone { outport ="` + lflow.MulticastStatic + `"; output; };`
		}
		b.Add(m.Datapath, lflow.SwitchInL2Lkup, 90, "eth.mcast && "+match, action+toGroup(g.Name)+" ")
	}
}

// flooded reports whether a group is for all hosts or routers of a link or a site, so that everybody gets it (RFC 4541 section
// 2.1.2, RFC 4291 section 2.7.1).
func flooded(a netip.Addr) bool {
	if b := a.AsSlice(); a.Is4() {
		return b[0] == 224 && b[1] == 0 && b[2] == 0
	}
	switch a.String() {
	case "ff02::1", "ff02::2", "ff05::2":
		return true
	}
	return false
}
