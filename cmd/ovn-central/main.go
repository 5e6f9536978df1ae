// Command ovn-central runs OVN's northbound and southbound databases and northd in one process. Under the name ovn-northd it
// is northd alone, with the command line of OVN's own.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kove-io/kove/pkg/ovn/central/command"
	northd "github.com/kove-io/kove/pkg/ovn/northd/command"
)

// version is set by the linker.
var version = "dev"

func main() {
	if filepath.Base(os.Args[0]) == northd.Program {
		os.Exit(northd.Run(os.Args[1:], version, os.Stdout, os.Stderr))
	}
	if err := command.New(version).Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "ovn-central:", err)
		os.Exit(1)
	}
}
