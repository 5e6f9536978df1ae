package feature

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// nat translates addresses on gateway routers and on routers with distributed gateway ports (ovn-northd(8), Logical Router
// Ingress Table 5: UNSNAT, Table 9: DNAT, Egress Table 0: Check DNAT local, 1: UNDNAT, 2: Post UNDNAT, 3: SNAT, 4: Post
// SNAT, 5: Egress Loopback, and what ingress tables 0, 3, 21 and 24 say of NAT).
//
// Stages: lr_in_admission, lr_in_ip_input, lr_in_unsnat, lr_in_dnat, lr_in_arp_resolve, lr_in_gw_redirect,
// lr_out_chk_dnat_local, lr_out_undnat, lr_out_post_undnat, lr_out_snat, lr_out_post_snat, lr_out_egr_loop.
func nat() Feature {
	return Feature{Name: "nat", Router: natRouter, RouterPort: forceRouterIP}
}

func natRouter(r *topo.Router, b *Builder) {
	b.Add(r.Datapath, lflow.RouterOutChkDNATLocal, 0, "1", lflow.RegDNATLocal+" = 0; next;")
	b.Add(r.Datapath, lflow.RouterOutSNAT, 120, "nd_ns", "next;")
	if !r.Gateway && len(r.Gateways) == 0 {
		// Nothing is translated without a gateway, but the addresses are answered for.
		for _, row := range r.NATs {
			newNAT(r, row).answer(b)
		}
		return
	}
	if r.Gateway && (r.HasNAT || r.HasLB) {
		b.Add(r.Datapath, lflow.RouterOutUndnat, 100, "nd || nd_rs || nd_ra", "next;")
		b.Add(r.Datapath, lflow.RouterOutUndnat, 50, "ip", "flags.loopback = 1; ct_dnat;")
		if !commitsAll(r) {
			b.Add(r.Datapath, lflow.RouterOutPostUndnat, 50, "ip && ct.new", "ct_commit { } ; next; ")
		}
	}
	if commitsAll(r) && tracksZones(r.Global) {
		commitAll(r, b)
	}
	if r.HasNAT && r.Global.Bool("use_common_zone") {
		b.Add(r.Datapath, lflow.RouterOutChkDNATLocal, 50, "ip && ct_mark.natted == 1", lflow.RegDNATLocal+" = 1; next;").WithHint(r.ID)
	}
	if r.Gateway {
		forceSNAT(r, b)
	}
	resolved := map[string]bool{} // external addresses
	for _, row := range r.NATs {
		n, ok := resolveNAT(r, row)
		if !ok {
			continue
		}
		n.answer(b)
		n.dnat(b)
		n.snat(b)
		if n.port == nil {
			continue
		}
		n.gateway(b)
		if !resolved[n.ext] { // the first rule of an address says whose MAC it has
			resolved[n.ext] = true
			n.resolve(b)
		}
	}
}

// natRule is a NAT rule with what it means on its router.
type natRule struct {
	*topo.NAT
	r   *topo.Router
	f   *family
	ext string // external address, as it is written
	// port is the distributed gateway port, nil on a gateway router.
	port *topo.RouterPortFacts
	// distributed: translated where the logical port is, with a MAC of its own.
	distributed bool
}

func newNAT(r *topo.Router, row *topo.NAT) *natRule {
	return &natRule{NAT: row, r: r, f: familyOf(row.External.Is4()), ext: row.ExternalIP}
}

// resolveNAT finds where a rule is carried out.
func resolveNAT(r *topo.Router, row *topo.NAT) (*natRule, bool) {
	n := newNAT(r, row)
	if r.Gateway {
		return n, true
	}
	if n.port = r.GatewayOf(row, row.External.Addr); n.port == nil {
		return nil, false
	}
	// Without a physical network behind the only gateway port there is nothing to distribute to.
	n.distributed = row.Distributed() && n.separate()
	return n, true
}

// separate reports whether each chassis has to look after its own traffic on the gateway port. Otherwise the switch takes all
// of it to the gateway's chassis.
func (n *natRule) separate() bool { return n.r.Separate(n.port) }

func (n *natRule) stateless() bool {
	return n.Type == "dnat_and_snat" && strings.EqualFold(n.Options["stateless"], "true")
}

