package ovsdb

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// events is what happened, in order. As a sink it notes commits at the moment at which monitors get them.
type events struct {
	mu   sync.Mutex // guards list
	list []string
}

func (e *events) add(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, what)
}

func (e *events) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.list)
}

type eventSink struct {
	*events
	name string
}

func (s eventSink) publish(UUID, []change) bool { s.add(s.name + " told"); return true }
func (s eventSink) close()                      {}

// listenTo makes a database on a disk whose monitors are noted.
func listenTo(t *testing.T, l *lossy.Disk, policy SyncPolicy, e *events, name string) *Database {
	t.Helper()
	db := openLossy(t, l, policy)
	t.Cleanup(func() {
		l.OnSync(nil) // closing syncs once more
		db.Close()
	})
	if err := db.after(func(error) { db.pub.add(eventSink{e, name}) }); err != nil {
		t.Fatal(err)
	}
	return db
}

func watchAhead(t *testing.T, db *Database) <-chan Delta {
	t.Helper()
	w, err := db.WatchAhead(t.Context(), map[string][]string{"Root": nil})
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); !d.Initial || d.Pending.Wait() != nil {
		t.Fatalf("the first delta: %+v", d)
	}
	return w
}

func root(name string) Op {
	return Insert("Root", NewUUID(), ColumnValue{"name", name}, ColumnValue{"a", int64(len(name))})
}

// TestWatchAhead has a commit seen by a watch that runs ahead when it is written, by everybody else once it is synced.
func TestWatchAhead(t *testing.T) {
	l, e := lossy.New(1), &events{}
	db := listenTo(t, l, SyncEach, e, "monitor")
	w := watchAhead(t, db)
	var pending *Pending
	l.OnSync(func(string) error {
		d := <-w // it comes although nothing is synced
		if pending = d.Pending; len(d.Changes) != 1 || d.Changes[0].New.String("name") != "one" {
			t.Errorf("ahead came %+v", d)
		}
		select {
		case <-pending.over:
			t.Error("it is over before it is synced")
		default:
		}
		e.add("synced")
		return nil
	})
	if _, err := db.Transact(t.Context(), root("one")); err != nil {
		t.Fatal(err)
	}
	e.add("acknowledged")
	if got := e.all(); !slices.Equal(got, []string{"synced", "monitor told", "acknowledged"}) {
		t.Fatalf("the order is %q", got)
	}
	if err := pending.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestWatchAheadFailedSync has the disk fail under a commit that was shown ahead: that is said, and the database stops.
func TestWatchAheadFailedSync(t *testing.T) {
	l, e := lossy.New(1), &events{}
	db := listenTo(t, l, SyncEach, e, "monitor")
	w := watchAhead(t, db)
	broken := errors.New("the disk is broken")
	l.OnSync(func(string) error { return broken })
	if _, err := db.Transact(t.Context(), root("one")); !errors.Is(err, broken) {
		t.Fatalf("a transaction that could not be synced: %v", err)
	}
	if err := next(t, w).Pending.Wait(); !errors.Is(err, broken) {
		t.Fatalf("its Pending says %v", err)
	}
	<-db.Failed()
	if got := e.all(); got != nil {
		t.Fatalf("others heard of it: %q", got)
	}
	if _, err := db.Transact(t.Context(), root("two")); !errors.Is(err, broken) {
		t.Fatalf("the database goes on: %v", err)
	}
}

// TestWatchAheadFullDisk has a commit refused before it is in the journal: nobody may see that.
func TestWatchAheadFullDisk(t *testing.T) {
	l := lossy.New(1)
	db := openLossy(t, l, SyncEach)
	defer db.Close()
	w := watchAhead(t, db)
	l.Limit(10)
	if _, err := db.Transact(t.Context(), root("one")); err == nil {
		t.Fatal("it was written to a full disk")
	}
	l.Limit(-1)
	if _, err := db.Transact(t.Context(), root("two")); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 1 || d.Changes[0].New.String("name") != "two" || d.Pending.Wait() != nil {
		t.Fatalf("after a refused commit came %+v", d)
	}
}

// TestCommitAfter has what follows from a commit synced while the commit is, and shown after it.
func TestCommitAfter(t *testing.T) {
	north, south, e := lossy.New(1), lossy.New(2), &events{}
	ndb, sdb := listenTo(t, north, SyncEach, e, "north"), listenTo(t, south, SyncBatch, e, "south")
	w := watchAhead(t, ndb)
	southSyncs := make(chan struct{})
	north.OnSync(func(string) error {
		<-southSyncs // the two run side by side, or this is for ever
		// Time for a southern database that does not wait to say what it should not.
		time.Sleep(20 * time.Millisecond)
		e.add("north synced")
		return nil
	})
	south.OnSync(func(string) error { close(southSyncs); return nil })
	acknowledged := make(chan error)
	go func() {
		_, err := ndb.Transact(t.Context(), root("one"))
		acknowledged <- err
	}()
	if _, err := sdb.Transact(t.Context(), root("follows"), CommitAfter(true, next(t, w).Pending)); err != nil {
		t.Fatal(err)
	}
	e.add("south acknowledged")
	if err := <-acknowledged; err != nil {
		t.Fatal(err)
	}
	got := slices.DeleteFunc(e.all(), func(s string) bool { return s == "north told" })
	if !slices.Equal(got, []string{"north synced", "south told", "south acknowledged"}) {
		t.Fatalf("the order is %q", got)
	}
}

// TestCommitAfterFailure has the first commit fail after what follows from it was synced: the second database stops without
// having said anything.
func TestCommitAfterFailure(t *testing.T) {
	north, south, e := lossy.New(1), lossy.New(2), &events{}
	ndb, sdb := listenTo(t, north, SyncEach, e, "north"), listenTo(t, south, SyncBatch, e, "south")
	w := watchAhead(t, ndb)
	broken := errors.New("the disk is broken")
	southSyncs := make(chan struct{})
	north.OnSync(func(string) error { <-southSyncs; return broken })
	south.OnSync(func(string) error { close(southSyncs); return nil })
	go ndb.Transact(context.Background(), root("one"))
	if _, err := sdb.Transact(t.Context(), root("follows"), CommitAfter(true, next(t, w).Pending)); !errors.Is(err, broken) {
		t.Fatalf("what follows from a failed commit: %v", err)
	}
	<-ndb.Failed()
	<-sdb.Failed()
	if got := e.all(); got != nil {
		t.Fatalf("somebody heard of it: %q", got)
	}
}

// TestWatchAheadBegins opens watches at any moment: each sees the rows as they are and every change after that, once.
func TestWatchAheadBegins(t *testing.T) {
	db := openLossy(t, lossy.New(1), SyncEach)
	defer db.Close()
	id := NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "r"})); err != nil {
		t.Fatal(err)
	}
	stop, stopped, room := make(chan struct{}), make(chan struct{}), make(chan struct{}, 5)
	go func() {
		defer close(stopped)
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				return
			case room <- struct{}{}: // several at a time, which share a sync
			}
			db.transact(nil, nil, time.Now(), 1, func(x *txn, i int) (Result, error) {
				op := Update("Root", id, ColumnValue{"a", n})
				return x.exec(&op)
			}, func(error) { <-room })
		}
	}()
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		w, err := db.WatchAhead(ctx, map[string][]string{"Root": nil})
		if err != nil {
			t.Fatal(err)
		}
		last := next(t, w).Changes[0].New.Get("a").(int64)
		for range 20 {
			d := next(t, w)
			if n := d.Changes[0].New.Get("a").(int64); n != last+1 {
				t.Fatalf("after %d came %d", last, n)
			}
			last++
		}
		cancel()
	}
	close(stop)
	<-stopped
}

