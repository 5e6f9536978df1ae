package packets

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// portBinding reads a column of a logical port's SB row.
func (l *lab) portBinding(t *testing.T, port, column string) string {
	t.Helper()
	out, err := l.tool("ovn-sbctl", "--bare", "--columns="+column, "find", "Port_Binding", "logical_port="+port)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// A port with two requested chassis and activation by RARP: while the machine migrates it works where it was, and its copy neither
// hears nor says anything; the copy's RARP lets it in at once, without the central; in the end it is only at its new place.
func TestLiveMigration(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add mig\n"+lsp("mig", "mig-a", "10.0.0.10")+lsp("mig", "mig-b", "10.0.0.11")+"lsp-set-options mig-a requested-chassis=hv1")
	old := l.vif(t, "hv1", "mig-a", []string{"10.0.0.10/24"})
	peer := l.vif(t, "hv3", "mig-b", []string{"10.0.0.11/24"})
	l.settle(t, old, peer)
	peer.reach(t, "10.0.0.10")
	l.nb(t, "lsp-set-options mig-a requested-chassis=hv1,hv2 activation-strategy=rarp")
	copied := l.vifAs(t, "hv2", "mig-a2", "mig-a", []string{"10.0.0.10/24"})
	old.serveUDP(t, "10.0.0.10:7")
	copied.serveUDP(t, "10.0.0.10:7")
	hv2 := l.chassisUUID(t, "hv2")
	eventually(t, 15*time.Second, func() error {
		if got := l.portBinding(t, "mig-a", "additional_chassis"); got != hv2 {
			return fmt.Errorf("additional_chassis is %q, want hv2's %s", got, hv2)
		}
		return nil
	})
	l.nb(t, "sync")

	// before
	atOld, atNew, atPeer := old.capture(t), copied.capture(t), peer.capture(t)
	for i := range 5 {
		copied.send(t, ethernet(peer.mac, old.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "too early")))
		peer.send(t, ethernet(old.mac, peer.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 8, fmt.Sprint("before ", i))))
	}
	atOld.waitDoing(t, "datagram at the old place", isUDP("before 5"), func() {
		peer.send(t, ethernet(old.mac, peer.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 8, "before 5")))
	})
	atPeer.waitDoing(t, "datagram from the old place", isUDP("old place"), func() {
		old.send(t, ethernet(peer.mac, old.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "old place")))
	})
	peer.wantAnswer(t, "udp", "10.0.0.10:7", "mig-a sees 10.0.0.11")

	// activated
	rarp := ethernet(broadcast, old.mac, typeRARP, arp(3, old.mac, "0.0.0.0", old.mac, "0.0.0.0"))
	atNew.waitDoing(t, "datagram at the new place after its RARP", isUDP("after"), func() {
		copied.send(t, rarp)
		peer.send(t, ethernet(old.mac, peer.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 8, "after")))
	})
	if fs := atNew.all(func(f frame) bool { return strings.HasPrefix(string(f.payload), "before ") }); len(fs) > 0 {
		t.Errorf("the copy heard %v before its RARP", fs)
	}
	if fs := atPeer.all(isUDP("too early")); len(fs) > 0 {
		t.Errorf("the copy said %v before its RARP", fs)
	}
	eventually(t, 15*time.Second, func() error {
		if got := l.portBinding(t, "mig-a", "options"); !strings.Contains(got, "additional-chassis-activated=hv2") {
			return fmt.Errorf("options of the binding: %s; want additional-chassis-activated=hv2", got)
		}
		return nil
	})
	atPeer.waitDoing(t, "datagram from the new place", isUDP("new place"), func() {
		copied.send(t, ethernet(peer.mac, old.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "new place")))
	})

	// done
	l.nb(t, "lsp-set-options mig-a requested-chassis=hv2")
	eventually(t, 15*time.Second, func() error {
		if at, also := l.portBinding(t, "mig-a", "chassis"), l.portBinding(t, "mig-a", "additional_chassis"); at != hv2 || also != "" {
			return fmt.Errorf("chassis is %q and additional_chassis %q, want hv2's %s alone", at, also, hv2)
		}
		return nil
	})
	l.nb(t, "sync")
	atOld, atNew = old.capture(t), copied.capture(t)
	atNew.waitDoing(t, "datagram at the new place", isUDP("done"), func() {
		peer.send(t, ethernet(old.mac, peer.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 8, "done")))
	})
	if fs := atOld.all(func(f frame) bool { return f.from == netip.MustParseAddr("10.0.0.11") }); len(fs) > 0 {
		t.Errorf("the old place still hears %v", fs)
	}
	peer.wantAnswer(t, "udp", "10.0.0.10:7", "mig-a2 sees 10.0.0.11")
}

func (l *lab) chassisUUID(t *testing.T, name string) string {
	t.Helper()
	out, err := l.tool("ovn-sbctl", "--bare", "--columns=_uuid", "find", "Chassis", "name="+name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// A virtual address belongs to whichever of its parents announced it last by gratuitous ARP; machines beyond the router follow.
func TestVirtualPortTakeover(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add vip\nls-add vipc\nlr-add vipr\n"+join("vipr", "vip", "10.0.0.1/24")+join("vipr", "vipc", "10.0.1.1/24")+
		lsp("vip", "vip-a", "10.0.0.10")+lsp("vip", "vip-b", "10.0.0.11")+lsp("vipc", "vip-c", "10.0.1.10")+`
		lsp-add vip vip-v
		lsp-set-addresses vip-v "`+macOf("vip-v")+` 10.0.0.100"
		lsp-set-type vip-v virtual
		set Logical_Switch_Port vip-v options:virtual-ip=10.0.0.100 options:virtual-parents='"vip-a,vip-b"'`)
	a := l.vif(t, "hv1", "vip-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	b := l.vif(t, "hv2", "vip-b", []string{"10.0.0.11/24"}, "10.0.0.1")
	c := l.vif(t, "hv3", "vip-c", []string{"10.0.1.10/24"}, "10.0.1.1")
	l.settle(t, a, b, c)
	c.reach(t, "10.0.0.10")
	for _, e := range []*endpoint{a, b} {
		// on the loopback and without answers to ARP requests: only the case announces it
		if err := e.sysctl("ipv4/conf/eth0/arp_ignore", "1"); err != nil {
			t.Fatal(err)
		}
		if err := e.address("lo", "10.0.0.100/32"); err != nil {
			t.Fatal(err)
		}
		e.serveTCP(t, "10.0.0.100:80")
	}
	got := a.capture(t)
	c.wantSilence(t, "tcp", "10.0.0.100:80")
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP }); len(fs) > 0 {
		t.Errorf("nobody has announced the address, but it gets %v", fs)
	}
	for _, owner := range []*endpoint{a, b, a} {
		// Like those who move addresses in earnest it says so more than once: the router learns by it, and may miss one.
		eventually(t, patience, func() error {
			owner.send(t, ethernet(broadcast, owner.mac, typeARP, arp(1, owner.mac, "10.0.0.100", "00:00:00:00:00:00", "10.0.0.100")))
			if got := l.portBinding(t, "vip-v", "virtual_parent"); got != owner.name {
				return fmt.Errorf("virtual_parent is %q, want %s", got, owner.name)
			}
			got, err := c.askWithin(time.Second, "tcp", "10.0.0.100:80")
			if want := owner.name + " sees 10.0.1.10"; err == nil && got != want {
				err = fmt.Errorf("it answers %q, want %q", got, want)
			}
			return err
		})
	}
}
