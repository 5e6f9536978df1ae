package ovsdb

import "slices"

// Monitor versions: the request, its notification and what that carries.
const (
	monitorV1    = 1 // monitor, update: old and new
	monitorCond  = 2 // monitor_cond, update2: differences
	monitorSince = 3 // monitor_cond_since, update3: update2 with a transaction id
)

const noTxnID = "00000000-0000-0000-0000-000000000000"

// monitor is one monitor of a connection. The publisher hands it commits; what they look like to the client is worked out on
// the connection's writer, which alone touches id, where and extra once the monitor runs, so that its order is the order of
// everything else sent there and one slow client holds up nobody.
type monitor struct {
	conn    *conn
	db      *Database
	schema  *Schema
	version int
	id      any
	tables  []*monTable // by TableSchema.Index, nil if not monitored
	list    []*monTable
	cancel  bool   // guarded by conn.mu
	begun   bool   // of the publisher's goroutine
	asked   string // see askedText; until the monitor begins
}

type monTable struct {
	schema *TableSchema
	cols   []monColumn
	sel    selection
	where  []clause
	never  bool                   // the condition is [false]
	extra  map[*ColumnSchema]bool // columns that conditions mentioned: stock reports their changes, with nothing in them
}

type monColumn struct {
	*ColumnSchema
	sel selection
}

type selection uint8

const (
	selInitial selection = 1 << iota
	selInsert
	selDelete
	selModify
	selAll = selInitial | selInsert | selDelete | selModify
)

func newMonitor(c *conn, db *Database, version int, id any, requests any) (*monitor, error) {
	obj, ok := requests.(map[string]any)
	if !ok {
		return nil, syntaxError(requests, "monitor-requests must be object")
	}
	schema := db.Schema()
	m := &monitor{conn: c, db: db, schema: schema, version: version, id: id, tables: make([]*monTable, len(schema.Tables))}
	for _, name := range sortedKeys(obj) {
		ts := schema.Table(name)
		if ts == nil {
			return nil, ovsdbError("syntax error", "no table named %s", name)
		}
		t := &monTable{schema: ts, extra: map[*ColumnSchema]bool{}}
		list, ok := obj[name].([]any)
		if !ok {
			list = []any{obj[name]}
		}
		for _, r := range list {
			if err := t.request(r, version); err != nil {
				return nil, err
			}
		}
		m.tables[ts.Index] = t
		m.list = append(m.list, t)
	}
	m.asked = askedText(version, m.list, requests)
	return m, nil
}

// request adds one <monitor-request> for the table.
func (t *monTable) request(v any, version int) error {
	m := newMembers(v, "table "+t.schema.Name)
	columns, some := m.array("columns")
	sel := selAll
	s := m.optional("select")
	if _, ok := s.(map[string]any); s != nil && !ok {
		m.mismatch("select")
	}
	var where []any
	if version != monitorV1 {
		where, _ = m.array("where")
	}
	if err := m.done(); err != nil {
		return err
	}
	if s != nil {
		sm := newMembers(s, "table "+t.schema.Name+" select")
		sel = 0
		for name, bit := range map[string]selection{"initial": selInitial, "insert": selInsert, "delete": selDelete, "modify": selModify} {
			if sm.boolean(name, true) {
				sel |= bit
			}
		}
		if err := sm.done(); err != nil {
			return err
		}
	}
	var cols []*ColumnSchema
	if !some {
		cols = append([]*ColumnSchema{versionColumn}, t.schema.Columns...)
	}
	for _, e := range columns {
		name, ok := e.(string)
		if !ok {
			return syntaxError(columns, "array of column names expected")
		}
		c := t.schema.Column(name)
		if c == nil {
			return syntaxError(columns, "%s is not a valid column name", name)
		}
		cols = append(cols, c)
	}
	t.sel |= sel
	for _, c := range cols {
		for _, have := range t.cols {
			if have.ColumnSchema == c {
				return syntaxError(columns, "column %s mentioned more than once", c.Name)
			}
		}
		t.cols = append(t.cols, monColumn{c, sel})
	}
	if where != nil {
		clauses, never, err := t.condition(where)
		if err != nil {
			return err
		}
		t.where, t.never = append(t.where, clauses...), never
		t.mention(clauses)
	}
	return nil
}

// condition binds a monitor's condition, whose clauses are alternatives.
func (t *monTable) condition(where []any) (clauses []clause, never bool, err error) {
	conds, err := decodeWhere(t.schema, where, decoder{})
	if err != nil {
		return nil, false, err
	}
	for _, c := range conds {
		cl, err := bindClause(t.schema, c)
		if err != nil {
			return nil, false, err
		}
		if cl.col == nil && cl.konst {
			return nil, false, nil // true makes the others irrelevant
		}
		if cl.col != nil {
			clauses = append(clauses, cl)
		}
	}
	return clauses, len(conds) > 0 && len(clauses) == 0, nil
}

func (t *monTable) mention(clauses []clause) {
	for _, c := range clauses {
		t.extra[c.col] = true
	}
}

