package ovsdb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
