package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func serve(t testing.TB, db *Database, sock string) *Server {
	t.Helper()
	srv, err := NewServer(ServerOptions{}, db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Listen(Remote{Target: "punix:" + sock}); err != nil {
		t.Fatal(err)
	}
	return srv
}

func dialTest(t testing.TB, sock string) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Dial(ctx, "T", ClientOptions{Remotes: []string{"unix:" + sock}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// script runs the same operations against any DB; a client of ours and of stock's server must see the same.
func script(t *testing.T, db DB) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w, err := db.Watch(ctx, map[string][]string{"Root": {"name", "rng", "m", "weak", "one"}, "Kid": nil})
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); !d.Initial || len(d.Changes) != 0 {
		t.Fatalf("first delta: %+v", d)
	}
	r, k := NewUUID(), NewUUID()
	res, err := db.Transact(ctx, Insert("Root", r, ColumnValue{"name", "r"}, ColumnValue{"one", []UUID{k}}, ColumnValue{"rng", []int64{1, 2}},
		ColumnValue{"m", NewStringMap(map[string]string{"a": "1", "b": "2"})}), Insert("Kid", k, ColumnValue{"v", int64(4)}), Comment("hello"))
	if err != nil || res[0].UUID != r {
		t.Fatalf("%v %v", res, err)
	}
	if d := next(t, w); len(d.Changes) != 2 {
		t.Fatalf("inserts: %+v", d)
	}
	if _, err := db.Transact(ctx, Update("Root", r, ColumnValue{"a", int64(5)})); err != nil { // not watched
		t.Fatal(err)
	}
	if _, err := db.Transact(ctx, Mutate("Root", r, Mutation{"rng", MutInsert, []int64{7}}, Mutation{"rng", MutDelete, []int64{1}},
		Mutation{"m", MutDelete, []string{"a"}}, Mutation{"m", MutInsert, NewStringMap(map[string]string{"c": "3"})})); err != nil {
		t.Fatal(err)
	}
	d := next(t, w)
	if len(d.Changes) != 1 || !Equal(d.Changes[0].New.Get("rng"), []int64{2, 7}) || !Equal(d.Changes[0].Old.Get("rng"), []int64{1, 2}) ||
		!maps.Equal(d.Changes[0].New.Get("m").(Map).StringMap(), map[string]string{"b": "2", "c": "3"}) {
		t.Fatalf("mutation: %+v", d)
	}
	var e *Error
	if _, err := db.Transact(ctx, Comment("x"), Delete("Kid", k)); !errors.As(err, &e) || e.Code != "referential integrity violation" || e.Op != 2 {
		t.Fatalf("deleting a referenced row: %v", err)
	}
	if res, err = db.Transact(ctx, Op{Kind: OpWait, Table: "Root", Where: ByUUID(r), Columns: []string{"a"}, Until: Eq, Rows: [][]ColumnValue{{{"a", int64(5)}}}},
		Select("Root", Condition{"m", Includes, NewStringMap(map[string]string{"b": "2"})})); err != nil || len(res[1].Rows) != 1 || res[1].Rows[0].UUID != r {
		t.Fatalf("wait and select: %v %v", res, err)
	}
	if _, err := db.Transact(ctx, Update("Root", r, ColumnValue{"one", nil})); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 2 {
		t.Fatalf("garbage collection: %+v", d)
	}
	if _, err := db.Transact(ctx, Delete("Root", r)); err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 1 || d.Changes[0].New != nil || d.Changes[0].Old.UUID != r {
		t.Fatalf("delete: %+v", d)
	}
}

func TestScript(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		db, err := Open(testSchema(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		script(t, db)
	})
	t.Run("client of our server", func(t *testing.T) {
		db, err := Open(testSchema(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		sock := filepath.Join(t.TempDir(), "s")
		srv := serve(t, db, sock)
		defer srv.Close()
		script(t, dialTest(t, sock))
	})
	t.Run("client of stock's server", func(t *testing.T) {
		script(t, dialTest(t, stockServer(t, "")))
	})
}

func TestReconnect(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	c := dialTest(t, sock)
	w, err := c.Watch(t.Context(), map[string][]string{"Root": nil})
	if err != nil {
		t.Fatal(err)
	}
	next(t, w)
	a, b, d := NewUUID(), NewUUID(), NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", a, ColumnValue{"name", "a"}), Insert("Root", b, ColumnValue{"name", "b"}, ColumnValue{"a", int64(1)})); err != nil {
		t.Fatal(err)
	}
	next(t, w)
	srv.Close()
	if _, err := db.Transact(t.Context(), Delete("Root", a), Update("Root", b, ColumnValue{"b", int64(2)}),
		Insert("Root", d, ColumnValue{"name", "d"}, ColumnValue{"a", int64(3)})); err != nil {
		t.Fatal(err)
	}
	srv = serve(t, db, sock)
	defer srv.Close()
	delta := next(t, w)
	got := map[UUID]string{}
	for _, ch := range delta.Changes {
		switch {
		case ch.Old == nil:
			got[ch.New.UUID] = "insert"
		case ch.New == nil:
			got[ch.Old.UUID] = "delete"
		default:
			got[ch.New.UUID] = "modify"
		}
	}
	if want := (map[UUID]string{a: "delete", b: "modify", d: "insert"}); !maps.Equal(got, want) || delta.Initial {
		t.Fatalf("after the reconnection: %v, want %v", got, want)
	}
	if _, err := c.Transact(t.Context(), Delete("Root", d)); err != nil {
		t.Fatal(err)
	}
	if dd := next(t, w); len(dd.Changes) != 1 {
		t.Fatalf("%+v", dd)
	}
}

// TestConcurrent moves amounts between rows from many sides at once. Every delta, in process and through sockets, must leave
// the sum as it was: transactions are seen whole, in order, none twice and none missing.
func TestConcurrent(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	const rows, movers, moves = 8, 6, 200
	ids := make([]UUID, rows)
	var ops []Op
	for i := range ids {
		ids[i] = NewUUID()
		ops = append(ops, Insert("Root", ids[i], ColumnValue{"name", fmt.Sprint(i)}, ColumnValue{"a", int64(i)}, ColumnValue{"b", int64(1000)}))
	}
	if _, err := db.Transact(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	var watchers sync.WaitGroup
	for _, from := range []DB{db, dialTest(t, sock), dialTest(t, sock)} {
		w, err := from.Watch(t.Context(), map[string][]string{"Root": {"b", "imm"}})
		if err != nil {
			t.Fatal(err)
		}
		watchers.Add(1)
		go func() {
			defer watchers.Done()
			have := map[UUID]*Row{}
			commits := 0
			for commits <= movers*moves {
				var d Delta
				select {
				case d = <-w:
				case <-time.After(patience):
					t.Errorf("after %d commits nothing more came", commits)
					return
				}
				for _, c := range d.Changes {
					if c.Old != nil && !Equal(have[c.Old.UUID].Get("b"), c.Old.Get("b")) {
						t.Error("a change does not start where the last one ended")
					}
					have[c.New.UUID] = c.New
				}
				sum := int64(0)
				for _, r := range have {
					sum += r.Get("b").(int64)
				}
				if sum != rows*1000 {
					t.Errorf("after %d commits the sum is %d", commits, sum)
					return
				}
				commits++
			}
		}()
	}
	var wg sync.WaitGroup
	for m := range movers {
		var by DB = db
		if m%2 == 1 {
			by = dialTest(t, sock)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			rng := rand.New(rand.NewPCG(uint64(m), 9))
			for range moves {
				i := rng.IntN(rows)
				j := (i + 1 + rng.IntN(rows-1)) % rows
				n := int64(1 + rng.IntN(9))
				if _, err := by.Transact(context.Background(), Mutate("Root", ids[i], Mutation{"b", MutSub, n}), Mutate("Root", ids[j], Mutation{"b", MutAdd, n})); err != nil {
					t.Error(err)
					return
				}
				// One that fails at the end must leave no trace.
				if _, err := by.Transact(context.Background(), Mutate("Root", ids[i], Mutation{"b", MutSub, n}), Abort()); err == nil {
					t.Error("abort succeeded")
				}
			}
		}()
	}
	wg.Wait()
	watchers.Wait()
}

// TestLostIsNotUsedAgain has a request fail because the connection ended, before the client itself has noticed that: the next
// one waits for another connection.
func TestLostIsNotUsedAgain(t *testing.T) {
	c, err := newClient("T", ClientOptions{Remotes: []string{"unix:nowhere"}})
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	c.schema = testSchema(t)
	c.link = &link{out: make(chan []byte), ctx: ended}
	close(c.up)
	if _, err := c.Transact(t.Context(), Select("Root")); !errors.Is(err, errLost) {
		t.Fatalf("over a connection that ended: %v", err)
	}
	if c.Connected() {
		t.Fatal("the connection is still in use")
	}
	if _, err := c.Transact(ended, Select("Root")); !errors.Is(err, context.Canceled) {
		t.Fatalf("without a connection: %v", err)
	}
}
