package topo

import (
	"cmp"
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
	ClassUnknown // has "unknown" among its addresses, enabled or not
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
	byClass      *index[classKey]
	pgsOf        *index[ovsdb.UUID]       // Logical_Switch → Port_Groups with a port in it
	swsOf        *index[ovsdb.UUID]       // Port_Group → Logical_Switches that it has a port in
	others       *Input[ovsdb.UUID, bool] // Logical_Switch → it has ports of other types than router
	otherCount   map[ovsdb.UUID]int
	pgCount      map[[2]ovsdb.UUID]int
	places       map[ovsdb.UUID]place
	routerPlaces map[ovsdb.UUID]Place
}

type place struct {
	Place
	class Class
	pgs   []ovsdb.UUID
}

func (m *members) init(g *graph) {
	m.byClass = newIndex[classKey](g)
	m.pgsOf = newIndex[ovsdb.UUID](g)
	m.swsOf = newIndex[ovsdb.UUID](g)
	m.others = newInput[ovsdb.UUID, bool](g)
	m.otherCount = map[ovsdb.UUID]int{}
	m.pgCount = map[[2]ovsdb.UUID]int{}
	m.places = map[ovsdb.UUID]place{}
	m.routerPlaces = map[ovsdb.UUID]Place{}
}

func (t *Topo) affected(lsp ovsdb.UUID)       { t.portsAffected[lsp] = struct{}{} }
func (t *Topo) routerAffected(lrp ovsdb.UUID) { t.routerPortsAffected[lrp] = struct{}{} }

// Place says where a port is: the allocator's input.
type Place struct {
	Name      string
	Datapath  ovsdb.UUID // Logical_Switch or Logical_Router; zero when it is nowhere
	Router    bool
	Variant   Variant
	Requested int64 // options:requested-tnl-key
}

// Variant is what makes a port another one to the chassis that has it, although name and switch stay: stock deletes its
// Port_Binding and makes a new one, which is bound nowhere.
type Variant string

const (
	// Nested is a VIF behind another one, by its VLAN tag.
	Nested Variant = "nested"
	// Virtual is a port of the type virtual.
	Virtual Variant = "virtual"
)

// VariantOf is that of a port of a type of Logical_Switch_Port or Port_Binding, "" for most.
func VariantOf(portType string, hasParent bool) Variant {
	switch {
	case portType == "virtual":
		return Virtual
	case portType == "" && hasParent:
		return Nested
	}
	return ""
}

// Placed is a port that came, went or moved.
type Placed struct {
	ID       ovsdb.UUID
	Old, New Place
}

// Placements takes note of where ports are now and returns what changed since the last call, in the order of names. It has
// to be called after Apply, before Settle; the caller gives the new ports their keys in between.
func (t *Topo) Placements() []Placed {
	var out []Placed
	for id := range t.portsAffected {
		old := t.members.places[id]
		new := t.place(id)
		if new.Datapath.IsZero() {
			delete(t.members.places, id)
		} else {
			t.members.places[id] = new
		}
		t.members.move(id, old, new)
		if old.Place != new.Place {
			out = append(out, Placed{id, old.Place, new.Place})
		}
	}
	clear(t.portsAffected)
	for id := range t.routerPortsAffected {
		old, new := t.members.routerPlaces[id], Place{}
		if row, lrs := t.LogicalRouterPort.peek(id), t.routerOf.peek(id); row != nil && len(lrs) > 0 && usable(row) {
			new = Place{Name: row.Name, Datapath: lrs[0], Router: true, Requested: Long(row.Options["requested-tnl-key"], 0)}
			t.members.routerPlaces[id] = new
		} else {
			delete(t.members.routerPlaces, id)
		}
		if old != new {
			out = append(out, Placed{id, old, new})
		}
	}
	clear(t.routerPortsAffected)
	slices.SortFunc(out, func(a, b Placed) int {
		return cmp.Or(cmp.Compare(a.New.Name, b.New.Name), cmp.Compare(a.Old.Name, b.Old.Name), a.ID.Compare(b.ID))
	})
	return out
}

func (t *Topo) place(id ovsdb.UUID) place {
	row, sws := t.LogicalSwitchPort.peek(id), t.switchOf.peek(id)
	if row == nil || len(sws) == 0 {
		return place{}
	}
	return place{
		Place: Place{Name: row.Name, Datapath: sws[0], Variant: VariantOf(row.Type, row.ParentName != nil), Requested: Long(row.Options["requested-tnl-key"], 0)},
		class: classOf(row), pgs: t.pgOf.peek(id),
	}
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
	if slices.Contains(r.Addresses, "unknown") {
		c |= ClassUnknown
	}
	for _, a := range r.Addresses {
		if IsDynamic(a) {
			c |= ClassDynamic
		}
	}
	if o := PlainWords(r.Options); o["mcast_flood"] == "true" || o["mcast_flood_reports"] == "true" {
		c |= ClassMulticast
	}
	return c
}

func (m *members) move(port ovsdb.UUID, old, new place) {
	for i := range numClasses {
		c := Class(1) << i
		was, is := !old.Datapath.IsZero() && old.class&c != 0, !new.Datapath.IsZero() && new.class&c != 0
		if was && is && old.Datapath == new.Datapath {
			continue
		}
		if was {
			m.byClass.del(classKey{old.Datapath, c}, port)
		}
		if is {
			m.byClass.add(classKey{new.Datapath, c}, port)
		}
	}
	if !new.Datapath.IsZero() && new.class&ClassRouter == 0 {
		m.otherCount[new.Datapath]++
		m.others.put(new.Datapath, true)
	}
	if !old.Datapath.IsZero() && old.class&ClassRouter == 0 {
		if m.otherCount[old.Datapath]--; m.otherCount[old.Datapath] == 0 {
			delete(m.otherCount, old.Datapath)
			m.others.remove(old.Datapath)
		}
	}
	for _, pg := range new.pgs {
		k := [2]ovsdb.UUID{pg, new.Datapath}
		if m.pgCount[k]++; m.pgCount[k] == 1 {
			m.pgsOf.add(new.Datapath, pg)
			m.swsOf.add(pg, new.Datapath)
		}
	}
	for _, pg := range old.pgs {
		k := [2]ovsdb.UUID{pg, old.Datapath}
		if m.pgCount[k]--; m.pgCount[k] == 0 {
			delete(m.pgCount, k)
			m.pgsOf.del(old.Datapath, pg)
			m.swsOf.del(pg, old.Datapath)
		}
	}
}
