package oracle

import (
	"fmt"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// optionalFeatures are those of Chassis.other_config that the ovn-controller of 25.03 has, an older one has not, and northd acts on.
var optionalFeatures = []string{"ct-commit-nat-v2", "ct-no-masked-label", "ovn-ct-lb-related", "ls-dpg-column", "ovn-sample-with-registers",
	"mac-binding-timestamp", "fdb-timestamp", "ct-commit-to-zone", "ct-next-zone"}

// allFeatures is what the ovn-controller of 25.03 says of itself.
func allFeatures() map[string]string {
	out := map[string]string{"is-interconn": "false", "ct-label-flush": "true", "port-up-notif": "true"}
	for _, f := range optionalFeatures {
		out[f] = "true"
	}
	return out
}

func byName(name string) []ovsdb.Condition {
	return []ovsdb.Condition{{Column: "name", Function: ovsdb.Eq, Value: name}}
}

// chassisLeaves deletes what is known of a chassis by its name, on both sides.
func chassisLeaves(name string) []ovsdb.Op {
	return []ovsdb.Op{{Kind: ovsdb.OpDelete, Table: sb.TableChassisPrivate, Where: byName(name)}, {Kind: ovsdb.OpDelete, Table: sb.TableChassis, Where: byName(name)}}
}

// lacksFeature reports whether a chassis is there without all features.
func (s *oracleSide) lacksFeature(name string) bool {
	r := s.first(sb.TableChassis, byName(name)...)
	if r == nil {
		return false
	}
	config := sb.NewChassis(r).OtherConfig
	return slices.ContainsFunc(optionalFeatures, func(f string) bool { return config[f] != "true" })
}

// chassisComes registers a chassis in place of what there is of it.
func chassisComes(name string, features map[string]string, typ string) func(*oracleSide) []ovsdb.Op {
	config := ovsdb.NewStringMap(features)
	id, private, encap := chassisID(name, 0), chassisID(name, 1), chassisID(name, 2)
	return func(*oracleSide) []ovsdb.Op {
		return append(chassisLeaves(name),
			ovsdb.Insert(sb.TableEncap, encap, col("type", typ), col("chassis_name", name), col("ip", fmt.Sprintf("192.168.0.%d", name[len(name)-1]-'0'))),
			ovsdb.Insert(sb.TableChassis, id, col("name", name), col("hostname", "host"+name), col("encaps", []ovsdb.UUID{encap}), col("other_config", config)),
			ovsdb.Insert(sb.TableChassisPrivate, private, col("name", name), col("chassis", []ovsdb.UUID{id})))
	}
}

// updated writes columns of the rows of a southbound table that a condition picks.
func updated(table string, where []ovsdb.Condition, cols ...ovsdb.ColumnValue) func(*oracleSide) []ovsdb.Op {
	return func(*oracleSide) []ovsdb.Op {
		return []ovsdb.Op{{Kind: ovsdb.OpUpdate, Table: table, Where: where, Row: cols}}
	}
}

// mutated sets one key of a map column, or removes it when value is "".
func mutated(table string, where []ovsdb.Condition, column, key, value string) func(*oracleSide) []ovsdb.Op {
	muts := []ovsdb.Mutation{{Column: column, Mutator: ovsdb.MutDelete, Value: []string{key}}}
	if value != "" {
		muts = append(muts, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutInsert, Value: ovsdb.Map{{K: key, V: value}}})
	}
	return func(*oracleSide) []ovsdb.Op {
		return []ovsdb.Op{{Kind: ovsdb.OpMutate, Table: table, Where: where, Mutations: muts}}
	}
}

func featuresEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	name, feature, value := g.chassis(), pick(g, optionalFeatures), pick(g, []string{"", "true", "true", "false"})
	return fmt.Sprintf("of %s: %s=%s", name, feature, value), mutated(sb.TableChassis, byName(name), "other_config", feature, value)
}

