package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Text is a pair of databases in comparable form.
type Text struct {
	Flows string // one line per datapath and flow
	SB    string // one line per other southbound row
	NBOut string // the northbound columns that a central writes back
}

// What the normaliser leaves out, and why it may.
var (
	// Counters that follow the number of synchronisations, times of day, and random numbers.
	droppedColumns = map[string]bool{
		"SB_Global.nb_cfg": true, "Chassis.nb_cfg": true, "Chassis_Private.nb_cfg": true, "Chassis_Private.nb_cfg_timestamp": true,
		"MAC_Binding.timestamp": true, "FDB.timestamp": true,
		"SB_Global.external_ids": true, // copied from NB_Global verbatim; it holds what ovn-nbctl's wrappers put there
		"NB_Global.nb_cfg":       true, "NB_Global.nb_cfg_timestamp": true, "NB_Global.sb_cfg": true,
		"NB_Global.sb_cfg_timestamp": true, "NB_Global.hv_cfg": true, "NB_Global.hv_cfg_timestamp": true,
		"BFD.disc": true, "BFD.src_port": true, // random by RFC 5880 section 6.3 and RFC 5881 section 4
	}
	// Map keys that carry a version, a tuning of this machine, or a source line of ovn-northd.
	droppedKeys = map[string]bool{
		"northd_internal_version": true, "northd-backoff-interval-ms": true, "source": true, "stage-hint": true,
	}
	// Tables that northd fills with the same rows whatever the network is; scenario 00-empty alone shows them.
	seedTables = map[string]bool{"DHCP_Options": true, "DHCPv6_Options": true, "RBAC_Role": true, "RBAC_Permission": true}
	// What a central writes into the northbound database.
	writtenBack = map[string][]string{
		"Logical_Switch_Port": {"up", "dynamic_addresses", "tag", "external_ids"},
		"Logical_Router_Port": {"status", "ipv6_prefix"},
		"BFD":                 {"status"},
		"NB_Global":           {"options", "hv_cfg", "sb_cfg"},
	}
)

// Normalise prints both databases of a central. With seed, the constant tables are printed too.
func Normalise(nb, sb *Dump, seed bool) Text {
	n := newNames(nb, sb)
	return Text{Flows: n.flows(sb), SB: n.southbound(sb, seed), NBOut: n.writtenBack(nb)}
}

// flow is one logical flow in one datapath.
type flow struct {
	datapath, pipeline string
	table, priority    int64
	match, actions     string
	rest               string // meter and tags
	hint               string // the name of the northbound row that it comes from, or ""; not part of what is compared
	shared             bool   // its row is one of several datapaths
}

func (f *flow) line() string {
	return fmt.Sprintf("%s\t%s\t%02d\t%d\t%s\t%s%s\n", f.datapath, f.pipeline, f.table, f.priority, f.match, f.actions, f.rest)
}

// flows prints the logical flows. Whether a flow of several datapaths is one row with a group or several rows does not
// matter to ovn-controller, so groups are expanded. external_ids and flow_desc are for people.
func (n *names) flows(sb *Dump) string {
	var b strings.Builder
	last := ""
	for _, f := range n.flowList(sb) {
		// The same flow twice in one datapath is the same as once.
		if l := f.line(); l != last {
			b.WriteString(l)
			last = l
		}
	}
	return b.String()
}

// flowList returns the flows of every datapath in the order of their lines.
func (n *names) flowList(sb *Dump) []*flow {
	hints := map[string]string{}
	for id, name := range n.nb {
		hints[id.String()[:8]] = name
	}
	gateways := map[ovsdb.UUID]int{} // datapath → its distributed gateway ports
	for _, r := range sb.Tables["Port_Binding"] {
		if dp, _ := r["datapath"].(ovsdb.UUID); text(r, "type") == "chassisredirect" {
			gateways[dp]++
		}
	}
	var all []*flow
	for _, r := range sb.Tables["Logical_Flow"] {
		ids, _ := r["logical_datapath"].([]ovsdb.UUID)
		ids = slices.Clone(ids)
		groups, _ := r["logical_dp_group"].([]ovsdb.UUID)
		for _, g := range groups {
			members, _ := sb.Tables["Logical_DP_Group"][g]["datapaths"].([]ovsdb.UUID)
			ids = append(ids, members...)
		}
		rest := ""
		if m := text(r, "controller_meter"); m != "" {
			rest += "\tmeter=" + n.text(m)
		}
		if tags, _ := r["tags"].(ovsdb.Map); len(tags) > 0 {
			rest += "\ttags=" + n.value(tags, n.sb)
		}
		for _, id := range ids {
			table, _ := r["table_id"].(int64)
			priority, _ := r["priority"].(int64)
			match := sortHops(sortMACs(n.text(text(r, "match"))))
			if gateways[id] > 1 && table == int64(lflow.RouterInARPResolve.Table()) {
				match = bridgedTo.ReplaceAllString(match, `outport == <a gateway> && $1`)
			}
			all = append(all, &flow{
				datapath: cmp.Or(n.datapaths[id], "?"), pipeline: text(r, "pipeline"), table: table, priority: priority,
				match: match, actions: sortSamples(n.text(text(r, "actions"))), rest: rest,
				hint: hints[stringMap(r, "external_ids")["stage-hint"]], shared: len(ids) > 1,
			})
		}
	}
	renumberTables(all)
	renumberECMP(all)
	renumberChains(all)
	dropLoneChain(all)
	slices.SortFunc(all, func(a, b *flow) int {
		return cmp.Or(cmp.Compare(a.datapath, b.datapath),
			-cmp.Compare(a.pipeline, b.pipeline), // ingress first
			cmp.Compare(a.table, b.table),
			-cmp.Compare(a.priority, b.priority),
			cmp.Compare(a.match, b.match), cmp.Compare(a.actions, b.actions), cmp.Compare(a.rest, b.rest))
	})
	return all
}

