package topo

import "testing"

func TestNumbers(t *testing.T) {
	for s, want := range map[string]struct {
		i int
		u uint32
	}{
		"": {-7, 7}, "12": {12, 12}, " 12": {12, 12}, "12 ": {-7, 7}, "+3": {3, 3}, "-3": {-3, 7}, "0x10": {-7, 7}, "012": {12, 12},
		"2147483648": {-7, 2147483648}, "4294967296": {-7, 7}, "99999999999999999999": {-7, 7}, "1_0": {-7, 7},
	} {
		if i, u := Int(s, -7), Uint(s, 7); i != want.i || u != want.u {
			t.Errorf("%q: got %d and %d, want %d and %d", s, i, u, want.i, want.u)
		}
	}
}
