package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// dns answers queries from the records of the switch (ovn-northd(8), Logical Switch Ingress Table 25: DNS Lookup, Table 26:
// DNS Responses, Egress Table 6).
//
// Stages: ls_in_dns_lookup, ls_in_dns_response, ls_out_acl_eval.
func dns() Feature {
	return Feature{Name: "dns", Switch: func(sw *topo.Switch, b *Builder) {
		if !sw.HasDNS {
			return
		}
		b.Add(sw.Datapath, lflow.SwitchInDNSLookup, 100, "udp.dst == 53", lflow.RegDNSResult+" = dns_lookup(); next;").
			WithMeter(sw.Copp["dns"])
		for _, ip := range []string{"ip4", "ip6"} {
			match := "udp.dst == 53 && " + lflow.RegDNSResult
			b.Add(sw.Datapath, lflow.SwitchInDNSResponse, 100, match, "eth.dst <-> eth.src; "+ip+".src <-> "+ip+
				".dst; udp.dst = udp.src; udp.src = 53; outport = inport; flags.loopback = 1; output;")
		}
		commit := ""
		if sw.HasStatefulACL || sw.HasLBVIP {
			commit = "ct_commit; "
		}
		b.Add(sw.Datapath, lflow.SwitchOutACLEval, 34000, "flags.from_ctrl && udp.src == 53", allowBit+commit+"next;")
	}}
}
