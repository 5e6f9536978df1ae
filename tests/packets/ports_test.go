package packets

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A switch on the physical network: machines of two chassis and one outside talk by the physical network and its VLAN, not by
// tunnels.
func TestLocalnet(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan = 130
	l.nb(t, "ls-add lnet\n"+localnet("lnet", vlan)+lsp("lnet", "lnet-a", "10.0.0.10")+lsp("lnet", "lnet-b", "10.0.0.11"))
	a := l.vif(t, "hv1", "lnet-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "lnet-b", []string{"10.0.0.11/24"})
	out := l.external(t, "lnet-x", vlan, []string{"10.0.0.100/24"})
	l.settle(t, a, b)
	out.reach(t, "10.0.0.10")
	out.reach(t, "10.0.0.11")
	a.ping(t, "10.0.0.100", 3)
	physical, tunnel := l.tor.ns.captureLink(t, "hv1"), l.fabric.captureLink(t, "hv1")
	b.serveUDP(t, "10.0.0.11:7")
	a.wantAnswer(t, "udp", "10.0.0.11:7", "lnet-b sees 10.0.0.10")
	physical.wait(t, "datagram between two chassis", func(f frame) bool { return f.vlan == vlan && f.dstPort == 7 && f.proto == protoUDP })
	pair := ethernet(b.mac, a.mac, typeIPv4, nil) // other cases ask by the tunnel
	if fs := tunnel.all(func(f frame) bool {
		return strings.Contains(string(f.payload), "who is there") && strings.Contains(string(f.payload), string(pair))
	}); len(fs) > 0 {
		t.Errorf("it went by the tunnel: %v", fs)
	}
}

// An l2gateway port joins a switch to the physical network on one chassis; all others go there by tunnel.
func TestL2Gateway(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan = 131
	l.nb(t, fmt.Sprintf("ls-add l2g\n"+lsp("l2g", "l2g-a", "10.0.0.10")+`
		lsp-add l2g l2g-gw "" %d
		lsp-set-type l2g-gw l2gateway
		lsp-set-addresses l2g-gw unknown
		lsp-set-options l2g-gw network_name=phys l2gateway-chassis=hv3`, vlan))
	a := l.vif(t, "hv1", "l2g-a", []string{"10.0.0.10/24"})
	out := l.external(t, "l2g-x", vlan, []string{"10.0.0.100/24"})
	out.serveUDP(t, "10.0.0.100:7")
	l.settle(t, a)
	got := l.tor.ns.captureLink(t, "hv3")
	a.wantAnswer(t, "udp", "10.0.0.100:7", "l2g-x sees 10.0.0.10")
	got.wait(t, "datagram from the gateway's chassis", func(f frame) bool { return f.vlan == vlan && f.dstPort == 7 && f.proto == protoUDP })
}

// A container inside a machine is a port of its own, told apart by a VLAN tag on the machine's link; the tag is nowhere else.
func TestNestedPort(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const tag = 42
	inner := macOf("nest-inner")
	l.nb(t, "ls-add nest\nls-add nesti\n"+lsp("nest", "nest-vm", "10.0.0.10")+fmt.Sprintf(`
		lsp-add nesti nest-inner nest-vm %d
		lsp-set-addresses nest-inner "%s 10.0.5.10"
		`, tag, inner)+lsp("nesti", "nest-b", "10.0.5.11"))
	vm := l.vif(t, "hv1", "nest-vm", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "nest-b", []string{"10.0.5.11/24"})
	l.settle(t, vm, b)
	atVM, atB := vm.capture(t), b.capture(t)
	tagged := func(frame []byte) []byte {
		return append(append(append([]byte{}, frame[:12]...), 0x81, 0, 0, tag), frame[12:]...)
	}
	atB.waitDoing(t, "datagram of the container, without tag", func(f frame) bool {
		return isUDP("from inside")(f) && f.vlan == 0 && f.src == inner
	}, func() {
		vm.send(t, tagged(ethernet(b.mac, inner, typeIPv4, udp4("10.0.5.10", 1, "10.0.5.11", 9, "from inside"))))
	})
	atVM.waitDoing(t, "datagram to the container, tagged", func(f frame) bool {
		return isUDP("to inside")(f) && f.vlan == tag
	}, func() {
		b.send(t, ethernet(inner, b.mac, typeIPv4, udp4("10.0.5.11", 1, "10.0.5.10", 9, "to inside")))
	})
	if fs := atVM.all(func(f frame) bool { return isUDP("to inside")(f) && f.vlan != tag }); len(fs) > 0 {
		t.Errorf("without the container's tag: %v", fs)
	}
}

// A localport exists on every chassis and answers there: what is sent to it never crosses a tunnel.
func TestLocalport(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add lport\n"+lsp("lport", "lport-a", "10.0.0.10")+lsp("lport", "lport-b", "10.0.0.11")+lsp("lport", "lport-meta", "10.0.0.254")+"lsp-set-type lport-meta localport")
	a := l.vif(t, "hv1", "lport-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "lport-b", []string{"10.0.0.11/24"})
	m1 := l.vifAs(t, "hv1", "lport-m1", "lport-meta", []string{"10.0.0.254/24"})
	m2 := l.vifAs(t, "hv2", "lport-m2", "lport-meta", []string{"10.0.0.254/24"})
	for _, m := range []*endpoint{m1, m2} {
		m.serveTCP(t, "10.0.0.254:80")
	}
	l.settle(t, a, b)
	for range 5 {
		a.wantAnswer(t, "tcp", "10.0.0.254:80", "lport-m1 sees 10.0.0.10")
		b.wantAnswer(t, "tcp", "10.0.0.254:80", "lport-m2 sees 10.0.0.11")
	}
}

// A machine outside of OVN, on the physical network, is an external port: the chassis of its HA group answers its DHCP requests.
func TestExternalPort(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan = 132
	l.nb(t, "ls-add extp\n"+localnet("extp", vlan)+lsp("extp", "extp-x", "10.0.0.10")+`
		lsp-set-type extp-x external
		ha-chassis-group-add extp-g
		ha-chassis-group-add-chassis extp-g hv2 10
		--id=@o create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:00:99 options:router=10.0.0.1 options:lease_time=3600
		set Logical_Switch_Port extp-x dhcpv4_options=@o`)
	l.nb(t, "set Logical_Switch_Port extp-x ha_chassis_group="+l.nb(t, "get HA_Chassis_Group extp-g _uuid"))
	x := l.external(t, "extp-x", vlan, nil)
	got, err := x.lease(t)
	if err != nil || !strings.HasPrefix(got, "lease ip=10.0.0.10/24 router=10.0.0.1 ") {
		t.Errorf("got %q, %v", got, err)
	}
}

// OVN announces the router's and the floating addresses on the physical network, by gratuitous ARP from the gateway chassis.
func TestGratuitousARP(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan = 133
	out := l.external(t, "garp-x", vlan, []string{"172.16.0.100/24"})
	got := out.capture(t)
	l.nb(t, "ls-add garpi\nls-add garp\nlr-add garpr\n"+localnet("garp", vlan)+join("garpr", "garpi", "10.0.0.1/24")+join("garpr", "garp", "172.16.0.1/24")+`
		lrp-set-gateway-chassis garpr-garp hv3
		lr-nat-add garpr snat 172.16.0.2 10.0.0.0/24
		lr-nat-add garpr dnat_and_snat 172.16.0.10 10.0.0.10
		set Logical_Switch_Port garp-garpr options:nat-addresses=router options:exclude-lb-vips-from-garp=true`)
	mac := macOf("garpr-garp")
	for _, addr := range []string{"172.16.0.1", "172.16.0.2", "172.16.0.10"} {
		f := got.wait(t, "gratuitous ARP of "+addr, func(f frame) bool {
			return f.etherType == typeARP && f.from == f.to && f.from == netip.MustParseAddr(addr)
		})
		if f.src != mac {
			t.Errorf("%s is announced from %s, want %s", addr, f.src, mac)
		}
	}
}

// A disabled port neither sends nor receives, and a port asked for on one chassis is not bound on another.
func TestPortState(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add pst\n"+lsp("pst", "pst-a", "10.0.0.10")+lsp("pst", "pst-b", "10.0.0.11")+lsp("pst", "pst-c", "10.0.0.12")+
		"lsp-set-enabled pst-b disabled\nlsp-set-options pst-c requested-chassis=hv3")
	a := l.vif(t, "hv1", "pst-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "pst-b", []string{"10.0.0.11/24"})
	c := l.vif(t, "hv2", "pst-c", []string{"10.0.0.12/24"}) // not where it is requested
	l.settle(t, a, b)
	l.nb(t, "sync")
	if got := l.portBinding(t, "pst-c", "chassis"); got != "" {
		t.Errorf("a port requested on hv3 is bound on %s", got)
	}
	atA, atB := a.capture(t), b.capture(t)
	a.send(t, ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", 9, "to the disabled")))
	b.send(t, ethernet(a.mac, b.mac, typeIPv4, udp4("10.0.0.11", 1, "10.0.0.10", 9, "from the disabled")))
	l.nb(t, "lsp-set-enabled pst-b enabled\nlsp-set-options pst-c requested-chassis=hv2")
	l.settle(t, c)
	b.reach(t, "10.0.0.10")
	a.reach(t, "10.0.0.12")
	if fs := atA.all(isUDP("from the disabled")); len(fs) > 0 {
		t.Errorf("a disabled port sent %v", fs)
	}
	if fs := atB.all(isUDP("to the disabled")); len(fs) > 0 {
		t.Errorf("a disabled port received %v", fs)
	}
}

// A mirror copies what a port sends and receives to an interface of its chassis.
func TestMirror(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add mir\n"+lsp("mir", "mir-a", "10.0.0.10")+lsp("mir", "mir-b", "10.0.0.11")+`
		mirror-add mir_m local both mir-sink
		lsp-attach-mirror mir-a mir_m`)
	a := l.vif(t, "hv1", "mir-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "mir-b", []string{"10.0.0.11/24"})
	sink := l.plug(t, l.hv["hv1"].ovs, "mir-s", "v-mir-s", macOf("mir-s"), nil, nil, "br-int", "v-mir-s", "--", "set", "interface", "v-mir-s", "external_ids:mirror-id=mir-sink")
	l.settle(t, a, b)
	a.reach(t, "10.0.0.11")
	got := sink.capture(t)
	b.serveUDP(t, "10.0.0.11:7")
	eventually(t, 15*time.Second, func() error {
		if _, err := a.ask("udp", "10.0.0.11:7"); err != nil {
			return err
		}
		for what, match := range map[string]func(frame) bool{
			"question": func(f frame) bool { return f.proto == protoUDP && f.dstPort == 7 },
			"answer":   func(f frame) bool { return f.proto == protoUDP && f.srcPort == 7 },
		} {
			if len(got.all(match)) == 0 {
				return fmt.Errorf("the mirror has not seen the %s", what)
			}
		}
		return nil
	})
}
