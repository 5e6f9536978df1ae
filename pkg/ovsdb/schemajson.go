package ovsdb

import "math"

// appendJSON appends the schema in its shortest form, as stock writes it.
func (s *Schema) appendJSON(b []byte) []byte { return appendJSON(b, s.json()) }

// MarshalJSON gives the schema in the form of RFC 7047 section 3.2.
func (s *Schema) MarshalJSON() ([]byte, error) { return s.appendJSON(nil), nil }

func (s *Schema) json() map[string]any {
	tables := map[string]any{}
	allRoots := true
	for _, t := range s.Tables {
		allRoots = allRoots && t.IsRoot
	}
	for _, t := range s.Tables {
		tables[t.Name] = t.json(allRoots)
	}
	m := map[string]any{"name": s.Name, "tables": tables}
	if s.Version != "" {
		m["version"] = s.Version
	}
	if s.Cksum != "" {
		m["cksum"] = s.Cksum
	}
	return m
}

func (t *TableSchema) json(allRoots bool) map[string]any {
	cols := map[string]any{}
	for _, c := range t.Columns {
		m := map[string]any{"type": c.Type.json()}
		if !c.Mutable {
			m["mutable"] = false
		}
		if c.Ephemeral {
			m["ephemeral"] = true
		}
		cols[c.Name] = m
	}
	m := map[string]any{"columns": cols}
	if t.MaxRows > 0 {
		m["maxRows"] = t.MaxRows
	}
	if t.IsRoot && !allRoots { // that all are is what a schema means that says nothing
		m["isRoot"] = true
	}
	if len(t.Indexes) > 0 {
		var list []any
		for _, ix := range t.Indexes {
			var names []any
			for _, c := range ix {
				names = append(names, c.Name)
			}
			list = append(list, names)
		}
		m["indexes"] = list
	}
	return m
}

func (t *ColumnType) json() any {
	key := t.Key.json()
	if name, ok := key.(string); ok && t.IsScalar() {
		return name
	}
	m := map[string]any{"key": key}
	if t.Value != nil {
		m["value"] = t.Value.json()
	}
	if t.Min != 1 {
		m["min"] = t.Min
	}
	switch t.Max {
	case 1:
	case unlimited:
		m["max"] = "unlimited"
	default:
		m["max"] = t.Max
	}
	return m
}

func (b *BaseType) json() any {
	m := map[string]any{}
	if len(b.Enum) > 0 {
		if len(b.Enum) == 1 {
			m["enum"] = b.Enum[0]
		} else {
			m["enum"] = []any{"set", b.Enum}
		}
	}
	if b.MinInteger != math.MinInt64 {
		m["minInteger"] = b.MinInteger
	}
	if b.MaxInteger != math.MaxInt64 {
		m["maxInteger"] = b.MaxInteger
	}
	if !math.IsInf(b.MinReal, -1) {
		m["minReal"] = b.MinReal
	}
	if !math.IsInf(b.MaxReal, 1) {
		m["maxReal"] = b.MaxReal
	}
	if b.MinLength != 0 {
		m["minLength"] = b.MinLength
	}
	if b.MaxLength != unlimited {
		m["maxLength"] = b.MaxLength
	}
	if b.RefTable != "" {
		m["refTable"] = b.RefTable
		if b.RefType == weakRef {
			m["refType"] = weakRef
		}
	}
	if len(m) == 0 {
		return string(b.Type)
	}
	m["type"] = string(b.Type)
	return m
}
