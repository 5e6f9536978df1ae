package topo

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// MACAges is options:mac_binding_age_threshold of a router (ovn-nb(5), Logical_Router): after how many seconds a MAC binding
// that nobody confirms is removed, by its address.
type MACAges struct {
	def      uint32
	prefixes []prefixAge
}

type prefixAge struct {
	addr netip.Addr // as it was written: with host bits it matches nothing
	bits int
	age  uint32
}

// ParseMACAges reads the option. Anything wrong in it makes all of it void, as if it were not there.
func ParseMACAges(s string) (MACAges, bool) {
	var m MACAges
	for entry := range strings.SplitSeq(s, ";") {
		if entry == "" {
			continue
		}
		cidr, age := "", entry
		if i := strings.LastIndexByte(entry, ':'); i >= 0 {
			cidr, age = entry[:i], entry[i+1:]
		}
		n, err := strconv.ParseUint(strings.TrimLeft(age, " "), 10, 32)
		if err != nil {
			return MACAges{}, false
		}
		if cidr == "" {
			m.def = uint32(n)
			continue
		}
		p := prefixAge{age: uint32(n)}
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			p.addr, p.bits = prefix.Addr(), prefix.Bits()
		} else if addr, err := netip.ParseAddr(cidr); err == nil {
			p.addr, p.bits = addr, addr.BitLen()
		} else {
			return MACAges{}, false
		}
		m.prefixes = append(m.prefixes, p)
	}
	return m, true
}

// Of returns the age of a binding of an address in seconds, that of the longest prefix; 0 means that it is kept.
func (m MACAges) Of(a netip.Addr) uint32 {
	age, bits := m.def, -1
	for _, p := range m.prefixes {
		if masked, err := a.Prefix(p.bits); err == nil && p.addr.Is4() == a.Is4() && masked.Addr() == p.addr && p.bits > bits {
			age, bits = p.age, p.bits
		}
	}
	return age
}

// Min returns the shortest age in seconds, 0 when nothing is ever removed.
func (m MACAges) Min() uint32 {
	shortest := uint32(math.MaxUint32)
	if m.def != 0 {
		shortest = m.def
	}
	for _, p := range m.prefixes {
		if p.age != 0 {
			shortest = min(shortest, p.age)
		}
	}
	if shortest == math.MaxUint32 {
		return 0
	}
	return shortest
}

// Seconds reads an option that is a number of seconds; 0 if it is none.
func Seconds(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
