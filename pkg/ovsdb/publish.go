package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// item is a step of the publication order: a commit, or something that must happen between two commits.
type item struct {
	changes  []change
	comments []string
	sync     bool
	barrier  bool     // fn runs before anything later is written
	after    *Pending // what has to be durable before the commit is published
	written  func()   // called when everything before is in the journal
	fn       func(error)
}

// sink gets every commit, on the publisher's goroutine.
type sink interface {
	publish(id UUID, changes []change) (alive bool)
	close()
}

// publisher carries commits, in order, from the store to the journal and from there to the sinks. It is one goroutine, so
// sinks need no order of their own, and transactions that commit while the journal syncs share the next sync.
type publisher struct {
	done   chan struct{} // closed when the goroutine ends
	failed chan struct{} // closed when the journal failed

	mu      sync.Mutex // guards the queue
	wake    *sync.Cond
	queue   []item
	busy    bool
	stopped bool

	sinks      []sink // of the goroutine alone, like ahead, history and contents
	ahead      ahead
	history    history
	contents   contentsCache
	watching   atomic.Int64
	remembered [2]atomic.Int64 // commits and changes in the history
}

func (p *publisher) init() {
	p.done = make(chan struct{})
	p.failed = make(chan struct{})
	p.wake = sync.NewCond(&p.mu)
}

func (p *publisher) push(it item) {
	p.mu.Lock()
	p.queue = append(p.queue, it)
	p.mu.Unlock()
	p.wake.Signal()
}

func (p *publisher) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) == 0 && !p.busy
}

func (p *publisher) stop() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.wake.Signal()
}

// drain takes whatever is queued.
func (p *publisher) drain() []item {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queue
	p.queue = nil
	return q
}

// add is called from item.fn only.
func (p *publisher) add(s sink) { p.sinks = append(p.sinks, s) }

// take waits for the next batch; nil means stop.
func (p *publisher) take(spare []item) []item {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	for len(p.queue) == 0 {
		if p.stopped {
			return nil
		}
		p.wake.Wait()
	}
	batch := p.queue
	p.queue = spare[:0]
	p.busy = true
	return batch
}

func (db *Database) publish() {
	p := &db.pub
	defer close(p.done)
	var flusher batchSync
	if db.journal != nil && db.policy == SyncBatch {
		flusher.start(db)
	}
	var batch, spare []item
	var compactions sync.WaitGroup
	defer compactions.Wait()
	var compacting atomic.Bool
	var tried time.Time
	for {
		clear(batch)
		batch, spare = p.take(spare), batch
		if batch == nil {
			break
		}
		err := db.process(batch, &flusher)
		p.watching.Store(int64(len(p.sinks) + len(p.ahead.watchers)))
		p.remembered[0].Store(int64(len(p.history.commits)))
		p.remembered[1].Store(int64(p.history.changes))
		if db.journal != nil && err == nil && db.journal.Grown() && time.Since(tried) > time.Minute && compacting.CompareAndSwap(false, true) {
			tried = time.Now()
			compactions.Add(1)
			go func() {
				defer compactions.Done()
				defer compacting.Store(false)
				if err := db.Compact(); err != nil {
					db.log.Warn("compacting the database file", "db", db.Name(), "err", err)
				}
			}()
		}
	}
	flusher.stop()
	for _, s := range p.sinks {
		s.close()
	}
	p.ahead.close()
}

// process writes and publishes a batch.
func (db *Database) process(batch []item, flusher *batchSync) error {
	for len(batch) > 0 {
		n := len(batch)
		if i := slices.IndexFunc(batch, func(it item) bool { return it.barrier }); i >= 0 {
			n = i + 1
		}
		ok, err := db.write(batch[:n], flusher)
		for i := range batch[:ok] {
			if len(batch[i].changes) > 0 {
				db.tell(batch[i].changes)
			}
			if batch[i].fn != nil {
				batch[i].fn(nil)
			}
		}
		if err != nil {
			db.refuse(batch[ok:], err)
			db.pub.ahead.end(err)
			return err
		}
		batch = batch[n:]
	}
	return nil
}

