package topo

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Route is a route of a router, static or learned, whose way out is known.
type Route struct {
	ID      ovsdb.UUID // of the Logical_Router_Static_Route or the Learned_Route
	Learned bool       // by a chassis, from a routing daemon
	// Connected: ovn-ic learned the route of a network that a router of another availability zone is connected to.
	Connected bool
	Table     string // "" is the main table
	Prefix    netip.Prefix
	// Base is the address of the prefix as it is written, its host's bits included: stock takes 10.0.0.1/24 and 10.0.0.2/24 for two.
	Base     netip.Addr
	BySource bool // the prefix is that of the source
	Discard  bool // what follows is not set then

	Hop       netip.Addr // invalid: what the route is for is on the link itself
	Via       *RouterPortFacts
	Source    Network  // the address of Via that is used towards Hop
	Symmetric bool     // replies leave by the port that the connection came in by
	Fields    []string // selection_fields: what an ECMP group hashes

	// session is the BFD session that guards the route, zero for none.
	session ovsdb.UUID
}

// HopIs4 reports whether the next hop is IPv4.
func (r *Route) HopIs4() bool {
	if r.Hop.IsValid() {
		return r.Hop.Is4()
	}
	return r.Prefix.Addr().Is4()
}

// Hop is a next hop of a policy that a network of the router reaches.
type Hop struct {
	netip.Addr
	Text    string // the address as it is written
	Via     *RouterPortFacts
	Source  Network
	session ovsdb.UUID
}

// NetworkOf returns the port's own address in the network that a is in.
func (p *RouterPortFacts) NetworkOf(a netip.Addr) (Network, bool) {
	if !a.Is4() && dotted(IP(a)) {
		return Network{}, false
	}
	for _, n := range p.Networks(a.Is4()) {
		if n.Prefix().Contains(a) {
			return n, true
		}
	}
	return Network{}, false
}

// dotted reports whether an address is written with dots. By that stock tells the families where it looks for the network of an
// address, so it finds none for an IPv6 address that ends in the form of IPv4.
func dotted(ip string) bool { return strings.Contains(ip, ".") }

// WayTo finds the port in whose network an address is, and the port's own address there.
func WayTo(ports []*RouterPortFacts, a netip.Addr) (*RouterPortFacts, Network) {
	for _, p := range ports {
		if n, ok := p.NetworkOf(a); ok {
			return p, n
		}
	}
	return nil, Network{}
}

// ResolveRoute finds the way out of a static route; false if there is none, or if the row makes no sense.
func ResolveRoute(row *nb.LogicalRouterStaticRoute, ports []*RouterPortFacts) (Route, bool) {
	prefix, err := ParseNetwork(row.IPPrefix)
	if err != nil {
		return Route{}, false
	}
	r := Route{ID: row.UUID, Table: row.RouteTable, Prefix: routed(prefix), Base: prefix.Addr, BySource: row.Policy != nil && *row.Policy == "src-ip"}
	r.Connected = row.Options["origin"] == "connected"
	if row.Nexthop == "discard" {
		r.Discard = true
		return r, true
	}
	hop, ok := parseHop(row.Nexthop)
	if n, err := ParseNetwork(row.Nexthop); row.OutputPort != nil && err == nil && n.Bits == n.Addr.BitLen() {
		hop, ok = n.Addr, true // stock is stricter only where it has to look for the way
	}
	onLink := row.Nexthop == "" && row.OutputPort != nil
	if !ok && !onLink || hop.Is4In6() { // which stock takes for IPv4 with too long a length
		return r, false
	}
	r.Hop, r.Fields = hop, row.SelectionFields
	r.Symmetric = strings.EqualFold(row.Options["ecmp_symmetric_reply"], "true")
	if row.OutputPort == nil {
		r.Via, r.Source = WayTo(ports, r.Hop)
	} else if i := slices.IndexFunc(ports, func(p *RouterPortFacts) bool { return p.Name == *row.OutputPort }); i >= 0 {
		p := ports[i]
		if onLink {
			if ns := p.Networks(prefix.Is4()); len(ns) > 0 {
				r.Via, r.Source = p, ns[0]
			}
		} else if n, ok := p.NetworkOf(r.Hop); ok {
			r.Via, r.Source = p, n
		} else if ns := p.Networks(r.Hop.Is4()); len(ns) > 0 {
			// Not reachable as far as the networks tell, but the port is what was asked for.
			r.Via, r.Source = p, ns[0]
		}
	}
	return r, r.Via != nil
}

// routed is the prefix of a static route. That of an IPv4 address in IPv6 is one of IPv4 (RoutePrefix), and stays as it is until then.
func routed(n Network) netip.Prefix {
	if n.Addr.Is4In6() {
		return netip.PrefixFrom(n.Addr, n.Bits)
	}
	return n.Prefix()
}

// RoutePrefix is a prefix as the matches of routes have it, with its family. Stock holds the prefixes of both families as IPv6 addresses,
// so that ::ffff:0:0/96 is IPv4 to it, with the length that was said of IPv6: of more than 32 bits nothing is left of the address.
func RoutePrefix(p netip.Prefix) (text string, is4 bool) {
	a := p.Addr()
	if !a.Is4In6() {
		return CIDR(p), a.Is4()
	}
	if p.Bits() <= 32 {
		return CIDR(netip.PrefixFrom(a.Unmap(), p.Bits()).Masked()), true
	}
	return "0.0.0.0/" + strconv.Itoa(p.Bits()), true
}

