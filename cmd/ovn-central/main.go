// Command ovn-central runs OVN's northbound and southbound databases and northd in one process. Under the names ovn-northd and
// ovsdb-server it is northd alone or a database server alone, with the command lines of OVN's and Open vSwitch's own.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kove-io/kove/pkg/ovn/central/command"
	northd "github.com/kove-io/kove/pkg/ovn/northd/command"
	"github.com/kove-io/kove/pkg/ovn/server"
)

// version is set by the linker.
var version = "dev"

func main() {
	switch filepath.Base(os.Args[0]) {
	case northd.Program:
		os.Exit(northd.Run(os.Args[1:], version, os.Stdout, os.Stderr))
	case server.Program:
		os.Exit(server.Run(os.Args[1:], version, os.Stdout, os.Stderr))
	}
	if err := command.New(version).Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "ovn-central:", err)
		os.Exit(1)
	}
}
