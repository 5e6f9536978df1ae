package packets

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Two routers lead to the same clients, here even to the same address. With symmetric reply what comes in by one of them is
// answered by that one; with plain ECMP an answer takes either.
func TestECMPSymmetricReply(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add ecm\nls-add ecmx\nlr-add ecmr\nset Logical_Router ecmr options:chassis=hv3\n"+localnet("ecmx", 120)+
		join("ecmr", "ecm", "10.0.0.1/24")+join("ecmr", "ecmx", "172.16.0.1/24")+lsp("ecm", "ecm-a", "10.0.0.10")+`
		--ecmp-symmetric-reply lr-route-add ecmr 192.168.9.0/24 172.16.0.101
		--ecmp-symmetric-reply lr-route-add ecmr 192.168.9.0/24 172.16.0.102`)
	a := l.vif(t, "hv1", "ecm-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	a.serveTCP(t, ":80")
	var routers []*endpoint
	for i := 1; i <= 2; i++ {
		r := l.external(t, fmt.Sprint("ecm-", i), 120, []string{fmt.Sprintf("172.16.0.10%d/24", i)})
		if err := r.address("lo", "192.168.9.9/32"); err != nil {
			t.Fatal(err)
		}
		if err := r.route("10.0.0.0/24", "172.16.0.1"); err != nil {
			t.Fatal(err)
		}
		routers = append(routers, r)
	}
	l.settle(t, a)
	for _, r := range routers {
		r.reach(t, "172.16.0.1")
		eventually(t, 10*time.Second, func() error {
			_, err := r.askFrom(3*time.Second, "192.168.9.9", "10.0.0.10:80")
			return err
		})
	}
	const count = 12
	for _, r := range routers {
		for range count {
			// A SYN that is sent again goes the way of the first one: patience hides no answer that goes astray.
			if got, err := r.askFrom(patience, "192.168.9.9", "10.0.0.10:80"); err != nil || got != "ecm-a sees 192.168.9.9" {
				t.Fatalf("%s with symmetric reply: got %q, %v", r.name, got, err)
			}
		}
	}
	// The control: without it, some answers go astray (none of 24 would have a chance of 2^-24).
	l.nb(t, "lr-route-del ecmr 192.168.9.0/24")
	l.nb(t, `--ecmp lr-route-add ecmr 192.168.9.0/24 172.16.0.101
		--ecmp lr-route-add ecmr 192.168.9.0/24 172.16.0.102`)
	eventually(t, 20*time.Second, func() error {
		for _, r := range routers {
			if _, err := r.askFrom(3*time.Second, "192.168.9.9", "10.0.0.10:80"); err != nil {
				return nil
			}
		}
		return errors.New("plain ECMP answers every connection by the router it came from")
	})
}

