package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// SyncPolicy says when a committed transaction is published and acknowledged.
type SyncPolicy int

const (
	// SyncEach publishes and acknowledges after the journal is synced; transactions that wait share one sync.
	SyncEach SyncPolicy = iota
	// SyncBatch publishes and acknowledges once the journal is written, and syncs it a little later. A Commit(true) in a
	// transaction still has it synced first.
	SyncBatch
)

const batchInterval = 100 * time.Millisecond

// Options configures a Database.
type Options struct {
	Journal Journal // nil keeps the database in memory only
	Sync    SyncPolicy
	// History is how many changed rows of recent transactions are kept for clients that come back and ask what they missed
	// (ovsdb-server(7), monitor_cond_since). 0 keeps none: like stock's standalone server, such clients get everything anew.
	History int
	Logger  *slog.Logger
}

// Database is a database in this process. It implements DB.
type Database struct {
	current atomic.Pointer[Schema]
	journal Journal
	policy  SyncPolicy
	log     *slog.Logger
	pub     publisher
	rewrite sync.Mutex // held while the journal is compacted or converted

	mu      sync.Mutex // guards everything below and serialises transactions
	tables  []*table
	seq     uint64
	err     error         // why the database takes no more transactions
	changed chan struct{} // closed at the next commit, for waits
	rng     *rand.ChaCha8
	hooks   map[*convertHook]struct{}
	// converting makes whoever would use the tables wait for resumed.
	converting bool
	resumed    *sync.Cond
}

// ErrClosed is what a closed database answers.
var ErrClosed = errors.New("the database is closed")

// Open makes a database of the given schema from what its journal holds. Close it.
func Open(schema *Schema, opts Options) (*Database, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	db := &Database{journal: opts.Journal, policy: opts.Sync, log: opts.Logger, changed: make(chan struct{}), hooks: map[*convertHook]struct{}{}}
	db.current.Store(schema)
	db.resumed = sync.NewCond(&db.mu)
	db.pub.history = newHistory(opts.History)
	id, id2 := NewUUID(), NewUUID()
	var seed [32]byte
	copy(seed[:], id[:])
	copy(seed[16:], id2[:])
	db.rng = rand.NewChaCha8(seed)
	for _, t := range schema.Tables {
		db.tables = append(db.tables, newTable(t))
	}
	if opts.Journal != nil {
		if err := db.replay(); err != nil {
			return nil, err
		}
	}
	db.pub.init()
	go db.publish()
	return db, nil
}

// Schema implements DB. Convert replaces it.
func (db *Database) Schema() *Schema { return db.current.Load() }

// Name is the schema's name.
func (db *Database) Name() string { return db.Schema().Name }

// lock takes mu for somebody who looks at the tables or adds to the order of publication.
func (db *Database) lock() {
	db.mu.Lock()
	for db.converting {
		db.resumed.Wait()
	}
}

// Close publishes and syncs what is committed, then ends every Watch. The journal is closed too.
func (db *Database) Close() error {
	db.stop(ErrClosed)
	<-db.pub.done
	if db.journal != nil {
		return db.journal.Close()
	}
	return nil
}

// Failed is closed when the journal can no longer be trusted: the process should stop. Err then says why.
func (db *Database) Failed() <-chan struct{} { return db.pub.failed }

// Err is the reason why the database takes no more transactions, nil while it does.
func (db *Database) Err() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.err
}

func (db *Database) stop(why error) {
	db.mu.Lock()
	if db.err == nil {
		db.err = why
	}
	close(db.changed)
	db.changed = make(chan struct{})
	db.mu.Unlock()
	db.pub.stop()
}

