package e2e

import (
	"strings"
	"testing"
)

// The doctor finds nothing fatal on nodes that work, and refuses their own NICs for the external network.
func TestDoctorOnRunningNodes(t *testing.T) {
	f := sharedCluster(t)
	for _, n := range f.nodes {
		if out, err := f.kove(n, "", "doctor"); err != nil || !strings.Contains(out, "where kove runs") {
			t.Errorf("%s: %v\n%s", n.Name, err, out)
		}
		if out, err := f.kove(n, "", "doctor", "--role", "gateway", "--nic", "eth0"); err == nil || !strings.Contains(out, "gateway/address") {
			t.Errorf("%s: eth0 with the node's address: %v\n%s", n.Name, err, out)
		}
	}
}
