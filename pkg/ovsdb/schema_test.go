package ovsdb

import (
	"os"
	"testing"
)

func TestParseSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/t.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	root := s.Table("Root")
	if !root.IsRoot || s.Table("Kid").IsRoot || s.Table("Need").MaxRows != 1 || len(root.Indexes) != 2 {
		t.Fatalf("table properties are wrong: %+v", root)
	}
	if c := root.Column("rng"); c.Type.Min != 0 || c.Type.Max != 3 || c.Type.Key.MinInteger != 1 || c.Type.Key.MaxInteger != 10 {
		t.Fatalf("rng: %+v", c.Type)
	}
}
