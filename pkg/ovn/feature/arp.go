package feature

import (
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// arp answers requests for the addresses of the switch's ports, so that they need not be flooded (ovn-northd(8), Logical
// Switch Ingress Table 22: ARP/ND responder).
//
// Stages: ls_in_arp_rsp.
func arp() Feature {
	return Feature{Name: "arp", SwitchPort: arpPort}
}

const broadcast = "eth.dst == ff:ff:ff:ff:ff:ff"

// proxyARP answers an ARP request for ip with mac.
func proxyARP(mac, ip string) string {
	return "eth.dst = eth.src; eth.src = " + mac + "; arp.op = 2; /* ARP reply */ arp.tha = arp.sha; arp.sha = " + mac +
		"; arp.tpa = arp.spa; arp.spa = " + ip + "; outport = inport; flags.loopback = 1; output;"
}

func arpPort(p *topo.SwitchPort, b *Builder) {
	const stage = lflow.SwitchInARPRsp
	switch p.Type {
	case "localnet":
		if !p.Switch.HasARPProxy() {
			b.Add(p.DP, stage, 100, "inport == "+p.Quoted, "next;").WithPort(p.Name).WithHint(p.ID)
		}
	case "vtep":
		b.Add(p.DP, stage, 65535, lflow.RegFromRAMP+" == 1 && (arp || nd_ns)", "flags.loopback = 1; next;")
	case "virtual":
		arpVirtual(p, b)
	}
	if !answers(p) {
		return
	}
	for _, a := range p.Addresses {
		for _, n := range a.IP4 {
			match := "arp.tpa == " + n.IP() + " && arp.op == 1 && " + broadcast
			b.Add(p.DP, stage, 50, match, proxyARP(a.MAC, n.IP())).WithHint(p.ID)
			b.Add(p.DP, stage, 100, match+" && inport == "+p.Quoted, "next;").WithPort(p.Name).WithHint(p.ID)
		}
		action := "nd_na"
		if p.Type == "router" {
			action = "nd_na_router"
		}
		for _, n := range a.IP6 {
			match := "nd_ns_mcast && ip6.dst == " + topo.IP(n.SolicitedNode()) + " && nd.target == " + n.IP()
			meter := "nd-na"
			b.Add(p.DP, stage, 50, match, action+" { eth.src = "+a.MAC+"; ip6.src = "+n.IP()+"; nd.target = "+n.IP()+
				"; nd.tll = "+a.MAC+"; outport = inport; flags.loopback = 1; output; };").WithMeter(p.Switch.Copp[meter]).WithHint(p.ID)
			b.Add(p.DP, stage, 100, match+" && inport == "+p.Quoted, "next;").WithPort(p.Name).WithHint(p.ID)
		}
	}
	arpProxy(p, b)
}

// answers reports whether the switch answers for the addresses of a port, which may be disabled.
func answers(p *topo.SwitchPort) bool {
	switch p.Type {
	case "virtual", "external":
		return false
	case "router", "localport":
	default:
		if !p.Up && p.Switch.Global.Options["ignore_lsp_down"] == "false" {
			return false
		}
	}
	return !p.Unknown && (p.Type != "" || p.Option("disable_arp_nd_rsp") != "true") && p.Switch.OtherConfig["vlan-passthru"] != "true"
}

// arpVirtual lets a parent claim a virtual port by announcing its address.
func arpVirtual(p *topo.SwitchPort, b *Builder) {
	vip, err := topo.ParseNetwork(p.Option("virtual-ip"))
	if err != nil {
		return
	}
	ip := vip.IP()
	for _, q := range p.Parents {
		match := "inport == " + q.Quoted + " && ((arp.op == 1 && arp.spa == " + ip + " && arp.tpa == " + ip +
			") || (arp.op == 2 && arp.spa == " + ip + "))"
		if !vip.Is4() {
			// Spelled as stock has it, the missing blank included.
			match = "inport == " + q.Quoted + " && ((nd_ns && ip6.dst == {" + ip + ", " + topo.IP(vip.SolicitedNode()) +
				"} && nd.target == " + ip + ") ||(nd_na && nd.target == " + ip + "))"
		}
		b.Add(p.DP, lflow.SwitchInARPRsp, 100, match, "bind_vport("+p.Quoted+", inport); next;").WithPort(q.Name).WithHint(q.ID)
	}
}

// arpProxy answers for the networks of options:arp_proxy, with the router's MAC or the one that is given.
func arpProxy(p *topo.SwitchPort, b *Builder) {
	opt := p.Option("arp_proxy")
	if p.Type != "router" || opt == "" || p.Peer == nil {
		return
	}
	mac := p.Peer.MAC
	var v4, v6, asked []string
	for i, w := range strings.Fields(opt) {
		if m, ok := topo.ParseMAC(w); ok && i == 0 {
			mac = m
			continue
		}
		n, err := topo.ParseNetwork(w)
		if err != nil {
			break // stock reads no further
		}
		length := "/" + strconv.Itoa(n.Bits)
		if n.Is4() {
			v4 = append(v4, n.IP()+length)
		} else {
			v6 = append(v6, n.IP()+length)
			asked = append(asked, n.IP()+length, topo.IP(n.SolicitedNode())+length)
		}
	}
	if len(v4) > 0 {
		b.Add(p.DP, lflow.SwitchInARPRsp, 30, lflow.RegFromRouter+" == 0 && arp.op == 1 && arp.tpa == {"+strings.Join(v4, ",")+"}",
			"eth.dst = eth.src; eth.src = "+mac+"; arp.op = 2; /* ARP reply */ arp.tha = arp.sha; arp.sha = "+mac+
				"; arp.tpa <-> arp.spa; outport = inport; flags.loopback = 1; output;").WithHint(p.ID)
	}
	if len(v6) > 0 {
		b.Add(p.DP, lflow.SwitchInARPRsp, 30, lflow.RegFromRouter+" == 0 && nd_ns && ip6.dst == { "+strings.Join(asked, ", ")+
			" } && nd.target == { "+strings.Join(v6, ", ")+" }",
			"nd_na_router { eth.src = "+mac+"; ip6.src = nd.target; nd.target = nd.target; nd.tll = "+mac+
				"; outport = inport; flags.loopback = 1; output; };").WithMeter(p.Switch.Copp["nd-na"]).WithHint(p.ID)
	}
}
