package ovsdb

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// decoder turns JSON into values. named resolves a named-uuid; without it a named-uuid is a syntax error.
type decoder struct {
	named  func(name string) UUID
	intern func(string) string
}

func ovsdbError(code, format string, args ...any) *Error {
	return &Error{Code: code, Details: fmt.Sprintf(format, args...)}
}

func constraintError(format string, args ...any) *Error {
	return ovsdbError("constraint violation", format, args...)
}

// value decodes v as a value of type t, in stock's order: shape, atoms, their constraints, duplicates.
func (d decoder) value(t *ColumnType, v any) (Value, error) {
	if t.IsMap() {
		return d.mapValue(t, v)
	}
	if a, ok := v.([]any); ok && len(a) > 0 && a[0] == "set" {
		var elems []any
		if len(a) == 2 {
			elems, _ = a[1].([]any)
		}
		if elems == nil {
			return nil, syntaxError(v, "expected [\"set\", <array>]")
		}
		if len(elems) < t.Min || len(elems) > t.Max {
			return nil, sizeError(t, v, "set", "members", len(elems))
		}
		atoms := make([]Value, len(elems))
		for i, e := range elems {
			x, err := d.atom(&t.Key, e)
			if err != nil {
				return nil, err
			}
			atoms[i] = x
		}
		slices.SortFunc(atoms, compareAtoms)
		for i := 1; i < len(atoms); i++ {
			if compareAtoms(atoms[i-1], atoms[i]) == 0 {
				return nil, ovsdbError("ovsdb error", "set contains duplicate")
			}
		}
		if t.IsScalar() {
			return atoms[0], nil
		}
		return setOf(t.Key.Type, atoms), nil
	}
	x, err := d.atom(&t.Key, v)
	if err != nil {
		return nil, err
	}
	if t.IsScalar() {
		return x, nil
	}
	return setOf(t.Key.Type, []Value{x}), nil
}

func (d decoder) mapValue(t *ColumnType, v any) (Value, error) {
	a, ok := v.([]any)
	if !ok || len(a) != 2 || a[0] != "map" {
		return nil, syntaxError(v, "expected [\"map\", <array>]")
	}
	elems, ok := a[1].([]any)
	if !ok {
		return nil, syntaxError(v, "expected [\"map\", <array>]")
	}
	if len(elems) < t.Min || len(elems) > t.Max {
		return nil, sizeError(t, v, "map", "pairs", len(elems))
	}
	var m Map
	for _, e := range elems {
		p, ok := e.([]any)
		if !ok || len(p) != 2 {
			return nil, syntaxError(e, "expected 2-element array")
		}
		k, err := d.atom(&t.Key, p[0])
		if err != nil {
			return nil, err
		}
		val, err := d.atom(t.Value, p[1])
		if err != nil {
			return nil, err
		}
		m = append(m, Pair{k, val})
	}
	m.sort()
	for i := 1; i < len(m); i++ {
		if compareAtoms(m[i-1].K, m[i].K) == 0 {
			return nil, ovsdbError("ovsdb error", "map contains duplicate key")
		}
	}
	return m, nil
}

func sizeError(t *ColumnType, v any, noun, unit string, n int) *Error {
	if t.Min == 1 && t.Max == 1 {
		return syntaxError(v, "%s must have exactly one member but %d are present", noun, n)
	}
	limit := fmt.Sprintf("%d or more", t.Min)
	if t.Max != unlimited {
		limit = fmt.Sprintf("%d to %d", t.Min, t.Max)
	}
	return syntaxError(v, "%s must have %s %s but %d are present", noun, limit, unit, n)
}

func (d decoder) atom(b *BaseType, v any) (Value, error) {
	x, err := d.bareAtom(b.Type, v)
	if err != nil {
		return nil, err
	}
	if err := b.check(x); err != nil {
		return nil, err
	}
	return x, nil
}

func (d decoder) bareAtom(t AtomType, v any) (Value, error) {
	switch t {
	case Integer:
		if n, ok := v.(int64); ok {
			return n, nil
		}
	case Real:
		switch n := v.(type) {
		case int64:
			return float64(n), nil
		case float64:
			return n, nil
		}
	case Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case String:
		if s, ok := v.(string); ok {
			if d.intern != nil {
				s = d.intern(s)
			}
			return s, nil
		}
	case UUIDType:
		return d.uuid(v)
	}
	return nil, syntaxError(v, "expected %s", t)
}

