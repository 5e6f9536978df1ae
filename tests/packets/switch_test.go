package packets

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// An ACL with persist-established keeps what it once let in, though it would not any more; what is new is judged anew.
func TestACLPersistEstablished(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "acle", `
		acl-add acle to-lport 1000 'outport == "acle-in" && udp.dst == 7' allow-related
		acl-add acle to-lport 900 'outport == "acle-in" && udp' drop`)
	acl := strings.Fields(l.nb(t, "get Logical_Switch acle acls"))
	for _, a := range acl {
		if a = strings.Trim(a, "[],"); l.nb(t, "get ACL "+a+" priority") == "1000" {
			l.nb(t, "set ACL "+a+" options:persist-established=true")
			acl = []string{a}
			break
		}
	}
	in.serveUDP(t, ":7")
	out.wantAnswer(t, "udp", "10.0.0.10:7", "acle-in sees 10.0.0.11")
	s := out.flow(t, "10.0.0.10:7")
	s.resumes(t)
	l.nb(t, "set ACL "+acl[0]+` match='"outport == \"acle-in\" && udp.dst == 8"'`)
	out.becomesSilent(t, "udp", "10.0.0.10:7")
	s.resumes(t)
	s.finish()
}

// A forwarding group's address belongs to all its ports: each connection goes to one of them.
func TestForwardingGroup(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const mac, vip = "0a:00:00:00:02:22", "10.0.0.200"
	l.nb(t, "ls-add fwg\n"+lsp("fwg", "fwg-a", "10.0.0.10")+lsp("fwg", "fwg-b", "10.0.0.11")+lsp("fwg", "fwg-c", "10.0.0.12")+
		"fwd-group-add fwg_g fwg "+vip+" "+mac+" fwg-b fwg-c")
	a := l.vif(t, "hv1", "fwg-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "fwg-b", []string{"10.0.0.11/24"})
	c := l.vif(t, "hv3", "fwg-c", []string{"10.0.0.12/24"})
	l.settle(t, a, b, c)
	eventually(t, 10*time.Second, func() error { // its ARP is answered by OVN
		_, _ = a.askWithin(100*time.Millisecond, "udp", vip+":9")
		neigh, err := a.run(20*time.Second, "ip", "neigh", "show", vip)
		if err == nil && !strings.Contains(neigh, mac) {
			err = fmt.Errorf("%s is %q, want %s", vip, neigh, mac)
		}
		return err
	})
	atB, atC := b.capture(t), c.capture(t)
	port := uint16(1000)
	some := isUDPLike("group")
	for _, got := range []*capture{atB, atC} {
		got.waitDoing(t, "datagram to the group", some, func() {
			for range 8 {
				port++
				a.send(t, ethernet(mac, a.mac, typeIPv4, udp4("10.0.0.10", port, vip, 9, fmt.Sprint("group ", port))))
			}
		})
	}
	for _, f := range atB.all(some) {
		if fs := atC.all(isUDP(string(f.payload))); len(fs) > 0 {
			t.Errorf("both ports got %v", f)
		}
	}
}

// A switch with vlan-passthru carries the tags of its machines through the tunnel.
func TestVLANPassthru(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const tag = 55
	l.nb(t, "ls-add vpt\nset Logical_Switch vpt other_config:vlan-passthru=true\n"+lsp("vpt", "vpt-a", "10.0.0.10")+lsp("vpt", "vpt-b", "10.0.0.11"))
	a := l.vif(t, "hv1", "vpt-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "vpt-b", []string{"10.0.0.11/24"})
	l.settle(t, a, b)
	got := b.capture(t)
	plain := ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "tagged"))
	tagged := append(append(append([]byte{}, plain[:12]...), 0x81, 0, 0, tag), plain[12:]...)
	f := got.waitDoing(t, "tagged datagram", isUDP("tagged"), func() { a.send(t, tagged) })
	if f.vlan != tag {
		t.Errorf("the tag is %d, want %d: %v", f.vlan, tag, f)
	}
}

