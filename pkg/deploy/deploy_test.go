package deploy

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func deployer(t *testing.T, packaged, disabled map[string][]byte) *Deployer {
	t.Helper()
	return newDeployer(Options{Dir: filepath.Join(t.TempDir(), "manifests"), Packaged: packaged, Disabled: disabled,
		Logger: slog.New(slog.DiscardHandler)}, nil, nil)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	d := deployer(t, map[string][]byte{"a.yaml": []byte("ours"), "crds/c.yaml": []byte("ours"), "kept.yaml": []byte("ours")},
		map[string][]byte{"off.yaml": []byte("x")})
	for _, f := range []string{"a.yaml", "mine.yml", "mine.json", "mine.txt", "later.yaml", "later.yaml.skip", "off.yaml", "kept.yaml", "kept.yaml.skip"} {
		put(t, filepath.Join(d.o.Dir, f), "theirs")
	}
	if err := d.writePackaged(); err != nil {
		t.Fatal(err)
	}
	got, err := d.files()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.yaml", "crds/c.yaml", "mine.json", "mine.yml"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	for name, want := range map[string]string{"a.yaml": "ours", "kept.yaml": "theirs", "mine.yml": "theirs"} {
		if b, _ := os.ReadFile(filepath.Join(d.o.Dir, name)); string(b) != want {
			t.Errorf("%s holds %q, want %q", name, b, want)
		}
	}
}

func TestDecode(t *testing.T) {
	objects, err := decode([]byte(`
---
# only a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: ns}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: b}}
- {apiVersion: v1, kind: Secret, metadata: {name: c}}
`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.GetKind()+" "+name(o))
	}
	if want := []string{"ConfigMap ns/a", "Secret b", "Secret c"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	for text, want := range map[string]string{"kind: ConfigMap\n": "has no kind, apiVersion or metadata.name", "a: [": "reading document 1"} {
		if _, err := decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
