package topo

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// index answers "which rows refer to k", from the rows themselves: a set of owners per key, sorted.
type index[K comparable] struct {
	*Input[K, []ovsdb.UUID]
}

func newIndex[K comparable](g *graph) *index[K] {
	return &index[K]{newInput[K, []ovsdb.UUID](g)}
}

func (x *index[K]) add(k K, owner ovsdb.UUID) {
	old := x.peek(k)
	i, found := slices.BinarySearchFunc(old, owner, ovsdb.UUID.Compare)
	if !found {
		x.put(k, slices.Insert(slices.Clone(old), i, owner))
	}
}

func (x *index[K]) del(k K, owner ovsdb.UUID) {
	old := x.peek(k)
	i, found := slices.BinarySearchFunc(old, owner, ovsdb.UUID.Compare)
	switch {
	case !found:
	case len(old) == 1:
		x.remove(k)
	default:
		x.put(k, slices.Delete(slices.Clone(old), i, i+1))
	}
}

// one returns the only or first owner of k.
func (x *index[K]) one(k K) (ovsdb.UUID, bool) {
	if s := x.Get(k); len(s) > 0 {
		return s[0], true
	}
	return ovsdb.UUID{}, false
}

// move replaces the keys that owner is listed under.
func (x *index[K]) move(owner ovsdb.UUID, old, new []K) {
	if len(old) > 16 || len(new) > 16 {
		x.moveMany(owner, old, new)
		return
	}
	for _, k := range old {
		if !slices.Contains(new, k) {
			x.del(k, owner)
		}
	}
	for _, k := range new {
		if !slices.Contains(old, k) {
			x.add(k, owner)
		}
	}
}

func (x *index[K]) moveMany(owner ovsdb.UUID, old, new []K) {
	left := make(map[K]struct{}, len(old))
	for _, k := range old {
		left[k] = struct{}{}
	}
	for _, k := range new {
		if _, ok := left[k]; ok {
			delete(left, k)
		} else {
			x.add(k, owner)
		}
	}
	for k := range left {
		x.del(k, owner)
	}
}

// DiffSorted calls gone and come for what is only in old or only in new; both are sorted sets.
func DiffSorted(old, new []ovsdb.UUID, gone, come func(ovsdb.UUID)) {
	for len(old) > 0 || len(new) > 0 {
		switch {
		case len(new) == 0 || len(old) > 0 && old[0].Compare(new[0]) < 0:
			gone(old[0])
			old = old[1:]
		case len(old) == 0 || new[0].Compare(old[0]) < 0:
			come(new[0])
			new = new[1:]
		default:
			old, new = old[1:], new[1:]
		}
	}
}

// refs maintains x for a reference column (sorted set) of owner.
func refs(x *index[ovsdb.UUID], owner ovsdb.UUID, old, new []ovsdb.UUID) {
	DiffSorted(old, new, func(k ovsdb.UUID) { x.del(k, owner) }, func(k ovsdb.UUID) { x.add(k, owner) })
}
