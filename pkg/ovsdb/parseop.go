package ovsdb

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// wireTxn decodes and executes the operations of one "transact" request, in the order and with the error texts of stock
// ovsdb-server. It is made anew for each attempt, because named-uuids are.
type wireTxn struct {
	schema  *Schema
	ops     []any
	symbols map[string]*symbol
	columns [][]*ColumnSchema // of selects, by operation
}

type symbol struct {
	id      UUID
	created bool
}

func newWireTxn(s *Schema, ops []any) *wireTxn {
	return &wireTxn{schema: s, ops: ops, symbols: map[string]*symbol{}, columns: make([][]*ColumnSchema, len(ops))}
}

func (w *wireTxn) symbol(name string) *symbol {
	s := w.symbols[name]
	if s == nil {
		s = &symbol{id: NewUUID()}
		w.symbols[name] = s
	}
	return s
}

func (w *wireTxn) decoder() decoder {
	return decoder{named: func(name string) UUID { return w.symbol(name).id }}
}

// step is the step function of Database.transact.
func (w *wireTxn) step(x *txn, i int) (Result, error) {
	op, err := w.decode(x, i)
	if err != nil {
		return Result{}, err
	}
	return x.exec(op)
}

func (w *wireTxn) decode(x *txn, i int) (*Op, error) {
	v := w.ops[i]
	m := newMembers(v, fmt.Sprintf("ovsdb operation %d of %d", i+1, len(w.ops)))
	op := &Op{Kind: OpKind(m.id("op", true))}
	if m.err != nil {
		return nil, m.err
	}
	table := func() *TableSchema {
		name := m.id("table", true)
		if m.err != nil {
			return nil
		}
		t := w.schema.Table(name)
		if t == nil {
			m.fail("No table named %s.", name)
		}
		op.Table = name
		return t
	}
	switch op.Kind {
	case OpComment:
		op.Comment, _ = m.str("comment", true)
		return op, m.done()
	case OpAbort:
		return op, m.done()
	case OpCommit:
		op.Durable = m.boolean("durable", false)
		m.any("durable")
		return op, m.done()
	case OpAssert:
		op.Lock = m.id("lock", true)
		return op, m.done()
	case OpInsert:
		return w.decodeInsert(x, m, op, table())
	case OpSelect, OpUpdate, OpMutate, OpDelete, OpWait:
	default:
		m.fail("No operation \"%s\"", op.Kind)
		return nil, m.err
	}
	t := table()
	where, _ := m.take("where", true)
	if _, ok := where.([]any); !ok && m.err == nil {
		m.mismatch("where")
	}
	var row, columns, rows any
	var muts []any
	switch op.Kind {
	case OpSelect:
		columns = m.optionalArray("columns")
	case OpUpdate:
		row = m.object("row", true)
	case OpMutate:
		v, ok := m.take("mutations", true)
		if muts, _ = v.([]any); muts == nil && ok {
			m.mismatch("mutations")
		}
	case OpWait:
		op.Timeout = -1
		if ms, ok := m.integer("timeout"); ok {
			if ms < 0 && m.err == nil {
				m.err = syntaxError(ms, "timeout must be nonnegative")
			}
			op.Timeout = time.Duration(math.MaxInt64)
			if ms < math.MaxInt64/int64(time.Millisecond) {
				op.Timeout = time.Duration(max(ms, 0)) * time.Millisecond
			}
		}
		columns = m.optionalArray("columns")
		if op.Until, _ = m.str("until", true); op.Until != Eq && op.Until != Ne && m.err == nil {
			m.err = syntaxError(string(op.Until), "\"until\" must be \"==\" or \"!=\"")
		}
		v, ok := m.take("rows", true)
		if _, isArray := v.([]any); ok && !isArray {
			m.mismatch("rows")
		}
		rows = v
	}
	if err := m.done(); err != nil {
		return nil, err
	}
	return op, w.decodeRest(i, t, op, v, where.([]any), row, columns, rows, muts)
}

