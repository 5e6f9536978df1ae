package ovsdb

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
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
		l := newLossy(1)
		j, err := OpenFileJournal(l, "t.db", nil)
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
		if j, err = OpenFileJournal(l, "t.db", nil); err != nil {
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
	l := newLossy(1)
	j, err := OpenFileJournal(l, "t.db", nil)
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
	whole := l.names["t.db"].data
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(bytes.Replace(whole, []byte(`"a"`), []byte(`"b"`), 1))
	f.Add([]byte(logMagic + "5 0000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := newLossy(1)
		l.names["t.db"] = &inode{data: bytes.Clone(b)}
		for range 2 {
			j, err := OpenFileJournal(l, "t.db", nil)
			if err != nil {
				t.Fatal(err)
			}
			db, err := Open(s, Options{Journal: j})
			if err != nil {
				if len(l.names["t.db"].data) != len(b) {
					t.Fatal("a refused file was changed")
				}
				return
			}
			db.Close()
			b = l.names["t.db"].data
		}
	})
}
