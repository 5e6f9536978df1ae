package ovsdb

// history is what the latest commits changed, so that a client that was away for a moment can be told what it missed
// (monitor_cond_since, ovsdb-server(7)) instead of everything. It lives on the publisher's goroutine.
//
// It is bounded by the number of changes and by what they keep alive that the database has no more: a change of a group with
// thousands of members keeps all of its former members. Only this process knows the ids: after a restart every client starts over.
type history struct {
	limit   int // changes kept; 0 keeps none
	at      UUID
	commits []pastCommit // oldest first
	changes int
	weight  int // in bytes, by estimate
}

// pastCommit is a commit and what the database was at before it.
type pastCommit struct {
	before  UUID
	changes []change
	weight  int
}

// historyWeight is how many bytes a change may keep alive on average.
const historyWeight = 1 << 10

func newHistory(limit int) history {
	h := history{limit: limit}
	h.forget()
	return h
}

// forget drops everything: what clients remember leads nowhere.
func (h *history) forget() {
	h.commits, h.changes, h.weight = nil, 0, 0
	if h.limit > 0 {
		h.at = NewUUID()
	}
}

// add takes a commit in. Without a limit the id stays zero, as stock's standalone server has it.
func (h *history) add(changes []change) {
	if h.limit <= 0 {
		return
	}
	p := pastCommit{h.at, changes, 0}
	for i := range changes {
		p.weight += changes[i].weight()
	}
	h.commits = append(h.commits, p)
	h.changes += len(changes)
	h.weight += p.weight
	h.at = NewUUID()
	n := 0
	for ; h.changes > h.limit || h.weight > h.limit*historyWeight; n++ {
		h.changes -= len(h.commits[n].changes)
		h.weight -= h.commits[n].weight
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

// weight estimates what a change keeps alive that the database has no more.
func (c *change) weight() int {
	const row = 200 // a Row, its header and the change itself
	if c.Old == nil {
		return row
	}
	n := row
	if c.New == nil {
		for _, v := range c.Old.vals {
			n += weigh(v)
		}
		return n
	}
	for _, col := range c.cols {
		n += weigh(c.Old.vals[col.Index])
	}
	return n + 16*len(c.Old.vals)
}

func weigh(v Value) int {
	switch x := v.(type) {
	case string:
		return len(x)
	case []UUID:
		return 16 * len(x)
	case []string:
		n := 16 * len(x)
		for _, s := range x {
			n += len(s)
		}
		return n
	case Map:
		n := 32 * len(x)
		for _, p := range x {
			n += weigh(p.K) + weigh(p.V)
		}
		return n
	}
	return 8
}
