package packets

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// frame is an Ethernet frame. IP fields are zero where the frame has none.
type frame struct {
	raw              []byte
	dst, src         string // Ethernet
	etherType        uint16
	vlan             int // of the tag, 0 without one
	from, to         netip.Addr
	proto            byte // IPv4 protocol, or the IPv6 header's next one
	dscp, ttl        byte
	srcPort, dstPort uint16 // TCP, UDP; of ICMP the type and the code
	payload          []byte // behind the TCP, UDP or (8 bytes) ICMP header, else behind the IP or Ethernet header
}

func (f frame) String() string {
	return fmt.Sprintf("%s > %s type %04x vlan %d: %v:%d > %v:%d proto %d ttl %d dscp %d len %d", f.src, f.dst, f.etherType, f.vlan, f.from, f.srcPort, f.to, f.dstPort, f.proto, f.ttl, f.dscp, len(f.raw))
}

const (
	typeIPv4, typeARP, typeRARP, typeIPv6 = 0x0800, 0x0806, 0x8035, 0x86dd

	protoICMP, protoIGMP, protoTCP, protoUDP, protoICMPv6 = 1, 2, 6, 17, 58
)

// parse reads what it can of a frame. An ARP's sender and target become from and to, its operation srcPort.
func parse(raw []byte) frame {
	f := frame{raw: raw}
	if len(raw) < 14 {
		return f
	}
	f.dst, f.src = net.HardwareAddr(raw[0:6]).String(), net.HardwareAddr(raw[6:12]).String()
	f.etherType, f.payload = binary.BigEndian.Uint16(raw[12:]), raw[14:]
	p := f.payload
	switch {
	case (f.etherType == typeARP || f.etherType == typeRARP) && len(p) >= 28:
		f.srcPort = binary.BigEndian.Uint16(p[6:])
		f.from, f.to = netip.AddrFrom4([4]byte(p[14:18])), netip.AddrFrom4([4]byte(p[24:28]))
		return f
	case f.etherType == typeIPv4 && len(p) >= 20:
		f.from, f.to = netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20]))
		f.proto, f.dscp, f.ttl = p[9], p[1]>>2, p[8]
		f.payload = p[min(int(p[0]&15)*4, len(p)):min(int(binary.BigEndian.Uint16(p[2:])), len(p))]
	case f.etherType == typeIPv6 && len(p) >= 40:
		f.from, f.to = netip.AddrFrom16([16]byte(p[8:24])), netip.AddrFrom16([16]byte(p[24:40]))
		f.proto, f.ttl, f.dscp = p[6], p[7], byte(binary.BigEndian.Uint16(p)>>6)&63
		f.payload = p[40:]
	default:
		return f
	}
	switch p := f.payload; {
	case f.proto == protoTCP && len(p) >= 20:
		f.srcPort, f.dstPort, f.payload = binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:]), p[min(int(p[12]>>4)*4, len(p)):]
	case f.proto == protoUDP && len(p) >= 8:
		f.srcPort, f.dstPort, f.payload = binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:]), p[8:]
	case (f.proto == protoICMP || f.proto == protoICMPv6) && len(p) >= 8:
		f.srcPort, f.dstPort, f.payload = uint16(p[0]), uint16(p[1]), p[8:]
	}
	return f
}

func checksum(parts ...[]byte) uint16 {
	var sum uint32
	b := bytes.Join(parts, nil)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func ethernet(dst, src string, etherType uint16, payload []byte) []byte {
	d, _ := net.ParseMAC(dst)
	s, _ := net.ParseMAC(src)
	return append(binary.BigEndian.AppendUint16(append(d, s...), etherType), payload...)
}

// ipv4 makes a packet with TTL 64 and, given one, a router alert (IGMP needs it).
func ipv4(from, to string, proto byte, payload []byte, options ...byte) []byte {
	h := make([]byte, 20+len(options))
	h[0], h[8], h[9] = byte(0x40|len(h)/4), 64, proto
	if proto == protoIGMP {
		h[8] = 1
	}
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(payload)))
	s, d := netip.MustParseAddr(from).As4(), netip.MustParseAddr(to).As4()
	copy(h[12:], s[:])
	copy(h[16:], d[:])
	copy(h[20:], options)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return append(h, payload...)
}

// udp4 makes an IPv4 packet with a UDP datagram, without UDP checksum.
func udp4(from string, sport uint16, to string, dport uint16, data string) []byte {
	u := binary.BigEndian.AppendUint16(nil, sport)
	u = binary.BigEndian.AppendUint16(u, dport)
	u = binary.BigEndian.AppendUint16(u, uint16(8+len(data)))
	return ipv4(from, to, protoUDP, append(append(u, 0, 0), data...))
}

// arp makes an ARP (or, for a RARP frame, RARP) message.
func arp(op uint16, senderMAC, senderIP, targetMAC, targetIP string) []byte {
	b := []byte{0, 1, 8, 0, 6, 4, byte(op >> 8), byte(op)}
	sm, _ := net.ParseMAC(senderMAC)
	tm, _ := net.ParseMAC(targetMAC)
	si, ti := netip.MustParseAddr(senderIP).As4(), netip.MustParseAddr(targetIP).As4()
	b = append(append(b, sm...), si[:]...)
	return append(append(b, tm...), ti[:]...)
}

