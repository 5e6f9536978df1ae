package packets

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// leaseScript is what udhcpc calls; it prints the lease and takes the address.
const leaseScript = `#!/bin/sh
case $1 in
bound|renew)
	echo "lease ip=$ip/$mask router=$router dns=$dns domain=$domain lease=$lease serverid=$serverid mtu=$mtu staticroutes=$staticroutes"
	ip addr add "$ip/$mask" dev "$interface"
	ip route add default via "$router" ;;
nak) echo nak ;;
esac
`

// lease runs busybox's DHCP client once in the namespace and returns the line that leaseScript prints.
func (e *endpoint) lease(t *testing.T, options ...string) (string, error) {
	t.Helper()
	script := filepath.Join(e.lab.dir, "lease-"+e.name+".sh") // its own: others run theirs while this is written
	if err := os.WriteFile(script, []byte(leaseScript), 0o755); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "30", "-T", "1", "-s", script, "-O", "mtu", "-O", "staticroutes"}, options...)
	out, err := e.run(patience, "busybox", args...)
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "lease ") {
			return line, err
		}
	}
	return out, err
}

// A real client gets address and options from OVN, on the port's own chassis and without any server, and can use them.
func TestDHCPv4(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add dh4\nlr-add dh4r\n"+join("dh4r", "dh4", "10.0.0.1/24")+lsp("dh4", "dh4-a", "10.0.0.10")+lsp("dh4", "dh4-b", "10.0.0.11")+`
		--id=@o create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:00:99 options:router=10.0.0.1 options:lease_time=3600 options:dns_server="{10.0.0.2,10.0.0.3}" options:domain_name='"\"edge.example\""' options:mtu=1380
		set Logical_Switch_Port dh4-a dhcpv4_options=@o`)
	a := l.vif(t, "hv1", "dh4-a", nil)
	b := l.vif(t, "hv2", "dh4-b", nil)
	l.settle(t, a, b)
	got, err := a.lease(t)
	if want := "lease ip=10.0.0.10/24 router=10.0.0.1 dns=10.0.0.2 10.0.0.3 domain=edge.example lease=3600 serverid=10.0.0.1 mtu=1380 staticroutes="; got != want || err != nil {
		t.Fatalf("got %q, %v\nwant %q", got, err, want)
	}
	a.ping(t, "10.0.0.1", 3)
	// an address that is not the port's is refused, and then the right one given
	if out, err := a.lease(t, "-r", "10.0.0.77"); err != nil || !strings.Contains(out, "ip=10.0.0.10/24") {
		t.Errorf("asking for another address: got %q, %v", out, err)
	}
	// a port without options gets nothing, from nobody
	if out, err := b.run(patience, "busybox", "udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "1", "-T", "1", "-s", "/bin/true"); err == nil {
		t.Errorf("a port without DHCP options got a lease: %s", out)
	}
}

// The answers that a DHCPv6 client (RFC 8415) needs, from OVN: address, servers, search list.
func TestDHCPv6(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add dh6\n"+lsp("dh6", "dh6-a", "fd00::10")+`
		--id=@o create DHCP_Options cidr='"fd00::/64"' options:server_id=0a:00:00:00:00:99 options:dns_server='"fd00::53"' options:domain_search='"\"edge.example\""'
		set Logical_Switch_Port dh6-a dhcpv6_options=@o`)
	a := l.vif(t, "hv1", "dh6-a", nil)
	l.settle(t, a)
	mac, _ := net.ParseMAC(a.mac)
	option := func(code uint16, data []byte) []byte {
		return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, code), uint16(len(data))), data...)
	}
	const solicit, advertise, request, reply = 1, 2, 3, 7
	clientID := option(1, append([]byte{0, 3, 0, 1}, mac...)) // DUID-LL
	exchange := func(kind, want byte, options []byte) map[uint16][]byte {
		t.Helper()
		var answer map[uint16][]byte
		eventually(t, 10*time.Second, func() error {
			var pc net.PacketConn
			if err := a.do(func() (err error) {
				pc, err = net.ListenPacket("udp6", "[::]:546")
				return err
			}); err != nil {
				return err
			}
			defer pc.Close()
			to := &net.UDPAddr{IP: net.ParseIP("ff02::1:2"), Port: 547, Zone: fmt.Sprint(a.index(t))}
			if _, err := pc.WriteTo(append([]byte{kind, 1, 2, 3}, options...), to); err != nil {
				return err
			}
			_ = pc.SetReadDeadline(time.Now().Add(time.Second))
			buf := make([]byte, 1500)
			n, _, err := pc.ReadFrom(buf)
			if err != nil {
				return fmt.Errorf("no answer to message %d: %w", kind, err)
			}
			if n < 4 || buf[0] != want || [3]byte(buf[1:4]) != [3]byte{1, 2, 3} {
				return fmt.Errorf("answer %x to message %d, want message %d of the same transaction", buf[:n], kind, want)
			}
			answer = dhcp6Options(buf[4:n])
			return nil
		})
		return answer
	}
	ia := make([]byte, 12)
	ia[3] = 7 // IAID
	elapsed := option(8, []byte{0, 0})
	oro := option(6, []byte{0, 23, 0, 24})
	offer := exchange(solicit, advertise, append(append(append(clientID, option(3, ia)...), elapsed...), oro...))
	if offer[2] == nil {
		t.Fatalf("the advertisement has no server identifier: %x", offer)
	}
	ack := exchange(request, reply, append(append(append(append(clientID, option(2, offer[2])...), option(3, ia)...), elapsed...), oro...))
	if len(ack[3]) < 12 || ack[3][3] != 7 {
		t.Fatalf("the reply has no IA_NA of ours: %x", ack)
	}
	addr := dhcp6Options(ack[3][12:])[5]
	if len(addr) < 24 || netip.AddrFrom16([16]byte(addr[:16])) != netip.MustParseAddr("fd00::10") {
		t.Errorf("the address is %x, want fd00::10", addr)
	}
	if got := ack[23]; len(got) != 16 || netip.AddrFrom16([16]byte(got)) != netip.MustParseAddr("fd00::53") {
		t.Errorf("the DNS server is %x, want fd00::53", got)
	}
	// ovn-controller 25.03 puts the whole name into one label, not one each as RFC 3646 wants.
	if got := string(ack[24]); got != "\x0cedge.example\x00" && got != "\x04edge\x07example\x00" {
		t.Errorf("the search list is %q", got)
	}
}

// dhcp6Options reads options into a map by code.
func dhcp6Options(b []byte) map[uint16][]byte {
	m := map[uint16][]byte{}
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			break
		}
		m[binary.BigEndian.Uint16(b)] = b[4 : 4+n]
		b = b[4+n:]
	}
	return m
}

// index is the number of the endpoint's link.
func (e *endpoint) index(t *testing.T) int {
	t.Helper()
	n := 0
	if err := e.do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		if err == nil {
			n = ifi.Index
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// A relay on the router port carries a client's messages to a server elsewhere, here busybox's udhcpd, and the answers back.
func TestDHCPRelay(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add dhrc\nls-add dhrs\nlr-add dhrr\n"+join("dhrr", "dhrc", "10.0.0.1/24")+join("dhrr", "dhrs", "10.0.1.1/24")+
		lsp("dhrc", "dhr-a", "10.0.0.10")+lsp("dhrs", "dhr-s", "10.0.1.10")+`
		--id=@r create DHCP_Relay name=dhr servers=10.0.1.10
		set Logical_Router_Port dhrr-dhrc dhcp_relay=@r
		set Logical_Switch dhrc other_config:dhcp_relay_port=dhrc-dhrr`)
	a := l.vif(t, "hv1", "dhr-a", nil)
	s := l.vif(t, "hv2", "dhr-s", []string{"10.0.1.10/24"}, "10.0.1.1")
	l.settle(t, a, s)
	s.reach(t, "10.0.0.1")
	conf, leases := filepath.Join(l.dir, "udhcpd.conf"), filepath.Join(l.dir, "udhcpd.leases")
	if err := os.WriteFile(leases, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("start 10.0.0.10\nend 10.0.0.10\ninterface eth0\nlease_file "+leases+"\npidfile "+l.dir+"/udhcpd.pid\nopt subnet 255.255.255.0\nopt router 10.0.0.1\nopt dns 10.0.1.53\nopt lease 1800\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := l.daemon(s.netNS, l.dir, "udhcpd", "/usr/bin/busybox", "udhcpd", "-f", conf)
	if err := server.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.signal(unix.SIGKILL) })
	got, err := a.lease(t)
	if err != nil || !strings.HasPrefix(got, "lease ip=10.0.0.10/24 router=10.0.0.1 dns=10.0.1.53 ") {
		t.Fatalf("got %q, %v", got, err)
	}
	a.ping(t, "10.0.1.10", 3)
}
