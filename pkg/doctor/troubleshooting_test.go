package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/troubleshooting.md names has to exist.
func TestTroubleshootingNamesWhatIs(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, pattern := range []string{"../../tests/e2e/*_test.go", "../../pkg/cli/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			code, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(code)
		}
	}
	checks := map[string]bool{}
	for _, c := range Checks() {
		checks[c.Name] = true
		for _, e := range c.Finds {
			name, _, _ := strings.Cut(e.ID, "/")
			checks[name] = true
		}
	}
	found := 0
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(string(data), -1) {
		word := m[1]
		name, detail, slash := strings.Cut(word, "/")
		switch {
		case strings.HasPrefix(word, "Test"):
			found++
			if !strings.Contains(tests.String(), "func "+word+"(") {
				t.Errorf("there is no test %s", word)
			}
		case slash && checks[name] && detail != "*":
			found++
			if _, e := Explain(word); len(e) != 1 {
				t.Errorf("there is no finding %s", word)
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d findings and tests are named: is the page still as it was?", found)
	}
	lab := map[string]bool{}
	for _, names := range hosts(t) {
		for _, name := range names {
			lab[name] = true
		}
	}
	for _, m := range regexp.MustCompile("hosts? (`[^;|]+)").FindAllStringSubmatch(string(data), -1) {
		for _, w := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[1], -1) {
			if name := w[1]; !strings.HasSuffix(name, "*") && !lab[name] {
				t.Errorf("there is no host %s in tests/doctor", name)
			}
		}
	}
}
