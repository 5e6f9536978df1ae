package topo

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// rules are the facts and the views.
type rules struct {
	nbGlobalID *Input[struct{}, ovsdb.UUID]

	datapath        *Rule[ovsdb.UUID, *Datapath]
	switchFacts     *Rule[ovsdb.UUID, *SwitchFacts]
	portFacts       *Rule[ovsdb.UUID, *SwitchPortFacts]
	routerFacts     *Rule[ovsdb.UUID, *RouterFacts]
	routerPortFacts *Rule[ovsdb.UUID, *RouterPortFacts]
	routerSettings  *Rule[ovsdb.UUID, *routerSettings]
	peerRouters     *Rule[ovsdb.UUID, *Router] // what the ports that lead to a router may know of it
	pgFacts         *Rule[ovsdb.UUID, *PortGroupFacts]
	pgACLs          *Rule[ovsdb.UUID, []*ACL]
	pgKeepers       *Rule[ovsdb.UUID, []*ACL] // those that want an ID
	acls            *Rule[aclKey, *ACL]
	samples         *Rule[ovsdb.UUID, *Sample]
	lbFacts         *Rule[ovsdb.UUID, *LoadBalancerFacts]
	switchLBs       *Rule[ovsdb.UUID, []*LoadBalancerFacts]
	routerLBs       *Rule[ovsdb.UUID, []*LoadBalancerFacts]
	copp            *Rule[ovsdb.UUID, map[string]string]
	fairMeters      *Rule[string, bool]
	natFacts        *Rule[ovsdb.UUID, *NAT]
	translations    *Rule[ovsdb.UUID, *translations] // by Logical_Router
	routes          *Rule[ovsdb.UUID, []Route]       // by Logical_Router
	hops            *Rule[policyKey, []Hop]
	sessions        *Rule[ovsdb.UUID, *Session] // by BFD
	haGroups        *Rule[ovsdb.UUID, *HAGroup]
	haReach         *Rule[struct{}, map[ovsdb.UUID][]*HAGroup] // by Logical_Switch
	gatewayGroups   *Rule[ovsdb.UUID, *HAGroup]                // by Logical_Router_Port
	dynamic         *Rule[ovsdb.UUID, map[ovsdb.UUID]string]
	switchGroups    *Rule[ovsdb.UUID, map[string][]ovsdb.UUID]

	// The units.
	global        *Rule[struct{}, *Global]
	globalFacts   *Rule[struct{}, *Global]
	switches      *Rule[ovsdb.UUID, *Switch]
	ports         *Rule[ovsdb.UUID, *SwitchPort]
	routers       *Rule[ovsdb.UUID, *Router]
	routerPorts   *Rule[ovsdb.UUID, *RouterPort]
	loadBalancers *Rule[ovsdb.UUID, *LoadBalancer]
	portGroups    *Rule[ovsdb.UUID, *PortGroup]
	addressSets   *Rule[ovsdb.UUID, *nb.AddressSet]
	meters        *Rule[ovsdb.UUID, *Meter]
	mirrors       *Rule[ovsdb.UUID, *nb.Mirror]
	dnsUnits      *Rule[ovsdb.UUID, *DNS]
	templateVars  *Rule[ovsdb.UUID, *nb.ChassisTemplateVar]
	bfds          *Rule[ovsdb.UUID, *BFD]
	multicasts    *Rule[ovsdb.UUID, *Multicast]

	metersByName *index[string]
	samplingApps *index[struct{}]
	aclsByMeter  *index[string] // Meter name → logging ACLs
}

type aclKey struct {
	id ovsdb.UUID
	pg string
}

