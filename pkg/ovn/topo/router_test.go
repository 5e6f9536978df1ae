package topo

import (
	"maps"
	"testing"
)

func TestPlainWords(t *testing.T) {
	given := map[string]string{"a": "TRUE", "b": "False", "c": "true", "d": "True North", "e": ""}
	before := maps.Clone(given)
	want := map[string]string{"a": "true", "b": "false", "c": "true", "d": "True North", "e": ""}
	if got := PlainWords(given); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !maps.Equal(given, before) {
		t.Errorf("the row was changed to %v", given)
	}
}

func TestRedistribution(t *testing.T) {
	on := map[string]string{"dynamic-routing": "true", "dynamic-routing-redistribute": "connected,lb,nonsense"}
	for _, c := range []struct {
		router, port map[string]string
		want         Redistribute
	}{
		{nil, map[string]string{"dynamic-routing-redistribute": "nat"}, 0},
		{on, nil, RedistributeConnected | RedistributeLB},
		{on, map[string]string{"dynamic-routing-redistribute": "nat,static"}, RedistributeNAT | RedistributeStatic},
		{on, map[string]string{"dynamic-routing-redistribute": ""}, 0},
		{on, map[string]string{"dynamic-routing-redistribute": "connected-as-host"}, RedistributeConnectedAsHost},
	} {
		if got := redistribution(c.router, c.port); got != c.want {
			t.Errorf("router %v, port %v: got %b, want %b", c.router, c.port, got, c.want)
		}
	}
}

// TestLeastMACAge: what stock ovn-northd 25.03 wrote into Datapath_Binding for each of them.
func TestLeastMACAge(t *testing.T) {
	for option, want := range map[string]uint32{
		"": 0, "0": 0, "60": 60, " 60": 60, "60 ": 0, "abc": 0, "-5": 0, "0x10": 0, "60;bad": 0, "60,70": 0, "4294967296": 0,
		"60;70": 70, ";60": 60, "60;": 60, "10.0.0.0/8:60": 60, "10.0.0.0/8:": 0, "10.0.0.0/33:6": 0, "10.1.2.3:5": 5,
		"fe80::/10:600": 600, "10.0.0.0/8:60;30": 30, "10.0.0.0/8:30;60": 30, "10.0.0.0/8:0;60": 60, "0;10.0.0.0/8:50": 50,
		"10.0.0.0/8:4294967295": 0, "192.168.0.0/16:300;192.168.10.0/24:0;fe80::/10:600;1200": 300,
	} {
		got := uint32(0)
		if ages, ok := ParseMACAges(option); ok {
			got = ages.Min()
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", option, got, want)
		}
	}
}
