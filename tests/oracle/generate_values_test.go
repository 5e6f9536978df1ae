package oracle

import (
	"fmt"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Tables, columns and options that the generator leaves out, and why. docs/oracle-coverage.md shows the reasons.
var (
	unreachedTables = map[string]string{
		"Connection": "read by the database server, not by northd (pkg/ovsdb tests)",
		"SSL":        "read by the database server, not by northd (pkg/ovsdb tests)",
	}
	unreachedColumns = map[string]string{
		"*.external_ids": "for the user; northd copies them, golden scenarios show where",

		"NB_Global.name":                        "for interconnection, northd does not read it",
		"NB_Global.connections":                 "read by the database server",
		"NB_Global.ssl":                         "read by the database server",
		"NB_Global.nb_cfg":                      "counts the oracle's own synchronisations",
		"NB_Global.nb_cfg_timestamp":            "written by northd: a time",
		"NB_Global.sb_cfg":                      "written by northd, the oracle waits for it",
		"NB_Global.sb_cfg_timestamp":            "written by northd: a time",
		"NB_Global.hv_cfg":                      "written by northd from Chassis_Private.nb_cfg",
		"NB_Global.hv_cfg_timestamp":            "written by northd: a time",
		"Logical_Switch_Port.up":                "written by northd, compared",
		"Logical_Switch_Port.peer":              "not supported by OVN (ovn-nb(5))",
		"Logical_Switch_Port.tag":               "of containers written by northd, compared",
		"Logical_Router_Port.status":            "written by northd, compared",
		"BFD.status":                            "written by northd, compared",
		"Logical_Router_Port.peer":              "routers are linked through switches; golden scenarios link two directly",
		"Logical_Switch_Port.dynamic_addresses": "written by northd, compared",
		"Logical_Router_Port.ipv6_prefix":       "written by northd from prefix delegation",
		"Logical_Switch_Port.name":              "an index: set when a port is made",
		"Gateway_Chassis.options":               "not used by OVN 25.03",
		"Sample.metadata":                       "an index: set when a sample is made",
	}
	unreachedOptions = map[string]string{
		"NB_Global.options:northd_probe_interval":         "a timer of northd's connections",
		"NB_Global.options:ic_probe_interval":             "read by ovn-ic",
		"NB_Global.options:nbctl_probe_interval":          "a timer of ovn-nbctl's connections",
		"NB_Global.options:northd_trim_timeout":           "memory of stock's daemon",
		"NB_Global.options:use_parallel_build":            "threads of stock's daemon",
		"NB_Global.options:northd-backoff-interval-ms":    "delays stock's daemon",
		"NB_Global.options:ic-route-adv":                  "read by ovn-ic",
		"NB_Global.options:ic-route-learn":                "read by ovn-ic",
		"NB_Global.options:ic-route-adv-default":          "read by ovn-ic",
		"NB_Global.options:ic-route-learn-default":        "read by ovn-ic",
		"NB_Global.options:ic-route-denylist":             "read by ovn-ic",
		"NB_Global.options:mac_prefix":                    "fixed, or stock makes a random one",
		"NB_Global.options:max_tunid":                     "written by northd, compared",
		"Logical_Switch.other_config:ic-vxlan_mode":       "read by ovn-ic",
		"Logical_Router_Port.options:ic-route-tag":        "read by ovn-ic",
		"Logical_Router_Port.options:ic-route-filter-tag": "read by ovn-ic",
		"Logical_Router_Port.status:hosting-chassis":      "written by northd, compared",
	}
)

// required columns are set when a row is made.
var required = map[string]bool{
	"Logical_Switch.name": true, "Logical_Router.name": true, "Logical_Switch_Port.name": true, "Logical_Router_Port.name": true,
	"Logical_Router_Port.mac": true, "Logical_Router_Port.networks": true, "Load_Balancer.name": true, "Load_Balancer_Group.name": true,
	"Load_Balancer_Health_Check.vip": true, "ACL.priority": true, "ACL.direction": true, "ACL.match": true, "ACL.action": true,
	"Port_Group.name": true, "Address_Set.name": true, "QoS.priority": true, "QoS.direction": true, "QoS.match": true, "Meter.name": true,
	"Meter.unit": true, "Meter_Band.action": true, "Meter_Band.rate": true, "Meter.bands": true,
	"Logical_Router_Static_Route.ip_prefix": true, "Logical_Router_Static_Route.nexthop": true, "Logical_Router_Policy.priority": true,
	"Logical_Router_Policy.match": true, "Logical_Router_Policy.action": true, "NAT.type": true, "NAT.external_ip": true, "NAT.logical_ip": true,
	"DHCP_Options.cidr": true, "DHCP_Relay.name": true, "DHCP_Relay.servers": true, "Gateway_Chassis.name": true, "Gateway_Chassis.chassis_name": true,
	"HA_Chassis.chassis_name": true, "HA_Chassis.priority": true, "HA_Chassis_Group.name": true, "BFD.logical_port": true, "BFD.dst_ip": true,
	"Static_MAC_Binding.logical_port": true, "Static_MAC_Binding.ip": true, "Static_MAC_Binding.mac": true, "Mirror.name": true,
	"Mirror.filter": true, "Mirror.sink": true, "Mirror.type": true, "Mirror.index": true, "Chassis_Template_Var.chassis": true,
	"Chassis_Template_Var.variables": true, "Sampling_App.type": true, "Sampling_App.id": true, "Sample_Collector.id": true,
	"Sample_Collector.name": true, "Sample_Collector.probability": true, "Sample_Collector.set_id": true, "Sample.metadata": true, "Sample.collectors": true,
	"Copp.name": true, "Copp.meters": true, "Forwarding_Group.name": true, "Forwarding_Group.vip": true, "Forwarding_Group.vmac": true,
	"Forwarding_Group.child_port": true,
}

// fixed columns are set with the row and stay: names are referred to by other rows' strings, or are indexes.
var fixed = map[string]bool{"Logical_Switch.name": true, "Logical_Router.name": true, "Logical_Switch_Port.name": true,
	"Logical_Router_Port.name": true, "Sample.metadata": true, "Meter.bands": true, "BFD.logical_port": true, "BFD.dst_ip": true,
	"Mirror.name":           true,                                          // stock keeps the row of a mirror's first name
	"Static_MAC_Binding.ip": true, "Static_MAC_Binding.logical_port": true} // stock copies later changes of the MAC alone

// columnValue makes a value, nil if there is none now. parent is the row that refers to the row, or nil.
type columnValue func(g *generator, parent *ovsdb.Row) ovsdb.Value

func value(of ...ovsdb.Value) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value { return pick(g, of) }
}