// migratedEdit does what the ovn-controllers of both ends of a live migration do, in any order.
func migratedEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, chassis := g.nameOf(nb.TableLogicalSwitchPort), g.chassis()
	if port == "" {
		return "", nil
	}
	id, encap := chassisID(chassis, 0), chassisID(chassis, 2)
	switch g.IntN(6) {
	case 0:
		return "from: " + port, updated(sb.TablePortBinding, byPort(port), col("additional_chassis", []ovsdb.UUID(nil)), col("additional_encap", []ovsdb.UUID(nil)))
	case 1:
		return "activated: " + port + " at " + chassis, mutated(sb.TablePortBinding, byPort(port), "options", "additional-chassis-activated", chassis)
	case 2:
		return "done: " + port + " is at " + chassis, updated(sb.TablePortBinding, byPort(port), col("chassis", []ovsdb.UUID{id}),
			col("additional_chassis", []ovsdb.UUID(nil)), col("additional_encap", []ovsdb.UUID(nil)), col("up", []bool{true}))
	case 3:
		return "with encap: " + port + " to " + chassis, updated(sb.TablePortBinding, byPort(port), col("additional_chassis", []ovsdb.UUID{id}), col("additional_encap", []ovsdb.UUID{encap}))
	}
	return "to: " + port + " to " + chassis, updated(sb.TablePortBinding, byPort(port), col("additional_chassis", []ovsdb.UUID{id}))
}

func encapEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port, chassis := g.nameOf(nb.TableLogicalSwitchPort), g.chassis()
	if port == "" {
		return "", nil
	}
	v := []ovsdb.UUID{chassisID(chassis, 2)}
	if g.chance(40) {
		v = nil
	}
	return fmt.Sprintf("of %s at %s: %v", port, chassis, v != nil), updated(sb.TablePortBinding, byPort(port), col("encap", v))
}

func confirmedEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	name, behind := g.chassis(), int64(g.IntN(4))
	return fmt.Sprintf("by %s, %d behind", name, behind), func(s *oracleSide) []ovsdb.Op {
		res, err := s.nb.Transact(s.ctx, ovsdb.Select(nb.TableNBGlobal))
		if err != nil || len(res[0].Rows) != 1 {
			return nil
		}
		return updated(sb.TableChassisPrivate, byName(name), col("nb_cfg", max(0, nb.NewNBGlobal(res[0].Rows[0]).NBCfg-behind)))(s)
	}
}

func delegatedEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	port := g.nameOf(nb.TableLogicalRouterPort)
	if port == "" {
		return "", nil
	}
	v := pick(g, []string{"66000:fd66::/64", "66001:fd67:1::/64", ""})
	return "to " + port + ": " + v, mutated(sb.TablePortBinding, byPort(port), "options", "ipv6_ra_pd_list", v)
}

func nexthopEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	r := g.row(nb.TableLogicalRouterStaticRoute)
	if r == nil {
		return "", nil
	}
	hop := r.String("nexthop")
	return hop, updated(sb.TableECMPNexthop, []ovsdb.Condition{{Column: "nexthop", Function: ovsdb.Eq, Value: hop}}, col("mac", g.mac()))
}

func flushedEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	p, n := g.nameOf(nb.TableLogicalSwitchPort), int64(1+g.IntN(5))
	if p == "" {
		return "", nil
	}
	return "of the switch of " + p, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(p)
		if pb == nil {
			return nil
		}
		return updated(sb.TableIPMulticast, []ovsdb.Condition{{Column: "datapath", Function: ovsdb.Eq, Value: pb.Get("datapath")}}, col("seq_no", n))(s)
	}
}

// forgottenEdit deletes what chassis have learned about a port.
func forgottenEdit(g *generator) (string, func(*oracleSide) []ovsdb.Op) {
	p := g.anyPort()
	if p == "" {
		return "", nil
	}
	return "about " + p, func(s *oracleSide) []ovsdb.Op {
		pb := s.binding(p)
		if pb == nil {
			return nil
		}
		dp := s.southRow(sb.TableDatapathBinding, pb.Get("datapath").(ovsdb.UUID))
		if dp == nil {
			return nil
		}
		eq := func(column string, v ovsdb.Value) ovsdb.Condition {
			return ovsdb.Condition{Column: column, Function: ovsdb.Eq, Value: v}
		}
		return []ovsdb.Op{
			{Kind: ovsdb.OpDelete, Table: sb.TableMACBinding, Where: byPort(p)},
			{Kind: ovsdb.OpDelete, Table: sb.TableFDB, Where: []ovsdb.Condition{eq("dp_key", dp.Get("tunnel_key")), eq("port_key", pb.Get("tunnel_key"))}},
			{Kind: ovsdb.OpDelete, Table: sb.TableIGMPGroup, Where: []ovsdb.Condition{eq("ports", []ovsdb.UUID{pb.UUID})}},
			{Kind: ovsdb.OpDelete, Table: sb.TableLearnedRoute, Where: []ovsdb.Condition{eq("logical_port", pb.UUID)}},
		}
	}
}
