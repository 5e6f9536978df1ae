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

func TestLongNumbers(t *testing.T) {
	for s, want := range map[string]struct {
		l int64
		u uint64
	}{
		"": {-7, 7}, " +3": {3, 3}, "\t-1": {-1, 1<<64 - 1}, "4294967296": {1 << 32, 1 << 32}, "18446744073709551615": {-7, 1<<64 - 1},
		"18446744073709551616": {-7, 7}, "-9223372036854775809": {-7, 1<<63 - 1}, "3 ": {-7, 7}, "--3": {-7, 7}, "-+3": {-7, 7},
	} {
		if l, u := Long(s, -7), Ulong(s, 7); l != want.l || u != want.u {
			t.Errorf("%q: got %d and %d, want %d and %d", s, l, u, want.l, want.u)
		}
	}
}

func TestMACPrefix(t *testing.T) {
	for s, want := range map[string]string{
		"aa:bb:cc": "aa:bb:cc", " A:Bb:1cC:dd": "0a:bb:cc", "aa:bb:ccx": "aa:bb:cc", "aa:bb": "", "aa-bb-cc": "", "00:00:00": "", "": "", "aa:bb:": "",
	} {
		if got, ok := MACPrefix(s); ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q", s, got)
		}
	}
}
