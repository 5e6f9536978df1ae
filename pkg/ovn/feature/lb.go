package feature

import (
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// lb balances load on switches (ovn-northd(8), Logical Switch Ingress Table 6: Pre-stateful, Table 12: Load balancing affinity
// check, Table 13: LB, Table 14: Load balancing affinity learn; the router's part is in router_lb.go).
//
// Stages: ls_in_pre_lb, ls_in_pre_stateful, ls_in_lb_aff_check, ls_in_lb, ls_in_lb_aff_learn.
func lb() Feature {
	return Feature{Name: "lb", Switch: lbSwitch, LoadBalancer: lbFlows}
}

func lbSwitch(sw *topo.Switch, b *Builder) {
	if !sw.HasLBVIP {
		return
	}
	// Later fragments have no ports to match; the connection tracker knows them.
	match := "ct.trk && !ct.rpl && " + lflow.RegIPFrag + " == 1 && "
	b.Add(sw.Datapath, lflow.SwitchInLB, 110, match+"ip4",
		lflow.RegOrigDstIP4+" = ct_nw_dst(); "+lflow.RegOrigDstPort+" = ct_tp_dst(); next;")
	b.Add(sw.Datapath, lflow.SwitchInLB, 110, match+"ip6",
		lflow.RegOrigDstIP6+" = ct_ip6_dst(); "+lflow.RegOrigDstPort+" = ct_tp_dst(); next;")
}

func lbFlows(lb *topo.LoadBalancer, b *Builder) {
	if len(lb.Switches)+len(lb.Routers) > 0 {
		for _, m := range lb.Monitors {
			if addr, err := topo.ParseNetwork(m.SourceIP); err == nil {
				monitorReply(lb, m.DP, addr, b)
			}
		}
	}
	if len(lb.Switches) == 0 {
		return
	}
	dps := make([]*topo.Datapath, len(lb.Switches))
	for i, s := range lb.Switches {
		dps[i] = s.Datapath
	}
	for i := range lb.VIPs {
		lbVIP(lb, &lb.VIPs[i], dps, b)
	}
}

// monitorReply answers a backend that asks for the address that the service monitor watches it from.
func monitorReply(lb *topo.LoadBalancer, dp *topo.Datapath, n topo.Network, b *Builder) {
	mac, ip := lb.Global.South.SvcMonitorMAC, n.IP()
	if n.Is4() {
		b.Add(dp, lflow.SwitchInARPRsp, 110, "arp.tpa == "+ip+" && arp.op == 1", proxyARP(mac, ip)).WithHint(lb.ID)
		return
	}
	b.Add(dp, lflow.SwitchInARPRsp, 110, "nd_ns && nd.target == "+ip, "nd_na { eth.dst = eth.src; eth.src = "+mac+"; ip6.src = "+ip+
		"; nd.target = "+ip+"; nd.tll = "+mac+"; outport = inport; flags.loopback = 1; output; };").WithHint(lb.ID)
}

func lbVIP(lb *topo.LoadBalancer, v *topo.VIP, dps []*topo.Datapath, b *Builder) {
	ip, origIP := v.Address(), lflow.RegOrigDstIP4
	family := "ip4"
	if !v.Is4() {
		origIP, family = lflow.RegOrigDstIP6, "ip6"
	}
	match, saved, priority := family+".dst == "+ip, origIP+" = "+ip+"; ", 110
	if v.HasPort() {
		match += " && " + lb.Protocol + ".dst == " + v.PortText()
		saved += lflow.RegOrigDstPort + " = " + v.PortText() + "; "
		priority = 120
	}
	b.AddAll(dps, lflow.SwitchInPreStateful, 120, lflow.RegConntrackNAT+" == 1 && "+match, saved+"ct_lb_mark;").WithHint(lb.ID)

	backends := lb.Active(v)
	action := saved + "ct_lb_mark(backends=" + strings.Join(backends, ",") + hashFields(lb) + ");"
	reject := false
	switch {
	case len(backends) > 0:
	case lb.Options["reject"] == "true":
		action, reject = "reg0 = 0; reject { outport <-> inport; next(pipeline=egress,table=9);};", true
	default:
		action = drop(lb.Global)
	}
	if lb.HasEvent(v) {
		lbEvent(lb, v, family, dps, b)
	}
	for meter, at := range rejectMeters(lb, reject) {
		b.AddAll(at, lflow.SwitchInLB, priority, "ct.new && "+match, action).WithHint(lb.ID).WithMeter(meter)
	}
	if timeout := lb.AffinityTimeout(); timeout != "" {
		lbAffinity(lb, v, family, origIP, saved, timeout, dps, b)
	}
}

// rejectMeters groups the switches by the meter that limits rejections there.
func rejectMeters(lb *topo.LoadBalancer, reject bool) map[string][]*topo.Datapath {
	out := map[string][]*topo.Datapath{}
	for _, s := range lb.Switches {
		meter := ""
		if reject {
			meter = s.Copp["reject"]
		}
		out[meter] = append(out[meter], s.Datapath)
	}
	return out
}

// hashFields narrows what the choice of a backend depends on.
func hashFields(lb *topo.LoadBalancer) string {
	if len(lb.Row.SelectionFields) == 0 {
		return ""
	}
	fields := slices.Clone(lb.Row.SelectionFields)
	for i, f := range fields {
		// The columns speak of tp_src and tp_dst; ovn-controller of the protocol's, if there is one.
		if lb.Row.Protocol != nil {
			fields[i] = strings.Replace(f, "tp_", lb.Protocol+"_", 1)
		}
	}
	return `; hash_fields="` + strings.Join(fields, ",") + `"`
}

// lbEvent tells whoever watches Controller_Event that a VIP without backends is wanted.
func lbEvent(lb *topo.LoadBalancer, v *topo.VIP, family string, dps []*topo.Datapath, b *Builder) {
	match := family + ".dst == " + v.Address() + " && " + lb.Protocol
	if v.HasPort() {
		match += " && " + lb.Protocol + ".dst == " + v.PortText()
	}
	action := emptyEvent(lb, v)
	meters := map[string][]*topo.Datapath{}
	for _, s := range lb.Switches {
		meters[s.Copp["event-elb"]] = append(meters[s.Copp["event-elb"]], s.Datapath)
	}
	for meter, at := range meters {
		b.AddAll(at, lflow.SwitchInPreLB, 130, match, action).WithHint(lb.ID).WithMeter(meter)
	}
}

// lbAffinity sends a client that was here before to the backend that it had.
func lbAffinity(lb *topo.LoadBalancer, v *topo.VIP, family, origIP, saved, timeout string, dps []*topo.Datapath, b *Builder) {
	dst := family + ".dst == " + v.Address()
	check := "ct.new && " + family + " && " + dst
	if v.HasPort() {
		check += " && " + lb.Protocol + " && " + lb.Protocol + ".dst == " + v.PortText()
	}
	b.AddAll(dps, lflow.SwitchInLBAffCheck, 100, check, lflow.RegKnownLBSession+" = chk_lb_aff(); next;").WithHint(lb.ID)
	keep := func(addr, port, text string) {
		known := lflow.RegKnownLBSession + " == 1 && ct.new && " + dst + " && " + affinityIP(family) + " == " + addr
		learn := lflow.RegKnownLBSession + " == 0 && ct.new && " + family + " && " + origIP + " == " + v.Address()
		commit := `commit_lb_aff(vip = "` + v.Joined(v.Is4()) + `", backend = "` + text + `"`
		if v.HasPort() {
			learn += " && " + lflow.RegOrigDstPort + " == " + v.PortText()
			commit += ", proto = " + lb.Protocol
		}
		learn += " && " + family + ".dst == " + addr
		if port != "" {
			known += " && " + affinityPort + " == " + port
			learn += " && " + lb.Protocol + ".dst == " + port
		}
		b.AddAll(dps, lflow.SwitchInLB, 150, known, saved+"ct_lb_mark(backends="+text+");").WithHint(lb.ID)
		b.AddAll(dps, lflow.SwitchInLBAffLearn, 100, learn, commit+", timeout = "+timeout+"); /* drop */").WithHint(lb.ID)
	}
	// Those that a service monitor says are down, too: of the flows here, none sends a new client there.
	for _, be := range v.Backends {
		port := ""
		if v.HasPort() {
			port = itoa(int(be.Port))
		}
		keep(topo.IP(be.Addr), port, be.String())
	}
	for _, t := range v.Templates() {
		keep(t.Addr, "", t.Addr) // whatever its port
	}
}

// Where chk_lb_aff leaves the backend that it found: the registers of the switch's original destination.
const affinityPort = lflow.RegOrigDstPort

func affinityIP(family string) string {
	if family == "ip4" {
		return lflow.RegOrigDstIP4
	}
	return lflow.RegOrigDstIP6
}

// emptyEvent tells the operator that somebody wants a VIP that has no backends.
func emptyEvent(lb *topo.LoadBalancer, v *topo.VIP) string {
	return `trigger_event(event = "empty_lb_backends", vip = "` + v.Key + `", protocol = "` + lb.Protocol +
		`", load_balancer = "` + lb.ID.String() + `");`
}
