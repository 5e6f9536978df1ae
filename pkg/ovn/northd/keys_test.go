package northd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestKeyClash has two switches, and two ports, ask for one tunnel key: the holder keeps it, which is said once, and the
// other gets it when the holder goes.
func TestKeyClash(t *testing.T) {
	w := newWorld(t)
	w.start()
	ask := map[string]string{"requested-tnl-key": "10"}
	var ports []*nb.LogicalSwitchPort
	var switches []*nb.LogicalSwitch
	for i := range 2 {
		p := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprintf("p%d", i), Options: ask}
		q := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprintf("q%d", i), Options: ask}
		ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: fmt.Sprintf("sw%d", i), OtherConfig: ask, Ports: []ovsdb.UUID{p.UUID, q.UUID}}
		w.transact(w.nb, nb.Insert(p), nb.Insert(q), nb.Insert(ls))
		w.settle()
		ports, switches = append(ports, p), append(switches, ls)
	}
	key := func(name string) int64 {
		for _, r := range rowsOf(t, w.sb, sb.TableDatapathBinding) {
			if d := sb.NewDatapathBinding(r); d.ExternalIDs["name"] == name {
				return d.TunnelKey
			}
		}
		for _, r := range rowsOf(t, w.sb, sb.TablePortBinding) {
			if p := sb.NewPortBinding(r); p.LogicalPort == name {
				return p.TunnelKey
			}
		}
		t.Fatalf("%s is missing", name)
		return 0
	}
	if a, b := key("sw0"), key("sw1"); a != 10 || b == 10 {
		t.Errorf("switches have keys %d and %d", a, b)
	}
	if a, b := key("p0"), key("q0"); a != 10 || b == 10 {
		t.Errorf("ports have keys %d and %d", a, b)
	}
	if n := strings.Count(w.northdLogs.String(), "requested-tnl-key 10 is not granted"); n != 3 {
		t.Errorf("%d warnings, want one for each of sw1, q0 and q1: %s", n, w.northdLogs)
	}
	w.checkRestart("key clash")
	w.transact(w.nb, ovsdb.Mutate(nb.TableLogicalSwitch, switches[0].UUID, ovsdb.Mutation{Column: nb.LogicalSwitchColPorts,
		Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{ports[0].UUID}}))
	w.settle()
	if key("q0") != 10 {
		t.Errorf("the port did not get the free key but %d", key("q0"))
	}
	w.transact(w.nb, ovsdb.Delete(nb.TableLogicalSwitch, switches[0].UUID))
	w.settle()
	if key("sw1") != 10 {
		t.Errorf("the switch did not get the free key but %d", key("sw1"))
	}
	w.checkRestart("after the clash")
}

// TestKeysExhausted gives a switch more ports than VXLAN has keys for: the rest waits until one is free.
func TestKeysExhausted(t *testing.T) {
	w := newWorld(t)
	enc := &sb.Encap{UUID: ovsdb.NewUUID(), ChassisName: "hv", Type: "vxlan", IP: "192.0.2.1"}
	w.transact(w.sb, sb.Insert(enc), sb.Insert(&sb.Chassis{UUID: ovsdb.NewUUID(), Name: "hv", Encaps: []ovsdb.UUID{enc.UUID}}))
	w.start()
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw"}
	var ops []ovsdb.Op
	for i := range maxPortKeyVXLAN + 3 {
		p := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprintf("p%04d", i)}
		ls.Ports = append(ls.Ports, p.UUID)
		ops = append(ops, nb.Insert(p))
	}
	w.transact(w.nb, append(ops, nb.Insert(ls))...)
	w.settle()
	if n := len(rowsOf(t, w.sb, sb.TablePortBinding)); n != maxPortKeyVXLAN {
		t.Errorf("%d ports, want %d", n, maxPortKeyVXLAN)
	}
	if n := strings.Count(w.northdLogs.String(), "all 2047 keys"); n != 3 {
		t.Errorf("%d warnings, want 3: %.1000s", n, w.northdLogs)
	}
	for _, gone := range ls.Ports[:2] {
		w.transact(w.nb, ovsdb.Mutate(nb.TableLogicalSwitch, ls.UUID, ovsdb.Mutation{Column: nb.LogicalSwitchColPorts,
			Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{gone}}))
		w.settle()
	}
	if n := len(rowsOf(t, w.sb, sb.TablePortBinding)); n != maxPortKeyVXLAN {
		t.Errorf("%d ports after two have gone, want %d", n, maxPortKeyVXLAN)
	}
	if n := strings.Count(w.northdLogs.String(), "all 2047 keys"); n != 3 {
		t.Errorf("the shortage is said again: %d times", n)
	}
	w.checkRestart("keys exhausted")
}
