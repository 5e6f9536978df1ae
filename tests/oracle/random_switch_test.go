package oracle

import "fmt"

// portOption changes what a switch port is or asks for.
func (n *network) portOption() string {
	p, q := n.one(n.ports), n.one(n.ports)
	if p == "" {
		return ""
	}
	switch n.IntN(11) {
	case 0:
		return "ovn-nbctl lsp-set-type " + p + " " + n.one([]string{"localport", "virtual", "vtep", "\"\"", "\"\"", "\"\""})
	case 1:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:disable_arp_nd_rsp=" + n.one([]string{"true", "false"})
	case 2:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:requested-chassis=" + n.orNone(n.chassis)
	case 3:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:force_fdb_lookup=true options:pkt_clone_type=mc_unknown"
	case 4:
		return "ovn-nbctl clear Logical_Switch_Port " + p + " options"
	case 5:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:mcast_flood=true options:mcast_flood_reports=" + n.one([]string{"true", "false"})
	case 6:
		return fmt.Sprintf("ovn-nbctl set Logical_Switch_Port %s parent_name=%s tag_request=%d", p, q, 1+n.serial%4000)
	case 7:
		return "ovn-nbctl clear Logical_Switch_Port " + p + " parent_name -- clear Logical_Switch_Port " + p + " tag_request"
	case 8:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:enable_router_port_acl=true options:hostname=h" + p
	case 9:
		return "ovn-nbctl set Logical_Switch_Port " + p + " options:virtual-ip=10.0.1.77 options:virtual-parents=" + q
	}
	if len(n.links) > 0 {
		l := n.links[n.IntN(len(n.links))]
		return "ovn-nbctl set Logical_Switch_Port " + l[1] + "-" + l[0] + " options:arp_proxy=" + n.one([]string{`'"10.9.0.0/16"'`, `'"0a:00:00:00:00:aa 10.9.0.9"'`})
	}
	return ""
}

// switchFeature uses what switches offer beyond forwarding.
func (n *network) switchFeature() string {
	s, p := n.one(n.switches), n.one(n.ports)
	if s == "" || p == "" {
		return ""
	}
	switch n.IntN(12) {
	case 0:
		return fmt.Sprintf("ovn-nbctl --may-exist qos-add %s %s %d 'inport == \"%s\"' %s", s, n.one([]string{"from-lport", "to-lport"}), 100+n.IntN(9), p,
			n.one([]string{"dscp=10", "rate=1000 burst=100", "mark=7"}))
	case 1:
		return "ovn-nbctl qos-del " + s
	case 2:
		return fmt.Sprintf("ovn-nbctl --id=@d create DHCP_Options cidr=10.0.%d.0/24 options:server_id=10.0.9.1 options:server_mac=0a:00:00:00:99:99 "+
			"options:lease_time=%d -- set Logical_Switch_Port %s dhcpv4_options=@d", subnet(n.switchOf[p]), 60+n.IntN(1000), p)
	case 3:
		return "ovn-nbctl lsp-set-dhcpv4-options " + p
	case 4:
		return fmt.Sprintf("ovn-nbctl --id=@d create DHCP_Options cidr='\"fd00:%x::/64\"' options:server_id=0a:00:00:00:99:99 -- "+
			"set Logical_Switch_Port %s dhcpv6_options=@d", subnet(n.switchOf[p]), p)
	case 5:
		return fmt.Sprintf("ovn-nbctl --id=@d create DNS records:Host%d.Example=10.0.0.%d -- add Logical_Switch %s dns_records @d", n.IntN(9), n.IntN(250), s)
	case 6:
		return "ovn-nbctl clear Logical_Switch " + s + " dns_records"
	case 7:
		return "ovn-nbctl set Logical_Switch " + s + " other_config:mcast_snoop=" + n.one([]string{"true", "false"}) +
			" other_config:mcast_flood_unregistered=" + n.one([]string{"true", "false"})
	case 8:
		m := n.name("m")
		return fmt.Sprintf("ovn-nbctl %smeter-add %s drop %d pktps; for a in $(ovn-nbctl --bare --columns=_uuid find ACL log=true); do "+
			"ovn-nbctl set ACL $a meter=%s; done", n.one([]string{"--fair ", ""}), m, 1+n.IntN(100), m)
	case 9:
		return "ovn-nbctl set NB_Global . options:default_acl_drop=" + n.one([]string{"true", "false", "false"})
	case 10:
		if lb := n.one(n.lbs); lb != "" {
			return "ovn-nbctl set Load_Balancer " + lb + " selection_fields=" + n.one([]string{"ip_src,ip_dst", "tp_src", "[]"})
		}
		return ""
	}
	if lb := n.one(n.lbs); lb != "" {
		g := n.name("lbg")
		return fmt.Sprintf("g=$(ovn-nbctl create Load_Balancer_Group name=%s); ovn-nbctl add Load_Balancer_Group $g load_balancer "+
			"$(ovn-nbctl --bare --columns=_uuid find Load_Balancer name=%s) -- add Logical_Switch %s load_balancer_group $g", g, lb, s)
	}
	return ""
}
