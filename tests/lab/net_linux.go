package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// netlink opens a handle into the host's network namespace.
func (h *Host) netlink() (*netlink.Handle, error) {
	ns, err := netns.GetFromPid(h.Pid())
	if err != nil {
		return nil, fmt.Errorf("opening network namespace of host %s: %w", h.Name, err)
	}
	defer ns.Close()
	return netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
}

// Listen listens on a TCP address in the host's network namespace.
func (h *Host) Listen(address string) (l net.Listener, err error) {
	err = h.inNetwork(func() error { l, err = net.Listen("tcp", address); return err })
	return l, err
}

// Dial dials from the host's network namespace. Addresses must be literals: a name would be looked up on other threads.
func (h *Host) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = h.inNetwork(func() error {
		c, err = (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// inNetwork calls f on a thread that is in the host's network namespace. Sockets stay in the namespace that made them.
func (h *Host) inNetwork(f func() error) error {
	pid := h.Pid()
	if pid == 0 {
		return fmt.Errorf("host %s is off", h.Name)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := netns.Get()
	if err != nil {
		return err
	}
	defer own.Close()
	ns, err := netns.GetFromPid(pid)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := netns.Set(ns); err != nil {
		return err
	}
	defer func() {
		if err := netns.Set(own); err != nil {
			panic(err) // the thread would leak into another namespace
		}
	}()
	return f()
}

func (h *Host) makeBridges() error {
	nl, err := h.netlink()
	if err != nil {
		return err
	}
	defer nl.Close()
	for _, name := range []string{managementBridge, tunnelBridge} {
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name, MTU: 1500}}
		if err := nl.LinkAdd(br); err != nil {
			return fmt.Errorf("adding bridge %s: %w", name, err)
		}
		if err := nl.LinkSetUp(br); err != nil {
			return fmt.Errorf("setting bridge %s up: %w", name, err)
		}
	}
	return nil
}

// plug makes the veth between nic of the host and a bridge of the fabric.
func (l *Lab) plug(h *Host, nic, bridge string, addr netip.Prefix) error {
	fabric, err := l.Host(Fabric).netlink()
	if err != nil {
		return err
	}
	defer fabric.Close()
	br, err := fabric.LinkByName(bridge)
	if err != nil {
		return fmt.Errorf("looking up bridge %s: %w", bridge, err)
	}
	name := h.Name + "-" + nic
	if len(name) > 15 {
		return fmt.Errorf("plugging %s: interface name %s is longer than 15 bytes; use a shorter host name", nic, name)
	}
	if old, err := fabric.LinkByName(name); err == nil { // the peer's namespace is gone and the kernel is about to notice
		_ = fabric.LinkDel(old)
	}
	ns, err := netns.GetFromPid(h.Pid())
	if err != nil {
		return err
	}
	defer ns.Close()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name, MTU: 1500, MasterIndex: br.Attrs().Index}, PeerName: nic, PeerNamespace: netlink.NsFd(int(ns))}
	if err := fabric.LinkAdd(veth); err != nil {
		return fmt.Errorf("adding veth %s: %w", name, err)
	}
	if err := fabric.LinkSetUp(veth); err != nil {
		return err
	}
	nl, err := h.netlink()
	if err != nil {
		return err
	}
	defer nl.Close()
	link, err := nl.LinkByName(nic)
	if err != nil {
		return fmt.Errorf("looking up %s of host %s: %w", nic, h.Name, err)
	}
	ip := &net.IPNet{IP: addr.Addr().AsSlice(), Mask: net.CIDRMask(addr.Bits(), 32)}
	if err := nl.AddrAdd(link, &netlink.Addr{IPNet: ip}); err != nil {
		return fmt.Errorf("adding %s to %s of host %s: %w", addr, nic, h.Name, err)
	}
	return nl.LinkSetUp(link)
}

func (h *Host) addDefaultRoute(via netip.Addr) error {
	nl, err := h.netlink()
	if err != nil {
		return err
	}
	defer nl.Close()
	return nl.RouteAdd(&netlink.Route{Gw: via.AsSlice(), Dst: &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}})
}

func (h *Host) addLoopbackAddress(cidr string) error {
	nl, err := h.netlink()
	if err != nil {
		return err
	}
	defer nl.Close()
	lo, err := nl.LinkByName("lo")
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	return nl.AddrAdd(lo, a)
}
