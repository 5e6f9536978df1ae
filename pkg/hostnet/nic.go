package hostnet

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// NIC is what a NIC had before its addresses moved to a bridge.
type NIC struct {
	Name      string         `json:"name"`
	MTU       int            `json:"mtu"`
	Addresses []netip.Prefix `json:"addresses"`
	Routes    []NICRoute     `json:"routes"`
}

// NICRoute is a route through the NIC that somebody configured.
type NICRoute struct {
	Dst    netip.Prefix `json:"dst"`
	Via    netip.Addr   `json:"via"`
	Src    netip.Addr   `json:"src"`
	Metric int          `json:"metric"`
}

// TakeNIC remembers the NIC's addresses and routes, so that they can be given to a bridge (Set) and back (Restore). It
// refuses a NIC whose loss would cut the host off: one that carries the default route or one of the addresses in keep.
// After a reboot the host's own tools have configured the NIC again; then that is what counts, else what was remembered.
func (h *Host) TakeNIC(name string, keep []netip.Addr) (NIC, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, err := h.nl.LinkByName(name)
	if err != nil {
		return NIC{}, fmt.Errorf("taking over NIC %s: %w", name, err)
	}
	nic := NIC{Name: name, MTU: l.Attrs().MTU}
	addrs, err := h.nl.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return NIC{}, fmt.Errorf("listing the addresses of NIC %s: %w", name, err)
	}
	for _, a := range addrs {
		p, ok := prefix(a.IPNet)
		if !ok || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		for _, k := range keep {
			if p.Addr() == k {
				return NIC{}, fmt.Errorf("taking over NIC %s for tunnels: it carries %s, the node's address; choose a NIC that carries tunnels only", name, k)
			}
		}
		nic.Addresses = append(nic.Addresses, p)
	}
	routes, err := h.nl.RouteList(l, netlink.FAMILY_ALL)
	if err != nil {
		return NIC{}, fmt.Errorf("listing the routes of NIC %s: %w", name, err)
	}
	for _, r := range routes {
		dst, ok := prefix(r.Dst)
		if !ok || dst.Bits() == 0 {
			return NIC{}, fmt.Errorf("taking over NIC %s for tunnels: it carries the default route; choose a NIC that carries tunnels only", name)
		}
		if r.Protocol == unix.RTPROT_KERNEL || r.Protocol == Protocol || dst.Addr().IsMulticast() || dst.Addr().IsLinkLocalUnicast() {
			continue // they come with the addresses
		}
		via, _ := netip.AddrFromSlice(r.Gw)
		src, _ := netip.AddrFromSlice(r.Src)
		nic.Routes = append(nic.Routes, NICRoute{Dst: dst, Via: via.Unmap(), Src: src.Unmap(), Metric: r.Priority})
	}
	if len(nic.Addresses) == 0 {
		if known, ok := h.state.s.NICs[name]; ok {
			return known, nil
		}
		return NIC{}, fmt.Errorf("taking over NIC %s for tunnels: it has no address; give it the one that other nodes reach it by", name)
	}
	return nic, h.state.update(func(s *state) { s.NICs[name] = nic })
}

// RememberedNIC returns what TakeNIC remembered of a NIC in an earlier run.
func (h *Host) RememberedNIC(name string) (NIC, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	nic, ok := h.state.s.NICs[name]
	return nic, ok
}

func (h *Host) restoreNIC(nic NIC) error {
	l, err := h.nl.LinkByName(nic.Name)
	if isNotFound(err) {
		return nil // the host lost it; its tools configure it when it comes back
	}
	if err != nil {
		return err
	}
	if err := setAddresses(h.nl, l, nic.Addresses); err != nil {
		return err
	}
	if err := h.nl.LinkSetUp(l); err != nil {
		return err
	}
	var errs []error
	for _, r := range nic.Routes {
		n := netlinkRoute(Route{Dst: r.Dst, Via: r.Via, Src: r.Src, Metric: r.Metric}, l.Attrs().Index)
		n.Protocol = unix.RTPROT_STATIC
		if err := h.nl.RouteReplace(n); err != nil {
			errs = append(errs, fmt.Errorf("setting route %s: %w", r.Dst, err))
		}
	}
	return errors.Join(errs...)
}