func (n *natRule) add(b *Builder, stage lflow.Stage, priority int, match, actions string) {
	b.Add(n.r.Datapath, stage, priority, match, actions).WithHint(n.UUID)
}

// where is the match of the chassis that translates.
func (n *natRule) where() string {
	if n.distributed {
		return resident(*n.NAT.NAT.LogicalPort)
	}
	return resident(n.port.CRName)
}

// zone is the suffix of actions in the zone that SNAT and DNAT have in common.
func (n *natRule) zone() string {
	if n.port != nil && usesCommonZone(n.r.RouterFacts) {
		return "_in_czone"
	}
	return ""
}

// own is the further match of the rule itself.
func (n *natRule) own() string {
	if n.Match != "" {
		return " && (" + n.Match + ")"
	}
	return ""
}

// target writes an address with the rule's port range.
func (n *natRule) target(ip string) string {
	if n.ExternalPortRange != "" {
		return ip + "," + n.ExternalPortRange
	}
	return ip
}

// answer resolves the external address for those who ask for it, and takes packets for it in.
func (n *natRule) answer(b *Builder) {
	ask, reply := "arp.op == 1 && arp.tpa == "+n.External.IP(), answerARP
	if n.f == family6 {
		ask, reply = solicits(n.External), func(mac string) string { return answerND("nd_na", mac) }
	}
	answer := func(priority int, match, mac string) {
		it := b.Add(n.r.Datapath, lflow.RouterInIPInput, priority, match, reply(mac)).WithHint(n.UUID)
		if n.f == family6 {
			it.WithMeter(n.r.Copp["nd-na"])
		}
	}
	answer(90, ask, lflow.RegInportEthDst)
	if n.port == nil {
		return
	}
	in := "inport == " + n.port.Quoted
	mac := lflow.RegInportEthDst
	if n.distributed {
		mac = *n.ExternalMAC // as it is written, like stock
		n.admit(b, "eth.dst == "+n.MAC+" && "+in+" && "+n.where())
	}
	if n.separate() {
		// One chassis answers; the others, which see the question too, keep quiet.
		where := n.where()
		if n.MAC != "" && n.NAT.NAT.LogicalPort != nil {
			// Of rules of other types, too, stock has the logical port's chassis answer.
			where, mac = resident(*n.NAT.NAT.LogicalPort), *n.ExternalMAC
		}
		answer(92, in+" && "+ask+" && "+where, mac)
		n.add(b, lflow.RouterInIPInput, 91, in+" && "+ask, drop(n.r.Global))
	}
	if n.Type == "snat" {
		n.add(b, lflow.RouterInIPInput, 120, in+" && "+n.f.ip+".src == "+n.ext, "next;")
	}
}

// admit takes packets in for the MAC of a distributed rule, and answers those that are too large for the port.
func (n *natRule) admit(b *Builder, match string) {
	mtu, measure, bypass := mtuOf(n.port)
	actions := lflow.RegInportEthDst + " = " + n.port.MAC + "; next;"
	n.add(b, lflow.RouterInAdmission, 50, match, measure+actions)
	if bypass != "" {
		n.add(b, lflow.RouterInAdmission, 55, match+" && ("+bypass+")", actions)
	}
	if mtu == 0 {
		return
	}
	f := n.f
	b.Add(n.r.Datapath, lflow.RouterInIPInput, 160, "inport == "+n.port.Quoted+" && "+lflow.RegPktLarger+" && "+
		lflow.RegEgressLoopback+" == 0 && "+f.ip+" && "+f.ip+".dst == "+n.ext,
		f.icmp+"_error {"+lflow.RegEgressLoopback+" = 1; "+lflow.RegPktLarger+" = 0; eth.dst = eth.src; eth.src = "+*n.ExternalMAC+"; "+
			f.ip+".dst = "+f.ip+".src; "+f.ip+".src = "+n.ext+"; ip.ttl = 254; "+tooBig(f)+f.icmp+".frag_mtu = "+strconv.Itoa(mtu)+
			"; outport = "+n.port.Quoted+"; flags.loopback = 1; output; };").WithHint(n.UUID).WithMeter(n.r.Copp[f.icmp+"-error"])
}

