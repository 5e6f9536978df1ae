package ovsdb

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// whole makes a database file of 1 + 5 records.
func whole(t *testing.T) []byte {
	t.Helper()
	l := lossy.New(1)
	db := openLossy(t, l, SyncEach)
	for i := range 5 {
		if _, err := db.Transact(t.Context(), Insert("Root", UUID{1, byte(i)}, ColumnValue{"name", string(rune('a' + i))}, ColumnValue{"a", int64(i)})); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Data("t.db")
}

func TestCheckFile(t *testing.T) {
	good := whole(t)
	offset := func(record int) int {
		at := 0
		for range record {
			at += 1 + bytes.Index(good[at+1:], []byte("\n"+logMagic)) + 1
		}
		return at
	}
	schema := testSchema(t)
	newer, _ := newerSchema(t)
	strict, err := ParseSchema([]byte(`{"name":"T","version":"8.0.0","tables":{"Root":{"columns":{"name":{"type":"integer"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	bad := func(record string) []byte { return appendLogRecord(bytes.Clone(good), []byte(record)) }
	more := func(b []byte) []byte {
		return appendLogRecord(b, []byte(`{"_date":1,"Root":{"01000000-0000-0000-0000-000000000000":{"a":7}}}`))
	}
	for name, tc := range map[string]struct {
		data []byte
		want *Schema
		FileReport
	}{
		"whole":              {good, schema, FileReport{State: FileOK, Records: 6, Rows: 5}},
		"whole, any schema":  {good, nil, FileReport{State: FileOK, Records: 6, Rows: 5}},
		"empty":              {nil, schema, FileReport{State: FileOK}},
		"torn end":           {good[:len(good)-9], schema, FileReport{State: FileUnfinished, Records: 5, Rows: 4, Offset: int64(offset(5)), Problem: "the file has"}},
		"garbage at the end": {append(bytes.Clone(good), make([]byte, 700)...), schema, FileReport{State: FileUnfinished, Records: 6, Rows: 5, Offset: int64(len(good)), Problem: "no record header"}},
		"flipped bit": {flip(offset(2) + 90), schema, FileReport{State: FileDamaged, Records: 2, Rows: 1, Offset: int64(offset(2)), Problem: "SHA-1",
			Next: int64(offset(3)), Lost: 3}},
		"flipped bit in the schema": {flip(offset(0) + 200), schema, FileReport{State: FileDamaged, Problem: "SHA-1", Next: int64(offset(1)), Lost: 5}},
		"unknown table": {more(bad(`{"Nope":{}}`)), schema, FileReport{State: FileDamaged, Records: 6, Rows: 5, Offset: int64(len(good)),
			Problem: "no table named Nope", Next: int64(len(bad(`{"Nope":{}}`))), Lost: 1}},
		"no JSON": {bad(`{`), schema, FileReport{State: FileDamaged, Records: 6, Rows: 5, Offset: int64(len(good)), Problem: "JSON"}},
		"dangling": {bad(`{"Root":{"01000000-0000-0000-0000-000000000000":{"one":["uuid","99999999-0000-4000-8000-000000000000"]}}}`), schema,
			FileReport{State: FileDamaged, Records: 7, Rows: 5, Problem: "which is not there"}},
		"twice in an index": {bad(`{"Root":{"01000000-0000-0000-0000-000000000000":{"name":"b"}}}`), schema, FileReport{State: FileDamaged, Records: 7, Rows: 5, Problem: "same for an index"}},
		"older":             {good, newer, FileReport{State: FileOK, Records: 6, Rows: 5, Converts: "2.0.0"}},
		"does not convert":  {good, strict, FileReport{State: FileDamaged, Records: 6, Rows: 5, Converts: "8.0.0", Problem: "cannot be converted to schema version 8.0.0"}},
		"a script":          {[]byte("#!/bin/sh\n"), schema, FileReport{State: FileForeign, Problem: "no record header"}},
		"clustered":         {[]byte("OVSDB CLUSTER 5 0000\n{}"), schema, FileReport{State: FileForeign, Problem: "cluster-to-standalone"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.db")
			if err := os.WriteFile(path, tc.data, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := CheckFile(path, tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if r.State != tc.State || r.Records != tc.Records || r.Rows != tc.Rows || r.Offset != tc.Offset || r.Next != tc.Next || r.Lost != tc.Lost ||
				r.Converts != tc.Converts || !strings.Contains(r.Problem, tc.Problem) || (r.Problem == "") != (tc.Problem == "") || r.Bytes != int64(len(tc.data)) {
				t.Fatalf("have %+v\nwant %+v", r, tc.FileReport)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, tc.data) {
				t.Fatal("checking changed the file")
			}
			// What it says must come true.
			j, err := OpenFileJournal(Dir(filepath.Dir(path)), "t.db", nil)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.want
			if want == nil {
				want = schema
			}
			db, err := Open(want, Options{Journal: j})
			if (err == nil) != r.Opens() {
				t.Fatalf("opening: %v, checked: %+v", err, r)
			}
			if err == nil {
				db.Close()
			} else {
				j.Close()
			}
		})
	}
	if r, err := CheckFile(filepath.Join(t.TempDir(), "none"), schema); err != nil || r.State != FileMissing {
		t.Fatalf("%+v %v", r, err)
	}
}

func TestSetAside(t *testing.T) {
	good := whole(t)
	damaged := bytes.Clone(good)
	damaged[len(damaged)-500] ^= 1
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, salvage := range []bool{false, true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "t.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := CheckFile(path, nil)
		if err != nil || r.State != FileDamaged || r.Rows == 0 {
			t.Fatalf("%+v %v", r, err)
		}
		keep := int64(0)
		if salvage {
			keep = r.Offset
		}
		aside, err := SetAside(Dir(dir), "t.db", keep, now)
		if err != nil || aside != path+".damaged-20300102T030405.000Z" {
			t.Fatalf("%s %v", aside, err)
		}
		if b, err := os.ReadFile(aside); err != nil || !bytes.Equal(b, damaged) {
			t.Fatalf("what was set aside is not what was there: %v", err)
		}
		db := openTest(t, dir, SyncEach)
		want := 0
		if salvage {
			want = r.Rows
		}
		if n := len(readInts(t, db, "a")); n != want {
			t.Fatalf("%d rows, want %d", n, want)
		}
		db.Close()
		// A second time in the same moment nothing is overwritten.
		if _, err := SetAside(Dir(dir), "t.db", 0, now); err == nil {
			t.Fatal("an older file that was set aside is overwritten")
		}
	}
}
