package topo

import (
	"net/netip"
	"slices"
	"strconv"
)

// AnsweredVIPs lists the VIPs of one family, as text, that a router answers ARP or ND for: those in the network of one of its ports,
// and, by options:neighbor_responder of the load balancer, all or none of them.
func (r *Router) AnsweredVIPs(is4 bool) []string {
	return answeredVIPs(r.RouterFacts, r.LoadBalancers, is4)
}

// AnsweredVIPs is that of its router.
func (p *RouterPort) AnsweredVIPs(is4 bool) []string {
	return answeredVIPs(p.Router, p.LoadBalancers, is4)
}

// VIPSetName is the name of the address set that holds the answered VIPs of one family.
func (r *RouterFacts) VIPSetName(is4 bool) string {
	name := "_rtr_lb_" + strconv.FormatInt(r.Key, 10)
	if is4 {
		return name + "_ip4"
	}
	return name + "_ip6"
}

func answeredVIPs(r *RouterFacts, lbs []*LoadBalancerFacts, is4 bool) []string {
	var out []string
	for _, lb := range lbs {
		mode := lb.Options["neighbor_responder"]
		if mode == "none" {
			continue
		}
		for _, v := range lb.VIPs {
			// An IPv4 address in IPv6 stock counts among those of IPv4, where no network has it.
			if v.Addr.Unmap().Is4() == is4 && (mode == "all" || !v.Addr.Is4In6() && r.connected(v.Addr)) {
				out = append(out, v.Address()) // a template's variable is of IPv6, like stock
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// connected reports whether an address is in the network of a port.
func (r *RouterFacts) connected(a netip.Addr) bool {
	return slices.ContainsFunc(r.Ports, func(p *RouterPortFacts) bool {
		return slices.ContainsFunc(p.Networks(a.Is4()), func(n Network) bool { return n.Prefix().Contains(a) })
	})
}
