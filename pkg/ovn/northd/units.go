package northd

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/feature"
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

type unitID struct {
	kind topo.Kind
	id   ovsdb.UUID
}

// output is what a unit emitted last.
type output struct {
	flows   []flowRef   // sorted, unique
	rows    []rowKey    // sorted, unique
	members []memberRef // sorted, unique

	warnings []string
}

type flowRef struct {
	id lflow.ID
	dp ovsdb.UUID
}

func (a flowRef) compare(b flowRef) int {
	return cmp.Or(bytes.Compare(a.id[:], b.id[:]), a.dp.Compare(b.dp))
}

type memberRef struct {
	row    rowKey
	member memberKey
}

// rows collects what a unit emits besides flows. It is the Builder of the features in this package.
type rows struct {
	rows    []rowOut
	members []memberRef
	back    []ovsdb.Op
	bind    []ovsdb.Op // of Port_Bindings, where chassis usually say
}

type rowOut struct {
	rowKey
	id   ovsdb.UUID
	cols []ovsdb.ColumnValue
	// first are columns that the row gets when it is made, and others own from then on.
	first []ovsdb.ColumnValue
}

// Add emits a southbound row with a UUID that follows from its key, and returns it.
func (b *rows) Add(table, key string, cols ...ovsdb.ColumnValue) ovsdb.UUID {
	b.AddWithID(table, key, ovsdb.UUID{}, cols...)
	return hashUUID(table, key)
}

// AddWithID emits a southbound row whose UUID is decided elsewhere.
func (b *rows) AddWithID(table, key string, id ovsdb.UUID, cols ...ovsdb.ColumnValue) {
	cols = slices.DeleteFunc(cols, func(c ovsdb.ColumnValue) bool { return ovsdb.IsDefault(c.Value) })
	slices.SortFunc(cols, func(a, b ovsdb.ColumnValue) int { return cmp.Compare(a.Column, b.Column) })
	b.rows = append(b.rows, rowOut{rowKey: rowKey{table, key}, id: id, cols: cols})
}

// First gives the row that was added last columns for the time when it is made; others own them from then on.
func (b *rows) First(cols ...ovsdb.ColumnValue) { b.rows[len(b.rows)-1].first = cols }

// Member puts a value into a set column of a row that this or another unit emits.
func (b *rows) Member(table, key, column string, value any) {
	b.members = append(b.members, memberRef{rowKey{table, key}, memberKey{column, value}})
}

// Back writes northbound columns. Call it only when they differ from the view.
func (b *rows) Back(op ovsdb.Op) { b.back = append(b.back, op) }

// Bind writes columns that chassis own, on behalf of one that does not: where a port is bound, that what a monitor watches is
// gone. Call it only when they differ from the view.
func (b *rows) Bind(op ovsdb.Op) { b.bind = append(b.bind, op) }

// compile runs a unit and applies what changed in its output to the tables.
func (e *engine) compile(u topo.Unit) {
	key := unitID{u.Kind, u.ID}
	var next output
	if u.View != nil {
		e.builder.Reset()
		e.rowOut.rows, e.rowOut.members = e.rowOut.rows[:0], e.rowOut.members[:0]
		backs, binds := len(e.rowOut.back), len(e.rowOut.bind)
		if p := e.run(u); p != nil {
			// The unit keeps what it had; it is compiled again when its view changes.
			e.rowOut.back, e.rowOut.bind = e.rowOut.back[:backs], e.rowOut.bind[:binds]
			e.log.Error("compiling unit panicked", "component", "northd", "kind", u.Kind.String(), "row", u.ID.String(), "err", p)
			e.failed[key] = true
			e.counters.unit(u.Kind, false, true)
			return
		}
		delete(e.failed, key)
		next = e.collect()
	}
	prev := e.outputs[key]
	next.warnings = e.warn(prev, u)
	e.apply(prev, &next)
	if u.View == nil {
		delete(e.outputs, key)
		delete(e.failed, key)
	} else {
		e.outputs[key] = &next
	}
	e.stats.Units++
	e.counters.unit(u.Kind, e.stats.Steps == 1, false)
}

