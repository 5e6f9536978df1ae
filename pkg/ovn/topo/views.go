package topo

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Global is what concerns the whole network: the view of the global unit, and a fact of all others.
type Global struct {
	Options map[string]string // NB_Global.options without what only northd itself reads
	South   *South
	Samples map[string]int64 // Sampling_App type → observation domain
}

// Bool reads an option that is false unless "true".
func (g *Global) Bool(option string) bool { return g.Options[option] == "true" }

// Has reports whether every chassis has the optional feature (a key of Chassis.other_config).
func (g *Global) Has(feature string) bool {
	return !g.South.Missing[feature] || g.Bool("ignore_chassis_features")
}

// Datapath is a logical switch or router as flows refer to it.
type Datapath struct {
	ID     ovsdb.UUID // of the Logical_Switch or Logical_Router
	SB     ovsdb.UUID // of the Datapath_Binding
	Key    int64
	Name   string
	Router bool
}

// SwitchFacts is what others may know of a switch.
type SwitchFacts struct {
	*Datapath
	Global      *Global
	OtherConfig map[string]string
	ExternalIDs map[string]string
	Copp        map[string]string // protocol → meter

	HasACLs        bool // any ACL applies, its own or a port group's
	HasStatefulACL bool // one of them is allow-related
	HasLB          bool // a load balancer is attached
	HasLBVIP       bool // one of them has a VIP
	HasDNS         bool
	HasUnknown     bool // a port has the address "unknown"
	// HasNonRouterPort says that there are ports that lead to no router.
	HasNonRouterPort bool
	MulticastFlood   bool // a port wants all multicast (options:mcast_flood)
	// MaxTier is the highest tier among the ACLs of a direction: from-lport before and after load balancing, to-lport.
	MaxTier [3]int64

	RouterPorts []*SwitchPortFacts // type router, by name
	Localnets   []*SwitchPortFacts // by name
	VTEPs       []string
	// HAGroups are those of the distributed gateway ports within reach that have a choice of chassis.
	HAGroups []*HAGroup
}

// Indexes of SwitchFacts.MaxTier.
const (
	TierFromLport = iota
	TierFromLportAfterLB
	TierToLport
)

// Switch is the view of a switch.
type Switch struct {
	*SwitchFacts
	ACLs             []*ACL // that apply to it: its own, then those of port groups with a port in it
	QoS              []*nb.QoS
	DNS              []*nb.DNS
	ForwardingGroups []*nb.ForwardingGroup
}

// ACL is an ACL with where it stands.
type ACL struct {
	*nb.ACL
	PortGroup string // "" for an ACL of a switch
	SampleNew *Sample
	SampleEst *Sample
	ID        int64 // SB ACL_ID of one that keeps established connections (options:persist-established), else 0
	FairMeter bool  // the meter is fair: each ACL has its own copy
}

// SwitchPortFacts is what others may know of a switch port.
type SwitchPortFacts struct {
	Row     *nb.LogicalSwitchPort
	ID      ovsdb.UUID
	Name    string
	Quoted  string // "name", as it stands in matches
	Type    string
	DP      *Datapath
	Key     *PortKey
	CRKey   *PortKey // of its own chassis-redirect port, which it has at a distributed gateway port without localnet
	Enabled bool
	Up      bool // bound and claimed, or of a type that always is
	Chassis string
	// Activated is the additional chassis on which a migrating machine has shown that it lives (ovn-nb(5), activation-strategy).
	Activated string

	// Addresses are those of the column, "router" and "dynamic" resolved, unusable ones left out.
	Addresses    []Addresses
	PortSecurity []Addresses
	Unknown      bool // "unknown" is among the addresses

	Peer *RouterPortFacts // the router port at the other end of a port of type router; may be nil
}

// Option reads Logical_Switch_Port.options; true and false may be in capitals.
func (p *SwitchPortFacts) Option(k string) string {
	v := p.Row.Options[k]
	if w := strings.ToLower(v); w == "true" || w == "false" {
		return w
	}
	return v
}

// Variant is that of the port.
func (p *SwitchPortFacts) Variant() Variant { return VariantOf(p.Row.Type, p.Row.ParentName != nil) }

// CRName is the name of the port's chassis-redirect port.
func (p *SwitchPortFacts) CRName() string { return "cr-" + p.Name }

