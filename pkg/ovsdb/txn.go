package ovsdb

import (
	"time"
)

// txn is a transaction in the making: a private overlay of changed rows over the committed tables. Database.mu is held.
type txn struct {
	db       *Database
	tabs     []*txnTable // by TableSchema.Index, nil until touched
	order    []*txnRow   // in order of first touch
	who      *session    // nil for the process itself
	comments []string
	durable  bool
	after    *Pending // what it must not be published before
	now      time.Time
	begun    time.Time

	keepVersions bool // rows come back, they are not new
}

type txnTable struct {
	*table
	rows map[UUID]*txnRow
	grew int // rows gained
}

// txnRow is a row touched by the transaction: old nil = inserted, new nil = deleted, both nil = inserted and deleted again.
type txnRow struct {
	t        *txnTable
	id       UUID
	old, new *Row
	own      bool // new is this transaction's own copy and may be changed
	refs     int  // change in strong references
	gone     bool // in the garbage or weak-reference work list already
	cols     []*ColumnSchema
}

// session is who executes a transaction from outside.
type session struct {
	role, id  string // for role-based access control; no role means no limits
	readOnly  bool
	holdsLock func(name string) bool
}

// rbacID is the client's name in messages.
func (s *session) rbacID() string {
	if s.id == "" {
		return "(null)"
	}
	return s.id
}

// waitError says that a wait operation did not hold and may yet.
type waitError struct {
	err     *Error
	timeout time.Duration // negative: forever
}

func (w *waitError) Error() string { return w.err.Error() }

func (x *txn) tab(s *TableSchema) *txnTable {
	t := x.tabs[s.Index]
	if t == nil {
		t = &txnTable{table: x.db.tables[s.Index], rows: map[UUID]*txnRow{}}
		x.tabs[s.Index] = t
	}
	return t
}

// get returns the row's current state in the transaction, nil if there is none.
func (t *txnTable) get(id UUID) *Row {
	if r, ok := t.rows[id]; ok {
		return r.new
	}
	return t.table.rows[id].row
}

// touch returns the transaction's entry for a row, nil when the row neither is nor was there.
func (x *txn) touch(t *txnTable, id UUID) *txnRow {
	if r, ok := t.rows[id]; ok {
		return r
	}
	old := t.table.rows[id].row
	if old == nil {
		return nil
	}
	r := &txnRow{t: t, id: id, old: old, new: old}
	t.rows[id] = r
	x.order = append(x.order, r)
	return r
}

// writable returns the row's own copy.
func (r *txnRow) writable() *Row {
	if !r.own {
		c := *r.new
		c.vals = append([]Value(nil), r.new.vals...)
		r.new, r.own = &c, true
	}
	return r.new
}

func (x *txn) insertRow(t *txnTable, row *Row) *txnRow {
	r := &txnRow{t: t, id: row.UUID, new: row, own: true}
	t.rows[row.UUID] = r
	t.grew++
	x.order = append(x.order, r)
	return r
}

func (x *txn) deleteRow(r *txnRow) {
	r.new, r.own = nil, false
	r.t.grew--
}

// exec runs one operation.
func (x *txn) exec(op *Op) (Result, error) {
	r, err := x.execute(op)
	if err == nil && x.who != nil && x.who.readOnly {
		switch op.Kind {
		case OpInsert, OpUpdate, OpMutate, OpDelete, OpCommit:
			err = ovsdbError("not allowed", "%s operation not allowed when database server is in read only mode", op.Kind)
		}
	}
	return r, err
}

