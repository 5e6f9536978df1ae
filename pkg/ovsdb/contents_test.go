package ovsdb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
)

// TestSharedContents has clients ask for the same contents at the same time, some with a condition, while rows come: what each
// is told at first and what it is told then make up the database.
func TestSharedContents(t *testing.T) {
	ctx := context.Background()
	db := openTest(t, t.TempDir(), SyncBatch)
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	defer serve(t, db, sock).Close()
	fill(t, db, 5000)
	var writer, clients sync.WaitGroup
	stop := make(chan struct{})
	writer.Add(1)
	go func() {
		defer writer.Done()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := db.Transact(ctx, Insert("Root", NewUUID(), ColumnValue{"name", fmt.Sprint("late ", i)}, ColumnValue{"a", int64(1_000_000 + i)})); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for range 20 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			cctx, cancel := context.WithCancel(ctx)
			defer cancel()
			c, err := Dial(cctx, "T", ClientOptions{Remotes: []string{"unix:" + sock}})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			deltas, err := c.Watch(cctx, map[string][]string{"Root": nil, "Kid": nil})
			if err != nil {
				t.Error(err)
				return
			}
			names, kids := map[string]bool{}, 0
			for d := range deltas {
				for _, x := range d.Changes {
					switch {
					case x.Table == "Kid":
						kids++
					case x.Old == nil:
						names[x.New.String("name")] = true
					}
				}
				if kids != 5000 {
					t.Errorf("the contents have %d of 5000 rows", kids)
					return
				}
				late := 0
				for n := range names {
					i := -1
					if k, _ := fmt.Sscanf(n, "late %d", &i); k == 1 {
						late = max(late, i+1)
					}
				}
				for i := range late {
					if !names[fmt.Sprint("late ", i)] {
						t.Errorf("row %d is missing though row %d is there", i, late-1)
						return
					}
				}
				if late > 50 {
					return
				}
			}
		}()
	}
	clients.Wait()
	close(stop)
	writer.Wait()
}

// TestContentsInOrder asks for the same rows twice: what stock's clients list does not change its order on the way.
func TestContentsInOrder(t *testing.T) {
	db := openTest(t, t.TempDir(), SyncBatch)
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	defer serve(t, db, sock).Close()
	fill(t, db, 1000)
	for _, tc := range []struct{ method, params, row string }{
		{"monitor", `["T",null,{"Kid":{"columns":["v"]}}]`, `"([0-9a-f-]{36})":`},
		{"monitor_cond", `["T",null,{"Kid":[{"columns":["v"]}]}]`, `"([0-9a-f-]{36})":`},
		{"monitor_cond", `["T",null,{"Kid":[{"columns":["v"],"where":[["v",">",500]]}]}]`, `"([0-9a-f-]{36})":`},
		{"monitor_cond_since", `["T",null,{"Kid":[{"columns":["v"]}]},"` + noTxnID + `"]`, `"([0-9a-f-]{36})":\{`},
		{"transact", `["T",{"op":"select","table":"Kid","where":[["v",">",500]]}]`, `"_uuid":\["uuid","([0-9a-f-]{36})"`},
	} {
		var answers [2]string
		for i := range answers {
			c, err := net.Dial("unix", sock)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, `{"id":1,"method":"%s","params":%s}`, tc.method, tc.params)
			var answer json.RawMessage
			if err := json.NewDecoder(c).Decode(&answer); err != nil {
				t.Fatal(err)
			}
			answers[i] = string(answer)
		}
		if answers[0] != answers[1] {
			t.Errorf("%s %s: two answers", tc.method, tc.params)
		}
		var rows []string
		for _, m := range regexp.MustCompile(tc.row).FindAllStringSubmatch(answers[0], -1) {
			rows = append(rows, m[1])
		}
		if len(rows) < 400 || !slices.IsSorted(rows) {
			t.Errorf("%s %s: %d rows, in order: %t", tc.method, tc.params, len(rows), slices.IsSorted(rows))
		}
	}
}

// BenchmarkContents has 20 clients ask for 50,000 rows at the same time.
func BenchmarkContents(b *testing.B) {
	db := openTest(b, b.TempDir(), SyncBatch)
	defer db.Close()
	sock := filepath.Join(b.TempDir(), "s")
	defer serve(b, db, sock).Close()
	fill(b, db, 50_000)
	for b.Loop() {
		var wg sync.WaitGroup
		for range 20 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				c, err := net.Dial("unix", sock)
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close()
				fmt.Fprint(c, `{"id":1,"method":"monitor_cond","params":["T",null,{"Root":[{}],"Kid":[{}]}]}{"id":2,"method":"echo","params":["the end"]}`)
				buf := make([]byte, 256<<10)
				for {
					n, err := c.Read(buf)
					if err != nil {
						b.Error(err)
						return
					}
					if bytes.Contains(buf[max(0, n-100):n], []byte("the end")) {
						return
					}
				}
			}()
		}
		wg.Wait()
	}
}
