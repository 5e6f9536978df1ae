package ovsdb

import (
	"cmp"
	"slices"
	"sort"
)

// Sets and maps are sorted slices; everything here merges them. Inputs are never changed.

// atomsHave says which side of a merge to keep.
type keep uint8

const (
	onlyA keep = 1 << iota
	both
	onlyB

	union      = onlyA | both | onlyB
	difference = onlyA
	symmetric  = onlyA | onlyB
	intersect  = both
)

func mergeSets[T any](a, b []T, k keep, compare func(T, T) int) []T {
	// A few elements against many is the usual mutation of a large set: find the places instead of walking.
	if k&onlyA != 0 && len(b)*32 < len(a) {
		return mergeFew(a, b, k, compare)
	}
	var out []T
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch c := compare(a[i], b[j]); {
		case c < 0:
			if k&onlyA != 0 {
				out = append(out, a[i])
			}
			i++
		case c > 0:
			if k&onlyB != 0 {
				out = append(out, b[j])
			}
			j++
		default:
			if k&both != 0 {
				out = append(out, a[i])
			}
			i, j = i+1, j+1
		}
	}
	if k&onlyA != 0 {
		out = append(out, a[i:]...)
	}
	if k&onlyB != 0 {
		out = append(out, b[j:]...)
	}
	return out
}

func mergeFew[T any](a, b []T, k keep, compare func(T, T) int) []T {
	out := make([]T, 0, len(a)+len(b))
	at := 0
	for _, x := range b {
		n, found := sort.Find(len(a)-at, func(i int) int { return compare(x, a[at+i]) })
		out = append(out, a[at:at+n]...)
		at += n
		switch {
		case found && k&both != 0:
			out = append(out, a[at])
		case !found && k&onlyB != 0:
			out = append(out, x)
		}
		if found {
			at++
		}
	}
	out = append(out, a[at:]...)
	if len(out) == 0 {
		return nil
	}
	return out
}

// mergeValues merges two sets of the same type.
func mergeValues(a, b Value, k keep) Value {
	switch x := a.(type) {
	case []int64:
		return mergeSets(x, b.([]int64), k, cmp.Compare[int64])
	case []float64:
		return mergeSets(x, b.([]float64), k, cmp.Compare[float64])
	case []bool:
		return mergeSets(x, b.([]bool), k, compareBools)
	case []string:
		return mergeSets(x, b.([]string), k, cmp.Compare[string])
	case []UUID:
		return mergeSets(x, b.([]UUID), k, UUID.Compare)
	}
	return a
}

// sizeOf counts a value's atoms or pairs.
func sizeOf(v Value) int {
	switch x := v.(type) {
	case []int64:
		return len(x)
	case []float64:
		return len(x)
	case []bool:
		return len(x)
	case []string:
		return len(x)
	case []UUID:
		return len(x)
	case Map:
		return len(x)
	}
	return 1
}

// contains counts how many elements of b are in a.
func contains(a, b Value) int {
	switch x := a.(type) {
	case []int64:
		return countIn(x, b.([]int64), cmp.Compare[int64])
	case []float64:
		return countIn(x, b.([]float64), cmp.Compare[float64])
	case []bool:
		return countIn(x, b.([]bool), compareBools)
	case []string:
		return countIn(x, b.([]string), cmp.Compare[string])
	case []UUID:
		return countIn(x, b.([]UUID), UUID.Compare)
	case Map:
		n := 0
		for _, p := range b.(Map) {
			if i, ok := x.find(p.K); ok && Equal(x[i].V, p.V) {
				n++
			}
		}
		return n
	}
	if Equal(a, b) {
		return 1
	}
	return 0
}

func countIn[T any](a, b []T, compare func(T, T) int) int {
	n := 0
	for _, x := range b {
		if _, ok := slices.BinarySearchFunc(a, x, compare); ok {
			n++
		}
	}
	return n
}

// insertPairs adds the pairs of b whose keys a does not have.
func (m Map) insertPairs(b Map) Map {
	out := m
	for _, p := range b {
		if i, ok := out.find(p.K); !ok {
			if len(out) == len(m) {
				out = append(make(Map, 0, len(m)+len(b)), m...)
			}
			out = slices.Insert(out, i, p)
		}
	}
	return out
}

// deletePairs removes the pairs of m for which drop is true.
func (m Map) deletePairs(drop func(Pair) bool) Map {
	var out Map
	for _, p := range m {
		if !drop(p) {
			out = append(out, p)
		}
	}
	return out
}

// diff is what turns old into new: changed and added pairs with their new value, removed ones with their old value.
func (m Map) diff(to Map) Map {
	var out Map
	i, j := 0, 0
	for i < len(m) && j < len(to) {
		switch c := compareAtoms(m[i].K, to[j].K); {
		case c < 0:
			out = append(out, m[i])
			i++
		case c > 0:
			out = append(out, to[j])
			j++
		default:
			if !Equal(m[i].V, to[j].V) {
				out = append(out, to[j])
			}
			i, j = i+1, j+1
		}
	}
	out = append(out, m[i:]...)
	return append(out, to[j:]...)
}

// apply is the inverse of diff.
func (m Map) apply(d Map) Map {
	out := make(Map, 0, len(m)+len(d))
	i, j := 0, 0
	for i < len(m) && j < len(d) {
		switch c := compareAtoms(m[i].K, d[j].K); {
		case c < 0:
			out = append(out, m[i])
			i++
		case c > 0:
			out = append(out, d[j])
			j++
		default:
			if !Equal(m[i].V, d[j].V) {
				out = append(out, d[j])
			}
			i, j = i+1, j+1
		}
	}
	out = append(out, m[i:]...)
	if out = append(out, d[j:]...); len(out) == 0 {
		return nil
	}
	return out
}

// isComposite reports whether changes of the type travel as a difference instead of the new value.
func (t *ColumnType) isComposite() bool { return t.IsMap() || t.Max > 1 }

// diffValue is how a change travels in update2 and in the journal.
func diffValue(t *ColumnType, from, to Value) Value {
	switch {
	case !t.isComposite():
		return to
	case t.IsMap():
		return from.(Map).diff(to.(Map))
	}
	return mergeValues(from, to, symmetric)
}

// applyDiff is the inverse of diffValue.
func applyDiff(t *ColumnType, from, d Value) Value {
	switch {
	case !t.isComposite():
		return d
	case t.IsMap():
		return from.(Map).apply(d.(Map))
	}
	return mergeValues(from, d, symmetric)
}
