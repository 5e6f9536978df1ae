package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// mcast leads IP multicast on switches with snooping (ovn-northd(8), Logical Switch Ingress Table 28: Destination Lookup;
// ovn-nb(5), other_config:mcast_snoop). Groups that chassis learn (IGMP_Group) and the relay of routers are missing.
//
// Stages: ls_in_l2_lkup.
func mcast() Feature {
	return Feature{Name: "mcast", Switch: func(sw *topo.Switch, b *Builder) {
		if !sw.Snoops() {
			return
		}
		const stage = lflow.SwitchInL2Lkup
		b.Add(sw.Datapath, stage, 100, "igmp", "igmp;").WithMeter(sw.Copp["igmp"])
		b.Add(sw.Datapath, stage, 100, "mldv1 || mldv2", "igmp;").WithMeter(sw.Copp["igmp"])
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
	}}
}
