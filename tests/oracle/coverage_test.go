package oracle

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

//go:generate go test -run TestCoverageDocument -count=1 . -update-coverage

var updateCoverage = flag.Bool("update-coverage", false, "TestCoverageDocument: write docs/oracle-coverage.md")

// covered is a column of the northbound database or a key in it. A southbound edit has no table.
type covered struct {
	table, column, key string
	how                string // "" when it is not reached
	why                string // then
}

// documentedOptions are the keys that ovn-nb(5) lists, by table and column.
func documentedOptions(t testing.TB) (out []covered) {
	f, err := os.Open(filepath.Join(stockDir(t), "share/man/man5/ovn-nb.5.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^\.SH "(\w+) TABLE"`)
	option := regexp.MustCompile(`^\.IP "\\fB(\w+) : ([^\\"]+)\\fR`)
	table, seen := "", map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if m := heading.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		if m := option.FindStringSubmatch(line); m != nil && unreachedTables[table] == "" && !seen[table+m[1]+m[2]] {
			seen[table+m[1]+m[2]] = true
			out = append(out, covered{table: table, column: m[1], key: m[2]})
		}
	}
	if len(out) < 180 {
		t.Fatalf("ovn-nb(5) lists %d options: it is no longer understood", len(out))
	}
	return out
}

// coverage computes what the generator reaches, from the schema, ovn-nb(5) and the generator's tables.
func coverage(t testing.TB) (out []covered) {
	schema, err := ovsdb.ParseSchema(nb.SchemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{} // columns whose references come with the rows
	for _, table := range schema.Tables {
		if unreachedTables[table.Name] != "" {
			out = append(out, covered{table: table.Name, column: "*", why: unreachedTables[table.Name]})
			continue
		}
		for _, c := range table.Columns {
			name := table.Name + "." + c.Name
			x := covered{table: table.Name, column: c.Name}
			ref := schema.Table(c.Type.Key.RefTable)
			switch {
			case unreachedColumns[name] != "":
				x.why = unreachedColumns[name]
			case columnValues[name] != nil || name == "Meter.bands" || name == "Logical_Router_Port.peer":
				x.how = "values"
			case len(optionValues[name]) > 0:
				continue // its keys follow
			case ref != nil && c.Type.Key.RefType == "strong" && !ref.IsRoot:
				x.how = "rows of " + ref.Name
				owned[name] = true
			case ref != nil:
				x.how = "references to " + ref.Name
			case schemaReaches(c) && len(c.Type.Key.Enum) > 0:
				x.how = "every value of the schema"
			case schemaReaches(c):
				x.how = "true and false"
			case unreachedColumns["*."+c.Name] != "":
				x.why = unreachedColumns["*."+c.Name]
			}
			out = append(out, x)
		}
	}
	documented := map[string]bool{}
	for _, x := range documentedOptions(t) {
		name := x.table + "." + x.column
		documented[name+":"+x.key] = true
		if _, ok := optionValues[name][x.key]; ok {
			x.how = "values"
		} else {
			x.why = unreachedOptions[name+":"+x.key]
		}
		out = append(out, x)
	}
	for name, options := range optionValues {
		for key := range options {
			if !documented[name+":"+key] {
				table, column, _ := strings.Cut(name, ".")
				out = append(out, covered{table: table, column: column, key: key, how: "values; ovn-nb(5) does not list it"})
			}
		}
	}
	for _, e := range southEdits() {
		out = append(out, covered{column: e.name, how: e.what})
	}
	slices.SortStableFunc(out, func(a, b covered) int {
		return strings.Compare(a.table+"."+a.column+":"+a.key, b.table+"."+b.column+":"+b.key)
	})
	return out
}

const coverageFile = "../../docs/oracle-coverage.md"

// TestCoverageDocument compares docs/oracle-coverage.md with what the generator is; -update-coverage writes it.
func TestCoverageDocument(t *testing.T) {
	all := coverage(t)
	for _, c := range all {
		if c.how == "" && c.why == "" {
			t.Errorf("%s.%s %s: the generator does not reach it, and no reason is given: see generate_values_test.go", c.table, c.column, c.key)
		}
	}
	for _, list := range []map[string]string{unreachedColumns, unreachedOptions} {
		for name := range list {
			if !strings.HasPrefix(name, "*.") && !slices.ContainsFunc(all, func(c covered) bool {
				return name == c.table+"."+c.column || name == c.table+"."+c.column+":"+c.key
			}) {
				t.Errorf("%s is listed as not reached, but there is no such column or option", name)
			}
		}
	}
	want := coverageDocument(all)
	if *updateCoverage {
		if err := os.WriteFile(coverageFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/oracle-coverage.md is not what the generator reaches: go test ./tests/oracle -run TestCoverageDocument -update-coverage")
	}
}

func coverageDocument(all []covered) []byte {
	var b bytes.Buffer
	reached, options, reachedOptions, columns := 0, 0, 0, 0
	for _, c := range all {
		switch {
		case c.table == "":
		case c.key != "":
			options++
			if c.how != "" {
				reachedOptions++
			}
		default:
			columns++
			if c.how != "" {
				reached++
			}
		}
	}
	fmt.Fprintf(&b, `# What the oracle reaches

`+"`make oracle`"+` gives random edits of the northbound database, and of what chassis write into the southbound one, to stock
ovn-northd and to kove's, and compares the two after every few edits (tests/oracle). This page is computed from the northbound
schema, the options that ovn-nb(5) lists, and the generator's tables: `+"`go generate ./tests/oracle`"+`; a test fails when it is stale, and
another one runs the generator and fails when something that is listed as reached is never set.

Reached: %d of %d columns, %d of %d options.

## Northbound columns and options

| table | column | option | reached by | not reached, because |
| --- | --- | --- | --- | --- |
`, reached, columns, reachedOptions, options)
	for _, c := range all {
		if c.table != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.table, c.column, c.key, c.how, c.why)
		}
	}
	fmt.Fprintf(&b, "\n## Southbound, as chassis write it\n\n| edit | what |\n| --- | --- |\n")
	for _, c := range all {
		if c.table == "" {
			fmt.Fprintf(&b, "| %s | %s |\n", c.column, c.how)
		}
	}
	fmt.Fprintf(&b, `
Besides these edits both northds are started anew now and then, and some seeds begin with a network such as %s write.

Not reached: MAC_Binding and FDB timestamps (ageing takes time), Controller_Event: golden scenarios and tests of their own have them.
`, "OVN-Kubernetes, Kube-OVN and Neutron")
	fmt.Fprintf(&b, "\n## What is different\n\nTo stay. Stock's engine loses these southbound columns while it works off a change step by step, and would not if it computed\n"+
		"everything anew. The oracle writes them again, as a chassis would, where it sees that happen, and compares everything:\n\n")
	for _, k := range losses {
		fmt.Fprintf(&b, "- %s\n", k)
	}
	fmt.Fprintf(&b, "\nWhat was run last, with 120 edits each beside the network that a seed begins with, each edit synchronised, every fourth compared: seeds 1 to 12 "+
		"on the present code;\n26112900 to 26113331 and 90000000 to 90000145, which showed some twenty real differences, mended since, each with a golden scenario; "+
		"26113332 to 26113468 and\n90000146 to 90000308 after that: one more, mended, and eight that are told below or in docs/ovn-central.md as stock's own accidents.\n")
	fmt.Fprintf(&b, "\nOpen, as seeds beyond those of `make test` and a walk through ovn-nb(5) have shown:\n\n")
	for _, k := range openDifferences {
		fmt.Fprintf(&b, "- %s\n", k)
	}
	return b.Bytes()
}
