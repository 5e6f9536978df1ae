package topo

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// dynamicRequest is what an element of Logical_Switch_Port.addresses with the word "dynamic" asks for; what is zero is to
// be chosen (ovn-nb(5)).
type dynamicRequest struct {
	mac      string
	ip4, ip6 netip.Addr
}

func dynamicOf(row *nb.LogicalSwitchPort) (dynamicRequest, bool) {
	for _, s := range row.Addresses {
		if !IsDynamic(s) {
			continue
		}
		var r dynamicRequest
		for _, w := range strings.Fields(s) {
			if m, ok := ParseMAC(w); ok {
				r.mac = m
			} else if a, err := netip.ParseAddr(w); err == nil && a.Is4() {
				r.ip4 = a
			} else if err == nil {
				r.ip6 = a
			}
		}
		return r, true
	}
	return dynamicRequest{}, false
}

// switchIPAM is other_config:subnet, exclude_ips, ipv6_prefix and mac_only of a switch, and what is in use there.
type switchIPAM struct {
	subnet   netip.Prefix // invalid without IPv4
	prefix6  netip.Addr   // invalid without IPv6
	macOnly  bool
	excluded []addressRange
	taken    map[netip.Addr]bool
	macs     map[string]bool
}

type addressRange struct{ first, last netip.Addr }

func newSwitchIPAM(config map[string]string) *switchIPAM {
	m := &switchIPAM{macOnly: config["mac_only"] == "true", taken: map[netip.Addr]bool{}, macs: map[string]bool{}}
	if n, err := ParseNetwork(config["subnet"]); err == nil && n.Is4() && n.Bits < 31 {
		m.subnet = n.Prefix()
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(config["ipv6_prefix"], "/64")); err == nil && a.Is6() {
		m.prefix6 = a
	}
	for _, s := range strings.FieldsFunc(config["exclude_ips"], func(r rune) bool { return r == ' ' || r == ',' }) {
		first, last, isRange := strings.Cut(s, "..")
		a, err := netip.ParseAddr(first)
		b := a
		if isRange && err == nil {
			b, err = netip.ParseAddr(last)
		}
		if err == nil {
			m.excluded = append(m.excluded, addressRange{a, b})
		}
	}
	return m
}

func (m *switchIPAM) assigns() bool { return m.subnet.IsValid() || m.prefix6.IsValid() || m.macOnly }

func (m *switchIPAM) take(a Addresses) {
	m.macs[a.MAC] = true
	for _, n := range a.IP4 {
		m.taken[n.Addr] = true
	}
	for _, n := range a.IP6 {
		m.taken[n.Addr] = true
	}
}

// free reports whether an address may be assigned: neither the network's first two, of which the second is for a router,
// nor its last, nor excluded, nor in use.
func (m *switchIPAM) free(a netip.Addr) bool {
	network := m.subnet.Addr()
	if a == network || a == network.Next() || a == (Network{network, m.subnet.Bits()}).Broadcast() || m.taken[a] {
		return false
	}
	return !slices.ContainsFunc(m.excluded, func(r addressRange) bool { return a.Compare(r.first) >= 0 && a.Compare(r.last) <= 0 })
}

// complete chooses what a request leaves open. It reports false if nothing is left to choose from.
func (m *switchIPAM) complete(r dynamicRequest, macPrefix string) (dynamicRequest, bool) {
	if !r.ip4.IsValid() && m.subnet.IsValid() {
		for a := m.subnet.Addr(); ; a = a.Next() {
			if !a.IsValid() || !m.subnet.Contains(a) {
				return r, false
			}
			if m.free(a) {
				r.ip4 = a
				break
			}
		}
	}
	if r.mac == "" {
		// The last three bytes follow from the IPv4 address, so that they seldom meet another's.
		base := uint32(0)
		if r.ip4.IsValid() {
			b := r.ip4.As4()
			base = binary.BigEndian.Uint32(b[:]) & 0xffffff
		}
		for i := uint32(0); r.mac == "" || m.macs[r.mac]; i++ {
			s := (base+i)%0xffffff + 1
			r.mac = fmt.Sprintf("%s:%02x:%02x:%02x", macPrefix, s>>16, s>>8&0xff, s&0xff)
		}
	}
	if !r.ip6.IsValid() && m.prefix6.IsValid() {
		if local, ok := LinkLocal(r.mac); ok {
			b, l := m.prefix6.As16(), local.As16()
			copy(b[8:], l[8:])
			r.ip6 = netip.AddrFrom16(b)
		}
	}
	return r, true
}

