package topo

import (
	"strconv"
	"testing"
)

func TestParseMAC(t *testing.T) {
	for in, want := range map[string]string{
		"0A:00:00:00:ff:01": "0a:00:00:00:ff:01", "a:0:0:0:F:1": "0a:00:00:00:0f:01",
		"": "", "0a:00:00:00:ff": "", "0a:00:00:00:ff:01:02": "", "0a:00:00:00:ff:001": "", "0a:00:00:00:ff:g1": "", "0a-00-00-00-ff-01": "",
	} {
		if got, ok := ParseMAC(in); got != want || ok != (want != "") {
			t.Errorf("ParseMAC(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestParseNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32 10.0.0.1/32", "10.0.0.1/24": "10.0.0.1/24 10.0.0.0/24", "10.0.0.1/255.255.255.0": "10.0.0.1/24 10.0.0.0/24",
		"10.0.0.1/0.0.0.0": "10.0.0.1/0 0.0.0.0/0", "fd00:0::1/64": "fd00::1/64 fd00::/64",
		"10.0.0.1/255.0.255.0": "", "10.0.0.1/33": "", "fd00::1/255.255.255.0": "", "x": "", "": "",
	} {
		n, err := ParseNetwork(in)
		got := ""
		if err == nil {
			got = n.Addr.String() + "/" + strconv.Itoa(n.Bits) + " " + n.Prefix().String()
		}
		if got != want {
			t.Errorf("ParseNetwork(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"10.0.0.1/24": "10.0.0.255", "10.0.0.1/32": "10.0.0.1", "10.0.0.1/30": "10.0.0.3", "10.0.0.1/0": "255.255.255.255"} {
		n, err := ParseNetwork(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Broadcast().String(); got != want {
			t.Errorf("broadcast address of %s = %s, want %s", in, got, want)
		}
	}
	n, _ := ParseNetwork("fd00::1234:5678/64")
	if got := n.SolicitedNode().String(); got != "ff02::1:ff34:5678" {
		t.Errorf("solicited-node address = %s", got)
	}
	if got, _ := LinkLocal("0a:00:00:00:ff:01"); got.String() != "fe80::800:ff:fe00:ff01" {
		t.Errorf("link-local address = %s", got)
	}
}
