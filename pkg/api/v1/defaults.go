package v1

import "net/netip"

// Default fills what the user left out, as Kube-OVN does, and reports whether anything changed. A field that cannot be
// read is left for Validate to name.
func (s *Subnet) Default() bool {
	changed := false
	set := func(field *string, value string) {
		if *field == "" && value != "" {
			*field, changed = value, true
		}
	}
	set(&s.Spec.Vpc, DefaultVpc)
	set(&s.Spec.Provider, OvnProvider)
	if s.Spec.GatewayType == "" {
		s.Spec.GatewayType, changed = GatewayDistributed, true
	}
	if s.Spec.EnableLb == nil {
		yes := true
		s.Spec.EnableLb, changed = &yes, true
	}

	prefix, err := netip.ParsePrefix(s.Spec.CIDRBlock)
	if err != nil {
		return changed
	}
	if canonical := prefix.Masked().String(); canonical != s.Spec.CIDRBlock {
		s.Spec.CIDRBlock, changed = canonical, true
	}
	if s.Spec.Protocol == "" {
		s.Spec.Protocol, changed = ProtocolIPv4, true
		if !prefix.Addr().Is4() {
			s.Spec.Protocol = ProtocolIPv6
		}
	}
	set(&s.Spec.Gateway, prefix.Masked().Addr().Next().String())

	gateway, err := netip.ParseAddr(s.Spec.Gateway)
	if err != nil {
		return changed
	}
	for _, text := range s.Spec.ExcludeIPs {
		if r, err := ParseRange(text); err == nil && r.Contains(gateway) {
			return changed
		}
	}
	s.Spec.ExcludeIPs = append(append([]string(nil), s.Spec.ExcludeIPs...), s.Spec.Gateway)
	return true
}

// LbEnabled tells whether the VPC's load balancers belong on the subnet's switch.
func (s *SubnetSpec) LbEnabled() bool { return s.EnableLb == nil || *s.EnableLb }
