package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// lossy is a Storage that keeps what was written apart from what was synced. After cut, what was not synced is gone, or there
// in part, or garbage; and everything that still uses the old storage gets errors.
type lossy struct {
	mu      sync.Mutex // guards everything in it, its inodes too
	rng     *rand.Rand
	dead    bool
	names   map[string]*inode // as the process sees the folder
	durable map[string]*inode // as the disk has it
	space   int               // bytes left, -1 for plenty
}

type inode struct {
	data   []byte
	synced int
}

var errPower = errors.New("the power is off")

func newLossy(seed uint64) *lossy {
	return &lossy{rng: rand.New(rand.NewPCG(seed, 1)), names: map[string]*inode{}, durable: map[string]*inode{}, space: -1}
}

func (l *lossy) Path(name string) string { return "lossy/" + name }

func (l *lossy) do(f func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return errPower
	}
	return f()
}

func (l *lossy) Open(name string) (File, error) {
	var n *inode
	err := l.do(func() error {
		if n = l.names[name]; n == nil {
			return os.ErrNotExist
		}
		return nil
	})
	return &lossyFile{l, n}, err
}

func (l *lossy) Create(name string) (File, error) {
	n := &inode{}
	return &lossyFile{l, n}, l.do(func() error { l.names[name] = n; return nil })
}

func (l *lossy) Rename(from, to string) error {
	return l.do(func() error {
		l.names[to] = l.names[from]
		delete(l.names, from)
		return nil
	})
}

func (l *lossy) Remove(name string) error {
	return l.do(func() error {
		if l.names[name] == nil {
			return os.ErrNotExist
		}
		delete(l.names, name)
		return nil
	})
}

func (l *lossy) SyncDir() error {
	return l.do(func() error {
		l.durable = map[string]*inode{}
		for k, v := range l.names {
			l.durable[k] = v
		}
		return nil
	})
}

// cut turns the power off and returns what the next boot finds.
func (l *lossy) cut() *lossy {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	next := newLossy(l.rng.Uint64())
	names := l.durable
	if l.rng.IntN(2) == 0 {
		names = l.names // the file system happened to write the folder
	}
	for name, n := range names {
		data := slices.Clone(n.data[:n.synced])
		if rest := n.data[n.synced:]; len(rest) > 0 {
			part := slices.Clone(rest[:l.rng.IntN(len(rest)+1)])
			if len(part) > 0 && l.rng.IntN(3) == 0 {
				clear(part[l.rng.IntN(len(part)):]) // the size was written, the data was not
			}
			data = append(data, part...)
		}
		m := &inode{data: data, synced: len(data)}
		next.names[name], next.durable[name] = m, m
	}
	return next
}

type lossyFile struct {
	l *lossy
	n *inode
}

func (f *lossyFile) Write(b []byte) (n int, err error) {
	err = f.l.do(func() error {
		n = len(b)
		if f.l.space >= 0 && f.l.space < n {
			n = f.l.space
			err = syscall.ENOSPC
		}
		f.n.data = append(f.n.data, b[:n]...)
		if f.l.space >= 0 {
			f.l.space -= n
		}
		return err
	})
	return n, err
}

func (f *lossyFile) ReadAt(b []byte, off int64) (n int, err error) {
	err = f.l.do(func() error {
		if off >= int64(len(f.n.data)) {
			return io.EOF
		}
		if n = copy(b, f.n.data[off:]); n < len(b) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

func (f *lossyFile) Close() error { return nil }

func (f *lossyFile) Size() (n int64, err error) {
	err = f.l.do(func() error { n = int64(len(f.n.data)); return nil })
	return n, err
}

func (f *lossyFile) Truncate(size int64) error {
	return f.l.do(func() error {
		if f.l.space >= 0 {
			f.l.space += len(f.n.data) - int(size)
		}
		f.n.data = f.n.data[:size]
		f.n.synced = min(f.n.synced, int(size))
		return nil
	})
}

func (f *lossyFile) Sync() error {
	return f.l.do(func() error { f.n.synced = len(f.n.data); return nil })
}

func openLossy(t *testing.T, l *lossy, policy SyncPolicy) *Database {
	t.Helper()
	j, err := OpenFileJournal(l, "t.db", nil)
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
	l := newLossy(42)
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
		target := total + int64(l.rng.IntN(300))
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
		l = l.cut()
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
	l := newLossy(7)
	last, firm := int64(0), int64(0)
	for storm := range 30 {
		db := openLossy(t, l, SyncBatch)
		a, b := readInts(t, db, "a"), readInts(t, db, "b")
		if a["one"] != b["two"] || a["one"] > last || a["one"] < firm {
			t.Fatalf("storm %d: one %d, two %d of %d transactions, %d of them firm", storm, a["one"], b["two"], last, firm)
		}
		last = a["one"]
		for range l.rng.IntN(200) {
			n := last + 1
			ops := []Op{
				{Kind: OpUpdate, Table: "Root", Where: []Condition{{"name", Eq, "one"}}, Row: []ColumnValue{{"a", n}}},
				{Kind: OpUpdate, Table: "Root", Where: []Condition{{"name", Eq, "two"}}, Row: []ColumnValue{{"b", n}}},
			}
			if n == 1 {
				ops = []Op{Insert("Root", NewUUID(), ColumnValue{"name", "one"}, ColumnValue{"a", n}, ColumnValue{"b", int64(-1)}),
					Insert("Root", NewUUID(), ColumnValue{"name", "two"}, ColumnValue{"b", n}, ColumnValue{"a", int64(-1)})}
			}
			durable := l.rng.IntN(20) == 0
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
		l = l.cut()
		db.Close()
	}
	if firm == 0 {
		t.Fatal("nothing was firm")
	}
}

func TestFullDisk(t *testing.T) {
	l := newLossy(1)
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
	l.mu.Lock()
	l.space = 40
	l.mu.Unlock()
	for _, ops := range [][]Op{
		{Delete("Root", id)},
		{Update("Root", id, ColumnValue{"name", "q"}), Insert("Root", NewUUID(), ColumnValue{"name", "new"}, ColumnValue{"a", int64(1)}, ColumnValue{"weak", []UUID{id}})},
	} {
		if _, err := db.Transact(ctx, ops...); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "lossy/t.db") {
			t.Fatalf("writing to a full disk: %v", err)
		}
	}
	l.mu.Lock()
	l.space = -1
	l.mu.Unlock()
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
	build := func() *lossy {
		l := newLossy(1)
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
	f := l.names["t.db"]
	f.data = f.data[:len(f.data)-10]
	db := openLossy(t, l, SyncEach)
	if n := len(readInts(t, db, "a")); n != 4 {
		t.Fatalf("with the tail torn there are %d rows, want 4", n)
	}
	db.Close()

	l = build()
	f = l.names["t.db"]
	f.data[len(f.data)-400] ^= 1
	j, err := OpenFileJournal(l, "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	before := len(f.data)
	if _, err := Open(testSchema(t), Options{Journal: j}); err == nil || !strings.Contains(err.Error(), "damage at offset") || !strings.Contains(err.Error(), "t.db") {
		t.Fatalf("opening a file with damage in the middle: %v", err)
	}
	if len(f.data) != before {
		t.Fatal("the damaged file was changed")
	}

	l = newLossy(1)
	l.names["t.db"] = &inode{data: []byte("#!/bin/sh\necho this is not a database\n")}
	if j, err = OpenFileJournal(l, "t.db", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testSchema(t), Options{Journal: j}); err == nil || !strings.Contains(err.Error(), "not an OVSDB file") {
		t.Fatalf("opening a shell script: %v", err)
	}
}
