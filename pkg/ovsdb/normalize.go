package ovsdb

import "slices"

// normalize gives v the exact form that a column of type t holds, or says what is wrong with it. Atoms are checked against
// their constraints, the number of atoms against the type.
func (t *ColumnType) normalize(v Value) (Value, error) {
	n, err := t.shape(v)
	if err != nil {
		return nil, err
	}
	if !t.IsScalar() {
		if k := sizeOf(n); k < t.Min || k > t.Max {
			noun, unit := "set", "members"
			if t.IsMap() {
				noun, unit = "map", "pairs"
			}
			e := sizeError(t, nil, noun, unit, k)
			e.Syntax = valueText(t, n)
			return nil, e
		}
	}
	if err := t.checkAtoms(n); err != nil {
		return nil, err
	}
	return n, nil
}

func (t *ColumnType) checkAtoms(v Value) error {
	if m, ok := v.(Map); ok {
		if t.Key.constrained() || t.Value.constrained() {
			for _, p := range m {
				if err := t.Key.check(p.K); err != nil {
					return err
				}
				if err := t.Value.check(p.V); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if t.Key.constrained() {
		if t.IsScalar() {
			return t.Key.check(v)
		}
		for _, a := range atomsOf(v) {
			if err := t.Key.check(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// shape checks v's Go type and sorts it if need be, without looking at constraints. What is right already is returned as it is:
// to put it into an interface anew would cost memory for each row.
func (t *ColumnType) shape(v Value) (Value, error) {
	if t.IsMap() {
		m, ok := v.(Map)
		if !ok && v != nil {
			return nil, t.typeError(v)
		}
		return t.shapeMap(v, m)
	}
	if t.IsScalar() {
		if !t.Key.Type.is(v) {
			return nil, t.typeError(v)
		}
		return v, nil
	}
	if v == nil {
		return setOf(t.Key.Type, nil), nil
	}
	switch x := v.(type) {
	case []int64:
		if t.Key.Type == Integer {
			return sortedSet(v, x), nil
		}
	case []float64:
		if t.Key.Type == Real {
			return sortedSet(v, x), nil
		}
	case []bool:
		if t.Key.Type == Boolean {
			return sortedSet(v, x), nil
		}
	case []string:
		if t.Key.Type == String {
			return sortedSet(v, x), nil
		}
	case []UUID:
		if t.Key.Type == UUIDType {
			return sortedSet(v, x), nil
		}
	}
	if t.Key.Type.is(v) {
		return setOf(t.Key.Type, []Value{v}), nil
	}
	return nil, t.typeError(v)
}

func (t *ColumnType) typeError(v Value) *Error {
	return ovsdbError("syntax error", "a Go value of type %T does not fit a column of type %s", v, t.english())
}

func (t AtomType) is(v Value) bool {
	var ok bool
	switch t {
	case Integer:
		_, ok = v.(int64)
	case Real:
		_, ok = v.(float64)
	case Boolean:
		_, ok = v.(bool)
	case String:
		_, ok = v.(string)
	case UUIDType:
		_, ok = v.(UUID)
	}
	return ok
}

// shapeMap gives v, which holds m, or m in order.
func (t *ColumnType) shapeMap(v Value, m Map) (Value, error) {
	if len(m) == 0 {
		return Map(nil), nil
	}
	sorted := true
	for i, p := range m {
		if !t.Key.Type.is(p.K) || !t.Value.Type.is(p.V) {
			return nil, ovsdbError("syntax error", "a pair of Go types %T and %T does not fit a column of type %s", p.K, p.V, t.english())
		}
		sorted = sorted && (i == 0 || compareAtoms(m[i-1].K, p.K) < 0)
	}
	if sorted {
		return v, nil
	}
	m = slices.Clone(m)
	m.sort()
	for i := 1; i < len(m); i++ {
		if compareAtoms(m[i-1].K, m[i].K) == 0 {
			return nil, ovsdbError("ovsdb error", "map contains duplicate key")
		}
	}
	return m, nil
}

// sortedSet gives v, which holds x, or x in order.
func sortedSet[T int64 | float64 | string | UUID | bool](v Value, x []T) Value {
	if len(x) == 0 {
		return []T(nil)
	}
	for i := 1; i < len(x); i++ {
		if compareElements(x[i-1], x[i]) >= 0 {
			return Set(slices.Clone(x)...)
		}
	}
	return v
}