func integers(of ...int64) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value { return pick(g, of) }
}

func optional[T any](of ...T) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value { return []T{pick(g, of)} }
}

// serial makes names that were never there before.
func serial(prefix string) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		g.serial++
		return fmt.Sprint(prefix, g.serial)
	}
}

// free makes the first name or number of a pool that no row of the table has.
func free[T comparable](table, column string, pool ...T) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		for _, x := range pool {
			taken := false
			for _, r := range g.tables[table] {
				taken = taken || r.Get(column) == ovsdb.Value(x)
			}
			if !taken {
				return x
			}
		}
		return nil
	}
}

// nameOf is the name of a row of a table.
func (g *generator) nameOf(table string) string {
	if r := g.row(table); r != nil {
		return r.String("name")
	}
	return ""
}

func optionalName(table string) columnValue {
	return func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if n := g.nameOf(table); n != "" {
			return []string{n}
		}
		return nil
	}
}

func (g *generator) net() int { return 1 + g.IntN(5) }

// ip4 and ip6 are hosts of the networks that routers have ports in.
func (g *generator) ip4() string { return fmt.Sprintf("10.0.%d.%d", g.net(), 1+g.IntN(40)) }
func (g *generator) ip6() string { return fmt.Sprintf("fd00:%d::%x", g.net(), 1+g.IntN(40)) }
func (g *generator) ip() string {
	if g.chance(30) {
		return g.ip6()
	}
	return g.ip4()
}

func (g *generator) mac() string { return fmt.Sprintf("0a:00:00:00:%02x:%02x", g.IntN(4), g.IntN(256)) }

