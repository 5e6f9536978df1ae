package subnet

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
)

// Check tells why a subnet cannot be realised beside the others, "" if it can. It is pure, so that the same question
// asked at start and at run time has the same answer: of two subnets that overlap the older one wins.
func Check(s *v1.Subnet, all []*v1.Subnet, nodes []*corev1.Node, services netip.Prefix) string {
	if err := s.Validate(); err != nil {
		return strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	prefix := netip.MustParsePrefix(s.Spec.CIDRBlock)
	if services.IsValid() && prefix.Overlaps(services) {
		return fmt.Sprintf("spec.cidrBlock %s: overlaps the service range %s: choose another block", prefix, services)
	}
	for _, other := range all {
		if other.Name == s.Name || vpcOf(other) != vpcOf(s) {
			continue
		}
		op, err := netip.ParsePrefix(other.Spec.CIDRBlock)
		if err != nil || !op.Overlaps(prefix) || other.Validate() != nil || !older(other, s) {
			continue
		}
		return fmt.Sprintf("spec.cidrBlock %s: overlaps %s of subnet %s in VPC %s: choose another block", prefix, op.Masked(), other.Name, vpcOf(s))
	}
	if vpcOf(s) != v1.DefaultVpc {
		return ""
	}
	for _, n := range nodes {
		for _, a := range n.Status.Addresses {
			if addr, err := netip.ParseAddr(a.Address); err == nil && prefix.Contains(addr) {
				return fmt.Sprintf("spec.cidrBlock %s: contains address %s of node %s: choose another block", prefix, addr, n.Name)
			}
		}
	}
	return ""
}

func vpcOf(s *v1.Subnet) string {
	if s.Spec.Vpc == "" {
		return v1.DefaultVpc
	}
	return s.Spec.Vpc
}

// older orders subnets by who was there first: the cluster's own, then by age, then by name. A subnet that was accepted
// goes before one that was not, so that an edit cannot throw another one out.
func older(a, b *v1.Subnet) bool {
	rank := func(s *v1.Subnet) int {
		switch {
		case s.Name == v1.DefaultSubnet || s.Name == v1.JoinSubnet:
			return 0
		case v1.IsTrue(s.Status.Conditions, v1.Validated):
			return 1
		}
		return 2
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra < rb
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}
