package ovsdb

import (
	"strconv"
	"strings"
	"time"
)

func appendAtom(b []byte, a Value) []byte {
	switch x := a.(type) {
	case string:
		return appendString(b, x)
	case UUID:
		return appendUUIDAtom(b, x)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendReal(b, x)
	case bool:
		return strconv.AppendBool(b, x)
	}
	return append(b, "null"...)
}

// appendValue appends a column value in the form of RFC 7047 section 5.1. A set of one is written as its only atom.
func appendValue(b []byte, v Value) []byte {
	switch x := v.(type) {
	case []string:
		return appendSet(b, x, appendString)
	case []UUID:
		return appendSet(b, x, appendUUIDAtom)
	case []int64:
		return appendSet(b, x, func(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) })
	case []float64:
		return appendSet(b, x, appendReal)
	case []bool:
		return appendSet(b, x, strconv.AppendBool)
	case Map:
		b = append(b, `["map",[`...)
		for i, p := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '[')
			b = appendAtom(b, p.K)
			b = append(b, ',')
			b = appendAtom(b, p.V)
			b = append(b, ']')
		}
		return append(b, "]]"...)
	}
	return appendAtom(b, v)
}

func appendSet[T any](b []byte, set []T, atom func([]byte, T) []byte) []byte {
	if len(set) == 1 {
		return atom(b, set[0])
	}
	b = append(b, `["set",[`...)
	for i, x := range set {
		if i > 0 {
			b = append(b, ',')
		}
		b = atom(b, x)
	}
	return append(b, "]]"...)
}

func appendColumn(b []byte, c *ColumnSchema, v Value) []byte {
	if last := b[len(b)-1]; last != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, c.Name...)
	b = append(b, '"', ':')
	return appendValue(b, v)
}

// appendPersistent appends a whole row as the journal holds it: without defaults and ephemeral columns.
func appendPersistent(b []byte, r *Row) []byte {
	b = append(b, '{')
	for _, c := range r.table.Columns {
		if v := r.vals[c.Index]; !c.Ephemeral && !Equal(v, c.def) {
			b = appendColumn(b, c, v)
		}
	}
	return append(b, '}')
}

// appendRecord makes the journal's record of a commit, nil if nothing of it is persistent.
func appendRecord(b []byte, changes []change, comments []string, now time.Time) []byte {
	b = append(b, `{"_date":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"_is_diff":true`...)
	if len(comments) > 0 {
		b = append(b, `,"_comment":`...)
		b = appendString(b, strings.Join(comments, "\n"))
	}
	any := false
	// Changes of a table need not be neighbours, and a member name must not come twice.
	done := make([]bool, len(changes))
	for i := range changes {
		if done[i] {
			continue
		}
		mark := len(b)
		b = append(b, ',', '"')
		b = append(b, changes[i].Table...)
		b = append(b, `":{`...)
		rows := 0
		for j := i; j < len(changes); j++ {
			c := &changes[j]
			if done[j] || c.Table != changes[i].Table {
				continue
			}
			done[j] = true
			var ok bool
			if b, ok = appendRowRecord(b, c, rows > 0); ok {
				rows++
			}
		}
		if rows == 0 {
			b = b[:mark]
			continue
		}
		any = true
		b = append(b, '}')
	}
	if !any {
		return nil
	}
	return append(b, '}')
}

func appendRowRecord(b []byte, c *change, comma bool) ([]byte, bool) {
	mark := len(b)
	if comma {
		b = append(b, ',')
	}
	b = append(b, '"')
	if c.New == nil {
		b = c.Old.UUID.append(b)
		return append(b, `":null`...), true
	}
	b = c.New.UUID.append(b)
	b = append(b, '"', ':')
	if c.Old == nil {
		return appendPersistent(b, c.New), true
	}
	b = append(b, '{')
	n := len(b)
	for _, col := range c.cols {
		if !col.Ephemeral {
			b = appendColumn(b, col, diffValue(&col.Type, c.Old.vals[col.Index], c.New.vals[col.Index]))
		}
	}
	if len(b) == n {
		return b[:mark], false
	}
	return append(b, '}'), true
}

// valueJSON is the value as parseJSON would give it, except that whole reals stay reals.
func valueJSON(v Value) any {
	if m, ok := v.(Map); ok {
		pairs := []any{}
		for _, p := range m {
			pairs = append(pairs, []any{atomJSON(p.K), atomJSON(p.V)})
		}
		return []any{"map", pairs}
	}
	switch v.(type) {
	case string, UUID, int64, float64, bool:
		return atomJSON(v)
	}
	atoms := []any{}
	for _, a := range atomsOf(v) {
		atoms = append(atoms, atomJSON(a))
	}
	if len(atoms) == 1 {
		return atoms[0]
	}
	return []any{"set", atoms}
}

func atomJSON(a Value) any {
	if id, ok := a.(UUID); ok {
		return []any{"uuid", id.String()}
	}
	return a
}
