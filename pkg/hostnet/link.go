package hostnet

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// setLink returns the link's index, 0 when it does not exist.
func (h *Host) setLink(want Link) (int, error) {
	l, err := h.nl.LinkByName(want.Name)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("looking it up: %w", err)
	}
	a := l.Attrs()
	if want.MAC != nil && !bytes.Equal(a.HardwareAddr, want.MAC) {
		if err := h.nl.LinkSetHardwareAddr(l, want.MAC); err != nil {
			return a.Index, fmt.Errorf("setting its MAC address: %w", err)
		}
	}
	if want.MTU != 0 && a.MTU != want.MTU {
		if err := h.nl.LinkSetMTU(l, want.MTU); err != nil {
			return a.Index, fmt.Errorf("setting its MTU: %w", err)
		}
	}
	if want.NoOffload {
		if err := NoOffload(want.Name); err != nil {
			return a.Index, err
		}
	}
	for key, value := range want.Sysctls {
		family, name, _ := strings.Cut(key, "/")
		if err := writeSysctl(filepath.Join("/proc/sys/net", family, "conf", want.Name, name), value); err != nil {
			return a.Index, err
		}
	}
	if err := setAddresses(h.nl, l, want.Addresses); err != nil {
		return a.Index, err
	}
	if a.Flags&net.FlagUp == 0 {
		if err := h.nl.LinkSetUp(l); err != nil {
			return a.Index, fmt.Errorf("setting it up: %w", err)
		}
	}
	return a.Index, nil
}

// setAddresses makes want the link's global addresses.
func setAddresses(nl *netlink.Handle, l netlink.Link, want []netip.Prefix) error {
	have, err := nl.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("listing its addresses: %w", err)
	}
	var present []netip.Prefix
	for _, a := range have {
		p, ok := prefix(a.IPNet)
		if !ok || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if slices.Contains(want, p) {
			present = append(present, p)
			continue
		}
		if err := nl.AddrDel(l, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("removing address %s: %w", p, err)
		}
	}
	for _, p := range want {
		if slices.Contains(present, p) {
			continue
		}
		addr := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD // OVN knows every address of its network
		}
		if err := nl.AddrReplace(l, addr); err != nil {
			return fmt.Errorf("adding address %s: %w", p, err)
		}
	}
	return nil
}

// writeSysctl writes the value if it is not there already.
func writeSysctl(path, value string) error {
	have, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading a sysctl: %w", err)
	}
	if strings.TrimSpace(string(have)) == value {
		return nil
	}
	if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
		return fmt.Errorf("writing a sysctl: %w", err)
	}
	return nil
}

func isNotFound(err error) bool {
	var nf netlink.LinkNotFoundError
	return errors.As(err, &nf)
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefix(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), bits), ok
}

// EncapMTU returns the MTU of the link that carries addr, and the link's name.
func EncapMTU(addr netip.Addr) (mtu int, link string, err error) {
	links, err := netlink.LinkList()
	if err != nil {
		return 0, "", fmt.Errorf("listing links: %w", err)
	}
	for _, l := range links {
		addrs, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return 0, "", fmt.Errorf("listing the addresses of %s: %w", l.Attrs().Name, err)
		}
		for _, a := range addrs {
			if p, ok := prefix(a.IPNet); ok && p.Addr() == addr {
				return l.Attrs().MTU, l.Attrs().Name, nil
			}
		}
	}
	return 0, "", fmt.Errorf("looking for the link with address %s: no link has it", addr)
}
