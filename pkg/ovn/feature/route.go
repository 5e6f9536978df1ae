package feature

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// route forwards by connected and static routes, by destination or source, in several route tables, with ECMP
// (ovn-northd(8), Logical Router Ingress Table 14: IP Routing Pre, Table 15: IP Routing, Table 16: IP_ROUTING_ECMP).
//
// Stages: lr_in_ip_routing_pre, lr_in_ip_routing, lr_in_ip_routing_ecmp.
func route() Feature {
	return Feature{
		Name: "route",
		Router: func(r *topo.Router, b *Builder) {
			tables := routeTables(r)
			b.Add(r.Datapath, lflow.RouterInIPRoutingPre, 0, "1", lflow.RegRouteTable+" = 0; next;")
			for _, p := range r.Ports {
				if id := tables[p.Row.Options["route_table"]]; id != 0 {
					b.Add(r.Datapath, lflow.RouterInIPRoutingPre, 100, "inport == "+p.Quoted,
						lflow.RegRouteTable+" = "+strconv.Itoa(id)+"; next;").WithHint(p.ID)
				}
			}
			b.Add(r.Datapath, lflow.RouterInIPRouting, 10550, "nd_rs || nd_ra", drop(r.Global))
			b.Add(r.Datapath, lflow.RouterInIPRoutingECMP, 150, lflow.RegECMPGroup+" == 0", "next;")
			groups := routeGroups(r)
			ids := groupNumbers(groups)
			for i, g := range groups {
				if !g.ecmp() {
					for _, m := range g.members {
						routeAlone(r, g, m, tables, b)
					}
					continue
				}
				g.choose(r, g.match(tables), ids[i], b)
				for j, m := range g.members {
					b.Add(r.Datapath, lflow.RouterInIPRoutingECMP, 100, memberMatch(ids[i], j+1),
						nextHop(familyOf(m.HopIs4()), hopOf(m), m.Source, m.Via)+familyOf(m.HopIs4()).nextHopFlag()+"next;").WithHint(m.ID)
				}
			}
		},
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			routesBeside(p, b)
			for _, n := range slices.Concat(p.IP4, p.IP6) {
				prefix, is4 := topo.RoutePrefix(n.Prefix())
				f := familyOf(is4)
				match := f.ip + ".dst == " + prefix
				if n.Addr.IsLinkLocalUnicast() && !n.Is4() {
					// A link-local network is one of its own on every port.
					match = "inport == " + p.Quoted + " && " + match
				}
				connectedRoute(p, n.Bits, match, f, n, b)
			}
		},
	}
}

// connectedRoute sends what matches to its destination on the link of the port, from that port's address source.
func connectedRoute(p *topo.RouterPort, bits int, match string, f *family, source topo.Network, b *Builder) {
	priority := bits*routeScale + routeConnected
	actions := lflow.RegECMPGroup + " = 0; " + nextHop(f, f.ip+".dst", source, p.RouterPortFacts) + "flags.loopback = 1; " + f.nextHopFlag() + "next;"
	b.Add(p.DP, lflow.RouterInIPRouting, priority, match, "ip.ttl--; "+actions).WithHint(p.ID)
	if p.BFD {
		b.Add(p.DP, lflow.RouterInIPRouting, priority+1, match+bfdPackets, actions).WithHint(p.ID)
	}
}

// routesBeside lead to the external addresses of other routers on the switch that want to be found so.
func routesBeside(p *topo.RouterPort, b *Builder) {
	if len(p.IP4) == 0 {
		return
	}
	for _, q := range p.Beside {
		if !q.Gateway {
			continue
		}
		for _, a := range q.Addresses {
			connectedRoute(p, 32, "ip4.dst == "+a+"/32", family4, p.IP4[0], b)
		}
	}
}

// routeAlone forwards by a route that has no others beside it.
func routeAlone(r *topo.Router, g *routeGroup, m *topo.Route, tables map[string]int, b *Builder) {
	if m.Discard {
		b.Add(r.Datapath, lflow.RouterInIPRouting, g.priority(), g.match(tables), drop(r.Global)).WithHint(m.ID)
		return
	}
	// The port may be another router's, as it was asked for.
	b.Add(m.Via.DP, lflow.RouterInIPRouting, g.priority(), g.match(tables), "ip.ttl--; "+forward(m)).WithHint(m.ID)
	if m.Via.BFD {
		b.Add(m.Via.DP, lflow.RouterInIPRouting, g.priority()+1, g.match(tables)+bfdPackets, forward(m)).WithHint(m.ID)
	}
}

// A longer prefix wins; among equal ones connected routes win over static ones, those over learned ones, and all over routes
// by source address.
const (
	routeScale     = 8
	routeConnected = 6
	routeStatic    = 4
	routeLearned   = 2
	routeBySource  = 0
)

// nextHopFlag says of which family the next hop is, which need not be the packet's.
func (f *family) nextHopFlag() string { return lflow.RegNextHopIsIP4 + " = " + f.is4 + "; " }

// hopOf is the next hop as actions have it: without one, the destination itself is on the link.
func hopOf(m *topo.Route) string {
	if !m.Hop.IsValid() {
		return familyOf(m.HopIs4()).ip + ".dst"
	}
	return topo.IP(m.Hop)
}

func nextHop(f *family, hop string, source topo.Network, via *topo.RouterPortFacts) string {
	return f.nextHop + " = " + hop + "; " + f.source + " = " + source.IP() + "; eth.src = " + via.MAC +
		"; outport = " + via.Quoted + "; "
}

