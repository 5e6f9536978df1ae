package packets

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// delegate is a DHCPv6 server (RFC 8415) that delegates one prefix to whoever asks, until the test ends.
func (e *endpoint) delegate(t *testing.T, prefix netip.Prefix) {
	t.Helper()
	var pc *net.UDPConn
	if err := e.do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		pc, err = net.ListenMulticastUDP("udp6", ifi, &net.UDPAddr{IP: net.ParseIP("ff02::1:2"), Port: 547})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	option := func(b []byte, code uint16, data ...byte) []byte {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, code), uint16(len(data)))
		return append(b, data...)
	}
	const solicit, advertise, request, renew, reply = 1, 2, 3, 5, 7
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if n < 4 || buf[0] != solicit && buf[0] != request && buf[0] != renew {
				continue
			}
			answer := []byte{reply, buf[1], buf[2], buf[3]}
			if buf[0] == solicit {
				answer[0] = advertise
			}
			asked := dhcp6Options(buf[4:n])
			answer = option(answer, 1, asked[1]...)
			answer = option(answer, 2, 0, 3, 0, 1, 0x0a, 0, 0, 0, 0, 0xdd) // DUID-LL
			ia := asked[25]
			if len(ia) < 12 {
				continue
			}
			addr := prefix.Addr().As16()
			lifetimes := []byte{0, 0, 0x0e, 0x10, 0, 0, 0x1c, 0x20}
			pd := option(append([]byte{}, ia[:12]...), 26, append(append(lifetimes, byte(prefix.Bits())), addr[:]...)...)
			answer = option(answer, 25, pd...)
			_, _ = pc.WriteToUDP(answer, from)
		}
	}()
}

// A router asks the provider for a prefix and tells the operator. Once he has put it on the inner port, which OVN does not do by
// itself, machines make addresses of it and are reached by them.
func TestPrefixDelegation(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const vlan = 145
	prefix := netip.MustParsePrefix("2001:db8:77:1::/64")
	x := l.external(t, "pd-x", vlan, []string{"fd16::100/64"})
	x.delegate(t, prefix)
	l.nb(t, "ls-add pd\nls-add pdx\nlr-add pdr\n"+localnet("pdx", vlan)+
		join("pdr", "pd", "10.0.0.1/24")+join("pdr", "pdx", "fd16::1/64")+lsp("pd", "pd-a")+`
		lsp-set-addresses pd-a unknown
		lrp-set-gateway-chassis pdr-pdx hv3
		set Logical_Router_Port pdr-pdx options:prefix_delegation=true
		set Logical_Router_Port pdr-pd options:prefix=true ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:min_interval=3 ipv6_ra_configs:max_interval=4`)
	a := l.vif(t, "hv1", "pd-a", nil)
	l.settle(t, a)
	eventually(t, 30*time.Second, func() error {
		if got := l.nbctl(t, "none", "get Logical_Router_Port pdr-pd ipv6_prefix"); !strings.Contains(got, prefix.String()) {
			return fmt.Errorf("ipv6_prefix is %s, want %v", got, prefix)
		}
		return nil
	})
	l.nb(t, `add Logical_Router_Port pdr-pd networks '"2001:db8:77:1::1/64"'`)
	for k, v := range map[string]string{"router_solicitation_delay": "0", "router_solicitation_interval": "1"} {
		if err := a.sysctl("ipv6/conf/eth0/"+k, v); err != nil {
			t.Fatal(err)
		}
	}
	a.relink(t)
	want := slaac(strings.TrimSuffix(prefix.Addr().String(), "::")+":", a.mac)
	eventually(t, 20*time.Second, func() error {
		out, err := a.run(20*time.Second, "ip", "-6", "addr", "show", "dev", "eth0", "scope", "global", "dynamic")
		if err == nil && !strings.Contains(out, want+"/64") {
			err = fmt.Errorf("no dynamic address %s: %s", want, out)
		}
		return err
	})
	if err := x.route(prefix.String(), "fd16::1"); err != nil {
		t.Fatal(err)
	}
	x.reach(t, want)
}
