package hostnet

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// setRoutes adds the wanted routes whose links exist and removes those of ours that are not wanted, unless keep is set.
func (h *Host) setRoutes(want []Route, index map[string]int, keep bool) error {
	have, err := h.nl.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Protocol: Protocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return fmt.Errorf("listing routes: %w", err)
	}
	var errs []error
	for _, r := range want {
		i, ok := index[r.Link]
		if !ok {
			continue
		}
		n := netlinkRoute(r, i)
		if matched := take(&have, n); matched {
			continue
		}
		if err := h.nl.RouteReplace(n); err != nil {
			errs = append(errs, fmt.Errorf("setting route %s via %s: %w", r.Dst, r.Link, err))
		}
	}
	if keep {
		return errors.Join(errs...)
	}
	for _, r := range have {
		// A replaced route is gone already.
		if err := h.nl.RouteDel(&r); err != nil && !errors.Is(err, unix.ESRCH) {
			errs = append(errs, fmt.Errorf("removing route %s: %w", r.Dst, err))
		}
	}
	return errors.Join(errs...)
}

func netlinkRoute(r Route, index int) *netlink.Route {
	n := &netlink.Route{LinkIndex: index, Dst: ipNet(r.Dst.Masked()), Protocol: Protocol, Priority: r.Metric, MTU: r.MTU, Scope: netlink.SCOPE_LINK}
	if r.Via.IsValid() {
		n.Gw = r.Via.AsSlice()
		n.Scope = netlink.SCOPE_UNIVERSE
	}
	if r.Src.IsValid() {
		n.Src = r.Src.AsSlice()
	}
	if r.OnLink {
		n.SetFlag(netlink.FLAG_ONLINK)
	}
	if r.Dst.Addr().Is6() && n.Priority == 0 {
		n.Priority = 1024 // the kernel's default for IPv6, which it reports back
	}
	return n
}

// take removes the route like n from have and tells whether there was one.
func take(have *[]netlink.Route, n *netlink.Route) bool {
	for i, r := range *have {
		if r.Dst == nil || n.Dst == nil || r.Dst.String() != n.Dst.String() {
			continue
		}
		if r.LinkIndex == n.LinkIndex && r.Gw.Equal(n.Gw) && r.Src.Equal(n.Src) && r.Priority == n.Priority && r.MTU == n.MTU {
			*have = append((*have)[:i:i], (*have)[i+1:]...)
			return true
		}
	}
	return false
}
