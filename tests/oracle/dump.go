package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Dump is the contents of one database: table → row → column → value.
type Dump struct {
	Schema *ovsdb.Schema
	Tables map[string]map[ovsdb.UUID]Row
}

// Row holds the columns of one row.
type Row map[string]ovsdb.Value

// FromDB reads a whole database.
func FromDB(ctx context.Context, db ovsdb.DB) (*Dump, error) {
	d := &Dump{Schema: db.Schema(), Tables: map[string]map[ovsdb.UUID]Row{}}
	// All in one transaction: a central may be writing.
	var ops []ovsdb.Op
	for _, t := range d.Schema.Tables {
		ops = append(ops, ovsdb.Select(t.Name))
	}
	res, err := db.Transact(ctx, ops...)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.Schema.Name, err)
	}
	for i, t := range d.Schema.Tables {
		d.Tables[t.Name] = map[ovsdb.UUID]Row{}
		for _, r := range res[i].Rows {
			row := Row{}
			for _, c := range t.Columns {
				row[c.Name] = r.Get(c.Name)
			}
			d.Tables[t.Name][r.UUID] = row
		}
	}
	return d, nil
}

// FromClientDump reads the output of `ovsdb-client --format=json dump`: a stream of one object per table.
func FromClientDump(schema *ovsdb.Schema, text []byte) (*Dump, error) {
	d := &Dump{Schema: schema, Tables: map[string]map[ovsdb.UUID]Row{}}
	dec := json.NewDecoder(bytes.NewReader(text))
	for dec.More() {
		var t struct {
			Caption  string
			Headings []string
			Data     [][]json.RawMessage
		}
		if err := dec.Decode(&t); err != nil {
			return nil, fmt.Errorf("parsing dump: %w", err)
		}
		var name string
		if _, err := fmt.Sscanf(t.Caption, "%s table", &name); err != nil {
			return nil, fmt.Errorf("parsing dump: caption %q names no table", t.Caption)
		}
		rows := map[ovsdb.UUID]Row{}
		for _, data := range t.Data {
			row := Row{}
			var id ovsdb.UUID
			for i, h := range t.Headings {
				if h == "_uuid" {
					v, err := parseAtom(ovsdb.UUIDType, data[i])
					if err != nil {
						return nil, err
					}
					id = v.(ovsdb.UUID)
					continue
				}
				c := schema.Table(name).Column(h)
				if c == nil {
					continue
				}
				v, err := parseValue(c, data[i])
				if err != nil {
					return nil, fmt.Errorf("parsing column %s of table %s: %w", h, name, err)
				}
				row[h] = v
			}
			rows[id] = row
		}
		d.Tables[name] = rows
	}
	return d, nil
}

// parseValue reads a value in its JSON form (RFC 7047 section 5.1). The package has a reader of its own, so that a mistake
// in pkg/ovsdb's cannot hide itself.
func parseValue(c *ovsdb.ColumnSchema, raw json.RawMessage) (ovsdb.Value, error) {
	if c.Type.IsMap() {
		_, elems := tagged(raw)
		m := map[any]any{}
		for _, e := range elems {
			var pair [2]json.RawMessage
			if err := unmarshal(e, &pair); err != nil {
				return nil, err
			}
			k, err := parseAtom(c.Type.Key.Type, pair[0])
			if err != nil {
				return nil, err
			}
			if m[k], err = parseAtom(c.Type.Value.Type, pair[1]); err != nil {
				return nil, err
			}
		}
		return ovsdb.NewMap(m), nil
	}
	if c.Type.IsScalar() {
		return parseAtom(c.Type.Key.Type, raw)
	}
	elems := []json.RawMessage{raw}
	if tag, set := tagged(raw); tag == "set" {
		elems = set
	}
	switch c.Type.Key.Type {
	case ovsdb.Integer:
		return parseSet[int64](ovsdb.Integer, elems)
	case ovsdb.Real:
		return parseSet[float64](ovsdb.Real, elems)
	case ovsdb.Boolean:
		return parseSet[bool](ovsdb.Boolean, elems)
	case ovsdb.String:
		return parseSet[string](ovsdb.String, elems)
	}
	return parseSet[ovsdb.UUID](ovsdb.UUIDType, elems)
}

// tagged splits ["set", […]] and ["map", […]].
func tagged(raw json.RawMessage) (tag string, elems []json.RawMessage) {
	var outer []json.RawMessage
	if json.Unmarshal(raw, &outer) != nil || len(outer) != 2 || json.Unmarshal(outer[0], &tag) != nil {
		return "", nil
	}
	if tag != "set" && tag != "map" || json.Unmarshal(outer[1], &elems) != nil {
		return "", nil
	}
	return tag, elems
}

func parseSet[T int64 | float64 | bool | string | ovsdb.UUID](typ ovsdb.AtomType, elems []json.RawMessage) (ovsdb.Value, error) {
	var out []T
	for _, e := range elems {
		a, err := parseAtom(typ, e)
		if err != nil {
			return nil, err
		}
		out = append(out, a.(T))
	}
	return ovsdb.Set(out...), nil
}

func parseAtom(typ ovsdb.AtomType, raw json.RawMessage) (any, error) {
	switch typ {
	case ovsdb.Integer:
		return parseAs[int64](raw)
	case ovsdb.Real:
		return parseAs[float64](raw)
	case ovsdb.Boolean:
		return parseAs[bool](raw)
	case ovsdb.String:
		return parseAs[string](raw)
	}
	id, err := parseAs[[2]string](raw)
	if err != nil {
		return nil, err
	}
	return ovsdb.ParseUUID(id.([2]string)[1])
}

func parseAs[T any](raw json.RawMessage) (any, error) {
	var v T
	err := unmarshal(raw, &v)
	return v, err
}

func unmarshal(raw json.RawMessage, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("parsing %s: %w", raw, err)
	}
	return nil
}
