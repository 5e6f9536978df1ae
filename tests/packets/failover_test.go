package packets

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// steady is a stream of numbered datagrams, one every 20 ms, each of which is answered by an echo.
type steady struct {
	got  *capture
	peer netip.Addr // who answers
	stop chan struct{}
	sent chan int // gets the number of datagrams sent, once stopped
}

const steadyInterval = 20 * time.Millisecond

// flow starts a stream from e to an echo (serveUDP) at addr. Each datagram is a flow of its own when fresh.
func (e *endpoint) flow(t *testing.T, addr string) *steady {
	t.Helper()
	s := &steady{got: e.capture(t), peer: netip.MustParseAddrPort(addr).Addr(), stop: make(chan struct{}), sent: make(chan int, 1)}
	c, err := e.dial("udp", addr, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		n := 0
		tick := time.NewTicker(steadyInterval)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				s.sent <- n
				return
			case <-tick.C:
				n++
				_, _ = c.Write(fmt.Appendf(nil, "%d", n))
			}
		}
	}()
	return s
}

// answered is how many answers have come.
func (s *steady) answered() int {
	return len(s.got.all(func(f frame) bool { return f.proto == protoUDP && f.from == s.peer }))
}

// resumes waits until answers come again: ten more than there are now.
func (s *steady) resumes(t *testing.T) {
	t.Helper()
	before := s.answered()
	eventually(t, 30*time.Second, func() error {
		if n := s.answered(); n < before+10 {
			return fmt.Errorf("%d answers since the failure", n-before)
		}
		return nil
	})
}

// finish stops the stream and returns how many datagrams were lost.
func (s *steady) finish() (sent, lost int) {
	close(s.stop)
	sent = <-s.sent
	// Answers under way: on a busy machine they come late, and then many at once.
	for n, since := s.answered(), time.Now(); n < sent && time.Since(since) < slow(3*time.Second); time.Sleep(steadyInterval) {
		if now := s.answered(); now > n {
			n, since = now, time.Now()
		}
	}
	return sent, sent - s.answered()
}

// The gateway port of a distributed router moves to the next chassis, which BFD between the chassis finds out by itself, when the
// active one's ovs-vswitchd is killed and when its tunnel link is cut, and back when it returns. Whoever is outside finds the new
// place by OVN's gratuitous ARP.
func TestGatewayFailover(t *testing.T) {
	l := needLab(t)
	const vlan = 110
	l.nb(t, "ls-add ha\nls-add hax\nlr-add har\n"+localnet("hax", vlan)+join("har", "ha", "10.0.0.1/24")+join("har", "hax", "172.16.0.1/24")+lsp("ha", "ha-a", "10.0.0.10")+`
		ha-chassis-group-add hag
		ha-chassis-group-add-chassis hag hv2 20
		ha-chassis-group-add-chassis hag hv3 10`)
	group := l.nb(t, "get HA_Chassis_Group hag _uuid")
	l.nb(t, "set Logical_Router_Port har-hax ha_chassis_group="+group+"\nlr-nat-add har snat 172.16.0.1 10.0.0.0/24")
	a := l.vif(t, "hv1", "ha-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	out := l.external(t, "ha-out", vlan, []string{"172.16.0.100/24"})
	out.serveUDP(t, "172.16.0.100:53")
	l.settle(t, a)
	a.reach(t, "172.16.0.100")
	active := func(want string) {
		t.Helper()
		if _, err := l.tool("ovn-nbctl", "--timeout="+seconds(60), "wait-until", "Logical_Router_Port", "har-hax", "status:hosting-chassis="+want); err != nil {
			t.Error(err)
		}
	}
	active("hv2")
	arps := out.capture(t)
	wantPath := func(hv string) {
		t.Helper()
		got := l.tor.ns.captureLink(t, hv)
		got.wait(t, "datagram to the outside", func(f frame) bool {
			return f.proto == protoUDP && f.vlan == vlan && f.to == netip.MustParseAddr("172.16.0.100")
		})
	}

	s := a.flow(t, "172.16.0.100:53")
	wantPath("hv2")
	begin := time.Now()
	if err := l.hv["hv2"].vswitchd.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.resumes(t)
	wantPath("hv3")
	killed := time.Since(begin)
	arps.wait(t, "gratuitous ARP of the router's address", func(f frame) bool {
		return f.etherType == typeARP && f.from == f.to && f.from == netip.MustParseAddr("172.16.0.1")
	})
	sent, lost := s.finish()
	t.Logf("FIGURE gateway failover, ovs-vswitchd killed: %d of %d datagrams lost, answers again after at most %v", lost, sent, killed.Round(10*time.Millisecond))
	active("hv3")

	// it returns and takes the gateway back
	if err := l.hv["hv2"].vswitchd.start(); err != nil {
		t.Fatal(err)
	}
	active("hv2")
	a.reach(t, "172.16.0.100")

	// the tunnel link goes: the chassis lives and still thinks it is the gateway, until it misses the others
	s = a.flow(t, "172.16.0.100:53")
	wantPath("hv2")
	begin = time.Now()
	if err := l.underlayLink("hv2", false); err != nil {
		t.Fatal(err)
	}
	s.resumes(t)
	wantPath("hv3")
	cut := time.Since(begin)
	sent, lost = s.finish()
	t.Logf("FIGURE gateway failover, tunnel link cut: %d of %d datagrams lost, answers again after at most %v", lost, sent, cut.Round(10*time.Millisecond))
	if err := l.underlayLink("hv2", true); err != nil {
		t.Fatal(err)
	}
	s = a.flow(t, "172.16.0.100:53")
	wantPath("hv2")
	s.finish()
	a.reach(t, "172.16.0.100")

	// a change of priorities moves it too
	l.nb(t, "ha-chassis-group-add-chassis hag hv3 30")
	active("hv3")
	s = a.flow(t, "172.16.0.100:53")
	wantPath("hv3")
	s.finish()
}

// underlayLink sets the tunnels' end of a chassis's cable up or down.
func (l *lab) underlayLink(hv string, up bool) error {
	return l.fabric.do(func() error {
		link, err := netlink.LinkByName(hv)
		if err != nil {
			return err
		}
		if up {
			return netlink.LinkSetUp(link)
		}
		return netlink.LinkSetDown(link)
	})
}
