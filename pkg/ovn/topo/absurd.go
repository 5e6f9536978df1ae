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
		if nat := t.NAT.Get(n); nat != nil {
			if fault := t.natFault(f, nat); fault != "" {
				out = append(out, fmt.Sprintf("NAT rule %s of %s to %s of router %s: %s", nat.Type, nat.ExternalIP, nat.LogicalIP, f.Name, fault))
			}
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
		return "output_port " + *s.OutputPort + " is no router port with an address of that family"
	}
	return "no network of the router leads to the next hop"
}

// natFault says why a NAT rule is left out, "" if it is not.
func (t *Topo) natFault(r *RouterFacts, row *nb.NAT) string {
	n := t.natFacts.Get(row.UUID)
	switch {
	case n == nil:
		return "the addresses do not make a rule"
	case !r.possible(n):
		return "gateway_port is no distributed gateway port of the router"
	case !r.Gateway && len(r.Gateways) > 1 && r.GatewayOf(n, n.External.Addr) == nil:
		return "no distributed gateway port has a network with the external address: set gateway_port"
	}
	return ""
}
