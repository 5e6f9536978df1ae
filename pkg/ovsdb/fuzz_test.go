package ovsdb

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// FuzzJSON compares the parser with the standard library's: what one accepts the other does too, up to the differences that
// OVSDB makes on purpose (UTF-8, lone surrogates, depth, huge numbers).
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,-3e2,"x\u00e9\n",true,false,null]}`, `[]`, `{}`, `"\ud83d\ude00"`, `01`, `1e400`, `[1,]`, `{"a":1,"a":2}`, ` 1 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseJSON(b)
		if err != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("accepted %q", b)
		}
		text := appendJSON(nil, v)
		w, err := parseJSON(text)
		if err != nil {
			t.Fatalf("%q became %q: %v", b, text, err)
		}
		if !bytes.Equal(text, appendJSON(nil, w)) {
			t.Fatalf("%q became %q and then %q", b, text, appendJSON(nil, w))
		}
	})
}

// FuzzFramer cuts a stream in two ways.
func FuzzFramer(f *testing.F) {
	f.Add([]byte(`{"a":"}"}{"b":"\""} [1]`), byte(1))
	f.Add([]byte(`{"a":"\\"}x`), byte(3))
	f.Fuzz(func(t *testing.T, b []byte, chunk byte) {
		whole := framer{r: bytes.NewReader(b), limit: 1 << 20}
		parts := framer{r: &chunkReader{b, int(chunk%7) + 1}, limit: 1 << 20}
		for {
			x, err1 := whole.next()
			y, err2 := parts.next()
			if (err1 == nil) != (err2 == nil) || !bytes.Equal(x, y) {
				t.Fatalf("%q %v, in parts %q %v", x, err1, y, err2)
			}
			if err1 != nil {
				return
			}
		}
	})
}

type chunkReader struct {
	b []byte
	n int
}

func (r *chunkReader) Read(p []byte) (int, error) {
	n := min(r.n, len(r.b), len(p))
	if n == 0 {
		return 0, os.ErrClosed
	}
	copy(p, r.b[:n])
	r.b = r.b[n:]
	return n, nil
}

