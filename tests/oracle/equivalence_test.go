package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// sample makes a value of a column, another one for each n.
func sample(c *ovsdb.ColumnSchema, n int) ovsdb.Value {
	switch {
	case c.Type.IsMap() && c.Type.Key.Type == ovsdb.String && c.Type.Value.Type == ovsdb.String:
		return ovsdb.Map{{K: "k", V: fmt.Sprint(n)}}
	case c.Type.IsScalar():
		switch c.Type.Key.Type {
		case ovsdb.String:
			return fmt.Sprint("s", n)
		case ovsdb.Integer:
			return int64(n)
		case ovsdb.Boolean:
			return n%2 == 0
		}
	case c.Type.Key.Type == ovsdb.Integer:
		return []int64{int64(n)}
	case c.Type.Key.Type == ovsdb.String:
		return []string{fmt.Sprint("s", n)}
	}
	return nil
}

// TestColumns goes through every column of the southbound database and the northbound ones that are written back: another
// value shows in the comparison, unless the column is in droppedColumns; and those that are there do not show.
func TestColumns(t *testing.T) {
	for _, side := range []string{"nb", "sb"} {
		for _, table := range dumpOf(newWorld(t), side).Schema.Tables {
			if table.Name == "Logical_Flow" || table.Name == "Logical_DP_Group" {
				continue // TestFlowColumns
			}
			for _, c := range table.Columns {
				name := table.Name + "." + c.Name
				if sample(c, 1) == nil || side == "nb" && namesRow(c.Name) {
					continue // references, shown by TestEquivalences, and what northbound rows are called by
				}
				var texts [2]Text
				for i := range texts {
					w := newWorld(t)
					w.add(dumpOf(w, side), table.Name, "row", Row{c.Name: sample(c, 2*i+2)})
					if b, ok := sample(c, 1).(bool); ok {
						w.add(dumpOf(w, side), table.Name, "row", Row{c.Name: b != (i == 0)})
					}
					texts[i] = Normalise(w.nb, w.sb, true)
				}
				shows := len(Compare(texts[0], texts[1])) > 0
				expected := side == "sb" || slices.Contains(writtenBack[table.Name], c.Name)
				if droppedColumns[name] {
					expected = false
				}
				if shows != expected {
					t.Errorf("a difference in %s of the %s shows: %v, want %v", name, side, shows, expected)
				}
			}
		}
	}
}

// namesRow reports whether a column gives rows their names in the comparison.
func namesRow(column string) bool {
	return slices.Contains([]string{"name", "external_ip", "ip_prefix", "dst_ip", "match", "cidr", "vip"}, column)
}

func dumpOf(w *world, side string) *Dump {
	if side == "nb" {
		return w.nb
	}
	return w.sb
}

// TestFlowColumns changes one thing of a flow at a time.
func TestFlowColumns(t *testing.T) {
	flow := func(change Row) Text {
		w := newWorld(t)
		w.datapath("a")
		row := Row{"logical_datapath": []ovsdb.UUID{w.id("a")}, "pipeline": "ingress", "table_id": int64(3), "priority": int64(4),
			"match": "ip4", "actions": "next;", "controller_meter": []string{"m"}, "tags": ovsdb.Map{{K: "in_out_port", V: "p"}},
			"external_ids": ovsdb.Map{{K: "stage-name", V: "x"}}, "flow_desc": []string{"d"}}
		for k, v := range change {
			row[k] = v
		}
		w.add(w.sb, "Logical_Flow", "f", row)
		return w.text()
	}
	base := flow(nil)
	for _, c := range []Row{
		{"pipeline": "egress"}, {"table_id": int64(2)}, {"priority": int64(5)}, {"match": "ip6"}, {"actions": "drop;"},
		{"controller_meter": []string{"n"}}, {"controller_meter": []string(nil)}, {"tags": ovsdb.Map{{K: "in_out_port", V: "q"}}},
		{"tags": ovsdb.Map(nil)}, {"logical_datapath": []ovsdb.UUID(nil)},
	} {
		if len(Compare(base, flow(c))) == 0 {
			t.Errorf("a flow with another %v is equal", c)
		}
	}
	// For people: what stage it is follows from pipeline and table.
	for _, c := range []Row{{"external_ids": ovsdb.Map{{K: "stage-hint", V: "1"}}}, {"flow_desc": []string(nil)}} {
		if d := Compare(base, flow(c)); len(d) > 0 {
			t.Errorf("a flow with another %v differs: %v", c, d)
		}
	}
}

