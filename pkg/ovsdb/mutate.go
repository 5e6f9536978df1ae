package ovsdb

import (
	"math"
	"slices"
)

type boundMutation struct {
	col *ColumnSchema
	fn  string
	arg Value
}

// mutationArg is the type that a mutation's argument must have. For a deletion from a map there are two: a set of keys too.
func mutationArg(t *TableSchema, c *ColumnSchema, fn string) (types []ColumnType, err error) {
	numeric := c.Type.Value == nil && (c.Type.Key.Type == Integer || c.Type.Key.Type == Real)
	mismatch := ovsdbError("syntax error", "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.",
		fn, c.Name, c.Type.english())
	switch fn {
	case MutAdd, MutSub, MutMul, MutDiv, MutMod:
		if !numeric || fn == MutMod && c.Type.Key.Type == Real {
			return nil, mismatch
		}
		return []ColumnType{{Key: plainBase(c.Type.Key.Type), Min: 1, Max: 1}}, nil
	case MutInsert, MutDelete:
		if c.Type.IsScalar() {
			return nil, mismatch
		}
		a := c.Type
		a.Min = 0
		if fn == MutInsert {
			return []ColumnType{a}, nil
		}
		a.Max = unlimited
		if !a.IsMap() {
			return []ColumnType{a}, nil
		}
		keys := a
		keys.Value = nil
		return []ColumnType{a, keys}, nil
	}
	return nil, ovsdbError("unknown mutator", "No mutator named %s.", fn)
}

func bindMutation(t *TableSchema, m Mutation) (boundMutation, error) {
	c := t.Column(m.Column)
	if c == nil {
		return boundMutation{}, ovsdbError("unknown column", "No column %s in table %s.", m.Column, t.Name)
	}
	if !c.Mutable {
		return boundMutation{}, constraintError("Cannot mutate immutable column %s in table %s.", c.Name, t.Name)
	}
	types, err := mutationArg(t, c, m.Mutator)
	if err != nil {
		return boundMutation{}, err
	}
	b := boundMutation{col: c, fn: m.Mutator}
	for i := range types {
		if b.arg, err = types[i].normalize(m.Value); err == nil {
			return b, nil
		}
	}
	return boundMutation{}, inColumn(err, t, c)
}

func (x *txn) mutate(t *txnTable, where []clause, op *Op) (Result, error) {
	var res Result
	muts := make([]boundMutation, len(op.Mutations))
	cols := make([]*ColumnSchema, len(op.Mutations))
	for i, m := range op.Mutations {
		var err error
		if muts[i], err = bindMutation(t.schema, m); err != nil {
			return res, err
		}
		cols[i] = muts[i].col
	}
	err := x.find(t, where, func(r *Row) error {
		res.Count++
		if err := x.allowUpdate(r, cols, "mutate operation on"); err != nil {
			return err
		}
		var e *txnRow
		for i := range muts {
			m := &muts[i]
			old := r.vals[m.col.Index]
			v, err := m.apply(old)
			if err != nil {
				return err
			}
			if Equal(old, v) {
				continue
			}
			if e == nil {
				e = x.touch(t, r.UUID)
				r = e.writable()
			}
			r.vals[m.col.Index] = v
		}
		return nil
	})
	return res, err
}

func (m *boundMutation) apply(v Value) (Value, error) {
	t := &m.col.Type
	switch m.fn {
	case MutInsert:
		var out Value
		if have, ok := v.(Map); ok {
			out = have.insertPairs(m.arg.(Map))
		} else {
			out = mergeValues(v, m.arg, union)
		}
		return out, m.count(out)
	case MutDelete:
		have, ok := v.(Map)
		if !ok {
			out := mergeValues(v, m.arg, difference)
			return out, m.count(out)
		}
		var drop func(Pair) bool
		if pairs, ok := m.arg.(Map); ok {
			drop = func(p Pair) bool {
				i, ok := pairs.find(p.K)
				return ok && Equal(pairs[i].V, p.V)
			}
		} else {
			keys := atomsOf(m.arg)
			drop = func(p Pair) bool {
				_, ok := slices.BinarySearchFunc(keys, p.K, compareAtoms)
				return ok
			}
		}
		out := have.deletePairs(drop)
		return out, m.count(out)
	}
	atoms := atomsOf(v)
	for i, a := range atoms {
		n, err := arithmetic(m.fn, a, m.arg)
		if err != nil {
			return nil, err
		}
		if err := t.Key.check(n); err != nil {
			return nil, err
		}
		atoms[i] = n
	}
	if t.IsScalar() {
		return atoms[0], nil
	}
	slices.SortFunc(atoms, compareAtoms)
	for i := 1; i < len(atoms); i++ {
		if compareAtoms(atoms[i-1], atoms[i]) == 0 {
			return nil, constraintError("Result of \"%s\" operation contains duplicates.", m.fn)
		}
	}
	return setOf(t.Key.Type, atoms), nil
}

func (m *boundMutation) count(v Value) error {
	t := &m.col.Type
	n := sizeOf(v)
	if n >= t.Min && n <= t.Max {
		return nil
	}
	return constraintError("Attempted to store %d elements in %s.", n, t.english())
}

func arithmetic(fn string, a, b Value) (Value, error) {
	if x, ok := a.(float64); ok {
		y := b.(float64)
		switch fn {
		case MutAdd:
			x += y
		case MutSub:
			x -= y
		case MutMul:
			x *= y
		case MutDiv:
			if y == 0 {
				return nil, ovsdbError("domain error", "Division by zero.")
			}
			x /= y
		}
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, ovsdbError("range error", "Result of \"%s\" operation is out of range.", fn)
		}
		return x, nil
	}
	x, y := a.(int64), b.(int64)
	overflow := false
	switch fn {
	case MutAdd:
		overflow = y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y
		x += y
	case MutSub:
		overflow = y < 0 && x > math.MaxInt64+y || y > 0 && x < math.MinInt64+y
		x -= y
	case MutMul:
		z := x * y
		overflow = x != 0 && (z/x != y || x == -1 && y == math.MinInt64)
		x = z
	case MutDiv, MutMod:
		switch {
		case y == 0:
			return nil, ovsdbError("domain error", "Division by zero.")
		case y == -1 && x == math.MinInt64:
			overflow = fn == MutDiv
			x = 0
		case fn == MutDiv:
			x /= y
		default:
			x %= y
		}
	}
	if overflow {
		return nil, ovsdbError("range error", "Result of \"%s\" operation is out of range.", fn)
	}
	return x, nil
}
