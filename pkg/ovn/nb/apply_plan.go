package nb

import (
	"fmt"
	"slices"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// transaction is what has to happen for one owner.
type transaction struct {
	ops     []ovsdb.Op
	touched []touch
	vips    map[claim]string
}

// touch is a row that the transaction changes, and how it looked before: nil for an insert.
type touch struct {
	table  string
	id     ovsdb.UUID
	before *ovsdb.Row
}

// parentColumn is the column of the parent in which rows of a child table live.
func parentColumn(parentTable, childTable string) (string, error) {
	switch parentTable + ">" + childTable {
	case TableLogicalSwitch + ">" + TableLogicalSwitchPort:
		return LogicalSwitchColPorts, nil
	case TableLogicalSwitch + ">" + TableACL:
		return LogicalSwitchColACLs, nil
	case TablePortGroup + ">" + TableACL:
		return PortGroupColACLs, nil
	case TableLogicalRouter + ">" + TableLogicalRouterPort:
		return LogicalRouterColPorts, nil
	case TableLogicalRouter + ">" + TableLogicalRouterPolicy:
		return LogicalRouterColPolicies, nil
	case TableLogicalRouter + ">" + TableLogicalRouterStaticRoute:
		return LogicalRouterColStaticRoutes, nil
	}
	return "", fmt.Errorf("%s holds no rows of %s", parentTable, childTable)
}

// planner builds one transaction against the index; a.mu is held.
type planner struct {
	a       *Applier
	owner   Owner
	t       *transaction
	names   map[key]ovsdb.UUID // rows that this transaction inserts
	touches map[rowRef]bool
	mutates map[rowRef]map[string]*setChange // row → column → change
	order   []rowRef
}

type setChange struct{ insert, remove []ovsdb.UUID }

// plan compares what the owner has with what it should have.
func (a *Applier) plan(owner Owner, desired Desired) (*transaction, error) {
	p := &planner{
		a: a, owner: owner, t: &transaction{vips: map[claim]string{}},
		names: map[key]ovsdb.UUID{}, touches: map[rowRef]bool{}, mutates: map[rowRef]map[string]*setChange{},
	}
	have := map[string]*ovsdb.Row{}
	extra := map[string]bool{}
	for ref := range a.index.byOwner[owner.String()] {
		row := a.index.rows[ref.table][ref.id]
		id := identity(ref.table, a.parentName(ref.id), row.Get)
		if have[id] != nil {
			// A duplicate can only come from outside; both go, one is made anew.
			id += "\x00" + ref.id.String()
		}
		have[id], extra[id] = row, true
	}

	type placed struct {
		row  Row
		have *ovsdb.Row
		id   ovsdb.UUID
	}
	rows := make([]placed, 0, len(desired.Rows))
	wanted := map[string]bool{}
	for _, r := range desired.Rows {
		values := map[string]ovsdb.Value{}
		for _, cv := range r.Model.ToRow(identityColumns(r.Model.TableName())...) {
			values[cv.Column] = cv.Value
		}
		id := identity(r.Model.TableName(), r.Parent.Name, func(c string) ovsdb.Value { return values[c] })
		if wanted[id] {
			return nil, fmt.Errorf("two rows of %s claim to be %v", r.Model.TableName(), values)
		}
		wanted[id] = true
		delete(extra, id)
		pl := placed{row: r, have: have[id]}
		if pl.have != nil {
			pl.id = pl.have.UUID
		} else {
			pl.id = ovsdb.NewUUID()
			if name, ok := values["name"].(string); ok && a.index.named[r.Model.TableName()] {
				k := key{r.Model.TableName(), name}
				if other, ok := a.index.find(k); ok {
					holder := ownerOf(other)
					if holder == "" {
						holder = "someone outside kove"
					}
					return nil, &ConflictError{k.table, k.name, holder}
				}
			}
		}
		if name, ok := values["name"].(string); ok {
			p.names[key{r.Model.TableName(), name}] = pl.id
		}
		rows = append(rows, pl)
	}

	for _, pl := range rows {
		if err := p.row(pl.row, pl.have, pl.id); err != nil {
			return nil, err
		}
	}
	for id := range extra {
		p.remove(have[id])
	}
	if err := p.members(desired.Members, extra, have); err != nil {
		return nil, err
	}
	p.flushSets()
	if err := p.vips(desired.VIPs); err != nil {
		return nil, err
	}
	return p.t, nil
}

func (a *Applier) parentName(child ovsdb.UUID) string {
	ref, ok := a.index.parents[child]
	if !ok {
		return ""
	}
	return a.index.rows[ref.table][ref.id].String("name")
}

func (p *planner) touch(table string, id ovsdb.UUID) {
	ref := rowRef{table, id}
	if !p.touches[ref] {
		p.touches[ref] = true
		p.t.touched = append(p.t.touched, touch{table, id, p.a.index.rows[table][id]})
	}
}

// lookup resolves a name, rows of this transaction included.
func (p *planner) lookup(k key) (ovsdb.UUID, error) {
	if id, ok := p.names[k]; ok {
		return id, nil
	}
	if row, ok := p.a.index.find(k); ok {
		return row.UUID, nil
	}
	return ovsdb.UUID{}, &MissingError{k.table, k.name}
}

func (p *planner) row(r Row, have *ovsdb.Row, id ovsdb.UUID) error {
	table := r.Model.TableName()
	values := r.Model.ToRow(p.a.managed[table]...)
	for i, cv := range values {
		if cv.Column == "external_ids" {
			m, _ := cv.Value.(ovsdb.Map)
			ids := m.StringMap()
			if ids == nil {
				ids = map[string]string{}
			}
			ids[OwnerKey], ids[VendorKey] = p.owner.String(), VendorValue
			values[i].Value = ovsdb.NewStringMap(ids)
		}
	}
	schema := p.a.db.Schema().Table(table)
	for column, names := range r.Refs {
		c := schema.Column(column)
		ids := make([]ovsdb.UUID, 0, len(names))
		for _, name := range names {
			ref, err := p.lookup(key{c.Type.Key.RefTable, name})
			if err != nil {
				return err
			}
			ids = append(ids, ref)
		}
		values = append(values, ovsdb.ColumnValue{Column: column, Value: ovsdb.Set(ids...)})
	}

	var changed []ovsdb.ColumnValue
	for _, cv := range values {
		c := schema.Column(cv.Column)
		switch {
		case have == nil && !ovsdb.Equal(cv.Value, c.Default()):
			changed = append(changed, cv)
		case have != nil && !ovsdb.Equal(cv.Value, have.At(c.Index)):
			changed = append(changed, cv)
		}
	}
	switch {
	case have == nil:
		p.t.ops = append(p.t.ops, ovsdb.Insert(table, id, changed...))
		p.touch(table, id)
	case len(changed) > 0:
		p.t.ops = append(p.t.ops, ovsdb.Update(table, id, changed...))
		p.touch(table, id)
	}

	if r.Parent == (Parent{}) {
		return nil
	}
	column, err := parentColumn(r.Parent.Table, table)
	if err != nil {
		return err
	}
	parent, err := p.lookup(key{r.Parent.Table, r.Parent.Name})
	if err != nil {
		return err
	}
	now, attached := p.a.index.parents[id]
	if attached && now.id == parent {
		return nil
	}
	if attached {
		p.set(now, column).remove = append(p.set(now, column).remove, id)
	}
	c := p.set(rowRef{r.Parent.Table, parent}, column)
	c.insert = append(c.insert, id)
	return nil
}

// remove deletes a row: a child by taking it out of its parent, which is what makes it disappear.
func (p *planner) remove(row *ovsdb.Row) {
	table := row.Table().Name
	p.touch(table, row.UUID)
	if parent, ok := p.a.index.parents[row.UUID]; ok {
		column, err := parentColumn(parent.table, table)
		if err == nil {
			c := p.set(parent, column)
			c.remove = append(c.remove, row.UUID)
			return
		}
	}
	p.t.ops = append(p.t.ops, ovsdb.Delete(table, row.UUID))
}

func (p *planner) set(ref rowRef, column string) *setChange {
	if p.mutates[ref] == nil {
		p.mutates[ref] = map[string]*setChange{}
		p.order = append(p.order, ref)
	}
	if p.mutates[ref][column] == nil {
		p.mutates[ref][column] = &setChange{}
	}
	return p.mutates[ref][column]
}

func (p *planner) flushSets() {
	for _, ref := range p.order {
		var muts []ovsdb.Mutation
		columns := make([]string, 0, len(p.mutates[ref]))
		for column := range p.mutates[ref] {
			columns = append(columns, column)
		}
		slices.Sort(columns)
		for _, column := range columns {
			c := p.mutates[ref][column]
			if len(c.remove) > 0 {
				muts = append(muts, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutDelete, Value: ovsdb.Set(c.remove...)})
			}
			if len(c.insert) > 0 {
				muts = append(muts, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutInsert, Value: ovsdb.Set(c.insert...)})
			}
		}
		p.t.ops = append(p.t.ops, ovsdb.Mutate(ref.table, ref.id, muts...))
		p.touch(ref.table, ref.id)
	}
}

