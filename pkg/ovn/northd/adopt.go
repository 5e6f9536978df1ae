package northd

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Rows that another northd wrote say the same under UUIDs of their own. They are kept, so that taking over from stock ovn-northd
// writes nothing that is right already.

// place notes where a row is that was found.
func (s *rowStore) place(e *rowEntry, id ovsdb.UUID) {
	e.id = id
	if ours := hashUUID(e.table, e.key); ours != id {
		s.found[ours] = id
	} else {
		delete(s.found, ours)
	}
}

// resolve makes references to rows of ours lead to where those are.
func (s *rowStore) resolve(cols []ovsdb.ColumnValue) {
	if len(s.found) == 0 {
		return
	}
	for i := range cols {
		switch v := cols[i].Value.(type) {
		case ovsdb.UUID:
			if id, ok := s.found[v]; ok {
				cols[i].Value = id
			}
		case []ovsdb.UUID:
			if slices.ContainsFunc(v, s.isFound) {
				ids := slices.Clone(v)
				for j, id := range ids {
					if at, ok := s.found[id]; ok {
						ids[j] = at
					}
				}
				cols[i].Value = ovsdb.Set(ids...)
			}
		case ovsdb.Map:
			for _, p := range v {
				if id, ok := p.V.(ovsdb.UUID); ok && s.isFound(id) {
					cols[i].Value = s.resolveMap(v)
					break
				}
			}
		}
	}
}

func (s *rowStore) isFound(id ovsdb.UUID) bool { _, ok := s.found[id]; return ok }

// resolveMap is resolve for the values of a map.
func (s *rowStore) resolveMap(m ovsdb.Map) ovsdb.Map {
	m = slices.Clone(m)
	for i, p := range m {
		if id, ok := p.V.(ovsdb.UUID); ok && s.isFound(id) {
			m[i].V = s.found[id]
		}
	}
	return m
}

// adopt lets rows that are wanted have the children that they have in the database, if those say what is wanted. Children have no
// key of their own in there, so this takes both sides: it is done once, when all that is wanted is known.
func (s *rowStore) adopt() {
	if len(s.children) == 0 {
		return
	}
	wanted := map[ovsdb.UUID]*rowEntry{} // children that do not exist, by the UUID that they would have
	for _, e := range s.rows {
		if tables[e.table].child && e.refs > 0 && e.have == nil {
			wanted[e.id] = e
		}
	}
	if len(wanted) > 0 {
		for e := range s.dirty {
			if e.refs > 0 && e.have != nil {
				s.adoptFor(e, wanted)
			}
		}
		for _, e := range s.rows {
			s.resolve(e.want)
		}
	}
	clear(s.children)
}

// adoptFor looks among the children that e has for those that it wants.
func (s *rowStore) adoptFor(e *rowEntry, wanted map[ovsdb.UUID]*rowEntry) {
	for _, c := range e.want {
		ids, ok := c.Value.([]ovsdb.UUID)
		had, _ := e.have.get(c.Column).([]ovsdb.UUID)
		if !ok || len(had) == 0 {
			continue
		}
		for _, id := range ids {
			child := wanted[id]
			if child == nil {
				continue
			}
			for _, h := range had {
				r := s.children[h]
				if r == nil || slices.Contains(ids, h) || !child.says(r) {
					continue
				}
				s.place(child, h)
				child.have = columnsOf(child.table, r)
				delete(wanted, id)
				delete(s.children, h)
				break
			}
		}
	}
}

// says reports whether a row's columns are those that e wants.
func (e *rowEntry) says(r *ovsdb.Row) bool {
	for _, c := range tables[e.table].columns {
		i := slices.IndexFunc(e.want, func(w ovsdb.ColumnValue) bool { return w.Column == c })
		has := r.Get(c)
		if i < 0 && !ovsdb.IsDefault(has) || i >= 0 && !ovsdb.Equal(e.want[i].Value, has) {
			return false
		}
	}
	return true
}

// sharedBy notes which groups of datapaths a load balancer has in common with flows.
func (t *flowTable) sharedBy(lb *ovsdb.Row) {
	for _, c := range []string{sb.LoadBalancerColDatapathGroup, sb.LoadBalancerColLsDatapathGroup, sb.LoadBalancerColLrDatapathGroup} {
		ids, _ := lb.Get(c).([]ovsdb.UUID)
		for _, id := range ids {
			if g := t.groupID[id]; g != nil {
				g.others = true
			}
		}
	}
}
