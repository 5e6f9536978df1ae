package doctor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write docs/doctor.md instead of comparing it")

// hosts are the cases of tests/doctor, by the explanation's id.
func hosts(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "tests", "doctor", "testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in tests/doctor: %v", err)
	}
	out := map[string][]string{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(a.Comment)) {
			want, ok := strings.CutPrefix(line, "want:")
			if !ok {
				continue
			}
			for _, w := range strings.Split(want, ",") {
				_, id, _ := strings.Cut(strings.TrimSpace(w), " ")
				_, e := Explain(id)
				if len(e) != 1 {
					t.Errorf("%s wants %s, which nothing explains", file, id)
					continue
				}
				out[e[0].ID] = append(out[e[0].ID], strings.TrimSuffix(filepath.Base(file), ".txtar"))
			}
		}
	}
	return out
}

// reference is docs/doctor.md.
func reference(t *testing.T) string {
	machines, lab := covered(t), hosts(t)
	var b strings.Builder
	b.WriteString("<!-- Generated from the checks by `go generate ./pkg/doctor`; do not edit. -->\n\n# kove doctor\n\n")
	b.WriteString("`kove doctor` examines a machine and changes nothing: before anything is installed, and where kove runs. `kove server` and `kove agent` run\n" +
		"the checks marked *at start* themselves and refuse with the same findings. [troubleshooting.md](troubleshooting.md) begins with symptoms.\n\n```\n" +
		"kove doctor                                                            may this machine be a server?\n" +
		"kove doctor --server https://HOST:6443 --token-file FILE                may it join?\n" +
		"kove doctor --role gateway --nic eth1                                  may eth1 be the NIC for the external network?\n" +
		"kove doctor --role server --role vm-host -o json                       for programs\n" +
		"kove doctor list; kove doctor explain ID                               this page\n```\n\n" +
		"| exit status | meaning |\n| --- | --- |\n| 0 | nothing fatal was found; there may be warnings and notes |\n| 1 | the examination itself failed |\n" +
		"| 2 | a flag or argument is wrong |\n| 3 | something fatal was found: kove would not start or not work |\n\n" +
		"Severities: **fatal** keeps kove from working, **warning** means that something will be missing, slow or in danger, **note** needs nothing done.\n" +
		"The JSON of `-o json` is described by [doctor.schema.json](doctor.schema.json).\n\n## Checks\n\n| check | looks at | roles | at start |\n| --- | --- | --- | --- |\n")
	for _, c := range Checks() {
		var roles []string
		for _, r := range c.Roles {
			roles = append(roles, string(r))
		}
		start := ""
		if c.Start {
			start = "yes"
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", c.Name, c.Name, c.About, strings.Join(roles, ", "), start)
	}
	b.WriteString("\nChecks for servers and agents also run for gateways and hosts of virtual machines, which are one or the other.\n\n## Findings\n")
	for _, c := range Checks() {
		fmt.Fprintf(&b, "\n### %s\n\nLooks at %s.", c.Name, c.About)
		if c.Bare {
			b.WriteString(" Skipped where kove runs.")
		}
		b.WriteString("\n")
		for _, e := range c.Finds {
			fmt.Fprintf(&b, "\n**`%s`** (%s)  \n%s\n", e.ID, e.Severity, e.Text)
		}
	}
	b.WriteString("\n## How each finding is tested\n\nEvery finding has a machine in `pkg/doctor/testdata/bad` that has it and nothing that does not follow from it, and every kind of machine one in `pkg/doctor/testdata/good` that has\n" +
		"nothing fatal. *Constructed* machines were written down, *captured* ones are what a real machine said. Findings that a host made of namespaces can have\n" +
		"are also found there by the real program (`tests/doctor`, part of `make test`); the others need other hardware, another kernel or another clock.\n\n" +
		"| finding | machine | host |\n| --- | --- | --- |\n")
	for _, c := range Checks() {
		for _, e := range c.Finds {
			var names []string
			for _, f := range machines[e.ID] {
				if name := f.name + " (" + f.origin + ")"; !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.ID, strings.Join(names, ", "), strings.Join(lab[e.ID], ", "))
		}
	}
	b.WriteString("\nGood machines:\n\n")
	for _, f := range fixtures(t, "good") {
		found := "nothing is found"
		if len(f.want) > 0 {
			found = "found: " + strings.Join(f.want, ", ")
		}
		fmt.Fprintf(&b, "- %s (%s): %s\n", f.name, f.origin, found)
	}
	return b.String()
}

func TestDocsAreCurrent(t *testing.T) {
	path, want := filepath.Join("..", "..", "docs", "doctor.md"), reference(t)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("docs/doctor.md is not what the checks say (%v): run go generate ./pkg/doctor", err)
	}
}
