package oracle

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// UUIDs differ from run to run. They are replaced by the name of the row that they identify, so that a reference to the
// wrong row still shows. A UUID of no row becomes <uuid>.
var (
	uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// In the names of load balancer template variables and the like, a UUID is written with underscores.
	underscored = regexp.MustCompile(`[0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12}`)
)

// names maps the rows of both databases to what a reader knows them by.
type names struct {
	nb, sb    map[ovsdb.UUID]string
	datapaths map[ovsdb.UUID]string
}

func newNames(nb, sb *Dump) *names {
	n := &names{nb: map[ovsdb.UUID]string{}, sb: map[ovsdb.UUID]string{}, datapaths: map[ovsdb.UUID]string{}}
	for table, rows := range nb.Tables {
		for id, r := range rows {
			n.nb[id] = "<" + table + ":" + nbName(r) + ">"
			switch table {
			case "Logical_Switch":
				n.nb[id] = "<LS:" + text(r, "name") + ">"
			case "Logical_Router":
				n.nb[id] = "<LR:" + text(r, "name") + ">"
			}
		}
	}
	add := func(table string, name func(Row) string) {
		for id, r := range sb.Tables[table] {
			n.sb[id] = name(r)
		}
	}
	for id, r := range sb.Tables["Datapath_Binding"] {
		name, ok := stringMap(r, "external_ids")["name"]
		if !ok {
			name = "?"
		}
		n.datapaths[id] = name
	}
	add("Datapath_Binding", func(r Row) string {
		name, ok := stringMap(r, "external_ids")["name"]
		if !ok {
			name = "?"
		}
		return "<DP:" + name + ">"
	})
	add("Port_Binding", func(r Row) string { return "<PB:" + n.text(text(r, "logical_port")) + ">" })
	for _, t := range []string{"Chassis", "HA_Chassis_Group", "Load_Balancer", "Meter", "Port_Group", "Address_Set", "Mirror",
		"RBAC_Role", "Gateway_Chassis", "DHCP_Options", "DHCPv6_Options"} {
		add(t, func(r Row) string { return "<" + t + ":" + n.text(text(r, "name")) + ">" })
	}
	add("Encap", func(r Row) string {
		return "<Encap:" + text(r, "type") + ":" + text(r, "ip") + "@" + text(r, "chassis_name") + ">"
	})
	add("RBAC_Permission", func(r Row) string { return "<RBAC:" + text(r, "table") + ">" })
	add("Multicast_Group", func(r Row) string {
		dp, _ := r["datapath"].(ovsdb.UUID)
		return "<MG:" + cmp.Or(n.datapaths[dp], "None") + "/" + text(r, "name") + ">"
	})
	add("Meter_Band", func(r Row) string {
		return fmt.Sprintf("<Band:%s/%d/%d>", text(r, "action"), r["rate"], r["burst_size"])
	})
	add("Logical_DP_Group", func(r Row) string { return "<DPG:" + strings.Join(n.datapathNames(r["datapaths"]), ",") + ">" })
	add("HA_Chassis", func(r Row) string {
		chassis := "-"
		if ids, _ := r["chassis"].([]ovsdb.UUID); len(ids) > 0 {
			chassis = cmp.Or(n.sb[ids[0]], "?")
		} else if name, ok := stringMap(r, "external_ids")["chassis-name"]; ok {
			chassis = name
		}
		return fmt.Sprintf("<HAC:%s/%d>", chassis, r["priority"])
	})
	return n
}

func nbName(r Row) string {
	for _, c := range []string{"name", "external_ip", "ip_prefix", "dst_ip", "match", "cidr", "vip"} {
		if s := text(r, c); s != "" {
			return s
		}
	}
	return ""
}

// datapathNames resolves a set of datapaths to their sorted names.
func (n *names) datapathNames(v ovsdb.Value) []string {
	ids, _ := v.([]ovsdb.UUID)
	var out []string
	for _, id := range ids {
		out = append(out, cmp.Or(n.datapaths[id], "?"))
	}
	slices.Sort(out)
	return out
}

// text replaces UUIDs inside a string.
func (n *names) text(s string) string {
	if len(s) < 36 {
		return s
	}
	s = uuidPattern.ReplaceAllStringFunc(s, n.lookup)
	return underscored.ReplaceAllStringFunc(s, func(m string) string { return n.lookup(strings.ReplaceAll(m, "_", "-")) })
}

func (n *names) lookup(s string) string {
	id, err := ovsdb.ParseUUID(s)
	if err != nil {
		return s
	}
	return cmp.Or(n.nb[id], n.sb[id], "<uuid>")
}

// value prints a column. Sets are sorted by what is printed, since their order is that of the UUIDs.
func (n *names) value(v ovsdb.Value, refs map[ovsdb.UUID]string) string {
	set := func(elems []string) string {
		if len(elems) == 1 {
			return elems[0]
		}
		slices.Sort(elems)
		return "[" + strings.Join(elems, ", ") + "]"
	}
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case string:
		return n.text(v)
	case ovsdb.UUID:
		return cmp.Or(refs[v], n.nb[v], n.sb[v], "<uuid>")
	case []int64:
		return set(each(v, func(x int64) string { return n.value(x, refs) }))
	case []float64:
		return set(each(v, func(x float64) string { return n.value(x, refs) }))
	case []bool:
		return set(each(v, func(x bool) string { return n.value(x, refs) }))
	case []string:
		return set(each(v, func(x string) string { return n.value(x, refs) }))
	case []ovsdb.UUID:
		return set(each(v, func(x ovsdb.UUID) string { return n.value(x, refs) }))
	case ovsdb.Map:
		var pairs []string
		for _, p := range v {
			if k, _ := p.K.(string); droppedKeys[k] {
				continue
			}
			pairs = append(pairs, n.value(p.K, refs)+"="+n.value(p.V, refs))
		}
		slices.Sort(pairs)
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	return "?"
}

func each[T any](in []T, f func(T) string) []string {
	out := make([]string, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

// text returns a string column, "" for an absent or empty one.
func text(r Row, column string) string {
	switch v := r[column].(type) {
	case string:
		return v
	case []string:
		if len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

func stringMap(r Row, column string) map[string]string {
	m, _ := r[column].(ovsdb.Map)
	return m.StringMap()
}
