package ovsdb

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// loader rebuilds tables from a journal's records.
type loader struct {
	stored  *Schema // the schema in the journal
	schema  *Schema // the schema wanted
	tables  []*table
	strings map[string]string
	records int
}

// replay fills the database from its journal.
func (db *Database) replay() error {
	schema := db.Schema()
	l := &loader{schema: schema, strings: map[string]string{}}
	if err := db.journal.Replay(l.record); err != nil {
		return err
	}
	if l.stored == nil {
		return db.journal.Append(schema.appendJSON(nil))
	}
	if l.stored == schema {
		db.tables = l.tables
		return db.relink()
	}
	tables, err := convertTables(l.tables, l.stored, schema)
	if err == nil {
		err = db.writeTables(schema, tables, "converted by kove")
	}
	if err != nil {
		return fmt.Errorf("converting the database %s from schema version %s to %s: %w", schema.Name, l.stored.Version, schema.Version, err)
	}
	db.tables = tables
	db.log.Info("converted the database to another schema version", "db", schema.Name, "from", l.stored.Version, "to", schema.Version)
	return nil
}

func (l *loader) record(rec []byte) error {
	l.records++
	if l.records == 1 {
		s, err := ParseSchema(rec)
		if err != nil {
			return err
		}
		if l.schema == nil {
			l.schema = s
		}
		if s.Name != l.schema.Name {
			return fmt.Errorf("it holds database %s, not %s", s.Name, l.schema.Name)
		}
		l.stored = s
		if string(s.appendJSON(nil)) == string(l.schema.appendJSON(nil)) {
			l.stored = l.schema // so that rows point at the schema in use
		}
		for _, t := range l.stored.Tables {
			l.tables = append(l.tables, newTable(t))
		}
		return nil
	}
	// A record may be as large as the database, so it is decoded as it is parsed.
	p := jsonParser{b: rec}
	// The member may come after the rows. A quoted name cannot occur inside a JSON string, where its quotes are escaped.
	diff := bytes.Contains(rec, []byte(`"_is_diff":true`))
	return p.members(func(name string) error {
		if strings.HasPrefix(name, "_") {
			_, err := p.value() // _date, _comment, _is_diff
			return err
		}
		ts := l.stored.Table(name)
		if ts == nil {
			return fmt.Errorf("no table named %s", name)
		}
		t := l.tables[ts.Index]
		return p.members(func(id string) error {
			u, err := ParseUUID(id)
			if err != nil {
				return err
			}
			v, err := p.value()
			if err != nil {
				return err
			}
			return l.row(t, u, v, diff)
		})
	})
}

// members parses an object, calling f at each member's value, which f must parse.
func (p *jsonParser) members(f func(name string) error) error {
	p.space()
	if p.i >= len(p.b) || p.b[p.i] != '{' {
		return p.bad("an object")
	}
	if err := p.enter(); err != nil {
		return err
	}
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		p.depth--
		return nil
	}
	for {
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != '"' {
			return p.bad("a member name")
		}
		k, err := p.str()
		if err != nil {
			return err
		}
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != ':' {
			return p.bad("':'")
		}
		p.i++
		if err := f(k); err != nil {
			return err
		}
		p.space()
		if p.i >= len(p.b) {
			return errJSONEnd
		}
		switch p.b[p.i] {
		case ',':
			p.i++
		case '}':
			p.i++
			p.depth--
			return nil
		default:
			return p.bad("',' or '}'")
		}
	}
}

func (l *loader) row(t *table, id UUID, v any, diff bool) error {
	if v == nil {
		if _, ok := t.rows[id]; !ok {
			return fmt.Errorf("a deletion of row %s in table %s, which is not there", id, t.schema.Name)
		}
		delete(t.rows, id)
		return nil
	}
	cols, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("row %s in table %s is not an object", id, t.schema.Name)
	}
	old := t.rows[id].row
	row := &Row{UUID: id, table: t.schema, vals: make([]Value, len(t.schema.Columns))}
	if old != nil {
		copy(row.vals, old.vals)
	} else {
		copy(row.vals, t.schema.defaults)
	}
	row.version = id
	for name, cv := range cols {
		c := t.schema.Column(name)
		if c == nil || c.Index < 0 {
			return fmt.Errorf("no column %s in table %s", name, t.schema.Name)
		}
		typ := c.Type
		if diff && old != nil {
			typ.Min = 0
			if typ.Max > 1 {
				typ.Max = unlimited
			}
			if c.Type.IsScalar() {
				typ = c.Type
			}
		}
		x, err := decoder{intern: l.intern}.value(&typ, cv)
		if err != nil {
			return fmt.Errorf("column %s of row %s in table %s: %w", name, id, t.schema.Name, err)
		}
		if diff && old != nil {
			x = applyDiff(&c.Type, row.vals[c.Index], x)
		}
		row.vals[c.Index] = x
	}
	s := t.rows[id]
	s.row = row
	t.rows[id] = s
	return nil
}

// intern gives equal short strings the same memory: column values repeat a lot.
func (l *loader) intern(s string) string {
	if len(s) > 64 {
		return s
	}
	if t, ok := l.strings[s]; ok {
		return t
	}
	l.strings[s] = s
	return s
}

// relink rebuilds what the journal does not hold: reference counts, the reverse index of weak references, the indexes.
func (db *Database) relink() error {
	x := &txn{db: db, tabs: make([]*txnTable, len(db.tables)), now: time.Now()}
	for _, t := range db.tables {
		for id, s := range t.rows {
			for i, cols := range t.schema.Indexes {
				key := indexKey(cols, s.row)
				if other, ok := t.indexes[i][key]; ok {
					return fmt.Errorf("rows %s and %s of table %s are the same for an index: the file was not written by an OVSDB server", other, id, t.schema.Name)
				}
				t.indexes[i][key] = id
			}
			var err error
			for _, c := range t.schema.refs {
				refsOf(c, s.row.vals[c.Index], func(b *BaseType, to UUID) {
					if to == id && b.RefType == strongRef {
						return
					}
					d := db.tables[b.ref.Index]
					st, ok := d.rows[to]
					if !ok {
						err = fmt.Errorf("row %s of table %s refers to row %s of table %s, which is not there", id, t.schema.Name, to, b.RefTable)
						return
					}
					if b.RefType == strongRef {
						st.strong++
						d.rows[to] = st
					}
				})
			}
			if err != nil {
				return err
			}
			x.trackWeak(&txnRow{t: &txnTable{table: t}, id: id, new: s.row})
		}
	}
	return nil
}

// writeSnapshot writes the schema and one record with every row.
func writeSnapshot(c Compaction, s *Schema, rows [][]*Row, comment string) error {
	if err := c.Record(func(w io.Writer) error {
		_, err := w.Write(s.appendJSON(nil))
		return err
	}); err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	return c.Record(func(w io.Writer) error {
		b := fmt.Appendf(nil, `{"_date":%d,"_comment":`, now)
		b = appendString(b, comment)
		for i, t := range s.Tables {
			if len(rows[i]) == 0 {
				continue
			}
			b = fmt.Appendf(b, `,"%s":{`, t.Name)
			for j, r := range rows[i] {
				if j > 0 {
					b = append(b, ',')
				}
				b = append(b, '"')
				b = r.UUID.append(b)
				b = append(b, '"', ':')
				b = appendPersistent(b, r)
				if len(b) > 64<<10 {
					if _, err := w.Write(b); err != nil {
						return err
					}
					b = b[:0]
				}
			}
			b = append(b, '}')
		}
		_, err := w.Write(append(b, '}'))
		return err
	})
}