// SwitchPort is the view of a switch port.
type SwitchPort struct {
	*SwitchPortFacts
	Switch     *SwitchFacts
	PortGroups []*PortGroupFacts
	Children   []*SwitchPortFacts // nested ports
	Parents    []*SwitchPortFacts // virtual-parents of a virtual port
	PeerRouter *Router            // the router at the other end of a port of type router, without its routes and policies
	// ProtocolRedirect is the port that gets the routing protocols of the router port at the other end.
	ProtocolRedirect *SwitchPortFacts
	DHCPv4           *nb.DHCPOptions
	DHCPv6           *nb.DHCPOptions
	Mirrors          []*nb.Mirror
	Requested        []Chassis  // options:requested-chassis, those that exist
	ChassisID        ovsdb.UUID // where it is bound
	Additional       []Chassis  // where it is bound besides, while it migrates
	LedTo            bool       // the router port leads back to this port: several may name one
	BoundByUs        bool       // by northd
	HAGroup          *HAGroup
	Tag              []int64 // VLAN tag, nil for none
	// DynamicAddresses is what Logical_Switch_Port.dynamic_addresses should be, "" for nothing.
	DynamicAddresses string
}

// CRQuoted is CRName as it stands in matches.
func (p *SwitchPortFacts) CRQuoted() string { return Quote(p.CRName()) }

// RouterMACs is the MAC of the router port at the other end of a port of type router, as matches have it: with
// options:arp_proxy, also the one that the port answers with.
func (p *SwitchPortFacts) RouterMACs() string {
	if f := strings.Fields(p.Option("arp_proxy")); len(f) > 1 && p.Peer != nil {
		if mac, ok := ParseMAC(f[0]); ok && mac != p.Peer.MAC {
			return "{ " + mac + ", " + p.Peer.MAC + " }"
		}
	}
	if p.Peer == nil {
		return ""
	}
	return p.Peer.MAC
}

// Queue is the queue of the port's QoS, "" when it has none.
func (p *SwitchPortFacts) Queue() string {
	if q := p.Row.Options["qdisc_queue_id"]; q != "" {
		return q
	}
	if p.Key.Queue != 0 {
		return strconv.FormatInt(p.Key.Queue, 10)
	}
	return ""
}

// WantsQueue reports whether the port asks for QoS that OVS queues provide.
func (p *SwitchPort) WantsQueue() bool {
	asks := func(k string) bool { _, ok := p.Row.Options[k]; return ok } // whatever it says
	return (asks("qos_max_rate") || asks("qos_min_rate") || asks("qos_burst")) && p.Row.Options["qdisc_queue_id"] == "" &&
		p.Type != "router"
}

// PhysicalNetwork is the network that the port's traffic leaves by, false if it does not say.
func (p *SwitchPort) PhysicalNetwork() (string, bool) {
	options := p.Row.Options
	if p.Type != "localnet" {
		if len(p.Switch.Localnets) == 0 {
			return "", false
		}
		options = p.Switch.Localnets[0].Row.Options
	}
	name, ok := options["network_name"]
	return name, ok
}

// Snoops reports whether chassis learn multicast groups on the switch.
func (s *SwitchFacts) Snoops() bool { return s.OtherConfig["mcast_snoop"] == "true" }

// MulticastRelay reports whether a router of the switch relays multicast.
func (s *SwitchFacts) MulticastRelay() bool {
	for _, p := range s.RouterPorts {
		if p.Peer != nil && p.Peer.Options["mcast_relay"] == "true" {
			return true
		}
	}
	return false
}

// HasARPProxy reports whether a router port of the switch answers for networks behind it.
func (s *SwitchFacts) HasARPProxy() bool {
	for _, p := range s.RouterPorts {
		if p.Option("arp_proxy") != "" && p.Peer != nil {
			return true
		}
	}
	return false
}

// WantsID reports whether the ACL needs an ID by which ovn-controller finds the connections that it let through.
func (a *ACL) WantsID() bool { return ACLWantsID(a.ACL) }

// ACLWantsID is WantsID of a row.
func ACLWantsID(a *nb.ACL) bool {
	return a.Action == "allow-related" && a.Options["persist-established"] == "true"
}

// PortGroupFacts is what ports and switches may know of a port group.
type PortGroupFacts struct {
	ID   ovsdb.UUID
	Name string
}

// PortGroup is the view of a port group. Its ports are not in it: a port's own unit puts it into its groups.
type PortGroup struct {
	*PortGroupFacts
	Switches []*Datapath // that it has a port in
	// Keepers are its ACLs that want an ID, which they have even if the group has no ports.
	Keepers []*ACL
}

