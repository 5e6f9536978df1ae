package packets

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// The kernel of a machine asks for routers, makes its address from OVN's advertisement and has a default route, MTU and
// neighbours by it.
func TestRouterAdvertisement(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add ra0\nls-add ra1\nlr-add rar\n"+join("rar", "ra0", "fd00::1/64")+join("rar", "ra1", "fd01::1/64")+
		lsp("ra1", "ra-c", "fd01::12")+`
		lsp-add ra0 ra-a
		lsp-set-addresses ra-a "`+macOf("ra-a")+` `+slaac("fd00::", macOf("ra-a"))+`"
		set Logical_Router_Port rar-ra0 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:mtu=1342 ipv6_ra_configs:rdnss='"fd00::53"' ipv6_ra_configs:send_periodic=true ipv6_ra_configs:min_interval=3 ipv6_ra_configs:max_interval=4`)
	a := l.vif(t, "hv1", "ra-a", nil)
	c := l.vif(t, "hv2", "ra-c", []string{"fd01::12/64"}, "fd01::1")
	l.settle(t, a, c)
	for k, v := range map[string]string{"router_solicitation_delay": "0", "router_solicitation_interval": "1"} {
		if err := a.sysctl("ipv6/conf/eth0/"+k, v); err != nil {
			t.Fatal(err)
		}
	}
	got := a.capture(t)
	a.relink(t)
	want := slaac("fd00::", a.mac)
	eventually(t, 15*time.Second, func() error {
		out, err := a.run(20*time.Second, "ip", "-6", "addr", "show", "dev", "eth0", "scope", "global", "dynamic")
		if err == nil && !strings.Contains(out, want+"/64") {
			err = fmt.Errorf("no dynamic address %s: %s", want, out)
		}
		return err
	})
	ra := got.wait(t, "router advertisement", func(f frame) bool { return f.proto == protoICMPv6 && f.srcPort == 134 })
	if !strings.Contains(string(ra.payload), "\x19\x03\x00\x00") {
		t.Errorf("the advertisement has no RDNSS option: %x", ra.payload)
	}
	routes, err := a.run(20*time.Second, "ip", "-6", "route", "show", "default")
	if err != nil || !strings.Contains(routes, "proto ra") || !strings.Contains(routes, "via "+ra.from.String()) {
		t.Errorf("default route %q, %v; want one by advertisement via %v", routes, err, ra.from)
	}
	if mtu, err := a.run(20*time.Second, "cat", "/proc/sys/net/ipv6/conf/eth0/mtu"); err != nil || strings.TrimSpace(mtu) != "1342" {
		t.Errorf("IPv6 MTU %q, %v; want 1342", mtu, err)
	}
	a.reach(t, "fd01::12")
	a.ping(t, "fd01::12", 3)
	// periodic ones come unasked, to all nodes
	got = a.capture(t)
	got.wait(t, "periodic advertisement", func(f frame) bool {
		return f.proto == protoICMPv6 && f.srcPort == 134 && f.to.String() == "ff02::1"
	})
}

// slaac is the address that the kernel makes of a prefix and an Ethernet address (RFC 4291 appendix A).
func slaac(prefix, mac string) string {
	var m [6]byte
	for i, x := range strings.Split(mac, ":") {
		fmt.Sscanf(x, "%02x", &m[i])
	}
	return fmt.Sprintf("%s%x:%x:%x:%x", prefix, uint16(m[0]^2)<<8|uint16(m[1]), uint16(m[2])<<8|0xff, 0xfe00|uint16(m[3]), uint16(m[4])<<8|uint16(m[5]))
}

// relink takes the endpoint's link down and up again.
func (e *endpoint) relink(t *testing.T) {
	t.Helper()
	if err := e.do(func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetDown(link); err != nil {
			return err
		}
		return netlink.LinkSetUp(link)
	}); err != nil {
		t.Fatal(err)
	}
}
