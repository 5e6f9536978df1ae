package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
)

// CheckName implements Host.
func (OSHost) CheckName(ctx context.Context, server string, ca []byte, t pki.Token, claim pki.Claim) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return pki.CheckName(ctx, server, ca, t, claim)
}

// Glob implements Host.
func (OSHost) Glob(pattern string) []string {
	out, err := filepath.Glob(pattern)
	if err != nil { // a wrong pattern of ours
		return nil
	}
	return out
}

// Readlink implements Host.
func (OSHost) Readlink(path string) (string, error) { return os.Readlink(path) }

// Environ implements Host.
func (OSHost) Environ() []string { return os.Environ() }

// Links implements Host.
func (h OSHost) Links() ([]Link, error) {
	list, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing the network interfaces: %w", err)
	}
	addrs := map[string][]netip.Prefix{}
	nics, err := h.NICs()
	if err != nil {
		return nil, fmt.Errorf("listing the addresses: %w", err)
	}
	for _, nic := range nics {
		addrs[nic.Name] = nic.Addrs
	}
	names := map[int]string{}
	for _, l := range list {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	var out []Link
	for _, l := range list {
		a := l.Attrs()
		link := Link{Name: a.Name, Kind: l.Type(), MTU: a.MTU, Up: a.RawFlags&unix.IFF_UP != 0, Carrier: a.RawFlags&unix.IFF_LOWER_UP != 0,
			Master: names[a.MasterIndex], Addrs: addrs[a.Name]}
		if link.Kind == "device" {
			link.Kind = ""
		}
		if link.Kind != "veth" && a.ParentIndex != a.Index {
			link.Parent = names[a.ParentIndex]
		}
		if driver, err := os.Readlink("/sys/class/net/" + a.Name + "/device/driver"); err == nil {
			link.Driver = filepath.Base(driver)
		}
		out = append(out, link)
	}
	return out, nil
}

// Inodes implements Host.
func (OSHost) Inodes(path string) (free, all uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, fmt.Errorf("looking at the file system of %s: %w", path, err)
	}
	return s.Ffree, s.Files, nil
}

// SyncLatency implements Host. It is the median of some writes as SQLite and the databases of OVN make them.
func (OSHost) SyncLatency(dir string) (time.Duration, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("writing below %s: %w", dir, err)
	}
	f := os.NewFile(uintptr(fd), dir)
	defer f.Close()
	var best []time.Duration
	block := make([]byte, 4096)
	for range 9 {
		begin := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("writing below %s: %w", dir, err)
		}
		if err := unix.Fdatasync(fd); err != nil {
			return 0, fmt.Errorf("writing below %s: %w", dir, err)
		}
		took := time.Since(begin)
		i := 0
		for i < len(best) && best[i] < took {
			i++
		}
		best = append(best[:i], append([]time.Duration{took}, best[i:]...)...)
	}
	return best[len(best)/2], nil
}

// ClockSynced implements Host.
func (OSHost) ClockSynced() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, fmt.Errorf("asking the kernel about its clock: %w", err)
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, nil
}

// Chains implements Host.
func (OSHost) Chains() ([]string, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("opening nftables: %w", err)
	}
	list, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("listing the chains of nftables: %w", err)
	}
	families := map[nftables.TableFamily]string{nftables.TableFamilyINet: "inet", nftables.TableFamilyIPv4: "ip", nftables.TableFamilyIPv6: "ip6",
		nftables.TableFamilyARP: "arp", nftables.TableFamilyNetdev: "netdev", nftables.TableFamilyBridge: "bridge"}
	var out []string
	for _, c := range list {
		out = append(out, families[c.Table.Family]+" "+c.Table.Name+" "+c.Name)
	}
	return out, nil
}

// Reach implements Host.
func (OSHost) Reach(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// PathMTU implements Host. It sends echo requests that must not be fragmented: a full one, and when that is lost ever smaller
// ones, so that a hop that drops in silence is found too.
func (OSHost) PathMTU(ctx context.Context, to netip.Addr, size int) (int, error) {
	if !to.Is4() {
		return 0, errors.New("only IPv4 paths are measured")
	}
	conn, err := net.DialIP("ip4:icmp", nil, &net.IPAddr{IP: to.AsSlice()})
	if err != nil {
		return 0, fmt.Errorf("sending echo requests: %w", err)
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var option error
	if err := raw.Control(func(fd uintptr) {
		option = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	}); err != nil || option != nil {
		return 0, fmt.Errorf("forbidding fragments: %w", errors.Join(err, option))
	}
	e := echo{conn: conn, to: to, id: uint16(os.Getpid())}
	if e.answers(ctx, size) {
		return size, nil
	}
	low, high := 576, size // low answers, high does not
	if high <= low || !e.answers(ctx, low) {
		return 0, nil
	}
	for high-low > 1 && ctx.Err() == nil {
		if middle := (low + high) / 2; e.answers(ctx, middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

type echo struct {
	conn *net.IPConn
	to   netip.Addr
	id   uint16
	seq  uint16
}

// answers sends a packet of that size, twice when the first is lost.
func (e *echo) answers(ctx context.Context, size int) bool {
	for range 2 {
		e.seq++
		packet := make([]byte, size-20)
		packet[0] = 8 // echo request
		packet[4], packet[5], packet[6], packet[7] = byte(e.id>>8), byte(e.id), byte(e.seq>>8), byte(e.seq)
		sum := checksum(packet)
		packet[2], packet[3] = byte(sum>>8), byte(sum)
		deadline := time.Now().Add(300 * time.Millisecond)
		if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
			deadline = d
		}
		if e.conn.SetDeadline(deadline) != nil {
			return false
		}
		if _, err := e.conn.Write(packet); err != nil {
			return false // EMSGSIZE: larger than the NIC's own MTU
		}
		buf := make([]byte, 65536)
		for {
			n, from, err := e.conn.ReadFromIP(buf) // without the IP header
			if err != nil {
				break
			}
			a, _ := netip.AddrFromSlice(from.IP)
			if n >= 8 && a.Unmap() == e.to && buf[0] == 0 && buf[4] == packet[4] && buf[5] == packet[5] && buf[6] == packet[6] && buf[7] == packet[7] {
				return true
			}
		}
	}
	return false
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// Status implements Host.
func (OSHost) Status(ctx context.Context, socket string) (*status.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return status.Get(ctx, socket)
}