// The reference writes the MACs of a router in the order of a hash table.
var macSet = regexp.MustCompile(`^eth\.src == \{[^}]*\}`)

func sortMACs(match string) string {
	return macSet.ReplaceAllStringFunc(match, func(s string) string {
		macs := strings.Split(strings.TrimSuffix(strings.TrimPrefix(s, "eth.src == {"), "}"), ", ")
		slices.Sort(macs)
		return "eth.src == {" + strings.Join(macs, ", ") + "}"
	})
}

// So it does with the external addresses of another router (options:add_route).
var hopSet = regexp.MustCompile(`^outport == "[^"]*" && reg0 == \{[^}]*\}$`)

func sortHops(match string) string {
	if !hopSet.MatchString(match) {
		return match
	}
	head, list, _ := strings.Cut(strings.TrimSuffix(match, "}"), "{")
	hops := strings.Split(list, ", ")
	slices.Sort(hops)
	return head + "{" + strings.Join(hops, ", ") + "}"
}

// With redirect-type=bridged and several distributed gateway ports, the reference has what a distributed NAT rule translates leave
// by whichever of them comes first in a hash table.
var bridgedTo = regexp.MustCompile(`^outport == "[^"]*" && (ip[46]\.src == \S+ && is_chassis_resident\("[^"]*"\))$`)

// A packet is sampled for the collectors of a Sample in the order of their UUIDs, which are random.
var sampleRun = regexp.MustCompile(`sample\([^)]*\);( *sample\([^)]*\);)+`)

func sortSamples(actions string) string {
	return sampleRun.ReplaceAllStringFunc(actions, func(s string) string {
		between := ";"
		if strings.Contains(s, "; ") {
			between = "; "
		}
		each := strings.Split(strings.TrimSuffix(s, ";"), between)
		slices.Sort(each)
		return strings.Join(each, between) + ";"
	})
}

// firstLearnedKey is the first tunnel key of the multicast groups that chassis learned; those below are fixed.
const firstLearnedKey = 32773

// learnedGroups returns the Multicast_Groups whose keys may be any: stock hands them out in the order of a hash table. A key
// that is out of range, or that another group of the datapath has too, stays to be seen.
func learnedGroups(sb *Dump) map[ovsdb.UUID]bool {
	type key struct {
		dp  ovsdb.UUID
		key int64
	}
	of := func(r Row) key {
		dp, _ := r["datapath"].(ovsdb.UUID)
		k, _ := r["tunnel_key"].(int64)
		return key{dp, k}
	}
	count := map[key]int{}
	for _, r := range sb.Tables["Multicast_Group"] {
		count[of(r)]++
	}
	out := map[ovsdb.UUID]bool{}
	for id, r := range sb.Tables["Multicast_Group"] {
		if k := of(r); k.key >= firstLearnedKey && k.key < 1<<16 && count[k] == 1 {
			out[id] = true
		}
	}
	return out
}

func (n *names) southbound(sb *Dump, seed bool) string {
	var lines []string
	learned := learnedGroups(sb)
	for _, t := range sb.Schema.Tables {
		if t.Name == "Logical_Flow" || t.Name == "Logical_DP_Group" || seedTables[t.Name] && !seed {
			continue
		}
		for id, r := range sb.Tables[t.Name] {
			if learned[id] {
				r = maps.Clone(r)
				r["tunnel_key"] = int64(firstLearnedKey)
			}
			lines = append(lines, t.Name+"\t"+strings.Join(n.columns(t, r, nil, n.sb), "\t"))
		}
	}
	return joined(lines)
}

func (n *names) writtenBack(nb *Dump) string {
	var lines []string
	for _, t := range nb.Schema.Tables {
		for id, r := range nb.Tables[t.Name] {
			if cols := n.columns(t, r, writtenBack[t.Name], n.nb); len(cols) > 0 && writtenBack[t.Name] != nil {
				lines = append(lines, t.Name+"\t"+n.nb[id]+"\t"+strings.Join(cols, "\t"))
			}
		}
	}
	return joined(lines)
}

// columns prints the columns of a row that differ from their default: those named, in that order, or all.
func (n *names) columns(t *ovsdb.TableSchema, r Row, only []string, refs map[ovsdb.UUID]string) []string {
	cols := only
	if cols == nil {
		for _, c := range t.Columns {
			cols = append(cols, c.Name)
		}
	}
	var out []string
	for _, c := range cols {
		if droppedColumns[t.Name+"."+c] || ovsdb.IsDefault(r[c]) {
			continue
		}
		v := r[c]
		if t.Name+"."+c == "Port_Binding.nat_addresses" {
			v = sortAnnouncements(v)
		}
		if s := c + "=" + n.value(v, refs); !strings.HasSuffix(s, "={}") {
			out = append(out, s)
		}
	}
	return out
}

// sortAnnouncements sorts the addresses in each of Port_Binding.nat_addresses, "MAC address... [is_chassis_resident(...)]": the
// reference writes them in the order of rows' UUIDs and of a hash table.
func sortAnnouncements(v ovsdb.Value) ovsdb.Value {
	set, _ := v.([]string)
	out := make([]string, 0, len(set))
	for _, s := range set {
		words := strings.Fields(s)
		if len(words) > 1 {
			slices.Sort(words[1:])
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func joined(lines []string) string {
	slices.Sort(lines)
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
