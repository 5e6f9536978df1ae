package topo

import (
	"strconv"
	"testing"
)

func TestParseMAC(t *testing.T) {
	for in, want := range map[string]string{
		"0A:00:00:00:ff:01": "0a:00:00:00:ff:01", "a:0:0:0:F:1": "0a:00:00:00:0f:01",
		"": "", "0a:00:00:00:ff": "", "0a:00:00:00:ff:01:02": "", "0a:00:00:00:ff:001": "0a:00:00:00:ff:01", "0a:00:00:00:ff:102": "0a:00:00:00:ff:02", " +0a:-1:0x2:0:0:0": "0a:ff:02:00:00:00", "0a:00:00:00:ff:01 ": "", "0a:00:00:00:ff:g1": "", "0a-00-00-00-ff-01": "",
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

// TestLenientNetworks has what stock made of such rows.
func TestLenientNetworks(t *testing.T) {
	for s, want := range map[string]string{
		"10.0.0.300/24": "10.0.0.44/24", "10.01.2.3/24": "10.1.2.3/24", "+10.4.0.1/24": "10.4.0.1/24", " 10.5.0.1/24": "10.5.0.1/24",
		"10.6.0.1/24 ": "", "10.7.0.1/024": "10.7.0.1/24", "10.8.0.1/33": "", "10.9.0.1/-1": "", "10.10.0.1/": "",
		"10.12.0.1/255.255.0.0": "10.12.0.1/16", "10.13.0.1/255.0.255.0": "", "10.14.1/24": "", "10.15.0.1.2/24": "",
		"10.-1.0.1/24": "10.255.0.1/24", "10. 17.0.1/24": "10.17.0.1/24", "10.18.0.1/24x": "", "10.999999999999.0.1/24": "10.255.0.1/24",
		"0x0a.20.0.1/24": "", "10.25.0.1/255.255.255.256": "10.25.0.1/24", "10.27.0.1/ 24": "10.27.0.1/24", "10.28.0.1/24.0": "",
		"10.29.0.1": "10.29.0.1/32", "fd00:7::1/ffff:ffff:ffff:ffff::": "fd00:7::1/64", "fd00::1/ffff:ffff:ffff:ffff:8000::": "fd00::1/65",
		" fd00:12::1/64": "fd00:12::1/64", "fd00:11::1/64 ": "", "fd00:13::1/064": "fd00:13::1/64", "fd00:10::1%eth0/64": "", "fd00::1%eth0": "",
		"12345::1/64": "", "fd00:4::1/129": "", "10.0.0.1/ffff::": "", "10.--1.0.1": "",
	} {
		n, err := ParseNetwork(s)
		got := ""
		if err == nil {
			got = n.IP() + "/" + strconv.Itoa(n.Bits)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}
