package ovsdb

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
)

// UUID is a row's identity.
type UUID [16]byte

// NewUUID returns a random version 4 UUID.
func NewUUID() UUID {
	var u UUID
	rand.Read(u[:])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// ParseUUID reads the usual 36-character form.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, fmt.Errorf("parsing UUID %q: want 8-4-4-4-12 hexadecimal digits", s)
	}
	var d [32]byte
	n := copy(d[:], s[:8])
	n += copy(d[n:], s[9:13])
	n += copy(d[n:], s[14:18])
	n += copy(d[n:], s[19:23])
	copy(d[n:], s[24:])
	if _, err := hex.Decode(u[:], d[:]); err != nil {
		return UUID{}, fmt.Errorf("parsing UUID %q: want 8-4-4-4-12 hexadecimal digits", s)
	}
	return u, nil
}

// AppendText appends the 36-character form to b.
func (u UUID) AppendText(b []byte) ([]byte, error) { return u.append(b), nil }

func (u UUID) append(b []byte) []byte {
	const digits = "0123456789abcdef"
	for i, x := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return b
}

func (u UUID) String() string { return string(u.append(make([]byte, 0, 36))) }

// IsZero reports whether u is the all-zeros UUID, the default of a scalar uuid column.
func (u UUID) IsZero() bool { return u == UUID{} }

// Compare orders UUIDs as OVSDB does.
func (u UUID) Compare(v UUID) int { return bytes.Compare(u[:], v[:]) }

// Value is a column's value. Its dynamic type follows the column's type:
//
//	scalar (min = max = 1)   int64, float64, bool, string, UUID
//	set and optional         []int64, []float64, []bool, []string, []UUID: sorted, without duplicates, nil when empty
//	map                      Map: sorted by key, without duplicate keys, nil when empty
//
// A Value is immutable once it is part of a Row or an Op.
type Value = any

// Pair is one entry of a Map; K and V are scalars.
type Pair struct{ K, V Value }

// Map is a map column's value, sorted by key.
type Map []Pair

// NewStringMap converts m; an empty m gives nil.
func NewStringMap(m map[string]string) Map {
	if len(m) == 0 {
		return nil
	}
	out := make(Map, 0, len(m))
	for k, v := range m {
		out = append(out, Pair{k, v})
	}
	out.sort()
	return out
}

// NewMap converts m of any scalar types; an empty m gives nil.
func NewMap[K comparable, V any](m map[K]V) Map {
	if len(m) == 0 {
		return nil
	}
	out := make(Map, 0, len(m))
	for k, v := range m {
		out = append(out, Pair{k, v})
	}
	out.sort()
	return out
}

// StringMap converts back; pairs that are not strings are left out.
func (m Map) StringMap() map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for _, p := range m {
		k, ok1 := p.K.(string)
		v, ok2 := p.V.(string)
		if ok1 && ok2 {
			out[k] = v
		}
	}
	return out
}

// Get returns the value of key k, or nil.
func (m Map) Get(k Value) Value {
	if i, ok := m.find(k); ok {
		return m[i].V
	}
	return nil
}

// GetString returns the string value of the string key k, or "".
func (m Map) GetString(k string) string {
	s, _ := m.Get(k).(string)
	return s
}

func (m Map) find(k Value) (int, bool) {
	return sort.Find(len(m), func(i int) int { return compareAtoms(k, m[i].K) })
}

func (m Map) sort() {
	slices.SortFunc(m, func(a, b Pair) int { return compareAtoms(a.K, b.K) })
}

// Set sorts vs in place, removes duplicates and returns it, or nil when it is empty: what a set column wants.
func Set[T int64 | float64 | string | UUID | bool](vs ...T) []T {
	if len(vs) == 0 {
		return nil
	}
	slices.SortFunc(vs, compareElements)
	return slices.Compact(vs)
}

// compareElements is compareAtoms for two of a type that is known, without putting them into interfaces one by one.
func compareElements[T int64 | float64 | string | UUID | bool](a, b T) int {
	switch x := any(&a).(type) {
	case *int64:
		return cmp.Compare(*x, *any(&b).(*int64))
	case *float64:
		return cmp.Compare(*x, *any(&b).(*float64))
	case *string:
		return cmp.Compare(*x, *any(&b).(*string))
	case *UUID:
		return x.Compare(*any(&b).(*UUID))
	case *bool:
		return compareBools(*x, *any(&b).(*bool))
	}
	return 0
}

// compareAtoms orders two scalars of the same type as OVSDB does.
func compareAtoms(a, b Value) int {
	switch x := a.(type) {
	case int64:
		y, _ := b.(int64)
		return cmp.Compare(x, y)
	case float64:
		y, _ := b.(float64)
		return cmp.Compare(x, y)
	case bool:
		y, _ := b.(bool)
		return compareBools(x, y)
	case string:
		y, _ := b.(string)
		return cmp.Compare(x, y)
	case UUID:
		y, _ := b.(UUID)
		return x.Compare(y)
	}
	return 0
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Equal reports whether two values of the same column are equal.
func Equal(a, b Value) bool {
	switch x := a.(type) {
	case int64:
		y, ok := b.(int64)
		return ok && x == y
	case float64:
		y, ok := b.(float64)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case string:
		y, ok := b.(string)
		return ok && x == y
	case UUID:
		y, ok := b.(UUID)
		return ok && x == y
	case []int64:
		y, ok := b.([]int64)
		return ok && equalSlices(x, y)
	case []float64:
		y, ok := b.([]float64)
		return ok && equalSlices(x, y)
	case []bool:
		y, ok := b.([]bool)
		return ok && equalSlices(x, y)
	case []string:
		y, ok := b.([]string)
		return ok && equalSlices(x, y)
	case []UUID:
		y, ok := b.([]UUID)
		return ok && equalSlices(x, y)
	case Map:
		y, ok := b.(Map)
		return ok && (sameSlice(x, y) || len(x) == len(y) && slices.EqualFunc(x, y, func(p, q Pair) bool { return Equal(p.K, q.K) && Equal(p.V, q.V) }))
	}
	return a == nil && b == nil
}

// sameSlice reports whether two slices are the same memory, which immutability makes a proof of equality.
func sameSlice[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func equalSlices[T comparable](a, b []T) bool {
	return len(a) == len(b) && (sameSlice(a, b) || slices.Equal(a, b))
}

// IsDefault reports whether a value is what a column has that nobody set (RFC 7047 section 5.2.1). A present optional value
// never is: false is not absent.
func IsDefault(v Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case int64:
		return v == 0
	case float64:
		return v == 0
	case bool:
		return !v
	case string:
		return v == ""
	case UUID:
		return v.IsZero()
	case []int64:
		return len(v) == 0
	case []float64:
		return len(v) == 0
	case []bool:
		return len(v) == 0
	case []string:
		return len(v) == 0
	case []UUID:
		return len(v) == 0
	case Map:
		return len(v) == 0
	}
	return false
}
