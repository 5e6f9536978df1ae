package ipam

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Owner is the identity that keeps an address.
type Owner struct {
	Kind      string // Pod, VirtualMachine, Node, Gateway
	Namespace string
	Name      string
}

func (o Owner) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Allocation is what an owner got.
type Allocation struct {
	Subnet string
	Addr   netip.Addr
	MAC    string
}

// Request is what an owner wants.
type Request struct {
	Owner Owner
	// Candidates are the acceptable addresses: none accepts any, one is a static address, more are a pool.
	Candidates []netip.Addr
	// Preferred is the index of the candidate to try first; a StatefulSet's ordinal.
	Preferred int
	// MAC wanted, empty for any.
	MAC string
}

// Book is the allocation state of all subnets.
type Book struct {
	pools  map[string]*pool
	owners map[Owner]string // → name of the pool in which the owner has its address
}

// NewBook returns an empty Book.
func NewBook() *Book {
	return &Book{pools: map[string]*pool{}, owners: map[Owner]string{}}
}

// SetPool creates a subnet's pool or changes its limits. Allocations stay, even those that the new limits would not give.
func (b *Book) SetPool(subnet string, c Config) {
	p := b.pools[subnet]
	if p == nil {
		p = newPool()
		b.pools[subnet] = p
	}
	p.configure(c)
}

// RemovePool forgets a subnet and all allocations in it.
func (b *Book) RemovePool(subnet string) {
	p := b.pools[subnet]
	if p == nil {
		return
	}
	for o := range p.byOwner {
		delete(b.owners, o)
	}
	delete(b.pools, subnet)
}

// HasPool tells whether the subnet is known.
func (b *Book) HasPool(subnet string) bool { return b.pools[subnet] != nil }

// Subnets lists the known subnets, sorted.
func (b *Book) Subnets() []string {
	out := make([]string, 0, len(b.pools))
	for name := range b.pools {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Get returns what the owner has.
func (b *Book) Get(o Owner) (Allocation, bool) {
	subnet, ok := b.owners[o]
	if !ok {
		return Allocation{}, false
	}
	e := b.pools[subnet].byOwner[o]
	return Allocation{Subnet: subnet, Addr: e.addr, MAC: e.mac}, true
}

// Restore records an allocation that was made earlier. It is accepted even where the pool's present limits would not give it,
// since someone is using it; it fails if the subnet is unknown or another owner has the address or the MAC.
func (b *Book) Restore(o Owner, a Allocation) error {
	p := b.pools[a.Subnet]
	if p == nil {
		return &UnknownSubnetError{a.Subnet}
	}
	mac, err := canonicalMAC(a.MAC)
	if err != nil {
		return err
	}
	if by, ok := p.byAddr[a.Addr]; ok && by != o {
		return &InUseError{Subnet: a.Subnet, What: a.Addr.String(), By: by}
	}
	if by, ok := p.byMAC[mac]; ok && by != o {
		return &InUseError{Subnet: a.Subnet, What: mac, By: by}
	}
	b.move(o, a.Subnet, entry{a.Addr, mac})
	if p.cursor.Less(a.Addr) {
		p.cursor = a.Addr
	}
	return nil
}

// Allocate gives the owner an address of the subnet that satisfies the request, the one it has if possible. What it had
// elsewhere is released.
func (b *Book) Allocate(subnet string, r Request) (Allocation, error) {
	p := b.pools[subnet]
	if p == nil {
		return Allocation{}, &UnknownSubnetError{subnet}
	}
	wantMAC := ""
	if r.MAC != "" {
		var err error
		if wantMAC, err = canonicalMAC(r.MAC); err != nil {
			return Allocation{}, err
		}
		if by, ok := p.byMAC[wantMAC]; ok && by != r.Owner {
			return Allocation{}, &InUseError{Subnet: subnet, What: wantMAC, By: by}
		}
	}

	have, has := p.byOwner[r.Owner]
	e := have
	if !has || !p.config.Prefix.Contains(have.addr) || (len(r.Candidates) > 0 && !slices.Contains(r.Candidates, have.addr)) {
		addr, err := p.choose(subnet, r)
		if err != nil {
			return Allocation{}, err
		}
		e = entry{addr: addr}
		if has && addr == have.addr {
			e.mac = have.mac
		}
	}
	switch {
	case wantMAC != "":
		e.mac = wantMAC
	case e.mac == "":
		e.mac = p.deriveMAC(e.addr, r.Owner)
	}
	b.move(r.Owner, subnet, e)
	return Allocation{Subnet: subnet, Addr: e.addr, MAC: e.mac}, nil
}

// Release gives back what the owner has and tells what it was.
func (b *Book) Release(o Owner) (Allocation, bool) {
	a, ok := b.Get(o)
	if !ok {
		return Allocation{}, false
	}
	b.pools[a.Subnet].remove(o)
	delete(b.owners, o)
	return a, true
}

func (b *Book) move(o Owner, subnet string, e entry) {
	if old, ok := b.owners[o]; ok {
		b.pools[old].remove(o)
	}
	b.pools[subnet].add(o, e)
	b.owners[o] = subnet
}

// canonicalMAC lower-cases an Ethernet address and refuses those that no port can have.
func canonicalMAC(text string) (string, error) {
	var b [6]byte
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ':' || r == '-' })
	valid := len(parts) == len(b)
	for i := 0; valid && i < len(b); i++ {
		n, err := strconv.ParseUint(parts[i], 16, 8)
		valid = err == nil && len(parts[i]) == 2
		b[i] = byte(n)
	}
	switch {
	case !valid:
		return "", &BadMACError{text, "want six bytes such as 00:00:00:53:6b:b6"}
	case b[0]&1 != 0:
		return "", &BadMACError{text, "it is a multicast address"}
	case b == [6]byte{}:
		return "", &BadMACError{text, "it is all zeros"}
	}
	return formatMAC(b), nil
}

