package packets

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// join lets the endpoint's kernel join a group on UDP port 5000, so that it reports its membership, until the test ends.
func (e *endpoint) join(t *testing.T, group string) (leave func()) {
	t.Helper()
	var c *net.UDPConn
	err := e.do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		c, err = net.ListenMulticastUDP("udp", ifi, &net.UDPAddr{IP: net.ParseIP(group), Port: 5000})
		return err
	})
	if err != nil {
		t.Fatalf("%s: joining %s: %v", e.name, group, err)
	}
	t.Cleanup(func() { c.Close() })
	return func() { c.Close() }
}

// multicast sends a datagram to UDP port 5000 of a group, with a TTL that routers let through.
func (e *endpoint) multicast(t *testing.T, group, data string) {
	t.Helper()
	err := e.do(func() error {
		ip := net.ParseIP(group)
		if ip.To4() != nil {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, 8); err != nil {
				return err
			}
			return unix.Sendto(fd, []byte(data), 0, &unix.SockaddrInet4{Port: 5000, Addr: [4]byte(ip.To4())})
		}
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 8); err != nil {
			return err
		}
		return unix.Sendto(fd, []byte(data), 0, &unix.SockaddrInet6{Port: 5000, Addr: [16]byte(ip), ZoneId: uint32(e.index(t))})
	})
	if err != nil {
		t.Fatalf("%s: sending to %s: %v", e.name, group, err)
	}
}

// waitGroup waits until as many chassis have reported members of a group.
func (l *lab) waitGroup(t *testing.T, group string, rows int) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		out, err := l.tool("ovn-sbctl", "--bare", "--columns=address", "find", "IGMP_Group", `address="`+group+`"`)
		if err != nil {
			return err
		}
		if n := len(strings.Fields(out)); n != rows {
			return fmt.Errorf("%d IGMP_Group rows of %s, want %d", n, group, rows)
		}
		return nil
	})
	l.nb(t, "sync")
}

// A snooping switch forwards a group to those who joined it, on any chassis, and to nobody else; a group that nobody joined goes
// nowhere. IPv4 by IGMP, IPv6 by MLD.
func TestMulticastSnooping(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add mcs\nset Logical_Switch mcs other_config:mcast_snoop=true other_config:mcast_querier=false other_config:mcast_flood_unregistered=false\n"+
		lsp("mcs", "mcs-a", "10.0.0.10", "fd00::10")+lsp("mcs", "mcs-b", "10.0.0.11", "fd00::11")+lsp("mcs", "mcs-c", "10.0.0.12", "fd00::12"))
	var es []*endpoint
	for i, name := range []string{"mcs-a", "mcs-b", "mcs-c"} {
		e := l.vif(t, fmt.Sprint("hv", i+1), name, []string{fmt.Sprintf("10.0.0.1%d/24", i), fmt.Sprintf("fd00::1%d/64", i)})
		if err := e.routeDirect("224.0.0.0/4"); err != nil { // by a gateway they would go to its Ethernet address
			t.Fatal(err)
		}
		es = append(es, e)
	}
	l.settle(t, es...)
	sender, member, other := es[0], es[1], es[2]
	sender.reach(t, "10.0.0.11")
	sender.reach(t, "10.0.0.12")
	for _, group := range []string{"239.1.1.1", "ff0e::1:1"} {
		leave := member.join(t, group)
		l.waitGroup(t, group, 1)
		atMember, atOther := member.capture(t), other.capture(t)
		atMember.waitDoing(t, "datagram to "+group, isUDP("to the group"), func() { sender.multicast(t, group, "to the group") })
		atOther.waitDoing(t, "datagram", isUDP("behind"), func() {
			sender.send(t, ethernet(other.mac, sender.mac, typeIPv4, udp4("10.0.0.10", 9, "10.0.0.12", 9, "behind")))
		})
		if fs := atOther.all(isUDP("to the group")); len(fs) > 0 {
			t.Errorf("%s: who has not joined gets %v", group, fs)
		}
		other.join(t, group)
		l.waitGroup(t, group, 2)
		atOther.waitDoing(t, "datagram to "+group+" once joined", isUDP("to both"), func() { sender.multicast(t, group, "to both") })
		atMember.waitDoing(t, "datagram to "+group+" still", isUDP("to both"), func() { sender.multicast(t, group, "to both") })
		leave()
	}
	// nobody has joined this one
	atMember := member.capture(t)
	sender.multicast(t, "239.1.1.9", "to nobody")
	atMember.waitDoing(t, "datagram", isUDP("behind"), func() {
		sender.send(t, ethernet(member.mac, sender.mac, typeIPv4, udp4("10.0.0.10", 9, "10.0.0.11", 9, "behind")))
	})
	if fs := atMember.all(isUDP("to nobody")); len(fs) > 0 {
		t.Errorf("nobody joined 239.1.1.9, but it arrives: %v", fs)
	}
}

// A relaying router carries a group from a switch to members in another one.
func TestMulticastRelay(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add mcr0\nls-add mcr1\nlr-add mcrr\nset Logical_Router mcrr options:mcast_relay=true\n"+join("mcrr", "mcr0", "10.0.0.1/24")+join("mcrr", "mcr1", "10.0.1.1/24")+
		lsp("mcr0", "mcr-a", "10.0.0.10")+lsp("mcr1", "mcr-b", "10.0.1.10")+lsp("mcr1", "mcr-c", "10.0.1.11")+`
		set Logical_Switch mcr0 other_config:mcast_snoop=true other_config:mcast_querier=false
		set Logical_Switch mcr1 other_config:mcast_snoop=true other_config:mcast_querier=false`)
	a := l.vif(t, "hv1", "mcr-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	b := l.vif(t, "hv2", "mcr-b", []string{"10.0.1.10/24"}, "10.0.1.1")
	c := l.vif(t, "hv3", "mcr-c", []string{"10.0.1.11/24"}, "10.0.1.1")
	if err := a.routeDirect("224.0.0.0/4"); err != nil {
		t.Fatal(err)
	}
	l.settle(t, a, b, c)
	a.reach(t, "10.0.1.10")
	a.reach(t, "10.0.1.11")
	b.join(t, "239.2.2.2")
	l.waitGroup(t, "239.2.2.2", 1)
	atB, atC := b.capture(t), c.capture(t)
	f := atB.waitDoing(t, "datagram to 239.2.2.2", isUDP("relayed"), func() { a.multicast(t, "239.2.2.2", "relayed") })
	if f.ttl != 7 {
		t.Errorf("TTL %d behind one router, want 7 of 8", f.ttl)
	}
	atC.waitDoing(t, "datagram", isUDP("behind"), func() {
		a.send(t, ethernet(macOf("mcrr-mcr0"), a.mac, typeIPv4, udp4("10.0.0.10", 9, "10.0.1.11", 9, "behind")))
	})
	if fs := atC.all(isUDP("relayed")); len(fs) > 0 {
		t.Errorf("who has not joined gets %v", fs)
	}
}
