package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/config"
)

var update = flag.Bool("update", false, "write the documentation instead of comparing it")

func TestDocsAreCurrent(t *testing.T) {
	for name, want := range map[string]string{"cli.md": Reference(), "configuration.md": ConfigReference()} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("docs/%s is not what the flags say (%v): run go generate ./pkg/cli", name, err)
		}
	}
}

func TestDocsNameEverything(t *testing.T) {
	reference, configuration := Reference(), ConfigReference()
	_, words := New(Actions{}).words()
	for path, names := range words {
		for _, n := range names {
			if n != "help" && n != "--help" && path != "completion" && !strings.Contains(reference, n) {
				t.Errorf("docs/cli.md lacks %s %s", path, n)
			}
		}
	}
	for _, o := range config.Options(config.Default(config.Server)) {
		if !strings.Contains(configuration, "`"+o.Name+"`") {
			t.Errorf("docs/configuration.md lacks %s", o.Name)
		}
	}
}