func (t *Topo) initRules() {
	g := t.graph
	t.nbGlobalID = newInput[struct{}, ovsdb.UUID](g)
	t.metersByName = newIndex[string](g)
	t.samplingApps = newIndex[struct{}](g)
	t.aclsByMeter = newIndex[string](g)

	t.datapath = newRule(g, "datapath", t.computeDatapath)
	t.switchFacts = newRule(g, "switch facts", t.computeSwitchFacts)
	t.portFacts = newRule(g, "switch port facts", t.computeSwitchPortFacts)
	t.routerFacts = newRule(g, "router facts", t.computeRouterFacts)
	t.routerPortFacts = newRule(g, "router port facts", t.computeRouterPortFacts)
	t.routerSettings = newRule(g, "settings of a router", t.computeRouterSettings)
	t.peerRouters = newRule(g, "router behind a port", t.computePeerRouter)
	t.pgFacts = newRule(g, "port group facts", t.computePortGroupFacts)
	t.pgACLs = newRule(g, "ACLs of port group", t.computePortGroupACLs)
	t.pgKeepers = newRule(g, "ACLs of port group that want an ID", t.computeKeepers)
	t.acls = newRule(g, "ACL", t.computeACL)
	t.samples = newRule(g, "sample", t.computeSample)
	t.lbFacts = newRule(g, "load balancer facts", t.computeLBFacts)
	t.switchLBs = newRule(g, "load balancers of switch", t.computeSwitchLBs)
	t.routerLBs = newRule(g, "load balancers of router", t.computeRouterLBs)
	t.copp = newRule(g, "copp", t.computeCopp)
	t.fairMeters = newRule(g, "fair meter", t.computeFairMeter)
	t.natFacts = newRule(g, "NAT", t.computeNAT)
	t.translations = newRule(g, "external addresses of router", t.computeTranslations)
	t.routes = newRule(g, "routes", t.computeRoutes)
	t.hops = newRule(g, "next hops of policy", t.computeHops)
	t.sessions = newRule(g, "BFD session", t.computeSession)
	t.haGroups = newRule(g, "HA chassis group", t.computeHAGroup)
	t.haReach = newRule(g, "groups that switches reach", t.computeHAReach)
	t.gatewayGroups = newRule(g, "gateway chassis", t.computeGatewayGroup)
	t.dynamic = newRule(g, "dynamic addresses", t.computeDynamicAddresses)
	t.switchGroups = newRule(g, "multicast groups of switch", t.computeSwitchGroups)
	t.globalFacts = newRule(g, "global facts", func(struct{}) *Global { return t.computeGlobal() })

	t.global = newUnit(g, KindGlobal, func(struct{}) *Global { return t.globalFacts.Get(struct{}{}) })
	t.switches = newUnit(g, KindSwitch, t.computeSwitch)
	t.ports = newUnit(g, KindSwitchPort, t.computeSwitchPort)
	t.routers = newUnit(g, KindRouter, t.computeRouter)
	t.routerPorts = newUnit(g, KindRouterPort, t.computeRouterPort)
	t.loadBalancers = newUnit(g, KindLoadBalancer, t.computeLoadBalancer)
	t.portGroups = newUnit(g, KindPortGroup, t.computePortGroup)
	t.addressSets = newUnit(g, KindAddressSet, t.AddressSet.Get)
	t.meters = newUnit(g, KindMeter, t.computeMeter)
	t.mirrors = newUnit(g, KindMirror, t.Mirror.Get)
	t.templateVars = newUnit(g, KindChassisTemplateVar, t.ChassisTemplateVar.Get)
	t.bfds = newUnit(g, KindBFD, t.computeBFD)
	t.dnsUnits = newUnit(g, KindDNS, t.computeDNS)
	t.multicasts = newUnit(g, KindMulticast, t.computeMulticast)
}

func newUnit[K comparable, V any](g *graph, kind Kind, compute func(K) *V) *Rule[K, *V] {
	r := newRule(g, kind.String(), compute)
	r.unit = func(k K, v *V) Unit {
		u := Unit{Kind: kind}
		u.ID, _ = any(k).(ovsdb.UUID)
		if v != nil {
			u.View = v
		}
		return u
	}
	return r
}

