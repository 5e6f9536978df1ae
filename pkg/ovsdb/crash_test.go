package ovsdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// lossyStorage makes a Storage of a disk.
type lossyStorage struct{ *lossy.Disk }

func (s lossyStorage) Open(name string) (File, error)   { return s.Disk.Open(name) }
func (s lossyStorage) Create(name string) (File, error) { return s.Disk.Create(name) }

func openLossy(t testing.TB, l *lossy.Disk, policy SyncPolicy) *Database {
	t.Helper()
	j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(testSchema(t), Options{Journal: j, Sync: policy})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func readInts(t *testing.T, db *Database, column string) map[string]int64 {
	t.Helper()
	res, err := db.Transact(context.Background(), Select("Root"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range res[0].Rows {
		out[r.String("name")] = r.Get(column).(int64)
	}
	return out
}

// TestPowerCutStorm cuts the power again and again while writers write and the file is compacted. With SyncEach every
// acknowledged transaction must be there afterwards, and nothing that was never begun.
func TestPowerCutStorm(t *testing.T) {
	const writers = 4
	storms := 60
	if testing.Short() {
		storms = 10
	}
	l, rng := lossy.New(42), rand.New(rand.NewPCG(42, 2))
	acked := make([]int64, writers)
	total := int64(0)
	for storm := range storms {
		db := openLossy(t, l, SyncEach)
		have := readInts(t, db, "b")
		for w := range writers {
			name := fmt.Sprint("w", w)
			if have[name] < acked[w] || have[name] > acked[w]+1 {
				t.Fatalf("storm %d: writer %d had %d acknowledged, the database has %d", storm, w, acked[w], have[name])
			}
			acked[w] = have[name]
		}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				name := fmt.Sprint("w", w)
				for {
					n := acked[w] + 1
					set := []ColumnValue{{"b", n}, {"a", int64(w)}, {"m", NewStringMap(map[string]string{name: strings.Repeat("x", int(n%97))})}}
					ops := []Op{{Kind: OpUpdate, Table: "Root", Where: []Condition{{"name", Eq, name}}, Row: set}}
					if n == 1 {
						ops = []Op{Insert("Root", NewUUID(), append(set, ColumnValue{"name", name})...)}
					}
					if _, err := db.Transact(context.Background(), ops...); err != nil {
						return
					}
					acked[w] = n
				}
			}()
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := db.Compact(); err != nil {
					return
				}
			}
		}()
		target := total + int64(rng.IntN(300))
		for total < target {
			res, err := db.Transact(context.Background(), Select("Root"))
			if err != nil {
				t.Fatal(err)
			}
			total = 0
			for _, r := range res[0].Rows {
				total += r.Get("b").(int64)
			}
		}
		l = l.Cut()
		close(stop)
		wg.Wait()
		db.Close()
	}
	if total < 100 {
		t.Fatalf("only %d transactions", total)
	}
}

// TestPowerCutBatch checks what SyncBatch still promises: what is there is a prefix of the history, whole transactions only,
// and Commit(true) is durable.
func TestPowerCutBatch(t *testing.T) {
	l, rng := lossy.New(7), rand.New(rand.NewPCG(7, 2))
	last, firm := int64(0), int64(0)
	for storm := range 30 {
		db := openLossy(t, l, SyncBatch)
		a, b := readInts(t, db, "a"), readInts(t, db, "b")
		if a["one"] != b["two"] || a["one"] > last || a["one"] < firm {
			t.Fatalf("storm %d: one %d, two %d of %d transactions, %d of them firm", storm, a["one"], b["two"], last, firm)
		}
		last = a["one"]
		for range rng.IntN(200) {
			n := last + 1
			ops := []Op{
				{Kind: OpUpdate, Table: "Root", Where: []Condition{{"name", Eq, "one"}}, Row: []ColumnValue{{"a", n}}},
				{Kind: OpUpdate, Table: "Root", Where: []Condition{{"name", Eq, "two"}}, Row: []ColumnValue{{"b", n}}},
			}
			if n == 1 {
				ops = []Op{Insert("Root", NewUUID(), ColumnValue{"name", "one"}, ColumnValue{"a", n}, ColumnValue{"b", int64(-1)}),
					Insert("Root", NewUUID(), ColumnValue{"name", "two"}, ColumnValue{"b", n}, ColumnValue{"a", int64(-1)})}
			}
			durable := rng.IntN(20) == 0
			if durable {
				ops = append(ops, Commit(true))
			}
			if _, err := db.Transact(context.Background(), ops...); err != nil {
				t.Fatal(err)
			}
			if last = n; durable {
				firm = n
			}
		}
		l = l.Cut()
		db.Close()
	}
	if firm == 0 {
		t.Fatal("nothing was firm")
	}
}

