package topo

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Kind is a kind of unit.
type Kind uint8

// The kinds of units, in the order in which a change is compiled.
const (
	KindGlobal Kind = iota
	KindSwitch
	KindSwitchPort
	KindRouter
	KindRouterPort
	KindLoadBalancer
	KindPortGroup
	KindAddressSet
	KindMeter
	KindMirror
	KindDNS
	KindBFD
	KindChassisTemplateVar
	KindMulticast
	NumKinds
)

var kindNames = [NumKinds]string{"global", "switch", "switch port", "router", "router port", "load balancer", "port group",
	"address set", "meter", "mirror", "dns", "BFD session", "chassis template variables", "multicast"}

func (k Kind) String() string { return kindNames[k] }

// Unit is a unit of compilation with its present view: *Switch, *SwitchPort, …; nil when the unit is gone.
type Unit struct {
	Kind Kind
	ID   ovsdb.UUID
	View any
}

// Topo holds the network. See the package comment.
type Topo struct {
	graph *graph
	rows

	// From the southbound database and the allocator.
	dpKeys    *Input[ovsdb.UUID, *DatapathKey] // by Logical_Switch or Logical_Router
	portKeys  *Input[string, *PortKey]         // by logical port name
	bindings  *Input[string, *Binding]         // by logical port name
	south     *Input[struct{}, *South]
	chassis   *Input[string, Chassis] // by name, and by host name where that is not a name
	monitors  *Input[MonitorKey, MonitorState]
	aclIDs    *Input[ovsdb.UUID, int64]
	learned   *Input[ovsdb.UUID, *LearnedRoute] // by Learned_Route
	bfdStatus *Input[bfdKey, string]            // that chassis wrote
	bfdSource *Input[bfdKey, int64]
	igmp      *Input[ovsdb.UUID, *IGMP] // by Datapath_Binding
	mcastKeys *Input[mcastKey, int64]

	// Who refers to a row.
	switchOf       *index[ovsdb.UUID] // Logical_Switch_Port → Logical_Switch
	routerOf       *index[ovsdb.UUID] // Logical_Router_Port → Logical_Router
	lspByName      *index[string]
	lrpByName      *index[string]
	lspByRouterLRP *index[string]     // name of a Logical_Router_Port → ports of type router that name it
	lspByParent    *index[string]     // name of a parent port → its children
	lrpByPeer      *index[string]     // name of a Logical_Router_Port → router ports that name it as peer
	pgOf           *index[ovsdb.UUID] // Logical_Switch_Port → Port_Groups
	switchesOfLB   *index[ovsdb.UUID] // Load_Balancer → Logical_Switches
	switchesOfLBG  *index[ovsdb.UUID] // Load_Balancer_Group → Logical_Switches
	routersOfLB    *index[ovsdb.UUID] // Load_Balancer → Logical_Routers
	routersOfLBG   *index[ovsdb.UUID] // Load_Balancer_Group → Logical_Routers
	groupsOfLB     *index[ovsdb.UUID] // Load_Balancer → Load_Balancer_Groups
	switchesOfDNS  *index[ovsdb.UUID] // DNS → Logical_Switches
	bfdByPort      *index[string]     // logical port → BFD
	bfdBySession   *index[bfdKey]     // what it is about → BFD
	learnedBy      *index[ovsdb.UUID] // Datapath_Binding → Learned_Route
	haPorts        *index[struct{}]   // Logical_Router_Ports with a choice of chassis
	staticMACs     *index[string]     // logical port → Static_MAC_Binding
	members        members

	rules

	macs     macPool
	nbGlobal ovsdb.UUID
	// Ports whose place in members has to be looked at.
	portsAffected       map[ovsdb.UUID]struct{}
	routerPortsAffected map[ovsdb.UUID]struct{}
}

// New returns an empty network.
func New() *Topo {
	g := &graph{}
	t := &Topo{
		graph:     g,
		rows:      newRows(g),
		dpKeys:    newInput[ovsdb.UUID, *DatapathKey](g),
		portKeys:  newInput[string, *PortKey](g),
		bindings:  newInput[string, *Binding](g),
		south:     newInput[struct{}, *South](g),
		chassis:   newInput[string, Chassis](g),
		monitors:  newInput[MonitorKey, MonitorState](g),
		aclIDs:    newInput[ovsdb.UUID, int64](g),
		learned:   newInput[ovsdb.UUID, *LearnedRoute](g),
		bfdStatus: newInput[bfdKey, string](g),
		bfdSource: newInput[bfdKey, int64](g),
		igmp:      newInput[ovsdb.UUID, *IGMP](g),
		mcastKeys: newInput[mcastKey, int64](g),

		switchOf:       newIndex[ovsdb.UUID](g),
		routerOf:       newIndex[ovsdb.UUID](g),
		lspByName:      newIndex[string](g),
		lrpByName:      newIndex[string](g),
		lspByRouterLRP: newIndex[string](g),
		lspByParent:    newIndex[string](g),
		lrpByPeer:      newIndex[string](g),
		pgOf:           newIndex[ovsdb.UUID](g),
		switchesOfLB:   newIndex[ovsdb.UUID](g),
		switchesOfLBG:  newIndex[ovsdb.UUID](g),
		routersOfLB:    newIndex[ovsdb.UUID](g),
		routersOfLBG:   newIndex[ovsdb.UUID](g),
		groupsOfLB:     newIndex[ovsdb.UUID](g),
		switchesOfDNS:  newIndex[ovsdb.UUID](g),
		bfdByPort:      newIndex[string](g),
		bfdBySession:   newIndex[bfdKey](g),
		learnedBy:      newIndex[ovsdb.UUID](g),
		haPorts:        newIndex[struct{}](g),
		staticMACs:     newIndex[string](g),
		portsAffected:  map[ovsdb.UUID]struct{}{},

		routerPortsAffected: map[ovsdb.UUID]struct{}{},
	}
	t.members.init(g)
	t.macs = newMACPool()
	t.initRules()
	t.south.put(struct{}{}, &South{})
	t.global.start(struct{}{})
	return t
}