// TestDroppedKeys: the keys that are left out are left out of every map, and no other key is.
func TestDroppedKeys(t *testing.T) {
	options := func(kv ...string) Text {
		w := newWorld(t)
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		w.options(ovsdb.NewStringMap(m))
		return w.text()
	}
	for key := range droppedKeys {
		if d := Compare(options("a", "1"), options("a", "1", key, "2")); len(d) > 0 {
			t.Errorf("key %s shows: %v", key, d)
		}
		if d := Compare(options("a", "1"), options("a", "1", key+"x", "2")); len(d) == 0 {
			t.Errorf("key %sx does not show", key)
		}
	}
}

// TestSeedTables: the tables that are the same in every network are compared where they are asked for.
func TestSeedTables(t *testing.T) {
	for table := range seedTables {
		text := func(n int, seed bool) Text {
			w := newWorld(t)
			c := w.sb.Schema.Table(table).Column("name")
			if c == nil {
				c = w.sb.Schema.Table(table).Column("table")
			}
			w.add(w.sb, table, "row", Row{c.Name: fmt.Sprint("n", n)})
			return Normalise(w.nb, w.sb, seed)
		}
		if len(Compare(text(1, true), text(2, true))) == 0 {
			t.Errorf("a difference in %s does not show where it is asked for", table)
		}
		if d := Compare(text(1, false), text(2, false)); len(d) > 0 {
			t.Errorf("a difference in %s shows where it is not asked for: %v", table, d)
		}
	}
}

// TestCanonical: whose key it is counts, not which.
func TestCanonical(t *testing.T) {
	type keys struct{ dp1, dp2, p1, p2, fdbDP, fdbPort int64 }
	text := func(k keys) (Text, error) {
		w := newWorld(t)
		w.datapath("sw1")
		w.datapath("sw2")
		w.sb.Tables["Datapath_Binding"][w.id("sw1")]["tunnel_key"] = k.dp1
		w.sb.Tables["Datapath_Binding"][w.id("sw2")]["tunnel_key"] = k.dp2
		for name, key := range map[string]int64{"p1": k.p1, "p2": k.p2} {
			w.add(w.sb, "Port_Binding", name, Row{"logical_port": name, "datapath": w.id("sw1"), "tunnel_key": key})
		}
		w.add(w.sb, "FDB", "fdb", Row{"mac": "m", "dp_key": k.fdbDP, "port_key": k.fdbPort})
		w.add(w.sb, "Port_Group", "pg", Row{"name": fmt.Sprintf("%d_pg", k.dp2), "ports": []string{"p1"}})
		w.add(w.sb, "Address_Set", "as", Row{"name": fmt.Sprintf("_rtr_lb_%d_ip4", k.dp1)})
		w.flow("sw1", 1, 1, fmt.Sprintf("ip4.dst == $_rtr_lb_%d_ip4", k.dp1), "next;")
		return canonical(w.nb, w.sb)
	}
	base, err := text(keys{1, 2, 1, 2, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	same, err := text(keys{7, 9, 4, 3, 7, 3})
	if err != nil {
		t.Fatal(err)
	}
	if d := Compare(base, same); len(d) > 0 {
		t.Errorf("with other keys the same network differs:\n%s", strings.Join(d, "\n"))
	}
	for what, k := range map[string]keys{
		"FDB of the other port": {1, 2, 1, 2, 1, 1},
		"FDB of no datapath":    {1, 2, 1, 2, 3, 2},
		"FDB of no port":        {1, 2, 1, 2, 1, 5},
	} {
		if other, err := text(k); err == nil && len(Compare(base, other)) == 0 {
			t.Errorf("%s is equal", what)
		}
	}
	for what, k := range map[string]keys{"datapaths": {1, 1, 1, 2, 1, 2}, "ports": {1, 2, 2, 2, 1, 2}} {
		if _, err := text(k); err == nil {
			t.Errorf("two %s with one key are not reported", what)
		}
	}
}
