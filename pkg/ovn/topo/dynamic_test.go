package topo

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

func TestDynamicAddresses(t *testing.T) {
	const exclude = "192.168.1.2 192.168.1.4..192.168.1.5"
	for name, c := range map[string]struct {
		config     map[string]string
		taken, ask string
		want       string
	}{
		"first free":       {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic", "02:aa:bb:a8:01:03 192.168.1.2"},
		"excluded":         {map[string]string{"subnet": "192.168.1.0/24", "exclude_ips": exclude}, "", "dynamic", "02:aa:bb:a8:01:04 192.168.1.3"},
		"excluded, in use": {map[string]string{"subnet": "192.168.1.0/24", "exclude_ips": exclude}, "0a:00:00:00:00:01 192.168.1.3", "dynamic", "02:aa:bb:a8:01:07 192.168.1.6"},
		"own MAC":          {map[string]string{"subnet": "192.168.1.0/24"}, "", "0a:00:00:00:00:01 dynamic", "0a:00:00:00:00:01 192.168.1.2"},
		"own address":      {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic 192.168.1.9", "02:aa:bb:a8:01:0a 192.168.1.9"},
		"MAC in use":       {map[string]string{"subnet": "192.168.1.0/24"}, "02:aa:bb:a8:01:03", "dynamic", "02:aa:bb:a8:01:04 192.168.1.2"},
		"IPv6": {map[string]string{"subnet": "192.168.2.0/24", "ipv6_prefix": "fd00:2::"}, "", "dynamic",
			"02:aa:bb:a8:02:03 192.168.2.2 fd00:2::aa:bbff:fea8:203"},
		"MAC only": {map[string]string{"mac_only": "true"}, "", "dynamic", "02:aa:bb:00:00:02"}, // 01 is on another switch
		// .0 and .3 are the network's, .1 the router's.
		"full": {map[string]string{"subnet": "192.168.1.0/30"}, "0a:00:00:00:00:01 192.168.1.2", "dynamic", "02:aa:bb:00:00:02"},
	} {
		m := newSwitchIPAM(c.config)
		if a, ok := ParseAddresses(c.taken); ok {
			m.take(a)
		}
		want, ok := dynamicOf(&nb.LogicalSwitchPort{Addresses: []string{c.ask}})
		if !ok {
			t.Fatalf("%s: %q asks for nothing", name, c.ask)
		}
		if got := m.complete(m.usable(want), "02:aa:bb", func(mac string) bool { return mac == "02:aa:bb:00:00:01" }).addresses().String(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestDynamicAddressesAreKept(t *testing.T) {
	has := "02:aa:bb:a8:01:99 192.168.1.77"
	for name, c := range map[string]struct {
		config map[string]string
		taken  string
		ask    string
		kept   bool
	}{
		"as it is":         {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic", true},
		"another subnet":   {map[string]string{"subnet": "192.168.2.0/24"}, "", "dynamic", false},
		"now with IPv6":    {map[string]string{"subnet": "192.168.1.0/24", "ipv6_prefix": "fd00::"}, "", "dynamic", false},
		"somebody's":       {map[string]string{"subnet": "192.168.1.0/24"}, "0a:00:00:00:00:01 192.168.1.77", "dynamic", false},
		"another MAC":      {map[string]string{"subnet": "192.168.1.0/24"}, "", "0a:00:00:00:00:01 dynamic", false},
		"that MAC":         {map[string]string{"subnet": "192.168.1.0/24"}, "", "02:aa:bb:a8:01:99 dynamic", true},
		"another address":  {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic 192.168.1.9", false},
		"no IPv4 any more": {map[string]string{"mac_only": "true"}, "", "dynamic", false},
	} {
		m := newSwitchIPAM(c.config)
		if a, ok := ParseAddresses(c.taken); ok {
			m.take(a)
		}
		row := &nb.LogicalSwitchPort{Addresses: []string{c.ask}, DynamicAddresses: &has}
		want, _ := dynamicOf(row)
		if _, ok := m.kept(row, want); ok != c.kept {
			t.Errorf("%s: kept = %v, want %v", name, ok, c.kept)
		}
	}
}

// TestDynamicForms holds what ovn-northd 25.03 reads as a request, and as which.
func TestDynamicForms(t *testing.T) {
	for s, want := range map[string]string{
		"dynamic": "", "dynamic  10.0.0.5": "10.0.0.5", "dynamic10.0.0.5": "10.0.0.5", "dynamic 010.0.0.17": "10.0.0.17", "dynamic 10.0.0.300": "10.0.0.44",
		"dynamic AEF0::A": "aef0::a", "dynamic 10.0.0.6 aef0::6": "10.0.0.6 aef0::6", "dynamic 10.0.0.8 10.0.0.9": "10.0.0.8",
		"dynamic 0a:00:00:00:00:04": "", "0A:00:00:00:00:0b  dynamic": "0a:00:00:00:00:0b",
		" dynamic": "-", "dynamic ": "-", "Dynamic": "-", "dynamic foo": "-", "dynamic dynamic": "-", "dynamicfoo": "-", "10.0.0.5 dynamic": "-",
		"dynamic aef0::7 10.0.0.7": "-", "dynamic 10.0.0.5 foo": "-", "dynamic 10.0.0.16/24": "-", "dynamic aef0::8/64": "-", "dynamic 10.0.0.7 10.0.0.8 aef0::9": "-",
		"0a:00:00:00:00:02 dynamic 10.0.0.10": "-", "0a:00:00:00:00:1g dynamic": "-", "unknown": "-",
	} {
		r, ok := parseDynamic(s)
		got := r.mac
		for _, a := range []netip.Addr{r.ip4, r.ip6} {
			if a.IsValid() {
				got = strings.TrimSpace(got + " " + a.String())
			}
		}
		if !ok {
			got = "-"
		}
		if got != want || IsDynamic(s) != ok {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

// TestExcluded holds how far ovn-northd 25.03 reads exclude_ips.
func TestExcluded(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "10.0.0.2": "2-2", "10.0.0.2..10.0.0.4": "2-4", "10.0.0.2 10.0.0.4": "2-2 4-4", "10.0.0.2,10.0.0.4": "2-2", "10.0.0.2...": "", "10.0.0.2..foo": "",
		"foo 10.0.0.2": "", "10.0.0.2 foo 10.0.0.3": "2-2", "10.0.0.2 .. 10.0.0.3": "2-3", "10.0.0.2-10.0.0.3": "2-2", "10.0.0.2/31": "",
		"10.0.0.2..10.0.0.3..10.0.0.4": "2-3", "10.0.0.300 10.0.0.2": "",
	} {
		var got []string
		for _, r := range parseExcluded(s) {
			got = append(got, fmt.Sprintf("%d-%d", r.first.As4()[3], r.last.As4()[3]))
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%q excludes %q, want %q", s, g, want)
		}
	}
}
