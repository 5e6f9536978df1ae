package northd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// routerPortMAC is Port_Binding.mac of a router port: the networks as they were written, but each address in its usual
// form.
func routerPortMAC(p *topo.RouterPort) string {
	mac := p.MAC
	for _, s := range p.Row.Networks {
		if n, err := topo.ParseNetwork(s); err == nil && !(n.Is4() && n.Addr.IsUnspecified()) {
			mac += " " + n.IP() + "/" + strconv.Itoa(n.Bits)
		}
	}
	return mac
}

// routerPortOptions adds what ovn-controller does on behalf of a router port: router advertisements that nobody asked for
// (ovn-nb(5), ipv6_ra_configs) and prefix delegation.
func routerPortOptions(p *topo.RouterPort, options map[string]string) {
	for _, o := range []string{"prefix_delegation", "prefix"} {
		if p.Row.Options[o] == "true" && p.PeerSwitch != nil {
			options["ipv6_"+o] = "true"
		}
	}
	if p.Delegated != "" {
		options[delegatedOption] = p.Delegated
	}
	cfg := p.Row.IPv6RAConfigs
	if !strings.EqualFold(cfg["send_periodic"], "true") || !topo.RAMode(cfg["address_mode"]) || p.Row.Peer != nil || p.PeerSwitch == nil {
		return
	}
	var prefixes []string
	local := ""
	for _, n := range p.IP6 {
		if n.Addr.IsLinkLocalUnicast() {
			local = cmp.Or(local, n.IP())
		} else {
			prefixes = append(prefixes, topo.CIDR(n.Prefix()))
		}
	}
	// RFC 4861 section 6.2.1 bounds both intervals.
	most := bounded(cfg["max_interval"], 600, 4, 1800)
	least := most / 3
	if most < 9 {
		least = most * 3 / 4
	}
	options["ipv6_ra_send_periodic"] = "true"
	options["ipv6_ra_address_mode"] = cfg["address_mode"]
	options["ipv6_ra_max_interval"] = strconv.FormatInt(most, 10)
	options["ipv6_ra_min_interval"] = strconv.FormatInt(bounded(cfg["min_interval"], least, min(3, most*3/4), most*3/4), 10)
	options["ipv6_ra_prf"] = "MEDIUM"
	if prf := cfg["router_preference"]; prf == "HIGH" || prf == "LOW" {
		options["ipv6_ra_prf"] = prf
	}
	options["ipv6_ra_src_eth"] = p.MAC
	if local != "" {
		options["ipv6_ra_src_addr"] = local
	}
	options["ipv6_ra_prefixes"] = strings.Join(prefixes, " ")
	if mtu := topo.Int(cfg["mtu"], 0); mtu >= 1280 {
		options["ipv6_ra_mtu"] = strconv.Itoa(mtu)
	}
	for _, o := range []string{"rdnss", "dnssl", "route_info"} {
		if v, ok := cfg[o]; ok {
			options["ipv6_ra_"+o] = v
		}
	}
}

// delegatedOption is the key of Port_Binding.options by which a chassis says which prefixes were delegated to a router port.
const delegatedOption = "ipv6_ra_pd_list"

// routerPortStatus writes back which chassis hosts a distributed gateway port, and the prefix that was delegated to a port
// which asks for one.
func routerPortStatus(p *topo.RouterPort, b *rows) {
	var prefixes []string
	if _, prefix, ok := strings.Cut(p.Delegated, ":"); ok && strings.EqualFold(p.Row.Options["prefix"], "true") {
		prefixes = []string{prefix}
	}
	if len(prefixes) > 0 && !slices.Equal(prefixes, p.Row.IPv6Prefix) {
		b.Back(ovsdb.Update(nb.TableLogicalRouterPort, p.ID, col(nb.LogicalRouterPortColIPv6Prefix, prefixes)))
	}
	if have := p.Row.Status["hosting-chassis"]; have != p.HostingChassis {
		status := ovsdb.Map(nil)
		if p.HostingChassis != "" {
			status = ovsdb.Map{{K: "hosting-chassis", V: p.HostingChassis}}
		}
		b.Back(ovsdb.Update(nb.TableLogicalRouterPort, p.ID, col(nb.LogicalRouterPortColStatus, status)))
	}
}

// routerVIPRows are the address sets of the load balancer VIPs that a router answers ARP and ND for.
func routerVIPRows(r *topo.Router, b *rows) {
	for _, is4 := range []bool{true, false} {
		vips := r.AnsweredVIPs(is4)
		if len(vips) == 0 {
			continue
		}
		name := r.VIPSetName(is4)
		b.Add(sb.TableAddressSet, name, col(sb.AddressSetColName, name))
		for _, a := range vips {
			b.Member(sb.TableAddressSet, name, sb.AddressSetColAddresses, a)
		}
	}
}

// routerNumbers copies the options of a router that are numbers and that chassis need.
func routerNumbers(options, ids map[string]string) {
	zoneLimit(options, ids)
	if n := topo.Int(options["snat-ct-zone"], -1); n >= 0 {
		ids["snat-ct-zone"] = strconv.Itoa(n)
	}
	// The lowest age: chassis look at bindings that often.
	if ages, ok := topo.ParseMACAges(options["mac_binding_age_threshold"]); ok && ages.Min() > 0 {
		ids["mac_binding_age_threshold"] = strconv.FormatUint(uint64(ages.Min()), 10)
	}
}

// zoneLimit says how many connections the zone of a datapath may have: 0 and what is no number say nothing.
func zoneLimit(options, ids map[string]string) {
	if n := topo.Long(options["ct-zone-limit"], 0); n > 0 {
		ids["ct-zone-limit"] = strconv.FormatInt(n, 10)
	}
}
