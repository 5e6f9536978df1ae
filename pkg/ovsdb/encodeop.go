package ovsdb

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// appendOp appends an operation as JSON. Values take the form that the schema asks for.
func appendOp(b []byte, s *Schema, op *Op) ([]byte, error) {
	b = append(b, `{"op":`...)
	b = appendString(b, string(op.Kind))
	switch op.Kind {
	case OpComment:
		b = append(b, `,"comment":`...)
		return append(appendString(b, op.Comment), '}'), nil
	case OpAbort:
		return append(b, '}'), nil
	case OpCommit:
		if op.after != nil {
			return nil, errors.New("a commit that waits for another database needs both in this process")
		}
		return fmt.Appendf(b, `,"durable":%t}`, op.Durable), nil
	case OpAssert:
		b = append(b, `,"lock":`...)
		return append(appendString(b, op.Lock), '}'), nil
	}
	t := s.Table(op.Table)
	if t == nil {
		return nil, ovsdbError("syntax error", "No table named %s.", op.Table)
	}
	b = append(b, `,"table":`...)
	b = appendString(b, op.Table)
	var err error
	if op.Kind == OpInsert {
		if !op.UUID.IsZero() {
			b = append(b, `,"uuid":"`...)
			b = append(op.UUID.append(b), '"')
		}
	} else if b, err = appendWhere(append(b, `,"where":`...), t, op.Where); err != nil {
		return nil, err
	}
	switch op.Kind {
	case OpInsert, OpUpdate:
		if b, err = appendColumns(append(b, `,"row":`...), t, op.Row); err != nil {
			return nil, err
		}
	case OpMutate:
		if b, err = appendMutations(append(b, `,"mutations":`...), t, op.Mutations); err != nil {
			return nil, err
		}
	case OpWait:
		b = append(b, `,"until":`...)
		b = appendString(b, op.Until)
		if op.Timeout >= 0 && op.Timeout < math.MaxInt64 {
			b = fmt.Appendf(b, `,"timeout":%d`, (op.Timeout+time.Millisecond-1)/time.Millisecond)
		}
		b = append(b, `,"rows":[`...)
		for i, r := range op.Rows {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendColumns(b, t, r); err != nil {
				return nil, err
			}
		}
		b = append(b, ']')
	}
	if op.Kind == OpWait && op.Columns != nil {
		b = appendNames(append(b, `,"columns":`...), op.Columns)
	}
	return append(b, '}'), nil
}

func appendNames(b []byte, names []string) []byte {
	b = append(b, '[')
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, n)
	}
	return append(b, ']')
}

func appendColumns(b []byte, t *TableSchema, cols []ColumnValue) ([]byte, error) {
	b = append(b, '{')
	for _, cv := range cols {
		c := t.Column(cv.Column)
		if c == nil {
			return nil, ovsdbError("unknown column", "No column %s in table %s.", cv.Column, t.Name)
		}
		v, err := c.Type.shape(cv.Value)
		if err != nil {
			return nil, inColumn(err, t, c)
		}
		b = appendColumn(b, c, v)
	}
	return append(b, '}'), nil
}

func appendWhere(b []byte, t *TableSchema, where []Condition) ([]byte, error) {
	clauses, err := bindWhere(t, where)
	if err != nil {
		return nil, err
	}
	b = append(b, '[')
	for i, c := range clauses {
		if i > 0 {
			b = append(b, ',')
		}
		if c.col == nil {
			b = appendJSON(b, c.konst)
			continue
		}
		b = append(b, '[')
		b = appendString(b, c.col.Name)
		b = append(b, ',')
		b = appendString(b, c.fn)
		b = append(b, ',')
		b = append(appendValue(b, c.arg), ']')
	}
	return append(b, ']'), nil
}

func appendMutations(b []byte, t *TableSchema, muts []Mutation) ([]byte, error) {
	b = append(b, '[')
	for i, m := range muts {
		bound, err := bindMutation(t, m)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = appendString(b, m.Column)
		b = append(b, ',')
		b = appendString(b, m.Mutator)
		b = append(b, ',')
		b = append(appendValue(b, bound.arg), ']')
	}
	return append(b, ']'), nil
}

// decodeResults reads the result array of a transact reply.
func decodeResults(s *Schema, ops []Op, v any) ([]Result, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("reading reply: the result is not an array")
	}
	var out []Result
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return out, fmt.Errorf("reading reply: result %d is not an object", i)
		}
		if code, failed := m["error"].(string); failed {
			err := &Error{Code: code, Op: i}
			err.Details, _ = m["details"].(string)
			err.Syntax, _ = m["syntax"].(string)
			return out, err
		}
		if i >= len(ops) {
			break
		}
		var r Result
		if u, ok := m["uuid"]; ok {
			id, err := decoder{}.uuid(u)
			if err != nil {
				return out, fmt.Errorf("reading reply: %w", err)
			}
			r.UUID = id.(UUID)
		}
		if n, ok := m["count"].(int64); ok {
			r.Count = int(n)
		}
		rows, _ := m["rows"].([]any)
		for _, rv := range rows {
			row, err := decodeRow(s.Table(ops[i].Table), rv)
			if err != nil {
				return out, fmt.Errorf("reading reply: %w", err)
			}
			r.Rows = append(r.Rows, row)
		}
		out = append(out, r)
	}
	if len(out) < len(ops) {
		return out, fmt.Errorf("reading reply: %d results for %d operations", len(out), len(ops))
	}
	return out, nil
}

func decodeRow(t *TableSchema, v any) (*Row, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a row is not an object")
	}
	r := &Row{table: t, vals: append([]Value(nil), t.defaults...)}
	return r, r.set(m, false)
}

// set puts columns in JSON form into a row in the making; with diff composite columns hold differences.
func (r *Row) set(m map[string]any, diff bool) error {
	for name, cv := range m {
		c := r.table.Column(name)
		if c == nil {
			return fmt.Errorf("no column %s in table %s", name, r.table.Name)
		}
		t := c.Type
		if diff && t.isComposite() {
			t.Min, t.Max = 0, unlimited
		}
		v, err := decoder{}.value(&t, cv)
		if err != nil {
			return fmt.Errorf("column %s of table %s: %w", name, r.table.Name, err)
		}
		switch {
		case c == uuidColumn:
			r.UUID = v.(UUID)
		case c == versionColumn:
			r.version = v.(UUID)
		case diff:
			r.vals[c.Index] = applyDiff(&c.Type, r.vals[c.Index], v)
		default:
			r.vals[c.Index] = v
		}
	}
	return nil
}
