package ovsdb

import "slices"

// Role-based access control (ovn-architecture(7), RBAC): a session with a role may write only what the rows of RBAC_Role and
// RBAC_Permission in the database itself allow, and only rows of its own, told by a column that holds its name.

// permission finds what the session's role may do in a table; limited is false when it may do everything.
func (x *txn) permission(t *TableSchema) (p *Row, limited bool) {
	if x.who == nil || x.who.role == "" {
		return nil, false
	}
	roles := x.db.Schema().Table("RBAC_Role")
	if roles == nil {
		return nil, false
	}
	var perms *TableSchema
	if c := roles.Column("permissions"); c != nil && c.Type.Value != nil {
		perms = c.Type.Value.ref
	}
	if perms == nil || x.who.id == "" {
		return nil, true
	}
	for _, s := range x.db.tables[roles.Index].rows {
		if s.row.String("name") != x.who.role {
			continue
		}
		m, _ := s.row.Get("permissions").(Map)
		id, ok := m.Get(t.Name).(UUID)
		if !ok {
			return nil, true
		}
		return x.db.tables[perms.Index].rows[id].row, true
	}
	return nil, true
}

func (x *txn) denied(what string, t *TableSchema) error {
	return ovsdbError("permission error", "RBAC rules for client \"%s\" role \"%s\" prohibit %s table \"%s\".", x.who.rbacID(), x.who.role, what, t.Name)
}

// known objects to a session whose role has no permission in the table at all, or that has no name: whatever rows it means,
// even none.
func (x *txn) known(what string, t *TableSchema) error {
	if p, limited := x.permission(t); limited && p == nil {
		return x.denied(what, t)
	}
	return nil
}

// owns checks a row against the authorization columns of a permission: one of them must hold the client's name. The empty
// name stands for everybody; column:key looks into a map.
func (x *txn) owns(p *Row, r *Row) bool {
	auth, _ := p.Get("authorization").([]string)
	for _, a := range auth {
		if a == "" {
			return true
		}
		column, key, isMap := cut(a)
		switch v := r.Get(column).(type) {
		case string:
			if !isMap && v == x.who.id {
				return true
			}
		case []string:
			if !isMap && slices.Contains(v, x.who.id) {
				return true
			}
		case Map:
			if isMap && v.GetString(key) == x.who.id {
				return true
			}
		}
	}
	return false
}

func cut(s string) (before, after string, found bool) {
	for i := range len(s) {
		if s[i] == ':' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func (x *txn) allowInsert(r *Row) error {
	p, limited := x.permission(r.table)
	if !limited || p != nil && p.Get("insert_delete") == true && x.owns(p, r) {
		return nil
	}
	return x.denied("row insertion into", r.table)
}

func (x *txn) allowDelete(r *Row) error {
	p, limited := x.permission(r.table)
	if !limited || p != nil && p.Get("insert_delete") == true && x.owns(p, r) {
		return nil
	}
	return x.denied("row deletion from", r.table)
}

func (x *txn) allowUpdate(r *Row, cols []*ColumnSchema, what string) error {
	p, limited := x.permission(r.table)
	if !limited {
		return nil
	}
	if p != nil && x.owns(p, r) {
		may, _ := p.Get("update").([]string)
		ok := true
		for _, c := range cols {
			ok = ok && slices.ContainsFunc(may, func(s string) bool {
				column, _, _ := cut(s)
				return column == c.Name
			})
		}
		if ok {
			return nil
		}
	}
	return x.denied(what, r.table)
}
