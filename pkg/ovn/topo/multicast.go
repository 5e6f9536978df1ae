package topo

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// IGMP is what chassis learned of multicast on one switch (SB IGMP_Group): the logical ports that want a group, and those
// that lead to a multicast router.
type IGMP struct {
	Groups  map[string][]string // address → logical ports, sorted
	Mrouter []string            // sorted
}

// Multicast is the view of the groups that chassis learned, on a switch or, if it relays, on a router.
type Multicast struct {
	*Datapath
	Groups  []MulticastGroup // by address
	Mrouter []ovsdb.UUID     // Port_Bindings that lead to a multicast router
	// Static says that some ports get all multicast, Relay that routers behind the switch relay what they get.
	Static, Relay bool
	// MaxGroups is how many groups of a family flows are made for (other_config:mcast_table_size).
	MaxGroups uint64
}

// MulticastGroup is a group with its members.
type MulticastGroup struct {
	Address netip.Addr
	Name    string // as chassis wrote it
	Key     int64  // tunnel key of the Multicast_Group, 0 while it has none
	Ports   []ovsdb.UUID
}

// mcastKey names a learned group.
type mcastKey struct {
	dp   ovsdb.UUID // Logical_Switch or Logical_Router
	name string
}

// SetIGMP says what chassis learned on a switch, by the UUID of its Datapath_Binding; nil means nothing.
func (t *Topo) SetIGMP(dp ovsdb.UUID, g *IGMP) { setOrRemove(t.igmp, dp, g) }

// SetMulticastKey sets the tunnel key of a learned group of a Logical_Switch or Logical_Router; 0 forgets it.
func (t *Topo) SetMulticastKey(dp ovsdb.UUID, name string, key int64) {
	if key == 0 {
		t.mcastKeys.remove(mcastKey{dp, name})
	} else {
		t.mcastKeys.put(mcastKey{dp, name}, key)
	}
}

// Member is the Port_Binding by which multicast reaches the port: its chassis-redirect port where there is one.
func (p *SwitchPortFacts) Member() ovsdb.UUID {
	if p.CRKey != nil {
		return p.CRKey.SB
	}
	return p.Key.SB
}

// Member is the same for a router port.
func (p *RouterPortFacts) Member() ovsdb.UUID {
	if p.CRKey != nil && p.HAGroup != nil {
		return p.CRKey.SB
	}
	return p.Key.SB
}

// computeSwitchGroups resolves the members of the groups of a switch, without those that get all multicast anyway. What others on
// the physical network want is not known, so it gets every group.
func (t *Topo) computeSwitchGroups(id ovsdb.UUID) map[string][]ovsdb.UUID {
	dp := t.datapath.Get(id)
	if dp == nil || dp.Router {
		return nil
	}
	learned := t.igmp.Get(dp.SB)
	if learned == nil {
		return nil
	}
	out := map[string][]ovsdb.UUID{}
	for name, members := range learned.Groups {
		var ports []ovsdb.UUID
		for _, p := range t.portsNamed(id, members) {
			if p.learnsMulticast() {
				ports = append(ports, p.Member())
			}
		}
		if len(ports) > 0 {
			for _, p := range t.portsOfClass(id, ClassLocalnet) {
				ports = append(ports, p.Key.SB)
			}
			out[name] = ovsdb.Set(ports...)
		}
	}
	return out
}

// learnsMulticast reports whether it matters what was learned at the port: not where it gets all multicast anyway.
func (p *SwitchPortFacts) learnsMulticast() bool {
	return p.Option("mcast_flood") != "true" && (p.Peer == nil || p.Peer.Options["mcast_relay"] != "true")
}

// portsNamed lists those of the named ports that the switch has.
func (t *Topo) portsNamed(sw ovsdb.UUID, names []string) []*SwitchPortFacts {
	var out []*SwitchPortFacts
	for _, name := range names {
		if id, ok := t.lspByName.one(name); ok {
			if p := t.portFacts.Get(id); p != nil && p.DP.ID == sw {
				out = append(out, p)
			}
		}
	}
	return out
}

// computeRouterGroups collects the groups of the switches that a router relays to: the members are the router's ports.
func (t *Topo) computeRouterGroups(r *RouterFacts) map[string][]ovsdb.UUID {
	out := map[string][]ovsdb.UUID{}
	for _, p := range r.Ports {
		if p.PeerDP == nil || p.Row.Options["mcast_flood"] == "true" {
			continue
		}
		for name := range t.switchGroups.Get(p.PeerDP.ID) {
			if a, err := netip.ParseAddr(name); err == nil && routable(a) {
				out[name] = append(out[name], p.Member())
			}
		}
	}
	for name, ports := range out {
		out[name] = ovsdb.Set(ports...)
	}
	return out
}

func (t *Topo) computeMulticast(id ovsdb.UUID) *Multicast {
	dp := t.datapath.Get(id)
	if dp == nil {
		return nil
	}
	m := &Multicast{Datapath: dp, MaxGroups: 1<<32 - 1}
	var groups map[string][]ovsdb.UUID
	if dp.Router {
		r := t.routerFacts.Get(id)
		if r == nil || r.Options["mcast_relay"] != "true" {
			return nil
		}
		groups, m.Static = t.computeRouterGroups(r), r.FloodsMulticast()
	} else {
		learned := t.igmp.Get(dp.SB)
		if learned == nil {
			return nil
		}
		sw := t.switchFacts.Get(id)
		groups, m.Static, m.Relay, m.MaxGroups = t.switchGroups.Get(id), sw.MulticastFlood, sw.MulticastRelay(), sw.MulticastTableSize()
		for _, p := range t.portsNamed(id, learned.Mrouter) {
			if p.learnsMulticast() {
				m.Mrouter = append(m.Mrouter, p.Key.SB)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if a, err := netip.ParseAddr(name); err == nil {
			m.Groups = append(m.Groups, MulticastGroup{a, name, t.mcastKeys.Get(mcastKey{id, name}), groups[name]})
		}
	}
	return m
}

// routable reports whether a group has a scope beyond the link (RFC 4291 section 2.7).
func routable(a netip.Addr) bool {
	return a.Is4() || a.As16()[1]&0xf > 2
}

// FloodsMulticast reports whether a port of the router gets all multicast (options:mcast_flood).
func (r *RouterFacts) FloodsMulticast() bool {
	return slices.ContainsFunc(r.Ports, func(p *RouterPortFacts) bool { return p.Enabled && p.Row.Options["mcast_flood"] == "true" })
}

// MulticastTableSize is how many groups chassis learn on the switch.
func (s *SwitchFacts) MulticastTableSize() uint64 {
	return Ulong(s.OtherConfig["mcast_table_size"], 2048)
}
