package topo

import (
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// hasChoice reports whether a router port may have a choice of chassis to host it.
func hasChoice(r *nb.LogicalRouterPort) bool {
	return r != nil && (r.HAChassisGroup != nil || len(r.GatewayChassis) > 1)
}

func (t *Topo) noteChoice(id ovsdb.UUID, o, n *nb.LogicalRouterPort) {
	switch was, is := hasChoice(o), hasChoice(n); {
	case is && !was:
		t.haPorts.add(struct{}{}, id)
	case was && !is:
		t.haPorts.del(struct{}{}, id)
	}
}

// computeHAReach finds, for each switch, the groups of the distributed gateway ports that its ports may send to, over however
// many routers: the chassis of such a gateway watch those that have something to send to it.
func (t *Topo) computeHAReach(struct{}) map[ovsdb.UUID][]*HAGroup {
	var out map[ovsdb.UUID][]*HAGroup
	seen := map[ovsdb.UUID]bool{} // routers and switches
	for _, lrp := range t.haPorts.Get(struct{}{}) {
		first, ok := t.routerOf.one(lrp)
		if !ok || seen[first] {
			continue
		}
		var groups []*HAGroup
		var switches []ovsdb.UUID
		routers := []ovsdb.UUID{first}
		seen[first] = true
		visit := func(lrp string) {
			if id, ok := t.lrpByName.one(lrp); ok {
				if r, ok := t.routerOf.one(id); ok && !seen[r] {
					seen[r] = true
					routers = append(routers, r)
				}
			}
		}
		for len(routers) > 0 {
			f := t.routerFacts.Get(routers[0])
			routers = routers[1:]
			if f == nil {
				continue
			}
			for _, g := range f.Gateways {
				if len(g.HAGroup.Members) > 1 {
					groups = append(groups, g.HAGroup)
				}
			}
			for _, p := range f.Ports {
				if p.PeerDP == nil {
					visit(lrpPeer(p.Row))
					continue
				}
				if sw := p.PeerDP.ID; !seen[sw] {
					seen[sw] = true
					switches = append(switches, sw)
					for _, lsp := range t.LogicalSwitchPort.list(t.members.byClass.Get(classKey{sw, ClassRouter})) {
						visit(lspRouterPort(lsp))
					}
				}
			}
		}
		slices.SortFunc(groups, func(a, b *HAGroup) int { return strings.Compare(a.Name, b.Name) })
		groups = slices.Compact(groups)
		for _, sw := range switches {
			if out == nil {
				out = map[ovsdb.UUID][]*HAGroup{}
			}
			out[sw] = groups
		}
	}
	return out
}
