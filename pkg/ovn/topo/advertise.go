package topo

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Redistribute says which routes of a router port a routing daemon beside OVN is told of (ovn-nb(5),
// options:dynamic-routing-redistribute of Logical_Router and Logical_Router_Port).
type Redistribute uint8

// The elements of options:dynamic-routing-redistribute.
const (
	RedistributeConnected Redistribute = 1 << iota
	RedistributeConnectedAsHost
	RedistributeStatic
	RedistributeNAT
	RedistributeLB
)

var redistributeNames = map[string]Redistribute{"connected": RedistributeConnected, "connected-as-host": RedistributeConnectedAsHost,
	"static": RedistributeStatic, "nat": RedistributeNAT, "lb": RedistributeLB}

func redistribution(router, port map[string]string) Redistribute {
	if router["dynamic-routing"] != "true" {
		return 0
	}
	list, own := port["dynamic-routing-redistribute"]
	if !own {
		list = router["dynamic-routing-redistribute"]
	}
	var r Redistribute
	for _, s := range strings.Split(list, ",") {
		r |= redistributeNames[s]
	}
	return r
}

// Advertisement is a route that a router port advertises.
type Advertisement struct {
	Prefix string // an address alone, or with the length of its network
	// Tracked is the Port_Binding of the port that the address is behind, zero for none.
	Tracked ovsdb.UUID
}

func (a Advertisement) compare(b Advertisement) int {
	return cmp.Or(cmp.Compare(a.Prefix, b.Prefix), a.Tracked.Compare(b.Tracked))
}

// AdvertisedPrefix writes a prefix as Advertised_Route has it.
func AdvertisedPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return IP(p.Addr())
	}
	return CIDR(p)
}

// translations are the external addresses of a router.
type translations struct {
	NATs []Advertisement // of the NAT rules that are carried out somewhere, tracking where
	// All are those of all NAT rules, VIPs those of its load balancers.
	All, VIPs []string
	Externals []External
	// RoutedVIPs are the IPv4 ones of load balancers with options:add_route.
	RoutedVIPs []string
}

// External is the external IPv4 address of a NAT rule as others are told of it. Stock looks at little else of the rule for that, so
// that one which is left out counts as well.
type External struct {
	Text   string // as it is written
	Addr   netip.Addr
	SNAT   bool
	Routed bool // options:add_route
	// MAC and LogicalPort are those of a rule that is carried out where the port is.
	MAC, LogicalPort string
	gateway          ovsdb.UUID // the distributed gateway port
}

func (r *RouterFacts) externals(rows []*nb.NAT) []External {
	var out []External
	for _, row := range rows {
		a, mask, ok := ParseMasked4(row.ExternalIP)
		if !ok || ones(mask) != 32 {
			continue
		}
		e := External{Text: row.ExternalIP, Addr: a, SNAT: row.Type == "snat", Routed: strings.EqualFold(row.Options["add_route"], "true")}
		if !r.Gateway && len(r.Gateways) > 0 && row.Type == "dnat_and_snat" && row.LogicalPort != nil && row.ExternalMAC != nil {
			if e.MAC, ok = ParseMAC(*row.ExternalMAC); !ok {
				continue
			}
			e.LogicalPort = *row.LogicalPort
		}
		if row.GatewayPort != nil {
			e.gateway = *row.GatewayPort
		} else if p, _ := WayTo(r.Gateways, a); p != nil && !strings.Contains(row.ExternalIP, "/") {
			e.gateway = p.ID
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b External) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.MAC, b.MAC)) })
	return out
}

// KnownAt reports whether others reach the address by way of a port of the router: one of several distributed gateway ports has its own.
func (e *External) KnownAt(p *RouterPortFacts, gateways int) bool {
	return !(p.Distributed() && gateways > 1 && e.gateway != p.ID) && !slices.ContainsFunc(p.IP4, func(n Network) bool { return n.Addr == e.Addr })
}

// Beside are addresses of another router on the switch of a router port.
type Beside struct {
	Port      *RouterPortFacts
	MAC       string   // that the addresses have
	Addresses []string // IPv4
	// Gateway: by way of the port one gets at what the router translates. One that has its gateway elsewhere, or none, answers for the
	// addresses there, and no more.
	Gateway bool
}

func (t *Topo) beside(p *RouterPort) []Beside {
	if p.PeerSwitch == nil {
		return nil
	}
	var out []Beside
	for _, q := range t.besides(p) {
		if q.DP.ID == p.DP.ID {
			continue
		}
		f, theirs := t.routerFacts.Get(q.DP.ID), t.translations.Get(q.DP.ID)
		if f == nil || theirs == nil {
			continue
		}
		gateway := q.Gateway || q.Distributed()
		var central []string
		for i := range theirs.Externals {
			switch e := &theirs.Externals[i]; {
			case e.SNAT || !e.Routed || !e.KnownAt(q, len(f.Gateways)):
			case e.MAC != "":
				out = append(out, Beside{q, e.MAC, []string{IP(e.Addr)}, gateway})
			default:
				central = append(central, IP(e.Addr))
			}
		}
		if central = append(central, theirs.RoutedVIPs...); len(central) > 0 {
			out = append(out, Beside{q, q.MAC, central, gateway})
		}
	}
	return out
}

