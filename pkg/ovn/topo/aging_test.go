package topo

import (
	"net/netip"
	"testing"
)

// TestMACAges has what stock ovn-northd makes of the option.
func TestMACAges(t *testing.T) {
	for s, want := range map[string]struct {
		ok              bool
		min             uint32
		in, out, v6, at uint32 // 10.0.0.98, 10.0.1.1, fe80::1, 10.0.0.1
	}{
		"":                            {true, 0, 0, 0, 0, 0},
		"7":                           {true, 7, 7, 7, 7, 7},
		" 7":                          {true, 7, 7, 7, 7, 7},
		";7":                          {true, 7, 7, 7, 7, 7},
		"0":                           {true, 0, 0, 0, 0, 0},
		"1;9":                         {true, 9, 9, 9, 9, 9},
		"10.0.0.0/24:7":               {true, 7, 7, 0, 0, 7},
		"10.0.0.0/24:0;7":             {true, 7, 0, 7, 7, 0},
		"10.0.0.0/24:7;":              {true, 7, 7, 0, 0, 7},
		"10.0.0.1:7":                  {true, 7, 0, 0, 0, 7},
		"10.0.0.1/24:7":               {true, 7, 0, 0, 0, 0},
		"fe80::/10:7":                 {true, 7, 0, 0, 7, 0},
		"10.0.0.0/24:7;10.0.0.1/32:0": {true, 7, 7, 0, 0, 0},
		"10.0.0.1/32:3;10.0.0.0/8:7":  {true, 3, 7, 7, 0, 3},
		"4294967295":                  {true, 0, 4294967295, 4294967295, 4294967295, 4294967295},
		"4294967296":                  {},
		"junk":                        {},
		"7;junk":                      {},
		"10.0.0.0/24:x;7":             {},
		"10.0.0.0/33:7":               {},
		"10.0.0.0/24:7 ; 7":           {},
		"[fe80::]/10:7":               {},
		"7s":                          {},
		"-7":                          {},
	} {
		m, ok := ParseMACAges(s)
		age := func(a string) uint32 { return m.Of(netip.MustParseAddr(a)) }
		if ok != want.ok || m.Min() != want.min || age("10.0.0.98") != want.in || age("10.0.1.1") != want.out ||
			age("fe80::1") != want.v6 || age("10.0.0.1") != want.at {
			t.Errorf("%q: %t, at least %d, in %d, out %d, IPv6 %d, at %d; want %v", s, ok, m.Min(), age("10.0.0.98"), age("10.0.1.1"),
				age("fe80::1"), age("10.0.0.1"), want)
		}
	}
}