// ip4In is a host of the network of a switch, whose name ends in the network's number.
func (g *generator) netOf(parent *ovsdb.Row) int {
	n := 0
	if parent != nil {
		fmt.Sscanf(parent.String("name"), "sw%d", &n)
		if m, ok := g.nets[parent.String("name")]; ok {
			n = m
		}
	}
	if n == 0 {
		return g.net()
	}
	return n
}

// address is an element of Logical_Switch_Port.addresses or port_security.
func (g *generator) address(parent *ovsdb.Row) string {
	n := g.netOf(parent)
	ip4, ip6 := fmt.Sprintf("10.0.%d.%d", n, 1+g.IntN(40)), fmt.Sprintf("fd00:%d::%x", n, 1+g.IntN(40))
	if g.chance(12) {
		return g.mac() + pick(g, []string{"9 " + ip4, "x " + ip4, " " + ip4 + "x " + ip6, " " + ip6 + "%eth0 " + ip4, " " + ip4 + "," + ip6, " " + ip6 + "," + ip4,
			"  " + ip4 + "/24  " + ip6 + "/64 ", " " + ip4 + "/33 " + ip6, " " + ip6 + "/129 " + ip4, "\t" + ip4 + "\t" + ip6, " " + ip4 + "/ " + ip6,
			" ::" + ip4, " ::ffff:" + ip4, " ::" + ip4 + " ::ffff:" + ip4 + " " + ip4})
	}
	switch g.IntN(6) {
	case 0:
		return g.mac()
	case 1:
		return g.mac() + " " + ip4 + " " + ip6
	case 2:
		return g.mac() + " " + ip6
	}
	return g.mac() + " " + ip4
}

var ports = []string{"p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14"}

const chassisCount = 3

func (g *generator) chassis() string { return fmt.Sprint("hv", 1+g.IntN(chassisCount)) }

func (g *generator) match(parent *ovsdb.Row, in string) string {
	of := []string{"ip4", "tcp && tcp.dst == 80", "udp", "icmp4", "ip4.src == 10.0.0.0/8", "ip6", "arp", "1", "ip4.dst == 10.0.1.3 && tcp",
		"icmp6 && nd", "ct.est && ip4", "eth.type == 0x1234"}
	m := pick(g, of)
	if s := g.nameOf(nb.TableAddressSet); s != "" && g.chance(20) {
		m = "ip4.src == $" + s
	}
	if parent != nil && parent.Table().Name == nb.TablePortGroup {
		return in + " == @" + parent.String("name") + " && " + m
	}
	if p := g.nameOf(nb.TableLogicalSwitchPort); p != "" && g.chance(25) {
		return in + " == \"" + p + "\" && " + m
	}
	return m
}

func (g *generator) vip() string {
	if g.chance(8) {
		return fmt.Sprintf("[%s10.0.%d.%d]:80", pick(g, []string{"::", "::ffff:"}), g.net(), 250-g.IntN(3)) // an IPv4 address in IPv6
	}
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("10.96.0.%d", 1+g.IntN(4))
	case 1:
		return fmt.Sprintf("[fd00:96::%d]:80", 1+g.IntN(4))
	case 2:
		return fmt.Sprintf("10.0.%d.%d:80", g.net(), 250-g.IntN(3)) // in a router's network
	}
	return fmt.Sprintf("10.96.0.%d:%d", 1+g.IntN(4), 80+g.IntN(2))
}

func (g *generator) vips() ovsdb.Value {
	m := map[string]string{}
	for range 1 + g.IntN(2) {
		v := g.vip()
		var backends []string
		for range g.IntN(4) {
			switch {
			case strings.HasPrefix(v, "["):
				backends = append(backends, "["+g.ip6()+"]:8080")
			case strings.Contains(v, ":"):
				backends = append(backends, g.ip4()+":8080")
			default:
				backends = append(backends, g.ip4())
			}
		}
		m[v] = strings.Join(backends, ",")
	}
	return ovsdb.NewStringMap(m)
}