func FuzzSchema(f *testing.F) {
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(serverSchema))
	f.Add([]byte(`{"name":"X","tables":{"A":{"columns":{"c":{"type":{"key":"integer","min":1,"max":4}}}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSchema(b)
		if err != nil {
			return
		}
		again, err := ParseSchema(s.appendJSON(nil))
		if err != nil {
			t.Fatalf("our own text of a schema is refused: %v\n%s", err, s.appendJSON(nil))
		}
		if x, y := s.appendJSON(nil), again.appendJSON(nil); !bytes.Equal(x, y) {
			t.Fatalf("%s\n%s", x, y)
		}
		db, err := Open(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
	})
}

// FuzzTransact executes any operations on a database with some rows in it, with a journal, and checks that what the journal
// holds is what the database holds, and that references are whole.
func FuzzTransact(f *testing.F) {
	golden, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		v, err := parseJSON([]byte(line))
		if err != nil {
			f.Fatal(err)
		}
		if send, ok := v.(map[string]any)["send"].(map[string]any); ok && send["method"] == "transact" {
			text := goldenName.ReplaceAllString(jsonText(send["params"]), "11111111-2222-3333-4444-555555555555")
			if ops, _ := send["params"].([]any); len(ops) > 1 {
				f.Add([]byte(text))
			}
		}
	}
	schema, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	s, err := ParseSchema(schema)
	if err != nil {
		f.Fatal(err)
	}
	first := `[{"op":"insert","table":"Root","uuid":"11111111-2222-3333-4444-555555555555","row":{"name":"r1","kids":["named-uuid","k"],"weak":["uuid","11111111-2222-3333-4444-555555555555"],"m":["map",[["k","v"]]],"rng":["set",[1,2]]}},{"op":"insert","table":"Kid","uuid-name":"k","row":{"v":1}}]`
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseJSON(b)
		params, ok := v.([]any)
		if err != nil || !ok || len(params) == 0 {
			return
		}
		l := lossy.New(1)
		j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(s, Options{Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		seed, _ := parseJSON([]byte(first))
		for _, ops := range [][]any{seed.([]any), params[1:]} {
			w := newWireTxn(s, ops)
			done := make(chan error, 1)
			out := db.transact(nil, s, time.Now(), len(ops), w.step, func(err error) { done <- err })
			if out.err != nil {
				t.Fatal(out.err)
			}
			if out.failed == nil && !out.idle {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			if !json.Valid(w.appendReply(nil, &out)) {
				t.Fatalf("the reply is not JSON: %s", w.appendReply(nil, &out))
			}
		}
		before := contents(db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = OpenFileJournal(lossyStorage{l}, "t.db", nil); err != nil {
			t.Fatal(err)
		}
		again, err := Open(s, Options{Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if after := contents(again); before != after {
			t.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}

// contents writes everything persistent, reference counts and the sizes of indexes included.
func contents(db *Database) string {
	var lines []string
	for _, t := range db.tables {
		for _, s := range t.rows {
			line := t.schema.Name + " " + s.row.UUID.String() + " " + string(appendPersistent(nil, s.row))
			lines = append(lines, line+" "+strings.Repeat("*", s.strong))
		}
		n := 0
		for _, w := range t.weakIn {
			w.each(func(referrer) { n++ })
		}
		lines = append(lines, t.schema.Name+" weak "+strings.Repeat("*", n))
		for _, ix := range t.indexes {
			lines = append(lines, t.schema.Name+" index "+strings.Repeat("*", len(ix)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// FuzzLog opens any file and, when that works, opens what it made of it again.
func FuzzLog(f *testing.F) {
	l := lossy.New(1)
	j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	s, err := ParseSchema(text)
	if err != nil {
		f.Fatal(err)
	}
	db, err := Open(s, Options{Journal: j})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := db.Transact(f.Context(), Insert("Root", UUID{1}, ColumnValue{"name", "a"})); err != nil {
		f.Fatal(err)
	}
	db.Close()
	whole := l.Data("t.db")
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(bytes.Replace(whole, []byte(`"a"`), []byte(`"b"`), 1))
	f.Add([]byte(logMagic + "5 0000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := lossy.New(1)
		l.SetData("t.db", b)
		for range 2 {
			j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
			if err != nil {
				t.Fatal(err)
			}
			r := FileReport{State: FileOK, Bytes: int64(len(b))}
			if err := r.check(bytes.NewReader(b), s); err != nil {
				t.Fatal(err)
			}
			db, err := Open(s, Options{Journal: j})
			if (err == nil) != r.Opens() {
				t.Fatalf("opening: %v, checked: %+v", err, r)
			}
			if err != nil {
				if len(l.Data("t.db")) != len(b) {
					t.Fatal("a refused file was changed")
				}
				return
			}
			db.Close()
			b = l.Data("t.db")
		}
	})
}

// FuzzRPC sends any bytes to a connection. What comes back must be JSON-RPC, the connection must end with the stream, and the
// database must be whole.
func FuzzRPC(f *testing.F) {
	for _, path := range []string{"testdata/protocol/malformed.txt", "testdata/protocol/monitors.txt", "testdata/protocol/locks.txt", "testdata/protocol/waits.txt"} {
		script, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		all := ""
		for line := range strings.Lines(string(script)) {
			if _, text, ok := strings.Cut(line, "> "); ok {
				f.Add([]byte(text))
				if all += text; len(all) > 4000 {
					f.Add([]byte(all))
					all = ""
				}
			}
		}
	}
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	s, err := ParseSchema(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte(`"convert"`)) && len(b) > 10_000 {
			return
		}
		db, err := Open(s, Options{History: 100})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		srv, err := NewServer(ServerOptions{}, db)
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		ours, theirs := net.Pipe()
		c := srv.newConn(theirs, Remote{Target: "punix:fuzz"})
		served := make(chan struct{})
		go func() {
			c.serve()
			close(served)
		}()
		whole := framer{r: bytes.NewReader(b), limit: 1 << 20}
		for err == nil {
			_, err = whole.next()
		}
		go func() {
			ours.Write(b)
			if whole.depth == 0 {
				ours.Write([]byte(`{"id":"the end","method":"echo","params":[]}`))
			} else {
				ours.Close() // in the middle of a message
			}
		}()
		in := framer{r: ours, limit: 1 << 30}
		ours.SetReadDeadline(time.Now().Add(20 * time.Second))
		for {
			text, err := in.next()
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Fatalf("no answer to %q", b)
			}
			if err != nil {
				break
			}
			var m struct {
				ID     any
				Method string
			}
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatalf("the server sends %q: %v", text, err)
			}
			if m.ID == "the end" && m.Method == "" {
				break
			}
		}
		ours.Close()
		<-served
		before := contents(db)
		again := &Database{}
		again.current.Store(db.Schema())
		for _, t := range db.tables {
			n := newTable(t.schema)
			for id, r := range t.rows {
				n.rows[id] = rowState{row: r.row}
			}
			again.tables = append(again.tables, n)
		}
		if err := again.relink(); err != nil {
			t.Fatal(err)
		}
		if after := contents(again); before != after {
			t.Fatalf("kept:\n%s\ncounted:\n%s", before, after)
		}
	})
}

// FuzzConvert converts a database with rows in it to any schema. What comes of it must be what a reopened file holds.
func FuzzConvert(f *testing.F) {
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, r := range [][2]string{{`"r":{"type":"real"},`, ``}, {`"type":"integer"`, `"type":"real"`}, {`"min":0,"max":3`, `"min":1,"max":1`}, {`"isRoot":true,`, ``},
		{`"refType":"weak"`, `"refType":"strong"`}, {`"max":"unlimited"`, `"max":1`}, {`{"type":"string"}`, `{"type":{"key":"string","min":0}}`}} {
		f.Add(bytes.ReplaceAll(text, []byte(r[0]), []byte(r[1])))
	}
	f.Add([]byte(`{"name":"T","tables":{"Root":{"columns":{"kids":{"type":{"key":"uuid","min":0,"max":"unlimited"}}}}}}`))
	s, err := ParseSchema(text)
	if err != nil {
		f.Fatal(err)
	}
	old, err := Open(s, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { old.Close() })
	r1, r2, k1, k2 := UUID{1}, UUID{2}, UUID{3}, UUID{4}
	if _, err := old.Transact(f.Context(), Insert("Root", r1, ColumnValue{"name", "r1"}, ColumnValue{"kids", []UUID{k1}}, ColumnValue{"weak", []UUID{r2}}, ColumnValue{"rng", []int64{1, 2}},
		ColumnValue{"m", NewStringMap(map[string]string{"k": "v"})}, ColumnValue{"e", []string{"x"}}, ColumnValue{"r", 1.5}),
		Insert("Root", r2, ColumnValue{"name", "r2"}, ColumnValue{"a", int64(2)}, ColumnValue{"one", []UUID{k2}}, ColumnValue{"wm", Map{{"k", r1}}}),
		Insert("Kid", k1, ColumnValue{"v", int64(1)}), Insert("Kid", k2, ColumnValue{"p", []UUID{k1}}), Insert("Need", UUID{5}, ColumnValue{"w", r1})); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		to, err := ParseSchema(b)
		if err != nil {
			return
		}
		tables, err := convertTables(old.tables, s, to)
		if err != nil {
			return
		}
		l := lossy.New(1)
		j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
		if err != nil {
			t.Fatal(err)
		}
		db := &Database{journal: j, tables: tables}
		db.current.Store(to)
		if err := j.Replay(func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := db.writeTables(to, tables, "fuzz"); err != nil {
			t.Fatal(err)
		}
		before := contents(db)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = OpenFileJournal(lossyStorage{l}, "t.db", nil); err != nil {
			t.Fatal(err)
		}
		again, err := Open(to, Options{Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if after := contents(again); before != after {
			t.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}

// FuzzRecords opens files whose records are whole and say anything. What opens must be the same after it was compacted, and what
// the check says must come true.
func FuzzRecords(f *testing.F) {
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		f.Fatal(err)
	}
	s, err := ParseSchema(text)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range []string{
		`{"_date":1,"Root":{"01000000-0000-0000-0000-000000000000":{"name":"a","rng":["set",[1,2]],"kids":["uuid","02000000-0000-0000-0000-000000000000"]}},"Kid":{"02000000-0000-0000-0000-000000000000":{"v":3}}}` + "\n" +
			`{"_is_diff":true,"Root":{"01000000-0000-0000-0000-000000000000":{"rng":["set",[2,3]],"m":["map",[["k","v"]]]}}}` + "\n" + `{"Root":{"01000000-0000-0000-0000-000000000000":{"name":"b"}},"_comment":"x"}`,
		`{"Root":{"01000000-0000-0000-0000-000000000000":{"weak":["set",[["uuid","01000000-0000-0000-0000-000000000000"],["uuid","09000000-0000-0000-0000-000000000000"]]],"wm":["map",[["k",["uuid","01000000-0000-0000-0000-000000000000"]]]]}}}` + "\n" +
			`{"Root":{"01000000-0000-0000-0000-000000000000":null}}`,
		`{"Root":{"01000000-0000-0000-0000-000000000000":null}}`, `{}`, `[]`, `{"Need":{"01000000-0000-0000-0000-000000000000":{"w":["set",[]]}}}`,
		`{"Kid":{"01000000-0000-0000-0000-000000000000":{"p":["uuid","01000000-0000-0000-0000-000000000000"]}},"Kid":{}}`, `{"_is_diff":true,"Root":{"01000000-0000-0000-0000-000000000000":{"e":["set",["x","y"]],"r":1e400}}}`,
	} {
		f.Add([]byte(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := lossy.New(1)
		file := appendLogRecord(nil, s.appendJSON(nil))
		for line := range bytes.Lines(b) {
			file = appendLogRecord(file, bytes.TrimSuffix(line, []byte{'\n'}))
		}
		l.SetData("t.db", file)
		r := FileReport{State: FileOK, Bytes: int64(len(file))}
		if err := r.check(bytes.NewReader(bytes.Clone(file)), s); err != nil {
			t.Fatal(err)
		}
		before := ""
		for round := range 2 {
			j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
			if err != nil {
				t.Fatal(err)
			}
			db, err := Open(s, Options{Journal: j})
			if round == 0 && (err == nil) != r.Opens() {
				t.Fatalf("opening: %v, checked: %+v", err, r)
			}
			if err != nil {
				if round > 0 {
					t.Fatalf("after compacting: %v", err)
				}
				return
			}
			now := contents(db)
			if round > 0 && now != before {
				t.Fatalf("before:\n%s\nafter:\n%s", before, now)
			}
			before = now
			if err := db.Compact(); err != nil {
				t.Fatal(err)
			}
			db.Close()
		}
	})
}