func TestFullDisk(t *testing.T) {
	l := lossy.New(1)
	db := openLossy(t, l, SyncEach)
	ctx := t.Context()
	id, kid := NewUUID(), NewUUID()
	if _, err := db.Transact(ctx, Insert("Root", id, ColumnValue{"name", "r"}, ColumnValue{"kids", []UUID{kid}}, ColumnValue{"weak", []UUID{id}}),
		Insert("Kid", kid)); err != nil {
		t.Fatal(err)
	}
	w, err := db.Watch(ctx, map[string][]string{"Root": nil, "Kid": nil})
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 2 {
		t.Fatalf("initial delta: %+v", d)
	}
	l.Limit(40)
	for _, ops := range [][]Op{
		{Delete("Root", id)},
		{Update("Root", id, ColumnValue{"name", "q"}), Insert("Root", NewUUID(), ColumnValue{"name", "new"}, ColumnValue{"a", int64(1)}, ColumnValue{"weak", []UUID{id}})},
	} {
		if _, err := db.Transact(ctx, ops...); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "lossy/t.db") {
			t.Fatalf("writing to a full disk: %v", err)
		}
	}
	l.Limit(-1)
	var e *Error
	if _, err := db.Transact(ctx, Delete("Kid", kid)); !errors.As(err, &e) {
		t.Fatalf("the strong reference was not restored: %v", err)
	}
	if _, err := db.Transact(ctx, Insert("Root", NewUUID(), ColumnValue{"name", "r"}, ColumnValue{"a", int64(3)})); !errors.As(err, &e) {
		t.Fatalf("the index was not restored: %v", err)
	}
	if _, err := db.Transact(ctx, Delete("Root", id)); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 2 || d.Changes[0].New != nil || d.Changes[1].New != nil {
		t.Fatalf("what failed was published, or what did not was not: %+v", d)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openLossy(t, l, SyncEach)
	defer db.Close()
	if n := len(readInts(t, db, "a")); n != 0 {
		t.Fatalf("%d rows came back", n)
	}
}

func TestDamage(t *testing.T) {
	build := func() *lossy.Disk {
		l := lossy.New(1)
		db := openLossy(t, l, SyncEach)
		for i := range 5 {
			if _, err := db.Transact(t.Context(), Insert("Root", NewUUID(), ColumnValue{"name", fmt.Sprint(i)}, ColumnValue{"a", int64(i)})); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := build()
	data := l.Data("t.db")
	l.SetData("t.db", data[:len(data)-10])
	db := openLossy(t, l, SyncEach)
	if n := len(readInts(t, db, "a")); n != 4 {
		t.Fatalf("with the tail torn there are %d rows, want 4", n)
	}
	db.Close()

	l = build()
	data = l.Data("t.db")
	data[len(data)-400] ^= 1
	l.SetData("t.db", data)
	j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testSchema(t), Options{Journal: j}); err == nil || !strings.Contains(err.Error(), "damage at offset") || !strings.Contains(err.Error(), "t.db") {
		t.Fatalf("opening a file with damage in the middle: %v", err)
	}
	if !bytes.Equal(l.Data("t.db"), data) {
		t.Fatal("the damaged file was changed")
	}

	l = lossy.New(1)
	l.SetData("t.db", []byte("#!/bin/sh\necho this is not a database\n"))
	if j, err = OpenFileJournal(lossyStorage{l}, "t.db", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testSchema(t), Options{Journal: j}); err == nil || !strings.Contains(err.Error(), "not an OVSDB file") {
		t.Fatalf("opening a shell script: %v", err)
	}
}