// Policies overrule routes by source: reroute and drop. A discarding route drops and a more specific one does not.
func TestPoliciesAndRoutes(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add pol\nls-add poln\nlr-add polr\n"+join("polr", "pol", "10.0.0.1/24", "fd00::1/64")+join("polr", "poln", "10.0.1.1/24", "fd01::1/64")+
		lsp("pol", "pol-a", "10.0.0.10", "fd00::10")+lsp("pol", "pol-b", "10.0.0.11")+lsp("poln", "pol-1", "10.0.1.11", "fd01::11")+lsp("poln", "pol-2", "10.0.1.12")+`
		lr-route-add polr 192.168.0.0/16 discard
		lr-route-add polr 192.168.8.0/24 10.0.1.11
		lr-route-add polr 192.168.9.0/24 10.0.1.11
		lr-route-add polr fd99::/64 fd01::11
		lr-policy-add polr 200 'ip4.src == 10.0.0.10 && ip4.dst == 192.168.8.0/24' reroute 10.0.1.12
		lr-policy-add polr 100 'ip4.src == 10.0.0.11 && ip4.dst == 192.168.9.0/24' drop`)
	a := l.vif(t, "hv1", "pol-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	b := l.vif(t, "hv2", "pol-b", []string{"10.0.0.11/24"}, "10.0.0.1")
	n1 := l.vif(t, "hv3", "pol-1", []string{"10.0.1.11/24", "fd01::11/64"}, "10.0.1.1", "fd01::1")
	n2 := l.vif(t, "hv3", "pol-2", []string{"10.0.1.12/24"}, "10.0.1.1")
	for _, x := range []struct {
		e     *endpoint
		addrs []string
	}{{n1, []string{"192.168.9.9/32", "fd99::9/128"}}, {n2, []string{"192.168.8.8/32"}}} {
		for _, addr := range x.addrs {
			if err := x.e.address("lo", addr); err != nil {
				t.Fatal(err)
			}
		}
		x.e.serveTCP(t, ":80")
	}
	l.settle(t, a, b, n1, n2)
	a.wantAnswer(t, "tcp", "192.168.9.9:80", "pol-1 sees 10.0.0.10")
	a.wantAnswer(t, "tcp", "[fd99::9]:80", "pol-1 sees fd00::10")
	a.wantAnswer(t, "tcp", "192.168.8.8:80", "pol-2 sees 10.0.0.10")
	got1, got2 := n1.capture(t), n2.capture(t)
	b.wantSilence(t, "tcp", "192.168.9.9:80") // by policy
	b.wantSilence(t, "tcp", "192.168.7.7:80") // by the discarding route
	b.reach(t, "10.0.1.11")
	b.reach(t, "10.0.1.12")
	for _, got := range []*capture{got1, got2} {
		if fs := got.all(func(f frame) bool { return f.proto == protoTCP && f.from == netip.MustParseAddr("10.0.0.11") }); len(fs) > 0 {
			t.Errorf("%s got %v", got.where, fs)
		}
	}
	l.nb(t, "lr-policy-del polr 100")
	b.wantAnswer(t, "tcp", "192.168.9.9:80", "pol-1 sees 10.0.0.11")
	// TTL: the router says that time is exceeded
	eventually(t, patience, func() error {
		if out, err := a.run(20*time.Second, "ping", "-n", "-c1", "-W2", "-t1", "10.0.1.11"); err == nil || !strings.Contains(out, "Time to live exceeded") || !strings.Contains(out, "10.0.0.1") {
			return fmt.Errorf("a packet with TTL 1: %s %v", out, err)
		}
		return nil
	})
}

// gateway_mtu: what is too long for the outer network is answered by ICMP with that MTU, which the kernel obeys, IPv4 and IPv6.
func TestPathMTU(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	a, _, out := natNets(t, l, "mtu", 121, `
		lrp-set-gateway-chassis mtur-mtux hv3
		set Logical_Router_Port mtur-mtux options:gateway_mtu=1300
		lr-nat-add mtur snat 172.16.0.1 10.0.0.0/24
		lr-nat-add mtur snat fd16::1 fd00::/64`)
	a.reach(t, "172.16.0.100")
	a.reach(t, "fd16::100")
	got := out.capture(t)
	for _, c := range []struct{ family, dst, fits, tooLong string }{
		// 1300 with headers, and 5 more: OVN leaves room for a VLAN tag on the physical network
		{"-4", "172.16.0.100", "1272", "1277"}, {"-6", "fd16::100", "1252", "1257"},
	} {
		a.ping(t, c.dst, 1, c.family, "-Mdo", "-s"+c.fits)
		eventually(t, 10*time.Second, func() error {
			out, err := a.run(20*time.Second, "ping", c.family, "-n", "-c1", "-W1", "-Mdo", "-s"+c.tooLong, c.dst)
			if err == nil || !strings.Contains(out, "mtu") || !strings.Contains(out, "1300") {
				return fmt.Errorf("1305 bytes to %s: %q, %v; want a message with MTU 1300", c.dst, out, err)
			}
			return nil
		})
		route, err := a.run(20*time.Second, "ip", c.family, "route", "get", c.dst)
		if err != nil || !strings.Contains(route, "mtu 1300") {
			t.Errorf("the kernel has learnt %q, %v; want mtu 1300", route, err)
		}
		eventually(t, 10*time.Second, func() error { // fragmented by the sender now
			_, err := a.run(20*time.Second, "ping", "-n", "-c1", "-W1", "-s1350", c.dst)
			return err
		})
	}
	if fs := got.all(func(f frame) bool { return len(f.raw) > 1318 && f.from != netip.Addr{} }); len(fs) > 0 {
		t.Errorf("longer than 1304: %v", fs)
	}
}
