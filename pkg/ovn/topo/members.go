package topo

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Class is what makes a port of interest to its whole switch. A plain port has none, so that it comes and goes without the
// switch noticing.
type Class uint16

// The classes; a port may have several.
const (
	ClassRouter Class = 1 << iota
	ClassLocalnet
	ClassUnknown // has "unknown" among its addresses and is enabled
	ClassVTEP
	ClassL2Gateway
	ClassExternal
	ClassVirtual
	ClassDynamic   // wants an address from the switch's IPAM
	ClassMulticast // mcast_flood, mcast_flood_reports
	numClasses     = iota
)

type classKey struct {
	sw    ovsdb.UUID
	class Class
}

// members knows which ports of a switch have which class, and which port groups have ports in which switch, at a cost per
// changed port.
type members struct {
	byClass *index[classKey]
	pgsOf   *index[ovsdb.UUID] // Logical_Switch → Port_Groups with a port in it
	swsOf   *index[ovsdb.UUID] // Port_Group → Logical_Switches that it has a port in
	pgCount map[[2]ovsdb.UUID]int
	places  map[ovsdb.UUID]place
}

type place struct {
	sw    ovsdb.UUID
	class Class
	pgs   []ovsdb.UUID
}

func (m *members) init(g *graph) {
	m.byClass = newIndex[classKey](g)
	m.pgsOf = newIndex[ovsdb.UUID](g)
	m.swsOf = newIndex[ovsdb.UUID](g)
	m.pgCount = map[[2]ovsdb.UUID]int{}
	m.places = map[ovsdb.UUID]place{}
}

func (t *Topo) affected(lsp ovsdb.UUID) { t.portsAffected[lsp] = struct{}{} }

func (t *Topo) settleMembers() {
	for id := range t.portsAffected {
		old := t.members.places[id]
		new := t.place(id)
		if new.sw.IsZero() {
			delete(t.members.places, id)
		} else {
			t.members.places[id] = new
		}
		t.members.move(id, old, new)
	}
	clear(t.portsAffected)
}

func (t *Topo) place(id ovsdb.UUID) place {
	row, sws := t.LogicalSwitchPort.peek(id), t.switchOf.peek(id)
	if row == nil || len(sws) == 0 {
		return place{}
	}
	return place{sw: sws[0], class: classOf(row), pgs: t.pgOf.peek(id)}
}

func classOf(r *nb.LogicalSwitchPort) Class {
	var c Class
	switch r.Type {
	case "router":
		c |= ClassRouter
	case "localnet":
		c |= ClassLocalnet
	case "vtep":
		c |= ClassVTEP
	case "l2gateway":
		c |= ClassL2Gateway
	case "external":
		c |= ClassExternal
	case "virtual":
		c |= ClassVirtual
	}
	if r.Enabled == nil || *r.Enabled {
		if slices.Contains(r.Addresses, "unknown") {
			c |= ClassUnknown
		}
	}
	for _, a := range r.Addresses {
		if isDynamic(a) {
			c |= ClassDynamic
		}
	}
	if r.Options["mcast_flood"] == "true" || r.Options["mcast_flood_reports"] == "true" {
		c |= ClassMulticast
	}
	return c
}

func (m *members) move(port ovsdb.UUID, old, new place) {
	for i := range numClasses {
		c := Class(1) << i
		was, is := !old.sw.IsZero() && old.class&c != 0, !new.sw.IsZero() && new.class&c != 0
		if was && is && old.sw == new.sw {
			continue
		}
		if was {
			m.byClass.del(classKey{old.sw, c}, port)
		}
		if is {
			m.byClass.add(classKey{new.sw, c}, port)
		}
	}
	for _, pg := range new.pgs {
		k := [2]ovsdb.UUID{pg, new.sw}
		if m.pgCount[k]++; m.pgCount[k] == 1 {
			m.pgsOf.add(new.sw, pg)
			m.swsOf.add(pg, new.sw)
		}
	}
	for _, pg := range old.pgs {
		k := [2]ovsdb.UUID{pg, old.sw}
		if m.pgCount[k]--; m.pgCount[k] == 0 {
			delete(m.pgCount, k)
			m.pgsOf.del(old.sw, pg)
			m.swsOf.del(pg, old.sw)
		}
	}
}
