package northd

import (
	"strings"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// advertise emits a route that chassis hand to a routing daemon beside them.
func advertise(p *topo.RouterPortFacts, a topo.Advertisement, b *rows) {
	key := strings.Join([]string{p.Key.SB.String(), a.Prefix, a.Tracked.String()}, "/")
	var tracked []ovsdb.UUID
	if !a.Tracked.IsZero() {
		tracked = []ovsdb.UUID{a.Tracked}
	}
	b.Add(sb.TableAdvertisedRoute, key, col(sb.AdvertisedRouteColDatapath, p.DP.SB), col(sb.AdvertisedRouteColLogicalPort, p.Key.SB),
		col(sb.AdvertisedRouteColIPPrefix, a.Prefix), col(sb.AdvertisedRouteColTrackedPort, tracked))
}

func advertisedKey(r *ovsdb.Row) string {
	a := sb.NewAdvertisedRoute(r)
	var tracked ovsdb.UUID
	if a.TrackedPort != nil {
		tracked = *a.TrackedPort
	}
	return strings.Join([]string{a.LogicalPort.String(), a.IPPrefix, tracked.String()}, "/")
}

// hostRoutes emits the addresses of a switch port for the router ports that advertise their networks host by host.
func hostRoutes(p *topo.SwitchPort, b *rows) {
	if p.Type == "router" {
		return
	}
	for _, r := range p.Switch.RouterPorts {
		if r.Peer == nil || r.Peer.Redistribute&topo.RedistributeConnectedAsHost == 0 {
			continue
		}
		for _, a := range p.Addresses {
			for _, n := range append(a.IP4[:len(a.IP4):len(a.IP4)], a.IP6...) {
				advertise(r.Peer, topo.Advertisement{Prefix: n.IP(), Tracked: p.Key.SB}, b)
			}
		}
	}
}

// nexthopRows emit the next hops of ECMP routes with symmetric replies, for chassis to forget connections by a next hop that
// is gone (NB_Global.options:ecmp_nexthop_monitor_enable).
func nexthopRows(r *topo.Router, b *rows) {
	if !r.Global.Bool("ecmp_nexthop_monitor_enable") {
		return
	}
	for i := range r.Routes {
		m := &r.Routes[i]
		if !m.Symmetric || !m.Hop.IsValid() {
			continue
		}
		hop := topo.IP(m.Hop)
		b.Add(sb.TableECMPNexthop, m.Via.Key.SB.String()+"/"+hop, col(sb.ECMPNexthopColDatapath, r.SB),
			col(sb.ECMPNexthopColPort, m.Via.Key.SB), col(sb.ECMPNexthopColNexthop, hop))
	}
}

// dynamicRouting copies what chassis have to know of dynamic routing to the port that a gateway hosts.
func dynamicRouting(p *topo.RouterPort, options map[string]string) {
	if p.Router.Options["dynamic-routing"] != "true" {
		return
	}
	options["dynamic-routing"] = "true"
	if v := p.Router.Options["dynamic-routing-vrf-name"]; v != "" {
		options["dynamic-routing-vrf-name"] = v
	}
	if p.Row.Options["dynamic-routing-maintain-vrf"] == "true" {
		options["dynamic-routing-maintain-vrf"] = "true"
	}
	if v := p.Row.Options["dynamic-routing-port-name"]; v != "" {
		options["dynamic-routing-port-name"] = v
	}
}

// applyLearnedRoute takes a route that a chassis learned.
func (e *engine) applyLearnedRoute(c ovsdb.Change) {
	if c.New == nil {
		e.topo.SetLearnedRoute(c.Old.UUID, nil)
		return
	}
	l := sb.NewLearnedRoute(c.New)
	e.topo.SetLearnedRoute(c.New.UUID, &topo.LearnedRoute{Datapath: l.Datapath, Port: l.LogicalPort, Prefix: l.IPPrefix, Nexthop: l.Nexthop})
}
