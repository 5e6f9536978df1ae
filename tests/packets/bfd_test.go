package packets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// States of a BFD session (RFC 5880 section 4.1).
const bfdDown, bfdInit, bfdUp = 1, 2, 3

// answerBFD is the other end of BFD sessions (RFC 5880, 5881), until stop is called: it answers each control packet and sends
// none by itself.
func (e *endpoint) answerBFD(t *testing.T, addr string) (stop func()) {
	t.Helper()
	var in, out net.PacketConn
	ttl := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if cerr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, 255) }); cerr != nil {
			return cerr
		}
		return err
	}}
	if err := e.do(func() (err error) {
		if in, err = net.ListenPacket("udp4", addr+":3784"); err != nil {
			return err
		}
		out, err = ttl.ListenPacket(t.Context(), "udp4", addr+":49153")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := in.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < 24 {
				continue
			}
			state := byte(bfdUp)
			if buf[1]>>6 == bfdDown {
				state = bfdInit
			}
			p := make([]byte, 24)
			p[0], p[1], p[2], p[3] = 1<<5, state<<6, 3, 24
			if poll := buf[1]&0x20 != 0; poll {
				p[1] |= 0x10 // final
			}
			binary.BigEndian.PutUint32(p[4:], 0xbfd)
			copy(p[8:12], buf[4:8])
			binary.BigEndian.PutUint32(p[12:], 300_000) // microseconds
			binary.BigEndian.PutUint32(p[16:], 300_000)
			to := *from.(*net.UDPAddr)
			to.Port = 3784
			_, _ = out.WriteTo(p, &to) // the session goes down if it cannot
		}
	}()
	stop = func() { in.Close(); out.Close() }
	t.Cleanup(stop)
	return stop
}

// Static routes that BFD watches (ovn-nb(5), BFD): two routers of the physical network lead to the same address, and one stops
// answering BFD, nothing else. Its route goes, and comes back when it answers.
func TestRouteBFD(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add rb\nls-add rbx\nlr-add rbr\nset Logical_Router rbr options:chassis=hv3\n"+localnet("rbx", 134)+
		join("rbr", "rb", "10.0.0.1/24")+join("rbr", "rbx", "172.16.0.1/24")+lsp("rb", "rb-a", "10.0.0.10"))
	a := l.vif(t, "hv1", "rb-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	var sessions []string
	var stops []func()
	var routers []*endpoint
	for i := 1; i <= 2; i++ {
		addr := fmt.Sprint("172.16.0.10", i)
		r := l.external(t, fmt.Sprint("rb-", i), 134, []string{addr + "/24"})
		if err := r.address("lo", "192.168.9.9/32"); err != nil {
			t.Fatal(err)
		}
		if err := r.route("10.0.0.0/24", "172.16.0.1"); err != nil {
			t.Fatal(err)
		}
		r.serveTCP(t, ":80")
		routers, stops = append(routers, r), append(stops, r.answerBFD(t, addr))
		sessions = append(sessions, l.nb(t, "create BFD logical_port=rbr-rbx dst_ip="+addr+" min_tx=300 min_rx=300 detect_mult=3"))
		l.nb(t, fmt.Sprintf("--ecmp --bfd=%s lr-route-add rbr 192.168.9.0/24 %s rbr-rbx", sessions[i-1], addr))
	}
	l.settle(t, a)
	status := func(i int, want string) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			out, err := l.tool("ovn-nbctl", "--timeout="+seconds(10), "get", "BFD", sessions[i], "status")
			if got := strings.TrimSpace(out); err == nil && got != want {
				err = fmt.Errorf("session %d is %s, not %s", i+1, got, want)
			}
			return err
		})
	}
	// ask connects and tells who answers.
	ask := func() string {
		got, _ := a.ask("tcp", "192.168.9.9:80")
		name, _, _ := strings.Cut(got, " ")
		return name
	}
	both := func() {
		t.Helper()
		seen := map[string]bool{}
		eventually(t, 30*time.Second, func() error {
			if seen[ask()] = true; !seen["rb-1"] || !seen["rb-2"] {
				return fmt.Errorf("only %v answer", seen)
			}
			return nil
		})
	}
	status(0, "up")
	status(1, "up")
	both()
	stops[0]()
	status(0, "down")
	eventually(t, 20*time.Second, func() error {
		for range 16 {
			if got := ask(); got != "rb-2" {
				return errors.New("a connection is answered by " + got)
			}
		}
		return nil
	})
	status(1, "up")
	stops[0] = routers[0].answerBFD(t, "172.16.0.101")
	status(0, "up")
	both()
}