func (t *Topo) computeTranslations(id ovsdb.UUID) *translations {
	f, row := t.routerFacts.Get(id), t.LogicalRouter.Get(id)
	if f == nil {
		return nil
	}
	out := &translations{Externals: f.externals(t.NAT.list(row.NAT))}
	for _, n := range t.natList(f, row.NAT) {
		a := n.External.Addr
		out.All = append(out.All, IP(a))
		adv := Advertisement{Prefix: IP(a)}
		if !f.Gateway && len(f.Gateways) > 0 {
			p := f.GatewayOf(n, a)
			if p == nil {
				continue
			}
			adv.Tracked = p.Key.SB
			if n.Distributed() && f.Separate(p) && n.LogicalPort != nil {
				adv.Tracked = n.LogicalPort.Key.SB
			}
		}
		out.NATs = append(out.NATs, adv)
	}
	for _, lb := range t.routerLBs.Get(id) {
		for i := range lb.VIPs {
			v := &lb.VIPs[i]
			if v.template {
				continue
			}
			out.VIPs = append(out.VIPs, IP(v.Addr))
			if lb.Options["add_route"] == "true" && v.Is4() {
				out.RoutedVIPs = append(out.RoutedVIPs, IP(v.Addr))
			}
		}
	}
	slices.Sort(out.RoutedVIPs)
	out.RoutedVIPs = slices.Compact(out.RoutedVIPs)
	return out
}

// GatewayOf is the distributed gateway port that a NAT rule belongs to: the one it names, the only one, or the one in whose
// network the external address is.
func (r *RouterFacts) GatewayOf(n *NAT, ext netip.Addr) *RouterPortFacts {
	if n.GatewayPort != nil {
		return n.GatewayPort
	}
	if len(r.Gateways) == 1 {
		return r.Gateways[0]
	}
	if !n.plain { // stock looks for the text
		return nil
	}
	p, _ := WayTo(r.Gateways, ext)
	return p
}

// CarriesOut reports whether a NAT rule has a place where it is carried out: among several distributed gateway ports, it has
// to belong to one.
func (r *RouterFacts) CarriesOut(n *NAT, ext netip.Addr) bool {
	return r.Gateway || len(r.Gateways) < 2 || r.GatewayOf(n, ext) != nil
}

// Separate reports whether on a distributed gateway port each chassis has to look after its own traffic. Otherwise the switch
// takes all of it to the gateway's chassis, if there is one.
func (r *RouterFacts) Separate(p *RouterPortFacts) bool {
	return p.Physical || p.PeerDP == nil && !p.PeerDistributed || p.PeerDP != nil && len(r.Gateways) > 1
}

// advertised lists what a router port advertises, but for the addresses of switch ports, which are theirs to say.
func (t *Topo) advertised(p *RouterPort) []Advertisement {
	want := p.Redistribute
	if want == 0 {
		return nil
	}
	var out []Advertisement
	add := func(prefix string, tracked ovsdb.UUID) { out = append(out, Advertisement{prefix, tracked}) }
	networks := want&(RedistributeConnected|RedistributeConnectedAsHost) == RedistributeConnected
	if networks {
		for _, n := range slices.Concat(p.IP4, p.IP6) {
			if !linkLocal(n.Addr) {
				add(AdvertisedPrefix(n.Prefix()), ovsdb.UUID{})
			}
		}
	}
	if static := want&RedistributeStatic != 0; static || networks {
		for _, r := range t.usableRoutes(p.DP.ID) {
			wanted := static
			if r.Connected {
				wanted = networks
			}
			if wanted && !r.Learned && !r.Discard && r.Via.ID == p.ID && !linkLocal(r.Prefix.Addr()) {
				add(AdvertisedPrefix(r.Prefix), ovsdb.UUID{})
			}
		}
	}
	own := t.translations.Get(p.DP.ID)
	if want&RedistributeNAT != 0 {
		out = append(out, own.NATs...)
	}
	if want&RedistributeLB != 0 {
		for _, v := range own.VIPs {
			for _, g := range p.Router.Gateways {
				add(v, g.Key.SB)
			}
			if p.Router.Gateway {
				add(v, ovsdb.UUID{})
			}
		}
	}
	for _, q := range t.besides(p) {
		theirs := t.translations.Get(q.DP.ID)
		if theirs == nil {
			continue
		}
		if q.DP.ID != p.DP.ID && want&RedistributeNAT != 0 {
			out = append(out, theirs.NATs...)
		}
		if q.DP.ID != p.DP.ID && want&RedistributeLB != 0 {
			for _, v := range theirs.VIPs {
				add(v, q.Key.SB)
			}
		}
		if want&RedistributeConnectedAsHost == 0 {
			continue
		}
		for _, n := range slices.Concat(q.IP4, q.IP6) {
			if !linkLocal(n.Addr) {
				add(n.IP(), q.Key.SB)
			}
		}
		for _, a := range slices.Concat(theirs.All, theirs.VIPs) {
			add(a, q.Key.SB)
		}
	}
	slices.SortFunc(out, Advertisement.compare)
	return slices.Compact(out)
}

// linkLocal reports whether an address means nothing beyond its link. IPv4's (RFC 3927) are routed like others.
func linkLocal(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// besides lists the router ports on the other side of a router port: the one that it is wired to, or all on its switch, itself
// included.
func (t *Topo) besides(p *RouterPort) []*RouterPortFacts {
	if p.PeerRouterPort != nil {
		return []*RouterPortFacts{p.PeerRouterPort}
	}
	if p.PeerSwitch == nil {
		return nil
	}
	var out []*RouterPortFacts
	for _, s := range p.PeerSwitch.RouterPorts {
		if s.Peer != nil {
			out = append(out, s.Peer)
		}
	}
	return out
}