func (w *wireTxn) decodeRest(i int, t *TableSchema, op *Op, v any, where []any, row, columns, rows any, muts []any) error {
	var err error
	// Stock's order: an update looks at its row before its condition.
	if op.Kind == OpUpdate {
		if op.Row, err = w.decodeRow(t, row); err != nil {
			return err
		}
		for _, cv := range op.Row {
			if c := t.Column(cv.Column); !c.Mutable {
				return &Error{Code: "constraint violation", Syntax: jsonText(v),
					Details: fmt.Sprintf("Cannot update immutable column %s in table %s.", c.Name, t.Name)}
			}
		}
	}
	for _, m := range muts {
		mut, err := w.decodeMutation(t, m)
		if err != nil {
			return err
		}
		op.Mutations = append(op.Mutations, mut)
	}
	if op.Where, err = decodeWhere(t, where, w.decoder()); err != nil {
		return err
	}
	switch op.Kind {
	case OpSelect:
		w.columns[i], err = decodeColumns(t, columns)
		return err
	case OpWait:
		cols, err := decodeColumns(t, columns)
		if err != nil {
			return err
		}
		if columns != nil {
			op.Columns = []string{}
			for _, c := range cols {
				op.Columns = append(op.Columns, c.Name)
			}
		}
		for _, r := range rows.([]any) {
			row, err := w.decodeRow(t, r)
			if err != nil {
				return err
			}
			op.Rows = append(op.Rows, row)
		}
	}
	return nil
}

func (w *wireTxn) decodeInsert(x *txn, m *members, op *Op, t *TableSchema) (*Op, error) {
	name := m.id("uuid-name", false)
	text, explicit := m.str("uuid", false)
	row := m.object("row", true)
	if err := m.done(); err != nil {
		return nil, err
	}
	if explicit {
		var err error
		if op.UUID, err = ParseUUID(text); err != nil {
			return nil, syntaxError(text, "bad uuid")
		}
		if err := x.tab(t).duplicate(op.UUID); err != nil {
			return nil, err
		}
	}
	if name != "" {
		s := w.symbol(name)
		if s.created {
			return nil, &Error{Code: "duplicate uuid-name", Syntax: jsonText(name),
				Details: "This \"uuid-name\" appeared on an earlier \"insert\" operation."}
		}
		s.created = true
		if explicit {
			s.id = op.UUID
		} else {
			op.UUID = s.id
		}
	}
	var err error
	op.Row, err = w.decodeRow(t, row)
	return op, err
}

func (w *wireTxn) decodeRow(t *TableSchema, v any) ([]ColumnValue, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, syntaxError(v, "row must be JSON object")
	}
	out := make([]ColumnValue, 0, len(m))
	for _, name := range sortedKeys(m) {
		c := t.Column(name)
		if c == nil {
			return nil, &Error{Code: "unknown column", Syntax: jsonText(v), Details: fmt.Sprintf("No column %s in table %s.", name, t.Name)}
		}
		val, err := w.decoder().value(&c.Type, m[name])
		if err != nil {
			return nil, err
		}
		out = append(out, ColumnValue{name, val})
	}
	return out, nil
}

func (w *wireTxn) decodeMutation(t *TableSchema, v any) (Mutation, error) {
	a, ok := v.([]any)
	if !ok || len(a) != 3 {
		return Mutation{}, syntaxError(v, "Parse error in mutation.")
	}
	col, ok1 := a[0].(string)
	fn, ok2 := a[1].(string)
	if !ok1 || !ok2 {
		return Mutation{}, syntaxError(v, "Parse error in mutation.")
	}
	c := t.Column(col)
	if c == nil {
		return Mutation{}, &Error{Code: "unknown column", Syntax: jsonText(v), Details: fmt.Sprintf("No column %s in table %s.", col, t.Name)}
	}
	if !c.Mutable {
		return Mutation{}, &Error{Code: "constraint violation", Syntax: jsonText(v),
			Details: fmt.Sprintf("Cannot mutate immutable column %s in table %s.", col, t.Name)}
	}
	types, err := mutationArg(t, c, fn)
	if err != nil {
		return Mutation{}, withSyntax(err, v)
	}
	for i := range types {
		var x Value
		if x, err = w.decoder().value(&types[i], a[2]); err == nil {
			return Mutation{col, fn, x}, nil
		}
	}
	return Mutation{}, err // as stock: what is neither a map nor a set is told what a set lacks
}

// withSyntax adds the offending JSON to a syntax error that lacks it.
func withSyntax(err error, v any) error {
	if e, ok := err.(*Error); ok && e.Code == "syntax error" && e.Syntax == "" {
		e.Syntax = jsonText(v)
	}
	return err
}