func (x *txn) execute(op *Op) (Result, error) {
	switch op.Kind {
	case OpComment:
		x.comments = append(x.comments, op.Comment)
		return Result{}, nil
	case OpAbort:
		return Result{}, ovsdbError("aborted", "aborted by request")
	case OpCommit:
		x.durable = x.durable || op.Durable
		if op.after != nil {
			x.after = op.after
		}
		return Result{}, nil
	case OpAssert:
		if x.who == nil || x.who.holdsLock == nil || !x.who.holdsLock(op.Lock) {
			return Result{}, ovsdbError("not owner", "Asserted lock %s not held.", op.Lock)
		}
		return Result{}, nil
	}
	ts := x.db.Schema().Table(op.Table)
	if ts == nil {
		return Result{}, ovsdbError("syntax error", "No table named %s.", op.Table)
	}
	t := x.tab(ts)
	if op.Kind == OpInsert {
		return x.insert(t, op)
	}
	where, err := bindWhere(ts, op.Where)
	if err != nil {
		return Result{}, err
	}
	switch op.Kind {
	case OpSelect:
		if err := checkColumns(ts, op.Columns); err != nil {
			return Result{}, err
		}
		return x.selectRows(t, where), nil
	case OpUpdate:
		if err := x.known("modification of", ts); err != nil {
			return Result{}, err
		}
		return x.update(t, where, op)
	case OpMutate:
		if err := x.known("mutate operation on", ts); err != nil {
			return Result{}, err
		}
		return x.mutate(t, where, op)
	case OpDelete:
		if err := x.known("row deletion from", ts); err != nil {
			return Result{}, err
		}
		return x.delete(t, where)
	case OpWait:
		return Result{}, x.wait(t, where, op)
	}
	return Result{}, ovsdbError("syntax error", "No operation \"%s\"", op.Kind)
}

func checkColumns(t *TableSchema, columns []string) error {
	for _, c := range columns {
		if t.Column(c) == nil {
			return ovsdbError("syntax error", "%s is not a valid column name", c)
		}
	}
	return nil
}

func (x *txn) insert(t *txnTable, op *Op) (Result, error) {
	id := op.UUID
	if id.IsZero() {
		id = NewUUID()
	} else if err := t.duplicate(id); err != nil {
		return Result{}, err
	}
	s := t.schema
	row := &Row{UUID: id, table: s, vals: append(make([]Value, 0, len(s.Columns)), s.defaults...)}
	if err := setColumns(row, op.Row); err != nil {
		return Result{}, err
	}
	for _, c := range s.Columns {
		// A default may violate the constraints of its own column.
		if c.Type.Min == 1 {
			if err := c.Type.checkAtoms(row.vals[c.Index]); err != nil {
				return Result{}, err
			}
		}
	}
	if err := x.allowInsert(row); err != nil {
		return Result{}, err
	}
	x.insertRow(t, row)
	return Result{UUID: id}, nil
}

// duplicate objects to a UUID that is taken.
func (t *txnTable) duplicate(id UUID) error {
	_, inTxn := t.rows[id]
	if _, ok := t.table.rows[id]; ok || inTxn {
		return &Error{Code: "duplicate uuid", Syntax: "\"" + id.String() + "\"",
			Details: "This UUID would duplicate a UUID already present within the table or deleted within the same transaction."}
	}
	return nil
}

func setColumns(row *Row, cols []ColumnValue) error {
	for _, cv := range cols {
		c := row.table.Column(cv.Column)
		if c == nil {
			return ovsdbError("unknown column", "No column %s in table %s.", cv.Column, row.table.Name)
		}
		if c.Index < 0 {
			continue // stock accepts _uuid and _version in an insert and ignores them
		}
		v, err := c.Type.normalize(cv.Value)
		if err != nil {
			return inColumn(err, row.table, c)
		}
		row.vals[c.Index] = v
	}
	return nil
}

// inColumn names the column in an error about a Go value; errors about JSON are worded exactly as stock's already.
func inColumn(err error, t *TableSchema, c *ColumnSchema) error {
	if e, ok := err.(*Error); ok && e.Code == "syntax error" && e.Syntax == "" {
		e.Details = "column " + c.Name + " in table " + t.Name + ": " + e.Details
	}
	return err
}