// members makes the owner's ports members of exactly the desired groups, among the groups that are kove's. Ports that go
// leave their groups by themselves: the references are weak.
func (p *planner) members(members []Member, extra map[string]bool, have map[string]*ovsdb.Row) error {
	want := map[ovsdb.UUID]map[ovsdb.UUID]bool{}
	for _, m := range members {
		port, err := p.lookup(key{TableLogicalSwitchPort, m.Port})
		if err != nil {
			return err
		}
		group, err := p.lookup(key{TablePortGroup, m.Group})
		if err != nil {
			return err
		}
		addTo(want, port, group)
		if !p.a.index.groups[port][group] {
			c := p.set(rowRef{TablePortGroup, group}, PortGroupColPorts)
			if !slices.Contains(c.insert, port) {
				c.insert = append(c.insert, port)
			}
		}
	}
	for id, row := range have {
		if extra[id] || row.Table().Name != TableLogicalSwitchPort {
			continue
		}
		for group := range p.a.index.groups[row.UUID] {
			if want[row.UUID][group] || ownerOf(p.a.index.rows[TablePortGroup][group]) == "" {
				continue
			}
			c := p.set(rowRef{TablePortGroup, group}, PortGroupColPorts)
			c.remove = append(c.remove, row.UUID)
		}
	}
	return nil
}

