package northd

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// flowTable is all logical flows: flow → the datapaths that it is in, with the number of units that say so.
type flowTable struct {
	flows   map[lflow.ID]*flowEntry
	groups  map[setKey]*dpGroup
	groupID map[ovsdb.UUID]*dpGroup
	touched map[*flowEntry]struct{}
	emptied []*dpGroup
	hashes  map[ovsdb.UUID]setKey // of single datapaths
	shared  sharedValues
}

type flowEntry struct {
	id   lflow.ID
	flow lflow.Flow
	dps  []dpRef // by UUID
	set  setKey  // of dps
	row  ovsdb.UUID
	// What the row says now; both are empty when there is no row.
	dp    ovsdb.UUID
	group *dpGroup
}

type dpRef struct {
	dp   ovsdb.UUID
	refs int32
}

// dpGroup is a Logical_DP_Group row.
type dpGroup struct {
	id    ovsdb.UUID
	set   setKey
	dps   []ovsdb.UUID // sorted
	flows int
	// others says that rows besides flows refer to the row, as stock writes it: it does not change any more.
	others bool
}

// setKey identifies a set of datapaths: the sum of the hashes of its members, so that adding one to a set costs the same
// whatever its size.
type setKey struct{ a, b uint64 }

func (k setKey) plus(o setKey) setKey  { return setKey{k.a + o.a, k.b + o.b} }
func (k setKey) minus(o setKey) setKey { return setKey{k.a - o.a, k.b - o.b} }

func newFlowTable() *flowTable {
	return &flowTable{
		flows: map[lflow.ID]*flowEntry{}, groups: map[setKey]*dpGroup{}, groupID: map[ovsdb.UUID]*dpGroup{},
		touched: map[*flowEntry]struct{}{}, hashes: map[ovsdb.UUID]setKey{},
		shared: sharedValues{sets: map[ovsdb.UUID]ovsdb.Value{}},
	}
}

func (t *flowTable) hash(dp ovsdb.UUID) setKey {
	k, ok := t.hashes[dp]
	if !ok {
		s := sha256.Sum256(dp[:])
		k = setKey{binary.BigEndian.Uint64(s[:]), binary.BigEndian.Uint64(s[8:])}
		if len(t.hashes) >= maxShared {
			clear(t.hashes)
		}
		t.hashes[dp] = k
	}
	return k
}

// add and remove count one unit's emission of a flow into a datapath.
func (t *flowTable) add(id lflow.ID, f *lflow.Flow, dp ovsdb.UUID) {
	e := t.flows[id]
	if e == nil {
		e = &flowEntry{id: id, row: ovsdb.UUID(id)}
		t.flows[id] = e
	}
	if e.flow.Match == "" {
		e.flow = *f
	}
	i, found := e.find(dp)
	if found {
		e.dps[i].refs++
		return
	}
	e.dps = slices.Insert(e.dps, i, dpRef{dp, 1})
	e.set = e.set.plus(t.hash(dp))
	t.touched[e] = struct{}{}
}

func (t *flowTable) remove(id lflow.ID, dp ovsdb.UUID) {
	e := t.flows[id]
	i, found := e.find(dp)
	if !found {
		return
	}
	if e.dps[i].refs--; e.dps[i].refs > 0 {
		return
	}
	e.dps = slices.Delete(e.dps, i, i+1)
	e.set = e.set.minus(t.hash(dp))
	t.touched[e] = struct{}{}
}

func (e *flowEntry) find(dp ovsdb.UUID) (int, bool) {
	return slices.BinarySearchFunc(e.dps, dp, func(r dpRef, dp ovsdb.UUID) int { return r.dp.Compare(dp) })
}

func (e *flowEntry) list() []ovsdb.UUID {
	out := make([]ovsdb.UUID, len(e.dps))
	for i, r := range e.dps {
		out[i] = r.dp
	}
	return out
}

// exists reports whether the flow has a row.
func (e *flowEntry) exists() bool { return !e.dp.IsZero() || e.group != nil }

// load takes a row that is in the database at start. A row that is no flow we could have written, or a second one of the
// same flow, is returned as garbage.
func (t *flowTable) load(r *sb.LogicalFlow, groups map[ovsdb.UUID][]ovsdb.UUID) (garbage bool) {
	f, ok := flowOfRow(r)
	if !ok {
		return true
	}
	id := f.ID()
	if e := t.flows[id]; e != nil {
		return true
	}
	e := &flowEntry{id: id, flow: f, row: r.UUID}
	switch {
	case r.LogicalDatapath != nil && r.LogicalDPGroup == nil:
		e.dp = *r.LogicalDatapath
	case r.LogicalDatapath == nil && r.LogicalDPGroup != nil:
		dps := groups[*r.LogicalDPGroup]
		if len(dps) == 0 {
			return true
		}
		e.group = t.loadGroup(*r.LogicalDPGroup, dps)
		e.group.flows++
	default:
		return true
	}
	t.flows[id] = e
	t.touched[e] = struct{}{}
	return false
}