func (r dynamicRequest) addresses() Addresses {
	a := Addresses{MAC: r.mac}
	if r.ip4.IsValid() {
		a.IP4 = []Network{{r.ip4, 32}}
	}
	if r.ip6.IsValid() {
		a.IP6 = []Network{{r.ip6, 128}}
	}
	return a
}

// computeDynamicAddresses assigns addresses to the ports of a switch that ask for them. What a port has already it keeps as
// long as it fits; the others are served in the order of their names. MACs are unique in the switch.
func (t *Topo) computeDynamicAddresses(sw ovsdb.UUID) map[ovsdb.UUID]string {
	ids := t.members.byClass.Get(classKey{sw, ClassDynamic})
	row := t.LogicalSwitch.Get(sw)
	if len(ids) == 0 || row == nil {
		return nil
	}
	m := newSwitchIPAM(row.OtherConfig)
	prefix := t.south.Get(struct{}{}).MACPrefix
	if !m.assigns() || prefix == "" {
		return nil
	}
	t.takeStatic(m, row)
	ports := t.LogicalSwitchPort.list(ids)
	slices.SortFunc(ports, func(a, b *nb.LogicalSwitchPort) int { return cmp.Compare(a.Name, b.Name) })
	out := map[ovsdb.UUID]string{}
	var open []*nb.LogicalSwitchPort
	for _, p := range ports {
		want, _ := dynamicOf(p)
		if has, ok := m.kept(p, want); ok {
			m.take(has)
			out[p.UUID] = has.String()
			continue
		}
		open = append(open, p)
		m.take(want.addresses())
	}
	for _, p := range open {
		want, _ := dynamicOf(p)
		if full, ok := m.complete(want, prefix); ok {
			m.take(full.addresses())
			out[p.UUID] = full.addresses().String()
		}
	}
	return out
}

// takeStatic marks what ports of the switch, and routers behind it, have without asking.
func (t *Topo) takeStatic(m *switchIPAM, row *nb.LogicalSwitch) {
	for _, p := range t.LogicalSwitchPort.list(row.Ports) {
		for _, s := range p.Addresses {
			if a, ok := ParseAddresses(s); ok && !IsDynamic(s) {
				m.take(a)
			}
		}
		if rp := lspRouterPort(p); rp != "" {
			if id, ok := t.lrpByName.one(rp); ok {
				if lrp := t.LogicalRouterPort.Get(id); lrp != nil {
					m.take(routerAddresses(lrp))
				}
			}
		}
	}
}

// kept returns the addresses that a port was given before, if they are still what it asks for.
func (m *switchIPAM) kept(p *nb.LogicalSwitchPort, want dynamicRequest) (Addresses, bool) {
	if p.DynamicAddresses == nil {
		return Addresses{}, false
	}
	a, ok := ParseAddresses(*p.DynamicAddresses)
	if !ok || m.macs[a.MAC] || want.mac != "" && want.mac != a.MAC {
		return a, false
	}
	family := func(have []Network, want netip.Addr, assigned bool, fits func(netip.Addr) bool) bool {
		if !want.IsValid() && !assigned {
			return len(have) == 0
		}
		return len(have) == 1 && !m.taken[have[0].Addr] && (have[0].Addr == want || !want.IsValid() && fits(have[0].Addr))
	}
	in6 := func(a netip.Addr) bool {
		x, y := a.As16(), m.prefix6.As16()
		return [8]byte(x[:8]) == [8]byte(y[:8])
	}
	return a, family(a.IP4, want.ip4, m.subnet.IsValid(), m.subnet.Contains) && family(a.IP6, want.ip6, m.prefix6.IsValid(), in6)
}
