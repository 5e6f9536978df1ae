package oracle

import (
	"fmt"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// shape builds a network such as the users of OVN write: random edits go on from there.
type shape struct {
	g     *generator
	edits []edit
	ids   map[string]ovsdb.UUID // by table and name
}

// shapes are what a seed begins with: nothing (the first), or a network. The seed's remainder chooses.
var shapes = []struct {
	name string
	make func(s *shape)
}{
	{"nothing", func(*shape) {}},
	{"nothing", func(*shape) {}},
	{"nothing", func(*shape) {}},
	{"ovn-kubernetes", ovnKubernetes},
	{"nothing", func(*shape) {}},
	{"Kube-OVN", kubeOVN},
	{"nothing", func(*shape) {}},
	{"Neutron", neutron},
}

// begin returns the edits that make the seed's first network.
func (g *generator) begin(seed uint64) []edit {
	s := &shape{g: g, ids: map[string]ovsdb.UUID{}}
	shapes[seed%uint64(len(shapes))].make(s)
	return s.edits
}

// options is a map column.
func options(column string, kv ...string) ovsdb.ColumnValue {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return col(column, ovsdb.NewStringMap(m))
}

func words(column string, of ...string) ovsdb.ColumnValue { return col(column, ovsdb.Set(of...)) }

func (s *shape) do(text string, ops ...ovsdb.Op) { s.edits = append(s.edits, north(text, ops...)) }

// row makes a root row.
func (s *shape) row(table, name string, cols ...ovsdb.ColumnValue) ovsdb.UUID {
	id := s.g.id()
	s.ids[table+" "+name] = id
	s.do("new "+table+" "+name, ovsdb.Insert(table, id, append(cols, col("name", name))...))
	return id
}

// sub makes a row that another one owns.
func (s *shape) sub(table, name, column, what string, cols ...ovsdb.ColumnValue) ovsdb.UUID {
	id := s.g.id()
	s.do(fmt.Sprintf("new %s of %s", what, name), ovsdb.Insert(what, id, cols...), s.refer(table, name, column, id))
	return id
}

func (s *shape) refer(table, name, column string, ids ...ovsdb.UUID) ovsdb.Op {
	return ovsdb.Mutate(table, s.ids[table+" "+name], ovsdb.Mutation{Column: column, Mutator: ovsdb.MutInsert, Value: ovsdb.Set(ids...)})
}

// network makes a switch; n is the third byte of its addresses.
func (s *shape) network(name string, n int, cols ...ovsdb.ColumnValue) {
	s.g.nets[name] = n
	s.row(nb.TableLogicalSwitch, name, cols...)
}

func (s *shape) port(ls, name string, cols ...ovsdb.ColumnValue) ovsdb.UUID {
	id := s.sub(nb.TableLogicalSwitch, ls, "ports", nb.TableLogicalSwitchPort, append(cols, col("name", name))...)
	s.ids[nb.TableLogicalSwitchPort+" "+name] = id
	return id
}

// link joins a router and a switch.
func (s *shape) link(lr, lrp, ls, lsp string, nets []string, mac string, cols ...ovsdb.ColumnValue) {
	id := s.sub(nb.TableLogicalRouter, lr, "ports", nb.TableLogicalRouterPort,
		append(cols, col("name", lrp), words("networks", nets...), col("mac", mac))...)
	s.ids[nb.TableLogicalRouterPort+" "+lrp] = id
	s.port(ls, lsp, col("type", "router"), words("addresses", "router"), options("options", "router-port", lrp))
}

func (s *shape) route(lr, prefix, hop string, cols ...ovsdb.ColumnValue) {
	s.sub(nb.TableLogicalRouter, lr, "static_routes", nb.TableLogicalRouterStaticRoute, append(cols, col("ip_prefix", prefix), col("nexthop", hop))...)
}

func (s *shape) policy(lr string, priority int64, match, action string, hops ...string) {
	cols := []ovsdb.ColumnValue{col("priority", priority), col("match", match), col("action", action)}
	if len(hops) > 0 {
		cols = append(cols, words("nexthops", hops...))
	}
	s.sub(nb.TableLogicalRouter, lr, "policies", nb.TableLogicalRouterPolicy, cols...)
}

func (s *shape) nat(lr, typ, external, logical string, cols ...ovsdb.ColumnValue) {
	s.sub(nb.TableLogicalRouter, lr, "nat", nb.TableNAT, append(cols, col("type", typ), col("external_ip", external), col("logical_ip", logical))...)
}

func (s *shape) acl(table, name, direction string, priority int64, match, action string, cols ...ovsdb.ColumnValue) {
	s.sub(table, name, "acls", nb.TableACL, append(cols, col("direction", direction), col("priority", priority), col("match", match), col("action", action))...)
}

func (s *shape) gatewayChassis(lrp string, chassis ...string) {
	for i, c := range chassis {
		s.sub(nb.TableLogicalRouterPort, lrp, "gateway_chassis", nb.TableGatewayChassis, col("name", lrp+"-"+c), col("chassis_name", c), col("priority", int64(20-i)))
	}
}

func (s *shape) chassis(names ...string) {
	for _, name := range names {
		s.edits = append(s.edits, edit{text: "chassis " + name, south: true, ops: chassisComes(name, allFeatures(), "geneve")})
	}
}

func (s *shape) balancer(name string, vips map[string]string, kv ...string) {
	s.row(nb.TableLoadBalancer, name, col("protocol", []string{"tcp"}), col("vips", ovsdb.NewStringMap(vips)), options("options", kv...))
}

func (s *shape) attach(lb, table, name string) {
	s.do("attach "+lb+" to "+name, s.refer(table, name, "load_balancer", s.ids[nb.TableLoadBalancer+" "+lb]))
}

// ovnKubernetes is a cluster router with a switch a node, a join switch, and a gateway router with an external switch a node.
func ovnKubernetes(s *shape) {
	const cluster = "ovn_cluster_router"
	s.chassis("hv1", "hv2")
	s.row(nb.TableLogicalRouter, cluster, options("options", "mcast_relay", "true", "always_learn_from_arp_request", "false"))
	s.network("join", 5)
	s.link(cluster, "rtoj-"+cluster, "join", "jtor-"+cluster, []string{"10.0.5.1/24", "fd00:5::1/64"}, "0a:58:64:40:00:01")
	groups := map[string]ovsdb.UUID{}
	for _, g := range []string{"clusterLBGroup", "clusterSwitchLBGroup", "clusterRouterLBGroup"} {
		groups[g] = s.row(nb.TableLoadBalancerGroup, g)
	}
	for n, node := range []string{"ovn-worker", "ovn-worker2"} {
		hv, gr, ext := fmt.Sprint("hv", n+1), "GR_"+node, "ext_"+node
		s.network(node, n+1, options("other_config", "subnet", fmt.Sprintf("10.0.%d.0/24", n+1), "exclude_ips", fmt.Sprintf("10.0.%d.2", n+1), "mcast_snoop", "true", "mcast_querier", "false"))
		s.link(cluster, "rtos-"+node, node, "stor-"+node, []string{fmt.Sprintf("10.0.%d.254/24", n+1), fmt.Sprintf("fd00:%d::fffe/64", n+1)}, fmt.Sprintf("0a:58:0a:f4:0%d:01", n))
		s.gatewayChassis("rtos-"+node, hv)
		s.port(node, "k8s-"+node, words("addresses", fmt.Sprintf("0a:58:0a:f4:0%d:02 10.0.%d.2", n, n+1)))
		for p := range 2 {
			a := fmt.Sprintf("0a:58:0a:f4:0%d:1%d 10.0.%d.%d", n, p, n+1, 10+p)
			s.port(node, fmt.Sprintf("default_pod-%d-%d", n, p), words("addresses", a), words("port_security", a),
				options("options", "requested-chassis", hv, "iface-id-ver", "v1"), options("external_ids", "pod", "true"))
		}
		s.row(nb.TableLogicalRouter, gr, options("options", "chassis", hv, "dynamic_neigh_routers", "true", "lb_force_snat_ip", "router_ip",
			"snat-ct-zone", "0", "always_learn_from_arp_request", "false", "mac_binding_age_threshold", "300"))
		s.link(gr, "rtoj-"+gr, "join", "jtor-"+gr, []string{fmt.Sprintf("10.0.5.%d/24", n+2), fmt.Sprintf("fd00:5::%d/64", n+2)}, fmt.Sprintf("0a:58:64:40:00:0%d", n+2))
		s.network(ext, 4)
		s.port(ext, "breth0_"+node, col("type", "localnet"), words("addresses", "unknown"), options("options", "network_name", "physnet"))
		s.link(gr, "rtoe-"+gr, ext, "etor-"+gr, []string{fmt.Sprintf("10.0.4.%d/24", n+2)}, fmt.Sprintf("02:42:ac:12:00:0%d", n+2),
			options("options", "gateway_mtu", "1400"))
		s.route(gr, "10.0.0.0/16", "10.0.5.1")
		s.route(gr, "0.0.0.0/0", "10.0.4.1", col("output_port", []string{"rtoe-" + gr}))
		s.route(cluster, fmt.Sprintf("10.0.5.%d", n+2), fmt.Sprintf("10.0.5.%d", n+2))
		s.route(cluster, fmt.Sprintf("10.0.%d.0/24", n+1), fmt.Sprintf("10.0.5.%d", n+2), col("policy", []string{"src-ip"}))
		s.nat(gr, "snat", fmt.Sprintf("10.0.4.%d", n+2), "10.0.0.0/16")
		s.policy(cluster, 1004, fmt.Sprintf(`inport == "rtos-%s" && ip4.dst == 10.0.4.%d /* %s */`, node, n+2, node), "reroute", fmt.Sprintf("10.0.%d.2", n+1))
		s.acl(nb.TableLogicalSwitch, node, "to-lport", 1001, fmt.Sprintf("ip4.src==10.0.%d.2", n+1), "allow-related")
		for _, g := range []struct{ table, name, group string }{
			{nb.TableLogicalSwitch, node, "clusterLBGroup"}, {nb.TableLogicalSwitch, node, "clusterSwitchLBGroup"},
			{nb.TableLogicalRouter, gr, "clusterLBGroup"}, {nb.TableLogicalRouter, gr, "clusterRouterLBGroup"},
		} {
			s.do("use "+g.group+" on "+g.name, s.refer(g.table, g.name, "load_balancer_group", groups[g.group]))
		}
	}
	s.policy(cluster, 102, "ip4.src == 10.0.0.0/16 && ip4.dst == 10.0.0.0/16", "allow")
	s.balancer("Service_default/kubernetes_TCP_cluster", map[string]string{"10.96.0.1:443": "10.0.4.2:6443,10.0.4.3:6443"}, "reject", "true",
		"skip_snat", "false", "hairpin_snat_ip", "169.254.169.5 fd69::5", "neighbor_responder", "none")
	s.balancer("Service_web_TCP_node_router", map[string]string{"10.0.4.2:30080": "10.0.1.10:8080", "10.96.0.2:80": "10.0.1.10:8080,10.0.2.10:8080"},
		"reject", "true", "affinity_timeout", "10800", "skip_snat", "true")
	s.attach("Service_default/kubernetes_TCP_cluster", nb.TableLoadBalancerGroup, "clusterLBGroup")
	s.attach("Service_web_TCP_node_router", nb.TableLoadBalancerGroup, "clusterRouterLBGroup")
	s.row(nb.TableAddressSet, "a4743249366342378346", words("addresses", "10.0.1.10", "10.0.2.10"))
	pg := "a13730899355151937870"
	s.row(nb.TablePortGroup, pg, col("ports", ovsdb.Set(s.ids[nb.TableLogicalSwitchPort+" default_pod-0-0"], s.ids[nb.TableLogicalSwitchPort+" default_pod-1-0"])))
	s.acl(nb.TablePortGroup, pg, "to-lport", 1001, "ip4.src == {$a4743249366342378346} && outport == @"+pg, "allow-related")
	s.acl(nb.TablePortGroup, pg, "to-lport", 1000, "outport == @"+pg+" && !arp", "drop", col("name", []string{"deny"}))
	s.acl(nb.TablePortGroup, pg, "from-lport", 1000, "inport == @"+pg, "drop", options("options", "apply-after-lb", "true"))
}

// kubeOVN is one router with a switch for pods, the join switch with a port a node, and an external switch with floating IPs.
func kubeOVN(s *shape) {
	const cluster = "ovn-cluster"
	s.chassis("hv1", "hv2")
	s.row(nb.TableLogicalRouter, cluster, options("options", "mac_binding_age_threshold", "300", "dynamic_neigh_routers", "true", "always_learn_from_arp_request", "false"))
	s.network("ovn-default", 1, options("other_config", "mcast_snoop", "true"))
	s.network("join", 5)
	s.link(cluster, "ovn-cluster-ovn-default", "ovn-default", "ovn-default-ovn-cluster", []string{"10.0.1.254/24", "fd00:1::fffe/64"}, "00:00:00:a1:00:01",
		options("ipv6_ra_configs", "address_mode", "dhcpv6_stateful", "max_interval", "30", "min_interval", "5", "send_periodic", "true"))
	s.link(cluster, "ovn-cluster-join", "join", "join-ovn-cluster", []string{"10.0.5.254/24"}, "00:00:00:a1:00:02")
	dhcp := s.g.id()
	s.do("dhcp", ovsdb.Insert(nb.TableDHCPOptions, dhcp, col("cidr", "10.0.1.0/24"), options("options", "server_id", "10.0.1.254", "server_mac", "00:00:00:a1:00:01", "lease_time", "3600", "router", "10.0.1.254")))
	for n, node := range []string{"kube-ovn-control-plane", "kube-ovn-worker"} {
		s.port("join", "node-"+node, words("addresses", fmt.Sprintf("00:00:00:b1:00:0%d 10.0.5.%d", n, n+2)))
		for p := range 2 {
			a := fmt.Sprintf("00:00:00:c1:0%d:0%d 10.0.1.%d", n, p, 10*n+p+2)
			s.port("ovn-default", fmt.Sprintf("coredns-%d%d.kube-system", n, p), words("addresses", a), words("port_security", a), col("dhcpv4_options", []ovsdb.UUID{dhcp}))
		}
		pg := fmt.Sprintf("ovn.default.%d.underlay", n)
		s.row(nb.TablePortGroup, fmt.Sprintf("node.%d", n), col("ports", ovsdb.Set(s.ids[nb.TableLogicalSwitchPort+" "+fmt.Sprintf("coredns-%d0.kube-system", n)])))
		s.row(nb.TableAddressSet, pg+".ip4", words("addresses", fmt.Sprintf("10.0.4.%d", n+2)))
		s.policy(cluster, 29000, fmt.Sprintf("ip4.src == $node.%d_ip4", n), "reroute", fmt.Sprintf("10.0.5.%d", n+2))
		s.policy(cluster, 30000, fmt.Sprintf("ip4.dst == $%s.ip4", pg), "reroute", fmt.Sprintf("10.0.5.%d", n+2))
	}
	s.policy(cluster, 31000, "ip4.dst == 10.0.1.0/24", "allow")
	s.route(cluster, "0.0.0.0/0", "10.0.5.1", col("policy", []string{"dst-ip"}))
	s.balancer("cluster-tcp-loadbalancer", map[string]string{"10.96.0.1:443": "10.0.4.2:6443", "10.96.0.10:53": "10.0.1.2:53,10.0.1.12:53", "[fd00:96::a]:53": "[fd00:1::2]:53"})
	s.balancer("cluster-tcp-session-loadbalancer", map[string]string{"10.96.0.11:80": "10.0.1.2:80,10.0.1.12:80"}, "affinity_timeout", "10800")
	s.attach("cluster-tcp-loadbalancer", nb.TableLogicalSwitch, "ovn-default")
	s.attach("cluster-tcp-session-loadbalancer", nb.TableLogicalSwitch, "ovn-default")
	s.acl(nb.TableLogicalSwitch, "ovn-default", "to-lport", 3000, "ip4.src == 10.0.5.0/24", "allow-related")
	s.acl(nb.TableLogicalSwitch, "ovn-default", "to-lport", 2000, "ip", "drop", col("log", true), col("severity", []string{"warning"}))
	s.acl(nb.TableLogicalSwitch, "ovn-default", "to-lport", 1001, "ip4.src == 10.0.1.0/24 && ip4.dst == 10.0.1.0/24", "allow-related", options("options", "apply-after-lb", "false"))
	s.network("external", 4)
	s.port("external", "localnet.external", col("type", "localnet"), words("addresses", "unknown"), options("options", "network_name", "external"), col("tag_request", []int64{100}))
	s.link(cluster, "ovn-cluster-external", "external", "external-ovn-cluster", []string{"10.0.4.254/24"}, "00:00:00:d1:00:01")
	s.gatewayChassis("ovn-cluster-external", "hv1", "hv2")
	s.nat(cluster, "dnat_and_snat", "10.0.4.240", "10.0.1.2", col("logical_port", []string{"coredns-00.kube-system"}), col("external_mac", []string{"00:00:00:e1:00:01"}))
	s.nat(cluster, "dnat_and_snat", "10.0.4.241", "10.0.1.12")
	s.nat(cluster, "snat", "10.0.4.242", "10.0.1.0/24")
	s.network("vlan", 3)
	s.port("vlan", "localnet.vlan", col("type", "localnet"), words("addresses", "unknown"), options("options", "network_name", "provider"), col("tag_request", []int64{0}))
	s.port("vlan", "vm.default", words("addresses", "00:00:00:c1:09:01 10.0.3.9"), options("options", "requested-chassis", "hv1"))
}

// neutron is a project network behind a router with a gateway port on a provider network, security groups, and a trunk.
func neutron(s *shape) {
	s.chassis("hv1", "hv2", "hv3")
	lr, private, provider := "neutron-6a1f", "neutron-0b2c", "neutron-9d3e"
	s.network(private, 1, options("other_config", "mcast_snoop", "false", "vlan-passthru", "false", "fdb_age_threshold", "0"), options("external_ids", "neutron:network_name", "private"))
	s.network(provider, 4, options("external_ids", "neutron:network_name", "public"))
	s.port(provider, "provnet-77aa", col("type", "localnet"), words("addresses", "unknown"), col("tag_request", []int64{300}), options("options", "network_name", "physnet1", "mcast_flood", "false", "mcast_flood_reports", "true"))
	s.row(nb.TableLogicalRouter, lr, options("options", "always_learn_from_arp_request", "false", "dynamic_neigh_routers", "true", "mac_binding_age_threshold", "0"),
		col("enabled", []bool{true}), options("external_ids", "neutron:router_name", "r1"))
	s.link(lr, "lrp-aaaa", private, "aaaa", []string{"10.0.1.1/24", "fd00:1::1/64"}, "fa:16:3e:00:00:01", options("options", "reside-on-redirect-chassis", "false", "gateway_mtu", "1442"))
	s.link(lr, "lrp-bbbb", provider, "bbbb", []string{"10.0.4.100/24"}, "fa:16:3e:00:00:02", options("options", "gateway_mtu", "1442"))
	s.gatewayChassis("lrp-bbbb", "hv1", "hv2", "hv3")
	s.route(lr, "0.0.0.0/0", "10.0.4.1", col("output_port", []string{"lrp-bbbb"}))
	s.nat(lr, "snat", "10.0.4.100", "10.0.1.0/24")
	s.nat(lr, "dnat_and_snat", "10.0.4.240", "10.0.1.10", col("logical_port", []string{"vm-1"}), col("external_mac", []string{"fa:16:3e:00:01:01"}))
	s.nat(lr, "dnat_and_snat", "10.0.4.241", "10.0.1.11")
	v4, v6 := s.g.id(), s.g.id()
	s.do("dhcp", ovsdb.Insert(nb.TableDHCPOptions, v4, col("cidr", "10.0.1.0/24"), options("options", "server_id", "10.0.1.1", "server_mac", "fa:16:3e:00:00:09", "lease_time", "43200",
		"router", "10.0.1.1", "mtu", "1442", "dns_server", "{8.8.8.8, 8.8.4.4}", "classless_static_route", "{169.254.169.254/32,10.0.1.2, 0.0.0.0/0,10.0.1.1}")),
		ovsdb.Insert(nb.TableDHCPOptions, v6, col("cidr", "fd00:1::/64"), options("options", "server_id", "fa:16:3e:00:00:09", "dns_server", "{fd00::53}")))
	s.port(private, "ovnmeta-0b2c", col("type", "localport"), words("addresses", "fa:16:3e:00:00:08 10.0.1.2"), col("enabled", []bool{true}))
	for i := range 3 {
		a := fmt.Sprintf("fa:16:3e:00:01:1%d 10.0.1.%d fd00:1::%d", i, 10+i, 10+i)
		s.port(private, fmt.Sprintf("vm-%d", i+1), words("addresses", a), words("port_security", a), col("enabled", []bool{true}),
			col("dhcpv4_options", []ovsdb.UUID{v4}), col("dhcpv6_options", []ovsdb.UUID{v6}),
			options("options", "requested-chassis", fmt.Sprint("hv", i+1), "mcast_flood_reports", "true"), options("external_ids", "neutron:port_name", fmt.Sprint("vm", i+1)))
	}
	s.do("live migration", ovsdb.Mutate(nb.TableLogicalSwitchPort, s.ids[nb.TableLogicalSwitchPort+" vm-1"],
		ovsdb.Mutation{Column: "options", Mutator: ovsdb.MutDelete, Value: []string{"requested-chassis"}},
		ovsdb.Mutation{Column: "options", Mutator: ovsdb.MutInsert, Value: ovsdb.NewStringMap(map[string]string{"requested-chassis": "hv1,hv2", "activation-strategy": "rarp"})}))
	s.port(private, "vip-1", col("type", "virtual"), words("addresses", "fa:16:3e:00:02:01 10.0.1.50"), options("options", "virtual-ip", "10.0.1.50", "virtual-parents", "vm-2,vm-3"))
	s.port(provider, "subport-1", words("addresses", "fa:16:3e:00:03:01 10.0.4.20"), col("parent_name", []string{"vm-1"}), col("tag_request", []int64{77}))
	ha := s.row(nb.TableHAChassisGroup, "neutron-ha")
	for i, c := range []string{"hv2", "hv3"} {
		s.sub(nb.TableHAChassisGroup, "neutron-ha", "ha_chassis", nb.TableHAChassis, col("chassis_name", c), col("priority", int64(10+i)))
	}
	s.port(provider, "sriov-1", col("type", "external"), words("addresses", "fa:16:3e:00:03:02 10.0.4.21"), col("ha_chassis_group", []ovsdb.UUID{ha}))
	port := func(name string) ovsdb.UUID { return s.ids[nb.TableLogicalSwitchPort+" "+name] }
	s.row(nb.TablePortGroup, "neutron_pg_drop", col("ports", ovsdb.Set(port("vm-1"), port("vm-2"), port("vm-3"))))
	s.acl(nb.TablePortGroup, "neutron_pg_drop", "to-lport", 1001, "outport == @neutron_pg_drop && ip", "drop")
	s.acl(nb.TablePortGroup, "neutron_pg_drop", "from-lport", 1001, "inport == @neutron_pg_drop && ip", "drop")
	s.row(nb.TablePortGroup, "pg_5e1f", col("ports", ovsdb.Set(port("vm-1"), port("vm-2"))))
	s.acl(nb.TablePortGroup, "pg_5e1f", "to-lport", 1002, "outport == @pg_5e1f && ip4 && ip4.src == $pg_5e1f_ip4", "allow-related")
	s.acl(nb.TablePortGroup, "pg_5e1f", "to-lport", 1002, "outport == @pg_5e1f && ip4 && tcp && tcp.dst == 22", "allow-related", col("label", int64(42)), col("name", []string{"ssh"}))
	s.acl(nb.TablePortGroup, "pg_5e1f", "from-lport", 1002, "inport == @pg_5e1f && ip6", "allow-stateless")
	s.sub(nb.TableLogicalSwitch, private, "qos_rules", nb.TableQoS, col("direction", "from-lport"), col("priority", int64(2002)), col("match", `inport == "vm-2"`),
		col("bandwidth", ovsdb.NewMap(map[string]int64{"rate": 3000, "burst": 300})))
	dns := s.g.id()
	s.do("dns", ovsdb.Insert(nb.TableDNS, dns, options("records", "vm1.example.org", "10.0.1.10 fd00:1::10", "10.1.0.10.in-addr.arpa", "vm1.example.org")), s.refer(nb.TableLogicalSwitch, private, "dns_records", dns))
}
