package topo

import (
	"maps"
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
	Check    *nb.LoadBalancerHealthCheck

	// Of a template (options:template), whose variables each chassis replaces (Chassis_Template_Var): Addr is not valid.
	template  bool
	address   string
	port      string
	is4       bool
	templates []TemplateBackend
}

// Template reports whether the VIP or its backends have variables, so that only the text is known.
func (v *VIP) Template() bool { return v.template }

// Address is the VIP's address as matches have it.
func (v *VIP) Address() string {
	if v.template {
		return v.address
	}
	return IP(v.Addr)
}

// Is4 reports whether the VIP is IPv4.
func (v *VIP) Is4() bool {
	if v.template {
		return v.is4
	}
	return v.Addr.Is4()
}

// HasPort reports whether the VIP is of one port.
func (v *VIP) HasPort() bool { return v.PortText() != "" }

// PortText is the port as matches have it, "" when there is none.
func (v *VIP) PortText() string {
	switch {
	case v.template:
		return v.port
	case v.Port == 0:
		return ""
	}
	return strconv.Itoa(int(v.Port))
}

// Active lists the backends that may get connections, as ct_lb's arguments have them: without a health check, as the column does.
func (lb *LoadBalancerFacts) Active(v *VIP) []string {
	if (v.template || v.Check == nil) && len(v.templates)+len(v.Backends) > 0 {
		return []string{v.Raw}
	}
	var out []string
	for _, b := range v.Backends {
		if b.Alive() {
			out = append(out, b.String())
		}
	}
	return out
}

// TemplateBackend is one destination of a template's VIP, as text.
type TemplateBackend struct{ Addr, Port string }

// Templates lists the backends of a template.
func (v *VIP) Templates() []TemplateBackend { return v.templates }

// Joined is the VIP as commit_lb_aff has it, an address that is not of family 4 in brackets if it has a port.
func (v *VIP) Joined(is4 bool) string {
	switch {
	case !v.HasPort():
		return v.Address()
	case is4:
		return v.Address() + ":" + v.PortText()
	}
	return "[" + v.Address() + "]:" + v.PortText()
}

// AffinityTimeout is how long a client keeps its backend, in seconds as text; "" when it does not.
func (lb *LoadBalancerFacts) AffinityTimeout() string {
	if n, err := strconv.Atoi(lb.Options["affinity_timeout"]); err == nil && n > 0 {
		return strconv.Itoa(min(n, 65535))
	}
	return ""
}

// HasEvent reports whether packets for a VIP raise a Controller_Event, as it has no backends at all.
func (lb *LoadBalancer) HasEvent(v *VIP) bool {
	return len(v.Backends) == 0 && lb.Options["reject"] != "true" && !v.template &&
		(lb.Options["event"] == "true" || lb.Global.Bool("controller_event"))
}

// Backend is one destination of a VIP.
type Backend struct {
	Addr netip.Addr
	Port uint16
	// LSP, SourceIP and the rest are for health checks, from ip_port_mappings.
	LSP      string
	SourceIP string
	Status   string // of its Service_Monitor: "", online, offline or error
}

// Monitor is a backend that the chassis of its port watches.
type Monitor struct {
	MonitorKey
	SourceIP string
	Chassis  string // that has the port or had it last
	// Down is the Service_Monitor that says online of a port that is down, zero if it does not: no chassis will say otherwise.
	Down  ovsdb.UUID
	DP    *Datapath
	Check *nb.LoadBalancerHealthCheck
}

// Alive reports whether the backend gets connections: it is not watched, or not known to be down.
func (b Backend) Alive() bool { return b.Status == "" || b.Status == "online" }

// String writes the backend as ct_lb's arguments have it.
func (b Backend) String() string { return JoinHostPort(b.Addr, b.Port) }

// String writes the VIP with its port.
func (v VIP) String() string { return JoinHostPort(v.Addr, v.Port) }

