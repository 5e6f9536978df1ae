package ipam

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// GatewayKind is the owner kind of a subnet's gateway address.
const GatewayKind = "Gateway"

// Range is an inclusive range of addresses.
type Range struct{ First, Last netip.Addr }

// Config is a pool's limits.
type Config struct {
	Prefix  netip.Prefix
	Gateway netip.Addr
	// Exclude is never handed out unless asked for by address. It may overlap itself.
	Exclude []Range
}

type entry struct {
	addr netip.Addr
	mac  string
}

type pool struct {
	config  Config
	exclude []Range // sorted, disjoint, with network, gateway and broadcast address
	byAddr  map[netip.Addr]Owner
	byMAC   map[string]Owner
	byOwner map[Owner]entry
	cursor  netip.Addr // the last address given to someone who accepted any: the search goes on behind it
}

func newPool() *pool {
	return &pool{byAddr: map[netip.Addr]Owner{}, byMAC: map[string]Owner{}, byOwner: map[Owner]entry{}}
}

func (p *pool) configure(c Config) {
	c.Prefix = c.Prefix.Masked()
	p.config = c
	network, broadcast := bounds(c.Prefix)
	ranges := append([]Range{{network, network}, {broadcast, broadcast}}, c.Exclude...)
	if c.Gateway.IsValid() {
		ranges = append(ranges, Range{c.Gateway, c.Gateway})
	}
	p.exclude = merge(ranges)
	if !p.cursor.IsValid() || !c.Prefix.Contains(p.cursor) {
		p.cursor = network
	}
}

func (p *pool) add(o Owner, e entry) {
	p.byAddr[e.addr], p.byMAC[e.mac], p.byOwner[o] = o, o, e
}

func (p *pool) remove(o Owner) {
	e, ok := p.byOwner[o]
	if !ok {
		return
	}
	delete(p.byOwner, o)
	delete(p.byAddr, e.addr)
	delete(p.byMAC, e.mac)
}

// choose finds an address for the request without recording it.
func (p *pool) choose(subnet string, r Request) (netip.Addr, error) {
	if len(r.Candidates) == 0 {
		return p.next(subnet)
	}
	order := slices.Clone(r.Candidates)
	if r.Preferred > 0 && r.Preferred < len(order) {
		order[0], order[r.Preferred] = order[r.Preferred], order[0]
	}
	var errs []error
	busy := true
	for _, addr := range order {
		err := p.usable(subnet, addr, r.Owner)
		if err == nil {
			return addr, nil
		}
		var inUse *InUseError
		busy = busy && errors.As(err, &inUse) && inUse.By.Kind != GatewayKind
		errs = append(errs, err)
	}
	if len(errs) > 1 && busy {
		return netip.Addr{}, &ExhaustedError{Subnet: subnet, Pool: r.Candidates}
	}
	return netip.Addr{}, errors.Join(errs...)
}

func (p *pool) usable(subnet string, addr netip.Addr, o Owner) error {
	network, broadcast := bounds(p.config.Prefix)
	switch {
	case !p.config.Prefix.Contains(addr):
		return &OutsideError{subnet, addr, "is outside the range " + p.config.Prefix.String()}
	case addr == network:
		return &OutsideError{subnet, addr, "is the network address"}
	case addr == broadcast:
		return &OutsideError{subnet, addr, "is the broadcast address"}
	case addr == p.config.Gateway:
		return &InUseError{subnet, addr.String(), Owner{Kind: GatewayKind}}
	}
	if by, ok := p.byAddr[addr]; ok && by != o {
		return &InUseError{subnet, addr.String(), by}
	}
	return nil
}

