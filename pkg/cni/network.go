package cni

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	v1 "github.com/kove-io/kove/pkg/api/v1"
)

// routesAnnotation lists further routes of a pod: [{"dst":"192.168.0.0/16","gw":"10.16.0.3"}]; without dst it replaces the
// default route.
const routesAnnotation = "ovn.kubernetes.io/routes"

// attachment is what the controllers decided about a port, read from annotations of a Pod or Node.
type attachment struct {
	Switch    string
	PortName  string // "" unless annotated
	MAC       net.HardwareAddr
	Addresses []netip.Prefix // with the subnet's prefix length
	Gateways  []netip.Addr
	Routes    []route
}

type route struct {
	Dst netip.Prefix
	Via netip.Addr
}

// parseAttachment reads the annotations. Dual-stack values are separated by commas, in the same order everywhere.
func parseAttachment(a map[string]string) (*attachment, error) {
	out := &attachment{Switch: a[v1.LogicalSwitchAnnotation], PortName: a[v1.PortNameAnnotation]}
	var err error
	if out.MAC, err = net.ParseMAC(a[v1.MACAddressAnnotation]); err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1.MACAddressAnnotation, err)
	}
	var cidrs []netip.Prefix
	for _, s := range split(a[v1.CIDRAnnotation]) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("reading annotation %s: %w", v1.CIDRAnnotation, err)
		}
		cidrs = append(cidrs, p)
	}
	for _, s := range split(a[v1.IPAddressAnnotation]) {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("reading annotation %s: %w", v1.IPAddressAnnotation, err)
		}
		p, ok := containing(cidrs, ip)
		if !ok {
			return nil, fmt.Errorf("reading annotation %s: %s is in none of the subnet's ranges %q", v1.IPAddressAnnotation, ip, a[v1.CIDRAnnotation])
		}
		out.Addresses = append(out.Addresses, netip.PrefixFrom(ip, p.Bits()))
	}
	if len(out.Addresses) == 0 {
		return nil, fmt.Errorf("reading annotation %s: it is empty", v1.IPAddressAnnotation)
	}
	for _, s := range split(a[v1.GatewayAnnotation]) {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("reading annotation %s: %w", v1.GatewayAnnotation, err)
		}
		out.Gateways = append(out.Gateways, ip)
	}
	return out, out.parseRoutes(a[routesAnnotation])
}

func (a *attachment) parseRoutes(text string) error {
	if text == "" {
		return nil
	}
	var rs []struct{ Dst, GW string }
	if err := json.Unmarshal([]byte(text), &rs); err != nil {
		return fmt.Errorf(`reading annotation %s: %w; it looks like [{"dst":"192.168.0.0/16","gw":"10.16.0.3"}]`, routesAnnotation, err)
	}
	for _, r := range rs {
		via, err := netip.ParseAddr(r.GW)
		if err != nil {
			return fmt.Errorf("reading annotation %s: gw: %w", routesAnnotation, err)
		}
		if r.Dst == "" {
			for i, g := range a.Gateways {
				if g.Is4() == via.Is4() {
					a.Gateways[i] = via
				}
			}
			continue
		}
		dst, err := netip.ParsePrefix(r.Dst)
		if err != nil {
			return fmt.Errorf("reading annotation %s: dst: %w", routesAnnotation, err)
		}
		if dst.Addr().Is4() != via.Is4() {
			return fmt.Errorf("reading annotation %s: dst %s and gw %s are of different families", routesAnnotation, dst, via)
		}
		a.Routes = append(a.Routes, route{dst.Masked(), via})
	}
	return nil
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func containing(ps []netip.Prefix, a netip.Addr) (netip.Prefix, bool) {
	for _, p := range ps {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// prefixes parses a comma-separated list of ranges, leaving out what is none: the API validates them.
func prefixes(s string) []netip.Prefix {
	var out []netip.Prefix
	for _, f := range split(s) {
		if p, err := netip.ParsePrefix(f); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

func sortPrefixes(ps []netip.Prefix) []netip.Prefix {
	slices.SortFunc(ps, netip.Prefix.Compare)
	return slices.Compact(ps)
}
