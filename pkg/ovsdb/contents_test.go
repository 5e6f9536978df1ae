package ovsdb

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
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
