package main

import (
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// model is what both generated packages call Model.
type model interface {
	TableName() string
	RowUUID() ovsdb.UUID
	FromRow(*ovsdb.Row)
	ToRow(...string) []ovsdb.ColumnValue
}

// TestRoundTrip converts a row with a value in every column of every table to its model and back.
func TestRoundTrip(t *testing.T) {
	for _, db := range []struct {
		schema []byte
		tables []string
		new    func(string) model
	}{
		{nb.SchemaJSON, nb.Tables(), func(s string) model { return nb.New(s) }},
		{sb.SchemaJSON, sb.Tables(), func(s string) model { return sb.New(s) }},
	} {
		schema, err := ovsdb.ParseSchema(db.schema)
		if err != nil {
			t.Fatal(err)
		}
		if len(db.tables) != len(schema.Tables) {
			t.Errorf("%s: %d models for %d tables", schema.Name, len(db.tables), len(schema.Tables))
		}
		for _, table := range schema.Tables {
			id := ovsdb.NewUUID()
			var cols []ovsdb.ColumnValue
			var names []string
			for i, c := range table.Columns {
				cols = append(cols, ovsdb.ColumnValue{Column: c.Name, Value: sample(c, i)})
				names = append(names, c.Name)
			}
			m := db.new(table.Name)
			m.FromRow(ovsdb.NewRow(table, id, cols...))
			if m.TableName() != table.Name || m.RowUUID() != id {
				t.Errorf("%s: model is of table %s with UUID %s", table.Name, m.TableName(), m.RowUUID())
			}
			for _, got := range [][]ovsdb.ColumnValue{m.ToRow(names...), m.ToRow()} {
				if len(got) != len(cols) {
					t.Errorf("%s: %d columns come back of %d", table.Name, len(got), len(cols))
					continue
				}
				for i, want := range cols {
					if got[i].Column != want.Column || !ovsdb.Equal(got[i].Value, want.Value) {
						t.Errorf("%s.%s: %v comes back as %s %v", table.Name, want.Column, want.Value, got[i].Column, got[i].Value)
					}
				}
			}
			empty := db.new(table.Name)
			empty.FromRow(ovsdb.NewRow(table, id))
			for _, got := range empty.ToRow(names...) {
				want := table.Column(got.Column).Default()
				if len(table.Column(got.Column).Type.Key.Enum) == 0 && !ovsdb.Equal(got.Value, want) {
					t.Errorf("%s.%s: the default %#v comes back as %#v", table.Name, got.Column, want, got.Value)
				}
			}
		}
	}
}

func sample(c *ovsdb.ColumnSchema, i int) ovsdb.Value {
	if c.Type.IsMap() {
		return ovsdb.Map{{K: atom(c.Type.Key.Type, i), V: atom(c.Type.Value.Type, i+1)}}
	}
	a := atom(c.Type.Key.Type, i)
	if c.Type.IsScalar() {
		return a
	}
	switch a := a.(type) {
	case int64:
		return []int64{a}
	case float64:
		return []float64{a}
	case bool:
		return []bool{a}
	case string:
		return []string{a}
	}
	return []ovsdb.UUID{a.(ovsdb.UUID)}
}

func atom(t ovsdb.AtomType, i int) any {
	switch t {
	case ovsdb.Integer:
		return int64(i + 1)
	case ovsdb.Real:
		return float64(i) + 0.5
	case ovsdb.Boolean:
		return true
	case ovsdb.String:
		return string(rune('a' + i))
	}
	return ovsdb.UUID{15: byte(i + 1)}
}
