package ovsdb

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// item is a step of the publication order: a commit, or something that must happen between two commits.
type item struct {
	changes  []change
	comments []string
	sync     bool
	fn       func(error)
}

// sink gets every commit, on the publisher's goroutine.
type sink interface {
	publish([]change) (alive bool)
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

	sinks    []sink // of the goroutine alone
	watching atomic.Int64
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
		err := db.write(batch, &flusher)
		if err != nil {
			db.fail(err)
		}
		for i := range batch {
			if err == nil && len(batch[i].changes) > 0 {
				db.tell(batch[i].changes)
			}
			if batch[i].fn != nil {
				batch[i].fn(err)
			}
		}
		p.watching.Store(int64(len(p.sinks)))
		if db.journal != nil && err == nil && db.journal.Grown() && time.Since(tried) > time.Minute && compacting.CompareAndSwap(false, true) {
			tried = time.Now()
			compactions.Add(1)
			go func() {
				defer compactions.Done()
				defer compacting.Store(false)
				if err := db.Compact(); err != nil {
					db.log.Warn("compacting the database file", "db", db.schema.Name, "err", err)
				}
			}()
		}
	}
	flusher.stop()
	for _, s := range p.sinks {
		s.close()
	}
}

// write makes a batch as durable as it asks for.
func (db *Database) write(batch []item, flusher *batchSync) error {
	if db.journal == nil {
		return nil
	}
	if err := db.Err(); err != nil && err != ErrClosed {
		return err
	}
	wrote, sync := false, false
	for i := range batch {
		if len(batch[i].changes) == 0 {
			continue
		}
		rec := appendRecord(nil, batch[i].changes, batch[i].comments, time.Now())
		if rec == nil {
			continue // ephemeral columns only
		}
		if err := db.journal.Append(rec); err != nil {
			return fmt.Errorf("writing journal: %w", err)
		}
		wrote, sync = true, sync || batch[i].sync
	}
	switch {
	case sync:
		if err := db.journal.Sync(); err != nil {
			return fmt.Errorf("syncing journal: %w", err)
		}
	case wrote:
		flusher.mark()
	}
	return nil
}

func (db *Database) tell(changes []change) {
	p := &db.pub
	n := 0
	for _, s := range p.sinks {
		if s.publish(changes) {
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
		db.log.Error("the database stops taking transactions", "db", db.schema.Name, "err", err)
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

	mu     sync.Mutex // guards queue, ended
	queue  []Delta
	ended  bool
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

func (w *watcher) publish(changes []change) bool {
	var d Delta
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
	if !w.ended {
		w.queue = append(w.queue, d)
	}
	alive := !w.ended
	w.mu.Unlock()
	w.poke()
	return alive
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
		w.queue = nil
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
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.err != nil {
		return db.err
	}
	db.pub.push(item{fn: fn})
	return nil
}

// Stats counts rows, and the watches and monitors on them.
func (db *Database) Stats() (rows, monitors int) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, t := range db.tables {
		rows += len(t.rows)
	}
	return rows, int(db.pub.watching.Load())
}
