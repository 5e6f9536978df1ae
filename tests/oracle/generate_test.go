package oracle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// edit is one random transaction. What it does to a side may depend on names there (a southbound row has another UUID on
// each side), so it is worked out when it is applied.
type edit struct {
	text    string // for people
	south   bool
	restart bool // of both northds; there are no ops
	ops     func(s *oracleSide) []ovsdb.Op
}

// generator makes random edits of northbound databases, and of what chassis write into southbound ones. What it can make is
// in tables: columnValues, optionValues and southEdits say what may stand in which column, the schema says the rest
// (enumerations, booleans, references). docs/oracle-coverage.md is computed from the same tables.
type generator struct {
	*rand.Rand
	schema *ovsdb.Schema
	tables map[string][]*ovsdb.Row // of the northbound database as it is, each sorted by UUID
	serial int
	nets   map[string]int                  // the third byte of the addresses of switches whose names do not tell it
	base   map[string]int                  // rows of the network that the seed began with
	six    bool                            // what is made now is of IPv6, where that has to agree
	used   func(table, column, key string) // called for everything that an edit sets
}

func newGenerator(seed uint64) *generator {
	schema, err := ovsdb.ParseSchema(nb.SchemaJSON)
	if err != nil {
		panic(err)
	}
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0)), schema: schema, nets: map[string]int{}, base: map[string]int{}, used: func(string, string, string) {}}
}

// look reads the database that the next edit starts from.
func (g *generator) look(ctx context.Context, db ovsdb.DB) error {
	g.tables = map[string][]*ovsdb.Row{}
	var ops []ovsdb.Op
	for _, t := range g.schema.Tables {
		ops = append(ops, ovsdb.Select(t.Name))
	}
	res, err := db.Transact(ctx, ops...)
	if err != nil {
		return err
	}
	for i, t := range g.schema.Tables {
		rows := res[i].Rows
		slices.SortFunc(rows, func(a, b *ovsdb.Row) int { return a.UUID.Compare(b.UUID) })
		g.tables[t.Name] = rows
	}
	return nil
}

// settled lets random edits add to what there is by now.
func (g *generator) settled() {
	for name, rows := range g.tables {
		g.base[name] = len(rows)
	}
}

// id makes a UUID that is the same in each run of the seed.
func (g *generator) id() (u ovsdb.UUID) {
	for i := range u {
		u[i] = byte(g.Uint32())
	}
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u
}

