package feature

import (
	"slices"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestFirstRuleHasTheAddress: of several NAT rules for one external address, on whatever gateway ports, the first in the
// order of UUIDs says whose MAC the address has. Golden scenarios cannot tell: stock gives their rows random UUIDs.
func TestFirstRuleHasTheAddress(t *testing.T) {
	r := testRouter(nil)
	for _, p := range r.Ports {
		p.Row.GatewayChassis = []ovsdb.UUID{{1}}
	}
	r.Gateways = r.Ports
	vm, mac := "vm", "0a:00:00:00:00:50"
	for _, n := range []struct {
		ext, logical string
		port         *topo.RouterPortFacts
		mac          *string
	}{
		{"10.0.1.50", "192.168.0.1", r.Ports[0], &mac}, {"10.0.1.50", "192.168.0.2", r.Ports[0], nil}, {"10.0.1.50", "192.168.0.3", r.Ports[1], nil},
		{"10.0.1.51", "192.168.0.4", r.Ports[1], nil}, {"10.0.1.51", "192.168.0.5", r.Ports[0], &mac},
	} {
		row := &topo.NAT{NAT: &nb.NAT{Type: "dnat_and_snat", ExternalIP: n.ext, LogicalIP: n.logical, ExternalMAC: n.mac}, GatewayPort: n.port}
		if n.mac != nil {
			row.NAT.LogicalPort, row.MAC = &vm, *n.mac
		}
		for text, to := range map[string]*topo.Network{n.ext: &row.External, n.logical: &row.Logical} {
			var err error
			if *to, err = topo.ParseNetwork(text); err != nil {
				t.Fatal(err)
			}
		}
		r.NATs = append(r.NATs, row)
	}
	want := []string{
		`100 outport == "a" && reg0 == 10.0.1.50 → eth.dst = 0a:00:00:00:00:50; next;`,
		`100 outport == "b" && reg0 == 10.0.1.51 → eth.dst = 0a:00:00:00:00:02; next;`,
		`150 inport == "a" && outport == "a" && ip4.dst == 10.0.1.50 → drop;`,
		`150 inport == "b" && outport == "b" && ip4.dst == 10.0.1.51 → drop;`,
	}
	if got := flowsOf(nat(), r, lflow.RouterInARPResolve, -1); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
