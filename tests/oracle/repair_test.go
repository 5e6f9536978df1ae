package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// losses are what stock's northd loses of what chassis wrote while it works off a change, and would keep if it computed
// everything anew: see lostRows.
var losses = []string{
	"FDB rows of a switch port that was changed: stock forgets the key of the port, and takes them for stale",
	"chassis, additional chassis, encap, virtual parent and up of a port that asks for a key which another has: stock makes its Port_Binding anew",
}

// stockState is what is known of stock's databases before an edit.
type stockState struct{ nb, sb *Dump }

// lookStock reads the tables that lostRows looks at.
func (p *pair) lookStock() (*stockState, error) {
	read := func(db ovsdb.DB, tables ...string) (*Dump, error) {
		d := &Dump{Schema: db.Schema(), Tables: map[string]map[ovsdb.UUID]Row{}}
		for _, t := range tables {
			res, err := db.Transact(p.ctx, ovsdb.Select(t))
			if err != nil {
				return nil, fmt.Errorf("reading table %s: %w", t, err)
			}
			d.Tables[t] = map[ovsdb.UUID]Row{}
			for _, r := range res[0].Rows {
				row := Row{}
				for _, c := range d.Schema.Table(t).Columns {
					row[c.Name] = r.Get(c.Name)
				}
				d.Tables[t][r.UUID] = row
			}
		}
		return d, nil
	}
	northbound, err := read(p.stock.nb, nb.TableLogicalSwitchPort)
	if err != nil {
		return nil, err
	}
	southbound, err := read(p.stock.sb, sb.TablePortBinding, sb.TableDatapathBinding, sb.TableFDB)
	return &stockState{northbound, southbound}, err
}

// repair writes again what stock has lost through the edit.
func (p *pair) repair(before *stockState) error {
	after, err := p.lookStock()
	if err != nil {
		return err
	}
	ops, what := lostRows(before, after)
	if len(ops) == 0 {
		return nil
	}
	p.repaired = append(p.repaired, what...)
	if _, err := p.stock.sb.Transact(p.ctx, ops...); err != nil {
		return fmt.Errorf("writing again what stock lost: %w", err)
	}
	return p.settle()
}

// bound are the columns of Port_Binding that chassis write.
var bound = []string{"chassis", "additional_chassis", "encap", "additional_encap", "virtual_parent", "up"}

// lostRows compares stock's databases before and after an edit. It returns what writes again
//   - an FDB row that is gone, of a port which is there before and after, on the same switch, and whose northbound row changed;
//   - what chassis wrote into a Port_Binding that was made anew for a northbound row which is still there, and is of the same
//     switch and type, and asks for a key.
//
// Everything else that goes has to go on kove's side too. If what is written again is really stale, stock's northd takes it
// away again when it computes everything anew, which it does before each comparison.
func lostRows(before, after *stockState) (ops []ovsdb.Op, what []string) {
	bindings := func(s *stockState) map[string]Row {
		out := map[string]Row{}
		for id, r := range s.sb.Tables[sb.TablePortBinding] {
			r["_uuid"] = id
			out[text(r, "logical_port")] = r
		}
		return out
	}
	old, now := bindings(before), bindings(after)
	for id, port := range after.nb.Tables[nb.TableLogicalSwitchPort] {
		was, kept := before.nb.Tables[nb.TableLogicalSwitchPort][id]
		name := text(port, "name")
		oldPB, newPB := old[name], now[name]
		if !kept || oldPB == nil || newPB == nil || oldPB["datapath"] != newPB["datapath"] || text(was, "name") != name {
			continue
		}
		if oldPB["tunnel_key"] == newPB["tunnel_key"] && !equalRows(after.nb.Schema.Table(nb.TableLogicalSwitchPort), was, port) {
			for fid, f := range before.sb.Tables[sb.TableFDB] {
				dp, _ := oldPB["datapath"].(ovsdb.UUID)
				if _, there := after.sb.Tables[sb.TableFDB][fid]; there || f["dp_key"] != before.sb.Tables[sb.TableDatapathBinding][dp]["tunnel_key"] || f["port_key"] != oldPB["tunnel_key"] {
					continue
				}
				ops = append(ops, ovsdb.Insert(sb.TableFDB, ovsdb.UUID{}, col("mac", f["mac"]), col("timestamp", f["timestamp"]),
					col("dp_key", after.sb.Tables[sb.TableDatapathBinding][dp]["tunnel_key"]), col("port_key", newPB["tunnel_key"])))
				what = append(what, "FDB row of "+name)
			}
		}
		if oldPB["_uuid"] != newPB["_uuid"] && stringMap(port, "options")["requested-tnl-key"] != "" && text(oldPB, "type") == text(newPB, "type") {
			var cols []ovsdb.ColumnValue
			for _, c := range bound {
				cols = append(cols, col(c, oldPB[c]))
			}
			ops = append(ops, ovsdb.Update(sb.TablePortBinding, newPB["_uuid"].(ovsdb.UUID), cols...))
			what = append(what, "binding of "+name)
		}
	}
	slices.Sort(what)
	return ops, what
}

