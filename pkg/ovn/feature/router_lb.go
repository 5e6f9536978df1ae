package feature

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// routerLB balances load on routers (ovn-northd(8), Logical Router Ingress Table 7: DEFRAG, 8: Load balancing affinity check,
// 9: DNAT, Load balancing DNAT rules, 10: Load balancing affinity learn, Egress Table 1: UNDNAT, and what table 24 says).
//
// Stages: lr_in_ip_input, lr_in_defrag, lr_in_lb_aff_check, lr_in_dnat, lr_in_lb_aff_learn, lr_in_gw_redirect, lr_out_undnat,
// lr_out_snat.
func routerLB() Feature {
	return Feature{Name: "router load balancer", Router: routerLBRouter, RouterPort: routerLBPort, LoadBalancer: routerLBBalancer}
}

// routerLBPort answers for the VIPs that the router has to be found at.
func routerLBPort(p *topo.RouterPort, b *Builder) {
	where := ""
	if p.Distributed() {
		where = " && " + resident(p.CRName)
	}
	in := "inport == " + p.Quoted
	if len(p.AnsweredVIPs(true)) > 0 {
		b.Add(p.DP, lflow.RouterInIPInput, 90, in+" && arp.op == 1 && arp.tpa == $"+p.Router.VIPSetName(true)+where,
			answerARP(lflow.RegInportEthDst)).WithHint(p.ID)
	}
	if len(p.AnsweredVIPs(false)) > 0 {
		b.Add(p.DP, lflow.RouterInIPInput, 90, in+" && nd_ns && nd.target == $"+p.Router.VIPSetName(false)+where,
			answerND("nd_na", lflow.RegInportEthDst)).WithHint(p.ID).WithMeter(p.Router.Copp["nd-na"])
	}
}

// routerLBRouter treats connections that are balanced already.
func routerLBRouter(r *topo.Router, b *Builder) {
	for _, lb := range r.LoadBalancers {
		if lb.Options["skip_snat"] == "true" {
			b.Add(r.Datapath, lflow.RouterOutSNAT, 120, "flags.skip_snat_for_lb == 1 && ip", "next;")
		}
	}
	if !r.HasLB {
		return
	}
	const (
		related     = "ct.rel && !ct.est && !ct.new && !ct.rpl"
		established = "ct.est && !ct.rel && !ct.new && !ct.rpl && ct_mark.natted"
	)
	b.Add(r.Datapath, lflow.RouterInDNAT, 50, related, "ct_commit_nat;")
	b.Add(r.Datapath, lflow.RouterInDNAT, 50, established, "next;")
	for _, snat := range []string{"skip_snat", "force_snat"} {
		b.Add(r.Datapath, lflow.RouterInDNAT, 70, related+" && ct_mark."+snat+" == 1", "flags."+snat+"_for_lb = 1; ct_commit_nat;")
		b.Add(r.Datapath, lflow.RouterInDNAT, 70, established+" && ct_mark."+snat+" == 1", "flags."+snat+"_for_lb = 1; next;")
	}
}

func routerLBBalancer(lb *topo.LoadBalancer, b *Builder) {
	for i := range lb.VIPs {
		v := newRouterVIP(lb, &lb.VIPs[i])
		for _, r := range lb.Routers {
			v.emit(r, b)
		}
	}
}

// routerVIP is one VIP as router flows speak of it.
type routerVIP struct {
	lb       *topo.LoadBalancer
	vip      *topo.VIP
	f        *family
	to       string // match of the VIP
	affinity int
}

func newRouterVIP(lb *topo.LoadBalancer, vip *topo.VIP) *routerVIP {
	v := &routerVIP{lb: lb, vip: vip, f: familyOf(vip.Is4())}
	v.to = v.f.ip + " && " + v.f.ip + ".dst == " + vip.Address()
	if vip.HasPort() {
		v.to += " && " + lb.Protocol + " && " + lb.Protocol + ".dst == " + vip.PortText()
	}
	if n, err := strconv.Atoi(lb.Options["affinity_timeout"]); err == nil && n > 0 {
		v.affinity = min(n, 65535)
	}
	return v
}