// Settle computes everything that the changes since the last call lead to and returns the units whose view changed, by kind,
// and the rules that panicked.
func (t *Topo) Settle() ([]Unit, []Fault) {
	t.Placements()
	t.graph.settle()
	units, faults := t.graph.changed, t.graph.faults
	t.graph.changed, t.graph.faults = nil, nil

	// A unit that was stopped and started again, or computed twice, is reported with its last view.
	type id struct {
		Kind
		ovsdb.UUID
	}
	last := make(map[id]int, len(units))
	for i, u := range units {
		last[id{u.Kind, u.ID}] = i
	}
	out := units[:0]
	for i, u := range units {
		if last[id{u.Kind, u.ID}] == i {
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, func(a, b Unit) int { return int(a.Kind) - int(b.Kind) })
	return out, faults
}

// SetDatapathKey says what the Datapath_Binding of a Logical_Switch or Logical_Router is; nil forgets it.
func (t *Topo) SetDatapathKey(id ovsdb.UUID, k *DatapathKey) { setOrRemove(t.dpKeys, id, k) }

// SetPortKey says what the Port_Binding of a logical port is; nil forgets it.
func (t *Topo) SetPortKey(name string, k *PortKey) { setOrRemove(t.portKeys, name, k) }

// SetBinding says where a logical port is bound; nil means nowhere.
func (t *Topo) SetBinding(name string, b *Binding) { setOrRemove(t.bindings, name, b) }

// SetSouth sets what is known of the whole southbound database.
func (t *Topo) SetSouth(s *South) { t.south.put(struct{}{}, s) }

// SetChassis sets all chassis.
func (t *Topo) SetChassis(all map[string]Chassis) {
	var gone []string
	t.chassis.each(func(name string, _ Chassis) {
		if _, ok := all[name]; !ok {
			gone = append(gone, name)
		}
	})
	for _, name := range gone {
		t.chassis.remove(name)
	}
	for name, c := range all {
		t.chassis.put(name, c)
	}
}

// MonitorState is what a row of Service_Monitor says.
type MonitorState struct {
	ID      ovsdb.UUID
	Status  string // that a chassis wrote, "" for none
	Chassis string // that watches
}

// SetMonitor sets what a row of Service_Monitor says; exists is false when the row is gone.
func (t *Topo) SetMonitor(k MonitorKey, s MonitorState, exists bool) {
	if exists {
		t.monitors.put(k, s)
	} else {
		t.monitors.remove(k)
	}
}

// SetACLID sets the ID of an ACL that keeps established connections; 0 forgets it.
func (t *Topo) SetACLID(acl ovsdb.UUID, id int64) {
	if id == 0 {
		t.aclIDs.remove(acl)
	} else {
		t.aclIDs.put(acl, id)
	}
}

// ACLID is the ID that SetACLID has set, 0 for none.
func (t *Topo) ACLID(acl ovsdb.UUID) int64 { return t.aclIDs.peek(acl) }

func setOrRemove[K comparable, V any](in *Input[K, *V], k K, v *V) {
	if v == nil {
		in.remove(k)
	} else {
		in.put(k, v)
	}
}

// DatapathKey identifies a datapath in the southbound database.
type DatapathKey struct {
	SB  ovsdb.UUID // of the Datapath_Binding
	Key int64      // tunnel_key
}

// PortKey identifies a port in the southbound database.
type PortKey struct {
	SB    ovsdb.UUID // of the Port_Binding
	Key   int64      // tunnel_key
	Queue int64      // options:qdisc_queue_id that northd allocated, 0 for none
	Owner ovsdb.UUID // Logical_Switch_Port or Logical_Router_Port; another port of the same name has no key
}

// Binding is the state of a Port_Binding that chassis write.
type Binding struct {
	Chassis           string // name, "" when unbound
	AdditionalChassis string // names, separated by spaces
	Up                bool
	VirtualParent     string
	Delegated         string // options:ipv6_ra_pd_list: prefixes that were delegated to a router port, as its chassis wrote them
	Activated         string // options:additional-chassis-activated, which a migrating machine's new chassis wrote
	BoundByUs         bool   // northd bound it, to the chassis of another availability zone (options:is-remote-nb-bound)
}

// Chassis is a chassis as ports refer to it.
type Chassis struct {
	ID     ovsdb.UUID
	Name   string
	Remote bool // of another availability zone (other_config:is-remote)
}

// MonitorKey is what a Service_Monitor row watches.
type MonitorKey struct {
	Port, IP, Protocol string
	L4                 int64
}

// South is what compilation depends on of all chassis together.
type South struct {
	// Missing lists the optional features (keys of Chassis.other_config) that at least one chassis lacks. No chassis at all
	// lacks nothing.
	Missing map[string]bool
	// VXLAN says that at least one chassis has VXLAN for its only encapsulation, which limits tunnel keys.
	VXLAN bool
	// SvcMonitorMAC and MACPrefix as the engine chose or found them.
	SvcMonitorMAC string
	MACPrefix     string
}
