package feature

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// router emits what every router has whatever is configured: the priority-0 flows of the stages in which a packet that no
// feature has anything to say about simply goes on, or is dropped; and delivery (ovn-northd(8), Egress Table 6).
//
// Stages: all of the router's, lr_out_delivery.
func router() Feature {
	return Feature{
		Name: "router",
		Router: func(r *topo.Router, b *Builder) {
			for _, s := range routerPassThrough {
				b.Add(r.Datapath, s, 0, "1", "next;")
			}
			for _, s := range routerDrop {
				b.Add(r.Datapath, s, 0, "1", drop(r.Global))
			}
		},
		RouterPort: func(p *topo.RouterPort, b *Builder) {
			if !p.Enabled {
				return
			}
			b.Add(p.DP, lflow.RouterOutDelivery, 100, "outport == "+p.Quoted, "output;").WithHint(p.ID)
		},
	}
}

var routerPassThrough = []lflow.Stage{
	lflow.RouterInIPInput, lflow.RouterInDHCPRelayReq, lflow.RouterInUnsnat, lflow.RouterInPostUnsnat,
	lflow.RouterInDefrag, lflow.RouterInLBAffCheck, lflow.RouterInDNAT, lflow.RouterInLBAffLearn,
	lflow.RouterInECMPStateful, lflow.RouterInNDRAOptions, lflow.RouterInNDRAResponse,
	lflow.RouterInDHCPRelayRespChk, lflow.RouterInDHCPRelayResp, lflow.RouterInChkPktLen,
	lflow.RouterInLargerPkts, lflow.RouterInGWRedirect, lflow.RouterOutUndnat, lflow.RouterOutPostUndnat,
	lflow.RouterOutSNAT, lflow.RouterOutPostSNAT, lflow.RouterOutEgrLoop,
}

var routerDrop = []lflow.Stage{
	lflow.RouterInAdmission, lflow.RouterInLearnNeighbor, lflow.RouterInIPRouting, lflow.RouterInIPRoutingECMP,
	lflow.RouterInPolicyECMP, lflow.RouterInARPResolve, lflow.RouterOutDelivery,
}

// The functions below only write text, for the features of routers.

// resident is the match of the chassis that hosts a chassis-redirect or other port.
func resident(port string) string { return `is_chassis_resident("` + port + `")` }

// family is how matches and actions speak of an address family on a router.
type family struct {
	ip      string // ip4, ip6
	icmp    string
	nextHop string // register of the next hop
	source  string // register of the address that the router itself uses towards it
	is4     string // value of RegNextHopIsIP4
}

var (
	family4 = &family{"ip4", "icmp4", lflow.RegNextHopIP4, lflow.RegSrcIP4, "1"}
	family6 = &family{"ip6", "icmp6", lflow.RegNextHopIP6, lflow.RegSrcIP6, "0"}
)

func familyOf(is4 bool) *family {
	if is4 {
		return family4
	}
	return family6
}

// addressList writes a, or {a, b} for several.
func addressList(ns []topo.Network) string {
	if len(ns) == 1 {
		return ns[0].IP()
	}
	return addressSet(ns)
}

// addressSet writes {a, b}, with braces even for one.
func addressSet(ns []topo.Network) string {
	s := make([]string, len(ns))
	for i, n := range ns {
		s[i] = n.IP()
	}
	return "{" + strings.Join(s, ", ") + "}"
}

// multicastMAC is the Ethernet address of an IPv6 multicast group (RFC 2464 section 7).
func multicastMAC(group netip.Addr) string {
	a := group.As16()
	return fmt.Sprintf("33:33:%02x:%02x:%02x:%02x", a[12], a[13], a[14], a[15])
}