// dnat translates the destination on the way in and undoes it on the way out.
func (n *natRule) dnat(b *Builder) {
	if n.Type != "snat" {
		match := "ip && " + n.f.ip + ".dst == " + n.ext + n.inbound()
		actions := "ct_dnat" + n.zone() + "(" + n.target(n.LogicalIP) + ");"
		if n.stateless() {
			actions = n.f.ip + ".dst=" + n.LogicalIP + "; next;"
		}
		if n.port == nil {
			force := ""
			if len(forcedSNAT(n.r.Options, "dnat_force_snat_ip")) > 0 { // of either family, like stock
				force = "flags.force_snat_for_dnat = 1; "
			}
			actions = force + "flags.loopback = 1; " + actions
		}
		if n.AllowedExtIPs != nil {
			match += " && " + n.f.ip + ".src == $" + n.AllowedExtIPs.Name
		}
		n.add(b, lflow.RouterInDNAT, n.rulePriority(100), match+n.own(), actions)
		if n.port != nil {
			eth, undo := "", "ct_dnat"+n.zone()+";"
			match := "ip && " + n.f.ip + ".src == " + n.LogicalIP + " && outport == " + n.port.Quoted
			if n.distributed {
				eth = "eth.src = " + n.MAC + "; "
			} else {
				match += " && " + n.where()
			}
			if n.stateless() {
				undo = "next;"
			}
			n.add(b, lflow.RouterOutUndnat, 100, match, eth+undo)
		}
	}
	if n.ExemptedExtIPs != nil && (n.Type != "snat" || n.tracksBack()) {
		n.add(b, lflow.RouterInDNAT, n.rulePriority(100)+exemptAbove, "ip && "+n.f.ip+".dst == "+n.exemptDst()+n.inbound()+" && "+
			n.f.ip+".src == $"+n.ExemptedExtIPs.Name, "next;")
	}
}

// inbound narrows a match to packets that come in where the rule applies.
func (n *natRule) inbound() string {
	switch {
	case n.port == nil:
		return ""
	case n.distributed:
		return " && inport == " + n.port.Quoted
	}
	return " && inport == " + n.port.Quoted + " && " + n.where()
}

// exemptAbove is by how much exempted_ext_ips is above the rule that it is an exemption of.
const exemptAbove = 2

func (n *natRule) exemptDst() string {
	if n.Type == "snat" {
		return n.LogicalIP
	}
	return n.ext
}

// rulePriority is that of a rule with a match of its own, or else.
func (n *natRule) rulePriority(otherwise int) int {
	if n.Match != "" {
		return 300 + int(n.Priority)
	}
	return otherwise
}

