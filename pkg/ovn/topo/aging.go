package topo

import (
	"math"
	"net/netip"
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
		i := strings.LastIndexByte(entry, ':')
		age, ok := signed(entry[i+1:])
		if !ok || age < 0 || age > math.MaxUint32 {
			return MACAges{}, false
		}
		if i < 0 {
			m.def = uint32(age)
			continue
		}
		n, err := ParseNetwork(entry[:i])
		if err != nil {
			return MACAges{}, false
		}
		m.prefixes = append(m.prefixes, prefixAge{n.Addr, n.Bits, uint32(age)})
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