// next searches behind the cursor, so that a released address rests as long as the pool allows.
func (p *pool) next(subnet string) (netip.Addr, error) {
	_, broadcast := bounds(p.config.Prefix)
	network := p.config.Prefix.Addr()
	for _, span := range []Range{{p.cursor.Next(), broadcast}, {network, p.cursor}} {
		for a := span.First; a.IsValid() && !span.Last.Less(a); a = a.Next() {
			if i, ok := p.excludedBy(a); ok {
				a = p.exclude[i].Last
				continue
			}
			if _, used := p.byAddr[a]; !used {
				p.cursor = a
				return a, nil
			}
		}
	}
	return netip.Addr{}, &ExhaustedError{Subnet: subnet}
}

func (p *pool) excludedBy(a netip.Addr) (int, bool) {
	return slices.BinarySearchFunc(p.exclude, a, func(r Range, a netip.Addr) int {
		switch {
		case r.Last.Less(a):
			return -1
		case a.Less(r.First):
			return 1
		}
		return 0
	})
}

func (p *pool) deriveMAC(a netip.Addr, o Owner) string {
	for generation := range 256 {
		mac := MACFor(a, byte(generation))
		if by, used := p.byMAC[mac]; !used || by == o {
			return mac
		}
	}
	// 256 owners would have had to ask for exactly these MACs.
	return MACFor(a, 0)
}

// Usage is a pool's fill level as Kube-OVN reports it: the gateway and excluded addresses count neither as used nor as
// available, unless an owner asked for an excluded one.
type Usage struct {
	Used, Available           int64
	UsedRange, AvailableRange string
	// Owners lists who uses the addresses, in the order of addresses.
	Owners []Owner
	// Outside lists owners whose address is not in the prefix, after an edit of it.
	Outside []Owner
}

// Usage reports the fill level of a subnet.
func (b *Book) Usage(subnet string) Usage {
	p := b.pools[subnet]
	if p == nil {
		return Usage{}
	}
	addrs := make([]netip.Addr, 0, len(p.byAddr))
	for a := range p.byAddr {
		addrs = append(addrs, a)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)

	var u Usage
	used := make([]Range, 0, len(addrs))
	for _, a := range addrs {
		used = append(used, Range{a, a})
		u.Owners = append(u.Owners, p.byAddr[a])
		if !p.config.Prefix.Contains(a) {
			u.Outside = append(u.Outside, p.byAddr[a])
		}
	}
	used = merge(used)
	u.Used = int64(len(addrs))
	u.UsedRange = format(used)
	free := complement(p.config.Prefix, merge(append(slices.Clone(p.exclude), used...)))
	for _, r := range free {
		u.Available += int64(number(r.Last)-number(r.First)) + 1
	}
	u.AvailableRange = format(free)
	return u
}

// bounds are the network and the broadcast address.
func bounds(p netip.Prefix) (network, broadcast netip.Addr) {
	n := number(p.Addr())
	return p.Addr(), address(n | uint32(uint64(1)<<(32-p.Bits())-1))
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func address(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// merge sorts ranges and joins those that touch.
func merge(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return a.First.Compare(b.First) })
	var out []Range
	for _, r := range ranges {
		if n := len(out); n > 0 && !out[n-1].Last.Next().Less(r.First) {
			if out[n-1].Last.Less(r.Last) {
				out[n-1].Last = r.Last
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// complement lists what of the prefix the sorted, disjoint ranges leave.
func complement(p netip.Prefix, ranges []Range) []Range {
	first, last := bounds(p)
	var out []Range
	for _, r := range ranges {
		if r.Last.Less(first) || last.Less(r.First) {
			continue
		}
		if first.Less(r.First) {
			out = append(out, Range{first, r.First.Prev()})
		}
		if !r.Last.Less(last) {
			return out
		}
		first = r.Last.Next()
	}
	return append(out, Range{first, last})
}

// format writes ranges as Kube-OVN does: "10.16.0.2-10.16.0.5,10.16.0.9".
func format(ranges []Range) string {
	var b strings.Builder
	for i, r := range ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(r.First.String())
		if r.First != r.Last {
			b.WriteByte('-')
			b.WriteString(r.Last.String())
		}
	}
	return b.String()
}