// snat translates the source on the way out and undoes it on the way in.
func (n *natRule) snat(b *Builder) {
	if n.Type == "dnat" {
		return
	}
	undo := "ct_snat;"
	if n.stateless() {
		undo = "next;"
	}
	unsnat := 100
	if n.port == nil {
		unsnat = 90
	}
	in := "ip && " + n.f.ip + ".dst == " + n.ext + n.inbound()
	if n.zone() != "" && !n.stateless() {
		n.add(b, lflow.RouterInUnsnat, unsnat, in+" && flags.loopback == 0", "ct_snat_in_czone;")
		n.add(b, lflow.RouterInUnsnat, unsnat, in+" && flags.loopback == 1 && flags.use_snat_zone == 1", undo)
	} else {
		n.add(b, lflow.RouterInUnsnat, unsnat, in, undo)
	}

	const fresh = " && (!ct.trk || !ct.rpl)"
	// A longer prefix wins.
	priority := n.Logical.Bits + 1
	match := "ip && " + n.f.ip + ".src == " + n.LogicalIP
	eth, actions := "", "ct_snat("+n.target(n.ext)+");"
	if n.stateless() {
		actions = n.f.ip + ".src=" + n.ext + "; next;"
	}
	if n.port != nil {
		priority += 128
		match += " && outport == " + n.port.Quoted + " && " + n.where()
		if n.distributed {
			eth = "eth.src = " + n.MAC + "; "
		}
	}
	exempt, allowed := match, ""
	if n.AllowedExtIPs != nil {
		match += " && " + n.f.ip + ".dst == $" + n.AllowedExtIPs.Name
		allowed = " && " + n.f.ip + ".src == $" + n.AllowedExtIPs.Name
	}
	match += n.own()
	if !n.stateless() {
		match += fresh
	}
	if n.zone() != "" && !n.stateless() {
		// A destination that is translated on this chassis too needs a zone of its own for the source.
		n.add(b, lflow.RouterOutSNAT, n.rulePriority(priority)+1, match+" && "+lflow.RegDNATLocal+" == 1",
			eth+lflow.RegDNATLocal+" = 0; "+actions)
		actions = strings.Replace(actions, "ct_snat(", "ct_snat_in_czone(", 1)
	}
	n.add(b, lflow.RouterOutSNAT, n.rulePriority(priority), match, eth+actions)
	if n.ExemptedExtIPs != nil {
		n.add(b, lflow.RouterOutSNAT, n.rulePriority(priority)+exemptAbove,
			exempt+" && "+n.f.ip+".dst == $"+n.ExemptedExtIPs.Name, "next;")
	}
	if n.Type != "snat" || !n.tracksBack() {
		return
	}
	// Replies to connections that come from outside must not be translated: they are tracked in the same zone.
	n.add(b, lflow.RouterOutPostUndnat, 70, match, "ct_next(snat);")
	back := "ip && " + n.f.ip + ".dst == " + n.LogicalIP + " && inport == " + n.port.Quoted + " && " + n.where() + allowed + n.own()
	n.add(b, lflow.RouterOutSNAT, n.rulePriority(priority), back, "ct_snat;")
	n.add(b, lflow.RouterOutPostSNAT, n.rulePriority(priority), back+" && ct.new", "ct_commit_to_zone(snat);")
}

// tracksBack reports whether SNAT on a distributed gateway port tracks what comes back in the zone of SNAT.
func (n *natRule) tracksBack() bool {
	return n.port != nil && !commitsAll(n.r) && n.zone() == "" && tracksZones(n.r.Global)
}

// egressLoopback takes a packet that leaves by a gateway port and is for an external address back to the start of the
// router, as if it came from outside.
func egressLoopback(zone string) string {
	s := `clone { ct_clear; inport = outport; outport = ""; eth.dst <-> eth.src; flags = 0; flags.loopback = 1; `
	if zone != "" {
		s += "flags.use_snat_zone = " + lflow.RegDNATLocal + "; "
	}
	for i := range 10 {
		s += "reg" + strconv.Itoa(i) + " = 0; "
	}
	return s + lflow.RegEgressLoopback + " = 1; next(pipeline=ingress, table=" + strconv.Itoa(lflow.RouterInAdmission.Table()) + "); };"
}

// resolve is who has the external address, for packets that leave by its gateway port.
func (n *natRule) resolve(b *Builder) {
	mac := n.port.MAC
	if n.distributed {
		mac = *n.ExternalMAC // as it is written, like stock
	}
	n.add(b, lflow.RouterInARPResolve, 100, "outport == "+n.port.Quoted+" && "+n.f.nextHop+" == "+n.ext, "eth.dst = "+mac+"; next;")
	// What was not translated by now would go round for ever.
	n.add(b, lflow.RouterInARPResolve, 150, "inport == "+n.port.Quoted+" && outport == "+n.port.Quoted+" && "+n.f.ip+".dst == "+n.ext, drop(n.r.Global))
}

// bridges reports whether a port of a router, whichever it is, sends to the gateway's chassis by the physical network.
func bridges(r *topo.Router) bool {
	return slices.ContainsFunc(r.Ports, func(p *topo.RouterPortFacts) bool {
		return strings.EqualFold(p.Row.Options["redirect-type"], "bridged")
	})
}

