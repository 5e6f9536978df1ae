package topo

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
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
		if r, ok := parseDynamic(s); ok {
			return r, true
		}
	}
	return dynamicRequest{}, false
}

// parseDynamic reads "dynamic", "MAC dynamic" and "dynamic IP…" as ovn-northd does: with nothing before or behind, at most one
// address of each family, and what looks like an address and is none counts for none.
func parseDynamic(s string) (r dynamicRequest, ok bool) {
	rest, ok := strings.CutPrefix(s, "dynamic")
	if !ok {
		f := strings.Fields(s)
		if len(f) != 2 || f[1] != "dynamic" || !strings.HasPrefix(s, f[0]) || !strings.HasSuffix(s, f[1]) {
			return r, false
		}
		r.mac, ok = ParseMAC(f[0])
		return r, ok
	}
	if rest == "" {
		return r, true
	}
	words := strings.Fields(rest)
	if len(words) == 0 || len(words) > 2 || !strings.HasSuffix(rest, words[len(words)-1]) {
		return r, false
	}
	if r.ip4, ok = scanIP4(words[0]); ok {
		words = words[1:]
	}
	switch {
	case len(words) == 0:
		return r, true
	case len(words) == 2 || strings.Trim(words[0], "0123456789abcdefABCDEF:.") != "":
		return r, false
	}
	if a, err := netip.ParseAddr(words[0]); err == nil && a.Is6() {
		r.ip6 = a
	}
	return r, true
}

// scanIP4 reads an IPv4 address as scanf does: decimal, of each number the lowest eight bits.
func scanIP4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		b[i] = byte(n)
	}
	return netip.AddrFrom4(b), true
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
	config = PlainWords(config)
	m := &switchIPAM{macOnly: config["mac_only"] == "true", taken: map[netip.Addr]bool{}, macs: map[string]bool{}}
	if n, err := ParseNetwork(config["subnet"]); err == nil && n.Is4() && n.Bits < 32 {
		m.subnet = n.Prefix()
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(config["ipv6_prefix"], "/64")); err == nil && a.Is6() {
		m.prefix6 = a
	}
	m.excluded = parseExcluded(config["exclude_ips"])
	return m
}

// parseExcluded reads addresses and ranges, "A..B", with blanks between them, up to the first thing that is neither.
func parseExcluded(s string) (out []addressRange) {
	address := func() (netip.Addr, bool) {
		s = strings.TrimLeft(s, " \t")
		end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:", r) })
		if end < 0 {
			end = len(s)
		}
		if dots := strings.Index(s[:end], ".."); dots >= 0 {
			end = dots
		}
		a, err := netip.ParseAddr(s[:end])
		s = s[end:]
		return a, err == nil
	}
	for {
		first, ok := address()
		if !ok {
			return out
		}
		last := first
		if rest, isRange := strings.CutPrefix(strings.TrimLeft(s, " \t"), ".."); isRange {
			s = rest
			if last, ok = address(); !ok {
				return out
			}
		}
		if s != "" && strings.HasPrefix(s, "/") {
			return out // a network is no address
		}
		out = append(out, addressRange{first, last})
	}
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
	if m.reserved(a) || m.taken[a] {
		return false
	}
	return !slices.ContainsFunc(m.excluded, func(r addressRange) bool { return a.Compare(r.first) >= 0 && a.Compare(r.last) <= 0 })
}

// usable is an address that a request names, if the port can have it.
func (m *switchIPAM) usable(r dynamicRequest) dynamicRequest {
	if r.ip4.IsValid() && (!m.subnet.IsValid() || !m.subnet.Contains(r.ip4) || m.reserved(r.ip4)) {
		r.ip4 = netip.Addr{}
	}
	if r.ip6.IsValid() && (!m.prefix6.IsValid() || !m.inPrefix(r.ip6)) {
		r.ip6 = netip.Addr{}
	}
	return r
}

func (m *switchIPAM) inPrefix(a netip.Addr) bool {
	x, y := a.As16(), m.prefix6.As16()
	return [8]byte(x[:8]) == [8]byte(y[:8])
}

