// Command ovn-central runs OVN's northbound and southbound databases and northd in one process.
package main

import (
	"fmt"
	"os"

	"github.com/kove-io/kove/pkg/ovn/central/command"
)

// version is set by the linker.
var version = "dev"

func main() {
	if err := command.New(version).Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "ovn-central:", err)
		os.Exit(1)
	}
}
