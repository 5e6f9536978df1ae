package northd

import (
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestNexthopRows has a symmetric route to a next hop and one to what is on the link, at which stock's northd ends: there is a row
// for the former, and none for the latter.
func TestNexthopRows(t *testing.T) {
	w := newWorld(t)
	w.start()
	port := &nb.LogicalRouterPort{UUID: ovsdb.NewUUID(), Name: "p", MAC: "0a:00:00:00:00:01", Networks: []string{"10.0.0.1/24"}}
	symmetric := map[string]string{"ecmp_symmetric_reply": "true"}
	hop := &nb.LogicalRouterStaticRoute{UUID: ovsdb.NewUUID(), IPPrefix: "192.168.0.0/24", Nexthop: "10.0.0.9", Options: symmetric}
	link := &nb.LogicalRouterStaticRoute{UUID: ovsdb.NewUUID(), IPPrefix: "192.168.5.0/24", OutputPort: &port.Name, Options: symmetric}
	for id := range rowsOf(t, w.nb, nb.TableNBGlobal) {
		w.transact(w.nb, ovsdb.Mutate(nb.TableNBGlobal, id, ovsdb.Mutation{Column: nb.NBGlobalColOptions, Mutator: ovsdb.MutInsert,
			Value: stringMap(map[string]string{"ecmp_nexthop_monitor_enable": "true"})}))
	}
	w.transact(w.nb, nb.Insert(port), nb.Insert(hop), nb.Insert(link),
		nb.Insert(&nb.LogicalRouter{UUID: ovsdb.NewUUID(), Name: "g", Options: map[string]string{"chassis": "hv1"},
			Ports: []ovsdb.UUID{port.UUID}, StaticRoutes: []ovsdb.UUID{hop.UUID, link.UUID}}))
	w.settle()
	rows := rowsOf(t, w.sb, sb.TableECMPNexthop)
	for _, r := range rows {
		if n := sb.NewECMPNexthop(r); n.Nexthop != "10.0.0.9" {
			t.Errorf("a row for next hop %q", n.Nexthop)
		}
	}
	if len(rows) != 1 {
		t.Errorf("%d rows, want one", len(rows))
	}
	w.checkRestart("next hops")
}
