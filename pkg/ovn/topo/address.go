package topo

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Network is an address with the length of its network's prefix, as it stands in Logical_Router_Port.networks. A plain
// address of a switch port has the full length.
type Network struct {
	Addr netip.Addr
	Bits int
}

// Is4 reports whether it is IPv4.
func (n Network) Is4() bool { return n.Addr.Is4() }

// IP is the address as text.
func (n Network) IP() string { return IP(n.Addr) }

// Prefix is the network: 10.0.0.1/24 → 10.0.0.0/24.
func (n Network) Prefix() netip.Prefix { return netip.PrefixFrom(n.Addr, n.Bits).Masked() }

// Broadcast is the network's IPv4 broadcast address.
func (n Network) Broadcast() netip.Addr {
	b := n.Addr.As4()
	mask := uint32(0xffffffff)
	if n.Bits > 0 {
		mask = uint32(uint64(1)<<(32-n.Bits) - 1)
	}
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|mask)
	return netip.AddrFrom4(b)
}

// SolicitedNode is the solicited-node multicast address of an IPv6 address (RFC 4291 section 2.7.1).
func (n Network) SolicitedNode() netip.Addr { return SolicitedNode(n.Addr) }

// SolicitedNode is the solicited-node multicast address of a (RFC 4291 section 2.7.1).
func SolicitedNode(a netip.Addr) netip.Addr {
	s := [16]byte{0xff, 2, 11: 1, 12: 0xff}
	b := a.As16()
	copy(s[13:], b[13:])
	return netip.AddrFrom16(s)
}

// Match writes the form that matches take: the address, with /bits if it is shorter than an address.
func (n Network) Match() string {
	if n.Bits == n.Addr.BitLen() {
		return n.IP()
	}
	return CIDR(n.Prefix())
}

// Addresses is a MAC with the addresses that go with it: one element of Logical_Switch_Port.addresses or of
// port_security, or a router port.
type Addresses struct {
	MAC string // normalised, "" when there is none
	IP4 []Network
	IP6 []Network
}

// String writes it as the addresses column has it.
func (a Addresses) String() string {
	s := a.MAC
	for _, n := range append(append([]Network(nil), a.IP4...), a.IP6...) {
		s += " " + n.IP()
	}
	return s
}

// ParseMAC normalises a 48-bit MAC to lower case with colons.
func ParseMAC(s string) (string, bool) {
	m, ok := parseMAC(s)
	if !ok {
		return "", false
	}
	return formatMAC(m), true
}

func formatMAC(m [6]byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

func parseMAC(text string) (m [6]byte, ok bool) {
	s := scanner{text}
	m, ok = s.mac()
	return m, ok && s.rest == ""
}

// MACPrefix reads NB_Global.options:mac_prefix, the first three bytes of a MAC with anything behind them. Zeros are no prefix.
func MACPrefix(text string) (string, bool) {
	s := scanner{text}
	var b [3]byte
	ok := s.bytes(b[:], 16, ':')
	return fmt.Sprintf("%02x:%02x:%02x", b[0], b[1], b[2]), ok && b != [3]byte{}
}

// ParseAddresses reads "MAC [IP…]" up to the first thing that is no address, as OVN does: what is behind is ignored.
func ParseAddresses(text string) (Addresses, bool) {
	s := scanner{text}
	mac, ok := s.mac()
	if !ok {
		return Addresses{}, false
	}
	a := Addresses{MAC: formatMAC(mac)}
	for {
		n, ok, _ := s.network()
		if !ok {
			return a, true
		}
		a.add(n)
	}
}

func (a *Addresses) add(n Network) {
	if n.Is4() {
		a.IP4 = append(a.IP4, n)
	} else {
		a.IP6 = append(a.IP6, n)
	}
}

// LinkLocal is the EUI-64 link-local address of a MAC (RFC 4291 appendix A).
func LinkLocal(mac string) (netip.Addr, bool) {
	m, ok := parseMAC(mac)
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]}), true
}

// Networks returns the addresses of one family.
func (a Addresses) Networks(is4 bool) []Network {
	if is4 {
		return a.IP4
	}
	return a.IP6
}
