package ovsdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// TestConvert opens a file that an older version wrote: a column less, a column more, an optional that was a scalar.
func TestConvert(t *testing.T) {
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	older := strings.NewReplacer(`"version":"1.0.0"`, `"version":"0.9.0"`, `"r":{"type":"real"},`, `"gone":{"type":"string"},`,
		`"e":{"type":{"key":{"type":"string","enum":["set",["x","y"]]},"min":0,"max":1}}`, `"e":{"type":"string"}`).Replace(string(text))
	if older == string(text) {
		t.Fatal("the schema was not changed")
	}
	dir := t.TempDir()
	old, err := ParseSchema([]byte(older))
	if err != nil {
		t.Fatal(err)
	}
	j, err := OpenFileJournal(Dir(dir), "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(old, Options{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	id, kid := NewUUID(), NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "r"}, ColumnValue{"gone", "g"}, ColumnValue{"e", "x"},
		ColumnValue{"kids", []UUID{kid}}), Insert("Kid", kid)); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for range 2 { // the second time there is nothing left to convert
		db = openTest(t, dir, SyncEach)
		res, err := db.Transact(t.Context(), Select("Root"), Select("Kid"))
		if err != nil {
			t.Fatal(err)
		}
		if len(res[0].Rows) != 1 || len(res[1].Rows) != 1 {
			t.Fatalf("%d roots and %d kids are left", len(res[0].Rows), len(res[1].Rows))
		}
		if r := res[0].Rows[0]; r.UUID != id || r.String("name") != "r" || !Equal(r.Get("e"), []string{"x"}) || r.Get("r") != 0.0 || r.Get("gone") != nil {
			t.Fatalf("%+v", r)
		}
		db.Close()
	}
	if v := runStock(t, "ovsdb-tool", "db-version", filepath.Join(dir, "t.db")); strings.TrimSpace(v) != "1.0.0" {
		t.Fatalf("stock reads version %q", v)
	}
}

