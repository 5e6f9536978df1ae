package doctor

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

// port is a TCP port that kove is going to listen on.
type port struct {
	number int
	addr   netip.Addr // unspecified for all addresses
	who    string
	remedy string
}

func wantedPorts(c Case) []port {
	all, lo := netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1")
	stop := "stop that program"
	var out []port
	if c.Role == config.Server {
		out = append(out, port{c.API.HTTPSListenPort, c.API.BindAddress, "the API server", stop + ", or choose another port with --https-listen-port"},
			port{10257, lo, "kube-controller-manager", stop}, port{10259, lo, "kube-scheduler", stop})
		if c.OVN.SBRemote == "" {
			out = append(out, port{c.OVN.SBPort, all, "the southbound database", stop + ", or choose another port with --ovn-sb-port"})
		}
	}
	if c.Role == config.Agent || !c.Control.DisableAgent {
		out = append(out, port{10250, all, "kubelet", stop + " (another Kubernetes?)"}, port{10248, lo, "kubelet's health check", stop + " (another Kubernetes?)"})
		if !c.Control.DisableKubeProxy {
			out = append(out, port{10256, all, "kube-proxy's health check", stop + " (another Kubernetes?)"})
		}
	}
	return out
}

// portsFree looks for listeners in /proc/net/tcp and tcp6, which shows those of this network namespace.
func portsFree(_ context.Context, h Host, c Case) []Finding {
	taken := append(listeners(h, "/proc/net/tcp"), listeners(h, "/proc/net/tcp6")...)
	var out []Finding
	for _, want := range wantedPorts(c) {
		for _, l := range taken {
			if l.port != want.number || !clash(l.addr, want.addr) {
				continue
			}
			who := h.SocketOwner(l.inode)
			if who == "" {
				who = "another program"
			}
			out = append(out, Finding{ID: "ports/" + strconv.Itoa(want.number), Severity: Fatal,
				Seen: fmt.Sprintf("TCP port %d is taken: %s listens on %s", want.number, who, netip.AddrPortFrom(l.addr, uint16(l.port))),
				Why:  want.who + " needs it", Remedy: want.remedy})
			break
		}
	}
	return out
}

// clash tells whether listening on b fails while somebody listens on a. A wildcard IPv6 socket takes IPv4 too, unless it was
// told not to, which /proc does not show.
func clash(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified() && (b.Is6() || a.Is4())
}

type listener struct {
	addr  netip.Addr
	port  int
	inode string
}

func listeners(h Host, path string) []listener {
	return sockets(h, path, "0A") // TCP_LISTEN of net/tcp_states.h
}

// sockets reads those in a state from /proc/net/tcp, udp and such.
func sockets(h Host, path, state string) []listener {
	var out []listener
	for _, line := range lines(h, path) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != state {
			continue
		}
		hexIP, hexPort, ok := strings.Cut(f[1], ":")
		addr, okAddr := procAddr(hexIP)
		number, err := strconv.ParseUint(hexPort, 16, 16)
		if ok && okAddr && err == nil {
			out = append(out, listener{addr, int(number), f[9]})
		}
	}
	return out
}

// procAddr reads an address of /proc/net/tcp*: 32-bit words in the machine's byte order.
func procAddr(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b)%4 != 0 {
		return netip.Addr{}, false
	}
	if hostLittleEndian() {
		for i := 0; i < len(b); i += 4 {
			b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
		}
	}
	a, ok := netip.AddrFromSlice(b)
	return a.Unmap(), ok
}
