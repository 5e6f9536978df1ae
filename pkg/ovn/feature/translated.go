package feature

import (
	"net/netip"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/topo"
)

// translated returns the addresses of a router that SNAT or load balancers use too: what is sent to them may be for
// somebody behind the router.
func translated(p *topo.RouterPort) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, n := range p.NATs {
		if n.Type != "snat" {
			continue
		}
		out[n.External.Addr] = true
	}
	for _, lb := range p.LoadBalancers {
		for _, v := range lb.VIPs {
			out[v.Addr] = true
		}
	}
	if p.Router.Gateway {
		for _, o := range []string{"dnat_force_snat_ip", "lb_force_snat_ip"} {
			for _, a := range forcedSNAT(p.Router.Options, o) {
				out[a] = true
			}
		}
	}
	return out
}

// forcedSNAT reads options:dnat_force_snat_ip or options:lb_force_snat_ip of a gateway router: an address, or one of each
// family with a blank between them. Anything else is none at all.
func forcedSNAT(options map[string]string, option string) []netip.Addr {
	var out []netip.Addr
	list, _, _ := strings.Cut(options[option], ",") // stock reads no further
	for _, s := range strings.Fields(list) {
		n, err := topo.ParseNetwork(s)
		if err != nil || !n.Prefix().IsSingleIP() || len(out) > 0 && out[0].Is4() == n.Is4() || len(out) > 1 {
			return nil
		}
		out = append(out, n.Addr)
	}
	return out
}

// forcesRouterIP reports whether a gateway router translates load-balanced traffic to the address of the port that it
// leaves by.
func forcesRouterIP(r *topo.RouterFacts) bool {
	return r.Gateway && r.Options["lb_force_snat_ip"] == "router_ip"
}
