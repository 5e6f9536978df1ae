package feature

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// commitsAll reads options:ct-commit-all of a router: every connection is committed to both zones, for offload. A router that
// translates nothing tracks nothing.
func commitsAll(r *topo.Router) bool {
	nats := slices.ContainsFunc(r.NATs, func(n *topo.NAT) bool { return r.CarriesOut(n, n.External.Addr) })
	return r.Options["ct-commit-all"] == "true" && (nats || r.HasLB || len(forcedSNAT(r.Options, "dnat_force_snat_ip")) > 0 ||
		len(forcedSNAT(r.Options, "lb_force_snat_ip")) > 0 || r.Options["lb_force_snat_ip"] == "router_ip")
}

// tracksZones reports whether all chassis can look a connection up, and commit it, in a zone that the flow says.
func tracksZones(g *topo.Global) bool { return g.Has("ct-next-zone") && g.Has("ct-commit-to-zone") }

// usesCommonZone reads NB_Global.options:use_common_zone: on routers with distributed gateway ports, SNAT and DNAT of a
// connection happen in one zone, where the hardware can offload them.
func usesCommonZone(r *topo.RouterFacts) bool {
	return !r.Gateway && len(r.Gateways) > 0 && r.Global.Bool("use_common_zone")
}

// commonZone is the suffix of actions in that zone.
func commonZone(r *topo.RouterFacts) string {
	if usesCommonZone(r) {
		return "_in_czone"
	}
	return ""
}

// commitAll are the flows of options:ct-commit-all, in each stage what ovn-northd(8) says of the option.
func commitAll(r *topo.Router, b *Builder) {
	add := func(in, out string) {
		flow := func(stage lflow.Stage, match, port, actions string) {
			b.Add(r.Datapath, stage, 10, match+port, actions)
		}
		const untracked = "ip && (!ct.trk || !ct.rpl)"
		flow(lflow.RouterInPostUnsnat, "ip && ct.new", in, "flags.unsnat_new = 1; next;")
		flow(lflow.RouterInPostUnsnat, "ip && !ct.trk", in, "flags.unsnat_not_tracked = 1; next;")
		flow(lflow.RouterInDefrag, untracked, in, "ct_next(dnat);")
		flow(lflow.RouterInDNAT, "ip && ct.new", in, "ct_commit_to_zone(dnat);")
		flow(lflow.RouterOutPostUndnat, untracked+" && flags.unsnat_not_tracked == 1", out, "ct_next(snat);")
		flow(lflow.RouterOutPostUndnat, "ip && flags.unsnat_new == 1", out, "next;")
		flow(lflow.RouterOutSNAT, untracked+" && flags.unsnat_new == 1", out, "ct_commit_to_zone(snat);")
		flow(lflow.RouterOutSNAT, "ip && ct.new", out, "ct_commit_to_zone(snat);")
	}
	if r.Gateway {
		add("", "")
	}
	for _, p := range r.Gateways {
		where := " && " + resident(p.CRName)
		add(" && inport == "+p.Quoted+where, " && outport == "+p.Quoted+where)
	}
}
