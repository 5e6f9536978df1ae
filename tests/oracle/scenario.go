package oracle

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Scenario is one folder of testdata/golden.
type Scenario struct {
	Name, Dir string
}

// Scenarios lists the folder.
func Scenarios(dir string) ([]Scenario, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing scenarios: %w", err)
	}
	var out []Scenario
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, Scenario{e.Name(), filepath.Join(dir, e.Name())})
		}
	}
	return out, nil
}

// Seed reports whether the scenario shows the constant tables.
func (s Scenario) Seed() bool { return s.Name == "00-empty" }

// Want reads what stock made of the scenario.
func (s Scenario) Want() (Text, error) {
	var t Text
	for _, f := range []struct {
		name string
		to   *string
	}{{"flows.txt", &t.Flows}, {"sb.txt", &t.SB}, {"nbout.txt", &t.NBOut}} {
		raw, err := os.ReadFile(filepath.Join(s.Dir, f.name))
		if err != nil {
			return t, fmt.Errorf("reading scenario: %w", err)
		}
		*f.to = string(raw)
	}
	return t, nil
}

// jsonDB is nb.json and sb.json: table → UUID → column → value (RFC 7047 section 5.1), non-default columns only.
type jsonDB map[string]map[string]map[string]json.RawMessage

// Load returns the operations that fill the empty databases of a northd that is about to start. The southbound ones hold
// what others than northd write (chassis and where they bound which port), and the tunnel keys that northd handed out
// while the scenario's commands ran one by one, as after a restart.
func (s Scenario) Load(nb, sb *ovsdb.Schema) (nbOps, sbOps []ovsdb.Op, err error) {
	if nbOps, err = inserts(nb, filepath.Join(s.Dir, "nb.json")); err != nil {
		return nil, nil, err
	}
	sbOps, err = inserts(sb, filepath.Join(s.Dir, "sb.json"))
	return nbOps, sbOps, err
}

func inserts(schema *ovsdb.Schema, file string) ([]ovsdb.Op, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading scenario: %w", err)
	}
	var db jsonDB
	if err := json.Unmarshal(raw, &db); err != nil {
		return nil, fmt.Errorf("parsing %s: %w", file, err)
	}
	var ops []ovsdb.Op
	for _, table := range sortedKeys(db) {
		for _, u := range sortedKeys(db[table]) {
			id, err := ovsdb.ParseUUID(u)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", file, err)
			}
			var cols []ovsdb.ColumnValue
			for _, c := range sortedKeys(db[table][u]) {
				v, err := parseValue(schema.Table(table).Column(c), db[table][u][c])
				if err != nil {
					return nil, fmt.Errorf("reading column %s of table %s in %s: %w", c, table, file, err)
				}
				cols = append(cols, ovsdb.ColumnValue{Column: c, Value: v})
			}
			ops = append(ops, ovsdb.Insert(table, id, cols...))
		}
	}
	return ops, nil
}

// What nb.json leaves out: everything that the central has to write by itself.
var (
	centralWrites = map[string][]string{
		"Logical_Switch_Port": {"up", "dynamic_addresses"},
		"Logical_Router_Port": {"status"},
		"BFD":                 {"status"},
		"NB_Global":           {"nb_cfg", "nb_cfg_timestamp", "sb_cfg", "sb_cfg_timestamp", "hv_cfg", "hv_cfg_timestamp"},
	}
	// What sb.json keeps: table → columns, nil for whole rows.
	foreignRows = map[string][]string{
		"Chassis": nil, "Encap": nil, "Chassis_Private": nil, "MAC_Binding": nil, "FDB": nil, "Learned_Route": nil, "IGMP_Group": nil,
		"Datapath_Binding": {"tunnel_key", "external_ids"},
		"Service_Monitor":  {"ip", "port", "protocol", "logical_port", "status", "chassis_name"},
		"BFD":              {"logical_port", "dst_ip", "src_port", "status", "chassis_name"},
		"Port_Binding":     {"logical_port", "datapath", "tunnel_key", "parent_port", "chassis", "up", "additional_chassis", "virtual_parent", "encap", "options"},
	}
	// Of Port_Binding.options, the keys that chassis write.
	foreignOptions = []string{"ipv6_ra_pd_list", "additional-chassis-activated"}
)

