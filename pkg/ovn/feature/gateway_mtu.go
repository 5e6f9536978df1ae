package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// gatewayMTU answers packets that are too large for a gateway port with options:gateway_mtu (ovn-northd(8), Logical Router
// Ingress Table 22: Check packet length, Table 23: Handle larger packets, and what Tables 0 and 3 say of it). The
// measurement on the way in is in router_admission.go, with the flows that it is part of.
//
// Stages: lr_in_ip_input, lr_in_chk_pkt_len, lr_in_larger_pkts, lr_out_post_snat.
func gatewayMTU() Feature {
	return Feature{Name: "gateway mtu", Router: gatewayMTURouter}
}

func gatewayMTURouter(r *topo.Router, b *Builder) {
	for _, p := range r.Ports {
		mtu, measure, bypass := mtuOf(p)
		if mtu == 0 {
			continue
		}
		b.Add(r.Datapath, lflow.RouterInChkPktLen, 50, "outport == "+p.Quoted, measure+"next;").WithHint(p.ID)
		if bypass != "" {
			b.Add(r.Datapath, lflow.RouterInChkPktLen, 55, "outport == "+p.Quoted+" && ("+bypass+")", "next;").WithHint(p.ID)
		}
		tooLarge(r, p, lflow.RouterInIPInput, 150, "inport == "+p.Quoted, "", "", mtu, b)
		for _, in := range r.Ports {
			if in == p {
				continue
			}
			match := "inport == " + in.Quoted + " && outport == " + p.Quoted
			tooLarge(r, in, lflow.RouterInLargerPkts, 150, match, "", "", mtu, b)
			// The error is part of a translated connection: its source has to be translated too.
			tooLarge(r, in, lflow.RouterInLargerPkts, 160, match, " && ct.trk && ct.rpl && ct.dnat", "flags.icmp_snat = 1; ", mtu, b)
		}
		if r.Global.Has("ct-commit-nat-v2") {
			b.Add(r.Datapath, lflow.RouterOutPostSNAT, 100, "icmp && flags.icmp_snat == 1", "ct_commit_nat(snat);").WithHint(p.ID)
		}
	}
}

// tooLarge sends the error from the address of a port, for both families.
func tooLarge(r *topo.Router, from *topo.RouterPortFacts, stage lflow.Stage, priority int, match, tracked, set string, mtu int, b *Builder) {
	again := "next(pipeline=ingress, table=" + strconv.Itoa(lflow.RouterInAdmission.Table()) + "); };"
	large := " && " + lflow.RegPktLarger + " && " + lflow.RegEgressLoopback + " == 0" + tracked
	for _, f := range []*family{family4, family6} {
		ns := from.Networks(f == family4)
		if len(ns) == 0 {
			continue
		}
		b.Add(r.Datapath, stage, priority, match+" && "+f.ip+large,
			f.icmp+"_error {"+set+lflow.RegEgressLoopback+" = 1; "+lflow.RegPktLarger+" = 0; eth.dst = "+from.MAC+"; "+
				f.ip+".dst = "+f.ip+".src; "+f.ip+".src = "+ns[0].IP()+"; ip.ttl = 255; "+tooBig(f)+f.icmp+".frag_mtu = "+
				strconv.Itoa(mtu)+"; "+again).WithHint(from.ID).WithMeter(r.Copp[f.icmp+"-error"])
	}
}

// tooBig sets type and code of the error (RFC 1191 and RFC 8201).
func tooBig(f *family) string {
	if f == family6 {
		return "icmp6.type = 2; /* Packet Too Big. */ icmp6.code = 0; "
	}
	return "icmp4.type = 3; /* Destination Unreachable. */ icmp4.code = 4; /* Frag Needed and DF was Set. */ "
}

// mtuOf reads options:gateway_mtu and options:gateway_mtu_bypass of a port: the limit, 0 for none, the action that measures
// a packet, and the match of those that need not be measured.
func mtuOf(p *topo.RouterPortFacts) (mtu int, measure, bypass string) {
	mtu = topo.Int(p.Row.Options["gateway_mtu"], 0)
	if mtu <= 0 {
		return 0, "", ""
	}
	// The option does not count the Ethernet header, nor the VLAN's (IEEE 802.1Q section 9.6).
	frame := int32(mtu) + 14
	if p.Tagged {
		frame += 4
	}
	return mtu, lflow.RegPktLarger + " = check_pkt_larger(" + strconv.Itoa(int(frame)) + "); ", p.Row.Options["gateway_mtu_bypass"]
}
