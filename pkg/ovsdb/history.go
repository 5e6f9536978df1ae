package ovsdb

// history is what the latest commits changed, so that a client that was away for a moment can be told what it missed
// (monitor_cond_since, ovsdb-server(7)) instead of everything. It lives on the publisher's goroutine.
//
// It is bounded by the number of changes, each of which may keep one row alive that the database has no more. Only this
// process knows the ids: after a restart every client starts over.
type history struct {
	limit   int // changes kept; 0 keeps none
	at      UUID
	commits []pastCommit // oldest first
	changes int
}

// pastCommit is a commit and what the database was at before it.
type pastCommit struct {
	before  UUID
	changes []change
}

func newHistory(limit int) history {
	h := history{limit: limit}
	h.forget()
	return h
}

// forget drops everything: what clients remember leads nowhere.
func (h *history) forget() {
	h.commits, h.changes = nil, 0
	if h.limit > 0 {
		h.at = NewUUID()
	}
}

// add takes a commit in. Without a limit the id stays zero, as stock's standalone server has it.
func (h *history) add(changes []change) {
	if h.limit <= 0 {
		return
	}
	h.commits = append(h.commits, pastCommit{h.at, changes})
	h.changes += len(changes)
	h.at = NewUUID()
	n := 0
	for ; h.changes > h.limit; n++ {
		h.changes -= len(h.commits[n].changes)
		h.commits[n] = pastCommit{}
	}
	if n > 0 {
		h.commits = h.commits[n:]
	}
}

// since is what happened after the database was at id, row by row, however often a row changed; false when that is not known.
func (h *history) since(id UUID) ([]change, bool) {
	if h.limit <= 0 || id.IsZero() {
		return nil, false
	}
	if id == h.at {
		return nil, true
	}
	first := -1
	for i := len(h.commits) - 1; i >= 0; i-- {
		if h.commits[i].before == id {
			first = i
			break
		}
	}
	if first < 0 {
		return nil, false
	}
	type key struct {
		table *TableSchema
		id    UUID
	}
	at := map[key]int{}
	var out []change
	for _, p := range h.commits[first:] {
		for _, c := range p.changes {
			row := c.New
			if row == nil {
				row = c.Old
			}
			k := key{row.table, row.UUID}
			if i, ok := at[k]; ok {
				out[i].New = c.New
				continue
			}
			at[k] = len(out)
			out = append(out, change{Change: c.Change})
		}
	}
	n := 0
	for _, c := range out {
		switch {
		case c.Old == nil && c.New == nil:
			continue
		case c.Old != nil && c.New != nil:
			for _, col := range c.New.table.Columns {
				if !Equal(c.Old.vals[col.Index], c.New.vals[col.Index]) {
					c.cols = append(c.cols, col)
				}
			}
		}
		out[n] = c
		n++
	}
	return out[:n], true
}
