package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// losses are what stock's northd loses of what chassis wrote while it works off a change, and would keep if it computed
// everything anew: see lostRows.
var losses = []string{
	"chassis, additional chassis, encap, virtual parent and up of a port that asks for the key which another port of the switch asks for: stock makes its Port_Binding anew",
	"FDB rows that come at a switch port which was changed: stock has forgotten the key of the port (here it computes everything anew before one comes)",
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
	southbound, err := read(p.stock.sb, sb.TablePortBinding)
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

// lostRows compares stock's databases before and after an edit. It returns what writes again what chassis wrote into a
// Port_Binding that was made anew for a northbound row which is still there, of the same switch and type, and which asks for a
// key that another port of the switch asks for too, or did. Everything else that goes has to go on kove's side as well.
func lostRows(before, after *stockState) (ops []ovsdb.Op, what []string) {
	old, now := before.bindings(), after.bindings()
	for id, port := range after.nb.Tables[nb.TableLogicalSwitchPort] {
		was, kept := before.nb.Tables[nb.TableLogicalSwitchPort][id]
		name := text(port, "name")
		oldPB, newPB := old[name], now[name]
		if !kept || oldPB == nil || newPB == nil || text(was, "name") != name || oldPB["_uuid"] == newPB["_uuid"] ||
			oldPB["datapath"] != newPB["datapath"] || text(oldPB, "type") != text(newPB, "type") {
			continue
		}
		contended := false
		for _, s := range []*stockState{before, after} {
			for other, q := range s.nb.Tables[nb.TableLogicalSwitchPort] {
				pb := s.bindings()[text(q, "name")]
				if other == id || pb == nil || pb["datapath"] != newPB["datapath"] {
					continue
				}
				for _, row := range []Row{was, port} {
					contended = contended || requestedKey(row) != "" && requestedKey(row) == requestedKey(q)
				}
			}
		}
		if !contended {
			continue
		}
		var cols []ovsdb.ColumnValue
		for _, c := range bound {
			cols = append(cols, col(c, oldPB[c]))
		}
		ops = append(ops, ovsdb.Update(sb.TablePortBinding, newPB["_uuid"].(ovsdb.UUID), cols...))
		what = append(what, "binding of "+name)
	}
	slices.Sort(what)
	return ops, what
}

func requestedKey(port Row) string { return stringMap(port, "options")["requested-tnl-key"] }

// bindings are the Port_Bindings by name.
func (s *stockState) bindings() map[string]Row {
	out := map[string]Row{}
	for id, r := range s.sb.Tables[sb.TablePortBinding] {
		r["_uuid"] = id
		out[text(r, "logical_port")] = r
	}
	return out
}

// TestLostRows: what is written again is the binding of a port that contends for a key, and nothing near it.
func TestLostRows(t *testing.T) {
	type port struct {
		key, typ string
		binding  string // of its Port_Binding's UUID
		sw       string
		gone     bool // northbound
	}
	ids := newWorld(t).ids // a row that stays has the same before and after
	state := func(ports ...port) *stockState {
		w := newWorld(t)
		w.ids = ids
		for i, p := range ports {
			name := fmt.Sprint("p", i+1)
			if !p.gone {
				w.add(w.nb, "Logical_Switch_Port", name, Row{"name": name, "options": ovsdb.Map{{K: "requested-tnl-key", V: p.key}}})
			}
			w.add(w.sb, "Port_Binding", p.binding, Row{"logical_port": name, "datapath": w.id("sw" + p.sw), "type": p.typ,
				"chassis": []ovsdb.UUID{w.id("hv" + p.binding)}, "up": []bool{p.binding == "a"}})
		}
		return &stockState{w.nb, w.sb}
	}
	// Two ports that ask for one key, before and after the first was made anew.
	first, anew, second := port{key: "5", binding: "a"}, port{key: "5", binding: "c"}, port{key: "5", binding: "b"}
	change := func(p port, f func(p *port)) port { f(&p); return p }
	plain := func(p *port) { p.key = "" }
	for _, c := range []struct {
		what          string
		before, after *stockState
		want          []string
	}{
		{"made anew, both ask", state(first, second), state(anew, second), []string{"binding of p1"}},
		{"made anew, the other asked", state(first, second), state(anew, change(second, plain)), []string{"binding of p1"}},
		{"made anew, it asked", state(first, second), state(change(anew, plain), second), []string{"binding of p1"}},
		{"nothing happens", state(first, second), state(first, second), nil},
		{"made anew, it does not ask", state(change(first, plain), second), state(change(anew, plain), second), nil},
		{"made anew, the other does not ask", state(first, change(second, plain)), state(anew, change(second, plain)), nil},
		{"made anew, the other asks for another key", state(first, change(second, func(p *port) { p.key = "6" })),
			state(anew, change(second, func(p *port) { p.key = "6" })), nil},
		{"made anew, the other is of another switch", state(first, change(second, func(p *port) { p.sw = "2" })),
			state(anew, change(second, func(p *port) { p.sw = "2" })), nil},
		{"of another type now", state(first, second), state(change(anew, func(p *port) { p.typ = "virtual" }), second), nil},
		{"of another switch now", state(first, second), state(change(anew, func(p *port) { p.sw = "2" }), second), nil},
		{"gone", state(first, second), state(change(anew, func(p *port) { p.gone = true }), second), nil},
	} {
		ops, what := lostRows(c.before, c.after)
		if !slices.Equal(what, c.want) || len(ops) != len(c.want) {
			t.Errorf("%s: written again: %q, want %q", c.what, what, c.want)
		}
	}
	ops, _ := lostRows(state(first, second), state(anew, second))
	if len(ops) != 1 || len(ops[0].Row) != len(bound) {
		t.Fatalf("a binding is written again by %v, want one update of %v", ops, bound)
	}
	for _, cv := range ops[0].Row {
		if cv.Column == "up" && fmt.Sprint(cv.Value) != "[true]" {
			t.Errorf("up is written again as %v, it was true", cv.Value)
		}
	}
}

// TestLosses: stock's northd does lose what losses says, and the comparison is equal once it is written again. When a later
// version of stock loses nothing any more, lostRows can go.
func TestLosses(t *testing.T) {
	g := newGenerator(1)
	sw, p1, p2 := g.id(), g.id(), g.id()
	port := func(id ovsdb.UUID, name, key string) edit {
		return north(name, ovsdb.Insert(nb.TableLogicalSwitchPort, id, col("name", name), options("options", "requested-tnl-key", key)),
			ovsdb.Mutate(nb.TableLogicalSwitch, sw, ovsdb.Mutation{Column: "ports", Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{id}}))
	}
	p := newPair(t)
	for _, e := range []edit{
		{text: "chassis", south: true, ops: chassisComes("hv1", allFeatures(), "geneve")},
		north("switch", ovsdb.Insert(nb.TableLogicalSwitch, sw, col("name", "sw1"))),
		port(p1, "p1", "5"),
		port(p2, "p2", "6"),
		{text: "bound", south: true, ops: updated(sb.TablePortBinding, byPort("p2"), col("chassis", []ovsdb.UUID{chassisID("hv1", 0)}), col("up", []bool{true}))},
		north("p2 asks for the key of p1", ovsdb.Update(nb.TableLogicalSwitchPort, p2, options("options", "requested-tnl-key", "5"))),
	} {
		if diff, err := p.apply(e); err != nil || len(diff) > 0 {
			t.Fatalf("%s: %v %v", e.text, err, diff)
		}
	}
	if want := "binding of p2"; !slices.Contains(p.repaired, want) {
		t.Errorf("stock lost %q, want %q", p.repaired, want)
	}
	if diff, err := p.compare(); err != nil || len(diff) > 0 {
		t.Errorf("different: %v\n%s", err, strings.Join(diff, "\n"))
	}
}
