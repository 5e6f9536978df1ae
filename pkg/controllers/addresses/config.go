package addresses

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/reconcile"
)

// ConfigOf turns a valid subnet's spec into a pool's limits.
func ConfigOf(s *v1.Subnet) (ipam.Config, error) {
	var c ipam.Config
	var err error
	if c.Prefix, err = netip.ParsePrefix(s.Spec.CIDRBlock); err != nil {
		return c, fmt.Errorf("reading spec.cidrBlock of subnet %s: %w", s.Name, err)
	}
	c.Prefix = c.Prefix.Masked()
	if c.Gateway, err = netip.ParseAddr(s.Spec.Gateway); err != nil {
		return c, fmt.Errorf("reading spec.gateway of subnet %s: %w", s.Name, err)
	}
	for _, text := range s.Spec.ExcludeIPs {
		r, err := v1.ParseRange(text)
		if err != nil {
			return c, fmt.Errorf("reading spec.excludeIps of subnet %s: %w", s.Name, err)
		}
		c.Exclude = append(c.Exclude, ipam.Range{First: r.First, Last: r.Last})
	}
	return c, nil
}

func sameConfig(a, b ipam.Config) bool {
	return a.Prefix == b.Prefix && a.Gateway == b.Gateway && slices.Equal(a.Exclude, b.Exclude)
}

func sortedValues(m map[reconcile.Key]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(m)))
}
