package topo

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"
)

// scanner reads the numbers and addresses at the start of a text as stock does, which reads them with C's scanf: blanks and signs may
// stand before numbers, numbers may be larger than what they are for, and what is behind them is another matter. What cannot be read
// is left where it is.
type scanner struct{ rest string }

// blanks are what C takes for white space.
const blanks = " \t\n\v\f\r"

// number reads a number, of which the lowest 64 bits count.
func (s *scanner) number(base uint64) (n uint64, ok bool) {
	rest := strings.TrimLeft(s.rest, blanks)
	minus := strings.HasPrefix(rest, "-")
	if minus || strings.HasPrefix(rest, "+") {
		rest = rest[1:]
	}
	if base == 16 && len(rest) > 2 && strings.EqualFold(rest[:2], "0x") {
		rest = rest[2:]
	}
	for len(rest) > 0 {
		d := digit(rest[0])
		if d >= base {
			break
		}
		n, ok, rest = n*base+d, true, rest[1:]
	}
	if !ok {
		return 0, false
	}
	s.rest = rest
	if minus {
		n = -n
	}
	return n, true
}

func digit(c byte) uint64 {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 16
}

func (s *scanner) literal(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// bytes reads numbers with a byte between them, of each the lowest eight bits.
func (s *scanner) bytes(to []byte, base uint64, between byte) bool {
	start := s.rest
	for i := range to {
		if i > 0 && !s.literal(between) {
			s.rest = start
			return false
		}
		n, ok := s.number(base)
		if !ok {
			s.rest = start
			return false
		}
		to[i] = byte(n)
	}
	return true
}

func (s *scanner) mac() (m [6]byte, ok bool) {
	ok = s.bytes(m[:], 16, ':')
	return m, ok
}

func (s *scanner) ip4() (netip.Addr, bool) {
	var b [4]byte
	ok := s.bytes(b[:], 10, '.')
	return netip.AddrFrom4(b), ok
}

// ip6 reads an address that begins here, without blanks.
func (s *scanner) ip6() (netip.Addr, bool) {
	text, end := s.rest, 0
	for end < len(text) && (digit(text[end]) < 16 || text[end] == ':' || text[end] == '.') {
		end++
	}
	a, err := netip.ParseAddr(text[:end])
	if err != nil || !a.Is6() {
		return a, false
	}
	s.rest = text[end:]
	return a, true
}

// network4 reads an address, with or without a length or a mask, which may have holes. One with a bad length is read, and is none.
func (s *scanner) network4() (a, mask netip.Addr, read, ok bool) {
	if a, read = s.ip4(); !read {
		return a, mask, false, false
	}
	length, start := uint64(32), s.rest
	if s.literal('/') {
		if mask, ok = s.ip4(); ok {
			return a, mask, true, true
		}
		if length, ok = s.number(10); !ok {
			length, s.rest = 32, start
		}
	}
	if uint32(length) > 32 {
		return a, mask, true, false
	}
	var m [4]byte
	binary.BigEndian.PutUint32(m[:], uint32(uint64(1<<32-1)<<(32-uint32(length))))
	return a, netip.AddrFrom4(m), true, true
}

// network reads an address of either family, with or without the length or the mask of its network. skipped tells that there is an IPv4
// address of which the length is bad: stock goes on behind it if an IPv6 address follows.
func (s *scanner) network() (n Network, ok, skipped bool) {
	a, mask, read, ok := s.network4()
	if ok {
		n = Network{a, ones(mask)}
		if ok = n.Bits >= 0; ok {
			return n, true, false
		}
	}
	n, ok = s.network6()
	return n, ok, read
}

func (s *scanner) network6() (Network, bool) {
	s.rest = strings.TrimLeft(s.rest, blanks)
	a, ok := s.ip6()
	if !ok {
		return Network{}, false
	}
	n, start := Network{a, 128}, s.rest
	if s.literal('/') {
		if length, ok := s.number(10); ok {
			n.Bits = int(int32(length))
		} else if mask, ok := s.ip6(); ok {
			n.Bits = ones(mask)
		} else {
			s.rest = start
		}
	}
	return n, n.Bits >= 0 && n.Bits <= 128
}

// ones counts the bits of a mask, -1 if it has holes.
func ones(mask netip.Addr) int {
	b := mask.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if mask.Is4() {
		high, low = low<<32, 0
	}
	n := bits.LeadingZeros64(^high)
	if n == 64 {
		n += bits.LeadingZeros64(^low)
	}
	if bits.OnesCount64(high)+bits.OnesCount64(low) != n {
		return -1
	}
	return n
}