func formatMAC(b [6]byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
}

// MACFor is the MAC derived from an IPv4 address; generation distinguishes further ones for the same address.
func MACFor(a netip.Addr, generation byte) string {
	b := a.As4()
	return formatMAC([6]byte{0x0a, generation, b[0], b[1], b[2], b[3]})
}

// UnknownSubnetError says that no pool of that name exists.
type UnknownSubnetError struct{ Subnet string }

func (e *UnknownSubnetError) Error() string {
	return fmt.Sprintf("subnet %s does not exist or is not valid", e.Subnet)
}

// InUseError says who has the wanted address or MAC.
type InUseError struct {
	Subnet, What string
	By           Owner
}

func (e *InUseError) Error() string {
	if e.By.Kind == GatewayKind {
		return fmt.Sprintf("address %s is the gateway of subnet %s: choose another", e.What, e.Subnet)
	}
	return fmt.Sprintf("address %s of subnet %s is used by %s: choose another or delete that one", e.What, e.Subnet, e.By)
}

// OutsideError says that the wanted address cannot belong to the subnet.
type OutsideError struct {
	Subnet string
	Addr   netip.Addr
	Why    string
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("address %s %s of subnet %s: choose another", e.Addr, e.Why, e.Subnet)
}

// ExhaustedError says that nothing is left.
type ExhaustedError struct {
	Subnet string
	Pool   []netip.Addr
}

func (e *ExhaustedError) Error() string {
	if len(e.Pool) > 0 {
		return fmt.Sprintf("all %d addresses of the pool %v in subnet %s are in use: add addresses or delete an owner", len(e.Pool), e.Pool, e.Subnet)
	}
	return fmt.Sprintf("subnet %s has no free address: enlarge cidrBlock, shorten excludeIps or delete an owner", e.Subnet)
}

// BadMACError says why a MAC cannot be used.
type BadMACError struct{ MAC, Why string }

func (e *BadMACError) Error() string { return fmt.Sprintf("MAC address %q: %s", e.MAC, e.Why) }
