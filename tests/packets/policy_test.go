package packets

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// Policies: one that reroutes to two machines spreads connections over both; one that jumps into a chain leaves the verdict to the
// chain, for what the chain names.
func TestPolicyECMPAndChain(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add pec\nls-add pecn\nlr-add pecr\n"+join("pecr", "pec", "10.0.0.1/24")+join("pecr", "pecn", "10.0.1.1/24")+
		lsp("pec", "pec-a", "10.0.0.10")+lsp("pecn", "pec-1", "10.0.1.11")+lsp("pecn", "pec-2", "10.0.1.12")+`
		lr-route-add pecr 192.168.8.0/23 10.0.1.11
		lr-policy-add pecr 200 'ip4.dst == 192.168.8.0/24' reroute 10.0.1.11,10.0.1.12
		--id=@drop create Logical_Router_Policy priority=20 match='"tcp.dst == 81"' action=drop chain=pec_chain
		--id=@via create Logical_Router_Policy priority=10 match='"ip4.dst == 192.168.9.0/24"' action=reroute nexthops=10.0.1.12 chain=pec_chain
		--id=@jump create Logical_Router_Policy priority=150 match='"ip4.src == 10.0.0.10 && ip4.dst == 192.168.9.0/24"' action=jump jump_chain=pec_chain
		add Logical_Router pecr policies @drop @via @jump`)
	a := l.vif(t, "hv1", "pec-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	var hops []*endpoint
	for i := 1; i <= 2; i++ {
		h := l.vif(t, fmt.Sprint("hv", i+1), fmt.Sprint("pec-", i), []string{fmt.Sprintf("10.0.1.1%d/24", i)}, "10.0.1.1")
		for _, addr := range []string{"192.168.8.8/32", "192.168.9.9/32"} {
			if err := h.address("lo", addr); err != nil {
				t.Fatal(err)
			}
		}
		h.serveTCP(t, ":80")
		h.serveTCP(t, ":81")
		hops = append(hops, h)
	}
	l.settle(t, a, hops[0], hops[1])
	a.reach(t, "10.0.1.11")
	a.reach(t, "10.0.1.12")
	a.spread(t, "tcp", "192.168.8.8:80", "pec-1 sees 10.0.0.10", "pec-2 sees 10.0.0.10")
	a.wantAnswer(t, "tcp", "192.168.9.9:80", "pec-2 sees 10.0.0.10")
	got := hops[1].capture(t)
	a.wantSilence(t, "tcp", "192.168.9.9:81")
	a.wantAnswer(t, "tcp", "192.168.9.9:80", "pec-2 sees 10.0.0.10")
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP && f.dstPort == 81 }); len(fs) > 0 {
		t.Errorf("passed in spite of the chain's drop: %v", fs)
	}
}

// A static binding says where a neighbour is: the router sends there without asking, and what it learns does not count, unless it
// may.
func TestStaticMACBinding(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan, mac = 146, "0a:00:00:00:00:98"
	l.nb(t, "ls-add smb\nls-add smbx\nlr-add smbr\nset Logical_Router smbr options:chassis=hv3\n"+localnet("smbx", vlan)+
		join("smbr", "smb", "10.0.0.1/24")+join("smbr", "smbx", "172.16.0.1/24")+lsp("smb", "smb-a", "10.0.0.10")+`
		--id=@m create Static_MAC_Binding logical_port=smbr-smbx ip=172.16.0.98 mac='"`+mac+`"' override_dynamic_mac=true`)
	a := l.vif(t, "hv1", "smb-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	x := l.external(t, "smb-x", vlan, []string{"172.16.0.99/24"}, "172.16.0.1")
	l.settle(t, a)
	got := l.tor.ns.captureLink(t, "hv3")
	send := func() {
		a.send(t, ethernet(macOf("smbr-smb"), a.mac, typeIPv4, udp4("10.0.0.10", 1, "172.16.0.98", 9, "static")))
	}
	mine := func(f frame) bool { return isUDP("static")(f) && f.vlan == vlan }
	if f := got.waitDoing(t, "datagram to the neighbour", mine, send); f.dst != mac {
		t.Errorf("it goes to %s, want %s", f.dst, mac)
	}
	for _, f := range got.all(func(f frame) bool {
		return f.etherType == typeARP && f.vlan == vlan && f.to == netip.MustParseAddr("172.16.0.98")
	}) {
		t.Errorf("the router asks for what it knows: %v", f)
	}
	// Somebody else claims the address.
	x.send(t, ethernet(broadcast, x.mac, typeARP, arp(1, x.mac, "172.16.0.98", "00:00:00:00:00:00", "172.16.0.98")))
	l.untilRows(t, 1, "MAC_Binding", "logical_port=smbr-smbx", "ip=172.16.0.98")
	l.nb(t, "sync")
	got = l.tor.ns.captureLink(t, "hv3")
	if f := got.waitDoing(t, "datagram to the neighbour", mine, send); f.dst != mac {
		t.Errorf("once another one claims the address it goes to %s, want %s", f.dst, mac)
	}
}

// Without an activation strategy a migrating machine is at both places at once.
func TestTwoPlaces(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add two\n"+lsp("two", "two-a", "10.0.0.10")+lsp("two", "two-b", "10.0.0.11")+"lsp-set-options two-a requested-chassis=hv1,hv2")
	old := l.vif(t, "hv1", "two-a", []string{"10.0.0.10/24"})
	copied := l.vifAs(t, "hv2", "two-a2", "two-a", nil)
	peer := l.vif(t, "hv3", "two-b", []string{"10.0.0.11/24"})
	l.settle(t, old, peer)
	hv2 := l.chassisUUID(t, "hv2")
	eventually(t, 15*time.Second, func() error {
		if got := l.portBinding(t, "two-a", "additional_chassis"); got != hv2 {
			return fmt.Errorf("additional_chassis is %q, want hv2's %s", got, hv2)
		}
		return nil
	})
	atOld, atNew, atPeer := old.capture(t), copied.capture(t), peer.capture(t)
	to := func() {
		peer.send(t, ethernet(old.mac, peer.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 8, "both")))
	}
	atOld.waitDoing(t, "datagram at the old place", isUDP("both"), to)
	atNew.waitDoing(t, "datagram at the new place", isUDP("both"), to)
	atPeer.waitDoing(t, "datagram from the new place", isUDP("here"), func() {
		copied.send(t, ethernet(peer.mac, old.mac, typeIPv4, udp4("10.0.0.10", 8, "10.0.0.11", 9, "here")))
	})
}
