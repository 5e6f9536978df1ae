package hostnet

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Table is the name of kove's tables, one per address family.
const Table = "kove"

// setMasquerade replaces the tables in one transaction. nil removes them.
func (h *Host) setMasquerade(want *Masquerade) error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("opening nftables: %w", err)
	}
	for _, family := range []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		var m *Masquerade
		if want != nil {
			m = want.only(family == nftables.TableFamilyIPv4)
		}
		present, err := tableMatches(c, family, m)
		if err != nil {
			return err
		}
		if present && h.masq != nil && want != nil && h.masq.equal(want) {
			continue
		}
		t := c.AddTable(&nftables.Table{Family: family, Name: Table})
		c.DelTable(t)
		if m != nil {
			if err := addMasquerade(c, c.AddTable(&nftables.Table{Family: family, Name: Table}), m); err != nil {
				return err
			}
		}
		if err := c.Flush(); err != nil {
			return fmt.Errorf("replacing the nftables table %s: %w", Table, err)
		}
	}
	h.masq = want
	return nil
}

// tableMatches tells whether the table exists exactly if it is wanted.
func tableMatches(c *nftables.Conn, family nftables.TableFamily, m *Masquerade) (bool, error) {
	tables, err := c.ListTablesOfFamily(family)
	if err != nil {
		return false, fmt.Errorf("listing nftables tables: %w", err)
	}
	exists := slices.ContainsFunc(tables, func(t *nftables.Table) bool { return t.Name == Table })
	return exists == (m != nil), nil
}

// only returns the part of one address family, nil when it has no sources.
func (m *Masquerade) only(v4 bool) *Masquerade {
	of := func(ps []netip.Prefix) []netip.Prefix { return disjoint(ps, v4) }
	out := &Masquerade{Sources: of(m.Sources), Except: of(m.Except), ExceptLink: m.ExceptLink}
	if len(out.Sources) == 0 {
		return nil
	}
	return out
}

func (m *Masquerade) equal(o *Masquerade) bool {
	return slices.Equal(m.Sources, o.Sources) && slices.Equal(m.Except, o.Except) && m.ExceptLink == o.ExceptLink
}

// disjoint returns the prefixes of a family, sorted, without those that lie inside others: an interval set takes no
// overlaps.
func disjoint(ps []netip.Prefix, v4 bool) []netip.Prefix {
	var in []netip.Prefix
	for _, p := range ps {
		if p.Addr().Is4() == v4 {
			in = append(in, p.Masked())
		}
	}
	slices.SortFunc(in, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	var out []netip.Prefix
	for _, p := range in {
		if len(out) > 0 && out[len(out)-1].Overlaps(p) {
			continue
		}
		out = append(out, p)
	}
	return out
}

func addMasquerade(c *nftables.Conn, t *nftables.Table, m *Masquerade) error {
	keyType, srcOffset, dstOffset, length := nftables.TypeIPAddr, uint32(12), uint32(16), uint32(4)
	if t.Family == nftables.TableFamilyIPv6 {
		keyType, srcOffset, dstOffset, length = nftables.TypeIP6Addr, 8, 24, 16
	}
	sources := &nftables.Set{Table: t, Name: "masquerade-sources", KeyType: keyType, Interval: true}
	if err := c.AddSet(sources, elements(m.Sources)); err != nil {
		return fmt.Errorf("adding the set of masqueraded sources: %w", err)
	}
	except := &nftables.Set{Table: t, Name: "masquerade-except", KeyType: keyType, Interval: true}
	if err := c.AddSet(except, elements(m.Except)); err != nil {
		return fmt.Errorf("adding the set of destinations that are not masqueraded: %w", err)
	}
	chain := c.AddChain(&nftables.Chain{Name: "postrouting", Table: t, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource})
	if m.ExceptLink != "" {
		c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: []expr.Any{
			&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: ifname(m.ExceptLink)},
			&expr.Verdict{Kind: expr.VerdictReturn},
		}})
	}
	c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: srcOffset, Len: length},
		&expr.Lookup{SourceRegister: 1, SetName: sources.Name, SetID: sources.ID},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: dstOffset, Len: length},
		&expr.Lookup{SourceRegister: 1, SetName: except.Name, SetID: except.ID, Invert: true},
		&expr.Masq{FullyRandom: true},
	}})
	return nil
}

func ifname(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}

// elements writes prefixes as the half-open intervals of an interval set.
func elements(ps []netip.Prefix) []nftables.SetElement {
	var out []nftables.SetElement
	for _, p := range ps {
		out = append(out, nftables.SetElement{Key: p.Addr().AsSlice()})
		if end := after(p); end.IsValid() {
			out = append(out, nftables.SetElement{Key: end.AsSlice(), IntervalEnd: true})
		}
	}
	return out
}

// after is the first address behind the prefix, invalid at the end of the address space.
func after(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last.Next()
}
