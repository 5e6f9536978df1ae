package feature

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

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
						b.Add(r.Datapath, lflow.RouterInIPRouting, g.priority(), g.match(tables), m.actions(r.Global)).WithHint(m.row.UUID)
					}
					continue
				}
				b.Add(r.Datapath, lflow.RouterInIPRouting, g.priority(), g.match(tables), g.choose(ids[i]))
				for j, m := range g.members {
					b.Add(r.Datapath, lflow.RouterInIPRoutingECMP, 100, memberMatch(ids[i], j+1),
						m.nextHop()+m.family().nextHopFlag()+"next;").WithHint(m.row.UUID)
				}
			}
		},
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			for _, n := range slices.Concat(p.IP4, p.IP6) {
				f := familyOf(n.Is4())
				match := f.ip + ".dst == " + n.Prefix().String()
				if n.Addr.IsLinkLocalUnicast() && !n.Is4() {
					// A link-local network is one of its own on every port.
					match = "inport == " + p.Quoted + " && " + match
				}
				priority := n.Bits*routeScale + routeConnected
				actions := lflow.RegECMPGroup + " = 0; " + f.nextHop + " = " + f.ip + ".dst; " + f.source + " = " + n.IP() +
					"; eth.src = " + p.MAC + "; outport = " + p.Quoted + "; flags.loopback = 1; " + f.nextHopFlag() + "next;"
				b.Add(p.DP, lflow.RouterInIPRouting, priority, match, "ip.ttl--; "+actions).WithHint(p.ID)
				if len(p.BFD) > 0 {
					// RFC 5881 section 5: a BFD packet arrives with TTL 255 or is discarded.
					b.Add(p.DP, lflow.RouterInIPRouting, priority+1, match+" && udp.dst == 3784", actions).WithHint(p.ID)
				}
			}
		},
	}
}

// A longer prefix wins; among equal ones connected routes win over static ones, those over static ones by source address.
const (
	routeScale     = 8
	routeConnected = 6
	routeStatic    = 4
	routeBySource  = 0
)

// nextHopFlag says of which family the next hop is, which need not be the packet's.
func (f *family) nextHopFlag() string { return lflow.RegNextHopIsIP4 + " = " + f.is4 + "; " }

// staticRoute is a static route whose way out is known.
type staticRoute struct {
	row     *topo.StaticRoute
	discard bool
	hop     netip.Addr
	via     *topo.RouterPortFacts
	source  topo.Network // of via, used towards hop
}

func (m *staticRoute) family() *family { return familyOf(m.hop.Is4()) }

func (m *staticRoute) symmetric() bool { return m.row.Options["ecmp_symmetric_reply"] == "true" }

// nextHop sets the registers and the Ethernet source for the way out.
func (m *staticRoute) nextHop() string { return nextHopActions(m.hop, m.source, m.via) }

func nextHopActions(hop netip.Addr, source topo.Network, via *topo.RouterPortFacts) string {
	f := familyOf(hop.Is4())
	return f.nextHop + " = " + hop.String() + "; " + f.source + " = " + source.IP() + "; eth.src = " + via.MAC +
		"; outport = " + via.Quoted + "; "
}

func (m *staticRoute) actions(g *topo.Global) string {
	if m.discard {
		return drop(g)
	}
	return "ip.ttl--; " + lflow.RegECMPGroup + " = 0; " + m.nextHop() + "flags.loopback = 1; " + m.family().nextHopFlag() + "next;"
}

// routeGroup is the static routes of one table for one prefix and policy.
type routeGroup struct {
	table    string
	prefix   netip.Prefix
	bySource bool
	members  []*staticRoute
}

func (g *routeGroup) key() string {
	return g.table + " " + g.prefix.String() + " " + strconv.FormatBool(g.bySource)
}

// ecmp reports whether the group chooses among members. A route with symmetric replies does even when it is alone.
func (g *routeGroup) ecmp() bool {
	return !g.members[0].discard && (len(g.members) > 1 || g.members[0].symmetric())
}

func (g *routeGroup) priority() int {
	if g.bySource {
		return g.prefix.Bits()*routeScale + routeBySource
	}
	return g.prefix.Bits()*routeScale + routeStatic
}