// RouterPortFacts is what others may know of a router port.
type RouterPortFacts struct {
	Row     *nb.LogicalRouterPort
	ID      ovsdb.UUID
	Name    string
	Quoted  string
	CRName  string // of its chassis-redirect port
	DP      *Datapath
	Options map[string]string // of the router
	Key     *PortKey
	CRKey   *PortKey
	Enabled bool

	Addresses // MAC and networks; the link-local address is last of IP6 unless configured
	// PeerName is the logical port at the other end, on a switch or a router; "" when there is none.
	PeerName string
	PeerDP   *Datapath // the switch at the other end
	// PeerDistributed says that a router port at the other end is a distributed gateway port.
	PeerDistributed bool
	Physical        bool // which has a localnet port
	Tagged          bool // which has one that asks for a VLAN tag

	HAGroup *HAGroup // gateway chassis or HA chassis group: makes it a distributed gateway port
	Gateway bool     // of a gateway router (options:chassis)
	BFD     bool     // it has a BFD session

	Redistribute Redistribute
	// RelayServer is the DHCP server to which requests of the port are relayed, "" for none.
	RelayServer string
	// Remote is the chassis of another availability zone that has the port (options:requested-chassis), zero for none.
	Remote ovsdb.UUID
}

// Distributed reports whether it is a distributed gateway port.
func (p *RouterPortFacts) Distributed() bool { return p.HAGroup != nil && !p.Gateway }

// RouterFacts is what others may know of a router.
type RouterFacts struct {
	*Datapath
	Global      *Global
	Options     map[string]string
	ExternalIDs map[string]string
	Copp        map[string]string
	Gateway     bool               // a gateway router: options:chassis is there
	Chassis     string             // what it says, which may be nothing
	Ports       []*RouterPortFacts // by name
	Gateways    []*RouterPortFacts // distributed gateway ports, by name
	HasLB       bool
	HasNAT      bool
	HasRemote   bool // a port is on a chassis of another availability zone
}

// Router is the view of a router.
type Router struct {
	*RouterFacts
	StaticRoutes  []*nb.LogicalRouterStaticRoute // all of them, usable or not
	Routes        []Route                        // the usable ones, and what was learned
	Policies      []Policy
	Absurd        []string // rows that are left out, and why
	NATs          []*NAT
	LoadBalancers []*LoadBalancerFacts
	// Externals are the IPv4 addresses of its NAT rules that others are told of.
	Externals []External
	// Owners are the MACs of distributed NAT rules, whether or not the rest of the rule can be.
	Owners []Owner
}

// Owner is a logical port and the MAC by which those outside know it.
type Owner struct{ MAC, LogicalPort string }

// Policy is a routing policy with its usable next hops: those that a network of the router reaches and no BFD session says
// are down.
type Policy struct {
	*nb.LogicalRouterPolicy
	Hops []Hop
}

// NAT is a NAT rule with what it refers to.
type NAT struct {
	*nb.NAT
	GatewayPort    *RouterPortFacts
	AllowedExtIPs  *nb.AddressSet
	ExemptedExtIPs *nb.AddressSet
	LogicalPort    *SwitchPortFacts

	External Network
	Logical  Network // a network only for the type snat
	MAC      string  // external_mac in its usual form, "" when there is none
	plain    bool    // external_ip is an address and no more
}

// RouterPort is the view of a router port.
type RouterPort struct {
	*RouterPortFacts
	Router *RouterFacts
	// At the other end: a port of a switch, or of another router.
	PeerPort       *SwitchPortFacts
	PeerSwitch     *SwitchFacts
	PeerRouterPort *RouterPortFacts
	StaticMACs     []*nb.StaticMACBinding
	// NATs are the router's, for ports that answer for external addresses.
	NATs          []*NAT
	LoadBalancers []*LoadBalancerFacts
	Advertised    []Advertisement
	// Beside are the addresses of the other routers on the switch that they want to be found by (options:add_route of NAT and
	// Load_Balancer).
	Beside []Beside
	// Bound is the chassis that the port is bound to, zero when it is to none.
	Bound ovsdb.UUID
	// Delegated are the IPv6 prefixes that a delegating router gave it, as its chassis wrote them: IAID:prefix.
	Delegated string
	// HostingChassis is where a distributed gateway port is now, "" when nowhere.
	HostingChassis string
}

