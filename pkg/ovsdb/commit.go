package ovsdb

import (
	"fmt"
	"strings"
)

// change is a Change with what the publisher and the journal need besides.
type change struct {
	Change
	cols []*ColumnSchema // of a modification: what changed
}

// precommit applies the rules that hold at the end of a transaction (RFC 7047 section 3.1, ovsdb-server(7)): references,
// garbage collection, row limits, weak references, indexes. It is where a transaction that no operation objected to may fail.
func (x *txn) precommit() error {
	for i := 0; i < len(x.order); i++ {
		r := x.order[i]
		if err := x.countRefs(r); err != nil {
			return err
		}
	}
	for _, r := range x.order {
		if r.new == nil && r.old != nil {
			if n := r.strong(); n > 0 {
				return ovsdbError("referential integrity violation", "cannot delete %s row %s because of %d remaining reference(s)",
					r.t.schema.Name, r.id, n)
			}
		}
	}
	x.collect(x.order)
	for _, t := range x.tabs {
		if t != nil && t.schema.MaxRows > 0 && t.grew > 0 {
			if n := len(t.table.rows) + t.grew; n > t.schema.MaxRows {
				return constraintError("transaction causes \"%s\" table to contain %d rows, greater than the schema-defined limit of %d row(s)",
					t.schema.Name, n, t.schema.MaxRows)
			}
		}
	}
	if err := x.pruneWeak(); err != nil {
		return err
	}
	x.diff()
	return x.checkIndexes()
}

func (r *txnRow) strong() int { return r.t.table.rows[r.id].strong + r.refs }

// countRefs accounts for the strong references that a touched row gained and lost.
func (x *txn) countRefs(r *txnRow) error {
	if r.old == r.new {
		return nil
	}
	var err error
	for _, c := range r.t.schema.refs {
		var from, to Value
		if r.old != nil {
			from = r.old.vals[c.Index]
		}
		if r.new != nil {
			to = r.new.vals[c.Index]
		}
		if e := x.moveRefs(r, c, from, to); err == nil {
			err = e
		}
	}
	return err
}

func (x *txn) moveRefs(r *txnRow, c *ColumnSchema, from, to Value) (err error) {
	refChanges(c, from, to,
		func(b *BaseType, id UUID) {
			if b.RefType == strongRef && id != r.id {
				if d := x.touch(x.tab(b.ref), id); d != nil {
					d.refs--
				}
			}
		},
		func(b *BaseType, id UUID) {
			if b.RefType != strongRef || id == r.id {
				return // a row does not keep itself, and stock takes any reference to the row's own UUID for one to itself
			}
			d := x.touch(x.tab(b.ref), id)
			if d == nil || d.old == nil && d.new == nil {
				if err == nil {
					err = ovsdbError("referential integrity violation", "Table %s column %s row %s references nonexistent row %s in table %s.",
						r.t.schema.Name, c.Name, r.id, id, b.RefTable)
				}
				return
			}
			d.refs++
		})
	return err
}

// collect deletes the rows among list, and what only they referred to, that no reference keeps in a table that is not a root.
func (x *txn) collect(list []*txnRow) {
	work := append([]*txnRow(nil), list...)
	for len(work) > 0 {
		r := work[len(work)-1]
		work = work[:len(work)-1]
		if r.new == nil || r.t.schema.IsRoot || r.strong() > 0 {
			continue
		}
		dead := r.new
		x.deleteRow(r)
		for _, c := range r.t.schema.refs {
			refsOf(c, dead.vals[c.Index], func(b *BaseType, id UUID) {
				if b.RefType != strongRef || id == r.id {
					return
				}
				if d := x.touch(x.tab(b.ref), id); d != nil {
					d.refs--
					work = append(work, d)
				}
			})
		}
	}
}