func (t *flowTable) loadGroup(id ovsdb.UUID, dps []ovsdb.UUID) *dpGroup {
	if g := t.groupID[id]; g != nil {
		return g
	}
	g := &dpGroup{id: id, dps: dps}
	for _, dp := range dps {
		g.set = g.set.plus(t.hash(dp))
	}
	t.groupID[id] = g
	if t.groups[g.set] == nil {
		t.groups[g.set] = g
	}
	return g
}

func flowOfRow(r *sb.LogicalFlow) (lflow.Flow, bool) {
	for s := lflow.Stage(0); s < lflow.NumStages; s++ {
		if s.String() != r.ExternalIDs["stage-name"] {
			continue
		}
		if string(s.Pipeline()) != r.Pipeline || int64(s.Table()) != r.TableID || len(r.Tags) > 1 {
			return lflow.Flow{}, false
		}
		f := lflow.Flow{Stage: s, Priority: uint16(r.Priority), Match: r.Match, Actions: r.Actions,
			Port: r.Tags["in_out_port"], Hint: r.ExternalIDs["stage-hint"]}
		if len(r.Tags) == 1 && f.Port == "" {
			return lflow.Flow{}, false
		}
		if r.ControllerMeter != nil {
			f.Meter = *r.ControllerMeter
		}
		return f, true
	}
	return lflow.Flow{}, false
}

// commit returns the operations for what was touched, and takes them as done.
func (t *flowTable) commit() []ovsdb.Op {
	if len(t.touched) == 0 {
		return nil
	}
	touched := make([]*flowEntry, 0, len(t.touched))
	leaving := map[*dpGroup]map[setKey]int{} // group → where its touched flows want to be → how many
	for e := range t.touched {
		touched = append(touched, e)
		if e.group != nil && e.group.set != e.set {
			m := leaving[e.group]
			if m == nil {
				m = map[setKey]int{}
				leaving[e.group] = m
			}
			m[e.set]++
		}
	}
	slices.SortFunc(touched, func(a, b *flowEntry) int {
		return cmp.Or(cmp.Compare(a.flow.Stage, b.flow.Stage), cmp.Compare(b.flow.Priority, a.flow.Priority),
			slices.Compare(a.id[:], b.id[:]))
	})
	var ops []ovsdb.Op
	for _, e := range touched {
		// All flows of a group that move together take the group with them.
		if g := e.group; g != nil && !g.others && len(e.dps) > 1 && g.set != e.set && leaving[g][e.set] == g.flows && t.groups[e.set] == nil {
			ops = append(ops, t.regroup(g, e))
		}
		ops = t.place(e, ops)
	}
	if len(t.touched) > 1<<12 {
		t.touched = map[*flowEntry]struct{}{} // a map that was cleared keeps its size
	} else {
		clear(t.touched)
	}
	for _, g := range t.emptied {
		if g.flows == 0 {
			delete(t.groupID, g.id)
			if t.groups[g.set] == g {
				delete(t.groups, g.set)
			}
		}
	}
	t.emptied = t.emptied[:0]
	return ops
}

// regroup changes the set of a group to that of e.
func (t *flowTable) regroup(g *dpGroup, e *flowEntry) ovsdb.Op {
	old := g.dps
	if t.groups[g.set] == g {
		delete(t.groups, g.set)
	}
	g.set, g.dps = e.set, e.list()
	t.groups[g.set] = g
	var gone, come []ovsdb.UUID
	topo.DiffSorted(old, g.dps, func(u ovsdb.UUID) { gone = append(gone, u) }, func(u ovsdb.UUID) { come = append(come, u) })
	return ovsdb.Mutate(sb.TableLogicalDPGroup, g.id, setMutations(sb.LogicalDPGroupColDatapaths, gone, come)...)
}

func setMutations[T any](column string, gone, come []T) []ovsdb.Mutation {
	var muts []ovsdb.Mutation
	if len(gone) > 0 {
		muts = append(muts, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutDelete, Value: gone})
	}
	if len(come) > 0 {
		muts = append(muts, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutInsert, Value: come})
	}
	return muts
}

