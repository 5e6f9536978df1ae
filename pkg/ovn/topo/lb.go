package topo

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// LoadBalancerFacts is a load balancer with its VIPs parsed.
type LoadBalancerFacts struct {
	Row      *nb.LoadBalancer
	ID       ovsdb.UUID
	Name     string
	Protocol string // tcp, udp or sctp
	Options  map[string]string
	VIPs     []VIP // by key of the column
	Checks   []*nb.LoadBalancerHealthCheck
}

// VIP is one entry of Load_Balancer.vips.
type VIP struct {
	Key      string // as in the column
	Addr     netip.Addr
	Port     uint16 // 0 when the VIP has none
	Backends []Backend
	Raw      string // backends as in the column
}

// Backend is one destination of a VIP.
type Backend struct {
	Addr netip.Addr
	Port uint16
	// LSP, SourceIP and the rest are for health checks, from ip_port_mappings.
	LSP      string
	SourceIP string
}

// String writes the backend as ct_lb's arguments have it.
func (b Backend) String() string { return JoinHostPort(b.Addr, b.Port) }

// String writes the VIP with its port.
func (v VIP) String() string { return JoinHostPort(v.Addr, v.Port) }

// JoinHostPort writes address:port, [address]:port, or the address alone when port is 0.
func JoinHostPort(a netip.Addr, port uint16) string {
	switch {
	case port == 0:
		return a.String()
	case a.Is4():
		return a.String() + ":" + strconv.Itoa(int(port))
	default:
		return "[" + a.String() + "]:" + strconv.Itoa(int(port))
	}
}

// LoadBalancer is the view of a load balancer: attached to switches and routers directly or through groups.
type LoadBalancer struct {
	*LoadBalancerFacts
	Global   *Global
	Switches []*SwitchFacts // by UUID
	Routers  []*RouterFacts // by UUID
}

func parseLoadBalancer(row *nb.LoadBalancer) *LoadBalancerFacts {
	f := &LoadBalancerFacts{Row: row, ID: row.UUID, Name: row.Name, Options: row.Options, Protocol: "tcp"}
	if row.Protocol != nil {
		f.Protocol = *row.Protocol
	}
	keys := make([]string, 0, len(row.VIPs))
	for k := range row.VIPs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		addr, port, ok := splitHostPort(k)
		if !ok {
			continue
		}
		v := VIP{Key: k, Addr: addr, Port: port, Raw: row.VIPs[k]}
		for _, s := range strings.Split(row.VIPs[k], ",") {
			a, p, ok := splitHostPort(strings.TrimSpace(s))
			if !ok || a.Is4() != addr.Is4() {
				continue
			}
			b := Backend{Addr: a, Port: p}
			if m, ok := row.IPPortMappings[ipKey(a)]; ok {
				b.LSP, b.SourceIP = splitMapping(m)
			}
			v.Backends = append(v.Backends, b)
		}
		f.VIPs = append(f.VIPs, v)
	}
	return f
}

func ipKey(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func splitMapping(m string) (lsp, source string) {
	lsp, source, _ = strings.Cut(m, ":")
	return lsp, strings.Trim(source, "[]")
}

func splitHostPort(s string) (netip.Addr, uint16, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), ap.Port(), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a, 0, err == nil
}
