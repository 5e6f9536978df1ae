package packets

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Two routers connected to each other directly, without a switch between them.
func TestRouterPeers(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add peer0\nls-add peer1\nlr-add peerl\nlr-add peerr\n"+join("peerl", "peer0", "10.0.0.1/24", "fd00::1/64")+join("peerr", "peer1", "10.0.1.1/24", "fd01::1/64")+fmt.Sprintf(`
		lrp-add peerl peerl-r %s 100.64.0.1/30 fd64::1/64 peer=peerr-l
		lrp-add peerr peerr-l %s 100.64.0.2/30 fd64::2/64 peer=peerl-r
		lr-route-add peerl 10.0.1.0/24 100.64.0.2
		lr-route-add peerr 10.0.0.0/24 100.64.0.1
		lr-route-add peerl fd01::/64 fd64::2
		lr-route-add peerr fd00::/64 fd64::1
		`, macOf("peerl-r"), macOf("peerr-l"))+lsp("peer0", "peer-a", "10.0.0.10", "fd00::10")+lsp("peer1", "peer-b", "10.0.1.10", "fd01::10"))
	a := l.vif(t, "hv1", "peer-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	b := l.vif(t, "hv2", "peer-b", []string{"10.0.1.10/24", "fd01::10/64"}, "10.0.1.1", "fd01::1")
	b.serveTCP(t, ":80")
	l.settle(t, a, b)
	a.wantAnswer(t, "tcp", "10.0.1.10:80", "peer-b sees 10.0.0.10")
	a.wantAnswer(t, "tcp", "[fd01::10]:80", "peer-b sees fd00::10")
	a.ping(t, "100.64.0.2", 3)
	got := b.capture(t)
	f := got.waitDoing(t, "datagram", isUDP("hops"), func() {
		a.send(t, ethernet(macOf("peerl-peer0"), a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.1.10", 9, "hops")))
	})
	if f.ttl != 62 {
		t.Errorf("TTL %d behind two routers, want 62", f.ttl)
	}
}

// Addresses that OVN gives: dynamic ones of a switch's subnet are what DHCP hands out, and the neighbour is known by them.
func TestDynamicAddresses(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add dyn\nlr-add dynr\n"+join("dynr", "dyn", "10.0.0.1/24")+`
		set Logical_Switch dyn other_config:subnet=10.0.0.0/24 other_config:exclude_ips=10.0.0.2..10.0.0.9
		lsp-add dyn dyn-a
		lsp-set-addresses dyn-a "`+macOf("dyn-a")+` dynamic"
		--id=@o create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:00:99 options:router=10.0.0.1 options:lease_time=3600
		set Logical_Switch_Port dyn-a dhcpv4_options=@o`)
	a := l.vif(t, "hv1", "dyn-a", nil)
	l.settle(t, a)
	want := l.nb(t, "get Logical_Switch_Port dyn-a dynamic_addresses")
	if want != `"`+macOf("dyn-a")+` 10.0.0.10"` {
		t.Errorf("dynamic_addresses %s, want 10.0.0.10", want)
	}
	if got, err := a.lease(t); err != nil || !strings.HasPrefix(got, "lease ip=10.0.0.10/24 ") {
		t.Errorf("got %q, %v", got, err)
	}
	a.ping(t, "10.0.0.1", 3)
}

// arp_proxy: the router answers for addresses that are not its own, so that machines with a wide netmask reach what it routes to.
func TestARPProxy(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add apx0\nls-add apx1\nlr-add apxr\n"+join("apxr", "apx0", "10.0.0.1/24")+join("apxr", "apx1", "10.0.1.1/24")+
		lsp("apx0", "apx-a", "10.0.0.10")+lsp("apx1", "apx-b", "10.0.1.10")+
		"set Logical_Switch_Port apx0-apxr options:arp_proxy=10.0.1.0/24")
	a := l.vif(t, "hv1", "apx-a", []string{"10.0.0.10/16"}) // everything seems to be on its link
	b := l.vif(t, "hv2", "apx-b", []string{"10.0.1.10/24"}, "10.0.1.1")
	b.serveTCP(t, ":80")
	l.settle(t, a, b)
	a.wantAnswer(t, "tcp", "10.0.1.10:80", "apx-b sees 10.0.0.10")
}

// Two networks of a distributed router on the physical network with redirect-type=bridged: what leaves goes to the gateway chassis by
// the outer network's VLAN, not by a tunnel, and from there translated.
func TestRedirectBridged(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const inner, outer = 140, 141
	l.nb(t, "ls-add brgi\nls-add brgx\nlr-add brgr\n"+localnet("brgi", inner)+localnet("brgx", outer)+
		join("brgr", "brgi", "10.0.0.1/24")+join("brgr", "brgx", "172.16.0.1/24")+lsp("brgi", "brg-a", "10.0.0.10")+`
		lrp-set-gateway-chassis brgr-brgx hv3
		set Logical_Router_Port brgr-brgx options:redirect-type=bridged
		lr-nat-add brgr snat 172.16.0.1 10.0.0.0/24`)
	a := l.vif(t, "hv1", "brg-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	out := l.external(t, "brg-x", outer, []string{"172.16.0.100/24"})
	out.serveUDP(t, "172.16.0.100:7")
	l.settle(t, a)
	hv1, hv3 := l.tor.ns.captureLink(t, "hv1"), l.tor.ns.captureLink(t, "hv3")
	a.wantAnswer(t, "udp", "172.16.0.100:7", "brg-x sees 172.16.0.1")
	toOut := func(from string) func(frame) bool {
		return func(f frame) bool {
			return f.vlan == outer && f.proto == protoUDP && f.dstPort == 7 && f.from == netip.MustParseAddr(from)
		}
	}
	hv1.wait(t, "datagram on its way to the gateway", toOut("10.0.0.10"))
	hv3.wait(t, "datagram from the gateway", toOut("172.16.0.1"))
}

// The router answers for itself: ping, ARP, neighbour solicitation, TCP and UDP refused, IPv4 and IPv6.
func TestRouterItself(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add self0\nls-add self1\nlr-add selfr\n"+join("selfr", "self0", "10.0.0.1/24", "fd00::1/64")+join("selfr", "self1", "10.0.1.1/24", "fd01::1/64")+lsp("self0", "self-a", "10.0.0.10", "fd00::10"))
	a := l.vif(t, "hv1", "self-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	l.settle(t, a)
	for _, dst := range []string{"10.0.0.1", "10.0.1.1", "fd00::1", "fd01::1"} {
		a.reach(t, dst)
		a.ping(t, dst, 3)
	}
	a.wantRefused(t, "tcp", "10.0.0.1:80")
	a.wantRefused(t, "tcp", "[fd01::1]:80")
	a.wantRefused(t, "udp", "10.0.1.1:53")
	a.wantRefused(t, "udp", "[fd00::1]:53")
	neigh, err := a.run(20*time.Second, "ip", "neigh", "show", "10.0.0.1")
	if err != nil || !strings.Contains(neigh, macOf("selfr-self0")) {
		t.Errorf("the router is %q, %v; want %s", neigh, err, macOf("selfr-self0"))
	}
}

// A change of a port's address takes effect on its neighbours and in the router, without a trace of the old one.
func TestReaddress(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add rea0\nls-add rea1\nlr-add rear\n"+join("rear", "rea0", "10.0.0.1/24")+join("rear", "rea1", "10.0.1.1/24")+
		lsp("rea0", "rea-a", "10.0.0.10")+lsp("rea1", "rea-b", "10.0.1.10"))
	a := l.vif(t, "hv1", "rea-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	b := l.vif(t, "hv2", "rea-b", []string{"10.0.1.10/24"}, "10.0.1.1")
	l.settle(t, a, b)
	a.reach(t, "10.0.1.10")
	if err := b.address("eth0", "10.0.1.20/24"); err != nil {
		t.Fatal(err)
	}
	b.serveTCP(t, ":80")
	l.nb(t, "lsp-set-addresses rea-b \""+macOf("rea-b")+" 10.0.1.20\"")
	a.wantAnswer(t, "tcp", "10.0.1.20:80", "rea-b sees 10.0.0.10")
	// the router moves to another network
	l.nb(t, "lrp-del rear-rea1\nlrp-add rear rear-rea1 "+macOf("rear-rea1")+" 10.0.2.1/24\nlsp-set-addresses rea-b \""+macOf("rea-b")+" 10.0.2.10\"")
	if err := b.address("eth0", "10.0.2.10/24"); err != nil {
		t.Fatal(err)
	}
	if err := b.route("10.0.0.0/24", "10.0.2.1"); err != nil {
		t.Fatal(err)
	}
	a.wantAnswer(t, "tcp", "10.0.2.10:80", "rea-b sees 10.0.0.10")
	got := b.capture(t)
	a.wantSilence(t, "tcp", "10.0.1.20:80")
	if fs := got.all(func(f frame) bool { return f.to == netip.MustParseAddr("10.0.1.20") }); len(fs) > 0 {
		t.Errorf("the old network still gets %v", fs)
	}
}
