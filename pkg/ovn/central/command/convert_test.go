package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConvertIsDurable kills ovn-central right after it answered a conversion and has stock read the file.
func TestConvertIsDurable(t *testing.T) {
	s := &site{t, t.TempDir()}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(stock(t, "ovn-nbctl"))), "share/ovn/ovn-nb.ovsschema"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`"version": "7.`), []byte(`"version": "97.`), 1)
	schema := filepath.Join(s.dir, "newer.ovsschema")
	if err := os.WriteFile(schema, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tool := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(stock(t, name), args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	version := tool("ovsdb-tool", "schema-version", schema)
	if !strings.HasPrefix(version, "97.") {
		t.Fatalf("the schema has version %s", version)
	}
	for round := range 3 {
		kill, _, _ := s.central(true)
		name := strings.Repeat("x", round+1)
		s.ctl("ovn-nbctl", "ls-add", name)
		tool("ovsdb-client", "--timeout=60", "convert", "unix:"+s.dir+"/nb.sock", schema)
		kill()
		if v := tool("ovsdb-tool", "db-version", s.data("nb.db")); v != version {
			t.Fatalf("after an answered conversion the file has schema version %s", v)
		}
		out := tool("ovsdb-tool", "query", s.data("nb.db"), `["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]`)
		if !strings.Contains(out, `"`+name+`"`) || strings.Count(out, `"name"`) != round+1 {
			t.Fatalf("stock reads %s", out)
		}
		if r, _ := s.files(0, "check", "nb"); r[0].Version != version || r[0].Converts == "" {
			t.Fatalf("%+v", r)
		}
	}
}
