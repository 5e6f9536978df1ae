package northd

import (
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/topo"
)

// natAddresses are what chassis announce by gratuitous ARP on the switch of a port of type router (ovn-sb(5),
// Port_Binding.nat_addresses): the addresses of the router port at the other end, if one chassis alone answers for them, and
// what options:nat-addresses asks for (ovn-nb(5)).
func natAddresses(p *topo.SwitchPort) []string {
	if p.Peer == nil {
		return nil
	}
	var out []string
	if own := ownAnnouncement(p); own != "" {
		out = append(out, own)
	}
	r := p.PeerRouter
	if r == nil || !r.Gateway && len(r.Gateways) == 0 {
		return out
	}
	switch opt := p.Option("nat-addresses"); opt {
	case "":
	case "router":
		out = append(out, routerAnnouncements(p, r)...)
	default:
		if _, ok := topo.ParseAddresses(opt); ok {
			if !r.Gateway {
				gw := p.Peer
				if !gw.Distributed() {
					gw = r.Gateways[0]
				}
				opt += resident(gw.CRName)
			}
			out = append(out, opt)
		}
	}
	return out
}

func resident(port string) string { return ` is_chassis_resident("` + port + `")` }

// ownAnnouncement is that of the IPv4 addresses of the router port itself.
func ownAnnouncement(p *topo.SwitchPort) string {
	where := ""
	switch {
	case p.Peer.Distributed():
		where = resident(p.Peer.CRName)
	case p.Peer.Row.Options["reside-on-redirect-chassis"] == "true" && p.PeerRouter != nil && len(p.PeerRouter.Gateways) == 1:
		where = resident(p.PeerRouter.Gateways[0].CRName)
	case len(p.Switch.Localnets) > 0 && p.Peer.Gateway:
	default:
		return ""
	}
	s := p.Peer.MAC
	for _, n := range p.Peer.IP4 {
		s += " " + n.IP()
	}
	return s + where
}

// routerAnnouncements are those of the external IPv4 addresses of the router's NAT rules and of its load balancers, at the
// MAC of the router port, and of each distributed NAT rule at its own. They are announced as they were written.
func routerAnnouncements(p *topo.SwitchPort, r *topo.Router) []string {
	var central, out []string
	for i := range r.Externals {
		switch e := &r.Externals[i]; {
		case !e.KnownAt(p.Peer, len(r.Gateways)):
		case e.MAC != "":
			out = append(out, e.MAC+" "+e.Text+resident(e.LogicalPort))
		default:
			central = append(central, e.Text)
		}
	}
	slices.Sort(central)
	if p.Option("exclude-lb-vips-from-garp") != "true" {
		central = append(central, vipAddresses(r)...)
	}
	if len(central) == 0 {
		return out
	}
	where := ""
	if p.Peer.Distributed() {
		where = resident(p.Peer.CRName)
	}
	return append(out, p.Peer.MAC+" "+strings.Join(central, " ")+where)
}

// vipAddresses are the addresses of the router's load balancers, each once: IPv4, then IPv6.
func vipAddresses(r *topo.Router) []string {
	var four, six []string
	for _, lb := range r.LoadBalancers {
		for i := range lb.VIPs {
			if v := &lb.VIPs[i]; v.Is4() {
				four = append(four, v.Address())
			} else {
				six = append(six, v.Address())
			}
		}
	}
	slices.Sort(four)
	slices.Sort(six)
	return append(slices.Compact(four), slices.Compact(six)...)
}
