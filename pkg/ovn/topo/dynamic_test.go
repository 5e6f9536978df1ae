package topo

import (
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

func TestDynamicAddresses(t *testing.T) {
	const exclude = "192.168.1.2 192.168.1.4..192.168.1.5"
	for name, c := range map[string]struct {
		config     map[string]string
		taken, ask string
		want       string // "" when there is nothing to give
	}{
		"first free":       {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic", "02:aa:bb:a8:01:03 192.168.1.2"},
		"excluded":         {map[string]string{"subnet": "192.168.1.0/24", "exclude_ips": exclude}, "", "dynamic", "02:aa:bb:a8:01:04 192.168.1.3"},
		"excluded, in use": {map[string]string{"subnet": "192.168.1.0/24", "exclude_ips": exclude}, "0a:00:00:00:00:01 192.168.1.3", "dynamic", "02:aa:bb:a8:01:07 192.168.1.6"},
		"own MAC":          {map[string]string{"subnet": "192.168.1.0/24"}, "", "0a:00:00:00:00:01 dynamic", "0a:00:00:00:00:01 192.168.1.2"},
		"own address":      {map[string]string{"subnet": "192.168.1.0/24"}, "", "dynamic 192.168.1.9", "02:aa:bb:a8:01:0a 192.168.1.9"},
		"MAC in use":       {map[string]string{"subnet": "192.168.1.0/24"}, "02:aa:bb:a8:01:03", "dynamic", "02:aa:bb:a8:01:04 192.168.1.2"},
		"IPv6": {map[string]string{"subnet": "192.168.2.0/24", "ipv6_prefix": "fd00:2::"}, "", "dynamic",
			"02:aa:bb:a8:02:03 192.168.2.2 fd00:2::aa:bbff:fea8:203"},
		"MAC only": {map[string]string{"mac_only": "true"}, "", "dynamic", "02:aa:bb:00:00:01"},
		// .0 and .3 are the network's, .1 the router's.
		"full": {map[string]string{"subnet": "192.168.1.0/30"}, "0a:00:00:00:00:01 192.168.1.2", "dynamic", ""},
	} {
		m := newSwitchIPAM(c.config)
		if a, ok := ParseAddresses(c.taken); ok {
			m.take(a)
		}
		want, ok := dynamicOf(&nb.LogicalSwitchPort{Addresses: []string{c.ask}})
		if !ok {
			t.Fatalf("%s: %q asks for nothing", name, c.ask)
		}
		got, ok := m.complete(want, "02:aa:bb")
		if !ok && c.want == "" {
			continue
		}
		if !ok || got.addresses().String() != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, got.addresses(), ok, c.want)
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
