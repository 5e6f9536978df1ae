package nb

import (
	"fmt"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// key identifies a row by table and name, or by table and whatever identifies rows without a name.
type key struct{ table, name string }

type rowRef struct {
	table string
	id    ovsdb.UUID
}

// index is the Applier's view of the database. It is fed by the watch alone.
type index struct {
	rows     map[string]map[ovsdb.UUID]*ovsdb.Row
	byName   map[key]map[ovsdb.UUID]bool // tables with a name column
	byOwner  map[string]map[rowRef]bool
	parents  map[ovsdb.UUID]rowRef              // child → parent, strong references only
	groups   map[ovsdb.UUID]map[ovsdb.UUID]bool // port → port groups
	children map[string][]string                // parent table → columns that hold children
	named    map[string]bool
}

func newIndex(schema *ovsdb.Schema) *index {
	ix := &index{
		rows:     map[string]map[ovsdb.UUID]*ovsdb.Row{},
		byName:   map[key]map[ovsdb.UUID]bool{},
		byOwner:  map[string]map[rowRef]bool{},
		parents:  map[ovsdb.UUID]rowRef{},
		groups:   map[ovsdb.UUID]map[ovsdb.UUID]bool{},
		children: map[string][]string{},
		named:    map[string]bool{},
	}
	for _, name := range appliedTables() {
		t := schema.Table(name)
		ix.rows[name] = map[ovsdb.UUID]*ovsdb.Row{}
		ix.named[name] = t.Column("name") != nil && name != TableACL
		for _, c := range t.Columns {
			if c.Type.Key.RefType == "strong" && !c.Type.IsOptional() {
				ix.children[name] = append(ix.children[name], c.Name)
			}
		}
	}
	return ix
}

func ownerOf(r *ovsdb.Row) string {
	ids, _ := r.Get("external_ids").(ovsdb.Map)
	return ids.GetString(OwnerKey)
}

// apply follows one change and tells whether a name appeared.
func (ix *index) apply(c ovsdb.Change) (appearedAs key, appeared bool) {
	rows := ix.rows[c.Table]
	if rows == nil {
		return key{}, false
	}
	if c.Old != nil {
		delete(rows, c.Old.UUID)
		if ix.named[c.Table] {
			removeFrom(ix.byName, key{c.Table, c.Old.String("name")}, c.Old.UUID)
		}
		removeFrom(ix.byOwner, ownerOf(c.Old), rowRef{c.Table, c.Old.UUID})
	}
	if c.New != nil {
		rows[c.New.UUID] = c.New
		if ix.named[c.Table] {
			k := key{c.Table, c.New.String("name")}
			appearedAs, appeared = k, len(ix.byName[k]) == 0
			addTo(ix.byName, k, c.New.UUID)
		}
		if owner := ownerOf(c.New); owner != "" {
			addTo(ix.byOwner, owner, rowRef{c.Table, c.New.UUID})
		}
	}
	for _, column := range ix.children[c.Table] {
		removed, added := setDifference(uuids(c.Old, column), uuids(c.New, column))
		for _, child := range removed {
			if p, ok := ix.parents[child]; ok && p.id == c.Old.UUID {
				delete(ix.parents, child)
			}
		}
		for _, child := range added {
			ix.parents[child] = rowRef{c.Table, c.New.UUID}
		}
	}
	if c.Table == TablePortGroup {
		removed, added := setDifference(uuids(c.Old, PortGroupColPorts), uuids(c.New, PortGroupColPorts))
		for _, port := range removed {
			removeFrom(ix.groups, port, c.Old.UUID)
		}
		for _, port := range added {
			addTo(ix.groups, port, c.New.UUID)
		}
	}
	return appearedAs, appeared
}

// find looks a row up by name; where names are not unique, kove's own row wins.
func (ix *index) find(k key) (*ovsdb.Row, bool) {
	var found *ovsdb.Row
	for id := range ix.byName[k] {
		row := ix.rows[k.table][id]
		if found == nil || (ownerOf(found) == "" && ownerOf(row) != "") {
			found = row
		}
	}
	return found, found != nil
}

func addTo[K, V comparable](m map[K]map[V]bool, k K, v V) {
	if m[k] == nil {
		m[k] = map[V]bool{}
	}
	m[k][v] = true
}

func removeFrom[K, V comparable](m map[K]map[V]bool, k K, v V) {
	delete(m[k], v)
	if len(m[k]) == 0 {
		delete(m, k)
	}
}

func uuids(r *ovsdb.Row, column string) []ovsdb.UUID {
	if r == nil {
		return nil
	}
	switch v := r.Get(column).(type) {
	case []ovsdb.UUID:
		return v
	case ovsdb.UUID:
		return []ovsdb.UUID{v}
	}
	return nil
}

// setDifference compares two sorted sets in one pass: parents of thousands of ports change by one port at a time.
func setDifference(old, new []ovsdb.UUID) (removed, added []ovsdb.UUID) {
	i, j := 0, 0
	for i < len(old) || j < len(new) {
		switch {
		case j == len(new):
			removed = append(removed, old[i])
			i++
		case i == len(old):
			added = append(added, new[j])
			j++
		default:
			switch c := old[i].Compare(new[j]); {
			case c < 0:
				removed = append(removed, old[i])
				i++
			case c > 0:
				added = append(added, new[j])
				j++
			default:
				i++
				j++
			}
		}
	}
	return removed, added
}

// identityColumns tell rows of one owner apart.
func identityColumns(table string) []string {
	switch table {
	case TableLogicalRouterPolicy:
		return []string{LogicalRouterPolicyColPriority, LogicalRouterPolicyColMatch}
	case TableLogicalRouterStaticRoute:
		return []string{LogicalRouterStaticRouteColRouteTable, LogicalRouterStaticRouteColIPPrefix, LogicalRouterStaticRouteColPolicy, LogicalRouterStaticRouteColNexthop, LogicalRouterStaticRouteColOutputPort}
	case TableACL:
		return []string{ACLColDirection, ACLColPriority, ACLColMatch, ACLColTier}
	}
	return []string{"name"}
}

func identity(table, parent string, values func(column string) ovsdb.Value) string {
	var b strings.Builder
	b.WriteString(table)
	if identityColumns(table)[0] != "name" {
		b.WriteByte(0)
		b.WriteString(parent)
	}
	for _, c := range identityColumns(table) {
		fmt.Fprintf(&b, "\x00%v", values(c))
	}
	return b.String()
}