// ownOptions are NB_Global.options that do not influence what is compiled, or that northd itself writes.
var ownOptions = []string{"northd_probe_interval", "nbctl_probe_interval", "northd-backoff-interval-ms", "max_tunid",
	"northd_internal_version", "use_parallel_build"}

func (t *Topo) computeGlobal() *Global {
	g := &Global{Options: map[string]string{}, South: t.south.Get(struct{}{})}
	if row := t.NBGlobal.Get(t.nbGlobalID.Get(struct{}{})); row != nil {
		g.Options = maps.Clone(PlainWords(row.Options))
		for _, o := range ownOptions {
			delete(g.Options, o)
		}
	}
	g.Samples = map[string]int64{}
	for _, id := range t.samplingApps.Get(struct{}{}) {
		if a := t.SamplingApp.Get(id); a != nil {
			g.Samples[a.Type] = a.ID
		}
	}
	return g
}

// Global returns what concerns the whole network.
func (t *Topo) Global() *Global { return t.globalFacts.Get(struct{}{}) }

func (t *Topo) computeDatapath(id ovsdb.UUID) *Datapath {
	k := t.dpKeys.Get(id)
	if k == nil {
		return nil
	}
	d := &Datapath{ID: id, SB: k.SB, Key: k.Key}
	if sw := t.LogicalSwitch.Get(id); sw != nil {
		d.Name = sw.Name
	} else if lr := t.LogicalRouter.Get(id); lr != nil {
		d.Name, d.Router = lr.Name, true
	} else {
		return nil
	}
	return d
}

func (t *Topo) computeCopp(id ovsdb.UUID) map[string]string {
	row := t.Copp.Get(id)
	if row == nil {
		return nil
	}
	meters := map[string]string{}
	for what, name := range row.Meters {
		// A meter that there is not limits nothing.
		if len(t.metersByName.Get(name)) > 0 {
			meters[what] = name
		}
	}
	return meters
}

func (t *Topo) coppOf(id *ovsdb.UUID) map[string]string {
	if id == nil {
		return nil
	}
	return t.copp.Get(*id)
}

func (t *Topo) computeFairMeter(name string) bool {
	for _, id := range t.metersByName.Get(name) {
		if m := t.Meter.Get(id); m != nil && m.Fair != nil && *m.Fair {
			return true
		}
	}
	return false
}

func (t *Topo) computeACL(k aclKey) *ACL {
	row := t.ACL.Get(k.id)
	if row == nil {
		return nil
	}
	a := &ACL{ACL: row, PortGroup: k.pg, SampleNew: t.sample(row.SampleNew), SampleEst: t.sample(row.SampleEst)}
	if a.WantsID() {
		a.ID = t.aclIDs.Get(k.id)
	}
	if row.Meter != nil {
		a.FairMeter = t.fairMeters.Get(*row.Meter)
	}
	return a
}

func (t *Topo) sample(id *ovsdb.UUID) *Sample {
	if id == nil {
		return nil
	}
	return t.samples.Get(*id)
}

func (t *Topo) computeSample(id ovsdb.UUID) *Sample {
	row := t.Sample.Get(id)
	if row == nil {
		return nil
	}
	s := &Sample{Sample: row, Collectors: t.SampleCollector.list(row.Collectors)}
	if len(s.Collectors) == 1 {
		s.Collector = s.Collectors[0].ID
	}
	return s
}

func (t *Topo) computePortGroupFacts(id ovsdb.UUID) *PortGroupFacts {
	row := t.PortGroup.Get(id)
	if row == nil {
		return nil
	}
	return &PortGroupFacts{ID: id, Name: row.Name}
}

func (t *Topo) computePortGroupACLs(id ovsdb.UUID) []*ACL {
	row := t.PortGroup.Get(id)
	if row == nil {
		return nil
	}
	return t.aclList(row.ACLs, row.Name)
}

