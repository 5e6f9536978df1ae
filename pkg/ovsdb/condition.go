package ovsdb

import "fmt"

// clause is a Condition bound to a table.
type clause struct {
	col   *ColumnSchema
	fn    string
	arg   Value
	konst bool // col == nil
}

// english names a type as stock's messages do.
func (t *ColumnType) english() string {
	if t.IsScalar() {
		return string(t.Key.Type)
	}
	s := "set"
	if t.IsMap() {
		s = "map"
	}
	switch {
	case t.Max == unlimited && t.Min > 0:
		s += fmt.Sprintf(" of %d or more", t.Min)
	case t.Max == unlimited:
		s += " of"
	case t.Min > 0:
		s += fmt.Sprintf(" of %d to %d", t.Min, t.Max)
	default:
		s += fmt.Sprintf(" of up to %d", t.Max)
	}
	if t.IsMap() {
		return s + fmt.Sprintf(" (%s, %s) pairs", t.Key.Type, t.Value.Type)
	}
	return s + fmt.Sprintf(" %ss", t.Key.Type)
}

// argType is the type that a clause's argument must have; ok is false when the function does not apply to the column.
func argType(c *ColumnSchema, fn string) (t ColumnType, ok bool, err error) {
	t = c.Type
	switch fn {
	case Eq, Ne:
		return t, true, nil
	case Lt, Le, Gt, Ge:
		numeric := (t.Key.Type == Integer || t.Key.Type == Real) && (t.IsScalar() || t.IsOptional())
		t.Min, t.Max = 1, 1
		return t, numeric, nil
	case Includes:
		if !t.IsScalar() {
			t.Min = 0
		}
		return t, true, nil
	case Excludes:
		if !t.IsScalar() {
			t.Min, t.Max = 0, unlimited
		}
		return t, true, nil
	}
	return t, false, ovsdbError("unknown function", "No function named %s.", fn)
}

func bindClause(t *TableSchema, c Condition) (clause, error) {
	if c.Column == "" {
		b, ok := c.Value.(bool)
		if !ok {
			return clause{}, ovsdbError("syntax error", "a condition without a column must be true or false")
		}
		return clause{konst: b}, nil
	}
	col := t.Column(c.Column)
	if col == nil {
		return clause{}, ovsdbError("unknown column", "No column %s in table %s.", c.Column, t.Name)
	}
	typ, ok, err := argType(col, c.Function)
	if err != nil {
		return clause{}, err
	}
	if !ok {
		return clause{}, ovsdbError("syntax error", "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.",
			c.Function, col.Name, col.Type.english())
	}
	v, err := typ.shape(c.Value)
	if err != nil {
		return clause{}, err
	}
	return clause{col: col, fn: c.Function, arg: v}, nil
}

func bindWhere(t *TableSchema, where []Condition) ([]clause, error) {
	if len(where) == 0 {
		return nil, nil
	}
	out := make([]clause, len(where))
	for i, c := range where {
		var err error
		if out[i], err = bindClause(t, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *clause) match(r *Row) bool {
	if c.col == nil {
		return c.konst
	}
	v := r.At(c.col.Index)
	switch c.fn {
	case Eq:
		return Equal(v, c.arg)
	case Ne:
		return !Equal(v, c.arg)
	case Includes:
		return contains(v, c.arg) == sizeOf(c.arg)
	case Excludes:
		return contains(v, c.arg) == 0
	}
	if !c.col.Type.IsScalar() {
		a := atomsOf(v)
		if len(a) == 0 {
			return false
		}
		v = a[0]
	}
	n := compareAtoms(v, c.arg)
	switch c.fn {
	case Lt:
		return n < 0
	case Le:
		return n <= 0
	case Gt:
		return n > 0
	}
	return n >= 0
}

func matchAll(where []clause, r *Row) bool {
	for i := range where {
		if !where[i].match(r) {
			return false
		}
	}
	return true
}

func matchAny(where []clause, r *Row) bool {
	for i := range where {
		if where[i].match(r) {
			return true
		}
	}
	return len(where) == 0
}