func TestCommitAfterOverSocket(t *testing.T) {
	op := CommitAfter(true, &Pending{})
	if _, err := appendOp(nil, testSchema(t), &op); err == nil {
		t.Fatal("a socket took what it cannot do")
	}
}

// TestTransactAhead has a writer go on before the disk has what it wrote, and hear of it when the disk does not take it.
func TestTransactAhead(t *testing.T) {
	l, e := lossy.New(1), &events{}
	db := listenTo(t, l, SyncEach, e, "monitor")
	returned := make(chan struct{})
	l.OnSync(func(string) error { <-returned; e.add("synced"); return nil })
	_, p, err := db.TransactAhead(root("one"))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.all(); got != nil {
		t.Fatalf("before the sync: %q", got)
	}
	close(returned)
	<-p.Over()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := e.all(); !slices.Equal(got, []string{"synced", "monitor told"}) {
		t.Fatalf("the order is %q", got)
	}
	var rejected *Error
	if _, _, err := db.TransactAhead(root("two"), Abort()); !errors.As(err, &rejected) {
		t.Fatalf("an aborted transaction: %v", err)
	}
	if _, p, err = db.TransactAhead(Delete("Root", NewUUID())); err != nil || p.Wait() != nil {
		t.Fatalf("a transaction that changes nothing: %v, %v", err, p.Wait())
	}
	l.Limit(10)
	if _, p, err = db.TransactAhead(root("three")); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a transaction for which there is no room: %v", err)
	}
	l.Limit(-1)
}
