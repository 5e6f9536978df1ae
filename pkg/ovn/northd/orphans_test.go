package northd

import (
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestOrphans has learned rows about ports and datapaths that do not exist, at the start and later, beside good ones.
func TestOrphans(t *testing.T) {
	w := newWorld(t)
	lsp := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: "p", Addresses: []string{"unknown"}}
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw", Ports: []ovsdb.UUID{lsp.UUID}}
	lrp := &nb.LogicalRouterPort{UUID: ovsdb.NewUUID(), Name: "lr-p", MAC: "0a:00:00:00:00:01", Networks: []string{"10.0.0.254/24"}}
	lr := &nb.LogicalRouter{UUID: ovsdb.NewUUID(), Name: "lr", Ports: []ovsdb.UUID{lrp.UUID}}
	w.transact(w.nb, nb.Insert(lsp), nb.Insert(ls), nb.Insert(lrp), nb.Insert(lr))
	w.start()
	key := map[string]int64{}
	id := map[string]ovsdb.UUID{}
	for _, r := range rowsOf(t, w.sb, sb.TableDatapathBinding) {
		d := sb.NewDatapathBinding(r)
		key[d.ExternalIDs["name"]], id[d.ExternalIDs["name"]] = d.TunnelKey, d.UUID
	}
	for _, r := range rowsOf(t, w.sb, sb.TablePortBinding) {
		p := sb.NewPortBinding(r)
		id[p.LogicalPort] = p.UUID
	}
	bindings := func(ip string, dp, port string) ovsdb.Op {
		return sb.Insert(&sb.MACBinding{UUID: ovsdb.NewUUID(), LogicalPort: port, IP: ip, MAC: "0a:00:00:00:00:02", Datapath: id[dp]})
	}
	fdb := func(mac string, dp, port int64) ovsdb.Op {
		return sb.Insert(&sb.FDB{UUID: ovsdb.NewUUID(), MAC: mac, DPKey: dp, PortKey: port})
	}
	insert := func() {
		w.transact(w.sb,
			bindings("10.0.0.1", "lr", "gone"), bindings("10.0.0.2", "sw", "p"), bindings("10.0.0.3", "lr", "p"), bindings("10.0.0.4", "sw", "lr-p"),
			fdb("0a:00:00:00:01:01", key["sw"], 99), fdb("0a:00:00:00:01:02", 99, 1), fdb("0a:00:00:00:01:03", key["lr"], 1),
			sb.Insert(&sb.LearnedRoute{UUID: ovsdb.NewUUID(), Datapath: id["lr"], LogicalPort: id["p"], IPPrefix: "10.9.0.0/16", Nexthop: "10.0.0.9"}))
	}
	check := func(when string) {
		t.Helper()
		for table, want := range map[string]int{sb.TableMACBinding: 1, sb.TableFDB: 1, sb.TableLearnedRoute: 1} {
			if rows := rowsOf(t, w.sb, table); len(rows) != want {
				t.Errorf("%s: %d rows in %s, want %d: %v", when, len(rows), table, want, rows)
			}
		}
	}
	w.transact(w.sb, bindings("10.0.0.9", "lr", "lr-p"), fdb("0a:00:00:00:00:09", key["sw"], 1),
		sb.Insert(&sb.LearnedRoute{UUID: ovsdb.NewUUID(), Datapath: id["lr"], LogicalPort: id["lr-p"], IPPrefix: "10.8.0.0/16", Nexthop: "10.0.0.9"}))
	insert()
	w.start()
	check("after a start")
	insert()
	if err := w.s.removeOrphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("later")
	if w.s.e.freed {
		t.Error("orphans are still looked for")
	}
	w.transact(w.nb, ovsdb.Delete(nb.TableLogicalSwitch, ls.UUID))
	w.settle()
	if !w.s.e.freed {
		t.Error("nobody will look for orphans of the switch")
	}
}