// kept says in which registers the VIP is kept while the destination of the packet is translated.
func (v *routerVIP) kept() (ip, port string) { return keptBy(v.f) }

func keptBy(f *family) (ip, port string) {
	if f == family4 {
		return "reg4", "reg2[0..15]"
	}
	return "xxreg1", "reg2[0..15]"
}

// snat returns what a router has to remember of a balanced connection for its source, as a flag and as an argument.
func (v *routerVIP) snat(r *topo.RouterFacts) (flag, arg string) {
	kind := ""
	switch {
	case v.lb.Options["skip_snat"] == "true":
		kind = "skip_snat"
	case forcesRouterIP(r) || len(forcedSNAT(r.Options, "lb_force_snat_ip")) > 0: // whether it is a gateway router or not, and of either family
		kind = "force_snat"
	default:
		return "", ""
	}
	return "flags." + kind + "_for_lb = 1; ", "; " + kind
}

func (v *routerVIP) emit(r *topo.RouterFacts, b *Builder) {
	add := func(stage lflow.Stage, priority int, match, actions string) *Item {
		return b.Add(r.Datapath, stage, priority, match, actions).WithHint(v.lb.ID)
	}
	add(lflow.RouterInDefrag, 100, "ip && "+v.f.ip+".dst == "+v.vip.Address(), "ct_dnat;")
	priority := 110
	if v.vip.HasPort() {
		priority = 120
	}
	flag, arg := v.snat(r)
	const fresh = "ct.new && !ct.rel && "
	keep := ""
	if v.affinity > 0 {
		ip, port := v.kept()
		keep = ip + " = " + v.vip.Address() + "; "
		if v.vip.HasPort() {
			keep += port + " = " + v.vip.PortText() + "; "
		}
		add(lflow.RouterInLBAffCheck, 100, fresh+v.to, lflow.RegKnownLBSession+" = chk_lb_aff(); next;")
		v.affine(flag, arg, add)
	}
	actions, meter := drop(r.Global), ""
	backends := v.lb.Active(v.vip)
	rejects := len(backends) == 0 && v.lb.Options["reject"] == "true"
	switch {
	case len(backends) > 0:
		actions = flag + keep + "ct_lb_mark(backends=" + strings.Join(backends, ",") + hashFields(v.lb) + arg + ");"
	case rejects:
		actions = flag + "reg0 = 0; reject { outport <-> inport; next(pipeline=egress,table=" +
			strconv.Itoa(lflow.RouterOutSNAT.Table()) + ");};"
		meter = r.Copp["reject"]
	}
	if v.lb.HasEvent(v.vip) {
		add(lflow.RouterInDNAT, 130, v.event(), emptyEvent(v.lb, v.vip)).WithMeter(r.Copp["event-elb"])
	}
	all := len(v.vip.Backends) + len(v.vip.Templates())
	if len(r.Gateways) == 0 || all == 0 && rejects { // any chassis may refuse where there is nothing to wait for
		add(lflow.RouterInDNAT, priority, fresh+v.to, actions).WithMeter(meter)
		return
	}
	// Several gateways do not know each other's connections: ovn-nb(5), options:use_stateless_nat.
	stateless := v.lb.Options["use_stateless_nat"] == "true" && len(r.Gateways) > 1 && all > 0
	if t := v.vip.Templates(); stateless && len(t) > 0 {
		actions = "ip6.dst = " + t[0].Addr + "; " + actions // of either family, like stock
	} else if stateless && (len(backends) > 0 || rejects) {
		actions = v.f.ip + ".dst = " + topo.IP(v.vip.Backends[0].Addr) + "; " + actions
	}
	for _, p := range r.Gateways {
		add(lflow.RouterInDNAT, priority, fresh+v.to+" && "+resident(p.CRName), actions).WithMeter(meter)
		if all == 0 {
			continue
		}
		// What backends send back has to pass the chassis that balanced.
		var from []string
		for _, d := range v.vip.Backends {
			m := v.f.ip + ".src == " + topo.IP(d.Addr)
			if d.Port != 0 {
				m += " && " + v.lb.Protocol + ".src == " + strconv.Itoa(int(d.Port))
			}
			from = append(from, "("+m+")")
		}
		for _, t := range v.vip.Templates() {
			m := v.f.ip + ".src == " + t.Addr
			if t.Port != "" {
				m += " && " + v.lb.Protocol + ".src == " + t.Port
			}
			from = append(from, "("+m+")")
		}
		back := v.f.ip + " && (" + strings.Join(from, " || ") + ") && "
		undo, here := "ct_dnat"+commonZone(r)+";", back+"(inport == "+p.Quoted+" || outport == "+p.Quoted+") && "+resident(p.CRName)
		switch {
		case stateless:
			here += " && " + v.lb.Protocol
			undo = "next;"
			source := v.f.ip + ".src = " + v.vip.Address() + "; "
			if v.vip.HasPort() {
				source += v.lb.Protocol + ".src = " + v.vip.PortText() + "; "
			}
			add(lflow.RouterOutSNAT, 160, here, source+"next;")
		case flag != "":
			undo = flag + "next;"
		}
		add(lflow.RouterOutUndnat, 120, here, undo)
		add(lflow.RouterInGWRedirect, 200, back+"outport == "+p.Quoted, `outport = "`+p.CRName+`"; next;`)
	}
}

