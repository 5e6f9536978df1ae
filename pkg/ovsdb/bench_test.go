package ovsdb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// fill puts n rows into a database, 500 per transaction, each under one of n/100 parents.
func fill(tb testing.TB, db DB, n int) (parents []UUID) {
	tb.Helper()
	for at := 0; at < n; {
		var ops []Op
		for range 5 {
			p := NewUUID()
			var kids []UUID
			for range 100 {
				k := NewUUID()
				kids = append(kids, k)
				ops = append(ops, Insert("Kid", k, ColumnValue{"v", int64(at)}))
				at++
			}
			i := int64(len(parents))
			parents = append(parents, p)
			ops = append(ops, Insert("Root", p, ColumnValue{"name", fmt.Sprint("parent ", i)}, ColumnValue{"a", i}, ColumnValue{"kids", Set(kids...)},
				ColumnValue{"m", NewStringMap(map[string]string{"stage": "ls_in_acl_eval", "source": "here"})}))
		}
		if _, err := db.Transact(context.Background(), ops...); err != nil {
			tb.Fatal(err)
		}
	}
	return parents
}

// transactions is what BenchmarkTransact times: one more child for one parent among many rows.
func transactions(b *testing.B, db DB, parents []UUID) {
	ctx := context.Background()
	b.ResetTimer()
	for i := range b.N {
		k := NewUUID()
		if _, err := db.Transact(ctx, Insert("Kid", k, ColumnValue{"v", int64(i)}),
			Mutate("Root", parents[i%len(parents)], Mutation{"kids", MutInsert, []UUID{k}})); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTransact compares a transaction in process, through our server and through stock's, at two database sizes: the
// cost of a commit must follow the change and not the database.
func BenchmarkTransact(b *testing.B) {
	for _, rows := range []int{1_000, 50_000} {
		memory := func(b *testing.B) *Database {
			db, err := Open(testSchema(b), Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { db.Close() })
			return db
		}
		b.Run(fmt.Sprintf("in-process/rows=%d", rows), func(b *testing.B) {
			db := memory(b)
			transactions(b, db, fill(b, db, rows))
		})
		b.Run(fmt.Sprintf("journal-batch/rows=%d", rows), func(b *testing.B) {
			db := openTest(b, b.TempDir(), SyncBatch)
			defer db.Close()
			transactions(b, db, fill(b, db, rows))
		})
		b.Run(fmt.Sprintf("journal-sync/rows=%d", rows), func(b *testing.B) {
			db := openTest(b, b.TempDir(), SyncEach)
			defer db.Close()
			transactions(b, db, fill(b, db, rows))
		})
		b.Run(fmt.Sprintf("socket/rows=%d", rows), func(b *testing.B) {
			db := openTest(b, b.TempDir(), SyncBatch)
			defer db.Close()
			sock := filepath.Join(b.TempDir(), "s")
			srv := serve(b, db, sock)
			defer srv.Close()
			parents := fill(b, db, rows)
			transactions(b, dialBench(b, sock), parents)
		})
		b.Run(fmt.Sprintf("socket-stock/rows=%d", rows), func(b *testing.B) {
			c := dialBench(b, stockServer(b, ""))
			transactions(b, c, fill(b, c, rows))
		})
	}
}

func dialBench(b *testing.B, sock string) *Client {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := Dial(ctx, "T", ClientOptions{Remotes: []string{"unix:" + sock}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// BenchmarkWatch is a transaction in process and the time until a reader who waits for it has it.
func BenchmarkWatch(b *testing.B) {
	db, err := Open(testSchema(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	w, err := db.WatchAhead(b.Context(), map[string][]string{"Root": nil})
	if err != nil {
		b.Fatal(err)
	}
	<-w
	id := NewUUID()
	if _, err := db.Transact(b.Context(), Insert("Root", id, ColumnValue{"name", "r"})); err != nil {
		b.Fatal(err)
	}
	<-w
	got := make(chan struct{})
	go func() {
		for range w {
			got <- struct{}{}
		}
	}()
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if _, _, err := db.TransactAhead(Update("Root", id, ColumnValue{"a", int64(n + 1)})); err != nil {
			b.Fatal(err)
		}
		<-got
	}
}