// forward is what a route does that is the only one of its group, after the TTL is decremented.
func forward(m *topo.Route) string {
	return lflow.RegECMPGroup + " = 0; " + nextHop(familyOf(m.HopIs4()), hopOf(m), m.Source, m.Via) + "flags.loopback = 1; " +
		familyOf(m.HopIs4()).nextHopFlag() + "next;"
}

// bfdPackets narrows a match to BFD, whose packets arrive with TTL 255 or are discarded (RFC 5881 section 5).
const bfdPackets = " && udp.dst == 3784"

// routeGroup is the routes of one table and one origin for one prefix and policy.
type routeGroup struct {
	table    string
	prefix   netip.Prefix
	base     netip.Addr
	bySource bool
	learned  bool
	// connected: as good as the router's own networks, and as those never one of several to choose among.
	connected bool
	members   []*topo.Route
	name      string // see key
}

// key names the group, once and for all.
func (g *routeGroup) key() string {
	if g.name == "" {
		g.name = g.describe()
	}
	return g.name
}

func (g *routeGroup) describe() string {
	k := g.table + " " + netip.PrefixFrom(g.base, g.prefix.Bits()).String() + " " + strconv.FormatBool(g.bySource)
	if g.learned {
		k += " learned"
	}
	if m := g.members[0]; g.connected {
		k += " connected " + m.Hop.String() + " " + portName(m.Via)
	}
	return k
}

// ecmp reports whether the group chooses among members. A route with symmetric replies does even when it is alone.
func (g *routeGroup) ecmp() bool {
	return !g.connected && !g.members[0].Discard && (len(g.members) > 1 || g.members[0].Symmetric)
}

func (g *routeGroup) priority() int {
	above := routeStatic
	switch {
	case g.bySource:
		above = routeBySource
	case g.connected:
		above = routeConnected
	case g.learned:
		above = routeLearned
	}
	return g.prefix.Bits()*routeScale + above
}

// direction is the field that the prefix stands for; reply is the one that it stands for in the other direction.
func (g *routeGroup) direction(reply bool) string {
	field := ".dst == "
	if g.bySource != reply {
		field = ".src == "
	}
	prefix, is4 := topo.RoutePrefix(g.prefix)
	if a, err := netip.ParsePrefix(prefix); reply && err == nil && a.IsSingleIP() {
		prefix = topo.IP(a.Addr()) // so stock has it there
	}
	return familyOf(is4).ip + field + prefix
}

// linkLocal is the network of all link-local addresses in use (RFC 4291 section 2.5.6).
var linkLocal = netip.MustParsePrefix("fe80::/64")

func (g *routeGroup) match(tables map[string]int) string {
	m := g.direction(false)
	// As the router's own networks, a connected route of the main table is one of all tables.
	if id := tables[g.table]; id != 0 || !g.connected {
		m = lflow.RegRouteTable + " == " + strconv.Itoa(id) + " && " + m
	}
	if linkLocal.Contains(g.prefix.Addr()) && !g.members[0].Discard {
		// A link-local network is one of its own on every port.
		m = "inport == " + g.members[0].Via.Quoted + " && " + m
	}
	return m
}

func memberMatch(id, member int) string {
	return lflow.RegECMPGroup + " == " + strconv.Itoa(id) + " && " + lflow.RegECMPMember + " == " + strconv.Itoa(member)
}

// routeTables numbers the named route tables; the main table is 0.
func routeTables(r *topo.Router) map[string]int {
	var names []string
	for _, s := range r.StaticRoutes {
		names = append(names, s.RouteTable)
	}
	for _, p := range r.Ports {
		names = append(names, p.Row.Options["route_table"])
	}
	slices.Sort(names)
	ids := map[string]int{"": 0}
	for _, n := range slices.Compact(names) {
		if n != "" {
			ids[n] = len(ids)
		}
	}
	return ids
}

// routeGroups puts the routes that belong together into groups.
func routeGroups(r *topo.Router) []*routeGroup {
	groups := map[string]*routeGroup{}
	for i := range r.Routes {
		m := &r.Routes[i]
		g := &routeGroup{table: m.Table, prefix: m.Prefix, base: m.Base, bySource: m.BySource, learned: m.Learned, connected: m.Connected,
			members: []*topo.Route{m}}
		k := g.key()
		if have := groups[k]; have != nil {
			have.members = append(have.members, m)
		} else {
			groups[k] = g
		}
	}
	var out []*routeGroup
	for _, g := range groups {
		slices.SortFunc(g.members, func(a, b *topo.Route) int {
			return cmp.Or(a.Hop.Compare(b.Hop), cmp.Compare(portName(a.Via), portName(b.Via)), a.ID.Compare(b.ID))
		})
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *routeGroup) int { return cmp.Compare(a.key(), b.key()) })
	return out
}

func portName(p *topo.RouterPortFacts) string {
	if p == nil {
		return ""
	}
	return p.Name
}

// keyed is what groupNumbers numbers.
type keyed interface{ key() string }

// groupNumbers gives each group a number from 1 to 65535 that depends on its own key, so that other groups come and go
// without renumbering it; the rare collision moves the later one. groups are sorted by key.
func groupNumbers[G keyed](groups []G) []int {
	taken := make(map[int]bool, len(groups))
	out := make([]int, len(groups))
	for i, g := range groups {
		h := uint32(2166136261) // FNV-1a
		for _, c := range []byte(g.key()) {
			h = (h ^ uint32(c)) * 16777619
		}
		n := int(h%65535) + 1
		for taken[n] && len(taken) < 65535 {
			n = n%65535 + 1
		}
		taken[n] = true
		out[i] = n
	}
	return out
}
