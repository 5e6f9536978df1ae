package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// stateful sends packets to the connection tracker and commits their connections (ovn-northd(8), Logical Switch Ingress
// Table 4: Pre-ACLs, Table 5: Pre-LB, Table 6: Pre-stateful, Table 21: Stateful, and Egress Tables 2, 3, 4 and 10).
//
// Stages: ls_in_pre_acl, ls_in_pre_lb, ls_in_pre_stateful, ls_in_stateful, ls_out_pre_acl, ls_out_pre_lb,
// ls_out_pre_stateful, ls_out_stateful.
func stateful() Feature {
	return Feature{Name: "stateful", Switch: statefulSwitch, SwitchPort: statefulPort}
}

const neighbourDiscovery = "nd || nd_rs || nd_ra || mldv1 || mldv2"

func statefulSwitch(sw *topo.Switch, b *Builder) {
	dp := sw.Datapath
	b.Add(dp, lflow.SwitchInPreACL, 110, "eth.dst == "+lflow.SvcMonitorMAC, "next;")
	b.Add(dp, lflow.SwitchOutPreACL, 110, "eth.src == "+lflow.SvcMonitorMAC, "next;")
	if sw.HasStatefulACL {
		b.Add(dp, lflow.SwitchInPreACL, 110, lflow.ICMPTooBig+tunnelled, "next;")
		for _, s := range []lflow.Stage{lflow.SwitchInPreACL, lflow.SwitchOutPreACL} {
			b.Add(dp, s, 110, "eth.mcast", "next;")
			b.Add(dp, s, 110, neighbourDiscovery+" || (udp && udp.src == 546 && udp.dst == 547)", "next;")
			b.Add(dp, s, 100, "ip", lflow.RegConntrackDefrag+" = 1; next;")
		}
	}

	// Spelled as stock has it, the missing blank included.
	b.Add(dp, lflow.SwitchInPreLB, 110, "((ip4 && icmp4.type == 3 && icmp4.code == 4) ||"+
		"(ip6 && icmp6.type == 2 && icmp6.code == 0))"+tunnelled, "next;")
	b.Add(dp, lflow.SwitchInPreLB, 110, "eth.dst == "+lflow.SvcMonitorMAC, "next;")
	b.Add(dp, lflow.SwitchOutPreLB, 110, "eth.src == "+lflow.SvcMonitorMAC, "next;")
	for _, s := range []lflow.Stage{lflow.SwitchInPreLB, lflow.SwitchOutPreLB} {
		b.Add(dp, s, 110, "eth.mcast", "next;")
		b.Add(dp, s, 110, neighbourDiscovery, "next;")
		b.Add(dp, s, 110, lflow.RegACLStateless+" == 1", "next;")
		if sw.HasLBVIP {
			b.Add(dp, s, 100, "ip", lflow.RegConntrackNAT+" = 1; next;")
		}
	}

	b.Add(dp, lflow.SwitchInPreStateful, 115, lflow.RegConntrackNAT+" == 1 && ip.is_frag", lflow.RegIPFrag+" = 1; ct_lb_mark;")
	for _, s := range []lflow.Stage{lflow.SwitchInPreStateful, lflow.SwitchOutPreStateful} {
		b.Add(dp, s, 110, lflow.RegConntrackNAT+" == 1", "ct_lb_mark;")
		b.Add(dp, s, 100, lflow.RegConntrackDefrag+" == 1", "ct_next;")
	}

	commit := "ct_commit { ct_mark.blocked = 0; ct_mark.allow_established = " + lflow.RegACLPersist + "; "
	aclID := "ct_label.acl_id = " + lflow.RegACLID + "; }; next;"
	for _, s := range []lflow.Stage{lflow.SwitchInStateful, lflow.SwitchOutStateful} {
		b.Add(dp, s, 100, lflow.RegConntrackCommit+" == 1 && "+lflow.RegACLLabel+" == 0", commit+aclID)
		b.Add(dp, s, 100, lflow.RegConntrackCommit+" == 1 && "+lflow.RegACLLabel+" == 1", commit+
			"ct_mark.obs_stage = reg8[19..20]; ct_mark.obs_collector_id = reg8[8..15]; ct_label.obs_point_id = reg9; "+aclID)
	}
}

// statefulPort keeps what crosses to or from a router, or the physical network, out of the tracker of the port's zone.
func statefulPort(p *topo.SwitchPort, b *Builder) {
	if p.Type != "localnet" && (p.Type != "router" || p.Peer == nil) {
		return
	}
	in, out := "ip && inport == "+p.Quoted, "ip && outport == "+p.Quoted
	add := func(s lflow.Stage, match, action string) {
		b.Add(p.DP, s, 110, match, action).WithPort(p.Name).WithHint(p.ID)
	}
	if p.Switch.HasStatefulACL && (p.Type != "router" || p.Row.Options["enable_router_port_acl"] != "true") {
		add(lflow.SwitchInPreACL, in, "next;")
		add(lflow.SwitchOutPreACL, out, "next;")
	}
	if p.Type == "localnet" && p.Switch.HasLBVIP {
		return // clients on the physical network are balanced too
	}
	action := "ct_clear; next;"
	if p.Switch.HasStatefulACL {
		action = "next;"
	}
	add(lflow.SwitchInPreLB, in, "next;")
	add(lflow.SwitchOutPreLB, out, action)
}