// vips changes only the entries that differ, so that one Service does not rewrite the others' load balancer.
func (p *planner) vips(desired []VIP) error {
	type change struct {
		remove []string
		insert map[string]string
	}
	changes := map[string]*change{}
	of := func(lb string) *change {
		if changes[lb] == nil {
			changes[lb] = &change{insert: map[string]string{}}
		}
		return changes[lb]
	}
	current := func(lb *ovsdb.Row, vip string) (string, bool) {
		m, _ := lb.Get(LoadBalancerColVIPs).(ovsdb.Map)
		v, ok := m.Get(vip).(string)
		return v, ok
	}
	for _, v := range desired {
		c := claim{v.LoadBalancer, v.VIP}
		if by, ok := p.a.claims[c]; ok && by != p.owner {
			return &ConflictError{TableLoadBalancer, v.LoadBalancer + " entry " + v.VIP, by.String()}
		}
		lb, ok := p.a.index.find(key{TableLoadBalancer, v.LoadBalancer})
		if !ok {
			return &MissingError{TableLoadBalancer, v.LoadBalancer}
		}
		p.t.vips[c] = v.Backends
		old, present := current(lb, v.VIP)
		if present && old == v.Backends {
			continue
		}
		if present {
			of(v.LoadBalancer).remove = append(of(v.LoadBalancer).remove, v.VIP)
		}
		of(v.LoadBalancer).insert[v.VIP] = v.Backends
	}
	for c := range p.a.vips[p.owner] {
		if _, stays := p.t.vips[c]; stays {
			continue
		}
		if lb, ok := p.a.index.find(key{TableLoadBalancer, c.loadBalancer}); ok {
			if _, present := current(lb, c.vip); present {
				of(c.loadBalancer).remove = append(of(c.loadBalancer).remove, c.vip)
			}
		}
	}
	names := make([]string, 0, len(changes))
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		lb, _ := p.a.index.find(key{TableLoadBalancer, name})
		var muts []ovsdb.Mutation
		if len(changes[name].remove) > 0 {
			muts = append(muts, ovsdb.Mutation{Column: LoadBalancerColVIPs, Mutator: ovsdb.MutDelete, Value: ovsdb.Set(changes[name].remove...)})
		}
		if len(changes[name].insert) > 0 {
			muts = append(muts, ovsdb.Mutation{Column: LoadBalancerColVIPs, Mutator: ovsdb.MutInsert, Value: ovsdb.NewStringMap(changes[name].insert)})
		}
		p.t.ops = append(p.t.ops, ovsdb.Mutate(TableLoadBalancer, lb.UUID, muts...))
		p.touch(TableLoadBalancer, lb.UUID)
	}
	return nil
}

// take records the claims of a planned transaction beside those that the owner had. Both stay if it fails: the owner will
// be back, and what it no longer wants is still to be removed then.
func (a *Applier) take(owner Owner, t *transaction) {
	if len(t.vips) == 0 {
		return
	}
	if a.vips[owner] == nil {
		a.vips[owner] = map[claim]bool{}
	}
	for c := range t.vips {
		a.claims[c] = owner
		a.vips[owner][c] = true
	}
}

// settle drops the claims that a committed transaction no longer has.
func (a *Applier) settle(owner Owner, t *transaction) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.vips[owner] {
		if _, stays := t.vips[c]; !stays {
			delete(a.claims, c)
			delete(a.vips[owner], c)
		}
	}
	if len(a.vips[owner]) == 0 {
		delete(a.vips, owner)
	}
}
