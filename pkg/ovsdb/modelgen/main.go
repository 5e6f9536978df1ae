// Command modelgen writes typed Go tables from an OVSDB schema (RFC 7047,
// section 3.2). `go generate` runs it for every package that holds a schema:
//
//	//go:generate go run github.com/kove-io/kove/pkg/ovsdb/modelgen -schema ovn-nb.ovsschema -package nb -out tables.go
//
// One struct per table, constants for every table and column, and conversions
// from and to the rows of pkg/ovsdb. The output uses no reflection: northd
// converts every changed row of every commit.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"os"
	"sort"
)

func main() {
	schema := flag.String("schema", "", "schema file (.ovsschema)")
	pkg := flag.String("package", "", "package name of the output")
	out := flag.String("out", "tables.go", "output file")
	flag.Parse()
	if err := run(*schema, *pkg, *out); err != nil {
		fmt.Fprintln(os.Stderr, "modelgen:", err)
		os.Exit(1)
	}
}

func run(schemaFile, pkg, out string) error {
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		return fmt.Errorf("reading schema: %w", err)
	}
	src, err := Generate(raw, schemaFile, pkg)
	if err != nil {
		return fmt.Errorf("generating from %s: %w", schemaFile, err)
	}
	return os.WriteFile(out, src, 0o644)
}

// Generate returns the formatted Go source for a schema.
func Generate(raw []byte, schemaFile, pkg string) ([]byte, error) {
	var s schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("parsing schema: %w", err)
	}
	tables, err := s.tables()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := source.Execute(&b, map[string]any{
		"Package": pkg, "File": schemaFile, "Name": s.Name, "Version": s.Version, "Tables": tables,
	}); err != nil {
		return nil, fmt.Errorf("writing source: %w", err)
	}
	src, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("formatting generated source: %w\n%s", err, b.String())
	}
	return src, nil
}

// schema is the part of a database schema that the models need.
type schema struct {
	Name    string
	Version string
	Tables  map[string]struct {
		Columns map[string]struct{ Type json.RawMessage }
		IsRoot  bool
	}
}

// table and column are what the template prints.
type table struct {
	Name, Go string
	IsRoot   bool
	Columns  []column
}

type column struct {
	Name, Go string
	Type     string // Go type of the struct field
	Get, Put string // conversion functions of the generated file
	Enum     []value
}

// value is one member of an enumeration.
type value struct{ Name, Go string }

func (s *schema) tables() ([]table, error) {
	var ts []table
	for name, t := range s.Tables {
		tab := table{Name: name, Go: goName(name), IsRoot: t.IsRoot}
		for cname, c := range t.Columns {
			col, err := newColumn(cname, c.Type)
			if err != nil {
				return nil, fmt.Errorf("column %s of table %s: %w", cname, name, err)
			}
			tab.Columns = append(tab.Columns, col)
		}
		sort.Slice(tab.Columns, func(i, j int) bool { return tab.Columns[i].Name < tab.Columns[j].Name })
		ts = append(ts, tab)
	}
	sort.Slice(ts, func(i, j int) bool { return ts[i].Name < ts[j].Name })
	return ts, nil
}
