package topo

import (
	"fmt"
	"net/netip"
	"strconv"
)

// ParseNetwork reads "10.0.0.1", "10.0.0.1/24" or "10.0.0.1/255.255.255.0", and the same for IPv6, with nothing behind it.
//
// It is as lenient as stock (scanner): a row that stock makes something of is not to fail here.
func ParseNetwork(text string) (Network, error) {
	s := scanner{text}
	if n, ok, skipped := s.network(); ok && !skipped && s.rest == "" {
		return n, nil
	}
	return Network{}, fmt.Errorf("parsing network %q: neither an address nor one with the length of its network", text)
}

// ParseMasked4 reads an IPv4 address with a mask as ParseNetwork does, but the mask may have holes (255.0.255.0).
func ParseMasked4(text string) (a, mask netip.Addr, ok bool) {
	s := scanner{text}
	a, mask, _, ok = s.network4()
	return a, mask, ok && s.rest == ""
}

// IP writes an address as OVN does, with inet_ntop of glibc: an IPv6 address whose first 96 bits are zero ends in the dotted form of
// IPv4 (RFC 4291 section 2.5.5.1), which netip keeps for ::ffff:0:0/96.
func IP(a netip.Addr) string {
	if a.Is6() && !a.Is4In6() {
		if b := a.As16(); [12]byte(b[:12]) == [12]byte{} && (b[12] != 0 || b[13] != 0) {
			return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
		}
	}
	return a.String()
}

// CIDR writes a network so.
func CIDR(p netip.Prefix) string { return IP(p.Addr()) + "/" + strconv.Itoa(p.Bits()) }