// ResolveHops finds the ways to the next hops of a policy that reroutes; those that no network of the router reaches are
// left out.
func ResolveHops(row *nb.LogicalRouterPolicy, ports []*RouterPortFacts) []Hop {
	if row.Action != "reroute" {
		return nil
	}
	hops := row.Nexthops
	if len(hops) == 0 && row.Nexthop != nil {
		hops = []string{*row.Nexthop}
	}
	var out []Hop
	for _, s := range hops {
		a, ok := parseHop(s)
		if !ok {
			continue
		}
		if len(out) > 0 && dotted(out[0].Text) != dotted(s) {
			return nil // a policy is for one family
		}
		if via, source := WayTo(ports, a); via != nil {
			out = append(out, Hop{Addr: a, Text: s, Via: via, Source: source})
		}
	}
	return out
}

// parseHop reads a next hop: an address, not a network, and with nothing of what ParseNetwork lets pass.
func parseHop(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == ""
}

// LearnedRoute is what a chassis wrote into Learned_Route.
type LearnedRoute struct {
	Datapath, Port ovsdb.UUID // southbound
	Prefix         string
	Nexthop        string
}

// SetLearnedRoute says what a row of Learned_Route says; nil forgets it.
func (t *Topo) SetLearnedRoute(id ovsdb.UUID, l *LearnedRoute) {
	if old := t.learned.peek(id); old != nil && (l == nil || l.Datapath != old.Datapath) {
		t.learnedBy.del(old.Datapath, id)
	}
	if l != nil {
		t.learnedBy.add(l.Datapath, id)
	}
	setOrRemove(t.learned, id, l)
}

// resolve makes a route of what was learned. The next hop has to be in a network of the port.
func (l *LearnedRoute) resolve(id ovsdb.UUID, ports []*RouterPortFacts) (Route, bool) {
	prefix, err := ParseNetwork(l.Prefix)
	if err != nil {
		return Route{}, false
	}
	hop, err := ParseNetwork(l.Nexthop)
	if err != nil {
		return Route{}, false
	}
	for _, p := range ports {
		if p.Key.SB != l.Port {
			continue
		}
		n, ok := p.NetworkOf(hop.Addr)
		return Route{ID: id, Learned: true, Prefix: prefix.Prefix(), Base: prefix.Addr, Hop: hop.Addr, Via: p, Source: n}, ok
	}
	return Route{}, false
}

// computeRoutes resolves the static and learned routes of a router, whatever their BFD sessions say.
func (t *Topo) computeRoutes(id ovsdb.UUID) []Route {
	f, row := t.routerFacts.Get(id), t.LogicalRouter.Get(id)
	if f == nil {
		return nil
	}
	var out []Route
	for _, s := range t.LogicalRouterStaticRoute.list(row.StaticRoutes) {
		ports := f.Ports
		if s.OutputPort != nil {
			ports = t.outputPort(*s.OutputPort)
		}
		r, ok := ResolveRoute(s, ports)
		if !ok {
			continue
		}
		if s.BFD == nil || r.Via == nil {
			// nothing watches it
		} else if b := t.BFD.Get(*s.BFD); b != nil && b.DstIP == s.Nexthop {
			// The session of the port that the BFD row names, which need not be the one that the route goes through.
			r.session, _ = t.bfdBySession.one(bfdKey{b.LogicalPort, s.Nexthop})
		}
		out = append(out, r)
	}
	for _, id := range t.learnedBy.Get(f.SB) {
		if l := t.learned.Get(id); l != nil {
			if r, ok := l.resolve(id, f.Ports); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

// outputPort is the router port of a name, which may be another router's: a route through it is a route of that router.
func (t *Topo) outputPort(name string) []*RouterPortFacts {
	if id, ok := t.lrpByName.one(name); ok {
		if p := t.routerPortFacts.Get(id); p != nil {
			return []*RouterPortFacts{p}
		}
	}
	return nil
}

// computeHops resolves the next hops of a policy of a router, whatever their BFD sessions say.
func (t *Topo) computeHops(k policyKey) []Hop {
	f, row := t.routerFacts.Get(k.router), t.LogicalRouterPolicy.Get(k.policy)
	if f == nil || row == nil {
		return nil
	}
	hops := ResolveHops(row, f.Ports)
	for i := range hops {
		h := &hops[i]
		if s, ok := t.bfdBySession.one(bfdKey{h.Via.Name, IP(h.Addr)}); ok && slices.Contains(row.BFDSessions, s) {
			h.session = s
		}
	}
	return hops
}

type policyKey struct{ router, policy ovsdb.UUID }

// usableRoutes are the routes that no BFD session says are down.
func (t *Topo) usableRoutes(id ovsdb.UUID) []Route {
	var out []Route
	for _, r := range t.routes.Get(id) {
		if t.sessionUp(r.session) {
			out = append(out, r)
		}
	}
	return out
}

func (t *Topo) usableHops(k policyKey) []Hop {
	var out []Hop
	for _, h := range t.hops.Get(k) {
		if t.sessionUp(h.session) {
			out = append(out, h)
		}
	}
	return out
}

func (t *Topo) sessionUp(id ovsdb.UUID) bool {
	if id.IsZero() {
		return true
	}
	s := t.sessions.Get(id)
	return s != nil && s.Status != "down"
}