func (m *switchIPAM) reserved(a netip.Addr) bool {
	network := m.subnet.Addr()
	return a == network || a == network.Next() || a == (Network{network, m.subnet.Bits()}).Broadcast()
}

// complete chooses what a request leaves open. A subnet in which nothing is left leaves the port without IPv4. inUse says
// which MACs another port has, here or elsewhere.
func (m *switchIPAM) complete(r dynamicRequest, macPrefix string, inUse func(string) bool) dynamicRequest {
	if r.ip4.IsValid() && m.taken[r.ip4] {
		r.ip4 = netip.Addr{} // somebody was first
	}
	if !r.ip4.IsValid() && m.subnet.IsValid() {
		for a := m.subnet.Addr(); a.IsValid() && m.subnet.Contains(a); a = a.Next() {
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
		for i := uint32(0); r.mac == "" || m.macs[r.mac] || inUse(r.mac); i++ {
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
	return r
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
// long as it fits, but for a MAC without the present prefix; the others are served in the order of their names. MACs are unique in
// the whole network.
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
	give := func(p *nb.LogicalSwitchPort, want dynamicRequest) {
		got := m.complete(want, prefix, func(mac string) bool { return t.macs.inUse(mac, p.UUID) }).addresses()
		m.take(got)
		t.macs.claim(got.MAC, p.UUID)
		out[p.UUID] = got.String()
	}
	var open []*nb.LogicalSwitchPort
	for _, p := range ports {
		want, _ := dynamicOf(p)
		want = m.usable(want)
		has, ok := m.kept(p, want)
		switch {
		case !ok || t.macs.inUse(has.MAC, p.UUID):
			open = append(open, p)
		case want.mac == "" && !strings.HasPrefix(has.MAC, prefix+":"):
			for _, n := range has.IP4 {
				want.ip4 = n.Addr
			}
			give(p, want)
		default:
			m.take(has)
			out[p.UUID] = has.String()
		}
	}
	for _, p := range open {
		want, _ := dynamicOf(p)
		give(p, m.usable(want))
	}
	return out
}

// macPool says which port has which dynamic MAC, so that no other gets it. It does not take part in the computation of what
// depends on what: a MAC that becomes free changes nothing.
type macPool struct {
	port map[string]ovsdb.UUID
	mac  map[ovsdb.UUID]string
}

func newMACPool() macPool { return macPool{map[string]ovsdb.UUID{}, map[ovsdb.UUID]string{}} }

func (m *macPool) inUse(mac string, port ovsdb.UUID) bool {
	p, ok := m.port[mac]
	return ok && p != port
}

// claim gives a MAC to a port, unless another has it, and takes the one that the port had.
func (m *macPool) claim(mac string, port ovsdb.UUID) {
	if m.inUse(mac, port) || m.mac[port] == mac {
		return
	}
	m.release(port)
	m.port[mac], m.mac[port] = port, mac
}

func (m *macPool) release(port ovsdb.UUID) {
	if mac, ok := m.mac[port]; ok {
		delete(m.port, mac)
		delete(m.mac, port)
	}
}

// note takes what the northbound database says that a port has.
func (m *macPool) note(id ovsdb.UUID, row *nb.LogicalSwitchPort) {
	if row == nil || !slices.ContainsFunc(row.Addresses, IsDynamic) {
		m.release(id)
	} else if row.DynamicAddresses != nil {
		if a, ok := ParseAddresses(*row.DynamicAddresses); ok {
			m.claim(a.MAC, id)
		}
	}
}

// takeStatic marks what ports of the switch, and routers behind it, have without asking.
func (t *Topo) takeStatic(m *switchIPAM, row *nb.LogicalSwitch) {
	for _, p := range t.LogicalSwitchPort.list(row.Ports) {
		for _, s := range p.Addresses {
			if a, ok := ParseAddresses(s); ok && !IsDynamic(s) {
				m.take(a)
			}
		}
		if rp := lspRouterPort(p); rp != "" && slices.Contains(p.Addresses, "router") {
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
	in4 := func(a netip.Addr) bool { return m.subnet.Contains(a) && m.free(a) }
	return a, family(a.IP4, want.ip4, m.subnet.IsValid(), in4) && family(a.IP6, want.ip6, m.prefix6.IsValid(), m.inPrefix)
}
