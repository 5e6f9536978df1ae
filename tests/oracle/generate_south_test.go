package oracle

import (
	"fmt"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// southEdit is something that chassis write into the southbound database.
type southEdit struct {
	name, what string
	weight     int
	make       func(g *generator) (text string, ops func(s *oracleSide) []ovsdb.Op)
}

func southEdits() []southEdit {
	return []southEdit{
		{"chassis", "Chassis, Encap and Chassis_Private rows come, with all features or without some, and go", 3, chassisEdit},
		{"bind", "Port_Binding.chassis, up: a port is bound, up, down, released", 8, bindEdit},
		{"virtual", "Port_Binding.virtual_parent: a virtual port is claimed", 1, virtualEdit},
		{"mac", "MAC_Binding rows come", 1, macEdit},
		{"fdb", "FDB rows come", 1, fdbEdit},
		{"igmp", "IGMP_Group rows come", 2, igmpEdit},
		{"learned", "Learned_Route rows come", 1, learnedEdit},
		{"forgotten", "MAC_Binding, FDB, IGMP_Group and Learned_Route rows go", 1, forgottenEdit},
		{"features", "Chassis.other_config: a chassis gets or loses a feature", 1, featuresEdit},
		{"migrated", "Port_Binding.additional_chassis, additional_encap, options:additional-chassis-activated: live migration begins, is activated, ends", 2, migratedEdit},
		{"encap", "Port_Binding.encap changes", 1, encapEdit},
		{"confirmed", "Chassis_Private.nb_cfg: a chassis has worked off what northd wrote, hv_cfg follows", 2, confirmedEdit},
		{"delegated", "Port_Binding.options:ipv6_ra_pd_list: a prefix is delegated", 1, delegatedEdit},
		{"nexthop", "ECMP_Nexthop.mac is resolved", 1, nexthopEdit},
		{"flushed", "IP_Multicast.seq_no: a flush is asked for", 1, flushedEdit},
		{"monitored", "Service_Monitor.status changes", 2, monitoredEdit},
		{"bfd", "BFD.status changes", 1, bfdEdit},
	}
}

func (g *generator) south() (edit, bool) {
	total := 0
	for _, e := range southEdits() {
		total += e.weight
	}
	n := g.IntN(total)
	for _, e := range southEdits() {
		if n -= e.weight; n < 0 {
			text, ops := e.make(g)
			if ops == nil {
				return edit{}, false
			}
			return edit{text: e.name + " " + text, south: true, ops: ops}, true
		}
	}
	return edit{}, false
}

// chassisID is the UUID of a chassis, the same on both sides.
func chassisID(name string, of byte) ovsdb.UUID {
	return ovsdb.UUID{0xc4, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, of, name[len(name)-1]}
}

func chassisEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	name := g.chassis()
	if g.chance(20) {
		return "leaves: " + name, func(s *oracleSide) []ovsdb.Op {
			if s.lacksFeature(name) {
				return nil // stock goes on without the feature (docs/ovn-central.md)
			}
			return chassisLeaves(name)
		}
	}
	features := allFeatures()
	text := "comes: " + name
	if g.chance(10) {
		lacks := pick(g, optionalFeatures)
		delete(features, lacks)
		text += " without " + lacks
	}
	typ := "geneve"
	if g.chance(8) {
		typ = "vxlan"
		text += " with vxlan"
	}
	return text, chassisComes(name, features, typ)
}

// anyPort is the name of a port binding that there may be.
func (g *generator) anyPort() string {
	if g.chance(15) {
		if p := g.nameOf(nb.TableLogicalRouterPort); p != "" {
			if g.chance(50) {
				return "cr-" + p
			}
			return p
		}
	}
	return g.nameOf(nb.TableLogicalSwitchPort)
}

func byPort(port string) []ovsdb.Condition {
	return []ovsdb.Condition{{Column: "logical_port", Function: ovsdb.Eq, Value: port}}
}

func bindEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, chassis := g.anyPort(), g.chassis()
	if port == "" {
		return "", nil
	}
	set := func(cols ...ovsdb.ColumnValue) func(*oracleSide) []ovsdb.Op {
		return func(*oracleSide) []ovsdb.Op {
			return []ovsdb.Op{{Kind: ovsdb.OpUpdate, Table: sb.TablePortBinding, Where: byPort(port), Row: cols}}
		}
	}
	switch g.IntN(5) {
	case 0: // what ovn-controller does when it releases a port
		return "released: " + port, set(ovsdb.ColumnValue{Column: "chassis", Value: []ovsdb.UUID(nil)}, ovsdb.ColumnValue{Column: "up", Value: []bool{false}})
	case 1:
		return "down: " + port, set(ovsdb.ColumnValue{Column: "up", Value: []bool{false}})
	}
	// A chassis that is not there leaves the reference out.
	return "bound: " + port + " at " + chassis, set(ovsdb.ColumnValue{Column: "chassis", Value: []ovsdb.UUID{chassisID(chassis, 0)}},
		ovsdb.ColumnValue{Column: "up", Value: []bool{true}})
}

func virtualEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	parent := g.nameOf(nb.TableLogicalSwitchPort)
	for _, r := range g.tables[nb.TableLogicalSwitchPort] {
		if name := r.String("name"); r.String("type") == "virtual" {
			return fmt.Sprintf("port %s claimed at %s", name, parent), func(*oracleSide) []ovsdb.Op {
				return []ovsdb.Op{{Kind: ovsdb.OpUpdate, Table: sb.TablePortBinding, Where: byPort(name),
					Row: []ovsdb.ColumnValue{{Column: "virtual_parent", Value: []string{parent}}}}}
			}
		}
	}
	return "", nil
}

// neverOld is the time of what chassis learn: how soon an old row goes after something else has happened is a matter of timers.
const neverOld int64 = 9999999999999

func macEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, ip, mac := g.nameOf(nb.TableLogicalRouterPort), g.ip4(), g.mac()
	if port == "" {
		return "", nil
	}
	return "of " + port + ": " + ip, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(port)
		if pb == nil {
			return nil
		}
		return []ovsdb.Op{ovsdb.Insert(sb.TableMACBinding, ovsdb.UUID{}, ovsdb.ColumnValue{Column: "logical_port", Value: port},
			ovsdb.ColumnValue{Column: "ip", Value: ip}, ovsdb.ColumnValue{Column: "mac", Value: mac},
			ovsdb.ColumnValue{Column: "datapath", Value: pb.Get("datapath")}, col("timestamp", neverOld))}
	}
}

func fdbEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, mac := g.nameOf(nb.TableLogicalSwitchPort), g.mac()
	if port == "" {
		return "", nil
	}
	return "at " + port + ": " + mac, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(port)
		if pb == nil {
			return nil
		}
		dp := s.southRow(sb.TableDatapathBinding, pb.Get("datapath").(ovsdb.UUID))
		if dp == nil {
			return nil
		}
		return []ovsdb.Op{ovsdb.Insert(sb.TableFDB, ovsdb.UUID{}, ovsdb.ColumnValue{Column: "mac", Value: mac},
			ovsdb.ColumnValue{Column: "dp_key", Value: dp.Get("tunnel_key")}, ovsdb.ColumnValue{Column: "port_key", Value: pb.Get("tunnel_key")},
			col("timestamp", neverOld))}
	}
}

func igmpEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, chassis := "", g.chassis()
	if r := g.row(nb.TableLogicalSwitchPort); r != nil && r.String("type") == "" {
		port = r.String("name") // ports of routers learn nothing
	}
	group := pick(g, []string{"239.0.1.68", "239.0.1.69", "ff0a:dead:beef::1", "mrouters"})
	if port == "" {
		return "", nil
	}
	return "at " + port + ": " + group, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(port)
		if pb == nil {
			return nil
		}
		return []ovsdb.Op{ovsdb.Insert(sb.TableIGMPGroup, ovsdb.UUID{}, ovsdb.ColumnValue{Column: "address", Value: group},
			ovsdb.ColumnValue{Column: "datapath", Value: []ovsdb.UUID{pb.Get("datapath").(ovsdb.UUID)}},
			ovsdb.ColumnValue{Column: "chassis", Value: []ovsdb.UUID{chassisID(chassis, 0)}}, ovsdb.ColumnValue{Column: "chassis_name", Value: chassis},
			ovsdb.ColumnValue{Column: "ports", Value: []ovsdb.UUID{pb.UUID}})}
	}
}

func learnedEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port := g.nameOf(nb.TableLogicalRouterPort)
	prefix, hop := pick(g, []string{"198.18.0.0/16", "198.19.1.0/24", "fd77::/64"}), g.ip()
	if port == "" {
		return "", nil
	}
	return "at " + port + ": " + prefix + " via " + hop, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(port)
		if pb == nil {
			return nil
		}
		return []ovsdb.Op{ovsdb.Insert(sb.TableLearnedRoute, ovsdb.UUID{}, ovsdb.ColumnValue{Column: "datapath", Value: pb.Get("datapath")},
			ovsdb.ColumnValue{Column: "logical_port", Value: pb.UUID}, ovsdb.ColumnValue{Column: "ip_prefix", Value: prefix},
			ovsdb.ColumnValue{Column: "nexthop", Value: hop})}
	}
}

func monitoredEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	status, port := pick(g, []string{"online", "offline", "error"}), g.nameOf(nb.TableLogicalSwitchPort)
	if port == "" {
		return "", nil
	}
	return "backends at " + port + " are " + status, func(*oracleSide) []ovsdb.Op {
		return []ovsdb.Op{{Kind: ovsdb.OpUpdate, Table: sb.TableServiceMonitor, Where: byPort(port),
			Row: []ovsdb.ColumnValue{{Column: "status", Value: []string{status}}}}}
	}
}

func bfdEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	status := pick(g, []string{"up", "down", "init"})
	r := g.row(nb.TableBFD)
	if r == nil {
		return "", nil
	}
	port, dst := r.String("logical_port"), r.String("dst_ip")
	return "session of " + port + " is " + status, func(*oracleSide) []ovsdb.Op {
		return []ovsdb.Op{{Kind: ovsdb.OpUpdate, Table: sb.TableBFD, Where: append(byPort(port), ovsdb.Condition{Column: "dst_ip", Function: ovsdb.Eq, Value: dst}),
			Row: []ovsdb.ColumnValue{{Column: "status", Value: status}}}}
	}
}
