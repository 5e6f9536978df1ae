package topo

import (
	"fmt"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// absurdities says which rows of a router are left out, and why: for its operator.
func (t *Topo) absurdities(id ovsdb.UUID, f *RouterFacts, row *nb.LogicalRouter) []string {
	var out []string
	routes := t.routes.Get(id)
	resolved := make(map[ovsdb.UUID]struct{}, len(routes))
	for i := range routes {
		resolved[routes[i].ID] = struct{}{}
	}
	for _, s := range t.LogicalRouterStaticRoute.list(row.StaticRoutes) {
		if _, ok := resolved[s.UUID]; !ok {
			out = append(out, fmt.Sprintf("static route %s via %s of router %s: %s", s.IPPrefix, s.Nexthop, f.Name, routeFault(s)))
		}
	}
	for _, p := range t.LogicalRouterPolicy.list(row.Policies) {
		if p.Action == "reroute" && len(t.hops.Get(policyKey{id, p.UUID})) == 0 {
			out = append(out, fmt.Sprintf("policy %d of router %s: no network of the router leads to a next hop of it", p.Priority, f.Name))
		}
	}
	for _, n := range row.NAT {
		if nat := t.NAT.Get(n); nat != nil && t.natFacts.Get(n) == nil {
			out = append(out, fmt.Sprintf("NAT rule %s of %s to %s of router %s: the addresses do not make a rule", nat.Type, nat.ExternalIP,
				nat.LogicalIP, f.Name))
		}
	}
	return out
}

func routeFault(s *nb.LogicalRouterStaticRoute) string {
	if _, err := ParseNetwork(s.IPPrefix); err != nil {
		return "ip_prefix is no network"
	}
	if _, ok := parseHop(s.Nexthop); !ok {
		return "nexthop is no address"
	}
	if s.OutputPort != nil {
		return "output_port " + *s.OutputPort + " is no port of the router with an address of that family"
	}
	return "no network of the router leads to the next hop"
}