// write makes a batch as durable as it asks for and says how many of its items got through.
func (db *Database) write(batch []item, flusher *batchSync) (int, error) {
	if err := db.Err(); db.journal != nil && err != nil && err != ErrClosed {
		return 0, err
	}
	ok, wrote, sync := len(batch), false, false
	var failed error
	for i := range batch {
		it := &batch[i]
		if len(it.changes) > 0 {
			kept, err := db.append(it)
			if err != nil {
				ok, failed = i, err
				break
			}
			wrote, sync = wrote || kept, sync || kept && it.sync
			db.pub.ahead.tell(it.changes)
		}
		if it.written != nil {
			it.written()
		}
	}
	switch {
	case sync:
		if err := db.journal.Sync(); err != nil {
			// What reached the disk is unknown, and so is what a second sync would tell.
			return 0, &BrokenError{fmt.Errorf("syncing journal: %w", err)}
		}
	case wrote:
		flusher.mark()
	}
	db.pub.ahead.end(nil)
	for i := range batch[:ok] {
		if err := batch[i].after.Wait(); err != nil {
			return 0, &BrokenError{fmt.Errorf("waiting for what a transaction follows from: %w", err)}
		}
	}
	return ok, failed
}

// append writes a commit to the journal, if anything of it is kept there.
func (db *Database) append(it *item) (kept bool, err error) {
	if db.journal == nil {
		return false, nil
	}
	rec := appendRecord(nil, it.changes, it.comments, time.Now())
	if rec == nil {
		return false, nil // ephemeral columns only
	}
	if err := db.journal.Append(rec); err != nil {
		return false, fmt.Errorf("writing journal: %w", err)
	}
	return true, nil
}

// refuse takes back commits that the journal did not take, and whatever was committed on top of them.
func (db *Database) refuse(items []item, err error) {
	var broken *BrokenError
	db.mu.Lock()
	items = append(items[:len(items):len(items)], db.pub.drain()...)
	if errors.As(err, &broken) || db.err != nil {
		db.mu.Unlock()
		db.fail(err)
	} else {
		for i := len(items) - 1; i >= 0; i-- {
			db.revert(items[i].changes)
		}
		db.mu.Unlock()
		db.log.Error("taking back transactions that cannot be written", "db", db.Name(), "err", err)
	}
	for _, it := range items {
		if it.fn != nil {
			it.fn(err)
		}
	}
}

// revert undoes a commit; db.mu is held and everything later is undone.
func (db *Database) revert(changes []change) {
	x := &txn{db: db, tabs: make([]*txnTable, len(db.tables)), keepVersions: true}
	for _, c := range changes {
		r := &txnRow{old: c.New, new: c.Old, cols: c.cols}
		if c.Old != nil {
			r.id, r.t = c.Old.UUID, x.tab(c.Old.table)
		} else {
			r.id, r.t = c.New.UUID, x.tab(c.New.table)
		}
		r.t.rows[r.id] = r
		x.order = append(x.order, r)
	}
	for i := 0; i < len(x.order); i++ {
		// The state before was whole, so no reference can be missing.
		if err := x.countRefs(x.order[i]); err != nil {
			panic(fmt.Sprintf("ovsdb: taking a commit back: %v", err))
		}
	}
	x.apply()
}

func (db *Database) tell(changes []change) {
	p := &db.pub
	p.history.add(changes)
	p.contents.forget()
	n := 0
	for _, s := range p.sinks {
		if s.publish(p.history.at, changes) {
			p.sinks[n] = s
			n++
		}
	}
	clear(p.sinks[n:])
	p.sinks = p.sinks[:n]
}

// fail takes the database out of service: what it holds in memory and what the journal holds may differ.
func (db *Database) fail(err error) {
	db.mu.Lock()
	first := db.err == nil || db.err == ErrClosed
	if first {
		db.err = err
	}
	db.mu.Unlock()
	if first {
		db.log.Error("the database stops taking transactions", "db", db.Name(), "err", err)
		close(db.pub.failed)
	}
}

// batchSync syncs the journal a little after it was written, for SyncBatch.
type batchSync struct {
	dirty chan struct{}
	quit  chan struct{}
	done  chan struct{}
}

func (b *batchSync) start(db *Database) {
	b.dirty, b.quit, b.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(b.done)
		for {
			select {
			case <-b.dirty:
			case <-b.quit:
				return
			}
			t := time.NewTimer(batchInterval)
			select {
			case <-t.C:
			case <-b.quit:
				t.Stop()
			}
			if err := db.journal.Sync(); err != nil {
				db.fail(fmt.Errorf("syncing journal: %w", err))
				return
			}
		}
	}()
}

func (b *batchSync) mark() {
	select {
	case b.dirty <- struct{}{}:
	default:
	}
}

