package northd

import (
	"log/slog"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/feature"
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// engine is the computation: rows in, operations out. It does no I/O.
type engine struct {
	log      *slog.Logger
	topo     *topo.Topo
	alloc    *allocator
	flows    *flowTable
	rows     *rowStore
	features []feature.Feature

	outputs map[unitID]*output
	waiting map[ovsdb.UUID]waiting // ports and datapaths that did not get the key or the name that they want
	failed  map[unitID]bool        // units that panicked last time

	mcast     multicast
	ages      ages
	freed     bool         // a port or datapath has gone
	downed    []ovsdb.UUID // Port_Bindings without up
	south     south
	nbGlobal  *nb.NBGlobal
	nbChanged bool // since the last step
	// Datapaths to look at in the next step.
	datapaths map[ovsdb.UUID]*datapathState
	icVXLAN   map[ovsdb.UUID]struct{} // switches with other_config:ic-vxlan_mode
	changedDP map[ovsdb.UUID]struct{}
	cleanup   []ovsdb.Op
	// Found at start: rows nobody wants, and datapaths that are gone.
	garbage []ovsdb.Op
	// Rows that are not as we left them, with their UUIDs.
	suspects map[rowKey]ovsdb.UUID
	lost     []ovsdb.Op // the removal of what chassis wrote about what does not exist
	stirred  bool       // by what others wrote, since the last step
	orphans  []topo.DatapathKey

	// Scratch of compile.
	builder feature.Builder
	rowOut  rows
	content map[lflow.ID]*lflow.Flow

	stats    Stats
	counters *Counters // nil counts nothing
}

// Stats counts work.
type Stats struct {
	Units int // compiled
	Steps int
}

type datapathState struct {
	name      string
	router    bool
	requested int64
	// How long learned rows live, as written.
	macAge, fdbAge string
}

func newEngine(log *slog.Logger) *engine {
	e := &engine{
		log: log, topo: topo.New(), alloc: newAllocator(), flows: newFlowTable(), rows: newRowStore(), features: feature.All(),
		waiting: map[ovsdb.UUID]waiting{}, outputs: map[unitID]*output{}, failed: map[unitID]bool{}, south: newSouth(), mcast: newMulticast(), ages: newAges(),
		datapaths: map[ovsdb.UUID]*datapathState{}, icVXLAN: map[ovsdb.UUID]struct{}{}, changedDP: map[ovsdb.UUID]struct{}{},
		content: map[lflow.ID]*lflow.Flow{}, suspects: map[rowKey]ovsdb.UUID{},
	}
	e.rows.add(rowKey{sb.TableSBGlobal, ""})
	return e
}

// applyNB takes one northbound commit.
func (e *engine) applyNB(changes []ovsdb.Change) {
	e.counters.commit("NB_", e.stats.Steps == 0, changes)
	e.nbChanged = true
	for _, c := range changes {
		if c.Table == nb.TableLogicalRouter {
			c.Old, c.New = enabledRouter(c.Old), enabledRouter(c.New)
			if c.Old == nil && c.New == nil {
				continue
			}
		}
		e.topo.Apply(c)
		switch c.Table {
		case nb.TableNBGlobal:
			if c.New != nil {
				e.nbGlobal = nb.NewNBGlobal(c.New)
			} else if e.nbGlobal != nil && e.nbGlobal.UUID == c.Old.UUID {
				e.nbGlobal = nil
			}
		case nb.TableACL:
			if c.Old != nil && e.topo.ACLID(c.Old.UUID) != 0 && (c.New == nil || !topo.ACLWantsID(nb.NewACL(c.New))) {
				e.alloc.aclIDs.release(c.Old.UUID.String())
				e.topo.SetACLID(c.Old.UUID, 0)
			}
		case nb.TableBFD:
			e.freeSession(c)
		case nb.TableLogicalSwitch, nb.TableLogicalRouter:
			e.noteDatapath(c)
		}
	}
}

// enabledRouter is the row of a router that is enabled. A disabled one is as good as none (ovn-nb(5), Logical_Router.enabled).
func enabledRouter(r *ovsdb.Row) *ovsdb.Row {
	if r != nil {
		if on, _ := r.Get(nb.LogicalRouterColEnabled).([]bool); len(on) == 1 && !on[0] {
			return nil
		}
	}
	return r
}

func (e *engine) noteDatapath(c ovsdb.Change) {
	if c.New == nil {
		delete(e.datapaths, c.Old.UUID)
		delete(e.icVXLAN, c.Old.UUID)
		e.ages.set(c.Old.UUID, nil)
		e.changedDP[c.Old.UUID] = struct{}{}
		return
	}
	d := &datapathState{name: c.New.String("name"), router: c.Table == nb.TableLogicalRouter}
	column := nb.LogicalSwitchColOtherConfig
	if d.router {
		column = nb.LogicalRouterColOptions
	}
	m, _ := c.New.Get(column).(ovsdb.Map)
	d.requested = topo.Long(m.GetString("requested-tnl-key"), 0)
	if d.router {
		d.macAge = m.GetString("mac_binding_age_threshold")
	} else {
		d.fdbAge = m.GetString("fdb_age_threshold")
		if m.Get("ic-vxlan_mode") != nil {
			e.icVXLAN[c.New.UUID] = struct{}{}
		} else {
			delete(e.icVXLAN, c.New.UUID)
		}
	}
	if old := e.datapaths[c.New.UUID]; old == nil || *old != *d {
		e.datapaths[c.New.UUID] = d
		e.ages.set(c.New.UUID, d)
		e.changedDP[c.New.UUID] = struct{}{}
	}
}

// step computes what all changes since the last step lead to. The operations belong into one transaction each, the
// southbound one first.
func (e *engine) step() (sbOps, nbOps []ovsdb.Op) {
	e.stats.Steps++
	e.nbChanged, e.stirred = false, false
	e.rowOut.back, e.rowOut.bind = nil, nil
	e.cleanup, e.garbage, e.lost = append(e.garbage, e.lost...), nil, nil
	for i := range e.orphans {
		e.cleanupDatapath(&e.orphans[i])
	}
	e.orphans = nil
	e.topo.SetSouth(e.south.view(e.nbGlobal))
	e.cleanup = append(e.cleanup, e.settleIGMP()...)
	for _, id := range e.downed {
		e.cleanup = append(e.cleanup, ovsdb.Op{Kind: ovsdb.OpUpdate, Table: sb.TablePortBinding, Row: []ovsdb.ColumnValue{col(sb.PortBindingColUp, []bool{false})},
			Where: append(ovsdb.ByUUID(id), ovsdb.Condition{Column: sb.PortBindingColUp, Function: ovsdb.Eq, Value: []bool(nil)})})
	}
	e.downed = nil
	e.alloc.vxlan = e.vxlanMode()
	e.allocatePorts(e.topo.Placements(), e.allocateDatapaths())
	for _, u := range e.settle() {
		e.compile(u)
	}
	if e.stats.Steps == 1 {
		e.alloc.sweep()
	}
	e.globalRow()

	before, after := e.rows.commit()
	before = append(before, e.rowOut.bind...)
	flowOps := e.flows.commit()
	e.counters.count("northd", e.stats.Steps == 1, 1)
	e.counters.count("lflow", e.stats.Steps == 1, uint64(min(len(flowOps), 1)))
	sbOps = append(before, flowOps...)
	sbOps = append(sbOps, e.cleanup...)
	sbOps = append(sbOps, after...)
	return sbOps, e.rowOut.back
}

// settle lets topo compute, gives chassis-redirect ports their keys, which need computed facts, and returns the units to
// compile.
func (e *engine) settle() []topo.Unit {
	units := e.settleOnce()
	for range 3 {
		again := false
		for _, u := range units {
			again = e.allocateRedirect(u) || again
			again = e.allocateQueue(u) || again
			again = e.allocateACLIDs(u) || again
			again = e.allocateSourcePort(u) || again
			again = e.allocateGroups(u) || again
		}
		if !again {
			break
		}
		more := e.settleOnce()
		units = slices.DeleteFunc(units, func(u topo.Unit) bool {
			return slices.ContainsFunc(more, func(m topo.Unit) bool { return m.Kind == u.Kind && m.ID == u.ID })
		})
		units = append(units, more...)
	}
	return units
}

func (e *engine) settleOnce() []topo.Unit {
	units, faults := e.topo.Settle()
	for _, f := range faults {
		e.log.Error("computing fact panicked", "component", "northd", "rule", f.Rule, "row", f.Key, "err", f.Panic)
	}
	return units
}

func (e *engine) freePort(name string, owner ovsdb.UUID, moves bool) {
	p := e.alloc.port[name]
	if p == nil || !e.alloc.freePort(name, owner) {
		return
	}
	if dp := e.alloc.dp[p.dp]; dp != nil {
		e.cleanupPort(name, dp, &p.PortKey)
	}
	if !moves {
		e.topo.SetPortKey(name, nil)
	}
	e.freeRedirect("cr-"+name, owner)
}

// freeRedirect takes the key of a chassis-redirect port, and reports whether it had one.
func (e *engine) freeRedirect(name string, owner ovsdb.UUID) bool {
	p := e.alloc.port[name]
	if p == nil || !e.alloc.freePort(name, owner) {
		return false
	}
	if dp := e.alloc.dp[p.dp]; dp != nil {
		e.cleanupPort(name, dp, &p.PortKey)
	}
	e.topo.SetPortKey(name, nil)
	return true
}

// allocateRedirect gives or takes the key of a chassis-redirect port, and reports whether it did.
func (e *engine) allocateRedirect(u topo.Unit) bool {
	var name string
	var dp ovsdb.UUID
	var want, has bool
	switch v := u.View.(type) {
	case *topo.RouterPort:
		name, dp, want, has = v.CRName, v.DP.ID, v.Distributed(), v.CRKey != nil
	case *topo.SwitchPort:
		if v.Peer == nil && v.CRKey == nil {
			return false
		}
		name, dp, has = v.CRName(), v.DP.ID, v.CRKey != nil
		want = v.Peer != nil && v.LedTo && v.Peer.Distributed() && len(v.Switch.Localnets) == 0 &&
			v.PeerRouter != nil && len(v.PeerRouter.Gateways) == 1
	default:
		return false
	}
	switch {
	case want && !has:
		k, _, _, err := e.alloc.portKey(name, dp, u.ID, "", 0)
		if err != nil {
			e.log.Error("allocating key", "component", "northd", "err", err)
			return false
		}
		e.topo.SetPortKey(name, k)
	case has && !want:
		return e.freeRedirect(name, u.ID)
	default:
		return false
	}
	return true
}

// allocateQueue gives or takes the queue of a port with QoS, and reports whether it did.
func (e *engine) allocateQueue(u topo.Unit) bool {
	v, ok := u.View.(*topo.SwitchPort)
	if !ok || v.WantsQueue() == (v.Key.Queue != 0) {
		return false
	}
	k := e.alloc.queue(v.Name, v.ID, v.WantsQueue())
	if k == nil {
		return false
	}
	e.topo.SetPortKey(v.Name, k)
	return true
}

// allocateACLIDs gives the ACLs of a switch or a port group the IDs that they lack, and reports whether it did.
func (e *engine) allocateACLIDs(u topo.Unit) (did bool) {
	var acls []*topo.ACL
	switch v := u.View.(type) {
	case *topo.Switch:
		acls = v.ACLs
	case *topo.PortGroup:
		acls = v.Keepers
	}
	for _, a := range acls {
		if a.WantsID() && e.topo.ACLID(a.UUID) == 0 { // which another unit that shows the ACL may have got it a moment ago
			if id := e.alloc.aclIDs.first(maxACLID, a.UUID.String()); id != 0 {
				e.topo.SetACLID(a.UUID, id)
				did = true
			}
		}
	}
	return did
}

// cleanupDatapath and cleanupPort remove what chassis wrote about what is gone. The conditions are evaluated by the
// database, so that nothing slips in between; a row that still referred to the datapath would fail the transaction.
func (e *engine) cleanupDatapath(k *topo.DatapathKey) {
	e.freed = true
	for table, column := range map[string]string{
		sb.TableMACBinding: sb.MACBindingColDatapath, sb.TableIGMPGroup: sb.IGMPGroupColDatapath,
		sb.TableLearnedRoute: sb.LearnedRouteColDatapath, sb.TableECMPNexthop: sb.ECMPNexthopColDatapath,
		sb.TableAdvertisedRoute: sb.AdvertisedRouteColDatapath,
	} {
		e.cleanup = append(e.cleanup, deleteWhere(table, ovsdb.Condition{Column: column, Function: ovsdb.Eq,
			Value: whereValue(table, column, k.SB)}))
	}
	e.cleanupFDBs(k.Key)
}

// cleanupFDBs removes what was learned in the datapath that had a key.
func (e *engine) cleanupFDBs(dp int64) {
	e.cleanup = append(e.cleanup, deleteWhere(sb.TableFDB, ovsdb.Condition{Column: sb.FDBColDPKey, Function: ovsdb.Eq, Value: dp}))
}

// whereValue wraps a value for the columns that are optional.
func whereValue(table, column string, v ovsdb.UUID) ovsdb.Value {
	if table == sb.TableIGMPGroup && column == sb.IGMPGroupColDatapath {
		return []ovsdb.UUID{v}
	}
	return v
}

func (e *engine) cleanupPort(name string, dp *topo.DatapathKey, k *topo.PortKey) {
	e.freed = true
	e.cleanup = append(e.cleanup,
		deleteWhere(sb.TableMACBinding, ovsdb.Condition{Column: sb.MACBindingColLogicalPort, Function: ovsdb.Eq, Value: name}),
		deleteWhere(sb.TableLearnedRoute, ovsdb.Condition{Column: sb.LearnedRouteColLogicalPort, Function: ovsdb.Eq, Value: k.SB}))
	e.cleanupFDB(dp, k.Key)
}

// cleanupFDB removes what was learned at the port that had a key.
func (e *engine) cleanupFDB(dp *topo.DatapathKey, key int64) {
	e.cleanup = append(e.cleanup, deleteWhere(sb.TableFDB,
		ovsdb.Condition{Column: sb.FDBColDPKey, Function: ovsdb.Eq, Value: dp.Key},
		ovsdb.Condition{Column: sb.FDBColPortKey, Function: ovsdb.Eq, Value: key}))
}

func deleteWhere(table string, where ...ovsdb.Condition) ovsdb.Op {
	return ovsdb.Op{Kind: ovsdb.OpDelete, Table: table, Where: where}
}