func (t *Topo) aclList(ids []ovsdb.UUID, pg string) []*ACL {
	var out []*ACL
	for _, id := range ids {
		if a := t.acls.Get(aclKey{id, pg}); a != nil {
			out = append(out, a)
		}
	}
	return out
}

func (t *Topo) computeKeepers(id ovsdb.UUID) []*ACL {
	return slices.DeleteFunc(slices.Clone(t.pgACLs.Get(id)), func(a *ACL) bool { return !a.WantsID() })
}

func (t *Topo) computePortGroup(id ovsdb.UUID) *PortGroup {
	f := t.pgFacts.Get(id)
	if f == nil {
		return nil
	}
	pg := &PortGroup{PortGroupFacts: f, Keepers: t.pgKeepers.Get(id)}
	for _, sw := range t.members.swsOf.Get(id) {
		if d := t.datapath.Get(sw); d != nil {
			pg.Switches = append(pg.Switches, d)
		}
	}
	return pg
}

func (t *Topo) computeLBFacts(id ovsdb.UUID) *LoadBalancerFacts {
	row := t.LoadBalancer.Get(id)
	if row == nil {
		return nil
	}
	f := parseLoadBalancer(row)
	f.Checks = t.LoadBalancerHealthCheck.list(row.HealthCheck)
	for i := range f.VIPs {
		v := &f.VIPs[i]
		for _, c := range f.Checks {
			if c.VIP != v.Key || f.Protocol == "sctp" { // which no chassis checks
				continue
			}
			v.Check = c
			for j := range v.Backends {
				b := &v.Backends[j]
				if b.LSP != "" && b.SourceIP != "" && t.enabledPort(b.LSP) {
					b.Status = t.monitors.Get(MonitorKey{b.LSP, IP(b.Addr), f.Protocol, int64(b.Port)}).Status
				} else {
					b.Status = "offline" // nobody can tell: ip_port_mappings does not say where it is
				}
			}
		}
	}
	return f
}

// enabledPort reports whether there is a switch port of that name that is enabled.
func (t *Topo) enabledPort(name string) bool {
	id, _ := t.lspByName.one(name)
	row := t.LogicalSwitchPort.Get(id)
	return row != nil && (row.Enabled == nil || *row.Enabled)
}

func (t *Topo) lbList(direct, groups []ovsdb.UUID) []*LoadBalancerFacts {
	ids := slices.Clone(direct)
	for _, g := range t.LoadBalancerGroup.list(groups) {
		ids = append(ids, g.LoadBalancer...)
	}
	slices.SortFunc(ids, ovsdb.UUID.Compare)
	var out []*LoadBalancerFacts
	for _, id := range slices.Compact(ids) {
		if f := t.lbFacts.Get(id); f != nil {
			out = append(out, f)
		}
	}
	return out
}

func (t *Topo) computeSwitchLBs(id ovsdb.UUID) []*LoadBalancerFacts {
	row := t.LogicalSwitch.Get(id)
	if row == nil {
		return nil
	}
	return t.lbList(row.LoadBalancer, row.LoadBalancerGroup)
}

func (t *Topo) computeRouterLBs(id ovsdb.UUID) []*LoadBalancerFacts {
	row := t.LogicalRouter.Get(id)
	if row == nil {
		return nil
	}
	return t.lbList(row.LoadBalancer, row.LoadBalancerGroup)
}