func (b *batchSync) stop() {
	if b.done != nil {
		close(b.quit)
		<-b.done
	}
}

// watcher is a Watch: a sink with a queue of its own, so that a slow reader holds up nobody.
type watcher struct {
	schema *Schema
	tables []watchedTable // by TableSchema.Index
	out    chan Delta

	mu     sync.Mutex // guards queue, taken, ended
	queue  []Delta
	taken  bool // run has some of the queue in hand
	ended  bool // nothing more is put on out from then on, except by run
	signal chan struct{}
}

type watchedTable struct {
	on   bool
	all  bool
	cols []bool // by ColumnSchema.Index
}

func newWatcher(s *Schema, tables map[string][]string) (*watcher, error) {
	w := &watcher{schema: s, tables: make([]watchedTable, len(s.Tables)), out: make(chan Delta), signal: make(chan struct{}, 1)}
	for name, cols := range tables {
		t := s.Table(name)
		if t == nil {
			return nil, fmt.Errorf("watching %s: there is no table %s", s.Name, name)
		}
		wt := watchedTable{on: true, all: cols == nil, cols: make([]bool, len(t.Columns))}
		for _, cn := range cols {
			c := t.Column(cn)
			switch {
			case c == nil:
				return nil, fmt.Errorf("watching %s: there is no column %s in table %s", s.Name, cn, name)
			case c.Index >= 0:
				wt.cols[c.Index] = true
			}
		}
		w.tables[t.Index] = wt
	}
	return w, nil
}

func (w *watcher) publish(_ UUID, changes []change) bool { return w.deliver(changes, nil) }

func (w *watcher) deliver(changes []change, pending *Pending) bool {
	d := Delta{Pending: pending}
	for i := range changes {
		c := &changes[i]
		row := c.New
		if row == nil {
			row = c.Old
		}
		if w.tables[row.table.Index].wants(c) {
			d.Changes = append(d.Changes, c.Change)
		}
	}
	if d.Changes == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		return !w.ended
	}
	return w.put(d)
}

func (t *watchedTable) wants(c *change) bool {
	if !t.on {
		return false
	}
	if t.all || c.Old == nil || c.New == nil {
		return true
	}
	for _, col := range c.cols {
		if t.cols[col.Index] {
			return true
		}
	}
	return false
}

func (w *watcher) put(d Delta) bool {
	w.mu.Lock()
	if w.ended {
		w.mu.Unlock()
		return false
	}
	if len(w.queue) == 0 && !w.taken {
		// A reader who waits gets it at once, without waking run on the way.
		select {
		case w.out <- d:
			w.mu.Unlock()
			return true
		default:
		}
	}
	w.queue = append(w.queue, d)
	w.mu.Unlock()
	w.poke()
	return true
}

func (w *watcher) poke() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// close lets the reader have what is queued and then ends.
func (w *watcher) close() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.poke()
}

func (w *watcher) run(ctx context.Context) {
	defer close(w.out)
	defer w.close()
	for {
		w.mu.Lock()
		queue, ended := w.queue, w.ended
		w.queue, w.taken = nil, len(queue) > 0
		w.mu.Unlock()
		for i, d := range queue {
			select {
			case w.out <- d:
				queue[i] = Delta{}
			case <-ctx.Done():
				return
			}
		}
		if len(queue) > 0 {
			continue
		}
		if ended {
			return
		}
		select {
		case <-w.signal:
		case <-ctx.Done():
			return
		}
	}
}

// after queues fn behind everything committed so far.
func (db *Database) after(fn func(error)) error {
	db.lock()
	defer db.mu.Unlock()
	if db.err != nil {
		return db.err
	}
	db.pub.push(item{fn: fn})
	return nil
}

// Stats are counts of what a database holds.
type Stats struct {
	Rows, Cells                    int
	Monitors                       int // and watches
	HistoryCommits, HistoryChanges int
}

// Stats counts.
func (db *Database) Stats() Stats {
	db.mu.Lock()
	defer db.mu.Unlock()
	s := Stats{Monitors: int(db.pub.watching.Load()), HistoryCommits: int(db.pub.remembered[0].Load()), HistoryChanges: int(db.pub.remembered[1].Load())}
	for _, t := range db.tables {
		s.Rows += len(t.rows)
		s.Cells += len(t.rows) * len(t.schema.Columns)
	}
	return s
}
