package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// hairpin lets a backend reach itself by way of its load balancer (ovn-northd(8), Logical Switch Ingress Table 15:
// Pre-Hairpin, Table 16: Nat-Hairpin, Table 17: Hairpin).
//
// Stages: ls_in_pre_hairpin, ls_in_nat_hairpin, ls_in_hairpin.
func hairpin() Feature {
	return Feature{Name: "hairpin", Switch: func(sw *topo.Switch, b *Builder) {
		dp := sw.Datapath
		if len(sw.VTEPs) > 0 {
			for _, p := range sw.RouterPorts {
				if p.Peer != nil && p.Peer.Distributed() {
					b.Add(dp, lflow.SwitchInHairpin, 2000, lflow.RegFromRAMP+" == 1 && "+resident(p.Peer.CRName), "next;")
				}
			}
			b.Add(dp, lflow.SwitchInHairpin, 1000, lflow.RegFromRAMP+" == 1",
				"next(pipeline=ingress, table="+itoa(lflow.SwitchInL2Lkup.Table())+");")
		}
		if !sw.HasLBVIP {
			return
		}
		b.Add(dp, lflow.SwitchInPreHairpin, 100, "ip && ct.trk", lflow.RegHairpin+" = chk_lb_hairpin(); "+
			lflow.RegHairpinReply+" = chk_lb_hairpin_reply(); next;").WithHint(sw.ID)
		b.Add(dp, lflow.SwitchInNATHairpin, 100, "ip && ct.new && ct.trk && "+lflow.RegHairpin+" == 1", "ct_snat_to_vip; next;").WithHint(sw.ID)
		b.Add(dp, lflow.SwitchInNATHairpin, 100, "ip && ct.est && ct.trk && "+lflow.RegHairpin+" == 1", "ct_snat;").WithHint(sw.ID)
		b.Add(dp, lflow.SwitchInNATHairpin, 90, "ip && "+lflow.RegHairpinReply+" == 1", "ct_snat;").WithHint(sw.ID)
		b.Add(dp, lflow.SwitchInHairpin, 1, "("+lflow.RegHairpin+" == 1 || "+lflow.RegHairpinReply+" == 1)",
			"eth.dst <-> eth.src; outport = inport; flags.loopback = 1; output;")
	}}
}