// pruneWeak removes weak references to rows that are not there. A row that thereby loses strong references may set others
// free, whose weak referrers come next.
func (x *txn) pruneWeak() error {
	for i := 0; i < len(x.order); i++ { // grows
		r := x.order[i]
		if r.new == nil {
			if r.old != nil {
				if err := x.pruneReferrers(r); err != nil {
					return err
				}
			}
			continue
		}
		for _, c := range r.t.schema.refs {
			if err := x.pruneColumn(r, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneReferrers takes a deleted row out of the columns that refer to it weakly.
func (x *txn) pruneReferrers(dead *txnRow) error {
	s := dead.t.weakIn[dead.id]
	if s == nil {
		return nil
	}
	var list []referrer
	s.each(func(f referrer) { list = append(list, f) })
	for _, f := range list {
		if e := x.touch(x.tab(f.tab.schema), f.row); e != nil && e.new != nil {
			if err := x.dropRefs(e, f.col, func(b *BaseType, id UUID) bool {
				return b.ref == dead.t.schema && b.RefType == weakRef && id == dead.id
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneColumn drops dangling weak references that a touched row gained. Those that it had before are looked after by
// pruneReferrers.
func (x *txn) pruneColumn(r *txnRow, c *ColumnSchema) error {
	var from Value
	if r.old != nil {
		from = r.old.vals[c.Index]
		if r.old == r.new {
			return nil
		}
	}
	var dangling map[UUID]*TableSchema
	refChanges(c, from, r.new.vals[c.Index], func(*BaseType, UUID) {}, func(b *BaseType, id UUID) {
		if b.RefType == weakRef && x.tab(b.ref).get(id) == nil {
			if dangling == nil {
				dangling = map[UUID]*TableSchema{}
			}
			dangling[id] = b.ref
		}
	})
	if dangling == nil {
		return nil
	}
	return x.dropRefs(r, c, func(b *BaseType, id UUID) bool { return b.RefType == weakRef && dangling[id] == b.ref })
}

func (x *txn) dropRefs(r *txnRow, c *ColumnSchema, drop func(*BaseType, UUID) bool) error {
	old := r.new.vals[c.Index]
	var v Value
	zero, removed := false, 0
	gone := func(b *BaseType, u Value) bool {
		id, ok := u.(UUID)
		if !ok || b.ref == nil || !drop(b, id) {
			return false
		}
		zero = zero || id.IsZero()
		removed++
		return true
	}
	switch o := old.(type) {
	case UUID:
		if gone(&c.Type.Key, o) {
			v = nil
		} else {
			return nil
		}
	case []UUID:
		var keepers []UUID
		for _, u := range o {
			if !gone(&c.Type.Key, u) {
				keepers = append(keepers, u)
			}
		}
		v = keepers
	case Map:
		v = o.deletePairs(func(p Pair) bool { return gone(&c.Type.Key, p.K) || gone(c.Type.Value, p.V) })
	}
	if removed == 0 {
		return nil
	}
	if v == nil || sizeOf(v) < c.Type.Min {
		inserted := ""
		if r.old == nil {
			inserted = "(inserted within this transaction) "
			if zero && removed == 1 {
				return constraintError("Weak reference column \"%s\" in \"%s\" row %s (inserted within this transaction) contained all-zeros UUID "+
					"(probably as the default value for this column) but deleting this value caused a constraint volation because this column "+
					"is not allowed to be empty.", c.Name, r.t.schema.Name, r.id)
			}
		}
		return constraintError("Deletion of %d weak reference(s) to deleted (or never-existing) rows from column \"%s\" in \"%s\" row %s "+
			"%scaused this column to become empty, but constraints on this column disallow an empty column.",
			removed, c.Name, r.t.schema.Name, r.id, inserted)
	}
	r.writable().vals[c.Index] = v
	if c.Type.IsMap() {
		// The dropped pairs may have held strong references on their other side.
		before := len(x.order)
		if err := x.moveRefs(r, c, old, v); err != nil {
			return err
		}
		x.collect(x.order)
		// Rows that just died were perhaps visited already: have their referrers looked at again.
		for _, d := range x.order[:before] {
			if d.new == nil && d.old != nil && !d.gone {
				d.gone = true
				if err := x.pruneReferrers(d); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// diff finds out which columns of each row really changed.
func (x *txn) diff() {
	for _, r := range x.order {
		if r.old == nil || r.new == nil || r.old == r.new {
			continue
		}
		for _, c := range r.t.schema.Columns {
			if !Equal(r.old.vals[c.Index], r.new.vals[c.Index]) {
				r.cols = append(r.cols, c)
			}
		}
		if r.cols == nil {
			r.new, r.own = r.old, false
		}
	}
}

func (r *txnRow) changed() bool { return r.old != r.new }

func (x *txn) checkIndexes() error {
	for _, t := range x.tabs {
		if t == nil {
			continue
		}
		for i, cols := range t.schema.Indexes {
			if err := x.checkIndex(t, cols, t.indexes[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *txn) checkIndex(t *txnTable, cols []*ColumnSchema, index map[string]UUID) error {
	var fresh map[string]*txnRow
	for _, r := range x.order {
		if r.t != t || r.new == nil || !r.changed() || r.old != nil && !r.changes(cols) {
			continue
		}
		key := indexKey(cols, r.new)
		if other := fresh[key]; other != nil {
			return duplicateKey(t, cols, other, r, r.new)
		}
		if id, ok := index[key]; ok && id != r.id {
			other, touched := t.rows[id]
			if !touched {
				other = &txnRow{t: t, id: id, old: t.table.rows[id].row, new: t.table.rows[id].row}
			}
			if other.new != nil && (!other.changed() || !other.changes(cols)) {
				return duplicateKey(t, cols, other, r, r.new)
			}
		}
		if fresh == nil {
			fresh = map[string]*txnRow{}
		}
		fresh[key] = r
	}
	return nil
}

func (r *txnRow) changes(cols []*ColumnSchema) bool {
	for _, c := range cols {
		for _, d := range r.cols {
			if c == d {
				return true
			}
		}
	}
	return false
}

func duplicateKey(t *txnTable, cols []*ColumnSchema, a, b *txnRow, row *Row) error {
	names := make([]string, len(cols))
	values := make([]string, len(cols))
	for i, c := range cols {
		names[i] = "\"" + c.Name + "\""
		values[i] = valueText(&c.Type, row.vals[c.Index])
	}
	plural := ""
	if len(cols) > 1 {
		plural = "s"
	}
	return constraintError("Transaction causes multiple rows in \"%s\" table to have identical values (%s) for index on column%s %s.  %s  %s",
		t.schema.Name, englishList(values), plural, englishList(names), a.history("First", cols), b.history("Second", cols))
}

func englishList(s []string) string {
	switch n := len(s); n {
	case 0, 1:
		return strings.Join(s, "")
	case 2:
		return s[0] + " and " + s[1]
	default:
		return strings.Join(s[:n-1], ", ") + ", and " + s[n-1]
	}
}

func (r *txnRow) history(nth string, cols []*ColumnSchema) string {
	s := fmt.Sprintf("%s row, with UUID %s, ", nth, r.id)
	switch {
	case r.old == nil:
		return s + "was inserted by this transaction."
	case !r.changed():
		return s + "existed in the database before this transaction and was not modified by the transaction."
	case !r.changes(cols):
		return s + "existed in the database before this transaction, which modified some of the row's columns but not any columns in this index."
	}
	values := make([]string, len(cols))
	for i, c := range cols {
		values[i] = valueText(&c.Type, r.old.vals[c.Index])
	}
	return s + "had the following index values before the transaction: " + englishList(values) + "."
}

// apply makes the transaction's rows the committed ones and lists what changed.
func (x *txn) apply() []change {
	var out []change
	for _, r := range x.order {
		if r.changed() && r.old != nil {
			for i, cols := range r.t.schema.Indexes {
				if r.new == nil || r.changes(cols) {
					delete(r.t.indexes[i], indexKey(cols, r.old))
				}
			}
		}
	}
	for _, r := range x.order {
		t := r.t.table
		switch {
		case !r.changed():
			if r.refs != 0 && r.new != nil {
				s := t.rows[r.id]
				s.strong += r.refs
				t.rows[r.id] = s
			}
			continue
		case r.new == nil:
			delete(t.rows, r.id)
			delete(t.weakIn, r.id)
		default:
			if !x.keepVersions {
				r.new.version = x.db.newVersion()
			}
			t.rows[r.id] = rowState{row: r.new, strong: r.strong()}
			for i, cols := range t.schema.Indexes {
				if r.old == nil || r.changes(cols) {
					t.indexes[i][indexKey(cols, r.new)] = r.id
				}
			}
		}
		x.trackWeak(r)
		out = append(out, change{Change{t.schema.Name, r.old, r.new}, r.cols})
	}
	return out
}

// trackWeak keeps the reverse index of weak references.
func (x *txn) trackWeak(r *txnRow) {
	for _, c := range r.t.schema.refs {
		var from, to Value
		if r.old != nil {
			from = r.old.vals[c.Index]
		}
		if r.new != nil {
			to = r.new.vals[c.Index]
		}
		f := referrer{c, r.t.table, r.id}
		remove := func(b *BaseType, id UUID) {
			if b.RefType != weakRef {
				return
			}
			d := x.db.tables[b.ref.Index]
			if s := d.weakIn[id]; s != nil {
				if s.remove(f); s.empty() {
					delete(d.weakIn, id)
				}
			}
		}
		add := func(b *BaseType, id UUID) {
			if b.RefType != weakRef {
				return
			}
			d := x.db.tables[b.ref.Index]
			s := d.weakIn[id]
			if s == nil {
				s = &refSet{}
				d.weakIn[id] = s
			}
			s.add(f)
		}
		if _, isMap := to.(Map); isMap && from != nil {
			// A map may name a row under several keys: take all out, put the rest back once.
			refsOf(c, from, remove)
			from = nil
		}
		refChanges(c, from, to, remove, add)
	}
}