// HAGroup is a resolved HA_Chassis_Group, or the Gateway_Chassis rows of a router port.
type HAGroup struct {
	ID      ovsdb.UUID
	Name    string
	Members []HAMember // by falling priority, then name
}

// HAMember is one chassis of a HAGroup.
type HAMember struct {
	ID       ovsdb.UUID
	Chassis  string
	Priority int64
	SB       ovsdb.UUID // of the Chassis; zero when there is none of that name
}

// AlwaysRedirect reports whether all traffic through a distributed gateway port goes by way of its chassis: when nothing
// of it is distributed, that is, no NAT rule has an external MAC and no VTEP is behind it.
func (p *RouterPort) AlwaysRedirect() bool {
	if p.Row.Options["redirect-type"] == "bridged" || p.PeerSwitch != nil && len(p.PeerSwitch.VTEPs) > 0 {
		return false
	}
	for _, n := range p.NATs {
		if n.Distributed() && p.Router.CarriesOut(n, n.External.Addr) {
			return false
		}
	}
	return true
}

// Sample is an observation point with its collectors resolved.
type Sample struct {
	*nb.Sample
	Collector  int64 // id of the first
	Collectors []*nb.SampleCollector
}

// Distributed reports whether the rule is carried out on the chassis of its logical port.
func (n *NAT) Distributed() bool {
	return n.Type == "dnat_and_snat" && n.ExternalMAC != nil && n.NAT.LogicalPort != nil
}

// balances reports whether an address is a VIP of the router's load balancers.
func (r *Router) balances(a netip.Addr) bool {
	return slices.ContainsFunc(r.LoadBalancers, func(lb *LoadBalancerFacts) bool {
		return slices.ContainsFunc(lb.VIPs, func(v VIP) bool { return v.Addr == a })
	})
}

// Quote writes a port name as matches and actions have it: a JSON string.
func Quote(s string) string {
	if !strings.ContainsAny(s, "\"\\\n\t\r\b\f") {
		return `"` + s + `"`
	}
	r := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\b", `\b`, "\f", `\f`)
	return `"` + r.Replace(s) + `"`
}

// RouterAddresses4 and RouterAddresses6 are the addresses for which the router behind a port of type router answers on the
// switch: its own on this port, and those that its NAT rules and load balancers translate. Sorted.
func (p *SwitchPort) RouterAddresses4() []string { return p.routerAddresses(true) }

// RouterAddresses6 is the same for IPv6.
func (p *SwitchPort) RouterAddresses6() []string { return p.routerAddresses(false) }

func (p *SwitchPort) routerAddresses(is4 bool) []string {
	set := map[string]bool{}
	own := p.Peer.IP6
	if is4 {
		own = p.Peer.IP4
	}
	for _, n := range own {
		set[n.IP()] = true
	}
	if p.PeerRouter != nil {
		for _, n := range p.PeerRouter.NATs {
			// The load balancer decides where a VIP is answered for.
			if p.PeerRouter.balances(n.External.Addr) {
				continue
			}
			if a := n.External.Addr; a.Is4() == is4 && p.PeerRouter.CarriesOut(n, a) && (n.Type != "snat" || p.Peer.answersFor(a, p.PeerRouter)) {
				set[n.ExternalIP] = true
			}
		}
		for _, lb := range p.PeerRouter.LoadBalancers {
			for i := range lb.VIPs {
				v := &lb.VIPs[i]
				if !v.template && v.Is4() == is4 && p.Peer.answersForVIP(v.Addr, lb) {
					set[IP(v.Addr)] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// answersFor reports whether the router answers for the address of an SNAT rule, on all its ports: its own it answers for
// anyway.
func (p *RouterPortFacts) answersFor(a netip.Addr, r *Router) bool {
	for _, q := range r.Ports {
		for _, n := range q.Networks(a.Is4()) {
			if n.Addr == a {
				return false
			}
		}
	}
	return true
}

// answersForVIP is the same for a VIP, on the ports in whose network it is, if options:neighbor_responder lets it.
func (p *RouterPortFacts) answersForVIP(a netip.Addr, lb *LoadBalancerFacts) bool {
	return lb.Options["neighbor_responder"] != "none" && p.reachable(a)
}

func (p *RouterPortFacts) reachable(a netip.Addr) bool {
	if a.Is4In6() {
		return false
	}
	for _, n := range append(slices.Clone(p.IP4), p.IP6...) {
		if n.Prefix().Contains(a) {
			return true
		}
	}
	return false
}
