package northd

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Tunnel keys of multicast groups that chassis learned; those below are fixed (mcKeys).
const (
	minGroupKey = 32773
	maxGroupKey = 1<<16 - 1
)

// mrouters is what an IGMP_Group has for an address if it lists the ports that lead to multicast routers.
const mrouters = "mrouters"

// multicast is what chassis learned, and the keys of the groups that follow from it.
type multicast struct {
	rows     map[ovsdb.UUID]*sb.IGMPGroup
	portName map[ovsdb.UUID]string   // Port_Binding → logical port
	touched  map[ovsdb.UUID]struct{} // Datapath_Bindings with rows that changed
	stale    map[ovsdb.UUID]struct{} // rows that nobody stands for

	spaces map[ovsdb.UUID]*keySpace        // by Logical_Switch or Logical_Router; key 1 is minGroupKey
	keys   map[ovsdb.UUID]map[string]int64 // group → tunnel key
}

func newMulticast() multicast {
	return multicast{rows: map[ovsdb.UUID]*sb.IGMPGroup{}, portName: map[ovsdb.UUID]string{}, touched: map[ovsdb.UUID]struct{}{},
		stale: map[ovsdb.UUID]struct{}{}, spaces: map[ovsdb.UUID]*keySpace{}, keys: map[ovsdb.UUID]map[string]int64{}}
}

func (m *multicast) apply(c ovsdb.Change) {
	if c.Old != nil {
		m.touch(m.rows[c.Old.UUID])
	}
	put(m.rows, c, sb.NewIGMPGroup)
	if c.New == nil {
		delete(m.stale, c.Old.UUID)
		return
	}
	r := m.rows[c.New.UUID]
	m.touch(r)
	// What a chassis left behind when it went.
	if r.Chassis == nil || r.Datapath == nil {
		m.stale[r.UUID] = struct{}{}
	} else {
		delete(m.stale, r.UUID)
	}
}

// applyPort notes the name of a port. The database takes a port that goes out of the groups.
func (m *multicast) applyPort(c ovsdb.Change, name string) {
	switch {
	case c.New == nil:
		delete(m.portName, c.Old.UUID)
	case c.Old == nil:
		m.portName[c.New.UUID] = name
	}
}

func (m *multicast) touch(r *sb.IGMPGroup) {
	if r != nil && r.Datapath != nil {
		m.touched[*r.Datapath] = struct{}{}
	}
}

// settleIGMP tells topo what changed, and lists the rows to remove.
func (e *engine) settleIGMP() []ovsdb.Op {
	m := &e.mcast
	if len(m.touched) == 0 && len(m.stale) == 0 {
		return nil
	}
	learned := map[ovsdb.UUID]*topo.IGMP{}
	for _, r := range m.rows {
		if r.Datapath == nil || r.Chassis == nil {
			continue
		}
		if _, touched := m.touched[*r.Datapath]; !touched {
			continue
		}
		g := learned[*r.Datapath]
		if g == nil {
			g = &topo.IGMP{Groups: map[string][]string{}}
			learned[*r.Datapath] = g
		}
		for _, p := range r.Ports {
			if name := m.portName[p]; name == "" {
				continue
			} else if r.Address == mrouters {
				g.Mrouter = append(g.Mrouter, name)
			} else {
				g.Groups[r.Address] = append(g.Groups[r.Address], name)
			}
		}
	}
	for dp := range m.touched {
		if g := learned[dp]; g != nil {
			g.Mrouter = ovsdb.Set(g.Mrouter...)
			for a, ports := range g.Groups {
				g.Groups[a] = ovsdb.Set(ports...)
			}
		}
		e.topo.SetIGMP(dp, learned[dp])
	}
	clear(m.touched)
	var ops []ovsdb.Op
	for id := range m.stale {
		ops = append(ops, ovsdb.Delete(sb.TableIGMPGroup, id))
	}
	clear(m.stale)
	return ops
}

// loadGroup takes the key of a group that is in the database at start.
func (m *multicast) loadGroup(dp ovsdb.UUID, name string, key int64) {
	if key >= minGroupKey && key <= maxGroupKey && m.space(dp).take(key-minGroupKey+1, name) {
		m.of(dp)[name] = key
	}
}

func (m *multicast) space(dp ovsdb.UUID) *keySpace {
	s := m.spaces[dp]
	if s == nil {
		s = newKeySpace()
		m.spaces[dp] = s
	}
	return s
}

func (m *multicast) of(dp ovsdb.UUID) map[string]int64 {
	keys := m.keys[dp]
	if keys == nil {
		keys = map[string]int64{}
		m.keys[dp] = keys
	}
	return keys
}

// allocateGroups gives and takes the keys of the groups of a datapath, and reports whether it did.
func (e *engine) allocateGroups(u topo.Unit) (did bool) {
	if u.Kind != topo.KindMulticast {
		return false
	}
	m := &e.mcast
	v, _ := u.View.(*topo.Multicast)
	if v == nil {
		for name := range m.keys[u.ID] {
			e.topo.SetMulticastKey(u.ID, name, 0)
		}
		delete(m.keys, u.ID)
		delete(m.spaces, u.ID)
		return false
	}
	for name, key := range m.keys[u.ID] {
		if !slices.ContainsFunc(v.Groups, func(g topo.MulticastGroup) bool { return g.Name == name }) {
			m.space(u.ID).free(key-minGroupKey+1, name)
			delete(m.keys[u.ID], name)
			e.topo.SetMulticastKey(u.ID, name, 0)
		}
	}
	for _, g := range v.Groups {
		if g.Key != 0 {
			continue
		}
		key := m.of(u.ID)[g.Name]
		if key == 0 {
			n := m.space(u.ID).next(maxGroupKey-minGroupKey+1, g.Name)
			if n == 0 {
				e.log.Error("allocating tunnel key of multicast group", "component", "northd", "datapath", v.Name, "group", g.Name,
					"err", "all keys are in use")
				continue
			}
			key = minGroupKey + n - 1
			m.of(u.ID)[g.Name] = key
		}
		e.topo.SetMulticastKey(u.ID, g.Name, key)
		did = true
	}
	return did
}

// multicastRows emits the groups that chassis learned.
func multicastRows(m *topo.Multicast, b *rows) {
	for _, g := range m.Groups {
		if g.Key == 0 {
			continue
		}
		key := m.SB.String() + "/" + g.Name
		b.Add(sb.TableMulticastGroup, key, col(sb.MulticastGroupColDatapath, m.SB), col(sb.MulticastGroupColName, g.Name),
			col(sb.MulticastGroupColTunnelKey, g.Key))
		for _, p := range g.Ports {
			b.Member(sb.TableMulticastGroup, key, sb.MulticastGroupColPorts, p)
		}
	}
	for _, p := range m.Mrouter {
		multicastMember(m.Datapath, mcMrouterFlood, p, b)
	}
}