func (t *Topo) computeLoadBalancer(id ovsdb.UUID) *LoadBalancer {
	f := t.lbFacts.Get(id)
	if f == nil {
		return nil
	}
	lb := &LoadBalancer{LoadBalancerFacts: f, Global: t.Global()}
	sws, lrs := slices.Clone(t.switchesOfLB.Get(id)), slices.Clone(t.routersOfLB.Get(id))
	for _, g := range t.groupsOfLB.Get(id) {
		sws = append(sws, t.switchesOfLBG.Get(g)...)
		lrs = append(lrs, t.routersOfLBG.Get(g)...)
	}
	if lb.Global.Bool("install_ls_lb_from_router") {
		for _, id := range lrs {
			r := t.routerFacts.Get(id)
			if r == nil {
				continue
			}
			for _, p := range r.Ports {
				if p.PeerDP != nil {
					sws = append(sws, p.PeerDP.ID)
				}
			}
		}
	}
	lb.Monitors = t.lbMonitors(f)
	slices.SortFunc(sws, ovsdb.UUID.Compare)
	slices.SortFunc(lrs, ovsdb.UUID.Compare)
	for _, s := range slices.Compact(sws) {
		if s := t.switchFacts.Get(s); s != nil {
			lb.Switches = append(lb.Switches, s)
		}
	}
	for _, r := range slices.Compact(lrs) {
		if r := t.routerFacts.Get(r); r != nil {
			lb.Routers = append(lb.Routers, r)
		}
	}
	return lb
}

// lbMonitors lists the backends that chassis watch.
func (t *Topo) lbMonitors(f *LoadBalancerFacts) []Monitor {
	var out []Monitor
	for _, v := range f.VIPs {
		if v.Check == nil {
			continue
		}
		for _, b := range v.Backends {
			if b.LSP == "" || b.SourceIP == "" || f.Protocol == "sctp" { // ovn-controller cannot watch SCTP
				continue
			}
			id, _ := t.lspByName.one(b.LSP)
			p := t.portFacts.Get(id)
			if p == nil || !p.Enabled {
				continue
			}
			m := Monitor{MonitorKey: MonitorKey{b.LSP, IP(b.Addr), f.Protocol, int64(b.Port)}, SourceIP: b.SourceIP,
				DP: p.DP, Check: v.Check}
			state := t.monitors.Get(m.MonitorKey)
			m.Chassis = cmp.Or(p.Chassis, state.Chassis)
			if !p.Up && state.Status == "online" {
				m.Down = state.ID
			}
			out = append(out, m)
		}
	}
	return out
}

// Meter is the view of a meter.
type Meter struct {
	*nb.Meter
	Rows []*nb.MeterBand
	ACLs []ovsdb.UUID // that log through it, if it is fair: each has a copy of its own
}

func (t *Topo) computeMeter(id ovsdb.UUID) *Meter {
	row := t.Meter.Get(id)
	if row == nil {
		return nil
	}
	m := &Meter{Meter: row, Rows: t.MeterBand.list(row.Bands)}
	if t.fairMeters.Get(row.Name) {
		m.ACLs = t.aclsByMeter.Get(row.Name)
	}
	return m
}

// DNS is the view of a DNS record set.
type DNS struct {
	*nb.DNS
	Switches []*Datapath
}

func (t *Topo) computeDNS(id ovsdb.UUID) *DNS {
	row := t.DNS.Get(id)
	if row == nil {
		return nil
	}
	d := &DNS{DNS: row}
	for _, sw := range t.switchesOfDNS.Get(id) {
		if dp := t.datapath.Get(sw); dp != nil {
			d.Switches = append(d.Switches, dp)
		}
	}
	return d
}

func (t *Topo) computeHAGroup(id ovsdb.UUID) *HAGroup {
	row := t.HAChassisGroup.Get(id)
	if row == nil {
		return nil
	}
	h := &HAGroup{ID: id, Name: row.Name}
	for _, m := range t.HAChassis.list(row.HAChassis) {
		h.Members = append(h.Members, HAMember{m.UUID, m.ChassisName, m.Priority, t.chassisNamed(m.ChassisName)})
	}
	h.sort()
	return h
}

// chassisNamed is the chassis of a name, which a host's does not stand for; zero when there is none.
func (t *Topo) chassisNamed(name string) ovsdb.UUID {
	if c := t.chassis.Get(name); c.Name == name {
		return c.ID
	}
	return ovsdb.UUID{}
}

func (h *HAGroup) sort() {
	slices.SortFunc(h.Members, func(a, b HAMember) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), strings.Compare(a.Chassis, b.Chassis))
	})
}
