package hostnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// PodLink is a veth pair with one end in a pod's network namespace.
type PodLink struct {
	HostName  string // the end that stays on the host
	NetNS     string // path of the pod's network namespace
	Name      string // the pod's end
	MAC       net.HardwareAddr
	MTU       int
	Addresses []netip.Prefix
	Gateways  []netip.Addr // at most one per family: default routes
	Routes    []PodRoute
	NoOffload bool // on both ends
}

// PodRoute is a further route in the pod.
type PodRoute struct {
	Dst netip.Prefix
	Via netip.Addr
}

// AddPodLink makes the pair and configures both ends. What an earlier attempt left is replaced; after a failure nothing is
// left.
func (h *Host) AddPodLink(p PodLink) error {
	ns, err := netns.GetFromPath(p.NetNS)
	if err != nil {
		return fmt.Errorf("opening network namespace %s: %w", p.NetNS, err)
	}
	defer ns.Close()
	if err := h.DeleteLink(p.HostName); err != nil {
		return err
	}
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: p.HostName, MTU: p.MTU, TxQLen: -1})
	veth.PeerName, veth.PeerHardwareAddr, veth.PeerMTU, veth.PeerNamespace = p.Name, p.MAC, uint32(p.MTU), netlink.NsFd(ns)
	if err := h.nl.LinkAdd(veth); err != nil {
		return fmt.Errorf("making the veth pair %s and %s: %w", p.HostName, p.Name, err)
	}
	done := false
	defer func() {
		if !done {
			_ = h.DeleteLink(p.HostName)
		}
	}()
	if p.NoOffload {
		if err := NoOffload(p.HostName); err != nil {
			return err
		}
	}
	if err := p.configure(ns); err != nil {
		return fmt.Errorf("configuring %s in %s: %w", p.Name, p.NetNS, err)
	}
	host, err := h.nl.LinkByName(p.HostName)
	if err != nil {
		return fmt.Errorf("looking up %s: %w", p.HostName, err)
	}
	// The host itself says nothing on this link: it is OVS's.
	if err := h.nl.LinkSetIP6AddrGenMode(host, ip6AddrGenModeNone); err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EAFNOSUPPORT) {
		return fmt.Errorf("turning off IPv6 on %s: %w", p.HostName, err)
	}
	if err := h.nl.LinkSetUp(host); err != nil {
		return fmt.Errorf("setting %s up: %w", p.HostName, err)
	}
	done = true
	return nil
}

const ip6AddrGenModeNone = 1

func (p PodLink) configure(ns netns.NsHandle) error {
	if p.NoOffload {
		fd, err := socketIn(ns)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := noOffload(fd, p.Name); err != nil {
			return err
		}
	}
	nl, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	defer nl.Close()
	l, err := nl.LinkByName(p.Name)
	if err != nil {
		return err
	}
	if err := setAddresses(nl, l, p.Addresses); err != nil {
		return err
	}
	if err := nl.LinkSetUp(l); err != nil {
		return fmt.Errorf("setting it up: %w", err)
	}
	for _, r := range p.Routes {
		if err := p.addRoute(nl, l, r.Dst, r.Via); err != nil {
			return err
		}
	}
	for _, gw := range p.Gateways {
		if err := p.addRoute(nl, l, netip.PrefixFrom(zero(gw), 0), gw); err != nil {
			return err
		}
	}
	return nil
}

func (p PodLink) addRoute(nl *netlink.Handle, l netlink.Link, dst netip.Prefix, via netip.Addr) error {
	r := &netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(dst)}
	if via.IsValid() {
		r.Gw = via.AsSlice()
		if !slices.ContainsFunc(p.Addresses, func(a netip.Prefix) bool { return a.Masked().Contains(via) }) {
			r.SetFlag(netlink.FLAG_ONLINK)
		}
	}
	if err := nl.RouteReplace(r); err != nil {
		return fmt.Errorf("adding route %s via %s: %w", dst, via, err)
	}
	return nil
}

func zero(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// CheckPodLink tells what differs from what AddPodLink made.
func (h *Host) CheckPodLink(p PodLink) error {
	if ok, err := h.HasLink(p.HostName); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("checking the pod's link: the host end %s is gone", p.HostName))
	}
	ns, err := netns.GetFromPath(p.NetNS)
	if err != nil {
		return fmt.Errorf("opening network namespace %s: %w", p.NetNS, err)
	}
	defer ns.Close()
	nl, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	defer nl.Close()
	l, err := nl.LinkByName(p.Name)
	if err != nil {
		return fmt.Errorf("checking the pod's link: %w", err)
	}
	if l.Attrs().Flags&net.FlagUp == 0 {
		return fmt.Errorf("checking the pod's link: %s is down", p.Name)
	}
	have, err := nl.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("listing the addresses of %s: %w", p.Name, err)
	}
	for _, want := range p.Addresses {
		if !slices.ContainsFunc(have, func(a netlink.Addr) bool { p, ok := prefix(a.IPNet); return ok && p == want }) {
			return fmt.Errorf("checking the pod's link: %s has lost address %s", p.Name, want)
		}
	}
	return nil
}

// socketIn opens a socket that belongs to the network namespace; ioctls on it work on that namespace's links.
func socketIn(ns netns.NsHandle) (int, error) {
	runtime.LockOSThread()
	own, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return -1, fmt.Errorf("opening our network namespace: %w", err)
	}
	defer own.Close()
	if err := netns.Set(ns); err != nil {
		runtime.UnlockOSThread()
		return -1, fmt.Errorf("entering the network namespace: %w", err)
	}
	fd, sockErr := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err := netns.Set(own); err != nil {
		// This thread is in the wrong namespace: leaving it locked makes the runtime end it with its goroutine.
		if sockErr == nil {
			_ = unix.Close(fd)
		}
		return -1, fmt.Errorf("returning to our network namespace: %w", err)
	}
	runtime.UnlockOSThread()
	if sockErr != nil {
		return -1, fmt.Errorf("opening a socket for ethtool: %w", sockErr)
	}
	return fd, nil
}

// SameNetNS tells whether the path names the network namespace that we are in.
func SameNetNS(path string) (bool, error) {
	var a, b unix.Stat_t
	if err := unix.Stat(path, &a); err != nil {
		return false, fmt.Errorf("looking at network namespace %s: %w", path, err)
	}
	if err := unix.Stat("/proc/self/ns/net", &b); err != nil {
		return false, fmt.Errorf("looking at our network namespace: %w", err)
	}
	return a.Dev == b.Dev && a.Ino == b.Ino, nil
}
