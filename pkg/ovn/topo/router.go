package topo

import (
	"maps"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

func (t *Topo) computeRouterPortFacts(id ovsdb.UUID) *RouterPortFacts {
	row := t.LogicalRouterPort.Get(id)
	lr, ok := t.routerOf.one(id)
	if row == nil || !ok {
		return nil
	}
	dp, key, router := t.datapath.Get(lr), t.portKey(row.Name, id), t.routerSettings.Get(lr)
	if dp == nil || key == nil || router == nil || !usable(row) {
		return nil
	}
	p := &RouterPortFacts{
		Row: row, ID: id, Name: row.Name, Quoted: Quote(row.Name), CRName: "cr-" + row.Name, DP: dp, Key: key,
		Options: PlainWords(router.Options), Enabled: row.Enabled == nil || *row.Enabled, Gateway: isGateway(router.Options),
		BFD: len(t.bfdByPort.Get(row.Name)) > 0, Redistribute: redistribution(router.Options, row.Options),
	}
	p.CRKey = t.portKey(p.CRName, id)
	if row.Peer != nil {
		// Both have to say so.
		if id, ok := t.lrpByName.one(*row.Peer); ok {
			lr, there := t.routerOf.one(id) // a disabled router is not
			if q := t.LogicalRouterPort.Get(id); q != nil && lrpPeer(q) == row.Name && there {
				p.PeerName = *row.Peer
				r := t.routerSettings.Get(lr)
				p.PeerDistributed = (q.HAChassisGroup != nil || len(q.GatewayChassis) > 0) && r != nil && !isGateway(r.Options)
			}
		}
	}
	if relay := t.DHCPRelay.opt(row.DHCPRelay); relay != nil && relay.Servers != nil {
		if a, ok := parseHop(*relay.Servers); ok { // one address, though ovn-nb(5) speaks of several
			p.RelayServer = IP(a)
		}
	}
	if c := t.chassis.Get(row.Options["requested-chassis"]); c.Remote {
		p.Remote = c.ID
	}
	p.Addresses = routerAddresses(row)
	if lsp, ok := t.lspByRouterLRP.one(row.Name); ok {
		if sw, ok := t.switchOf.one(lsp); ok {
			p.PeerDP = t.datapath.Get(sw)
			for _, ln := range t.LogicalSwitchPort.list(t.members.byClass.Get(classKey{sw, ClassLocalnet})) {
				p.Physical = true
				p.Tagged = p.Tagged || ln.TagRequest != nil && *ln.TagRequest != 0
			}
		}
		if p.PeerName == "" {
			p.PeerName = t.LogicalSwitchPort.Get(lsp).Name
		}
	}
	switch {
	case row.HAChassisGroup != nil:
		p.HAGroup = t.haGroups.Get(*row.HAChassisGroup)
	case len(row.GatewayChassis) > 0:
		p.HAGroup = t.gatewayGroups.Get(id)
	}
	return p
}

// computeGatewayGroup makes a group of the Gateway_Chassis rows of a router port.
func (t *Topo) computeGatewayGroup(lrp ovsdb.UUID) *HAGroup {
	row := t.LogicalRouterPort.Get(lrp)
	if row == nil {
		return nil
	}
	h := &HAGroup{Name: row.Name}
	for _, m := range t.GatewayChassis.list(row.GatewayChassis) {
		h.Members = append(h.Members, HAMember{m.UUID, m.ChassisName, m.Priority, t.chassisNamed(m.ChassisName)})
	}
	h.sort()
	return h
}

// isGateway reports whether a router with these options is a gateway router, though it may be told no chassis.
func isGateway(options map[string]string) bool {
	_, ok := options["chassis"]
	return ok
}

// PlainWords writes the truth in options in small letters, since "TRUE" is as true as "true".
func PlainWords(options map[string]string) map[string]string {
	var out map[string]string
	for k, v := range options {
		word := strings.ToLower(v)
		if word == v || word != "true" && word != "false" {
			continue
		}
		if out == nil {
			out = maps.Clone(options)
		}
		out[k] = word
	}
	if out == nil {
		return options
	}
	return out
}

// RAMode reports whether a mode of ipv6_ra_configs:address_mode exists.
func RAMode(mode string) bool {
	return mode == "slaac" || mode == "dhcpv6_stateful" || mode == "dhcpv6_stateless"
}

// usable reports whether a router port can exist: not without a MAC.
func usable(row *nb.LogicalRouterPort) bool {
	_, ok := ParseMAC(row.MAC)
	return ok
}

// routerAddresses parses mac and networks and adds the link-local address, which every router port has.
func routerAddresses(row *nb.LogicalRouterPort) Addresses {
	mac, _ := ParseMAC(row.MAC)
	a := Addresses{MAC: mac}
	hasLocal := false
	for _, s := range row.Networks {
		n, err := ParseNetwork(s)
		if err != nil || n.Is4() && n.Addr.IsUnspecified() {
			continue
		}
		a.add(n)
	}
	if ll, ok := LinkLocal(mac); ok {
		for _, n := range a.IP6 {
			hasLocal = hasLocal || n.Addr == ll
		}
		if !hasLocal {
			a.IP6 = append(a.IP6, Network{ll, 64})
		}
	}
	return a
}

// routerSettings is what ports of a router take from its row: a route or a policy that comes concerns none of them.
type routerSettings struct {
	Options map[string]string
	NAT     []ovsdb.UUID
}

func (t *Topo) computeRouterSettings(id ovsdb.UUID) *routerSettings {
	row := t.LogicalRouter.Get(id)
	if row == nil {
		return nil
	}
	return &routerSettings{row.Options, row.NAT}
}

func (t *Topo) computeRouterFacts(id ovsdb.UUID) *RouterFacts {
	row, dp := t.LogicalRouter.Get(id), t.datapath.Get(id)
	if row == nil || dp == nil {
		return nil
	}
	f := &RouterFacts{
		Datapath: dp, Global: t.Global(), Options: PlainWords(row.Options),
		ExternalIDs: row.ExternalIDs, Copp: t.coppOf(row.Copp), Gateway: isGateway(row.Options), Chassis: row.Options["chassis"], HasNAT: len(row.NAT) > 0,
	}
	for _, lb := range t.routerLBs.Get(id) {
		f.HasLB = f.HasLB || len(lb.Row.VIPs) > 0
	}
	for _, p := range row.Ports {
		if p := t.routerPortFacts.Get(p); p != nil {
			f.Ports = append(f.Ports, p)
		}
	}
	slices.SortFunc(f.Ports, func(a, b *RouterPortFacts) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range f.Ports {
		if p.Distributed() {
			f.Gateways = append(f.Gateways, p)
		}
		f.HasRemote = f.HasRemote || !p.Remote.IsZero()
	}
	return f
}

// computePeerRouter leaves out what changes often and does not concern the switches: with it, a route would have all ports that
// lead to the router compiled.
func (t *Topo) computePeerRouter(id ovsdb.UUID) *Router {
	f, row := t.routerFacts.Get(id), t.LogicalRouter.Get(id)
	if f == nil {
		return nil
	}
	r := &Router{RouterFacts: f, LoadBalancers: t.routerLBs.Get(id), NATs: t.natList(f, row.NAT), Externals: t.translations.Get(id).Externals}
	for _, n := range t.NAT.list(row.NAT) {
		if n.Type != "dnat_and_snat" || n.LogicalPort == nil || n.ExternalMAC == nil {
			continue
		}
		if mac, ok := ParseMAC(*n.ExternalMAC); ok {
			r.Owners = append(r.Owners, Owner{mac, *n.LogicalPort})
		}
	}
	return r
}

func (t *Topo) computeRouter(id ovsdb.UUID) *Router {
	f, row := t.routerFacts.Get(id), t.LogicalRouter.Get(id)
	if f == nil {
		return nil
	}
	r := t.computePeerRouter(id)
	r.Absurd = t.absurdities(id, f, row)
	r.StaticRoutes, r.Routes = t.LogicalRouterStaticRoute.list(row.StaticRoutes), t.usableRoutes(id)
	for _, p := range t.LogicalRouterPolicy.list(row.Policies) {
		r.Policies = append(r.Policies, Policy{p, t.usableHops(policyKey{id, p.UUID})})
	}
	return r
}

// natList are the NAT rules of a router that can be: one that names a gateway port has to name one of the router's own.
func (t *Topo) natList(r *RouterFacts, ids []ovsdb.UUID) []*NAT {
	var out []*NAT
	for _, id := range ids {
		if n := t.natFacts.Get(id); n != nil && r.possible(n) {
			out = append(out, n)
		}
	}
	return out
}

func (r *RouterFacts) possible(n *NAT) bool {
	return n.NAT.GatewayPort == nil || n.GatewayPort != nil &&
		slices.ContainsFunc(r.Gateways, func(p *RouterPortFacts) bool { return p.ID == n.GatewayPort.ID })
}

// resolve reads the addresses of a NAT rule; false if it makes no sense.
func (n *NAT) resolve() bool {
	var err error
	s := scanner{n.ExternalIP}
	var ok bool
	if n.External, ok, _ = s.network(); !ok {
		return false
	}
	if _, more, _ := s.network(); more { // anything else may be behind it
		return false
	}
	n.plain = n.External.Prefix().IsSingleIP() && !strings.ContainsAny(n.ExternalIP, "/"+blanks) && s.rest == ""
	if n.Logical, err = ParseNetwork(n.LogicalIP); err != nil || n.Logical.Is4() != n.External.Is4() {
		return false
	}
	if n.Type != "snat" && !n.Logical.Prefix().IsSingleIP() {
		return false
	}
	if n.ExternalMAC != nil {
		if n.MAC, ok = ParseMAC(*n.ExternalMAC); !ok {
			return false
		}
	}
	// ovn-nb(5): the two exclude each other.
	return n.AllowedExtIPs == nil || n.ExemptedExtIPs == nil
}

func (t *Topo) computeNAT(id ovsdb.UUID) *NAT {
	row := t.NAT.Get(id)
	if row == nil {
		return nil
	}
	n := &NAT{NAT: row, AllowedExtIPs: t.AddressSet.opt(row.AllowedExtIPs), ExemptedExtIPs: t.AddressSet.opt(row.ExemptedExtIPs)}
	if row.GatewayPort != nil {
		n.GatewayPort = t.routerPortFacts.Get(*row.GatewayPort)
	}
	if row.LogicalPort != nil {
		if id, ok := t.lspByName.one(*row.LogicalPort); ok {
			n.LogicalPort = t.portFacts.Get(id)
		}
	}
	if !n.resolve() {
		return nil
	}
	return n
}

func (t *Topo) computeRouterPort(id ovsdb.UUID) *RouterPort {
	f := t.routerPortFacts.Get(id)
	if f == nil {
		return nil
	}
	p := &RouterPort{
		RouterPortFacts: f, Router: t.routerFacts.Get(f.DP.ID),
		StaticMACs:    t.StaticMACBinding.list(t.staticMACs.Get(f.Name)),
		LoadBalancers: t.routerLBs.Get(f.DP.ID),
	}
	if p.Router == nil {
		return nil
	}
	if bound := t.bindings.Get(f.Name); bound != nil {
		p.Delegated = bound.Delegated
		if bound.Chassis != "" {
			p.Bound = t.chassis.Get(bound.Chassis).ID
		}
	}
	if bound := t.bindings.Get(f.CRName); bound != nil && f.Distributed() {
		p.HostingChassis = bound.Chassis
	}
	p.NATs = t.natList(p.Router, t.routerSettings.Get(f.DP.ID).NAT)
	if lsp, ok := t.lspByRouterLRP.one(f.Name); ok {
		p.PeerPort = t.portFacts.Get(lsp)
		if p.PeerPort != nil {
			p.PeerSwitch = t.switchFacts.Get(p.PeerPort.DP.ID)
		}
	} else if f.Row.Peer != nil && *f.Row.Peer == f.PeerName {
		if id, ok := t.lrpByName.one(*f.Row.Peer); ok {
			p.PeerRouterPort = t.routerPortFacts.Get(id)
		}
	}
	p.Advertised, p.Beside = t.advertised(p), t.beside(p)
	return p
}