// stableIDs gives each row a UUID that follows from what the row says, and of rows that say the same from the rows that
// refer to them, so that recording again changes nothing.
func stableIDs(nb, sb *Dump) map[ovsdb.UUID]ovsdb.UUID {
	n := newNames(nb, sb)
	out := map[ovsdb.UUID]ovsdb.UUID{}
	for _, d := range []*Dump{nb, sb} {
		refs := n.nb
		if d == sb {
			refs = n.sb
		}
		texts := map[ovsdb.UUID]string{}
		referrers := map[ovsdb.UUID][]string{}
		for _, t := range d.Schema.Tables {
			for id, r := range d.Tables[t.Name] {
				texts[id] = strings.Join(n.columns(t, r, nil, refs), " ")
				for _, v := range r {
					switch v := v.(type) {
					case ovsdb.UUID:
						referrers[v] = append(referrers[v], t.Name+" "+texts[id])
					case []ovsdb.UUID:
						for _, to := range v {
							referrers[to] = append(referrers[to], t.Name+" "+texts[id])
						}
					}
				}
			}
		}
		for _, r := range referrers {
			slices.Sort(r)
		}
		for _, t := range d.Schema.Tables {
			rows := slices.SortedFunc(maps.Keys(d.Tables[t.Name]), func(a, b ovsdb.UUID) int {
				return cmp.Or(cmp.Compare(texts[a], texts[b]), slices.Compare(referrers[a], referrers[b]), a.Compare(b))
			})
			for i, row := range rows {
				sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %d", d.Schema.Name, t.Name, texts[row], i))
				var id ovsdb.UUID
				copy(id[:], sum[:])
				id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
				out[row] = id
			}
		}
	}
	return out
}

// record writes nb.json or sb.json from a dump.
func record(d *Dump, ids map[ovsdb.UUID]ovsdb.UUID, keep func(table, column string) bool, file string) error {
	var b strings.Builder
	b.WriteString("{")
	tables := 0
	for _, t := range d.Schema.Tables {
		var rows []string // one a line
		for id, r := range d.Tables[t.Name] {
			row := map[string]any{}
			for _, c := range t.Columns {
				if keep(t.Name, c.Name) && !ovsdb.IsDefault(r[c.Name]) {
					row[c.Name] = toJSON(r[c.Name], ids)
				}
			}
			if m, ok := r["options"].(ovsdb.Map); ok && t.Name == "Port_Binding" {
				delete(row, "options")
				if m = slices.DeleteFunc(slices.Clone(m), func(p ovsdb.Pair) bool { return !slices.Contains(foreignOptions, p.K.(string)) }); len(m) > 0 {
					row["options"] = toJSON(m, ids)
				}
			}
			if parent, _ := r["parent_port"].([]string); t.Name == "Port_Binding" && (text(r, "type") == "virtual" || len(parent) > 0) {
				row["type"] = text(r, "type") // northd looks at it when it takes the row over
			}
			if requested, _ := r["tag_request"].([]int64); len(requested) > 0 {
				delete(row, "tag") // the central chose it
			}
			if len(row) == 0 {
				continue
			}
			raw, err := json.Marshal(row)
			if err != nil {
				return fmt.Errorf("writing %s: %w", file, err)
			}
			rows = append(rows, fmt.Sprintf("  %q: %s", ids[id].String(), raw))
		}
		if len(rows) == 0 {
			continue
		}
		slices.Sort(rows)
		if tables++; tables > 1 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n %q: {\n%s\n }", t.Name, strings.Join(rows, ",\n"))
	}
	b.WriteString("\n}\n")
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

func keepNB(table, column string) bool { return !slices.Contains(centralWrites[table], column) }

func keepSB(table, column string) bool {
	cols, ok := foreignRows[table]
	return ok && (cols == nil || slices.Contains(cols, column))
}

// toJSON writes a value in its JSON form, with other UUIDs.
func toJSON(v ovsdb.Value, ids map[ovsdb.UUID]ovsdb.UUID) any {
	set := func(elems []any) any {
		if len(elems) == 1 {
			return elems[0]
		}
		return []any{"set", elems}
	}
	switch v := v.(type) {
	case string:
		return uuidPattern.ReplaceAllStringFunc(v, func(u string) string {
			if id, err := ovsdb.ParseUUID(u); err == nil && !ids[id].IsZero() {
				return ids[id].String()
			}
			return u
		})
	case ovsdb.UUID:
		return []any{"uuid", ids[v].String()}
	case []int64:
		return set(anys(v, ids))
	case []float64:
		return set(anys(v, ids))
	case []bool:
		return set(anys(v, ids))
	case []string:
		return set(anys(v, ids))
	case []ovsdb.UUID:
		renamed := map[ovsdb.UUID]ovsdb.UUID{}
		var order []ovsdb.UUID
		for _, id := range v {
			renamed[ids[id]] = id
			order = append(order, ids[id])
		}
		var elems []ovsdb.UUID
		for _, id := range ovsdb.Set(order...) {
			elems = append(elems, renamed[id])
		}
		return set(anys(elems, ids))
	case ovsdb.Map:
		var pairs []any
		for _, p := range v {
			pairs = append(pairs, []any{toJSON(p.K, ids), toJSON(p.V, ids)})
		}
		return []any{"map", pairs}
	}
	return v
}

func anys[T any](in []T, ids map[ovsdb.UUID]ovsdb.UUID) []any {
	out := make([]any, len(in))
	for i, x := range in {
		out[i] = toJSON(x, ids)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