// gateway is what a rule needs on a distributed gateway port besides translation.
func (n *natRule) gateway(b *Builder) {
	to := n.f.ip + ".dst == " + n.ext
	loop := to + " && outport == " + n.port.Quoted + " && " + n.where()
	n.add(b, lflow.RouterOutEgrLoop, 100, loop, egressLoopback(n.zone()))
	if n.stateless() {
		n.statelessFor(b, to, loop)
	}
	if n.zone() != "" {
		n.add(b, lflow.RouterOutChkDNATLocal, 50, "ip && "+to+" && "+n.where(), lflow.RegDNATLocal+" = 1; next;")
	}
	if n.distributed && bridges(n.r) {
		// The next hop's own MAC, not that of the port by which the packet would go to the gateway's chassis.
		get := "get_arp(outport, " + n.f.nextHop + "); next;"
		if n.f == family6 {
			get = "get_nd(outport, " + n.f.nextHop + "); next;"
		}
		n.add(b, lflow.RouterInARPResolve, 90, "outport == "+n.port.Quoted+" && "+n.f.ip+".src == "+n.LogicalIP+" && "+n.where(), get)
	}
	if n.distributed && n.NAT.LogicalPort != nil && n.NAT.LogicalPort.Type == "virtual" {
		// As long as nobody has claimed the virtual port, nobody is who its packets say.
		n.add(b, lflow.RouterInGWRedirect, 80, n.f.ip+".src == "+n.LogicalIP+" && outport == "+n.port.Quoted, drop(n.r.Global))
	}
	if n.distributed {
		n.add(b, lflow.RouterInGWRedirect, 100, n.f.ip+".src == "+n.LogicalIP+" && outport == "+n.port.Quoted+" && "+n.where(),
			"eth.src = "+*n.ExternalMAC+"; "+n.f.source+" = "+n.ext+"; next;")
	}
}

// statelessFor keeps to allowed_ext_ips and exempted_ext_ips what no connection tracking will stop.
func (n *natRule) statelessFor(b *Builder, to, loop string) {
	from := " && " + n.f.ip + ".src == $"
	if n.AllowedExtIPs != nil {
		b.Add(n.r.Datapath, lflow.RouterInGWRedirect, 75, loop+from+n.AllowedExtIPs.Name, egressLoopback(n.zone())).WithHint(n.port.ID)
		n.add(b, lflow.RouterInGWRedirect, 70, "ip && "+to, drop(n.r.Global))
	}
	if n.ExemptedExtIPs != nil {
		b.Add(n.r.Datapath, lflow.RouterInGWRedirect, 75, loop+from+n.ExemptedExtIPs.Name, drop(n.r.Global)).WithHint(n.port.ID)
	}
}

// forceSNAT gives traffic that was DNATed or load-balanced a source of the gateway router, so that replies come back to it.
func forceSNAT(r *topo.Router, b *Builder) {
	for option, flag := range map[string]string{"dnat_force_snat_ip": "dnat", "lb_force_snat_ip": "lb"} {
		for _, a := range forcedSNAT(r.Options, option) {
			ip := familyOf(a.Is4()).ip
			b.Add(r.Datapath, lflow.RouterInUnsnat, 110, ip+" && "+ip+".dst == "+topo.IP(a), "ct_snat;")
			b.Add(r.Datapath, lflow.RouterOutSNAT, 100, "flags.force_snat_for_"+flag+" == 1 && "+ip, "ct_snat("+topo.IP(a)+");")
		}
	}
}

// forceRouterIP is options:lb_force_snat_ip=router_ip: the source is the address of the port by which the traffic leaves.
func forceRouterIP(p *topo.RouterPort, b *Builder) {
	if !forcesRouterIP(p.Router) || p.PeerSwitch == nil && p.PeerRouterPort == nil {
		return
	}
	for _, f := range []*family{family4, family6} {
		ns := p.Networks(f == family4)
		// The link-local address of its own making is nobody's address behind the router.
		if len(ns) == 0 || ns[0].Addr.IsLinkLocalUnicast() && strings.HasPrefix(ns[0].IP(), "fe80") {
			continue
		}
		b.Add(p.DP, lflow.RouterInUnsnat, 110, "inport == "+p.Quoted+" && "+f.ip+".dst == "+ns[0].IP(), "ct_snat;").WithHint(p.ID)
		b.Add(p.DP, lflow.RouterOutSNAT, 110, "flags.force_snat_for_lb == 1 && "+f.ip+" && outport == "+p.Quoted,
			"ct_snat("+ns[0].IP()+");").WithHint(p.ID)
	}
}
