package ovsdb

// Row is one row at one moment. It never changes: a commit replaces it.
type Row struct {
	UUID    UUID
	version UUID
	table   *TableSchema
	vals    []Value // by ColumnSchema.Index
}

// NewRow makes a row of t with the given columns and defaults elsewhere, for tests and for tools that hold rows outside a
// database. The values must have the types of their columns.
func NewRow(t *TableSchema, id UUID, cols ...ColumnValue) *Row {
	r := &Row{UUID: id, table: t, vals: make([]Value, len(t.Columns))}
	copy(r.vals, t.defaults)
	for _, c := range cols {
		if cs := t.Column(c.Column); cs != nil {
			r.vals[cs.Index] = c.Value
		}
	}
	return r
}

// byUUID is the order that rows are shown in: a table has none of its own.
func byUUID(a, b *Row) int { return a.UUID.Compare(b.UUID) }

// Table returns the schema of the row's table.
func (r *Row) Table() *TableSchema { return r.table }

// Version changes with every modification of the row.
func (r *Row) Version() UUID { return r.version }

// Get returns the value of a column, nil if the table has no such column. _uuid and _version are columns too.
func (r *Row) Get(column string) Value {
	if c := r.table.byName[column]; c != nil {
		return r.At(c.Index)
	}
	return nil
}

// At returns the value of the column with the given ColumnSchema.Index: the fast form of Get.
func (r *Row) At(index int) Value {
	switch index {
	case indexUUID:
		return r.UUID
	case indexVersion:
		return r.version
	}
	return r.vals[index]
}

// String returns a string column, "" when it is absent, empty or not a string.
func (r *Row) String(column string) string {
	switch v := r.Get(column).(type) {
	case string:
		return v
	case []string:
		if len(v) > 0 {
			return v[0]
		}
	}
	return ""
}
