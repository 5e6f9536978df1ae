package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLockFilePinsEverything(t *testing.T) {
	b, err := os.ReadFile("../debs.lock")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^(ovs|nft|mount|central|ic|py) [a-z0-9.+-]+ [0-9][^ ]* [0-9a-f]{64}$`)
	n := 0
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		n++
		if !line.MatchString(l) {
			t.Errorf("not group, package, version, SHA-256: %s", l)
		}
	}
	versions := locked(string(b))
	if len(versions) != n {
		t.Errorf("%d packages in %d lines", len(versions), n)
	}
	// the project is tested against these; a newer one is a decision, not an accident of debs.sh lock
	for name, want := range map[string]string{"ovn-host": "25.03.0-", "ovn-central": "25.03.0-", "openvswitch-switch": "3.5.0-"} {
		if !strings.HasPrefix(versions[name], want) {
			t.Errorf("%s is %s, want %s*", name, versions[name], want)
		}
	}
}

func TestForeignModulesPinWhatTheyBuild(t *testing.T) {
	for _, f := range foreign {
		b, err := os.ReadFile(filepath.Join("../modules", f.name, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		if v := required(string(b), f.module); !strings.HasPrefix(v, "v") {
			t.Errorf("modules/%s/go.mod requires %s %q", f.name, f.module, v)
		}
	}
	if v := required("module x\n\nrequire example.org/y v1.2.3\n", "example.org/y"); v != "v1.2.3" {
		t.Errorf("one-line require gives %q", v)
	}
}

// Pieces of the archive are compressed apart; together they must be one tar.
func TestPiecesMakeOneTar(t *testing.T) {
	dir := t.TempDir()
	var entries []entry
	for _, name := range []string{"a", "b", "c"} {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(strings.Repeat(name, 700)), 0o600); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{path: "x/" + name, mode: 0o755, src: p})
	}
	pack := func() []byte {
		var out bytes.Buffer
		if err := errors.Join(writeTar(&out, []int{1}, entries, false), writeTar(&out, []int{0, 2}, entries, true)); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	one := pack()
	if err := os.Chtimes(filepath.Join(dir, "a"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, pack()) {
		t.Error("the archive depends on the files' dates")
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(one)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || len(data) != 700 || h.Mode != 0o755 {
			t.Errorf("%s: %d bytes, mode %o, %v", h.Name, len(data), h.Mode, err)
		}
		got = append(got, h.Name)
	}
	if strings.Join(got, " ") != "x/b x/a x/c" {
		t.Errorf("archive has %v", got)
	}
}

func TestInterpreterField(t *testing.T) {
	if _, _, ok, err := interpOf("bundle_test.go"); ok || err != nil {
		t.Errorf("a text has an interpreter field: %v", err)
	}
	if _, _, _, err := interpOf("/bin/sh"); err == nil || !strings.Contains(err.Error(), "placeholder") {
		t.Errorf("a program with a real loader is taken: %v", err)
	}
}

func TestMissingLibraryIsNamed(t *testing.T) {
	err := libraries(t.TempDir(), t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), loaderName+" is in none of debs.lock's packages") {
		t.Errorf("error is %v", err)
	}
}
