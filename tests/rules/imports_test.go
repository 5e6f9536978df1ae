package rules

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

const module = "github.com/kove-io/kove/"

// allowed lists, for each package below pkg/, the in-repo packages that it may import besides its own subpackages.
// A prefix "x/" allows everything below x. What is not listed fails: a new package says here what it stands on.
var allowed = map[string][]string{
	"supervise":   {},
	"config":      {},
	"ovsdb":       {},
	"ipam":        {},
	"hostnet":     {},
	"api/v1":      {},
	"ovn/lflow":   {"ovsdb"},
	"ovn/nb":      {"ovsdb"},
	"ovn/sb":      {"ovsdb"},
	"ovn/topo":    {"ovsdb", "ovn/nb", "ovn/sb", "ovn/lflow"},
	"ovn/feature": {"ovsdb", "ovn/nb", "ovn/sb", "ovn/topo", "ovn/lflow"},
	"ovn/program": {"ovsdb", "supervise"},
	"ovn/server":  {"ovsdb", "ovn/program"},
	"ovn/northd":  {"ovsdb", "ovn/feature", "ovn/topo", "ovn/lflow", "ovn/nb", "ovn/sb", "ovn/program", "supervise"},
	"ovn/central": {"ovsdb", "ovn/northd", "ovn/nb", "ovn/sb", "supervise"},
	"ovs":         {"ovs/vswitch", "supervise", "config"},
	"ovs/vswitch": {"ovsdb"},
	"cni":         {"hostnet", "ovs/vswitch", "api/v1", "supervise"},
	"reconcile":   {"supervise", "ovn/nb", "ovsdb"},
	"controllers": {"api/v1", "ovn/nb", "ovn/sb", "ovsdb", "ipam", "reconcile", "supervise"},
	"containerd":  {"supervise", "config"},
	"kube":        {"supervise", "config"},
	"deploy":      {"supervise"},
	"status":      {"supervise"},
	"pki":         {"supervise", "config"},
	"doctor":      {"config", "hostnet", "pki", "status", "supervise"},
	"install":     {"config", "../embedded", "../systemd"},
	"app":         {"*"},
	"cli":         {"config", "app", "doctor", "install", "pki", "status", "ovn/central", "supervise", "../embedded", "api/v1"},
}

// forbidden import prefixes of the outside world per area: pure logic does no I/O and knows no clock.
var forbidden = map[string][]string{
	"ovn/feature": {"net/http", "os", "time", "log", "log/slog", "context", "math/rand", "os/exec", "net"},
	"ovn/lflow":   {"net/http", "os", "time", "log", "log/slog", "context", "math/rand", "os/exec", "net"},
	"ovn/topo":    {"net/http", "os", "time", "log", "log/slog", "context", "math/rand", "os/exec", "net"},
	"ipam":        {"net/http", "os", "time", "log", "log/slog", "context", "os/exec", "net"},
	"ovsdb":       {"k8s.io/", "github.com/kove-io/kove/pkg/ovn"},
	"supervise":   {"k8s.io/"},
}

type pkgInfo struct {
	ImportPath, Dir, Doc string
	Imports              []string
	GoFiles              []string
}

func list(t *testing.T, patterns ...string) []pkgInfo {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Doc,Imports,GoFiles"}, patterns...)...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		var ee *exec.ExitError
		if errors.As(err, &ee) {
			t.Fatalf("go list: %v\n%s", err, ee.Stderr)
		}
		t.Fatal(err)
	}
	var ps []pkgInfo
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkgInfo
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}

// area is the longest key of allowed that the package lies in.
func area(rel string) string {
	best := ""
	for k := range allowed {
		if (rel == k || strings.HasPrefix(rel, k+"/")) && len(k) > len(best) {
			best = k
		}
	}
	return best
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range list(t, "./pkg/...") {
		rel := strings.TrimPrefix(p.ImportPath, module+"pkg/")
		from := area(rel)
		if from == "" {
			t.Errorf("pkg/%s is in no area: list what it may import in tests/rules", rel)
			continue
		}
		for _, imp := range p.Imports {
			in, ok := strings.CutPrefix(imp, module)
			if !ok || strings.HasPrefix(in, "manifests") {
				continue
			}
			to, ok := strings.CutPrefix(in, "pkg/")
			if !ok {
				to = "../" + in
			}
			if !mayImport(from, to) {
				t.Errorf("pkg/%s imports %s; %s may import only %v", rel, in, from, allowed[from])
			}
		}
	}
}

func mayImport(from, to string) bool {
	if area(to) == from {
		return true
	}
	for _, a := range allowed[from] {
		if a == "*" || a == to || area(to) == a {
			return true
		}
	}
	return false
}

func TestPureLogicDoesNoIO(t *testing.T) {
	for _, p := range list(t, "./pkg/...") {
		from := area(strings.TrimPrefix(p.ImportPath, module+"pkg/"))
		for _, imp := range p.Imports {
			for _, f := range forbidden[from] {
				if imp == f || strings.HasSuffix(f, "/") && strings.HasPrefix(imp, f) {
					t.Errorf("%s imports %s, which %s must not", p.ImportPath, imp, from)
				}
			}
		}
	}
}

// Kubernetes takes minutes to compile and a global feature gate to run: one package has it.
func TestKubernetesIsImportedByOnePackage(t *testing.T) {
	for _, p := range list(t, "./...") {
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "k8s.io/kubernetes/") && p.ImportPath != module+"pkg/kube" {
				t.Errorf("%s imports %s; only pkg/kube may", p.ImportPath, imp)
			}
		}
	}
}

// The central must build and start in seconds, the CNI shim runs for every pod, and the command line is tested in seconds.
func TestSmallBinariesLinkNoKubernetes(t *testing.T) {
	for _, cmd := range []string{"./cmd/ovn-central", "./cmd/kove-cni", "./pkg/cli"} {
		c := exec.Command("go", "list", "-deps", cmd)
		c.Dir = filepath.Join("..", "..")
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v", cmd, err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if strings.HasPrefix(dep, "k8s.io/") {
				t.Errorf("%s links %s", cmd, dep)
				break
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range list(t, "./...") {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func TestNoPackageIsNamedForNothing(t *testing.T) {
	var bad []string
	for _, p := range list(t, "./...") {
		switch filepath.Base(p.ImportPath) {
		case "util", "utils", "common", "helpers", "types", "constants", "misc":
			bad = append(bad, p.ImportPath)
		}
	}
	sort.Strings(bad)
	for _, b := range bad {
		t.Errorf("%s: name the package for its noun", b)
	}
}