func (db *Database) newVersion() UUID {
	var u UUID
	for i := 0; i < 16; i += 8 {
		n := db.rng.Uint64()
		for j := range 8 {
			u[i+j] = byte(n >> (8 * j))
		}
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// outcome is what a transaction came to. When failed and wait are nil it is committed, not yet published.
type outcome struct {
	results []Result
	failed  *Error
	wait    *waitError
	err     error // the database is closed or broken
	stale   bool  // the database has another schema than the operations were read for
	idle    bool  // it changed nothing and everything before it is published: done is not called
}

// transact runs n operations through step and commits. The publisher calls done, in commit order, when the transaction is
// as durable as its policy promises and every watcher and monitor has its change.
//
// Operations that were read for a schema that is not the database's any more are not run: the outcome is stale. A nil schema
// fits always.
func (db *Database) transact(who *session, s *Schema, begun time.Time, n int, step func(x *txn, i int) (Result, error), done func(error)) outcome {
	db.lock()
	defer db.mu.Unlock()
	if db.err != nil {
		return outcome{err: db.err}
	}
	if s != nil && s != db.Schema() {
		return outcome{stale: true}
	}
	x := &txn{db: db, tabs: make([]*txnTable, len(db.tables)), who: who, now: time.Now(), begun: begun}
	out := outcome{results: make([]Result, 0, n)}
	for i := range n {
		r, err := step(x, i)
		if err != nil {
			return out.fail(i, err)
		}
		out.results = append(out.results, r)
	}
	if len(x.order) > 0 {
		if err := x.precommit(); err != nil {
			return out.fail(n, err)
		}
	}
	it := item{fn: done, comments: x.comments, after: x.after}
	if len(x.order) > 0 {
		it.changes = x.apply()
	}
	if len(it.changes) == 0 {
		if out.idle = db.pub.idle(); out.idle {
			return out
		}
	} else {
		db.seq++
		close(db.changed)
		db.changed = make(chan struct{})
		it.sync = db.policy == SyncEach || x.durable
	}
	db.pub.push(it)
	return out
}

func (o outcome) fail(i int, err error) outcome {
	var w *waitError
	var e *Error
	switch {
	case errors.As(err, &w):
		o.wait, o.failed = w, w.err
	case errors.As(err, &e):
		o.failed = e
	default:
		o.failed = ovsdbError("internal error", "%v", err)
	}
	o.failed.Op = i
	return o
}

// Transact implements DB.
func (db *Database) Transact(ctx context.Context, ops ...Op) ([]Result, error) {
	done := make(chan error, 1)
	begun := time.Now()
	step := func(x *txn, i int) (Result, error) { return x.exec(&ops[i]) }
	for {
		changed := db.nextChange()
		out := db.transact(nil, nil, begun, len(ops), step, func(err error) { done <- err })
		switch {
		case out.err != nil:
			return nil, fmt.Errorf("transacting on %s: %w", db.Name(), out.err)
		case out.wait != nil:
			if err := waitChange(ctx, changed, begun, out.wait.timeout); err != nil {
				return nil, err
			}
			continue
		case out.failed != nil:
			return out.results, out.failed
		case out.idle:
			return out.results, nil
		}
		// The transaction is committed: it must not be given up for ctx, or its outcome would be unknown.
		if err := <-done; err != nil {
			return nil, fmt.Errorf("transacting on %s: %w", db.Name(), err)
		}
		return out.results, nil
	}
}

func (db *Database) nextChange() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.changed
}

func waitChange(ctx context.Context, changed <-chan struct{}, begun time.Time, timeout time.Duration) error {
	var timer <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(time.Until(begun.Add(timeout)))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-changed:
	case <-timer:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// snapshot lists the rows of some tables as they are now and queues fn to run right after everything committed so far is
// published: nothing can come between the rows that fn gets and the changes that are published after it. With barrier, what
// was committed later is not even in the journal yet when fn runs.
// The tables are those of schema s; errStale means that the database has another one by now.
func (db *Database) snapshot(s *Schema, tables []*TableSchema, barrier bool, fn func(rows [][]*Row, err error)) error {
	db.lock()
	defer db.mu.Unlock()
	return db.snapshotLocked(s, tables, barrier, fn)
}

var errStale = errors.New("the database was converted to another schema meanwhile")

func (db *Database) snapshotLocked(s *Schema, tables []*TableSchema, barrier bool, fn func(rows [][]*Row, err error)) error {
	rows, err := db.rowsLocked(s, tables)
	if err == nil {
		db.pub.push(item{barrier: barrier, fn: func(err error) { fn(rows, err) }})
	}
	return err
}

// rowsLocked lists the rows of some tables.
func (db *Database) rowsLocked(s *Schema, tables []*TableSchema) ([][]*Row, error) {
	switch {
	case db.err != nil:
		return nil, db.err
	case s != db.Schema():
		return nil, errStale
	}
	rows := make([][]*Row, len(tables))
	for i, t := range tables {
		rows[i] = make([]*Row, 0, len(db.tables[t.Index].rows))
		for _, s := range db.tables[t.Index].rows {
			rows[i] = append(rows[i], s.row)
		}
	}
	return rows, nil
}

// Watch implements DB.
func (db *Database) Watch(ctx context.Context, tables map[string][]string) (<-chan Delta, error) {
	return db.watch(ctx, tables, false)
}

func (db *Database) watch(ctx context.Context, tables map[string][]string, ahead bool) (<-chan Delta, error) {
	schema := db.Schema()
	w, err := newWatcher(schema, tables)
	if err != nil {
		return nil, err
	}
	var list []*TableSchema
	for _, t := range schema.Tables {
		if w.tables[t.Index].on {
			list = append(list, t)
		}
	}
	if err := db.beginWatch(schema, list, w, ahead); err != nil {
		return nil, fmt.Errorf("watching %s: %w", db.Name(), err)
	}
	go w.run(ctx)
	return w.out, nil
}

// beginWatch queues the beginning of a watch at its place between the commits.
func (db *Database) beginWatch(schema *Schema, list []*TableSchema, w *watcher, ahead bool) error {
	db.lock()
	defer db.mu.Unlock()
	rows, err := db.rowsLocked(schema, list)
	if err != nil {
		return err
	}
	initial := func(p *Pending) {
		d := Delta{Initial: true, Pending: p}
		for i, t := range list {
			for _, r := range rows[i] {
				d.Changes = append(d.Changes, Change{Table: t.Name, New: r})
			}
		}
		w.put(d)
	}
	var it item
	if ahead {
		it.written = func() {
			initial(db.pub.ahead.now())
			db.pub.ahead.watchers = append(db.pub.ahead.watchers, w)
		}
	}
	it.fn = func(err error) {
		switch {
		case err != nil:
			w.close()
		case !ahead:
			initial(nil)
			db.pub.add(w)
		}
	}
	db.pub.push(it)
	return nil
}

// Compact rewrites the journal to hold the present contents alone, without stopping writers.
func (db *Database) Compact() error {
	if db.journal == nil {
		return nil
	}
	db.rewrite.Lock()
	defer db.rewrite.Unlock()
	schema := db.Schema() // nobody converts meanwhile
	var c Compaction
	var rows [][]*Row
	began := make(chan error, 1)
	err := db.snapshot(schema, schema.Tables, true, func(r [][]*Row, err error) {
		// On the publisher's goroutine: the journal holds exactly the commits that rows show.
		if err == nil {
			rows = r
			c, err = db.journal.Compact()
		}
		began <- err
	})
	if err == nil {
		err = <-began
	}
	if err != nil {
		return fmt.Errorf("compacting %s: %w", db.Name(), err)
	}
	if err := writeSnapshot(c, schema, rows, "compacting database online"); err != nil {
		c.Abort()
		return err
	}
	err = c.Commit()
	var broken *BrokenError
	if errors.As(err, &broken) {
		db.fail(err)
	}
	return err
}
