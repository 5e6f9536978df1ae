package ovsdb

import (
	"encoding/binary"
	"math"
	"slices"
)

// table is one table's committed state. Database.mu guards it.
type table struct {
	schema  *TableSchema
	rows    map[UUID]rowState
	indexes []map[string]UUID // one per TableSchema.Indexes: key → row
	weakIn  map[UUID]*refSet  // row of this table → who refers to it weakly
}

type rowState struct {
	row    *Row
	strong int // strong references to the row
}

// referrer is a column of a row that refers to another row.
type referrer struct {
	col *ColumnSchema
	tab *table
	row UUID
}

// refSet is a set of referrers that is small most of the time.
type refSet struct {
	few  []referrer
	many map[referrer]struct{}
}

const refSetFew = 16

func (s *refSet) add(r referrer) {
	if s.many != nil {
		s.many[r] = struct{}{}
		return
	}
	if slices.Contains(s.few, r) {
		return
	}
	s.few = append(s.few, r)
	if len(s.few) > refSetFew {
		s.many = make(map[referrer]struct{}, 2*refSetFew)
		for _, x := range s.few {
			s.many[x] = struct{}{}
		}
		s.few = nil
	}
}

func (s *refSet) remove(r referrer) {
	if s.many != nil {
		delete(s.many, r)
		return
	}
	for i, x := range s.few {
		if x == r {
			s.few[i] = s.few[len(s.few)-1]
			s.few = s.few[:len(s.few)-1]
			return
		}
	}
}

func (s *refSet) empty() bool { return len(s.few) == 0 && len(s.many) == 0 }

func (s *refSet) each(f func(referrer)) {
	for _, r := range s.few {
		f(r)
	}
	for r := range s.many {
		f(r)
	}
}

func newTable(s *TableSchema) *table {
	t := &table{schema: s, rows: map[UUID]rowState{}, weakIn: map[UUID]*refSet{}}
	for range s.Indexes {
		t.indexes = append(t.indexes, map[string]UUID{})
	}
	return t
}

// indexKey makes the key of a row in an index. A lone string column is its own key, which shares the row's memory.
func indexKey(cols []*ColumnSchema, r *Row) string {
	if len(cols) == 1 {
		if s, ok := r.At(cols[0].Index).(string); ok {
			return s
		}
	}
	var buf [96]byte
	b := buf[:0]
	for _, c := range cols {
		b = appendKey(b, r.At(c.Index))
	}
	return string(b)
}

func appendKey(b []byte, v Value) []byte {
	switch x := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(b, uint64(x))
	case float64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(x))
	case bool:
		if x {
			return append(b, 1)
		}
		return append(b, 0)
	case string:
		b = binary.AppendUvarint(b, uint64(len(x)))
		return append(b, x...)
	case UUID:
		return append(b, x[:]...)
	case Map:
		b = binary.AppendUvarint(b, uint64(len(x)))
		for _, p := range x {
			b = appendKey(appendKey(b, p.K), p.V)
		}
		return b
	}
	atoms := atomsOf(v)
	b = binary.AppendUvarint(b, uint64(len(atoms)))
	for _, a := range atoms {
		b = appendKey(b, a)
	}
	return b
}

// refsOf calls f for every reference in column c's value v.
func refsOf(c *ColumnSchema, v Value, f func(b *BaseType, id UUID)) {
	switch x := v.(type) {
	case UUID:
		f(&c.Type.Key, x)
	case []UUID:
		for _, u := range x {
			f(&c.Type.Key, u)
		}
	case Map:
		for _, p := range x {
			if c.Type.Key.ref != nil {
				f(&c.Type.Key, p.K.(UUID))
			}
			if c.Type.Value.ref != nil {
				f(c.Type.Value, p.V.(UUID))
			}
		}
	}
}

// refChanges calls removed and added for the references that differ between two values of column c.
func refChanges(c *ColumnSchema, from, to Value, removed, added func(b *BaseType, id UUID)) {
	switch {
	case from == nil:
		refsOf(c, to, added)
	case to == nil:
		refsOf(c, from, removed)
	default:
		if a, ok := from.([]UUID); ok {
			b := to.([]UUID)
			if sameSlice(a, b) {
				return
			}
			for _, u := range mergeSets(a, b, difference, UUID.Compare) {
				removed(&c.Type.Key, u)
			}
			for _, u := range mergeSets(b, a, difference, UUID.Compare) {
				added(&c.Type.Key, u)
			}
			return
		}
		if Equal(from, to) {
			return
		}
		// Added first, so that a count never touches zero on the way.
		refsOf(c, to, added)
		refsOf(c, from, removed)
	}
}