func pick[T any](g *generator, of []T) T { return of[g.IntN(len(of))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// row picks a row of a table, nil if there is none.
func (g *generator) row(table string) *ovsdb.Row {
	if len(g.tables[table]) == 0 {
		return nil
	}
	return pick(g, g.tables[table])
}

func (g *generator) named(table, name string) *ovsdb.Row {
	for _, r := range g.tables[table] {
		if r.String("name") == name {
			return r
		}
	}
	return nil
}

// limits bounds how many rows a table gets, so that a network stays small enough to meet itself everywhere.
var limits = map[string]int{
	"Logical_Switch": 4, "Logical_Router": 3, "Logical_Switch_Port": 14, "Logical_Router_Port": 8, "ACL": 8, "Load_Balancer": 4,
	"Logical_Router_Static_Route": 8, "Logical_Router_Policy": 6, "NAT": 6, "NB_Global": 1, "Chassis_Template_Var": 3,
}

const defaultLimit = 4

// next makes the next edit.
func (g *generator) next() edit {
	for {
		switch p := g.IntN(100); {
		case p < 1:
			return edit{text: "northd restarts", restart: true}
		case p < 17:
			if e, ok := g.compound(); ok {
				return e
			}
		case p < 34:
			if e, ok := g.south(); ok {
				return e
			}
		case p < 53:
			if e, ok := g.insertRow(g.table()); ok {
				return e
			}
		case p < 61:
			if e, ok := g.deleteRow(g.table()); ok {
				return e
			}
		case p < 82:
			if e, ok := g.setColumn(g.table()); ok {
				return e
			}
		default:
			if e, ok := g.setOption(); ok {
				return e
			}
		}
	}
}

func (g *generator) table() *ovsdb.TableSchema {
	for {
		t := pick(g, g.schema.Tables)
		if _, no := unreachedTables[t.Name]; !no {
			return t
		}
	}
}

// north is an edit of the northbound database.
func north(text string, ops ...ovsdb.Op) edit {
	return edit{text: text, ops: func(*oracleSide) []ovsdb.Op { return ops }}
}

// parents lists the columns that may hold the strong reference which a row of a table needs to exist.
func (g *generator) parents(table string) (out []*parentColumn) {
	for _, t := range g.schema.Tables {
		for _, c := range t.Columns {
			if c.Type.Key.RefTable == table && c.Type.Key.RefType == "strong" {
				out = append(out, &parentColumn{t, c})
			}
		}
	}
	return out
}

type parentColumn struct {
	table  *ovsdb.TableSchema
	column *ovsdb.ColumnSchema
}

// insertRow adds a row, and for tables that are not roots a reference to it.
func (g *generator) insertRow(t *ovsdb.TableSchema) (edit, bool) {
	limit, ok := limits[t.Name]
	if !ok {
		limit = defaultLimit
	}
	if len(g.tables[t.Name]) >= limit+g.base[t.Name] {
		return edit{}, false
	}
	id := g.id()
	var ops []ovsdb.Op
	var parent *ovsdb.Row
	if !t.IsRoot {
		all := g.parents(t.Name)
		p := pick(g, all)
		parent = g.row(p.table.Name)
		if parent == nil {
			return edit{}, false
		}
		g.used(p.table.Name, p.column.Name, "")
		ops = append(ops, g.refer(parent, p.column, id))
	}
	g.six = g.chance(30)
	cols, ok := g.columns(t, parent)
	if !ok {
		return edit{}, false
	}
	ops = append([]ovsdb.Op{ovsdb.Insert(t.Name, id, cols...)}, ops...)
	return north(fmt.Sprintf("insert %s %s", t.Name, describe(cols)), ops...), true
}

func (g *generator) refer(parent *ovsdb.Row, c *ovsdb.ColumnSchema, id ovsdb.UUID) ovsdb.Op {
	if c.Type.Max == 1 {
		return ovsdb.Update(parent.Table().Name, parent.UUID, ovsdb.ColumnValue{Column: c.Name, Value: []ovsdb.UUID{id}})
	}
	return ovsdb.Mutate(parent.Table().Name, parent.UUID, ovsdb.Mutation{Column: c.Name, Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{id}})
}

// columns makes the columns of a new row; false if one that it needs cannot be made now.
func (g *generator) columns(t *ovsdb.TableSchema, parent *ovsdb.Row) (out []ovsdb.ColumnValue, ok bool) {
	for _, c := range t.Columns {
		must := required[t.Name+"."+c.Name]
		if !must && !g.chance(25) {
			continue
		}
		v, ok := g.value(t, c, parent)
		if !ok {
			if must {
				return nil, false
			}
			continue
		}
		g.used(t.Name, c.Name, "")
		out = append(out, ovsdb.ColumnValue{Column: c.Name, Value: v})
	}
	return out, true
}

// value makes a value for a column; parent is the row that refers to the row, or nil. False means that there is none now, or
// that the generator does not reach the column.
func (g *generator) value(t *ovsdb.TableSchema, c *ovsdb.ColumnSchema, parent *ovsdb.Row) (ovsdb.Value, bool) {
	if make, ok := columnValues[t.Name+"."+c.Name]; ok {
		v := make(g, parent)
		return v, v != nil
	}
	if options := optionValues[t.Name+"."+c.Name]; options != nil {
		m := map[string]string{}
		for k := range g.IntN(3) + 1 {
			_ = k
			key := pick(g, sortedKeys(options))
			if v := options[key](g); v != "" {
				m[key] = strings.TrimPrefix(v, noText)
				g.used(t.Name, c.Name, key)
			}
		}
		return ovsdb.NewStringMap(m), len(m) > 0
	}
	return g.fromSchema(c)
}

// fromSchema makes values of columns about which the schema says enough.
func (g *generator) fromSchema(c *ovsdb.ColumnSchema) (ovsdb.Value, bool) {
	if !schemaReaches(c) {
		return nil, false
	}
	typ := &c.Type
	switch {
	case typ.Key.Type == ovsdb.UUIDType:
		return g.references(c)
	case len(typ.Key.Enum) > 0:
		v := pick(g, typ.Key.Enum).(string)
		if typ.IsScalar() {
			return v, true
		}
		if typ.Max == 1 {
			return []string{v}, true
		}
		out := []string{v}
		for range g.IntN(3) {
			out = append(out, pick(g, typ.Key.Enum).(string))
		}
		return ovsdb.Set(out...), true
	case typ.Key.Type == ovsdb.Boolean:
		v := g.chance(50)
		if typ.IsScalar() {
			return v, true
		}
		return []bool{v}, true
	}
	return nil, false
}

// schemaReaches reports whether fromSchema makes values of a column.
func schemaReaches(c *ovsdb.ColumnSchema) bool {
	k := &c.Type.Key
	return !c.Type.IsMap() && (k.Type == ovsdb.UUIDType || len(k.Enum) > 0 || k.Type == ovsdb.Boolean)
}

// references picks rows that exist. A row of a table that is not a root comes and goes with its one parent: see insertRow.
func (g *generator) references(c *ovsdb.ColumnSchema) (ovsdb.Value, bool) {
	target := g.schema.Table(c.Type.Key.RefTable)
	rows := g.tables[target.Name]
	if len(rows) == 0 || c.Type.Key.RefType == "strong" && !target.IsRoot {
		return nil, false
	}
	var out []ovsdb.UUID
	n := g.IntN(3) + 1
	if target.Name == "Logical_Switch_Port" {
		n += 3
	}
	for range min(n, c.Type.Max) {
		out = append(out, pick(g, rows).UUID)
	}
	return ovsdb.Set(out...), true
}

func (g *generator) deleteRow(t *ovsdb.TableSchema) (edit, bool) {
	r := g.row(t.Name)
	if r == nil || t.Name == nb.TableNBGlobal {
		return edit{}, false
	}
	if g.watched(r) {
		return edit{}, false
	}
	text := "delete " + rowText(r)
	if t.IsRoot {
		return north(text, ovsdb.Delete(t.Name, r.UUID)), true
	}
	var ops []ovsdb.Op
	for _, p := range g.parents(t.Name) {
		for _, q := range g.tables[p.table.Name] {
			ids, _ := q.Get(p.column.Name).([]ovsdb.UUID)
			if slices.Contains(ids, r.UUID) {
				ops = append(ops, ovsdb.Mutate(p.table.Name, q.UUID, ovsdb.Mutation{Column: p.column.Name, Mutator: ovsdb.MutDelete,
					Value: []ovsdb.UUID{r.UUID}}))
			}
		}
	}
	return north(text, ops...), true
}

// watched reports whether a BFD session names a router port, or one of a router. Stock's northd crashes when such a port goes.
func (g *generator) watched(r *ovsdb.Row) bool {
	names := []string{r.String("name")}
	switch r.Table().Name {
	case nb.TableLogicalRouter:
		ids, _ := r.Get("ports").([]ovsdb.UUID)
		for _, p := range g.tables[nb.TableLogicalRouterPort] {
			if slices.Contains(ids, p.UUID) {
				names = append(names, p.String("name"))
			}
		}
	case nb.TableLogicalRouterPort:
	default:
		return false
	}
	return slices.ContainsFunc(g.tables[nb.TableBFD], func(b *ovsdb.Row) bool { return slices.Contains(names, b.String("logical_port")) })
}

// setColumn gives a column another value, or clears it.
func (g *generator) setColumn(t *ovsdb.TableSchema) (edit, bool) {
	r := g.row(t.Name)
	if r == nil {
		return edit{}, false
	}
	c := pick(g, t.Columns)
	if fixed[t.Name+"."+c.Name] || optionValues[t.Name+"."+c.Name] != nil {
		return edit{}, false
	}
	g.six = strings.Contains(r.String("ip_prefix"), ":") // of routes
	v, ok := g.value(t, c, g.parentOf(r))
	if !ok {
		return edit{}, false
	}
	if c.Type.Min == 0 && g.chance(20) {
		v = nil
		switch {
		case c.Type.IsMap():
			v = ovsdb.Map(nil)
		case c.Type.Key.Type == ovsdb.UUIDType:
			v = []ovsdb.UUID(nil)
		case c.Type.Key.Type == ovsdb.String:
			v = []string(nil)
		case c.Type.Key.Type == ovsdb.Boolean:
			v = []bool(nil)
		case c.Type.Key.Type == ovsdb.Integer:
			v = []int64(nil)
		}
	}
	g.used(t.Name, c.Name, "")
	cv := ovsdb.ColumnValue{Column: c.Name, Value: v}
	return north(fmt.Sprintf("set %s %s", rowText(r), describe([]ovsdb.ColumnValue{cv})), ovsdb.Update(t.Name, r.UUID, cv)), true
}

// setOption sets or removes one key of a map column.
func (g *generator) setOption() (edit, bool) {
	column := pick(g, sortedKeys(optionValues))
	table, name, _ := strings.Cut(column, ".")
	r := g.row(table)
	if r == nil {
		return edit{}, false
	}
	options := optionValues[column]
	key := pick(g, sortedKeys(options))
	ops := []ovsdb.Op{ovsdb.Mutate(table, r.UUID, ovsdb.Mutation{Column: name, Mutator: ovsdb.MutDelete, Value: []string{key}})}
	text := fmt.Sprintf("remove %s %s:%s", rowText(r), name, key)
	if v := options[key](g); v != "" && !g.chance(25) {
		ops = append(ops, ovsdb.Mutate(table, r.UUID, ovsdb.Mutation{Column: name, Mutator: ovsdb.MutInsert, Value: ovsdb.Map{{K: key, V: strings.TrimPrefix(v, noText)}}}))
		text = fmt.Sprintf("set %s %s:%s=%s", rowText(r), name, key, v)
		g.used(table, name, key)
	}
	return north(text, ops...), true
}

// parentOf finds the row that refers to r.
func (g *generator) parentOf(r *ovsdb.Row) *ovsdb.Row {
	for _, p := range g.parents(r.Table().Name) {
		for _, q := range g.tables[p.table.Name] {
			if ids, _ := q.Get(p.column.Name).([]ovsdb.UUID); slices.Contains(ids, r.UUID) {
				return q
			}
		}
	}
	return nil
}

func rowText(r *ovsdb.Row) string { return r.Table().Name + " " + rowName(r) }

func rowName(r *ovsdb.Row) string {
	for _, c := range []string{"name", "external_ip", "ip_prefix", "dst_ip", "match", "cidr", "vip"} {
		if s := r.String(c); s != "" {
			return s
		}
	}
	return r.UUID.String()[:8]
}

func describe(cols []ovsdb.ColumnValue) string {
	var out []string
	for _, c := range cols {
		v := fmt.Sprint(c.Value)
		if m, ok := c.Value.(ovsdb.Map); ok {
			v = fmt.Sprint(m.StringMap())
		}
		out = append(out, c.Column+"="+v)
	}
	return strings.Join(out, " ")
}

// TestGeneratorReaches runs the generator alone: what docs/oracle-coverage.md says it reaches, it reaches.
func TestGeneratorReaches(t *testing.T) {
	ctx := context.Background()
	done := map[string]bool{}
	south := map[string]bool{}
	failed, total := 0, 0
	for seed := range uint64(60) {
		db := memory(t, nb.SchemaJSON)
		if _, err := db.Transact(ctx, ovsdb.Insert(nb.TableNBGlobal, ovsdb.NewUUID())); err != nil {
			t.Fatal(err)
		}
		g := newGenerator(seed)
		g.used = func(table, column, key string) { done[table+"."+column+":"+key] = true }
		for range 400 {
			if err := g.look(ctx, db); err != nil {
				t.Fatal(err)
			}
			e := g.next()
			if e.restart {
				continue
			}
			if e.south {
				kind, _, _ := strings.Cut(e.text, " ")
				south[kind] = true
				continue
			}
			total++
			if _, err := db.Transact(ctx, e.ops(nil)...); err != nil {
				failed++
			}
		}
	}
	for _, c := range coverage(t) {
		if c.how == "" {
			continue
		}
		if c.table == "" {
			if !south[c.column] {
				t.Errorf("southbound edit %s was never made", c.column)
			}
		} else if !done[c.table+"."+c.column+":"+c.key] {
			t.Errorf("%s.%s:%s was never set", c.table, c.column, c.key)
		}
	}
	if failed*10 > total {
		t.Errorf("%d of %d edits were rejected by the database: at most a tenth should be", failed, total)
	}
}
