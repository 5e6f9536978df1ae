package northd

import (
	"context"
	"fmt"
	"maps"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Southbound rows that are ours to write are put right when somebody else changes, adds or removes them.

// repairedSB are the tables that are watched for that alone, with the columns. Logical_Flow and Logical_DP_Group are not
// among them: what is wrong there is found when everything is read again (inc-engine/recompute, or a new session).
func repairedSB() map[string][]string {
	out := map[string][]string{sb.TableFDB: {sb.FDBColDPKey, sb.FDBColPortKey}}
	watched := watchedSB()
	for name, t := range tables {
		if _, ok := watched[name]; !ok && name != sb.TableLogicalDPGroup {
			out[name] = append(append([]string(nil), t.columns...), t.members...)
		}
	}
	return out
}

// southTables are all tables to watch.
func southTables() map[string][]string {
	out := watchedSB()
	maps.Copy(out, repairedSB())
	return out
}

// idle reports whether nothing has happened since the last step that a step could do something about: a commit of our own came
// back.
func (e *engine) idle() bool {
	return !e.stirred && !e.nbChanged && len(e.suspects)+len(e.garbage)+len(e.lost) == 0
}

// lostRow removes a row that a chassis wrote about what does not exist. At the start and after something has gone, all are
// looked at: see removeOrphans.
func (e *engine) lostRow(c ovsdb.Change, orphan func(*ovsdb.Row) bool) {
	if c.Old == nil && e.stats.Steps > 0 && orphan(c.New) {
		e.lost = append(e.lost, ovsdb.Delete(c.Table, c.New.UUID))
	}
}

// foreign looks at a change of a row that is ours to write. Our own changes come back this way too, maybe after we have
// changed the row once more, so that a row that is not as we left it is only suspect: see verify.
func (e *engine) foreign(c ovsdb.Change) {
	if tables[c.Table].child {
		e.foreignChild(c)
		return
	}
	key := tables[c.Table].key
	if c.Old != nil && (c.New == nil || key(c.Old) != key(c.New)) {
		if k := (rowKey{c.Table, key(c.Old)}); e.rows.id(k.table, k.key) == c.Old.UUID && !e.rows.agrees(k, nil) {
			e.suspects[k] = c.Old.UUID
			if c.New != nil {
				return // it becomes again what it was
			}
		}
	}
	if c.New != nil {
		if k := (rowKey{c.Table, key(c.New)}); e.rows.id(k.table, k.key) != c.New.UUID || !e.rows.agrees(k, c.New) || !e.rows.membersAgree(k, c.Old, c.New) {
			e.suspects[k] = c.New.UUID
		}
	}
}

// foreignChild does so for a row that others refer to. One that nobody refers to any more goes by itself.
func (e *engine) foreignChild(c ovsdb.Change) {
	row := c.New
	if row == nil {
		row = c.Old
	}
	if r := e.rows.childOf[row.UUID]; r != nil && !e.rows.agrees(r.rowKey, c.New) {
		e.suspects[r.rowKey] = row.UUID
	}
}

// verify asks the database for the suspect rows: nobody else writes on our behalf, so its answer is up to date.
func (e *engine) verify(ctx context.Context, db ovsdb.DB) error {
	for len(e.suspects) > 0 {
		var keys []rowKey
		var ops []ovsdb.Op
		for k, id := range e.suspects {
			keys = append(keys, k)
			ops = append(ops, ovsdb.Select(k.table, ovsdb.ByUUID(id)...))
		}
		clear(e.suspects)
		res, err := db.Transact(ctx, ops...)
		if err != nil {
			return fmt.Errorf("reading southbound: %w", err)
		}
		for i, k := range keys {
			var r *ovsdb.Row
			if len(res[i].Rows) > 0 {
				r = res[i].Rows[0]
			}
			e.verified(k, ops[i].Where[0].Value.(ovsdb.UUID), r)
		}
	}
	return nil
}

// verified takes what the database says of a suspect row, r, which is nil if there is none of that UUID.
func (e *engine) verified(k rowKey, id ovsdb.UUID, r *ovsdb.Row) {
	known := e.rows.rows[k]
	ours := known != nil && known.have != nil && known.id == id
	if r != nil && !ours && (tables[k.table].child || tables[k.table].key(r) != k.key) {
		r = nil
	}
	switch {
	case r == nil && e.rows.id(k.table, k.key) != id:
		return // another row has the key by now
	case r != nil && known != nil && known.have != nil && !ours:
		e.garbage = append(e.garbage, ovsdb.Delete(k.table, r.UUID)) // a second row of that key
		return
	}
	if ours {
		// What only this row referred to may have gone.
		for _, c := range known.want {
			ids, _ := c.Value.([]ovsdb.UUID)
			for _, id := range ids {
				if child := e.rows.childOf[id]; child != nil && child.have != nil {
					e.suspects[child.rowKey] = id
				}
			}
		}
	}
	e.rows.learn(k, r)
}
