package topo

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// ParseNetwork reads "10.0.0.1", "10.0.0.1/24" or "10.0.0.1/255.255.255.0", and the same for IPv6.
//
// It is as lenient as stock, whose numbers may have blanks, signs and zeros before them, and whose IPv4 octets are what is left of
// larger numbers modulo 256: a row that stock makes something of is not to fail here.
func ParseNetwork(s string) (Network, error) {
	address, length, masked := strings.Cut(s, "/")
	a, ok := parseAddr(address)
	if !ok {
		return Network{}, fmt.Errorf("parsing address %q: neither IPv4 nor IPv6", s)
	}
	n := Network{a, a.BitLen()}
	if !masked {
		return n, nil
	}
	if l, ok := signed(length); ok {
		n.Bits = int(l)
	} else if n.Bits, ok = parseMask(length, a.Is4()); !ok {
		n.Bits = -1
	}
	if n.Bits < 0 || n.Bits > a.BitLen() {
		return Network{}, fmt.Errorf("parsing network %q: bad mask", s)
	}
	return n, nil
}

// ParseMasked4 reads an IPv4 address with a mask as ParseNetwork does, but the mask may have holes (255.0.255.0).
func ParseMasked4(s string) (a, mask netip.Addr, ok bool) {
	address, text, masked := strings.Cut(s, "/")
	if a, ok = parseAddr(address); !ok || !a.Is4() {
		return a, mask, false
	}
	bits := int64(a.BitLen())
	if masked {
		if bits, ok = signed(text); !ok {
			mask, ok = parseAddr(text)
			return a, mask, ok && mask.Is4()
		}
	}
	if bits < 0 || bits > int64(a.BitLen()) {
		return a, mask, false
	}
	var m [4]byte
	binary.BigEndian.PutUint32(m[:], uint32(uint64(1<<32-1)<<(32-bits)))
	return a, netip.AddrFrom4(m), true
}

func parseAddr(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, a.Zone() == ""
	}
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(strings.TrimLeft(s, blanks))
		return a, err == nil && a.Zone() == ""
	}
	octets := strings.Split(s, ".")
	if len(octets) != 4 {
		return netip.Addr{}, false
	}
	var out [4]byte
	for i, o := range octets {
		n, ok := scan(o, 10)
		if !ok {
			return netip.Addr{}, false
		}
		out[i] = byte(n)
	}
	return netip.AddrFrom4(out), true
}

// scan reads a number as C's scanf does, with blanks and a sign before it.
func scan(s string, base int) (uint64, bool) {
	s = strings.TrimLeft(s, blanks)
	digits, minus := strings.CutPrefix(s, "-")
	if !minus {
		digits = strings.TrimPrefix(s, "+")
	}
	if base == 16 && len(digits) > 2 && strings.EqualFold(digits[:2], "0x") {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if minus {
		n = -n
	}
	return n, err == nil
}

// parseMask counts the bits of a mask that is written as an address.
func parseMask(s string, is4 bool) (int, bool) {
	m, ok := parseAddr(s)
	if !ok || m.Is4() != is4 {
		return 0, false
	}
	b := m.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if is4 {
		high, low = low<<32, 0
	}
	ones := bits.LeadingZeros64(^high)
	if ones == 64 {
		ones += bits.LeadingZeros64(^low)
	}
	return ones, bits.OnesCount64(high)+bits.OnesCount64(low) == ones
}