// place brings the row of e to where e is.
func (t *flowTable) place(e *flowEntry, ops []ovsdb.Op) []ovsdb.Op {
	had := e.exists()
	switch {
	case len(e.dps) == 0:
		t.leave(e)
		delete(t.flows, e.id)
		if had {
			ops = append(ops, ovsdb.Delete(sb.TableLogicalFlow, e.row))
		}
		return ops
	case len(e.dps) == 1:
		if e.dp == e.dps[0].dp && e.group == nil {
			return ops
		}
		t.leave(e)
		e.dp = e.dps[0].dp
	default:
		if e.group != nil && e.group.set == e.set {
			return ops
		}
		t.leave(e)
		g := t.groups[e.set]
		if g == nil {
			g = &dpGroup{set: e.set, dps: e.list()}
			g.id = t.newGroupID(g)
			t.groups[g.set], t.groupID[g.id] = g, g
			ops = append(ops, ovsdb.Insert(sb.TableLogicalDPGroup, g.id,
				ovsdb.ColumnValue{Column: sb.LogicalDPGroupColDatapaths, Value: g.dps}))
		}
		e.group = g
		g.flows++
	}
	where := t.where(e)
	if had {
		return append(ops, ovsdb.Update(sb.TableLogicalFlow, e.row, where...))
	}
	return append(ops, ovsdb.Insert(sb.TableLogicalFlow, e.row, append(t.shared.columns(&e.flow), where...)...))
}

// leave takes e out of its group. A group without flows is collected by the database, since nothing refers to it; until the
// end of the transaction it is still there to be used again.
func (t *flowTable) leave(e *flowEntry) {
	if g := e.group; g != nil {
		if g.flows--; g.flows == 0 {
			t.emptied = append(t.emptied, g)
		}
	}
	e.dp, e.group = ovsdb.UUID{}, nil
}

func (t *flowTable) newGroupID(g *dpGroup) ovsdb.UUID {
	b := make([]byte, 0, 32)
	b = binary.BigEndian.AppendUint64(b, g.set.a)
	b = binary.BigEndian.AppendUint64(b, g.set.b)
	for salt := byte(0); ; salt++ {
		id := hashUUID(sb.TableLogicalDPGroup, string(append(b, salt)))
		if t.groupID[id] == nil {
			return id
		}
	}
}

// where is the two columns that say in which datapaths a flow is.
func (t *flowTable) where(e *flowEntry) []ovsdb.ColumnValue {
	var dp, group ovsdb.Value = []ovsdb.UUID(nil), []ovsdb.UUID(nil)
	if e.group != nil {
		group = t.shared.set(e.group.id)
	} else {
		dp = t.shared.set(e.dp)
	}
	return []ovsdb.ColumnValue{
		{Column: sb.LogicalFlowColLogicalDatapath, Value: dp},
		{Column: sb.LogicalFlowColLogicalDPGroup, Value: group},
	}
}

const maxShared = 1 << 16

// sharedValues are values that many flows have, made once: each costs memory as long as the row is there.
type sharedValues struct {
	sets   map[ovsdb.UUID]ovsdb.Value // of one datapath or group
	stages [lflow.NumStages]struct{ pipeline, table, name, ids ovsdb.Value }
}

func (v *sharedValues) set(id ovsdb.UUID) ovsdb.Value {
	s := v.sets[id]
	if s == nil {
		if len(v.sets) >= maxShared {
			clear(v.sets) // they can be made again, and most are of what is gone
		}
		s = []ovsdb.UUID{id}
		v.sets[id] = s
	}
	return s
}

// columns is what a flow says.
func (v *sharedValues) columns(f *lflow.Flow) []ovsdb.ColumnValue {
	s := &v.stages[f.Stage]
	if s.name == nil {
		s.pipeline, s.table, s.name = string(f.Stage.Pipeline()), int64(f.Stage.Table()), f.Stage.String()
		s.ids = ovsdb.Map{{K: "stage-name", V: s.name}}
	}
	ids := s.ids
	if f.Hint != "" {
		ids = ovsdb.Map{{K: "stage-hint", V: f.Hint}, {K: "stage-name", V: s.name}}
	}
	cols := append(make([]ovsdb.ColumnValue, 0, 10),
		ovsdb.ColumnValue{Column: sb.LogicalFlowColPipeline, Value: s.pipeline},
		ovsdb.ColumnValue{Column: sb.LogicalFlowColTableID, Value: s.table},
		ovsdb.ColumnValue{Column: sb.LogicalFlowColPriority, Value: int64(f.Priority)},
		ovsdb.ColumnValue{Column: sb.LogicalFlowColMatch, Value: f.Match},
		ovsdb.ColumnValue{Column: sb.LogicalFlowColActions, Value: f.Actions},
		ovsdb.ColumnValue{Column: sb.LogicalFlowColExternalIDs, Value: ids},
	)
	if f.Meter != "" {
		cols = append(cols, ovsdb.ColumnValue{Column: sb.LogicalFlowColControllerMeter, Value: []string{f.Meter}})
	}
	if f.Port != "" {
		cols = append(cols, ovsdb.ColumnValue{Column: sb.LogicalFlowColTags, Value: ovsdb.Map{{K: "in_out_port", V: f.Port}}})
	}
	return cols
}

// hashUUID makes a UUID (RFC 9562 version 8) of what identifies a row.
func hashUUID(parts ...string) ovsdb.UUID {
	h := sha256.New()
	for _, p := range parts {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	var id ovsdb.UUID
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
