package ovsdb

import (
	"errors"
	"slices"
	"time"
)

// Convert gives the database another schema and moves its contents there, as the convert request of ovsdb-server(7) does:
// columns and tables that the new schema lacks are dropped, new ones are empty, and every rule of the new schema holds for
// the rest, or nothing happens and the error says why. When it returns nil the conversion is durable. Writers wait meanwhile.
//
// A schema that differs from the present one ends every Watch, since rows look different; its users start over with Schema.
func (db *Database) Convert(to *Schema) error { return db.convert(to, nil) }

// convertHook hears of conversions, on the publisher's goroutine, when the new schema is in force and nothing has happened
// under it yet. origin is what convert was called with.
type convertHook struct{ fn func(origin any) }

func (db *Database) onConvert(fn func(origin any)) *convertHook {
	h := &convertHook{fn}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.hooks[h] = struct{}{}
	return h
}

func (db *Database) offConvert(h *convertHook) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.hooks, h)
}

func (db *Database) convert(to *Schema, origin any) error {
	if to.Name != db.Name() {
		return ovsdbError("invalid parameters", "new schema name (%s) does not match database name (%s)", to.Name, db.Name())
	}
	db.rewrite.Lock() // a compaction would put the old contents back
	defer db.rewrite.Unlock()
	done := make(chan error, 1)
	db.mu.Lock()
	if db.err != nil {
		defer db.mu.Unlock()
		return db.err
	}
	db.converting = true
	db.pub.push(item{barrier: true, fn: func(err error) {
		// On the publisher's goroutine, after everything that was committed before: it is written and published, and nothing
		// can be committed until this is over.
		var hooks []*convertHook
		if err == nil {
			hooks, err = db.switchTo(to)
		}
		for _, h := range hooks {
			h.fn(origin)
		}
		db.mu.Lock()
		db.converting = false
		db.mu.Unlock()
		db.resumed.Broadcast()
		done <- err
	}})
	db.mu.Unlock()
	return <-done
}

// switchTo converts contents and journal. It runs on the publisher's goroutine while nobody else may use the tables.
func (db *Database) switchTo(to *Schema) ([]*convertHook, error) {
	from := db.Schema()
	var tables []*table
	if string(from.appendJSON(nil)) != string(to.appendJSON(nil)) {
		var err error
		if tables, err = convertTables(db.tables, from, to); err != nil {
			return nil, err
		}
		if err := db.writeTables(to, tables, "converted by kove"); err != nil {
			var broken *BrokenError
			if errors.As(err, &broken) {
				db.fail(err)
			}
			return nil, err
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	var hooks []*convertHook
	for h := range db.hooks {
		hooks = append(hooks, h)
	}
	if tables == nil {
		return hooks, nil // the same schema: clients are told, rows stay
	}
	db.current.Store(to)
	db.tables = tables
	db.seq++
	close(db.changed)
	db.changed = make(chan struct{})
	for _, s := range db.pub.sinks {
		s.close()
	}
	db.pub.sinks = nil
	db.pub.ahead.close()
	db.pub.history.forget()
	db.pub.contents.forget()
	db.log.Info("converted the database to another schema version", "db", to.Name, "from", from.Version, "to", to.Version)
	return hooks, nil
}

// convertTables makes the contents of a database under another schema, in the way that ovsdb-server(7) describes: as one
// transaction that inserts what the new schema has room for, under all of its rules.
func convertTables(old []*table, from, to *Schema) ([]*table, error) {
	tmp := &Database{}
	tmp.current.Store(to)
	for _, t := range to.Tables {
		tmp.tables = append(tmp.tables, newTable(t))
	}
	x := &txn{db: tmp, tabs: make([]*txnTable, len(to.Tables)), now: time.Now(), keepVersions: true}
	for _, ts := range to.Tables {
		os := from.Table(ts.Name)
		if os == nil {
			continue
		}
		cols := make([]columnConversion, 0, len(ts.Columns))
		for _, c := range ts.Columns {
			if oc := os.Column(c.Name); oc != nil {
				cols = append(cols, columnConversion{oc, c, jsonText(oc.Type.json()) == jsonText(c.Type.json())})
			}
		}
		t := x.tab(ts)
		rows := make([]*Row, 0, len(old[os.Index].rows))
		for _, s := range old[os.Index].rows {
			rows = append(rows, s.row)
		}
		// In order, so that the same contents are refused for the same reason every time.
		slices.SortFunc(rows, byUUID)
		for _, r := range rows {
			row := &Row{UUID: r.UUID, version: r.version, table: ts, vals: append([]Value(nil), ts.defaults...)}
			for _, c := range cols {
				v, err := c.convert(r.vals[c.from.Index])
				if err != nil {
					return nil, err
				}
				row.vals[c.to.Index] = v
			}
			x.insertRow(t, row)
		}
	}
	if err := x.precommit(); err != nil {
		return nil, err
	}
	x.apply()
	return tmp.tables, nil
}

type columnConversion struct {
	from, to *ColumnSchema
	same     bool
}

// convert reads the value as if it came over the wire for the new column.
func (c columnConversion) convert(v Value) (Value, error) {
	if c.same {
		return v, nil
	}
	return decoder{}.value(&c.to.Type, valueJSON(v))
}

// writeTables replaces the journal by a schema and contents.
func (db *Database) writeTables(s *Schema, tables []*table, comment string) error {
	if db.journal == nil {
		return nil
	}
	c, err := db.journal.Compact()
	if err != nil {
		return err
	}
	rows := make([][]*Row, len(tables))
	for i, t := range tables {
		for _, s := range t.rows {
			rows[i] = append(rows[i], s.row)
		}
	}
	if err := writeSnapshot(c, s, rows, comment); err != nil {
		c.Abort()
		return err
	}
	return c.Commit()
}
