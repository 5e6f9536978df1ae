package ovsdb

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// patience is for what must come, on a machine that is busy.
const patience = 60 * time.Second

func testSchema(t testing.TB) *Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openTest(t testing.TB, dir string, policy SyncPolicy) *Database {
	t.Helper()
	j, err := OpenFileJournal(Dir(dir), "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(testSchema(t), Options{Journal: j, Sync: policy})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func next(t testing.TB, ch <-chan Delta) Delta {
	t.Helper()
	select {
	case d, ok := <-ch:
		if !ok {
			t.Fatal("the watch ended")
		}
		return d
	case <-time.After(patience):
		t.Fatal("no delta came")
	}
	panic("unreachable")
}

func TestInProcess(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	db := openTest(t, dir, SyncEach)
	w, err := db.Watch(ctx, map[string][]string{"Root": nil, "Kid": nil})
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); !d.Initial || len(d.Changes) != 0 {
		t.Fatalf("first delta of an empty database: %+v", d)
	}
	root, kid, peer := NewUUID(), NewUUID(), NewUUID()
	if _, err := db.Transact(ctx,
		Insert("Root", root, ColumnValue{"name", "r"}, ColumnValue{"kids", []UUID{kid}}, ColumnValue{"m", NewStringMap(map[string]string{"b": "2", "a": "1"})}),
		Insert("Root", peer, ColumnValue{"name", "p"}, ColumnValue{"a", int64(1)}, ColumnValue{"weak", []UUID{root}}),
		Insert("Kid", kid, ColumnValue{"v", int64(7)})); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 3 {
		t.Fatalf("delta of three inserts: %+v", d)
	}
	if _, err := db.Transact(ctx, Mutate("Root", root, Mutation{"rng", MutInsert, []int64{3, 1}})); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 1 || !Equal(d.Changes[0].New.Get("rng"), []int64{1, 3}) || sizeOf(d.Changes[0].Old.Get("rng")) != 0 {
		t.Fatalf("delta of a mutation: %+v", d)
	}
	var e *Error
	if _, err := db.Transact(ctx, Delete("Kid", kid)); !errors.As(err, &e) || e.Code != "referential integrity violation" {
		t.Fatalf("deleting a referenced row: %v", err)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Transact(ctx, Update("Root", peer, ColumnValue{"b", int64(9)})); err != nil {
		t.Fatal(err)
	}
	next(t, w)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-w; ok {
		t.Fatal("the watch outlives the database")
	}
	if _, err := db.Transact(ctx, Comment("late")); !errors.Is(err, ErrClosed) {
		t.Fatalf("transacting on a closed database: %v", err)
	}

	db = openTest(t, dir, SyncEach)
	defer db.Close()
	if _, err := db.Transact(ctx, Delete("Root", root)); err != nil {
		t.Fatal(err)
	}
	res, err := db.Transact(ctx, Select("Root"), Select("Kid"))
	if err != nil {
		t.Fatal(err)
	}
	if len(res[0].Rows) != 1 || len(res[1].Rows) != 0 {
		t.Fatalf("after the reopening and the deletion: %d roots, %d kids", len(res[0].Rows), len(res[1].Rows))
	}
	if r := res[0].Rows[0]; r.String("name") != "p" || sizeOf(r.Get("weak")) != 0 || r.Get("b") != int64(9) {
		t.Fatalf("the surviving row: %+v", r)
	}
}

func TestWaitBlocks(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := NewUUID()
	done := make(chan error, 1)
	go func() {
		_, err := db.Transact(context.Background(), Op{Kind: OpWait, Table: "Root", Where: ByUUID(id), Columns: []string{"name"}, Until: Eq,
			Rows: [][]ColumnValue{{{"name", "x"}}}, Timeout: time.Minute})
		done <- err
	}()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "x"})); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := db.Transact(t.Context(), Op{Kind: OpWait, Table: "Root", Until: Ne, Columns: []string{"name"},
		Rows: [][]ColumnValue{{{"name", "x"}}}, Timeout: 20 * time.Millisecond}); !errors.As(err, &e) || e.Code != "timed out" {
		t.Fatalf("a wait that does not come true: %v", err)
	}
}
