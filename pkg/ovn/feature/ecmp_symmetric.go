package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// ecmpSymmetric sends replies back by the next hop that the connection came from, for ECMP routes with
// options:ecmp_symmetric_reply (ovn-northd(8), Logical Router Ingress Table 11: ECMP symmetric reply processing, and what
// Tables 7, 15, 17 and 21 say of it).
//
// Stages: lr_in_defrag, lr_in_ecmp_stateful, lr_in_ip_routing, lr_in_policy, lr_in_arp_resolve.
func ecmpSymmetric() Feature {
	return Feature{
		Name: "ecmp symmetric reply",
		Router: func(r *topo.Router, b *Builder) {
			if !r.Gateway {
				return // the connection is known on one chassis only
			}
			tables := routeTables(r)
			for _, g := range routeGroups(r) {
				if !g.ecmp() {
					continue
				}
				done := map[string]bool{}
				for _, m := range g.members {
					if m.Symmetric && !done[m.Via.Name] {
						done[m.Via.Name] = true
						symmetricReply(r, g, m, tables, b)
					}
				}
			}
		},
	}
}

func symmetricReply(r *topo.Router, g *routeGroup, m *topo.Route, tables map[string]int, b *Builder) {
	id := m.ID
	port := "ct_mark.ecmp_reply_port == " + strconv.FormatInt(m.Via.Key.Key, 10)
	from := "inport == " + m.Via.Quoted + " && " + g.direction(true)
	b.Add(r.Datapath, lflow.RouterInDefrag, 100, from, "ct_next;").WithHint(id)
	b.Add(r.Datapath, lflow.RouterInDefrag, 100, g.match(tables), "ct_next;").WithHint(id)
	b.Add(r.Datapath, lflow.RouterInECMPStateful, 100, from+" && (ct.new || ct.est)",
		"ct_commit { ct_label.ecmp_reply_eth = eth.src; ct_mark.ecmp_reply_port = "+
			strconv.FormatInt(m.Via.Key.Key, 10)+";}; next;").WithHint(id)
	b.Add(r.Datapath, lflow.RouterInIPRouting, 10300, port+" && "+g.match(tables),
		"ip.ttl--; flags.loopback = 1; eth.src = "+m.Via.MAC+"; "+familyOf(m.HopIs4()).source+" = "+m.Source.IP()+
			"; outport = "+m.Via.Quoted+"; next;").WithHint(id)
	b.Add(r.Datapath, lflow.RouterInPolicy, 65535, port, "next;").WithHint(id)
	b.Add(r.Datapath, lflow.RouterInARPResolve, 200, port,
		"push(xxreg1); xxreg1 = ct_label; eth.dst = xxreg1[32..79]; pop(xxreg1); next;").WithHint(id)
}
