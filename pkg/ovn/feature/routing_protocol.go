package feature

import (
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// routingProtocol hands the traffic of routing protocols that is for a router port to a switch port, behind which a routing
// daemon acts as if it were the router (ovn-nb(5), Logical_Router_Port options:routing-protocol-redirect; ovn-northd(8),
// Logical Switch Ingress Table 0 and Table 28: Destination Lookup).
//
// Stages: ls_in_check_port_sec, ls_in_l2_lkup.
func routingProtocol() Feature {
	return Feature{Name: "routing protocol", SwitchPort: routingProtocolPort}
}

// routingProtocols are the words of options:routing-protocols and the packets that they stand for.
var routingProtocols = map[string]struct{ l4, port string }{"BGP": {"tcp", "179"}, "BFD": {"udp", "3784"}}

func routingProtocolPort(p *topo.SwitchPort, b *Builder) {
	daemon := p.ProtocolRedirect
	if daemon == nil {
		return
	}
	add := func(match, actions string) {
		b.Add(p.DP, lflow.SwitchInL2Lkup, 100, match, actions).WithHint(p.Peer.ID)
	}
	known := false
	for _, name := range strings.Split(p.Peer.Row.Options["routing-protocols"], ",") {
		proto, ok := routingProtocols[name]
		if !ok {
			continue
		}
		known = true
		for _, ns := range [][]topo.Network{p.Peer.IP4, p.Peer.IP6} {
			for _, n := range ns {
				for _, end := range []string{".dst == ", ".src == "} {
					add(familyOf(n.Is4()).ip+".dst == "+n.IP()+" && "+proto.l4+end+proto.port, "outport = "+daemon.Quoted+"; output;")
				}
			}
		}
	}
	if !known {
		return
	}
	// The daemon has the addresses of the router: it learns neighbours from what they answer, and must not answer itself.
	both := "clone { outport = " + daemon.Quoted + "; output; }; outport = " + p.Quoted + "; output;"
	for _, n := range p.Peer.IP4 {
		add("arp.op == 2 && arp.tpa == "+n.IP(), both)
	}
	for _, n := range p.Peer.IP6 {
		add("ip6.dst == "+n.IP()+" && nd_na", both)
	}
	for _, answer := range []string{"arp.op == 2", "nd_na", "nd_ra"} {
		b.Add(p.DP, lflow.SwitchInCheckPortSec, 80, "inport == "+daemon.Quoted+" && "+answer, lflow.RegPortSecDrop+" = 1; next;").
			WithHint(p.Peer.ID)
	}
}
