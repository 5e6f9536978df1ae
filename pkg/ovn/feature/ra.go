package feature

import (
	"slices"
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// ra answers Router Solicitations on ports with ipv6_ra_configs (ovn-northd(8), Logical Router Ingress Table 12: IPv6 ND RA
// option processing, Table 13: IPv6 ND RA responder). The advertisements that nobody asked for are sent by ovn-controller
// from Port_Binding.options.
//
// Stages: lr_in_nd_ra_options, lr_in_nd_ra_response.
func ra() Feature {
	return Feature{Name: "ra", RouterPort: raPort}
}

func raPort(p *topo.RouterPort, b *Builder) {
	cfg := p.Row.IPv6RAConfigs
	mode := cfg["address_mode"]
	var prefixes []string
	for _, n := range p.IP6 {
		if !n.Addr.IsLinkLocalUnicast() {
			prefixes = append(prefixes, topo.CIDR(n.Prefix()))
		}
	}
	local := slices.IndexFunc(p.IP6, func(n topo.Network) bool { return n.Addr.IsLinkLocalUnicast() })
	if !topo.RAMode(mode) || len(prefixes) == 0 || local < 0 ||
		p.Row.Peer != nil || p.PeerSwitch == nil {
		return
	}
	opts := `addr_mode = "` + mode + `", slla = ` + p.MAC
	// RFC 8200 section 5: no link has a smaller MTU.
	if mtu := topo.Int(cfg["mtu"], 0); mtu >= 1280 {
		opts += ", mtu = " + strconv.Itoa(mtu)
	}
	if pref, ok := cfg["router_preference"]; ok && pref != "MEDIUM" {
		opts += `, router_preference = "` + pref + `"`
	}
	if v, ok := cfg["rdnss"]; ok {
		opts += ", rdnss = " + v
	}
	if v, ok := cfg["dnssl"]; ok {
		opts += `, dnssl = "` + v + `"`
	}
	if v, ok := cfg["route_info"]; ok {
		opts += `, route_info = "` + v + `"`
	}
	for _, prefix := range prefixes {
		opts += ", prefix = " + prefix
	}
	to := "inport == " + p.Quoted + " && ip6.dst == ff02::2 && "
	b.Add(p.DP, lflow.RouterInNDRAOptions, 50, to+"nd_rs", lflow.RegNDRAResult+" = put_nd_ra_opts("+opts+"); next;").
		WithHint(p.ID).WithMeter(p.Router.Copp["nd-ra-opts"])
	b.Add(p.DP, lflow.RouterInNDRAResponse, 50, to+"nd_ra && "+lflow.RegNDRAResult,
		"eth.dst = eth.src; eth.src = "+p.MAC+"; ip6.dst = ip6.src; ip6.src = "+p.IP6[local].IP()+
			"; outport = inport; flags.loopback = 1; output;").WithHint(p.ID)
}
