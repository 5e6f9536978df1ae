package topo

import (
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// table is a northbound table as an input.
type table[R any] struct {
	*Input[ovsdb.UUID, *R]
}

func newTable[R any](g *graph) table[R] { return table[R]{newInput[ovsdb.UUID, *R](g)} }

// list returns the rows of a reference column; dangling references are left out.
func (t table[R]) list(ids []ovsdb.UUID) []*R {
	out := make([]*R, 0, len(ids))
	for _, id := range ids {
		if r := t.Get(id); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// opt returns the row of an optional reference column, or nil.
func (t table[R]) opt(id *ovsdb.UUID) *R {
	if id == nil {
		return nil
	}
	return t.Get(*id)
}

// rows are the northbound tables that compilation reads.
type rows struct {
	ACL                      table[nb.ACL]
	AddressSet               table[nb.AddressSet]
	BFD                      table[nb.BFD]
	ChassisTemplateVar       table[nb.ChassisTemplateVar]
	Copp                     table[nb.Copp]
	DHCPOptions              table[nb.DHCPOptions]
	DHCPRelay                table[nb.DHCPRelay]
	DNS                      table[nb.DNS]
	ForwardingGroup          table[nb.ForwardingGroup]
	GatewayChassis           table[nb.GatewayChassis]
	HAChassis                table[nb.HAChassis]
	HAChassisGroup           table[nb.HAChassisGroup]
	LoadBalancer             table[nb.LoadBalancer]
	LoadBalancerGroup        table[nb.LoadBalancerGroup]
	LoadBalancerHealthCheck  table[nb.LoadBalancerHealthCheck]
	LogicalRouter            table[nb.LogicalRouter]
	LogicalRouterPolicy      table[nb.LogicalRouterPolicy]
	LogicalRouterPort        table[nb.LogicalRouterPort]
	LogicalRouterStaticRoute table[nb.LogicalRouterStaticRoute]
	LogicalSwitch            table[nb.LogicalSwitch]
	LogicalSwitchPort        table[nb.LogicalSwitchPort]
	Meter                    table[nb.Meter]
	MeterBand                table[nb.MeterBand]
	Mirror                   table[nb.Mirror]
	NAT                      table[nb.NAT]
	NBGlobal                 table[nb.NBGlobal]
	PortGroup                table[nb.PortGroup]
	QoS                      table[nb.QoS]
	Sample                   table[nb.Sample]
	SampleCollector          table[nb.SampleCollector]
	SamplingApp              table[nb.SamplingApp]
	StaticMACBinding         table[nb.StaticMACBinding]
}

func newRows(g *graph) rows {
	return rows{
		newTable[nb.ACL](g), newTable[nb.AddressSet](g), newTable[nb.BFD](g), newTable[nb.ChassisTemplateVar](g),
		newTable[nb.Copp](g), newTable[nb.DHCPOptions](g), newTable[nb.DHCPRelay](g), newTable[nb.DNS](g),
		newTable[nb.ForwardingGroup](g), newTable[nb.GatewayChassis](g), newTable[nb.HAChassis](g),
		newTable[nb.HAChassisGroup](g), newTable[nb.LoadBalancer](g), newTable[nb.LoadBalancerGroup](g),
		newTable[nb.LoadBalancerHealthCheck](g), newTable[nb.LogicalRouter](g), newTable[nb.LogicalRouterPolicy](g),
		newTable[nb.LogicalRouterPort](g), newTable[nb.LogicalRouterStaticRoute](g), newTable[nb.LogicalSwitch](g),
		newTable[nb.LogicalSwitchPort](g), newTable[nb.Meter](g), newTable[nb.MeterBand](g), newTable[nb.Mirror](g),
		newTable[nb.NAT](g), newTable[nb.NBGlobal](g), newTable[nb.PortGroup](g), newTable[nb.QoS](g),
		newTable[nb.Sample](g), newTable[nb.SampleCollector](g), newTable[nb.SamplingApp](g),
		newTable[nb.StaticMACBinding](g),
	}
}

// Tables lists the northbound tables that Apply takes.
func Tables() []string {
	return []string{nb.TableACL, nb.TableAddressSet, nb.TableBFD, nb.TableChassisTemplateVar, nb.TableCopp,
		nb.TableDHCPOptions, nb.TableDHCPRelay, nb.TableDNS, nb.TableForwardingGroup, nb.TableGatewayChassis,
		nb.TableHAChassis, nb.TableHAChassisGroup, nb.TableLoadBalancer, nb.TableLoadBalancerGroup,
		nb.TableLoadBalancerHealthCheck, nb.TableLogicalRouter, nb.TableLogicalRouterPolicy, nb.TableLogicalRouterPort,
		nb.TableLogicalRouterStaticRoute, nb.TableLogicalSwitch, nb.TableLogicalSwitchPort, nb.TableMeter,
		nb.TableMeterBand, nb.TableMirror, nb.TableNAT, nb.TableNBGlobal, nb.TablePortGroup, nb.TableQoS, nb.TableSample,
		nb.TableSampleCollector, nb.TableSamplingApp, nb.TableStaticMACBinding}
}

// Apply takes one changed row; old is nil for an insert, new for a delete.
func (t *Topo) Apply(c ovsdb.Change) {
	switch c.Table {
	case nb.TableACL:
		o, n := apply(t.ACL, c, plainACL)
		moveKey(t.aclsByMeter, c, key(o, aclMeter), key(n, aclMeter))
	case nb.TableAddressSet:
		apply(t.AddressSet, c, nb.NewAddressSet)
		startStop(t.addressSets, c)
	case nb.TableBFD:
		t.applyBFD(c)
	case nb.TableChassisTemplateVar:
		apply(t.ChassisTemplateVar, c, nb.NewChassisTemplateVar)
		startStop(t.templateVars, c)
	case nb.TableCopp:
		apply(t.Copp, c, nb.NewCopp)
	case nb.TableDHCPOptions:
		apply(t.DHCPOptions, c, nb.NewDHCPOptions)
	case nb.TableDHCPRelay:
		apply(t.DHCPRelay, c, nb.NewDHCPRelay)
	case nb.TableDNS:
		apply(t.DNS, c, plainDNS)
		startStop(t.dnsUnits, c)
	case nb.TableForwardingGroup:
		apply(t.ForwardingGroup, c, nb.NewForwardingGroup)
	case nb.TableGatewayChassis:
		apply(t.GatewayChassis, c, nb.NewGatewayChassis)
	case nb.TableHAChassis:
		apply(t.HAChassis, c, nb.NewHAChassis)
	case nb.TableHAChassisGroup:
		apply(t.HAChassisGroup, c, nb.NewHAChassisGroup)
	case nb.TableLoadBalancer:
		apply(t.LoadBalancer, c, nb.NewLoadBalancer)
		startStop(t.loadBalancers, c)
	case nb.TableLoadBalancerGroup:
		o, n := apply(t.LoadBalancerGroup, c, nb.NewLoadBalancerGroup)
		lbs := func(r *nb.LoadBalancerGroup) []ovsdb.UUID { return r.LoadBalancer }
		refs(t.groupsOfLB, rowUUID(c), set(o, lbs), set(n, lbs))
	case nb.TableLoadBalancerHealthCheck:
		apply(t.LoadBalancerHealthCheck, c, nb.NewLoadBalancerHealthCheck)
	case nb.TableLogicalRouter:
		t.applyRouter(c)
	case nb.TableLogicalRouterPolicy:
		apply(t.LogicalRouterPolicy, c, nb.NewLogicalRouterPolicy)
	case nb.TableLogicalRouterPort:
		o, n := apply(t.LogicalRouterPort, c, nb.NewLogicalRouterPort)
		moveKey(t.lrpByName, c, key(o, lrpName), key(n, lrpName))
		moveKey(t.lrpByPeer, c, key(o, lrpPeer), key(n, lrpPeer))
		t.noteChoice(rowUUID(c), o, n)
		t.routerAffected(rowUUID(c))
		startStop(t.routerPorts, c)
	case nb.TableLogicalRouterStaticRoute:
		apply(t.LogicalRouterStaticRoute, c, nb.NewLogicalRouterStaticRoute)
	case nb.TableLogicalSwitch:
		t.applySwitch(c)
	case nb.TableLogicalSwitchPort:
		t.applySwitchPort(c)
	case nb.TableMeter:
		o, n := apply(t.Meter, c, nb.NewMeter)
		name := func(r *nb.Meter) string { return r.Name }
		moveKey(t.metersByName, c, key(o, name), key(n, name))
		startStop(t.meters, c)
	case nb.TableMeterBand:
		apply(t.MeterBand, c, nb.NewMeterBand)
	case nb.TableMirror:
		apply(t.Mirror, c, nb.NewMirror)
		startStop(t.mirrors, c)
	case nb.TableNAT:
		apply(t.NAT, c, nb.NewNAT)
	case nb.TableNBGlobal:
		apply(t.NBGlobal, c, nb.NewNBGlobal)
		if c.New != nil {
			t.nbGlobal = c.New.UUID
		}
		t.nbGlobalID.put(struct{}{}, t.nbGlobal)
	case nb.TablePortGroup:
		o, n := apply(t.PortGroup, c, nb.NewPortGroup)
		ports := func(r *nb.PortGroup) []ovsdb.UUID { return r.Ports }
		DiffSorted(set(o, ports), set(n, ports),
			func(p ovsdb.UUID) { t.pgOf.del(p, rowUUID(c)); t.affected(p) },
			func(p ovsdb.UUID) { t.pgOf.add(p, rowUUID(c)); t.affected(p) })
		startStop(t.portGroups, c)
	case nb.TableQoS:
		apply(t.QoS, c, nb.NewQoS)
	case nb.TableSample:
		apply(t.Sample, c, nb.NewSample)
	case nb.TableSampleCollector:
		apply(t.SampleCollector, c, nb.NewSampleCollector)
	case nb.TableSamplingApp:
		apply(t.SamplingApp, c, nb.NewSamplingApp)
		if c.New != nil {
			t.samplingApps.add(struct{}{}, c.New.UUID)
		} else {
			t.samplingApps.del(struct{}{}, c.Old.UUID)
		}
	case nb.TableStaticMACBinding:
		o, n := apply(t.StaticMACBinding, c, nb.NewStaticMACBinding)
		port := func(r *nb.StaticMACBinding) string { return r.LogicalPort }
		moveKey(t.staticMACs, c, key(o, port), key(n, port))
	}
}

func (t *Topo) applySwitch(c ovsdb.Change) {
	o, n := apply(t.LogicalSwitch, c, plainSwitch)
	id := rowUUID(c)
	ports := func(r *nb.LogicalSwitch) []ovsdb.UUID { return r.Ports }
	DiffSorted(set(o, ports), set(n, ports),
		func(p ovsdb.UUID) { t.switchOf.del(p, id); t.affected(p) },
		func(p ovsdb.UUID) { t.switchOf.add(p, id); t.affected(p) })
	lbs := func(r *nb.LogicalSwitch) []ovsdb.UUID { return r.LoadBalancer }
	refs(t.switchesOfLB, id, set(o, lbs), set(n, lbs))
	groups := func(r *nb.LogicalSwitch) []ovsdb.UUID { return r.LoadBalancerGroup }
	refs(t.switchesOfLBG, id, set(o, groups), set(n, groups))
	dns := func(r *nb.LogicalSwitch) []ovsdb.UUID { return r.DNSRecords }
	refs(t.switchesOfDNS, id, set(o, dns), set(n, dns))
	startStop(t.switches, c)
	startStop(t.multicasts, c)
}

func (t *Topo) applyRouter(c ovsdb.Change) {
	o, n := apply(t.LogicalRouter, c, nb.NewLogicalRouter)
	id := rowUUID(c)
	ports := func(r *nb.LogicalRouter) []ovsdb.UUID { return r.Ports }
	DiffSorted(set(o, ports), set(n, ports),
		func(p ovsdb.UUID) { t.routerOf.del(p, id); t.routerAffected(p) },
		func(p ovsdb.UUID) { t.routerOf.add(p, id); t.routerAffected(p) })
	lbs := func(r *nb.LogicalRouter) []ovsdb.UUID { return r.LoadBalancer }
	refs(t.routersOfLB, id, set(o, lbs), set(n, lbs))
	groups := func(r *nb.LogicalRouter) []ovsdb.UUID { return r.LoadBalancerGroup }
	refs(t.routersOfLBG, id, set(o, groups), set(n, groups))
	startStop(t.routers, c)
	startStop(t.multicasts, c)
}

func (t *Topo) applySwitchPort(c ovsdb.Change) {
	o, n := apply(t.LogicalSwitchPort, c, nb.NewLogicalSwitchPort)
	moveKey(t.lspByName, c, key(o, lspName), key(n, lspName))
	moveKey(t.lspByRouterLRP, c, key(o, lspRouterPort), key(n, lspRouterPort))
	moveKey(t.lspByParent, c, key(o, lspParent), key(n, lspParent))
	t.macs.note(rowUUID(c), n)
	t.affected(rowUUID(c))
	startStop(t.ports, c)
}

func aclMeter(r *nb.ACL) string {
	if r.Meter == nil || !r.Log {
		return ""
	}
	return *r.Meter
}
func lspName(r *nb.LogicalSwitchPort) string { return r.Name }
func lspParent(r *nb.LogicalSwitchPort) string {
	if r.ParentName == nil {
		return ""
	}
	return *r.ParentName
}
func lspRouterPort(r *nb.LogicalSwitchPort) string {
	if r.Type != "router" {
		return ""
	}
	return r.Options["router-port"]
}
func lrpName(r *nb.LogicalRouterPort) string { return r.Name }
func lrpPeer(r *nb.LogicalRouterPort) string {
	if r.Peer == nil {
		return ""
	}
	return *r.Peer
}

// apply stores a row and returns it in its old and new form.
func apply[R any](t table[R], c ovsdb.Change, from func(*ovsdb.Row) *R) (o, n *R) {
	id := rowUUID(c)
	o = t.peek(id)
	if c.New == nil {
		t.remove(id)
		return o, nil
	}
	n = from(c.New)
	t.put(id, n)
	return o, n
}

func rowUUID(c ovsdb.Change) ovsdb.UUID {
	if c.New != nil {
		return c.New.UUID
	}
	return c.Old.UUID
}

// set reads a column of a row that may be nil.
func set[R any](r *R, column func(*R) []ovsdb.UUID) []ovsdb.UUID {
	if r == nil {
		return nil
	}
	return column(r)
}

func key[R any](r *R, column func(*R) string) string {
	if r == nil {
		return ""
	}
	return column(r)
}

// moveKey maintains an index by a string column; the empty string is no key.
func moveKey(x *index[string], c ovsdb.Change, old, new string) {
	if old == new {
		return
	}
	id := rowUUID(c)
	if old != "" {
		x.del(old, id)
	}
	if new != "" {
		x.add(new, id)
	}
}

// startStop makes a row a unit as long as it exists.
func startStop[V any](r *Rule[ovsdb.UUID, V], c ovsdb.Change) {
	if c.New != nil {
		r.start(c.New.UUID)
	} else {
		r.stop(c.Old.UUID)
	}
}

// Words may be in capitals. Options that are copied to the southbound database stay as they are.

func plainSwitch(r *ovsdb.Row) *nb.LogicalSwitch {
	n := nb.NewLogicalSwitch(r)
	n.OtherConfig = PlainWords(n.OtherConfig)
	return n
}

func plainACL(r *ovsdb.Row) *nb.ACL {
	n := nb.NewACL(r)
	n.Options = PlainWords(n.Options)
	return n
}

func plainDNS(r *ovsdb.Row) *nb.DNS {
	n := nb.NewDNS(r)
	n.Options = PlainWords(n.Options)
	return n
}