func equalRows(t *ovsdb.TableSchema, a, b Row) bool {
	for _, c := range t.Columns {
		if fmt.Sprint(a[c.Name]) != fmt.Sprint(b[c.Name]) {
			return false
		}
	}
	return true
}

// TestLostRows: what is written again is what stock lost of a port that was changed, and nothing near it.
func TestLostRows(t *testing.T) {
	type port struct {
		options, typ string
		binding      string // of its Port_Binding's UUID
		gone         bool   // northbound
		key          int64  // 0: 1 and 2
	}
	ids := newWorld(t).ids // a row that stays has the same before and after
	state := func(p1, p2 port, fdb ...string) *stockState {
		w := newWorld(t)
		w.ids = ids
		w.datapath("sw1")
		w.sb.Tables["Datapath_Binding"][w.id("sw1")]["tunnel_key"] = int64(1)
		for i, p := range []port{p1, p2} {
			name := fmt.Sprint("p", i+1)
			if !p.gone {
				w.add(w.nb, "Logical_Switch_Port", name, Row{"name": name, "options": ovsdb.Map{{K: p.options, V: "5"}}})
			}
			w.add(w.sb, "Port_Binding", p.binding, Row{"logical_port": name, "datapath": w.id("sw1"), "tunnel_key": cmp.Or(p.key, int64(i+1)), "type": p.typ,
				"chassis": []ovsdb.UUID{w.id("hv" + p.binding)}, "up": []bool{p.binding == "a"}})
		}
		for _, f := range fdb {
			row := Row{"mac": f, "dp_key": int64(1), "port_key": int64(f[0] - '0')}
			if f[0] == '9' {
				row["dp_key"] = int64(2)
			}
			w.add(w.sb, "FDB", f, row)
		}
		return &stockState{w.nb, w.sb}
	}
	a, b := port{binding: "a"}, port{binding: "b"}
	changed := port{binding: "a", options: "x"}
	keyed, anew := port{binding: "a", options: "requested-tnl-key"}, port{binding: "c", options: "requested-tnl-key"}
	virtual := anew
	virtual.typ = "virtual"
	rekeyed := changed
	rekeyed.key = 5
	deleted := a
	deleted.gone = true
	for _, c := range []struct {
		what          string
		before, after *stockState
		want          []string
	}{
		{"nothing happens", state(a, b, "1m", "2m"), state(a, b, "1m", "2m"), nil},
		{"a changed port's row goes", state(a, b, "1m", "2m"), state(changed, b, "2m"), []string{"FDB row of p1"}},
		{"another port's row goes", state(a, b, "1m", "2m"), state(changed, b, "1m"), nil},
		{"a row goes, no port changed", state(a, b, "1m", "2m"), state(a, b, "2m"), nil},
		{"a row of no port goes", state(a, b, "3m"), state(changed, b), nil},
		{"a row of another datapath goes", state(a, b, "9m"), state(changed, b), nil},
		{"a row goes with its port's key", state(a, b, "1m"), state(rekeyed, b), nil},
		{"a row goes with its port", state(a, b, "1m"), state(deleted, b), nil},
		{"a binding is made anew", state(a, b), state(anew, b), []string{"binding of p1"}},
		{"a binding stays", state(a, b), state(keyed, b), nil},
		{"a binding is made anew, no key is asked for", state(a, b), state(port{binding: "c"}, b), nil},
		{"a binding of another type is made", state(a, b), state(virtual, b), nil},
	} {
		ops, what := lostRows(c.before, c.after)
		if !slices.Equal(what, c.want) || len(ops) != len(c.want) {
			t.Errorf("%s: written again: %q, want %q", c.what, what, c.want)
		}
	}
	ops, _ := lostRows(state(a, b), state(anew, b))
	want := ovsdb.Update(sb.TablePortBinding, ops[0].Where[0].Value.(ovsdb.UUID))
	for _, cv := range ops[0].Row {
		if cv.Column == "up" && fmt.Sprint(cv.Value) != "[true]" {
			t.Errorf("up is written again as %v, it was true", cv.Value)
		}
	}
	if ops[0].Kind != want.Kind || len(ops[0].Row) != len(bound) {
		t.Errorf("a binding is written again as %v, want the columns %v", ops[0], bound)
	}
}
