package install

import (
	"fmt"
	"os"
	"testing"

	"github.com/kove-io/kove/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "install: needs root for namespaces")
		os.Exit(1)
	}
	code := m.Run()
	for _, dir := range []string{site.releases, made.dir} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}