// neighbourAdvertisement makes an IPv6 packet (RFC 4861 section 4.4) that says where target is.
func neighbourAdvertisement(from, to, target, mac string) []byte {
	s, d, tg := netip.MustParseAddr(from).As16(), netip.MustParseAddr(to).As16(), netip.MustParseAddr(target).As16()
	hw, _ := net.ParseMAC(mac)
	icmp := append([]byte{136, 0, 0, 0, 0x20, 0, 0, 0}, tg[:]...) // override
	icmp = append(append(icmp, 2, 1), hw...)
	pseudo := append(append(append([]byte{}, s[:]...), d[:]...), 0, 0, 0, byte(len(icmp)), 0, 0, 0, protoICMPv6)
	binary.BigEndian.PutUint16(icmp[2:], checksum(pseudo, icmp))
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, protoICMPv6, 255
	binary.BigEndian.PutUint16(h[4:], uint16(len(icmp)))
	copy(h[8:], s[:])
	copy(h[24:], d[:])
	return append(h, icmp...)
}

const broadcast = "ff:ff:ff:ff:ff:ff"

// send puts a frame on the endpoint's link as it is.
func (e *endpoint) send(t *testing.T, raw []byte) {
	t.Helper()
	err := e.do(func() error {
		ifi, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, raw, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index})
	})
	if err != nil {
		t.Fatalf("%s: sending a frame: %v", e.name, err)
	}
}

// capture holds the frames that came in by a link, not those that left by it.
type capture struct {
	where  string
	mu     sync.Mutex
	frames []frame       // guarded by mu
	more   chan struct{} // has one element when frames has grown
}

// capture receives the endpoint's frames from now on until the test ends.
func (e *endpoint) capture(t *testing.T) *capture {
	t.Helper()
	return e.captureLink(t, "eth0")
}

func (n *netNS) captureLink(t *testing.T, link string) *capture {
	t.Helper()
	fd := -1
	err := n.do(func() error {
		ifi, err := net.InterfaceByName(link)
		if err != nil {
			return err
		}
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
			return err
		}
		// The reader does not always get its turn before a flood has filled what is usual.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20); err != nil {
			return err
		}
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 3 << 8, Ifindex: ifi.Index}) // ETH_P_ALL in network order
	})
	if err != nil {
		t.Fatalf("capturing on %s of %s: %v", link, n.name, err)
	}
	c := &capture{where: link + " of " + n.name, more: make(chan struct{}, 1)}
	stop, stopped := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-stopped })
	go func() {
		defer close(stopped)
		defer unix.Close(fd)
		buf, oob := make([]byte, 65536), make([]byte, 256)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, oobn, _, from, err := unix.Recvmsg(fd, buf, oob, 0)
			if err != nil {
				continue
			}
			if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype == unix.PACKET_OUTGOING {
				continue
			}
			f := parse(bytes.Clone(buf[:n]))
			f.vlan = auxVLAN(oob[:oobn])
			c.mu.Lock()
			c.frames = append(c.frames, f)
			c.mu.Unlock()
			select {
			case c.more <- struct{}{}:
			default:
			}
		}
	}()
	return c
}

// auxVLAN reads the VLAN that the kernel took out of a frame: struct tpacket_auxdata of packet(7).
func auxVLAN(oob []byte) int {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range msgs {
		if m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 20 {
			if status := binary.NativeEndian.Uint32(m.Data); status&unix.TP_STATUS_VLAN_VALID != 0 {
				return int(binary.NativeEndian.Uint16(m.Data[16:]) & 0xfff)
			}
		}
	}
	return 0
}

// all returns the frames so far that match.
func (c *capture) all(match func(frame) bool) []frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []frame
	for _, f := range c.frames {
		if match(f) {
			out = append(out, f)
		}
	}
	return out
}

// wait returns the first frame that matches, now or later.
func (c *capture) wait(t *testing.T, what string, match func(frame) bool) frame {
	t.Helper()
	return c.waitDoing(t, what, match, func() {})
}

// waitDoing is wait that does something until then, every 300 ms.
func (c *capture) waitDoing(t *testing.T, what string, match func(frame) bool, do func()) frame {
	t.Helper()
	deadline := time.Now().Add(slow(patience))
	for {
		do()
		again := time.After(300 * time.Millisecond)
		for waiting := true; waiting; {
			if fs := c.all(match); len(fs) > 0 {
				return fs[0]
			}
			select {
			case <-c.more:
			case <-again:
				waiting = false
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s received no %s; it received %v", c.where, what, c.all(func(frame) bool { return true }))
		}
	}
}

// isUDP matches IPv4 and IPv6 datagrams with that payload.
func isUDP(data string) func(frame) bool {
	return func(f frame) bool { return f.proto == protoUDP && string(f.payload) == data }
}