// columnValues says what stands in the columns of which the schema says too little.
var columnValues = map[string]columnValue{
	"NB_Global.ipsec": value(true, false),

	"Logical_Switch.name": free("Logical_Switch", "name", "sw1", "sw2", "sw3", "sw4"),
	"Logical_Router.name": free("Logical_Router", "name", "lr1", "lr2", "lr3"),

	"Logical_Switch_Port.name": free("Logical_Switch_Port", "name", ports...),
	"Logical_Switch_Port.type": value("", "", "", "", "router", "localnet", "localport", "l2gateway", "vtep", "external", "virtual", "remote"),
	"Logical_Switch_Port.addresses": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		switch g.IntN(12) {
		case 0:
			return []string{"router"}
		case 1:
			return []string{"unknown"}
		case 2:
			return []string{"dynamic"}
		case 3:
			return ovsdb.Set(g.address(parent), "unknown")
		case 4:
			return ovsdb.Set(g.address(parent), g.address(parent))
		case 5:
			return []string{g.mac() + " dynamic"}
		}
		return []string{g.address(parent)}
	},
	"Logical_Switch_Port.port_security": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		switch g.IntN(4) {
		case 0:
			return []string{fmt.Sprintf("%s 10.0.%d.0/24 fd00:%d::/64", g.mac(), g.netOf(parent), g.netOf(parent))}
		case 1:
			return ovsdb.Set(g.address(parent), g.address(parent))
		}
		return []string{g.address(parent)}
	},
	"Logical_Switch_Port.parent_name":    optionalName("Logical_Switch_Port"),
	"Logical_Switch_Port.tag_request":    optional[int64](0, 1, 7, 7, 100),
	"Logical_Switch_Port.dhcpv4_options": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.dhcp(false) },
	"Logical_Switch_Port.dhcpv6_options": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.dhcp(true) },

	"Forwarding_Group.name": serial("fg"),
	"Forwarding_Group.vip":  func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.ip4() },
	"Forwarding_Group.vmac": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.mac() },
	"Forwarding_Group.child_port": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		a, b := g.nameOf("Logical_Switch_Port"), g.nameOf("Logical_Switch_Port")
		if a == "" {
			return nil
		}
		return ovsdb.Set(a, b)
	},

	"Address_Set.name":      free("Address_Set", "name", "as1", "as2", "as3", "as4"),
	"Address_Set.addresses": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return ovsdb.Set(g.ip4(), g.ip4(), "192.0.2.0/24") },
	"Port_Group.name":       free("Port_Group", "name", "pg1", "pg2", "pg3", "pg4"),

	"Load_Balancer.name": free("Load_Balancer", "name", "lb1", "lb2", "lb3", "lb4"),
	"Load_Balancer.vips": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.vips() },
	"Load_Balancer.ip_port_mappings": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		p := g.nameOf("Logical_Switch_Port")
		if p == "" {
			return nil
		}
		return ovsdb.NewStringMap(map[string]string{g.ip4(): p + ":" + g.ip4()})
	},
	"Load_Balancer_Group.name": free("Load_Balancer_Group", "name", "g1", "g2", "g3", "g4"),
	"Load_Balancer_Health_Check.vip": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		if parent != nil {
			if m, _ := parent.Get("vips").(ovsdb.Map); len(m) > 0 {
				return pick(g, m).K
			}
		}
		return g.vip()
	},

	"ACL.name":     optional("acl1", "acl2", "acl3"),
	"ACL.priority": integers(0, 1000, 1001, 1002, 2000, 32767),
	"ACL.match": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		return g.match(parent, pick(g, []string{"inport", "outport"}))
	},
	"ACL.meter": optionalName("Meter"),
	"ACL.label": integers(0, 0, 1, 1234),
	"ACL.tier":  integers(0, 0, 1, 2, 3),

	"QoS.priority": integers(0, 100, 200),
	"QoS.match":    func(g *generator, parent *ovsdb.Row) ovsdb.Value { return g.match(parent, "inport") },
	"QoS.action": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		return ovsdb.NewMap(pick(g, []map[string]int64{{"dscp": 10}, {"mark": 7}, {"dscp": 46, "mark": 9}, {"dscp": 64}}))
	},
	"QoS.bandwidth": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		return ovsdb.NewMap(pick(g, []map[string]int64{{"rate": 1000}, {"rate": 1000, "burst": 100}}))
	},

	"Mirror.name":  free("Mirror", "name", "m1", "m2", "m3", "m4"),
	"Mirror.sink":  value("192.0.2.9", "p1", "mirror-port"),
	"Mirror.index": integers(0, 1, 2),

	"Meter.name":            free("Meter", "name", "meter1", "meter2", "meter3", "meter4"),
	"Meter_Band.rate":       integers(1, 100, 4000),
	"Meter_Band.burst_size": integers(0, 10),

	"Logical_Router_Port.name": free("Logical_Router_Port", "name", "rp1", "rp2", "rp3", "rp4", "rp5", "rp6", "rp7", "rp8"),
	"Logical_Router_Port.mac":  func(g *generator, _ *ovsdb.Row) ovsdb.Value { return fmt.Sprintf("0a:00:00:01:00:%02x", g.IntN(64)) },
	"Logical_Router_Port.networks": func(g *generator, parent *ovsdb.Row) ovsdb.Value {
		n, h := g.net(), 254-g.IntN(3)
		if g.netsOf(parent)[n] {
			return nil
		}
		out := []string{fmt.Sprintf("10.0.%d.%d/24", n, h)}
		if g.chance(40) {
			out = append(out, fmt.Sprintf("fd00:%d::%x/64", n, 0xff00+h))
		}
		if g.chance(15) {
			out = append(out, fmt.Sprintf("10.9.%d.%d/24", n, h))
		}
		if g.chance(12) {
			out = append(out, fmt.Sprintf(pick(g, []string{"::ffff:10.0.%d.%d/120", "::10.0.%d.%d/120", "10.8.%d.%d/24x", "10.8.%d.%d/33", "fe80::%d:%d%%eth0/64"}), n, h))
		}
		return ovsdb.Set(out...)
	},

	"Logical_Router_Static_Route.route_table": value("", "", "rt1", "rt2"),
	"Logical_Router_Static_Route.ip_prefix": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.six {
			return pick(g, []string{"::/0", "fd99::/64", "fd98::1", "::ffff:10.0.1.0/120", "::ffff:10.0.1.0/24", "::10.0.1.0/120"})
		}
		return pick(g, []string{"0.0.0.0/0", "192.168.0.0/16", "192.168.5.0/24", "172.20.1.1", "10.0.1.0/24"})
	},
	"Logical_Router_Static_Route.nexthop": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.chance(4) {
			return "discard" // with another route for the same prefix, stock's northd crashes
		}
		if g.six {
			return g.ip6()
		}
		return g.ip4()
	},
	"Logical_Router_Static_Route.output_port": optionalName("Logical_Router_Port"),
	"Logical_Router_Policy.priority":          integers(0, 100, 101, 1000),
	"Logical_Router_Policy.chain":             optional("c1", "c2"),
	"Logical_Router_Policy.jump_chain":        optional("c1", "c2", "none"),
	"Logical_Router_Policy.match":             value("ip4.src == 10.0.1.0/24", "ip4.src == 10.0.2.0/24", "ip6", "tcp", "1", "ip4 && inport == \"rp1\""),
	"Logical_Router_Policy.nexthop":           func(g *generator, _ *ovsdb.Row) ovsdb.Value { return []string{g.ip()} },
	"Logical_Router_Policy.nexthops": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.chance(30) {
			return ovsdb.Set(g.ip6(), g.ip6())
		}
		return ovsdb.Set(g.ip4(), g.ip4())
	},

	"NAT.external_ip": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.chance(15) {
			return fmt.Sprintf("fd00:%d::%x", g.net(), 0xee00+g.IntN(4))
		}
		if g.chance(8) {
			return fmt.Sprintf(pick(g, []string{"10.0.%d.%d/32", "10.0.%d.%d/24", "10.0.%d.%dx", "::10.0.%d.%d", "::ffff:10.0.%d.%d"}), g.net(), 240+g.IntN(6))
		}
		return fmt.Sprintf("10.0.%d.%d", g.net(), 240+g.IntN(6))
	},
	"NAT.logical_ip": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		return pick(g, []string{g.ip4(), g.ip4(), fmt.Sprintf("10.0.%d.0/24", g.net()), g.ip6(), g.ip4(), "10.0.1.3x"})
	},
	"NAT.external_mac": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.chance(8) {
			return []string{g.mac() + "x"}
		}
		return []string{g.mac()}
	},
	"NAT.logical_port":        optionalName("Logical_Switch_Port"),
	"NAT.external_port_range": value("", "", "1000-2000", "5000"),
	"NAT.priority":            integers(0, 0, 10, 200),
	"NAT.match":               value("", "", "tcp.dst == 80", "ip4.dst == 192.0.2.0/24"),

	"DHCP_Options.cidr": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if g.chance(30) {
			return fmt.Sprintf("fd00:%d::/64", g.net())
		}
		return fmt.Sprintf("10.0.%d.0/24", g.net())
	},
	"DHCP_Relay.name":    serial("relay"),
	"DHCP_Relay.servers": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return []string{g.ip4()} },
	"DNS.records": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		return ovsdb.NewStringMap(pick(g, []map[string]string{{"vm1.example": "10.0.1.3"}, {"VM2.Example": "10.0.1.4 fd00:1::4"},
			{"4.1.0.10.in-addr.arpa": "VM1.example"}}))
	},

	"Gateway_Chassis.name":         serial("gc"),
	"Gateway_Chassis.chassis_name": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.chassis() },
	"Gateway_Chassis.priority":     integers(0, 1, 10, 20, 32767),
	"HA_Chassis.chassis_name":      func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.chassis() },
	"HA_Chassis.priority":          integers(0, 1, 10, 20, 32767),
	"HA_Chassis_Group.name":        free("HA_Chassis_Group", "name", "ha1", "ha2", "ha3", "ha4"),

	"BFD.logical_port": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if n := g.nameOf("Logical_Router_Port"); n != "" {
			return n
		}
		return nil
	},
	"BFD.dst_ip":      func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.ip() },
	"BFD.min_tx":      optional[int64](1, 100, 4294967297),
	"BFD.min_rx":      optional[int64](0, 100, 1000),
	"BFD.detect_mult": optional[int64](1, 3, 9),
	"BFD.options":     func(g *generator, _ *ovsdb.Row) ovsdb.Value { return ovsdb.NewStringMap(map[string]string{"x": "y"}) },

	"Static_MAC_Binding.logical_port": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		if n := g.nameOf("Logical_Router_Port"); n != "" {
			return n
		}
		return nil
	},
	"Static_MAC_Binding.ip":  func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.ip() },
	"Static_MAC_Binding.mac": func(g *generator, _ *ovsdb.Row) ovsdb.Value { return g.mac() },

	"Chassis_Template_Var.chassis": free("Chassis_Template_Var", "chassis", "hv1", "hv2", "hv3"),
	"Chassis_Template_Var.variables": func(g *generator, _ *ovsdb.Row) ovsdb.Value {
		return ovsdb.NewStringMap(map[string]string{"vip": fmt.Sprintf("10.97.0.%d", 1+g.IntN(3)), "backends": g.ip4() + ":80"})
	},

	"Sampling_App.id":              integers(1, 2, 42, 254), // 255 is none that drops are sampled with: stock goes on with its last one until it restarts
	"Sample_Collector.id":          free[int64]("Sample_Collector", "id", 1, 2, 3, 4),
	"Sample_Collector.name":        serial("collector"),
	"Sample_Collector.probability": integers(0, 1, 65535),
	"Sample_Collector.set_id":      integers(1, 100, 4294967295),
	"Sample.metadata":              func(g *generator, _ *ovsdb.Row) ovsdb.Value { g.serial++; return int64(g.serial) },
	"Sampling_App.type":            free("Sampling_App", "type", "drop", "acl-new", "acl-est"),
	"Copp.name":                    serial("copp"),
}

// dhcp picks DHCP_Options of one family.
func (g *generator) dhcp(six bool) ovsdb.Value {
	r := g.row("DHCP_Options")
	if r == nil || strings.Contains(r.String("cidr"), ":") != six {
		return nil
	}
	return []ovsdb.UUID{r.UUID}
}
