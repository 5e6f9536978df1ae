package packets

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// needKernel skips a case that wants what only a kernel with Open vSwitch and all modules has: it runs in tests/guest.
func needKernel(t *testing.T, what string) {
	t.Helper()
	if !*kernelFlag {
		t.Skipf("%s: tests/guest runs this case", what)
	}
}

// qos_max_rate shapes what a port sends to the physical network: a queue of its chassis's physical link has the rate, and what is
// sent at once arrives at that pace.
func TestQoSQueue(t *testing.T) {
	needKernel(t, "tc queues of class htb")
	t.Parallel()
	l := needLab(t)
	const vlan, rate = 150, 40_000 // bits a second
	if err := l.hv["hv1"].vsctl("set", "interface", "phys0", "external_ids:ovn-egress-iface=true"); err != nil {
		t.Fatal(err)
	}
	l.nb(t, "ls-add qsq\n"+localnet("qsq", vlan)+lsp("qsq", "qsq-a", "10.0.0.10")+lsp("qsq", "qsq-b", "10.0.0.11")+fmt.Sprintf("lsp-set-options qsq-a qos_max_rate=%d qos_burst=%d qos_min_rate=%d", rate, rate/20, rate/2))
	a := l.vif(t, "hv1", "qsq-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv1", "qsq-b", []string{"10.0.0.11/24"})
	x := l.external(t, "qsq-x", vlan, []string{"10.0.0.100/24"})
	l.settle(t, a, b)
	a.reach(t, "10.0.0.100")
	b.reach(t, "10.0.0.100")
	eventually(t, 20*time.Second, func() error {
		out, err := l.tool("ovs-vsctl", "--db=unix:"+l.hv["hv1"].dir+"/db.sock", "--columns=other_config,external_ids", "list", "Queue")
		for _, want := range []string{"ovn_port=qsq-a", fmt.Sprintf("max-rate=\"%d\"", rate), fmt.Sprintf("min-rate=\"%d\"", rate/2)} {
			if err == nil && !strings.Contains(out, want) {
				err = fmt.Errorf("no queue with %s: %s", want, out)
			}
		}
		return err
	})
	const count, size = 60, 1000
	send := func(from *endpoint, src, what string) time.Duration {
		t.Helper()
		got := x.capture(t)
		begin := time.Now()
		for i := range count {
			text := fmt.Sprintf("%s %d ", what, i)
			from.send(t, ethernet(x.mac, from.mac, typeIPv4, udp4(src, 1, "10.0.0.100", 9, text+strings.Repeat(".", size-len(text)))))
		}
		eventually(t, 60*time.Second, func() error {
			if n := len(got.all(isUDPLike(what + " "))); n < count*9/10 {
				return fmt.Errorf("%d of %d datagrams have come", n, count)
			}
			return nil
		})
		return time.Since(begin)
	}
	free := send(b, "10.0.0.11", "free")
	paced := send(a, "10.0.0.10", "paced")
	t.Logf("FIGURE %d datagrams of %d bytes take %v without a limit and %v at %d bits a second", count, size, free, paced, rate)
	// 54 kB at 5 kB a second are more than ten seconds; a burst and what was in the air take little of it.
	if paced < 6*time.Second {
		queues, err := l.tool("ovs-appctl", "-t", l.hv["hv1"].dir+"/vswitchd.ctl", "qos/show", "phys0")
		t.Errorf("they are not held back; queues of phys0: %s %v", queues, err)
	}
}

// Dynamic routing: the chassis of a gateway keeps what the router announces in a kernel routing table of the router's own, and a
// route that a routing daemon puts there leads OVN's packets.
func TestDynamicRouting(t *testing.T) {
	needKernel(t, "virtual routing and forwarding (vrf)")
	t.Parallel()
	l := needLab(t)
	const vlan = 151
	// Both ports of the router are on hv3, and only the outer one is to learn.
	if err := l.hv["hv3"].vsctl("set", "open", ".", `external_ids:dynamic-routing-port-mapping="outer=dyrlink,inner=lo"`); err != nil {
		t.Fatal(err)
	}
	l.nb(t, "ls-add dyr\nls-add dyrx\nlr-add dyrr\nset Logical_Router dyrr options:chassis=hv3 options:dynamic-routing=true options:dynamic-routing-vrf-name=dyrvrf options:dynamic-routing-redistribute=\"connected,static\" options:requested-tnl-key=7777\n"+
		localnet("dyrx", vlan)+join("dyrr", "dyr", "10.0.0.1/24")+join("dyrr", "dyrx", "172.16.0.1/24")+lsp("dyr", "dyr-a", "10.0.0.10")+`
		set Logical_Router_Port dyrr-dyrx options:dynamic-routing-maintain-vrf=true options:dynamic-routing-port-name=outer
		set Logical_Router_Port dyrr-dyr options:dynamic-routing-port-name=inner
		lr-route-add dyrr 10.77.0.0/16 10.0.0.10`)
	a := l.vif(t, "hv1", "dyr-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	x := l.external(t, "dyr-x", vlan, []string{"172.16.0.99/24"}, "172.16.0.1")
	if err := x.address("lo", "192.0.2.1/32"); err != nil {
		t.Fatal(err)
	}
	x.serveTCP(t, ":80")
	l.settle(t, a)
	hv3 := l.hv["hv3"].ns
	eventually(t, 30*time.Second, func() error {
		out, err := hv3.run(20*time.Second, "ip", "route", "show", "vrf", "dyrvrf")
		for _, want := range []string{"10.0.0.0/24", "10.77.0.0/16"} {
			if err == nil && !strings.Contains(out, want) {
				err = fmt.Errorf("%s is not announced: %s", want, out)
			}
		}
		return err
	})
	// What a routing daemon would do: a link in the table, and a route over it.
	for _, args := range [][]string{
		{"link", "add", "dyrlink", "type", "dummy"}, {"link", "set", "dyrlink", "master", "dyrvrf"}, {"link", "set", "dyrlink", "up"},
		{"addr", "add", "172.16.0.1/24", "dev", "dyrlink"}, {"route", "add", "192.0.2.0/24", "via", "172.16.0.99", "dev", "dyrlink", "vrf", "dyrvrf", "proto", "bgp"},
	} {
		if out, err := hv3.run(20*time.Second, "ip", args...); err != nil {
			t.Fatal(err, out)
		}
	}
	l.untilRows(t, 1, "Learned_Route", "ip_prefix=192.0.2.0/24", "nexthop=172.16.0.99")
	a.wantAnswer(t, "tcp", "192.0.2.1:80", "dyr-x sees 10.0.0.10")
	if out, err := hv3.run(20*time.Second, "ip", "route", "del", "192.0.2.0/24", "vrf", "dyrvrf"); err != nil {
		t.Fatal(err, out)
	}
	l.untilRows(t, 0, "Learned_Route", "ip_prefix=192.0.2.0/24")
	a.becomesSilent(t, "tcp", "192.0.2.1:80")
	// Without dynamic routing nothing of it stays.
	l.nb(t, "set Logical_Router dyrr options:dynamic-routing=false")
	eventually(t, 30*time.Second, func() error {
		if out, err := hv3.run(20*time.Second, "ip", "route", "show", "table", "7777"); err == nil && strings.Contains(out, "10.77.0.0/16") {
			return errors.New("still announced: " + out)
		}
		return nil
	})
}