// warn tells the operator which rows of a unit are left out, each once.
func (e *engine) warn(prev *output, u topo.Unit) []string {
	r, ok := u.View.(*topo.Router)
	if !ok {
		return nil
	}
	for _, w := range r.Absurd {
		if prev == nil || !slices.Contains(prev.warnings, w) {
			e.log.Warn("leaving out a row", "component", "northd", "row", w)
		}
	}
	return r.Absurd
}

// run compiles a view into e.builder and e.rowOut; it returns what a feature panicked with.
func (e *engine) run(u topo.Unit) (p any) {
	defer func() { p = recover() }()
	feature.Compile(e.features, u.View, &e.builder)
	compileRows(u.View, &e.rowOut)
	return nil
}

// collect takes e.builder's flows and e.rowOut's rows into sorted form. Content goes to the tables at once: a flow's ID says
// all of it, and a row's columns have one author.
func (e *engine) collect() output {
	var out output
	items := e.builder.Items()
	n := 0
	for i := range items {
		n += len(items[i].Datapaths)
	}
	out.flows = make([]flowRef, 0, n)
	clear(e.content)
	for i := range items {
		id := items[i].ID()
		e.content[id] = &items[i].Flow
		for _, dp := range items[i].Datapaths {
			out.flows = append(out.flows, flowRef{id, dp.SB})
		}
	}
	slices.SortFunc(out.flows, flowRef.compare)
	out.flows = slices.Compact(out.flows)

	for i := range e.rowOut.rows {
		r := &e.rowOut.rows[i]
		e.rows.set(r.rowKey, r.id, r.cols)
		e.rows.entry(r.rowKey).first = r.first
		out.rows = append(out.rows, r.rowKey)
	}
	slices.SortFunc(out.rows, compareRowKeys)
	out.rows = slices.Compact(out.rows)
	out.members = slices.Clone(e.rowOut.members)
	slices.SortFunc(out.members, compareMembers)
	out.members = slices.Compact(out.members)
	return out
}

func compareRowKeys(a, b rowKey) int {
	return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.key, b.key))
}

func compareMembers(a, b memberRef) int {
	if c := cmp.Or(compareRowKeys(a.row, b.row), cmp.Compare(a.member.column, b.member.column)); c != 0 {
		return c
	}
	// Values of one column have one type.
	return compareValues(a.member.value, b.member.value)
}

func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case ovsdb.UUID:
		return a.Compare(b.(ovsdb.UUID))
	}
	return 0
}

func (e *engine) apply(prev, next *output) {
	if prev == nil {
		prev = &output{}
	}
	// What comes is counted before what goes, so that nothing goes through zero.
	diff(prev.flows, next.flows, flowRef.compare, nil, func(f flowRef) { e.flows.add(f.id, e.content[f.id], f.dp) })
	diff(prev.flows, next.flows, flowRef.compare, func(f flowRef) { e.flows.remove(f.id, f.dp) }, nil)
	diff(prev.rows, next.rows, compareRowKeys, nil, e.rows.add)
	diff(prev.rows, next.rows, compareRowKeys, e.rows.remove, nil)
	diff(prev.members, next.members, compareMembers, nil, func(m memberRef) { e.rows.addMember(m.row, m.member) })
	diff(prev.members, next.members, compareMembers, func(m memberRef) { e.rows.removeMember(m.row, m.member) }, nil)
}

func diff[T any](old, new []T, compare func(a, b T) int, gone, come func(T)) {
	for len(old) > 0 || len(new) > 0 {
		switch {
		case len(new) == 0 || len(old) > 0 && compare(old[0], new[0]) < 0:
			if gone != nil {
				gone(old[0])
			}
			old = old[1:]
		case len(old) == 0 || compare(new[0], old[0]) < 0:
			if come != nil {
				come(new[0])
			}
			new = new[1:]
		default:
			old, new = old[1:], new[1:]
		}
	}
}