func (d decoder) uuid(v any) (Value, error) {
	a, ok := v.([]any)
	if !ok || len(a) != 2 {
		return nil, syntaxError(v, "expected [\"uuid\", <string>]")
	}
	s, ok := a[1].(string)
	switch {
	case ok && a[0] == "uuid":
		if u, err := ParseUUID(s); err == nil {
			return u, nil
		}
		return nil, syntaxError(v, "%q is not a valid UUID", s)
	case ok && a[0] == "named-uuid" && d.named != nil:
		if !isID(s) {
			return nil, syntaxError(v, "named-uuid string is not a valid <id>")
		}
		return d.named(s), nil
	}
	if _, tagged := a[0].(string); d.named != nil && (ok || !tagged) {
		return nil, syntaxError(v, "expected [\"uuid\", <string>] or [\"named-uuid\", <string>]")
	}
	return nil, syntaxError(v, "expected [\"uuid\", <string>]")
}

// check tests an atom against the constraints of its base type.
func (b *BaseType) check(x Value) error {
	if len(b.Enum) > 0 {
		if _, ok := slices.BinarySearchFunc(b.Enum, x, compareAtoms); !ok {
			var all []byte
			for i, e := range b.Enum {
				if i > 0 {
					all = append(all, ", "...)
				}
				all = append(all, atomText(e)...)
			}
			return constraintError("%s is not one of the allowed values ([%s])", atomText(x), all)
		}
	}
	switch v := x.(type) {
	case int64:
		if v < b.MinInteger || v > b.MaxInteger {
			switch {
			case b.MinInteger != math.MinInt64 && b.MaxInteger != math.MaxInt64:
				return constraintError("%d is not in the valid range %d to %d (inclusive)", v, b.MinInteger, b.MaxInteger)
			case b.MinInteger != math.MinInt64:
				return constraintError("%d is less than minimum allowed value %d", v, b.MinInteger)
			}
			return constraintError("%d is greater than maximum allowed value %d", v, b.MaxInteger)
		}
	case float64:
		if v < b.MinReal || v > b.MaxReal {
			switch {
			case !math.IsInf(b.MinReal, -1) && !math.IsInf(b.MaxReal, 1):
				return constraintError("%g is not in the valid range %g to %g (inclusive)", v, b.MinReal, b.MaxReal)
			case !math.IsInf(b.MinReal, -1):
				return constraintError("%g is less than minimum allowed value %g", v, b.MinReal)
			}
			return constraintError("%g is greater than maximum allowed value %g", v, b.MaxReal)
		}
	case string:
		if bad := notUTF8(v); bad != nil {
			return constraintError("not a valid UTF-8 string: invalid UTF-8 sequence 0x%s", strings.ReplaceAll(fmt.Sprintf("% x", bad), " ", " 0x"))
		}
		if b.MinLength == 0 && b.MaxLength == unlimited {
			return nil
		}
		n := len([]rune(v))
		if n < b.MinLength {
			return constraintError("\"%s\" length %d is less than minimum allowed length %d", v, n, b.MinLength)
		}
		if n > b.MaxLength {
			return constraintError("\"%s\" length %d is greater than maximum allowed length %d", v, n, b.MaxLength)
		}
	}
	return nil
}

func (b *BaseType) constrained() bool {
	return len(b.Enum) > 0 || b.MinInteger != math.MinInt64 || b.MaxInteger != math.MaxInt64 ||
		!math.IsInf(b.MinReal, -1) || !math.IsInf(b.MaxReal, 1) || b.MinLength != 0 || b.MaxLength != unlimited
}

// atomText writes an atom as stock's tools do: a string bare when it looks like an identifier.
func atomText(x Value) string {
	switch v := x.(type) {
	case string:
		if bareString(v) {
			return v
		}
		return string(appendString(nil, v))
	case UUID:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		return string(appendReal(nil, v))
	}
	return fmt.Sprint(x)
}

func bareString(s string) bool {
	if s == "" || s == "true" || s == "false" {
		return false
	}
	if _, err := ParseUUID(s); err == nil {
		return false
	}
	if c := s[0]; c != '_' && !isLetter(c) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return r > 127 || !(isLetter(byte(r)) || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.')
	}) < 0
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// valueText writes a value as stock's error messages do.
func valueText(t *ColumnType, v Value) string {
	if m, ok := v.(Map); ok {
		var b strings.Builder
		b.WriteByte('{')
		for i, p := range m {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(atomText(p.K) + "=" + atomText(p.V))
		}
		return b.String() + "}"
	}
	atoms := atomsOf(v)
	if len(atoms) == 1 && t.Max == 1 {
		return atomText(atoms[0])
	}
	s := make([]string, len(atoms))
	for i, a := range atoms {
		s[i] = atomText(a)
	}
	return "[" + strings.Join(s, ", ") + "]"
}