// decodeWhere decodes a condition; monitors use it too.
func decodeWhere(t *TableSchema, where []any, d decoder) ([]Condition, error) {
	out := make([]Condition, 0, len(where))
	for _, v := range where {
		if b, ok := v.(bool); ok {
			out = append(out, Condition{Value: b})
			continue
		}
		a, ok := v.([]any)
		if !ok || len(a) != 3 {
			return nil, syntaxError(v, "Parse error in condition.")
		}
		col, ok1 := a[0].(string)
		fn, ok2 := a[1].(string)
		if !ok1 || !ok2 {
			return nil, syntaxError(v, "Parse error in condition.")
		}
		c := t.Column(col)
		if c == nil {
			return nil, &Error{Code: "unknown column", Syntax: jsonText(v), Details: fmt.Sprintf("No column %s in table %s.", col, t.Name)}
		}
		typ, applies, err := argType(c, fn)
		if err != nil {
			return nil, err
		}
		if !applies {
			return nil, syntaxError(v, "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.", fn, col, c.Type.english())
		}
		val, err := d.value(&typ, a[2])
		if err != nil {
			return nil, err
		}
		out = append(out, Condition{col, fn, val})
	}
	return out, nil
}

// decodeColumns decodes a column set; absent means every column, _uuid and _version included.
func decodeColumns(t *TableSchema, v any) ([]*ColumnSchema, error) {
	if v == nil {
		return append([]*ColumnSchema{uuidColumn, versionColumn}, t.Columns...), nil
	}
	a, ok := v.([]any)
	if !ok {
		return nil, syntaxError(v, "array of distinct column names expected")
	}
	var out []*ColumnSchema
	seen := map[string]bool{}
	for _, e := range a {
		name, ok := e.(string)
		if !ok {
			return nil, syntaxError(v, "array of distinct column names expected")
		}
		c := t.Column(name)
		if c == nil {
			return nil, syntaxError(v, "%s is not a valid column name", name)
		}
		if seen[name] {
			return nil, syntaxError(v, "array of distinct column names expected")
		}
		seen[name] = true
		out = append(out, c)
	}
	return out, nil
}

// appendReply appends the result array of a "transact" reply.
func (w *wireTxn) appendReply(b []byte, o *outcome) []byte {
	b = append(b, '[')
	for i, r := range o.results {
		if i > 0 {
			b = append(b, ',')
		}
		b = w.appendResult(b, i, r)
	}
	if e := o.failed; e != nil {
		if len(o.results) > 0 {
			b = append(b, ',')
		}
		b = e.append(b)
		for i := len(o.results) + 1; i < len(w.ops); i++ {
			b = append(b, ",null"...)
		}
	}
	return append(b, ']')
}

func (w *wireTxn) appendResult(b []byte, i int, r Result) []byte {
	op, _ := w.ops[i].(map[string]any)
	kind, _ := op["op"].(string)
	switch OpKind(kind) {
	case OpInsert:
		b = append(b, `{"uuid":`...)
		b = appendUUIDAtom(b, r.UUID)
	case OpUpdate, OpMutate, OpDelete:
		b = fmt.Appendf(b, `{"count":%d`, r.Count)
	case OpSelect:
		b = append(b, `{"rows":[`...)
		cols := w.columns[i]
		var seen map[string]bool // as with stock, rows that look the same in these columns are given once
		if !slices.Contains(cols, uuidColumn) {
			seen = make(map[string]bool, len(r.Rows))
		}
		n := 0
		for _, row := range slices.SortedFunc(slices.Values(r.Rows), byUUID) { // the same answer every time
			if seen != nil {
				key := indexKey(cols, row)
				if seen[key] {
					continue
				}
				seen[key] = true
			}
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = append(b, '{')
			for _, c := range cols {
				b = appendColumn(b, c, row.At(c.Index))
			}
			b = append(b, '}')
		}
		b = append(b, ']')
	default:
		b = append(b, '{')
	}
	return append(b, '}')
}

// append appends the error as JSON (RFC 7047 section 3.1).
func (e *Error) append(b []byte) []byte {
	b = append(b, '{')
	if e.Details != "" {
		b = append(b, `"details":`...)
		b = appendString(b, e.Details)
		b = append(b, ',')
	}
	b = append(b, `"error":`...)
	b = appendString(b, e.Code)
	if e.Syntax != "" {
		b = append(b, `,"syntax":`...)
		b = appendString(b, e.Syntax)
	}
	return append(b, '}')
}
