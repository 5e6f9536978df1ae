package packets

import (
	"net/netip"
	"testing"
)

// Port security lets a machine send from its own addresses only, and receive to them only: forged Ethernet, IPv4 and ARP sources
// are dropped.
func TestPortSecurity(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add sec\n"+lsp("sec", "sec-a", "10.0.0.10")+lsp("sec", "sec-b", "10.0.0.11")+
		"lsp-set-port-security sec-a \""+macOf("sec-a")+" 10.0.0.10\"\nlsp-set-addresses sec-b unknown")
	a := l.vif(t, "hv1", "sec-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "sec-b", []string{"10.0.0.11/24"})
	l.settle(t, a, b)
	a.reach(t, "10.0.0.11")

	const forger = "0a:bb:bb:bb:bb:bb"
	got := b.capture(t)
	a.send(t, ethernet(b.mac, forger, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "forged")))
	a.send(t, ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.99", 1, "10.0.0.11", 9, "forged")))
	a.send(t, ethernet(broadcast, a.mac, typeARP, arp(1, a.mac, "10.0.0.99", "00:00:00:00:00:00", "10.0.0.11")))
	a.send(t, ethernet(broadcast, a.mac, typeARP, arp(1, forger, "10.0.0.10", "00:00:00:00:00:00", "10.0.0.11")))
	got.waitDoing(t, "true datagram", isUDP("true"), func() {
		a.send(t, ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "true")))
	})
	forged := netip.MustParseAddr("10.0.0.99")
	for _, f := range got.all(func(f frame) bool { return f.from == forged || f.src == forger || string(f.payload) == "forged" }) {
		t.Errorf("port security let through %v", f)
	}

	// and towards the port: only its own addresses
	got = a.capture(t)
	b.send(t, ethernet(a.mac, b.mac, typeIPv4, udp4("10.0.0.11", 1, "10.0.0.77", 9, "astray")))
	got.waitDoing(t, "datagram to its address", isUDP("right"), func() {
		b.send(t, ethernet(a.mac, b.mac, typeIPv4, udp4("10.0.0.11", 1, "10.0.0.10", 9, "right")))
	})
	if fs := got.all(isUDP("astray")); len(fs) > 0 {
		t.Errorf("port security let through %v", fs)
	}

	// without port security the same frames pass
	l.nb(t, "lsp-set-port-security sec-a")
	got = b.capture(t)
	got.waitDoing(t, "datagram from another address once port security is off", isUDP("forged"), func() {
		a.send(t, ethernet(b.mac, forger, typeIPv4, udp4("10.0.0.99", 1, "10.0.0.11", 9, "forged")))
	})
}
