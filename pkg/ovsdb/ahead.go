package ovsdb

import (
	"context"
	"fmt"
	"time"
)

// Pending is the way of some commits from the journal to the disk.
//
// With WatchAhead, CommitAfter and a second database a reader works out what follows from a commit, and has that synced, while
// the commit itself is still being synced: the two waits for a disk run side by side, and nobody outside sees either before
// both are over. A crash in between may leave what follows without what it follows from, so the reader has to compare the two
// when it starts; what was acknowledged is never lost.
type Pending struct {
	over chan struct{}
	err  error // set before over is closed
}

// Wait returns once the commits are as durable as their database's policy promises; an error says that they never will be.
// A nil Pending is durable.
func (p *Pending) Wait() error {
	if p == nil {
		return nil
	}
	<-p.over
	return p.err
}

// Over is closed when Wait would not wait. It is nil for a nil Pending.
func (p *Pending) Over() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.over
}

func (p *Pending) end(err error) {
	if p != nil {
		p.err = err
		close(p.over)
	}
}

// WatchAhead is Watch for a reader in this process that runs ahead of the disk: each Delta comes when the commit is in the
// journal, so that it survives the process, but maybe not yet synced. Its Pending tells when it is. A commit that was delivered
// is never taken back: should the sync fail, Pending says so and the database takes no more transactions (Failed).
//
// What the reader tells others must wait for Pending: CommitAfter does that for what it writes into another Database.
func (db *Database) WatchAhead(ctx context.Context, tables map[string][]string) (<-chan Delta, error) {
	return db.watch(ctx, tables, true)
}

// TransactAhead is Transact for a writer in this process that does not wait for the disk: when it returns, the transaction is
// rejected or has its place among the commits, and Pending tells when it is durable, or that it was taken back. Pending is nil
// if there was nothing to change.
func (db *Database) TransactAhead(ops ...Op) ([]Result, *Pending, error) {
	p := &Pending{over: make(chan struct{})}
	out := db.transact(nil, nil, time.Now(), len(ops), func(x *txn, i int) (Result, error) { return x.exec(&ops[i]) }, p.end)
	switch {
	case out.err != nil:
		return nil, nil, fmt.Errorf("transacting on %s: %w", db.Name(), out.err)
	case out.failed != nil: // an operation that would have to wait included
		return out.results, nil, out.failed
	case out.idle:
		return out.results, nil, nil
	}
	return out.results, p, nil
}

// CommitAfter is Commit for a Database in this process: the transaction is written to the journal, and synced if durable is
// set, but not published or acknowledged before p is over. When p fails the database takes no more transactions, since its
// journal then holds what must not be seen.
func CommitAfter(durable bool, p *Pending) Op {
	return Op{Kind: OpCommit, Durable: durable, after: p}
}

// ahead is the part of the publisher that serves WatchAhead; it is of the publisher's goroutine.
type ahead struct {
	watchers []*watcher
	pending  *Pending // of the batch in hand, nil as long as nobody was told of it
}

// now is the Pending of the batch in hand.
func (a *ahead) now() *Pending {
	if a.pending == nil {
		a.pending = &Pending{over: make(chan struct{})}
	}
	return a.pending
}

// tell hands out a commit that is in the journal.
func (a *ahead) tell(changes []change) {
	n := 0
	for _, w := range a.watchers {
		if w.deliver(changes, a.now()) {
			a.watchers[n] = w
			n++
		}
	}
	clear(a.watchers[n:])
	a.watchers = a.watchers[:n]
}

// end settles the batch in hand.
func (a *ahead) end(err error) {
	a.pending.end(err)
	a.pending = nil
}

func (a *ahead) close() {
	for _, w := range a.watchers {
		w.close()
	}
	a.watchers = nil
}