func newerSchema(t testing.TB) (*Schema, string) {
	t.Helper()
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.NewReplacer(`"version":"1.0.0"`, `"version":"2.0.0"`, `"r":{"type":"real"},`, `"fresh":{"type":"string"},`).Replace(string(text))
	s, err := ParseSchema([]byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "newer.ovsschema")
	if err := os.WriteFile(path, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, path
}

// TestConvertOnline has stock's ovsdb-client convert a running database, watched and used from this process too.
func TestConvertOnline(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, SyncEach)
	defer db.Close()
	sock := filepath.Join(dir, "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	id, kid := NewUUID(), NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "r"}, ColumnValue{"r", 2.5}, ColumnValue{"eph", "e"},
		ColumnValue{"kids", []UUID{kid}}), Insert("Kid", kid)); err != nil {
		t.Fatal(err)
	}
	w, err := db.Watch(t.Context(), map[string][]string{"Root": nil})
	if err != nil {
		t.Fatal(err)
	}
	next(t, w)
	cl := dialTest(t, sock)
	cw, err := cl.Watch(t.Context(), map[string][]string{"Root": nil})
	if err != nil {
		t.Fatal(err)
	}
	next(t, cw)
	_, newer := newerSchema(t)
	if out := runStock(t, "ovsdb-client", "needs-conversion", "unix:"+sock, newer); strings.TrimSpace(out) != "yes" {
		t.Fatalf("needs-conversion before: %s", out)
	}
	// A conversion that cannot be leaves everything as it is, the watches too.
	bad := filepath.Join(dir, "bad.ovsschema")
	if err := os.WriteFile(bad, []byte(`{"name":"T","version":"9.0.0","tables":{"Root":{"columns":{"name":{"type":"integer"}}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(stock(t, "ovsdb-client"), "convert", "unix:"+sock, bad).CombinedOutput(); err == nil || !strings.Contains(string(out), "expected integer") {
		t.Fatalf("converting strings to integers: %v %s", err, out)
	}
	if _, err := db.Transact(t.Context(), Update("Root", id, ColumnValue{"a", int64(3)})); err != nil {
		t.Fatal(err)
	}
	next(t, w)
	next(t, cw)

	runStock(t, "ovsdb-client", "convert", "unix:"+sock, newer)
	if out := runStock(t, "ovsdb-client", "needs-conversion", "unix:"+sock, newer); strings.TrimSpace(out) != "no" {
		t.Fatalf("needs-conversion after: %s", out)
	}
	for _, ch := range []<-chan Delta{w, cw} {
		select {
		case d, ok := <-ch:
			if ok {
				t.Fatalf("a watch goes on under another schema: %+v", d)
			}
		case <-time.After(patience):
			t.Fatal("a watch does not end with the schema that it was made for")
		}
	}
	if v := db.Schema().Version; v != "2.0.0" {
		t.Fatalf("the schema has version %s", v)
	}
	for _, x := range []DB{db, cl} {
		res, err := x.Transact(t.Context(), Select("Root"), Select("Kid"), Update("Root", id, ColumnValue{"fresh", "new"}))
		if err != nil {
			t.Fatal(err)
		}
		r := res[0].Rows[0]
		if r.UUID != id || r.Get("a") != int64(3) || r.String("eph") != "e" || !Equal(r.Get("kids"), []UUID{kid}) || r.Get("r") != nil || len(res[1].Rows) != 1 {
			t.Fatalf("%+v", r)
		}
	}
	if out := runStock(t, "ovsdb-client", "transact", "unix:"+sock, `["_Server",{"op":"select","table":"Database","where":[["name","==","T"]],"columns":["schema"]}]`); !strings.Contains(out, "fresh") {
		t.Fatalf("_Server tells the old schema: %s", out)
	}
	// Stock reads the file, converted and written to since, and goes on with it.
	if out := runStock(t, "ovsdb-tool", "query", filepath.Join(dir, "t.db"), `["T",{"op":"select","table":"Root","where":[],"columns":["name","fresh"]}]`); !strings.Contains(out, `"fresh":"new"`) {
		t.Fatalf("stock reads %s", out)
	}
	copied := filepath.Join(t.TempDir(), "t.db")
	b, err := os.ReadFile(filepath.Join(dir, "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	other := stockServer(t, copied)
	if out := runStock(t, "ovsdb-client", "dump", "unix:"+other, "T", "Root", "name", "fresh"); !strings.Contains(out, "new") {
		t.Fatalf("stock serves %s", out)
	}
	// What stock converts, ours reads.
	older := filepath.Join(dir, "older.ovsschema")
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(older, []byte(strings.Replace(string(text), "1.0.0", "3.0.0", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	runStock(t, "ovsdb-client", "convert", "unix:"+other, older)
	again := openTest(t, filepath.Dir(copied), SyncEach)
	defer again.Close()
	res, err := again.Transact(t.Context(), Select("Root"))
	if err != nil || len(res[0].Rows) != 1 || res[0].Rows[0].String("name") != "r" {
		t.Fatalf("%v %v", res, err)
	}
}

// TestConvertUnderLoad converts to and fro while writers write and readers watch: nothing that was acknowledged is lost, and
// whoever watches again sees it all.
func TestConvertUnderLoad(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir, SyncBatch)
	defer db.Close()
	sock := filepath.Join(dir, "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	newer, _ := newerSchema(t)
	older := testSchema(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	written := make([]int64, 3)
	for w := range written {
		id := NewUUID()
		var d DB = db
		if w == 0 {
			d = dialTest(t, sock)
		}
		if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", fmt.Sprint(w)}, ColumnValue{"b", int64(w)})); err != nil {
			t.Fatal(err)
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
				if _, err := d.Transact(t.Context(), Update("Root", id, ColumnValue{"a", written[w] + 1})); err == nil {
					written[w]++
				} else if !errors.Is(err, errLost) {
					t.Error(err)
					return
				} else {
					res, err := d.Transact(t.Context(), Select("Root", Condition{"_uuid", Eq, id}))
					for errors.Is(err, errLost) {
						res, err = d.Transact(t.Context(), Select("Root", Condition{"_uuid", Eq, id}))
					}
					if err != nil {
						t.Error(err)
						return
					}
					written[w] = res[0].Rows[0].Get("a").(int64)
				}
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
				t.Error(err)
				return
			}
		}
	}()
	for i := range 20 {
		to := newer
		if i%2 == 1 {
			to = older
		}
		if err := db.Convert(to); err != nil {
			t.Fatal(err)
		}
		w, err := db.Watch(t.Context(), map[string][]string{"Root": nil})
		if err != nil {
			t.Fatal(err)
		}
		if d := next(t, w); len(d.Changes) != len(written) || d.Changes[0].New.Table() != to.Table("Root") {
			t.Fatalf("%+v", d)
		}
	}
	close(stop)
	wg.Wait()
	have := readInts(t, db, "a")
	for w, n := range written {
		if have[fmt.Sprint(w)] != n {
			t.Fatalf("writer %d: %d acknowledged, %d there", w, n, have[fmt.Sprint(w)])
		}
	}
}

// TestPowerCutConvert cuts the power while a database is converted and written to. An acknowledged conversion holds, and so do
// acknowledged transactions before and after it.
func TestPowerCutConvert(t *testing.T) {
	newer, _ := newerSchema(t)
	older := testSchema(t)
	l, rng := lossy.New(99), rand.New(rand.NewPCG(99, 2))
	db := openLossy(t, l, SyncEach)
	if _, err := db.Transact(t.Context(), Insert("Root", UUID{1}, ColumnValue{"name", "w"})); err != nil {
		t.Fatal(err)
	}
	acked, converted, cuts := int64(0), 0, 0
	for range 40 {
		var wg sync.WaitGroup
		wg.Add(1)
		tried, sure := "", db.Schema().Version // sure is what was acknowledged last, tried what may be there instead
		go func() {
			defer wg.Done()
			for i := 0; ; i++ {
				to := newer
				if db.Schema() == newer {
					to = older
				}
				tried = to.Version
				if err := db.Convert(to); err != nil {
					return
				}
				sure, tried = to.Version, ""
				converted++
			}
		}()
		for target := acked + int64(rng.IntN(40)); acked < target; acked++ {
			if _, err := db.Transact(t.Context(), Update("Root", UUID{1}, ColumnValue{"a", acked + 1})); err != nil {
				t.Fatal(err)
			}
		}
		l = l.Cut()
		db.Close()
		wg.Wait()
		cuts++
		j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
		if err != nil {
			t.Fatal(err)
		}
		head := string(l.Data("t.db"))
		version := older.Version
		s := older
		if strings.Contains(strings.SplitN(head, "\n", 3)[1], `"version":"2.0.0"`) {
			version, s = newer.Version, newer
		}
		if version != sure && version != tried {
			t.Fatalf("the file has schema version %s; %s was acknowledged, %q under way", version, sure, tried)
		}
		if db, err = Open(s, Options{Journal: j}); err != nil {
			t.Fatal(err)
		}
		if n := readInts(t, db, "a")["w"]; n != acked {
			t.Fatalf("%d is there, %d was acknowledged", n, acked)
		}
	}
	db.Close()
	if converted < 10 || acked < 100 {
		t.Fatalf("only %d conversions and %d transactions in %d cuts", converted, acked, cuts)
	}
}