func (t *monTable) match(r *Row) bool { return !t.never && matchAny(t.where, r) }

// publish implements sink.
func (m *monitor) publish(id UUID, changes []change) bool {
	relevant := 0
	for i := range changes {
		row := changes[i].New
		if row == nil {
			row = changes[i].Old
		}
		if m.tables[row.table.Index] != nil {
			relevant++
		}
	}
	if relevant == 0 {
		return !m.isCanceled()
	}
	return m.conn.sendFor(m, relevant*changeCost, func(b []byte) []byte { return m.appendUpdate(b, id, changes) })
}

func (m *monitor) isCanceled() bool {
	m.conn.mu.Lock()
	defer m.conn.mu.Unlock()
	return m.cancel
}

// close implements sink.
func (m *monitor) close() {}

func (m *monitor) begin(b []byte, at UUID) []byte {
	switch m.version {
	case monitorV1:
		b = append(b, `{"id":null,"method":"update","params":[`...)
	case monitorCond:
		b = append(b, `{"id":null,"method":"update2","params":[`...)
	default:
		b = append(b, `{"id":null,"method":"update3","params":[`...)
	}
	b = appendJSON(b, m.id)
	if m.version == monitorSince {
		b = append(at.append(append(b, `,"`...)), '"')
	}
	return append(b, ',')
}

// appendUpdate appends the notification about a commit, or nothing.
func (m *monitor) appendUpdate(b []byte, id UUID, changes []change) []byte {
	mark := len(b)
	b = m.begin(b, id)
	u := m.changed(b, changes)
	if u.tables == 0 {
		return u.b[:mark]
	}
	return append(u.b, "]}"...)
}

// changed appends a <table-updates> of what changed.
func (m *monitor) changed(b []byte, changes []change) updates {
	u := updates{b: append(b, '{')}
	done := make([]bool, len(changes))
	for i := range changes {
		if done[i] {
			continue
		}
		name := changes[i].Table
		t := m.tables[m.schema.Table(name).Index]
		for j := i; j < len(changes); j++ {
			if c := &changes[j]; !done[j] && c.Table == name {
				done[j] = true
				if t != nil {
					u.row(m.version, t, c)
				}
			}
		}
		u.endTable()
	}
	u.b = append(u.b, '}')
	return u
}

// appendInitial appends the contents that a monitor request is answered with, the rows of each table in order: stock's clients
// list rows as they came, and the same contents look the same every time. It hands over what fills the buffer and goes on with
// the one that flush returns. It keeps in rows what is shown.
func (m *monitor) appendInitial(b []byte, rows [][]*Row, flush func([]byte) ([]byte, bool)) []byte {
	u := updates{b: append(b, '{')}
	for i, t := range m.list {
		if t.sel&selInitial == 0 {
			continue
		}
		rows[i] = slices.DeleteFunc(rows[i], func(r *Row) bool { return !t.match(r) })
		slices.SortFunc(rows[i], byUUID)
		for _, r := range rows[i] {
			u.insert(m.version, t, r, selInitial)
			if len(u.b) >= writeChunk {
				var ok bool
				if u.b, ok = flush(u.b); !ok {
					return u.b
				}
			}
		}
		u.endTable()
	}
	return append(u.b, '}')
}

// updates builds a <table-updates> of any version.
type updates struct {
	b      []byte
	rows   int // in the current table
	tables int
}

func (u *updates) begin(t *monTable, id UUID) {
	switch {
	case u.rows > 0:
		u.b = append(u.b, ',')
	case u.tables > 0:
		u.b = append(u.b, ',')
		fallthrough
	default:
		u.b = append(u.b, '"')
		u.b = append(u.b, t.schema.Name...)
		u.b = append(u.b, `":{`...)
	}
	u.rows++
	u.b = append(u.b, '"')
	u.b = id.append(u.b)
	u.b = append(u.b, `":{`...)
}

func (u *updates) end() { u.b = append(u.b, '}') }

func (u *updates) endTable() {
	if u.rows > 0 {
		u.b = append(u.b, '}')
		u.rows = 0
		u.tables++
	}
}

func (u *updates) row(version int, t *monTable, c *change) {
	was := c.Old != nil && t.match(c.Old)
	is := c.New != nil && t.match(c.New)
	switch {
	case !was && is:
		if t.sel&selInsert != 0 {
			u.insert(version, t, c.New, selInsert)
		}
	case was && !is:
		if t.sel&selDelete != 0 {
			u.delete(version, t, c.Old)
		}
	case was && is && t.sel&selModify != 0:
		u.modify(version, t, c)
	}
}

func (u *updates) columns(t *monTable, r *Row, sel selection, defaults bool) {
	u.b = append(u.b, '{')
	for _, c := range t.cols {
		if c.sel&sel == 0 {
			continue
		}
		if v := r.At(c.Index); defaults || c.Index < 0 || !Equal(v, c.def) {
			u.b = appendColumn(u.b, c.ColumnSchema, v)
		}
	}
	u.b = append(u.b, '}')
}

