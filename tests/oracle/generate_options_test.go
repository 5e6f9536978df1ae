package oracle

import "fmt"

// optionValue makes the value of one key of a map column, "" if there is none now.
type optionValue func(g *generator) string

// noText stands for an option that is there and says nothing.
const noText = "\x00"

func text1(of ...string) optionValue { return func(g *generator) string { return pick(g, of) } }

func yesNo(g *generator) string { return pick(g, []string{"true", "false"}) }

func anyName(table string) optionValue { return func(g *generator) string { return g.nameOf(table) } }

func anyChassis(g *generator) string { return g.chassis() }

// anyChassisOrNone is that of a gateway router, which is one without a chassis too.
func anyChassisOrNone(g *generator) string {
	if g.chance(20) {
		return noText
	}
	return g.chassis()
}

func anyIP4(g *generator) string { return g.ip4() }

func anyMeter(g *generator) string { return g.nameOf("Meter") }

func seconds(g *generator) string { return pick(g, []string{"0", "30", "3600"}) }

func zoneLimit(g *generator) string { return pick(g, []string{"0", "1000", " +7", "4294967296"}) }

func yesNoLoud(g *generator) string { return pick(g, []string{"true", "false", "TRUE"}) }

// optionValues says what stands under which keys of the columns that are maps of options. Everything that ovn-nb(5) lists is
// here or in unreachedOptions; keys that it does not list, but stock reads, are here too.
var optionValues = map[string]map[string]optionValue{
	"NB_Global.options": {
		"bfd-min-rx": text1("1000", "100"), "bfd-decay-min-rx": text1("1000"), "bfd-min-tx": text1("100"), "bfd-mult": text1("5"),
		"ignore_chassis_features": yesNo, "mac_binding_removal_limit": seconds, "fdb_removal_limit": seconds, "controller_event": yesNo,
		"use_logical_dp_groups": yesNo, "ignore_lsp_down": yesNo, "use_ct_inv_match": yesNo, "default_acl_drop": yesNo,
		"debug_drop_domain_id": text1("1", "77"), "debug_drop_collector_set": text1("2", "99"), "use_common_zone": yesNo, "vxlan_mode": yesNo,
		"always_tunnel": yesNo, "ecmp_nexthop_monitor_enable": yesNo,
	},
	"Copp.meters": {
		"arp": anyMeter, "arp-resolve": anyMeter, "dhcpv4-opts": anyMeter, "dhcpv6-opts": anyMeter, "dns": anyMeter, "event-elb": anyMeter,
		"icmp4-error": anyMeter, "icmp6-error": anyMeter, "igmp": anyMeter, "nd-na": anyMeter, "nd-ns": anyMeter, "nd-ns-resolve": anyMeter,
		"nd-ra-opts": anyMeter, "tcp-reset": anyMeter, "bfd": anyMeter, "reject": anyMeter, "svc-monitor": anyMeter,
	},
	"Logical_Switch.other_config": {
		"subnet": text1("10.0.1.0/24", "10.0.2.0/28"), "exclude_ips": text1("10.0.1.1..10.0.1.5 10.0.1.9"), "ipv6_prefix": text1("fd00:1::", "fd00:2::"),
		"dhcp_relay_port": anyName("Logical_Switch_Port"), "mac_only": yesNo, "fdb_age_threshold": seconds, "ct-zone-limit": zoneLimit,
		"mcast_snoop": yesNo, "mcast_querier": yesNo, "mcast_flood_unregistered": yesNo, "mcast_table_size": text1("1", "2048", "-1"),
		"mcast_idle_timeout": text1("15", "300", "4294967316"), "mcast_query_interval": text1("1", "150", "-1"), "mcast_query_max_response": text1("1", "5", "0"),
		"mcast_eth_src": text1("0a:00:00:00:77:01"), "mcast_ip4_src": text1("10.0.1.254"), "mcast_ip6_src": text1("fe80::1"),
		"interconn-ts": text1("ts1"), "requested-tnl-key": text1("77", "78", "1"), "vlan-passthru": yesNo, "broadcast-arps-to-all-routers": yesNo,
	},
	"Logical_Switch.external_ids":      {"neutron:network_name": text1("net one", "net-two")},
	"Logical_Switch_Port.external_ids": {"neutron:port_name": text1("port one")},
	"Logical_Router.external_ids":      {"neutron:router_name": text1("router one")},
	"Logical_Switch_Port.options": {
		"router-port": func(g *generator) string {
			if n := g.nameOf("Logical_Router_Port"); !g.led(n) {
				return n
			}
			return ""
		}, "nat-addresses": text1("router", "0a:00:00:00:66:01 10.0.1.77"),
		"exclude-lb-vips-from-garp": yesNo, "arp_proxy": text1("10.9.0.0/16", "0a:00:00:00:00:aa 10.9.0.9 fd09::/64"), "enable_router_port_acl": yesNo,
		"ct-zone-limit": zoneLimit, "network_name": text1("phys1", "phys2"), "ethtype": text1("802.1ad", "802.1q"), "localnet_learn_fdb": yesNo,
		"l2gateway-chassis": anyChassis, "vtep-physical-switch": text1("tor1"), "vtep-logical-switch": text1("vls1"),
		"requested-chassis": func(g *generator) string {
			switch g.IntN(10) {
			case 0, 1, 2:
				return g.chassis() + "," + g.chassis()
			case 3:
				return g.chassis() + ", " + g.chassis()
			}
			return g.chassis()
		},
		"activation-strategy": text1("rarp", "garp", "na", "rarp,garp"), "iface-id-ver": text1("v1"), "qos_min_rate": text1("10000"),
		"qos_max_rate": text1("100000"), "qos_burst": text1("5000"), "hostname": text1("host1"), "force_fdb_lookup": yesNo, "disable_garp_rarp": yesNo,
		"pkt_clone_type": text1("mc_unknown", "MC_Unknown"), "disable_arp_nd_rsp": yesNo, "vif-plug-type": text1("representor"), "vif-plug-mtu-request": text1("1400"),
		"virtual-ip": anyIP4,
		"virtual-parents": func(g *generator) string {
			a, b := g.nameOf("Logical_Switch_Port"), g.nameOf("Logical_Switch_Port")
			if a == "" || a == b {
				return a
			}
			return a + "," + b
		},
		"mcast_flood": yesNo, "mcast_flood_reports": yesNo, "requested-tnl-key": text1("5", "6", "1"),
	},
	"Load_Balancer.options": {
		"reject": yesNo, "hairpin_snat_ip": text1("169.254.1.1", "169.254.1.1 fd00::169"), "skip_snat": yesNo, "add_route": yesNo,
		"neighbor_responder": text1("none", "all", "reachable"), "template": yesNo, "address-family": text1("ipv4", "ipv6"),
		"affinity_timeout": text1("0", "60"), "ct_flush": yesNo, "use_stateless_nat": yesNo, "event": yesNo,
	},
	"Load_Balancer_Health_Check.options": {"interval": text1("5"), "timeout": text1("20"), "success_count": text1("3"), "failure_count": text1("3")},
	"ACL.options":                        {"apply-after-lb": yesNo, "persist-established": yesNo, "log-related": yesNo},
	"Logical_Router.options": {
		"chassis": anyChassisOrNone, "dnat_force_snat_ip": text1("10.0.1.200", "router_ip"), "lb_force_snat_ip": text1("10.0.1.201", "10.0.1.201 fd00:1::201", "router_ip"),
		"mcast_relay": yesNo, "dynamic_neigh_routers": yesNo, "always_learn_from_arp_request": yesNo, "requested-tnl-key": text1("88", "77", "2"),
		"snat-ct-zone": text1("0", "777"), "mac_binding_age_threshold": text1("60", "0", "192.168.0.0/16:0;10.0.0.0/8:60;30"), "ct-zone-limit": zoneLimit,
		"dynamic-routing":              yesNo,
		"dynamic-routing-redistribute": text1("connected", "static", "connected,static", "nat", "lb", "connected,nat"),
		"dynamic-routing-vrf-name":     text1("vrf1"), "ct-commit-all": yesNo,
	},
	"Logical_Router_Port.options": {
		"reside-on-redirect-chassis": yesNo, "redirect-type": text1("bridged", "overlay"), "mcast_flood": yesNo, "requested-tnl-key": text1("5", "6", "1"),
		"prefix_delegation": yesNo, "prefix": yesNo, "route_table": text1("rt1", "rt2"), "gateway_mtu": text1("1400"),
		"routing-protocol-redirect": anyName("Logical_Switch_Port"), "routing-protocols": text1("BGP", "BFD", "BGP,BFD"), "gateway_mtu_bypass": text1("tcp", "ip4.src == 10.0.1.0/24"),
		"requested-chassis": anyChassis, "dynamic-routing-redistribute": text1("connected", "static", "connected,static"),
		"dynamic-routing-maintain-vrf": yesNo, "dynamic-routing-port-name": anyName("Logical_Switch_Port"),
	},
	"Logical_Router_Port.ipv6_ra_configs": {
		"address_mode": text1("slaac", "dhcpv6_stateful", "dhcpv6_stateless"), "router_preference": text1("HIGH", "MEDIUM", "LOW"),
		"route_info": text1("HIGH-fd98::/64"), "mtu": text1("1450"), "send_periodic": yesNo, "max_interval": text1("60"), "min_interval": text1("20"),
		"rdnss": text1("fd00::53"), "dnssl": text1("example.org"),
	},
	"Logical_Router_Static_Route.external_ids": {"ic-learned-route": text1("00000000-0000-4000-8000-000000000001")},
	"Logical_Router_Static_Route.options":      {"ecmp_symmetric_reply": yesNoLoud, "origin": text1("connected", "static")},
	"Logical_Router_Policy.options":            {"pkt_mark": text1("0", "7", "100")},
	"NAT.options":                              {"stateless": yesNoLoud, "add_route": yesNo},
	"DHCP_Relay.options":                       {"x": text1("y")},
	"DNS.options":                              {"ovn-owned": yesNo},
	"DHCP_Options.options": {
		"server_id": func(g *generator) string {
			return pick(g, []string{fmt.Sprintf("10.0.%d.1", g.net()), "0a:00:00:00:99:98"})
		},
		"server_mac": text1("0a:00:00:00:99:99"), "lease_time": text1("3600"), "router": text1("10.0.1.1"), "netmask": text1("255.255.255.0"),
		"dns_server": text1("10.0.1.53", "{10.0.1.53,10.0.1.54}", "fd00::53"), "log_server": text1("10.0.1.2"), "lpr_server": text1("10.0.1.2"),
		"swap_server": text1("10.0.1.2"), "policy_filter": text1("{10.0.1.0,255.255.255.0}"), "router_solicitation": text1("10.0.1.2"),
		"nis_server": text1("10.0.1.2"), "ntp_server": text1("10.0.1.2"), "netbios_name_server": text1("10.0.1.2"),
		"classless_static_route": text1("{30.0.0.0/24,10.0.1.2, 0.0.0.0/0,10.0.1.1}"), "ms_classless_static_route": text1("{30.0.0.0/24,10.0.1.2}"),
		"next_server": text1("10.0.1.2"), "ip_forward_enable": text1("0", "1"), "router_discovery": text1("0", "1"), "ethernet_encap": text1("0", "1"),
		"default_ttl": text1("64"), "tcp_ttl": text1("64"), "mtu": text1("1400"), "T1": text1("3600"), "T2": text1("3600"),
		"arp_cache_timeout": text1("60"), "tcp_keepalive_interval": text1("60"), "netbios_node_type": text1("4"), "wpad": text1("\"http://wpad\""),
		"bootfile_name": text1("\"boot\""), "path_prefix": text1("\"/tftp\""), "tftp_server_address": text1("10.0.1.2", "{10.0.1.2,10.0.1.3}"),
		"hostname": text1("\"vm1\""), "domain_name": text1("\"example.org\""), "bootfile_name_alt": text1("\"boot2\""), "broadcast_address": text1("10.0.1.255"),
		"tftp_server": text1("\"tftp\""), "domain_search_list": text1("\"a.org,b.org\""), "domain_search": text1("\"a.org\""),
		"dhcpv6_stateless": yesNo, "fqdn": text1("\"vm1.example.org\""),
	},
}