// direction is the field that the prefix stands for; reply is the one that it stands for in the other direction.
func (g *routeGroup) direction(reply bool) string {
	field := ".dst == "
	if g.bySource != reply {
		field = ".src == "
	}
	return familyOf(g.prefix.Addr().Is4()).ip + field + g.prefix.String()
}

func (g *routeGroup) match(tables map[string]int) string {
	return lflow.RegRouteTable + " == " + strconv.Itoa(tables[g.table]) + " && " + g.direction(false)
}

// choose selects a member by a hash of the fields that all members name, by default those of the connection.
func (g *routeGroup) choose(id int) string {
	var fields []string
	for i, m := range g.members {
		if i == 0 {
			fields = slices.Clone(m.row.SelectionFields)
		}
		fields = slices.DeleteFunc(fields, func(f string) bool { return !slices.Contains(m.row.SelectionFields, f) })
	}
	slices.Sort(fields)
	return "ip.ttl--; flags.loopback = 1; " + chooseMember(id, len(g.members), fields)
}

// chooseMember is the action that selects one of n members.
func chooseMember(id, n int, fields []string) string {
	s := lflow.RegECMPGroup + " = " + strconv.Itoa(id) + "; " + lflow.RegECMPMember + " = "
	if n == 1 {
		return s + "1; next;"
	}
	var members []string
	for i := range n {
		members = append(members, strconv.Itoa(i+1))
	}
	list := strings.Join(members, ", ")
	if len(fields) > 0 {
		return s + "select(values=(" + list + `); hash_fields="` + strings.Join(fields, ",") + `");`
	}
	return s + "select(" + list + ");"
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

// routeGroups resolves the static routes. A route without a way out, or whose BFD session is down, does not exist.
func routeGroups(r *topo.Router) []*routeGroup {
	groups := map[string]*routeGroup{}
	for i := range r.StaticRoutes {
		s := &r.StaticRoutes[i]
		prefix, err := topo.ParseNetwork(s.IPPrefix)
		if err != nil {
			continue
		}
		m := resolveRoute(r, s)
		if m == nil {
			continue
		}
		g := &routeGroup{table: s.RouteTable, prefix: prefix.Prefix(), bySource: s.Policy != nil && *s.Policy == "src-ip"}
		if have := groups[g.key()]; have != nil {
			g = have
		}
		groups[g.key()] = g
		g.members = append(g.members, m)
	}
	var out []*routeGroup
	for _, g := range groups {
		slices.SortFunc(g.members, func(a, b *staticRoute) int {
			return cmp.Or(a.hop.Compare(b.hop), cmp.Compare(portName(a.via), portName(b.via)), a.row.UUID.Compare(b.row.UUID))
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

func resolveRoute(r *topo.Router, s *topo.StaticRoute) *staticRoute {
	if s.BFD != nil && (s.BFD.Status == nil || *s.BFD.Status == "down") {
		return nil
	}
	if s.Nexthop == "discard" {
		return &staticRoute{row: s, discard: true}
	}
	hop, err := topo.ParseNetwork(s.Nexthop)
	if err != nil {
		return nil
	}
	m := &staticRoute{row: s, hop: hop.Addr}
	if s.OutputPort == nil {
		m.via, m.source = wayTo(r.Ports, hop.Addr)
	} else {
		for _, p := range r.Ports {
			if p.Name != *s.OutputPort {
				continue
			}
			if n, ok := networkOf(p, hop.Addr); ok {
				m.via, m.source = p, n
			} else if ns := p.Networks(hop.Is4()); len(ns) > 0 {
				// Not reachable as far as the networks tell, but the port is what was asked for.
				m.via, m.source = p, ns[0]
			}
		}
	}
	if m.via == nil {
		return nil
	}
	return m
}

// wayTo finds the port in whose network an address is, and the port's own address there.
func wayTo(ports []*topo.RouterPortFacts, a netip.Addr) (*topo.RouterPortFacts, topo.Network) {
	for _, p := range ports {
		if n, ok := networkOf(p, a); ok {
			return p, n
		}
	}
	return nil, topo.Network{}
}

func networkOf(p *topo.RouterPortFacts, a netip.Addr) (topo.Network, bool) {
	for _, n := range p.Networks(a.Is4()) {
		if n.Prefix().Contains(a) {
			return n, true
		}
	}
	return topo.Network{}, false
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