func (u *updates) insert(version int, t *monTable, r *Row, sel selection) {
	u.begin(t, r.UUID)
	switch {
	case version == monitorV1:
		u.b = append(u.b, `"new":`...)
	case sel == selInitial:
		u.b = append(u.b, `"initial":`...)
	default:
		u.b = append(u.b, `"insert":`...)
	}
	u.columns(t, r, sel, version == monitorV1)
	u.end()
}

func (u *updates) delete(version int, t *monTable, r *Row) {
	u.begin(t, r.UUID)
	if version == monitorV1 {
		u.b = append(u.b, `"old":`...)
		u.columns(t, r, selDelete, true)
	} else {
		u.b = append(u.b, `"delete":null`...)
	}
	u.end()
}

func (u *updates) modify(version int, t *monTable, ch *change) {
	relevant := false
	changed := func(c *ColumnSchema) bool {
		if c == versionColumn {
			return true
		}
		for _, x := range ch.cols {
			if x == c {
				return true
			}
		}
		return false
	}
	for _, c := range t.cols {
		// A column whose modifications nobody asked for makes stock tell of them all the same, with nothing in it.
		if changed(c.ColumnSchema) {
			relevant = true
			break
		}
	}
	if !relevant && version != monitorV1 {
		for _, c := range ch.cols {
			relevant = relevant || t.extra[c]
		}
	}
	if !relevant {
		return
	}
	u.begin(t, ch.New.UUID)
	if version == monitorV1 {
		u.b = append(u.b, `"old":{`...)
	} else {
		u.b = append(u.b, `"modify":{`...)
	}
	for _, c := range t.cols {
		if c.sel&selModify == 0 || !changed(c.ColumnSchema) {
			continue
		}
		old, now := ch.Old.At(c.Index), ch.New.At(c.Index)
		switch {
		case version == monitorV1:
			u.b = appendColumn(u.b, c.ColumnSchema, old)
		case c.Index < 0:
			u.b = appendColumn(u.b, c.ColumnSchema, now)
		default:
			u.b = appendColumn(u.b, c.ColumnSchema, diffValue(&c.Type, old, now))
		}
	}
	u.b = append(u.b, '}')
	if version == monitorV1 {
		u.b = append(u.b, `,"new":`...)
		u.columns(t, ch.New, selModify, true)
	}
	u.end()
}

// condChange is a decoded monitor_cond_change.
type condChange struct {
	id     any
	tables []*monTable
	where  [][]clause
	never  []bool
}

func (m *monitor) decodeCondChange(id, requests any) (*condChange, error) {
	obj, ok := requests.(map[string]any)
	if !ok {
		return nil, ovsdbError("syntax error", "monitor-cond-change-requests must be object")
	}
	cc := &condChange{id: id}
	for _, name := range sortedKeys(obj) {
		ts := m.schema.Table(name)
		if ts == nil {
			return nil, ovsdbError("syntax error", "no table named %s", name)
		}
		t := m.tables[ts.Index]
		if t == nil {
			return nil, ovsdbError("syntax error", "no table named %s in monitor session", name)
		}
		list, ok := obj[name].([]any)
		if !ok {
			return nil, ovsdbError("syntax error", "table %s no monitor-cond-change JSON array", name)
		}
		var clauses []clause
		never := false
		for _, r := range list {
			mm := newMembers(r, "table "+name)
			mm.optional("columns")
			where, _ := mm.any("where").([]any)
			if where == nil {
				mm.mismatch("where")
			}
			if err := mm.done(); err != nil {
				return nil, err
			}
			cl, nv, err := t.condition(where)
			if err != nil {
				return nil, err
			}
			clauses, never = append(clauses, cl...), nv
		}
		cc.tables = append(cc.tables, t)
		cc.where = append(cc.where, clauses)
		cc.never = append(cc.never, never)
	}
	return cc, nil
}

// appendCondChange puts a new condition into force and appends the rows that it lets in and out. It runs on the writer.
func (m *monitor) appendCondChange(b []byte, at UUID, cc *condChange, rows [][]*Row) []byte {
	m.id = cc.id
	mark := len(b)
	b = m.begin(b, at)
	u := updates{b: append(b, '{')}
	for i, t := range cc.tables {
		old := *t
		t.where, t.never = cc.where[i], cc.never[i]
		t.mention(cc.where[i])
		for _, r := range rows[i] {
			switch was, is := old.match(r), t.match(r); {
			case is && !was:
				u.insert(m.version, t, r, selInsert)
			case was && !is:
				u.delete(m.version, t, r)
			}
		}
		u.endTable()
	}
	if u.tables == 0 {
		return u.b[:mark]
	}
	return append(u.b, "}]}"...)
}

func monitorMethod(version int) string {
	return [...]string{monitorV1: "monitor", monitorCond: "monitor_cond", monitorSince: "monitor_cond_since"}[version]
}