// event is the match of packets for a VIP without backends.
func (v *routerVIP) event() string {
	m := v.f.ip + ".dst == " + v.vip.Address() + " && " + v.lb.Protocol
	if v.vip.HasPort() {
		m += " && " + v.lb.Protocol + ".dst == " + v.vip.PortText()
	}
	return m
}

// affine keeps a client with the backend that it had. Of a template's variables, ovn-northd takes any for an IPv6 address here.
func (v *routerVIP) affine(flag, arg string, add func(lflow.Stage, int, string, string) *Item) {
	f, vip := v.f, v.vip.String()
	join := topo.JoinHostPort
	switch {
	case v.vip.Template():
		f, vip = family6, v.vip.Joined(false)
	case v.vip.Addr.Is4In6(): // which is IPv4 to stock, here and nowhere else
		f, vip = family4, v.vip.Joined(true)
		join = func(a netip.Addr, port uint16) string {
			if port == 0 {
				return topo.IP(a)
			}
			return topo.IP(a) + ":" + strconv.Itoa(int(port))
		}
	}
	ip, port := keptBy(f)
	keep := func(addr, l4, text string) {
		chosen := " && " + ip + " == " + addr
		learn := lflow.RegKnownLBSession + " == 0 && ct.new && " + f.ip + " && " + ip + " == " + v.vip.Address()
		proto := ""
		if v.vip.HasPort() {
			learn += " && " + port + " == " + v.vip.PortText()
			proto = "proto = " + v.lb.Protocol + ", "
		}
		learn += " && " + f.ip + ".dst == " + addr
		if l4 != "" {
			chosen += " && " + port + " == " + l4
			learn += " && " + v.lb.Protocol + ".dst == " + l4
		}
		add(lflow.RouterInDNAT, 150, lflow.RegKnownLBSession+" == 1 && ct.new && "+f.ip+".dst == "+v.vip.Address()+chosen,
			flag+"ct_lb_mark(backends="+text+arg+");")
		add(lflow.RouterInLBAffLearn, 100, learn, `commit_lb_aff(vip = "`+vip+`", backend = "`+text+`", `+proto+
			"timeout = "+strconv.Itoa(v.affinity)+"); /* drop */")
	}
	for _, d := range v.vip.Backends {
		l4 := ""
		if d.Port != 0 {
			l4 = strconv.Itoa(int(d.Port))
		}
		keep(topo.IP(d.Addr), l4, join(d.Addr, d.Port))
	}
	for _, t := range v.vip.Templates() {
		keep(t.Addr, "", t.Addr)
	}
}