// Mirrors to a machine elsewhere, by GRE and by ERSPAN: a copy of what the port sends and receives crosses the underlay.
func TestMirrorRemote(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add mirr\n"+lsp("mirr", "mirr-a", "10.0.0.10")+lsp("mirr", "mirr-b", "10.0.0.11")+`
		mirror-add mirr_g gre 5 from-lport `+underlay+`3
		mirror-add mirr_e erspan 6 to-lport `+underlay+`3
		lsp-attach-mirror mirr-a mirr_g
		lsp-attach-mirror mirr-a mirr_e`)
	a := l.vif(t, "hv1", "mirr-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "mirr-b", []string{"10.0.0.11/24"})
	l.settle(t, a, b)
	a.reach(t, "10.0.0.11")
	got := l.fabric.captureLink(t, "hv1")
	const protoGRE = 47
	for _, m := range []struct {
		what      string
		etherType [2]byte
		send      func()
	}{
		{"GRE copy of what it sends", [2]byte{0x65, 0x58}, func() {
			a.send(t, ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "mirrored")))
		}},
		{"ERSPAN copy of what it receives", [2]byte{0x88, 0xbe}, func() {
			b.send(t, ethernet(a.mac, b.mac, typeIPv4, udp4("10.0.0.11", 1, "10.0.0.10", 9, "mirrored")))
		}},
	} {
		got.waitDoing(t, m.what, func(f frame) bool {
			return f.proto == protoGRE && f.to == netip.MustParseAddr(underlay+"3") && len(f.payload) > 4 &&
				f.payload[2] == m.etherType[0] && f.payload[3] == m.etherType[1] && strings.HasSuffix(string(f.payload), "mirrored")
		}, m.send)
	}
}

// Fragments: a datagram larger than the link goes both ways across chassis; on the kernel's datapath through a stateful ACL and a
// load balancer too (the userspace datapath's connection tracking loses them, with stock as well).
func TestFragments(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	addrs, commands := []string{"10.0.1.12:7"}, ""
	if *kernelFlag {
		addrs, commands = append(addrs, "10.9.9.9:8080"), `
		lb-add frg_lb 10.9.9.9:8080 10.0.1.12:7 udp
		ls-lb-add frgf frg_lb
		acl-add frgb to-lport 1000 'outport == "frg-2" && udp.dst == 7' allow-related
		acl-add frgb to-lport 900 'outport == "frg-2" && udp' drop`
	}
	client, backends := lbNets(t, l, "frg", commands)
	backends[1].echoUDP(t, ":7")
	for _, addr := range addrs {
		eventually(t, 15*time.Second, func() error {
			c, err := client.dial("udp", addr, time.Second)
			if err != nil {
				return err
			}
			defer c.Close()
			large := strings.Repeat("0123456789", 400)
			if _, err := c.Write([]byte(large)); err != nil {
				return err
			}
			_ = c.SetReadDeadline(time.Now().Add(slow(2 * time.Second)))
			buf := make([]byte, 8192)
			n, err := c.Read(buf)
			if err == nil && string(buf[:n]) != large {
				err = fmt.Errorf("%d of %d bytes come back", n, len(large))
			}
			return err
		})
	}
	client.ping(t, "10.0.1.12", 3, "-s3000")
}

// Port security for IPv6: forged sources, neighbour advertisements and router advertisements are dropped.
func TestPortSecurityIPv6(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add sec6\n"+lsp("sec6", "sec6-a", "fd00::10")+lsp("sec6", "sec6-b", "fd00::11")+
		"lsp-set-port-security sec6-a \""+macOf("sec6-a")+" fd00::10\"\nlsp-set-addresses sec6-b unknown")
	a := l.vif(t, "hv1", "sec6-a", []string{"fd00::10/64"})
	b := l.vif(t, "hv2", "sec6-b", []string{"fd00::11/64"})
	l.settle(t, a, b)
	a.reach(t, "fd00::11")
	got := b.capture(t)
	const all = "33:33:00:00:00:01"
	advert := func(from, target, mac string) []byte {
		return ethernet(all, a.mac, typeIPv6, neighbourAdvertisement(from, "ff02::1", target, mac))
	}
	const forger = "0a:bb:bb:bb:bb:bb"
	for _, f := range [][]byte{advert("fd00::99", "fd00::99", a.mac), advert("fd00::10", "fd00::99", a.mac), advert("fd00::10", "fd00::10", forger)} {
		a.send(t, f)
	}
	isNA := func(target string) func(frame) bool {
		return func(f frame) bool {
			ip := netip.MustParseAddr(target).As16()
			return f.proto == protoICMPv6 && f.srcPort == 136 && strings.HasPrefix(string(f.payload), string(ip[:])) && f.to == netip.MustParseAddr("ff02::1")
		}
	}
	got.waitDoing(t, "true advertisement", isNA("fd00::10"), func() { a.send(t, advert("fd00::10", "fd00::10", a.mac)) })
	if fs := got.all(isNA("fd00::99")); len(fs) > 0 {
		t.Errorf("port security let through %v", fs)
	}
	for _, f := range got.all(isNA("fd00::10")) {
		if strings.Contains(string(f.payload), "\x0a\xbb\xbb\xbb\xbb\xbb") {
			t.Errorf("port security let through another Ethernet address: %v", f)
		}
	}
	l.nb(t, "lsp-set-port-security sec6-a")
	got.waitDoing(t, "forged advertisement once port security is off", isNA("fd00::99"), func() { a.send(t, advert("fd00::10", "fd00::99", a.mac)) })
}
