package feature

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// dhcp answers DHCP requests of ports that have options (ovn-northd(8), Logical Switch Ingress Table 23: DHCP option
// processing, Table 24: DHCP responses, Egress Table 6; ovn-nb(5), DHCP_Options).
//
// Stages: ls_in_dhcp_options, ls_in_dhcp_response, ls_out_acl_eval.
func dhcp() Feature {
	return Feature{Name: "dhcp", SwitchPort: dhcpPort}
}

// dhcpSide is where the requests of a port come in: at the port, or for an external port at the switch's localnet ports on
// the chassis that hosts it.
type dhcpSide struct {
	inport   *topo.SwitchPortFacts
	resident string
}

func dhcpPort(p *topo.SwitchPort, b *Builder) {
	if p.Switch.OtherConfig["dhcp_relay_port"] != "" {
		return // the switch leaves it to a relay, be there one or not
	}
	if !p.Enabled || p.Type == "router" || p.DHCPv4 == nil && p.DHCPv6 == nil {
		return
	}
	sides := []dhcpSide{{p.SwitchPortFacts, ""}}
	if p.Type == "external" {
		sides = nil
		for _, ln := range p.Switch.Localnets {
			sides = append(sides, dhcpSide{ln, " && is_chassis_resident(" + p.Quoted + ")"})
		}
	}
	for _, a := range p.Addresses {
		for _, n := range a.IP4 {
			if dhcp4(p, a.MAC, n, sides, b) {
				break
			}
		}
		for _, n := range a.IP6 {
			if dhcp6(p, a.MAC, n, sides, b) {
				break
			}
		}
	}
}

func dhcp4(p *topo.SwitchPort, mac string, n topo.Network, sides []dhcpSide, b *Builder) bool {
	o := p.DHCPv4
	if o == nil {
		return false
	}
	subnet, mask, ok := topo.ParseMasked4(o.CIDR)
	server, hasServer := o.Options["server_id"]
	serverMAC, hasMAC := o.Options["server_mac"]
	_, hasLease := o.Options["lease_time"] // that they are there is enough: what they say is for ovn-controller to judge
	if !ok || !sameSubnet(n.Addr, subnet, mask) || !hasServer || !hasMAC || !hasLease {
		return false
	}
	options := map[string]string{}
	for k, v := range o.Options {
		if k != "server_mac" {
			options[k] = v
		}
	}
	if h, ok := p.Row.Options["hostname"]; ok {
		options["hostname"] = h // as it is: who sets it writes the quotes, as in DHCP_Options
	}
	netmask := topo.IP(mask)
	if own, ok := options["netmask"]; ok {
		netmask += ", netmask = " + own // both are given, the subnet's first
	}
	options["netmask"] = netmask
	for _, s := range sides {
		match := "inport == " + s.inport.Quoted + " && eth.src == " + mac
		b.Add(p.DP, lflow.SwitchInDHCPOptions, 100, match+" && (ip4.src == {"+n.IP()+", 0.0.0.0} && ip4.dst == {"+server+
			", 255.255.255.255}) && udp.src == 68 && udp.dst == 67"+s.resident,
			lflow.RegDHCPResult+" = put_dhcp_opts(offerip = "+n.IP()+", "+join(options)+"); next;").
			WithPort(s.inport.Name).WithMeter(p.Switch.Copp["dhcpv4-opts"]).WithHint(o.UUID)
		b.Add(p.DP, lflow.SwitchInDHCPResponse, 100, match+" && ip4 && udp.src == 68 && udp.dst == 67 && "+lflow.RegDHCPResult+s.resident,
			"eth.dst = eth.src; eth.src = "+serverMAC+"; ip4.src = "+server+
				"; udp.src = 67; udp.dst = 68; outport = inport; flags.loopback = 1; output;").WithPort(s.inport.Name).WithHint(o.UUID)
	}
	dhcpReply(p, "ip4", serverMAC, server, "udp.src == 67 && udp.dst == 68", o, b)
	return true
}

func dhcp6(p *topo.SwitchPort, mac string, n topo.Network, sides []dhcpSide, b *Builder) bool {
	o := p.DHCPv6
	if o == nil {
		return false
	}
	cidr, err := topo.ParseNetwork(o.CIDR)
	serverMAC := o.Options["server_id"]
	server, ok := topo.LinkLocal(serverMAC)
	if err != nil || !ok || !cidr.Prefix().Contains(n.Addr) {
		return false
	}
	options := map[string]string{}
	for k, v := range o.Options {
		if k != "dhcpv6_stateless" {
			options[k] = v
		}
	}
	args := join(options)
	if !stateless(o) {
		args = "ia_addr = " + n.IP() + ", " + args
	}
	for _, s := range sides {
		match := "inport == " + s.inport.Quoted + " && eth.src == " + mac +
			" && ip6.mcast && ip6.dst == ff02::1:2 && udp.src == 546 && udp.dst == 547"
		b.Add(p.DP, lflow.SwitchInDHCPOptions, 100, match+s.resident,
			lflow.RegDHCPResult+" = put_dhcpv6_opts("+args+"); next;").
			WithPort(s.inport.Name).WithMeter(p.Switch.Copp["dhcpv6-opts"]).WithHint(o.UUID)
		b.Add(p.DP, lflow.SwitchInDHCPResponse, 100, match+" && "+lflow.RegDHCPResult+s.resident,
			"eth.dst = eth.src; eth.src = "+serverMAC+"; ip6.dst = ip6.src; ip6.src = "+topo.IP(server)+
				"; udp.src = 547; udp.dst = 546; outport = inport; flags.loopback = 1; output;").WithPort(s.inport.Name).WithHint(o.UUID)
	}
	dhcpReply(p, "ip6", serverMAC, topo.IP(server), "udp.src == 547 && udp.dst == 546", o, b)
	return true
}

// dhcpReply lets the answer pass whatever the ACLs say.
func dhcpReply(p *topo.SwitchPort, family, mac, server, ports string, o *nb.DHCPOptions, b *Builder) {
	if p.Type != "external" {
		b.Add(p.DP, lflow.SwitchOutACLEval, 34000, "outport == "+p.Quoted+" && eth.src == "+mac+" && "+family+".src == "+server+
			" && udp && "+ports, allowBit+"next;").WithPort(p.Name).WithHint(o.UUID)
	}
}

// stateless reports whether DHCPv6 gives options only, no addresses.
func stateless(o *nb.DHCPOptions) bool {
	return strings.EqualFold(o.Options["dhcpv6_stateless"], "true")
}

// sameSubnet compares the bits of IPv4 addresses that mask has; the mask need not be a prefix.
func sameSubnet(a, subnet, mask netip.Addr) bool {
	x, y, m := a.As4(), subnet.As4(), mask.As4()
	for i := range m {
		if (x[i]^y[i])&m[i] != 0 {
			return false
		}
	}
	return true
}

func join(options map[string]string) string {
	out := make([]string, 0, len(options))
	for k, v := range options {
		out = append(out, k+" = "+v)
	}
	sort.Strings(out)
	return strings.Join(slices.Compact(out), ", ")
}
