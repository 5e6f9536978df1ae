package v1

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Range is an inclusive range of addresses of one family.
type Range struct{ First, Last netip.Addr }

// ParseRange reads an address or a range in Kube-OVN's notation "10.0.0.1..10.0.0.9".
func ParseRange(text string) (Range, error) {
	first, last, isRange := strings.Cut(text, "..")
	if !isRange {
		last = first
	}
	var r Range
	var err error
	if r.First, err = netip.ParseAddr(strings.TrimSpace(first)); err != nil {
		return Range{}, fmt.Errorf("reading address %q: want an address or a range such as 10.0.0.1..10.0.0.9", first)
	}
	if r.Last, err = netip.ParseAddr(strings.TrimSpace(last)); err != nil {
		return Range{}, fmt.Errorf("reading address %q: want an address or a range such as 10.0.0.1..10.0.0.9", last)
	}
	if r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) {
		return Range{}, fmt.Errorf("reading range %q: its end is before its start", text)
	}
	return r, nil
}

// Contains tells whether a is in the range.
func (r Range) Contains(a netip.Addr) bool {
	return a.Is4() == r.First.Is4() && !a.Less(r.First) && !r.Last.Less(a)
}

// portGroupSafe is what remains usable in OVN expressions after Kube-OVN's replacement of '-' by '.'.
var portGroupSafe = regexp.MustCompile(`^[a-zA-Z_.][a-zA-Z_.0-9-]*$`)

// Validate checks what the object alone can tell. Each problem names the field and the remedy.
func (s *Subnet) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if !portGroupSafe.MatchString(s.Name) {
		bad("metadata.name %q: OVN port groups are named after the subnet and cannot start with a digit: choose a name that starts with a letter", s.Name)
	}
	if s.Spec.Vlan != "" {
		bad("spec.vlan: underlay subnets are not served by this version of kove: remove the field or use an overlay subnet")
	}
	if s.Spec.Provider != "" && s.Spec.Provider != OvnProvider {
		bad("spec.provider %q: only %q is served by this version of kove", s.Spec.Provider, OvnProvider)
	}
	if strings.Contains(s.Spec.CIDRBlock, ",") || s.Spec.Protocol == ProtocolDual {
		bad("spec.cidrBlock %q: dual-stack subnets are not served by this version of kove: give one IPv4 block", s.Spec.CIDRBlock)
		return errors.Join(errs...)
	}
	prefix, err := netip.ParsePrefix(s.Spec.CIDRBlock)
	if err != nil {
		bad("spec.cidrBlock %q: want an IPv4 block such as 10.0.1.0/24", s.Spec.CIDRBlock)
		return errors.Join(errs...)
	}
	prefix = prefix.Masked()
	if !prefix.Addr().Is4() || s.Spec.Protocol == ProtocolIPv6 {
		bad("spec.cidrBlock %q: IPv6 subnets are not served by this version of kove: give an IPv4 block", s.Spec.CIDRBlock)
		return errors.Join(errs...)
	}
	if prefix.Bits() > 30 || prefix.Bits() < 8 {
		bad("spec.cidrBlock %q: want a prefix length from 8 to 30", s.Spec.CIDRBlock)
	}
	for _, reserved := range []string{"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"} {
		if prefix.Overlaps(netip.MustParsePrefix(reserved)) {
			bad("spec.cidrBlock %q: overlaps %s, which cannot be routed: choose another block", s.Spec.CIDRBlock, reserved)
		}
	}
	if s.Spec.Gateway != "" {
		gateway, err := netip.ParseAddr(s.Spec.Gateway)
		switch {
		case err != nil:
			bad("spec.gateway %q: want an address of %s", s.Spec.Gateway, prefix)
		case !prefix.Contains(gateway):
			bad("spec.gateway %s: is outside spec.cidrBlock %s: choose an address inside it", gateway, prefix)
		case gateway == prefix.Addr() || gateway == lastAddr(prefix):
			bad("spec.gateway %s: is the network or broadcast address of %s: choose another", gateway, prefix)
		}
	}
	for _, text := range s.Spec.ExcludeIPs {
		r, err := ParseRange(text)
		switch {
		case err != nil:
			bad("spec.excludeIps: %w", err)
		case !prefix.Contains(r.First) || !prefix.Contains(r.Last):
			bad("spec.excludeIps %q: is outside spec.cidrBlock %s", text, prefix)
		}
	}
	return errors.Join(errs...)
}

// lastAddr is the broadcast address of an IPv4 prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(b)
}

// Unsupported names the fields that are set but that this version of kove does not act on.
func (s *SubnetSpec) Unsupported() []string {
	var out []string
	add := func(set bool, field string) {
		if set {
			out = append(out, field)
		}
	}
	add(len(s.NamespaceSelectors) > 0, "namespaceSelectors")
	add(s.GatewayType == GatewayCentralized, "gatewayType=centralized (served as distributed)")
	add(s.GatewayNode != "" || len(s.GatewayNodeSelectors) > 0, "gatewayNode")
	add(len(s.NatOutgoingPolicyRules) > 0, "natOutgoingPolicyRules")
	add(s.ExternalEgressGateway != "", "externalEgressGateway")
	add(s.Private, "private")
	add(len(s.AllowSubnets) > 0, "allowSubnets")
	add(len(s.Vips) > 0, "vips")
	add(s.LogicalGateway, "logicalGateway")
	add(s.DisableInterConnection, "disableInterConnection")
	add(s.EnableDHCP, "enableDHCP")
	add(s.EnableIPv6RA, "enableIPv6RA")
	add(len(s.Acls) > 0, "acls")
	add(s.AllowEWTraffic, "allowEWTraffic")
	add(s.U2OInterconnection, "u2oInterconnection")
	add(s.EnableEcmp, "enableEcmp")
	add(s.EnableMulticastSnoop, "enableMulticastSnoop")
	add(s.EnableExternalLBAddress, "enableExternalLBAddress")
	add(s.RouteTable != "", "routeTable")
	add(s.NodeNetwork != "", "nodeNetwork")
	return out
}

// Unsupported names the fields that are set but that this version of kove does not act on.
func (s *VpcSpec) Unsupported() []string {
	var out []string
	add := func(set bool, field string) {
		if set {
			out = append(out, field)
		}
	}
	add(len(s.VpcPeerings) > 0, "vpcPeerings")
	add(s.EnableExternal, "enableExternal")
	add(len(s.ExtraExternalSubnets) > 0, "extraExternalSubnets")
	add(s.EnableBfd, "enableBfd")
	add(s.BFDPort != nil && s.BFDPort.Enabled, "bfdPort")
	for _, r := range s.StaticRoutes {
		if r != nil && (r.BfdID != "" || r.ECMPMode != "" || r.RouteTable != "") {
			add(true, "staticRoutes[].bfdId, ecmpMode or routeTable")
			break
		}
	}
	return out
}
