// Command kove-cni is the CNI plugin that the container runtime executes. It forwards every call to the daemon inside kove.
package main

import (
	"os"

	"github.com/containernetworking/cni/pkg/skel"

	"github.com/kove-io/kove/pkg/cni/shim"
)

func main() {
	if e := skel.PluginMainFuncsWithError(shim.Funcs(os.Stdout), shim.Versions, "kove CNI plugin"); e != nil {
		if err := e.Print(); err != nil {
			os.Stderr.WriteString(e.Error() + "\n")
		}
		os.Exit(1)
	}
}
