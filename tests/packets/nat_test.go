package packets

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// natNets is a router with an inner network and one to the physical network, a machine inside on hv1, one on hv2, and one
// outside. The router's outer addresses are 172.16.0.1 and fd16::1.
func natNets(t *testing.T, l *lab, name string, vlan int, commands string) (a, b, out *endpoint) {
	t.Helper()
	in, ex, lr := name+"i", name+"x", name+"r"
	l.nb(t, "ls-add "+in+"\nls-add "+ex+"\nlr-add "+lr+"\n"+localnet(ex, vlan)+
		join(lr, in, "10.0.0.1/24", "fd00::1/64")+join(lr, ex, "172.16.0.1/24", "fd16::1/64")+
		lsp(in, name+"-a", "10.0.0.10", "fd00::10")+lsp(in, name+"-b", "10.0.0.11", "fd00::11")+commands)
	a = l.vif(t, "hv1", name+"-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	b = l.vif(t, "hv2", name+"-b", []string{"10.0.0.11/24", "fd00::11/64"}, "10.0.0.1", "fd00::1")
	out = l.external(t, name+"-out", vlan, []string{"172.16.0.100/24", "fd16::100/64"})
	l.settle(t, a, b)
	for _, addr := range []string{"172.16.0.100:80", "[fd16::100]:80"} {
		out.serveTCP(t, addr)
	}
	out.serveUDP(t, "172.16.0.100:53")
	for _, e := range []*endpoint{a, b} {
		e.serveTCP(t, ":80")
	}
	return a, b, out
}

// Both ways through a gateway router on hv3: SNAT outwards, dnat_and_snat inwards and outwards, IPv4 and IPv6, TCP, UDP and ICMP.
func TestNATGatewayRouter(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	a, b, out := natNets(t, l, "natg", 101, `
		set Logical_Router natgr options:chassis=hv3
		lr-nat-add natgr snat 172.16.0.2 10.0.0.0/24
		lr-nat-add natgr snat fd16::2 fd00::/64
		lr-nat-add natgr dnat_and_snat 172.16.0.11 10.0.0.11
		lr-nat-add natgr dnat_and_snat fd16::11 fd00::11
		lr-nat-add natgr dnat 172.16.0.12 10.0.0.10`)
	a.wantAnswer(t, "tcp", "172.16.0.100:80", "natg-out sees 172.16.0.2")
	a.wantAnswer(t, "udp", "172.16.0.100:53", "natg-out sees 172.16.0.2")
	a.wantAnswer(t, "tcp", "[fd16::100]:80", "natg-out sees fd16::2")
	a.ping(t, "172.16.0.100", 3)
	a.ping(t, "fd16::100", 3)
	b.wantAnswer(t, "tcp", "172.16.0.100:80", "natg-out sees 172.16.0.11")
	b.wantAnswer(t, "tcp", "[fd16::100]:80", "natg-out sees fd16::11")
	out.wantAnswer(t, "tcp", "172.16.0.11:80", "natg-b sees 172.16.0.100")
	out.wantAnswer(t, "tcp", "[fd16::11]:80", "natg-b sees fd16::100")
	out.wantAnswer(t, "tcp", "172.16.0.12:80", "natg-a sees 172.16.0.100")
	out.ping(t, "172.16.0.11", 3)

	l.nb(t, "lr-nat-del natgr dnat_and_snat 172.16.0.11")
	b.wantAnswer(t, "tcp", "172.16.0.100:80", "natg-out sees 172.16.0.2")
}

// A distributed router with its gateway port on hv3: SNAT goes by hv3; a floating address with an external MAC goes straight in
// and out of its machine's own chassis, as the tor's links show.
func TestNATDistributed(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const mac = "0a:fa:00:00:00:01"
	a, b, out := natNets(t, l, "natd", 102, `
		lrp-set-gateway-chassis natdr-natdx hv3
		lr-nat-add natdr snat 172.16.0.1 10.0.0.0/24
		lr-nat-add natdr dnat_and_snat 172.16.0.10 10.0.0.10 natd-a `+mac+`
		lr-nat-add natdr dnat_and_snat 172.16.0.12 10.0.0.12`)
	fromOutside := func(f frame) bool {
		return f.to == netip.MustParseAddr("172.16.0.100") && f.dstPort == 53 && f.vlan == 102
	}
	hv1, hv3 := l.tor.ns.captureLink(t, "hv1"), l.tor.ns.captureLink(t, "hv3")

	b.wantAnswer(t, "udp", "172.16.0.100:53", "natd-out sees 172.16.0.1")
	central := hv3.wait(t, "datagram of the machine without a floating address", fromOutside)
	if want := macOf("natdr-natdx"); central.src != want {
		t.Errorf("it comes from %s, want the router port's %s", central.src, want)
	}
	a.wantAnswer(t, "udp", "172.16.0.100:53", "natd-out sees 172.16.0.10")
	f := hv1.wait(t, "datagram of the machine with a floating address", fromOutside)
	if f.src != mac {
		t.Errorf("it comes from %s, want the floating address's %s", f.src, mac)
	}
	for _, f := range hv3.all(fromOutside) {
		if f.from == netip.MustParseAddr("172.16.0.10") {
			t.Errorf("the floating address was seen on the gateway chassis: %v", f)
		}
	}
	out.wantAnswer(t, "tcp", "172.16.0.10:80", "natd-a sees 172.16.0.100")
	out.ping(t, "172.16.0.10", 3)
	// from inside to a floating address
	b.wantAnswer(t, "tcp", "172.16.0.10:80", "natd-a sees 172.16.0.1")
	neigh, err := out.run(20*time.Second, "ip", "neigh", "show", "172.16.0.10")
	if err != nil || !strings.Contains(neigh, mac) {
		t.Errorf("outside, the floating address is %q, %v; want %s", neigh, err, mac)
	}
}

// Ports of a range, allowed and exempted external addresses, and stateless translation.
func TestNATOptions(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	a, b, out := natNets(t, l, "nato", 103, `
		set Logical_Router nator options:chassis=hv3
		create Address_Set name=nato_exempt addresses="172.16.0.100"
		--portrange lr-nat-add nator snat 172.16.0.2 10.0.0.10 5000-5999
		--stateless lr-nat-add nator dnat_and_snat 172.16.0.11 10.0.0.11`)
	// UDP keeps no port of its own on the way, so whoever answers sees it in the range.
	got := out.capture(t)
	a.wantAnswer(t, "udp", "172.16.0.100:53", "nato-out sees 172.16.0.2")
	f := got.wait(t, "datagram", func(f frame) bool { return f.dstPort == 53 })
	if f.srcPort < 5000 || f.srcPort > 5999 {
		t.Errorf("source port %d, want one of 5000 to 5999", f.srcPort)
	}
	b.wantAnswer(t, "udp", "172.16.0.100:53", "nato-out sees 172.16.0.11")
	out.wantAnswer(t, "tcp", "172.16.0.11:80", "nato-b sees 172.16.0.100")

	// An exempted destination sees the inner address; the allowed one of the next rule alone is translated.
	if err := out.route("10.0.0.0/24", "172.16.0.1"); err != nil {
		t.Fatal(err)
	}
	l.nb(t, "--is-exempted lr-nat-update-ext-ip nator snat 10.0.0.10 nato_exempt")
	a.wantAnswer(t, "udp", "172.16.0.100:53", "nato-out sees 10.0.0.10")
	l.nb(t, "lr-nat-del nator snat 10.0.0.10")
	l.nb(t, "lr-nat-add nator snat 172.16.0.3 10.0.0.10")
	l.nb(t, "lr-nat-update-ext-ip nator snat 10.0.0.10 nato_exempt")
	a.wantAnswer(t, "udp", "172.16.0.100:53", "nato-out sees 172.16.0.3")
	l.nb(t, "set Address_Set nato_exempt addresses=172.16.0.101")
	a.wantAnswer(t, "udp", "172.16.0.100:53", "nato-out sees 10.0.0.10")
}
