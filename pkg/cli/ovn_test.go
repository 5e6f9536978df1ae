package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOVNFiles(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "server", "ovn")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	check := func(status int, args ...string) (string, string) {
		t.Helper()
		code, stdout, stderr := run(t, Actions{}, append([]string{"ovn"}, args...)...)
		if code != status {
			t.Fatalf("kove ovn %q: status %d, want %d\n%s%s", args, code, status, stdout, stderr)
		}
		return stdout, stderr
	}
	if out, _ := check(ExitOK, "check", "--data-dir", dir); !strings.Contains(out, "missing") {
		t.Fatal(out)
	}
	if err := os.WriteFile(filepath.Join(data, "sb.db"), []byte("not a database\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr := check(ExitFailure, "check", "--data-dir", dir)
	if !strings.Contains(out, "foreign") || !strings.Contains(out, "kove ovn rebuild --dir "+data+" sb") || !strings.Contains(stderr, "refuse") {
		t.Fatal(out, stderr)
	}
	check(ExitOK, "check", "--data-dir", dir, "nb")
	out, _ = check(ExitFailure, "check", "--dir", data, "-o", "json")
	var reports []struct{ Name, State, Problem string }
	if err := json.Unmarshal([]byte(out), &reports); err != nil || len(reports) != 2 || reports[1].State != "foreign" || reports[1].Problem == "" {
		t.Fatal(out, err)
	}
	if out, _ = check(ExitOK, "rebuild", "--dir", data); !strings.Contains(out, "set aside as "+data+"/sb.db.damaged-") {
		t.Fatal(out)
	}
	if out, _ = check(ExitOK, "rebuild", "--dir", data); strings.Contains(out, "set aside") {
		t.Fatal(out)
	}
	check(ExitUsage, "check", "--dir", data, "xb")
	check(ExitUsage, "check", "--dir", data, "-o", "xml")
	check(ExitUsage, "nonsense")
	check(ExitFailure, "check", "--dir", filepath.Join(dir, "none"))
}