// JoinHostPort writes address:port, [address]:port, or the address alone when port is 0.
func JoinHostPort(a netip.Addr, port uint16) string {
	switch {
	case port == 0:
		return IP(a)
	case a.Is4():
		return IP(a) + ":" + strconv.Itoa(int(port))
	default:
		return "[" + IP(a) + "]:" + strconv.Itoa(int(port))
	}
}

// LoadBalancer is the view of a load balancer: attached to switches and routers directly or through groups.
type LoadBalancer struct {
	*LoadBalancerFacts
	Global   *Global
	Monitors []Monitor
	Switches []*SwitchFacts // by UUID
	Routers  []*RouterFacts // by UUID
}

func parseLoadBalancer(row *nb.LoadBalancer) *LoadBalancerFacts {
	f := &LoadBalancerFacts{Row: row, ID: row.UUID, Name: row.Name, Options: PlainWords(row.Options), Protocol: "tcp"}
	if row.Protocol != nil {
		f.Protocol = *row.Protocol
	}
	keys := make([]string, 0, len(row.VIPs))
	for k := range row.VIPs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if row.Options["template"] == "true" {
			if v, ok := templateVIP(k, row); ok {
				f.VIPs = append(f.VIPs, v)
			}
			continue
		}
		addr, port, ok := splitHostPort(k)
		if !ok {
			continue
		}
		v := VIP{Key: k, Addr: addr, Port: port, Raw: row.VIPs[k]}
		if v.Backends, ok = explicitBackends(v.Raw, addr.Is4(), port != 0); !ok {
			continue
		}
		for i := range v.Backends {
			if m, ok := row.IPPortMappings[ipKey(v.Backends[i].Addr)]; ok {
				v.Backends[i].LSP, v.Backends[i].SourceIP = splitMapping(m)
			}
		}
		f.VIPs = append(f.VIPs, v)
	}
	return f
}

// explicitBackends reads backends that are no templates. One bad backend voids the VIP.
func explicitBackends(raw string, is4, ports bool) (out []Backend, ok bool) {
	for s := range strings.SplitSeq(raw, ",") {
		if s = strings.TrimLeft(s, " "); s == "" {
			continue
		}
		a, p, ok := splitHostPort(s)
		if !ok || a.Is4() != is4 || (p != 0) != ports {
			return nil, false
		}
		out = append(out, Backend{Addr: a, Port: p})
	}
	return out, true
}

// Written is the column vips as ovn-controller reads it, with VIPs that nobody can use too: of an IPv6 template, a variable in the
// place of the address is in brackets.
func (lb *LoadBalancerFacts) Written() map[string]string {
	out := maps.Clone(lb.Row.VIPs)
	for i := range lb.VIPs {
		v := &lb.VIPs[i]
		if !v.template || v.is4 {
			continue
		}
		delete(out, v.Key)
		key := v.address
		if strings.HasPrefix(key, "^") {
			key = "[" + key + "]"
		}
		if v.port != "" {
			key += ":" + v.port
		}
		out[key] = v.Raw
	}
	return out
}

// templateVIP reads a VIP with variables: address and port, of which only the colon between them is looked at.
func templateVIP(key string, row *nb.LoadBalancer) (v VIP, ok bool) {
	family, isSet := row.Options["address-family"]
	v = VIP{Key: key, Raw: row.VIPs[key], template: true, is4: !isSet || family == "ipv4"}
	if v.address, v.port, ok = templateHostPort(key); !ok {
		return v, false
	}
	for b := range strings.SplitSeq(v.Raw, ",") {
		if b == "" {
			continue
		}
		address, port, ok := templateHostPort(b)
		if !ok {
			v.templates = nil
			v.Backends, ok = explicitBackends(v.Raw, v.is4, v.port != "")
			return v, ok && len(v.Backends) > 0
		}
		v.templates = append(v.templates, TemplateBackend{address, port})
	}
	return v, true
}

func templateHostPort(s string) (address, port string, ok bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ':' })
	switch len(parts) {
	case 1:
		return parts[0], "", true
	case 2:
		return parts[0], parts[1], true
	}
	return "", "", false
}

func ipKey(a netip.Addr) string {
	if a.Is6() {
		return "[" + IP(a) + "]"
	}
	return IP(a)
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
