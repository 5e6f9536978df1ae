package northd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Who gets which tunnel key: those that ask for one come first, then those that have one keep it.

// waiting is a port or a datapath that did not get all that it wants. It is looked at again when others come, go or move.
type waiting struct {
	port topo.Placed // its ID is zero for a datapath
	why  string
}

// wait notes that something is not as it should be, and says so once.
func (e *engine) wait(id ovsdb.UUID, port topo.Placed, why, name string) {
	if why == "" {
		delete(e.waiting, id)
		return
	}
	if e.waiting[id].why != why {
		e.log.Warn("allocating key", "component", "northd", "of", name, "err", why)
	}
	e.waiting[id] = waiting{port, why}
}

// allocateDatapaths reports whether there was something to do.
func (e *engine) allocateDatapaths() bool {
	if len(e.changedDP) == 0 {
		return false
	}
	ids := slices.Collect(maps.Keys(e.changedDP))
	for id, w := range e.waiting {
		if _, ok := e.changedDP[id]; !ok && w.port.ID.IsZero() {
			ids = append(ids, id)
		}
	}
	clear(e.changedDP)
	// Those that ask for a key come first, then by kind and name, so that keys do not depend on UUIDs.
	slices.SortFunc(ids, func(a, b ovsdb.UUID) int { return compareDatapaths(e.datapaths[a], e.datapaths[b], a, b) })
	for _, id := range ids {
		if e.datapaths[id] == nil {
			if k := e.alloc.dp[id]; k != nil {
				e.cleanupDatapath(k)
			}
			e.alloc.freeDatapath(id)
			e.topo.SetDatapathKey(id, nil)
			delete(e.waiting, id)
		}
	}
	for i := 0; i < len(ids); i++ {
		id := ids[i]
		d := e.datapaths[id]
		if d == nil {
			continue
		}
		var old int64
		if has := e.alloc.dp[id]; has != nil {
			old = has.Key
		}
		k, evicted, unmet, err := e.alloc.datapath(id, d.requested)
		if err != nil {
			e.wait(id, topo.Placed{}, err.Error(), d.name)
			continue
		}
		e.wait(id, topo.Placed{}, because(unmet, d.requested), d.name)
		if evicted != nil && *evicted != id {
			ids = append(ids, *evicted)
			e.cleanupFDBs(k.Key)
		}
		if old != 0 && old != k.Key {
			e.cleanupFDBs(old)
		}
		e.topo.SetDatapathKey(id, k)
	}
	return true
}

func because(unmet string, requested int64) string {
	if unmet == "" {
		return ""
	}
	return fmt.Sprintf("requested-tnl-key %d is not granted: %s", requested, unmet)
}

func compareDatapaths(a, b *datapathState, ida, idb ovsdb.UUID) int {
	switch {
	case a == nil || b == nil:
		if (a == nil) != (b == nil) {
			if a == nil {
				return -1
			}
			return 1
		}
	case (a.requested > 0) != (b.requested > 0):
		if a.requested > 0 {
			return -1
		}
		return 1
	case a.router != b.router:
		if b.router {
			return -1
		}
		return 1
	case a.name != b.name:
		if a.name < b.name {
			return -1
		}
		return 1
	}
	return ida.Compare(idb)
}

// allocatePorts gives keys to the ports that have been placed and, if others changed too, to those that wait.
func (e *engine) allocatePorts(placed []topo.Placed, others bool) {
	former := map[string]*portAlloc{} // what ports that become another variant had
	for _, p := range placed {
		delete(e.waiting, p.ID)
		switch {
		case p.Old.Name == "":
		case p.New.Name != p.Old.Name || p.New.Datapath != p.Old.Datapath:
			e.freePort(p.Old.Name, p.ID, p.New.Name == p.Old.Name)
		case p.New.Variant != p.Old.Variant:
			if old := e.alloc.port[p.Old.Name]; e.alloc.freePort(p.Old.Name, p.ID) {
				// As with stock, it has its key again if that was the highest of its switch; what was learned under it stays then.
				e.freeRedirect("cr-"+p.Old.Name, p.ID)
				e.alloc.space(p.New.Datapath).recede()
				former[p.New.Name] = old
			}
		}
	}
	slices.SortStableFunc(placed, func(a, b topo.Placed) int {
		switch {
		case (a.New.Requested != 0) == (b.New.Requested != 0):
			return 0
		case a.New.Requested != 0:
			return -1
		}
		return 1
	})
	for _, p := range placed {
		if !p.New.Datapath.IsZero() {
			e.allocatePort(p)
		}
	}
	for name, old := range former {
		if a, dp := e.alloc.port[name], e.alloc.dp[old.dp]; dp != nil && (a == nil || a.Key != old.Key) {
			e.cleanupFDB(dp, old.Key)
		}
	}
	if len(placed) == 0 && !others {
		return
	}
	var again []topo.Placed
	for _, w := range e.waiting {
		if !w.port.ID.IsZero() && !slices.ContainsFunc(placed, func(p topo.Placed) bool { return p.ID == w.port.ID }) {
			again = append(again, w.port)
		}
	}
	slices.SortFunc(again, func(a, b topo.Placed) int {
		return cmp.Or(cmp.Compare(a.New.Name, b.New.Name), a.ID.Compare(b.ID))
	})
	for _, p := range again {
		e.allocatePort(p)
	}
}

func (e *engine) allocatePort(p topo.Placed) {
	var old portAlloc
	if a := e.alloc.port[p.New.Name]; a != nil {
		old = *a
	}
	k, evicted, unmet, err := e.alloc.portKey(p.New.Name, p.New.Datapath, p.ID, p.New.Variant, p.New.Requested)
	if err != nil {
		e.wait(p.ID, p, err.Error(), p.New.Name)
		return
	}
	e.wait(p.ID, p, because(unmet, p.New.Requested), p.New.Name)
	e.topo.SetPortKey(p.New.Name, k)
	if dp := e.alloc.dp[old.dp]; dp != nil && old.dp == p.New.Datapath && old.Key != 0 && old.Key != k.Key {
		// What chassis learned under the key that it had leads nowhere.
		e.cleanupFDB(dp, old.Key)
	}
	if evicted == "" {
		return
	}
	// One that is still to come gets its key then.
	if a := e.alloc.port[evicted]; a != nil && !a.Owner.IsZero() {
		k, _, _, err := e.alloc.portKey(evicted, a.dp, a.Owner, a.variant, 0)
		if err != nil {
			e.log.Error("allocating key", "component", "northd", "of", evicted, "err", err)
		}
		e.topo.SetPortKey(evicted, k)
	}
}