// find calls f for each row that matches. f may touch the row.
func (x *txn) find(t *txnTable, where []clause, f func(*Row) error) error {
	if id, ok := whereUUID(where); ok {
		if r := t.get(id); r != nil && matchAll(where, r) {
			return f(r)
		}
		return nil
	}
	for i := range where {
		if where[i].col == nil && !where[i].konst {
			return nil
		}
	}
	var hits []*Row
	for _, r := range t.rows {
		if r.new != nil && matchAll(where, r.new) {
			hits = append(hits, r.new)
		}
	}
	if id, ok, usable := t.lookup(where); usable {
		if ok {
			if _, changed := t.rows[id]; !changed {
				if r := t.table.rows[id].row; matchAll(where, r) {
					hits = append(hits, r)
				}
			}
		}
	} else {
		for id, s := range t.table.rows {
			if len(t.rows) > 0 {
				if _, changed := t.rows[id]; changed {
					continue
				}
			}
			if matchAll(where, s.row) {
				hits = append(hits, s.row)
			}
		}
	}
	for _, r := range hits {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// lookup answers from an index when equality on all its columns is asked for.
func (t *txnTable) lookup(where []clause) (id UUID, found, usable bool) {
	for i, cols := range t.schema.Indexes {
		probe := Row{table: t.schema, vals: make([]Value, len(t.schema.Columns))}
		n := 0
		for _, c := range cols {
			for j := range where {
				if where[j].col == c && where[j].fn == Eq && probe.vals[c.Index] == nil {
					probe.vals[c.Index] = where[j].arg
					n++
				}
			}
		}
		if n == len(cols) {
			id, found = t.indexes[i][indexKey(cols, &probe)]
			return id, found, true
		}
	}
	return UUID{}, false, false
}

func whereUUID(where []clause) (UUID, bool) {
	for i := range where {
		if where[i].col == uuidColumn && (where[i].fn == Eq || where[i].fn == Includes) {
			return where[i].arg.(UUID), true
		}
	}
	return UUID{}, false
}

func (x *txn) selectRows(t *txnTable, where []clause) Result {
	var res Result
	x.find(t, where, func(r *Row) error {
		if e := t.rows[r.UUID]; e != nil {
			e.own = false // the result keeps this state of the row
		}
		res.Rows = append(res.Rows, r)
		return nil
	})
	return res
}

func (x *txn) update(t *txnTable, where []clause, op *Op) (Result, error) {
	var res Result
	cols := make([]*ColumnSchema, len(op.Row))
	vals := make([]Value, len(op.Row))
	for i, cv := range op.Row {
		c := t.schema.Column(cv.Column)
		switch {
		case c == nil:
			return res, ovsdbError("unknown column", "No column %s in table %s.", cv.Column, t.schema.Name)
		case !c.Mutable:
			return res, constraintError("Cannot update immutable column %s in table %s.", c.Name, t.schema.Name)
		}
		var err error
		if vals[i], err = c.Type.normalize(cv.Value); err != nil {
			return res, inColumn(err, t.schema, c)
		}
		cols[i] = c
	}
	err := x.find(t, where, func(r *Row) error {
		res.Count++
		if err := x.allowUpdate(r, cols, "modification of"); err != nil {
			return err
		}
		var e *txnRow
		for i, c := range cols {
			if Equal(r.vals[c.Index], vals[i]) {
				continue
			}
			if e == nil {
				e = x.touch(t, r.UUID)
				r = e.writable()
			}
			r.vals[c.Index] = vals[i]
		}
		return nil
	})
	return res, err
}

func (x *txn) delete(t *txnTable, where []clause) (Result, error) {
	var res Result
	err := x.find(t, where, func(r *Row) error {
		if err := x.allowDelete(r); err != nil {
			return err
		}
		x.deleteRow(x.touch(t, r.UUID))
		res.Count++
		return nil
	})
	return res, err
}

func (x *txn) wait(t *txnTable, where []clause, op *Op) error {
	columns := t.schema.Columns
	if op.Columns != nil {
		if err := checkColumns(t.schema, op.Columns); err != nil {
			return err
		}
		columns = nil
		for _, n := range op.Columns {
			columns = append(columns, t.schema.Column(n))
		}
	}
	want := map[string]bool{}
	for _, cols := range op.Rows {
		row := &Row{table: t.schema, vals: append([]Value(nil), t.schema.defaults...)}
		for _, cv := range cols {
			if cv.Column == "_uuid" {
				row.UUID, _ = cv.Value.(UUID)
			}
		}
		if err := setColumns(row, cols); err != nil {
			return err
		}
		want[indexKey(columns, row)] = true
	}
	have := map[string]bool{}
	x.find(t, where, func(r *Row) error {
		have[indexKey(columns, r)] = true
		return nil
	})
	equal := len(want) == len(have)
	for k := range want {
		equal = equal && have[k]
	}
	if equal == (op.Until == Eq) {
		return nil
	}
	if op.Timeout == 0 {
		return ovsdbError("timed out", "\"where\" clause test failed")
	}
	if spent := x.now.Sub(x.begun); op.Timeout > 0 && spent >= op.Timeout {
		return ovsdbError("timed out", "\"wait\" timed out after %d ms", spent.Milliseconds())
	}
	return &waitError{ovsdbError("timed out", "\"wait\" timed out"), op.Timeout}
}
