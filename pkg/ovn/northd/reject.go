package northd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// What the database rejects.
//
// A transaction that is rejected is taken apart: what the database takes is written, what it does not is left out, said once,
// and read back, so that the engine knows that it is still to be written. It is tried again with every northbound change,
// which may have taken the cause away, and by a new session, which reads everything again, after a pause that doubles.

// Pauses between sessions that failed or left something out.
const (
	minPause = time.Second
	maxPause = 64 * time.Second
)

// pause is how long to wait after so many sessions in a row that failed.
func pause(failed int) time.Duration {
	return min(minPause<<min(failed, 10), maxPause)
}

// errIncomplete ends a session that left rows out, so that the next one reads everything again.
var errIncomplete = errors.New("writing southbound: rows were rejected")

// isRejection reports whether the database took offence at what a transaction says, rather than at its time or its sender.
func isRejection(err error) bool {
	var e *ovsdb.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "constraint violation", "referential integrity violation", "domain error", "range error", "duplicate uuid",
		"unknown column", "ovsdb error":
		return true
	}
	return false
}

// atom is a group of operations that have to stay together: rows that exist only as long as others refer to them, and those
// others. The numbers are indexes.
type atom []int

// atoms splits operations, keeping their order.
func atoms(ops []ovsdb.Op) []atom {
	inserted := map[ovsdb.UUID]int{} // children by UUID
	for i := range ops {
		if ops[i].Kind == ovsdb.OpInsert && tables[ops[i].Table].child {
			inserted[ops[i].UUID] = i
		}
	}
	root := make([]int, len(ops)) // union-find
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	refer := func(i int, v ovsdb.Value) {
		ids, _ := v.([]ovsdb.UUID)
		for _, id := range ids {
			if j, ok := inserted[id]; ok {
				a, b := find(i), find(j)
				root[max(a, b)] = min(a, b)
			}
		}
	}
	if len(inserted) > 0 {
		for i := range ops {
			for _, c := range ops[i].Row {
				refer(i, c.Value)
			}
			for _, m := range ops[i].Mutations {
				refer(i, m.Value)
			}
		}
	}
	byRoot := map[int]int{}
	var out []atom
	for i := range ops {
		r := find(i)
		n, ok := byRoot[r]
		if !ok {
			n = len(out)
			byRoot[r] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// rejection is an atom that the database does not take.
type rejection struct {
	ops []ovsdb.Op
	err error
}

// writer writes operations as far as the database takes them.
type writer struct {
	db       ovsdb.DB
	after    *ovsdb.Pending // what has to be durable before anybody sees the operations
	ops      []ovsdb.Op
	rejected []rejection
}

// maxBlamed is how often one row at a time is left out before the search goes by halves.
const maxBlamed = 8

// write commits what can be committed of the atoms, in order. The error is one that has nothing to do with what they say.
func (w *writer) write(ctx context.Context, todo []atom) error {
	for range maxBlamed {
		if len(todo) == 0 {
			return nil
		}
		ops := w.list(todo)
		_, err := w.db.Transact(ctx, ops...)
		if err == nil {
			return nil
		}
		if !isRejection(err) {
			return fmt.Errorf("writing southbound: %w", describe(err, ops))
		}
		if len(todo) == 1 {
			w.reject(todo[0], describe(err, ops))
			return nil
		}
		i := w.blamed(err, todo)
		if i < 0 {
			break
		}
		w.reject(todo[i], describe(err, ops))
		todo = slices.Delete(slices.Clone(todo), i, i+1)
	}
	if len(todo) == 1 {
		return w.write(ctx, todo)
	}
	if err := w.write(ctx, todo[:len(todo)/2]); err != nil {
		return err
	}
	return w.write(ctx, todo[len(todo)/2:])
}

func (w *writer) reject(a atom, err error) {
	w.rejected = append(w.rejected, rejection{w.list([]atom{a})[:len(a)], err})
}

// list returns the operations of atoms as one transaction.
func (w *writer) list(todo []atom) []ovsdb.Op {
	var ops []ovsdb.Op
	for _, a := range todo {
		for _, i := range a {
			ops = append(ops, w.ops[i])
		}
	}
	switch {
	case w.after != nil:
		ops = append(ops, ovsdb.CommitAfter(allocates(ops), w.after))
	case allocates(ops):
		ops = append(ops, ovsdb.Commit(true))
	}
	return ops
}

var uuidText = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// blamed returns the atom that an error is about, -1 if it does not say: that of the failing operation, or at commit time
// the first whose row the text names.
func (w *writer) blamed(err error, todo []atom) int {
	var e *ovsdb.Error
	if !errors.As(err, &e) {
		return -1
	}
	n := 0
	for i, a := range todo {
		if n += len(a); e.Op < n {
			return i
		}
	}
	for _, text := range uuidText.FindAllString(e.Details, -1) {
		id, err := ovsdb.ParseUUID(text)
		if err != nil {
			continue
		}
		for i, a := range todo {
			if slices.ContainsFunc(a, func(j int) bool { return rowOf(&w.ops[j]) == id }) {
				return i
			}
		}
	}
	return -1
}

// writeSouth commits one step's operations. retry says that rows that were rejected before are tried again.
func (s *session) writeSouth(ctx context.Context, ops []ovsdb.Op, retry bool) error {
	if len(ops) == 0 && (len(s.rejected) == 0 || !retry) {
		return nil
	}
	w := writer{db: s.n.opts.SB, after: s.pending, ops: ops}
	if len(s.rejected) == 0 {
		// The usual case costs nothing.
		all := make(atom, len(ops))
		for i := range all {
			all[i] = i
		}
		whole := w.list([]atom{all})
		_, err := s.n.opts.SB.Transact(ctx, whole...)
		if err == nil {
			return nil
		}
		if !isRejection(err) {
			return fmt.Errorf("writing southbound: %w", describe(err, whole))
		}
	}
	var main, doubtful []atom
	for _, a := range atoms(ops) {
		if slices.ContainsFunc(a, func(i int) bool { return s.rejected[rowOf(&ops[i])] }) {
			doubtful = append(doubtful, a)
		} else {
			main = append(main, a)
		}
	}
	if err := w.write(ctx, main); err != nil {
		return err
	}
	var undone []ovsdb.Op
	if retry {
		if err := w.write(ctx, doubtful); err != nil {
			return err
		}
		clear(s.rejected)
	} else if len(doubtful) > 0 {
		undone = w.list(doubtful)
	}
	for _, r := range w.rejected {
		s.noteRejection(r)
		undone = append(undone, r.ops...)
	}
	if retry && len(s.rejected) == 0 && !s.retryAt.IsZero() && !s.nbRejected {
		s.n.log.Info("the southbound database takes what it rejected before", "component", "northd")
		s.retryAt = time.Time{}
		clear(s.n.reported)
	}
	return s.e.readBack(ctx, s.n.opts.SB, undone)
}

// writeNorth writes back into the northbound database what it takes.
func (s *session) writeNorth(ctx context.Context, ops []ovsdb.Op) error {
	if len(ops) == 0 {
		return nil
	}
	err := s.transactNorth(ctx, ops)
	if err == nil {
		return nil
	}
	if !isRejection(err) {
		return fmt.Errorf("writing northbound: %w", describe(err, ops))
	}
	w := writer{db: s.n.opts.NB, ops: ops}
	if err := w.write(ctx, atoms(ops)); err != nil {
		return err
	}
	for _, r := range w.rejected {
		s.nbRejected = true
		s.note("leaving out a column that the northbound database rejects", r)
	}
	return nil
}

// transactNorth writes northbound, without waiting for the disk if the database is in this process: the outcome is then
// among s.writes.
func (s *session) transactNorth(ctx context.Context, ops []ovsdb.Op) error {
	if s.ahead == nil {
		_, err := s.n.opts.NB.Transact(ctx, ops...)
		return err
	}
	_, p, err := s.ahead.TransactAhead(ops...)
	if p != nil {
		s.writes = append(s.writes, p)
	}
	return err
}

// noteRejection says what is left out, if it has not been said, and sees to it that it is tried again.
func (s *session) noteRejection(r rejection) {
	if s.rejected == nil {
		s.rejected = map[ovsdb.UUID]bool{}
	}
	for i := range r.ops {
		if id := rowOf(&r.ops[i]); !id.IsZero() {
			s.rejected[id] = true
		}
	}
	s.note("leaving out a row that the southbound database rejects", r)
}

func (s *session) note(what string, r rejection) {
	if s.retryAt.IsZero() {
		s.retryAt = time.Now().Add(s.n.pause(s.n.failed))
	}
	if text := r.err.Error(); !s.n.reported[text] {
		s.n.reported[text] = true
		op := &r.ops[0]
		s.n.log.Error(what, "component", "northd", "table", op.Table, "row", rowOf(op).String(), "err", r.err)
	}
}

// rowOf is the row that an operation of ours is about; zero if that is not one.
func rowOf(op *ovsdb.Op) ovsdb.UUID {
	switch op.Kind {
	case ovsdb.OpInsert:
		return op.UUID
	case ovsdb.OpUpdate, ovsdb.OpMutate, ovsdb.OpDelete:
		if len(op.Where) == 1 && op.Where[0].Column == "_uuid" {
			id, _ := op.Where[0].Value.(ovsdb.UUID)
			return id
		}
	}
	return ovsdb.UUID{}
}

// describe names the operation that a transaction failed at.
func describe(err error, ops []ovsdb.Op) error {
	var e *ovsdb.Error
	if errors.As(err, &e) && e.Op < len(ops) {
		return fmt.Errorf("%s of %s: %w", ops[e.Op].Kind, ops[e.Op].Table, err)
	}
	return err
}

// readBack takes back that operations are done: it reads the rows that they are about and marks what is not as it should be.
func (e *engine) readBack(ctx context.Context, db ovsdb.DB, ops []ovsdb.Op) error {
	type target struct {
		table string
		id    ovsdb.UUID
	}
	var targets []target
	var selects []ovsdb.Op
	seen := map[ovsdb.UUID]bool{}
	for i := range ops {
		id := rowOf(&ops[i])
		if id.IsZero() || seen[id] {
			continue
		}
		seen[id] = true
		targets = append(targets, target{ops[i].Table, id})
		selects = append(selects, ovsdb.Select(ops[i].Table, ovsdb.ByUUID(id)...))
	}
	if len(targets) == 0 {
		return nil
	}
	res, err := db.Transact(ctx, selects...)
	if err != nil {
		return fmt.Errorf("reading southbound: %w", err)
	}
	missing := map[ovsdb.UUID]bool{}
	for i, t := range targets {
		missing[t.id] = len(res[i].Rows) == 0
	}
	entries := map[ovsdb.UUID]*rowEntry{}
	for _, r := range e.rows.rows {
		if seen[r.id] {
			entries[r.id] = r
		}
	}
	// Groups before the flows that are in them.
	for i, t := range targets {
		if t.table == sb.TableLogicalDPGroup && entries[t.id] == nil {
			e.flows.relearnGroup(t.id, oneRow(res[i]))
		}
	}
	e.rows.forgetMembers(func(id ovsdb.UUID) bool { return missing[id] })
	for i, t := range targets {
		row := oneRow(res[i])
		known := true
		switch {
		case entries[t.id] != nil:
			e.rows.relearn(entries[t.id], row)
		case t.table == sb.TableLogicalFlow:
			known = e.flows.relearn(t.id, row)
		case t.table != sb.TableLogicalDPGroup:
			known = false
		}
		if !known && row != nil {
			e.garbage = append(e.garbage, ovsdb.Delete(t.table, t.id)) // it was to go
		}
	}
	return nil
}

func oneRow(r ovsdb.Result) *ovsdb.Row {
	if len(r.Rows) == 0 {
		return nil
	}
	return r.Rows[0]
}

// forgetMembers takes note that rows are missing: the database has left them out of the sets that they are members of.
func (s *rowStore) forgetMembers(missing func(ovsdb.UUID) bool) {
	for _, e := range s.rows {
		for c, ms := range e.members {
			for v, m := range ms {
				if id, ok := v.(ovsdb.UUID); ok && m.have && missing(id) {
					m.have = false
					e.changed = append(e.changed, memberKey{c, v})
					s.dirty[e] = struct{}{}
				}
			}
		}
	}
}

// relearn corrects what we believe of a row, members included.
func (s *rowStore) relearn(e *rowEntry, r *ovsdb.Row) {
	s.dirty[e] = struct{}{}
	e.have, e.changed = nil, nil
	for _, ms := range e.members {
		for _, m := range ms {
			m.have = false
		}
	}
	if r != nil {
		s.load(e.rowKey, r)
	}
	for c, ms := range e.members {
		for v := range ms {
			e.changed = append(e.changed, memberKey{c, v})
		}
	}
}

// relearn corrects what we believe of a flow's row, and reports whether there is such a flow.
func (t *flowTable) relearn(row ovsdb.UUID, r *ovsdb.Row) bool {
	e := t.flows[lflow.ID(row)]
	if e == nil || e.row != row {
		e = nil
		for _, f := range t.flows {
			if f.row == row {
				e = f
				break
			}
		}
	}
	if e == nil {
		return false
	}
	t.leave(e)
	t.touched[e] = struct{}{}
	if r == nil {
		return true
	}
	f := sb.NewLogicalFlow(r)
	if f.LogicalDatapath != nil {
		e.dp = *f.LogicalDatapath
	} else if f.LogicalDPGroup != nil {
		if g := t.groupID[*f.LogicalDPGroup]; g != nil {
			e.group = g
			g.flows++
		}
	}
	return true
}

// relearnGroup corrects what we believe of a group of datapaths.
func (t *flowTable) relearnGroup(id ovsdb.UUID, r *ovsdb.Row) {
	g := t.groupID[id]
	if g == nil {
		return
	}
	for _, e := range t.flows {
		if e.group == g {
			t.touched[e] = struct{}{}
			if r == nil {
				t.leave(e)
			}
		}
	}
	if t.groups[g.set] == g {
		delete(t.groups, g.set)
	}
	if r == nil {
		delete(t.groupID, id)
		return
	}
	g.dps, _ = r.Get(sb.LogicalDPGroupColDatapaths).([]ovsdb.UUID)
	g.set = setKey{}
	for _, dp := range g.dps {
		g.set = g.set.plus(t.hash(dp))
	}
	if t.groups[g.set] == nil {
		t.groups[g.set] = g
	}
}
