package oracle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// script writes the operations of an edit as commands of ovn-nbctl or ovn-sbctl, for TestScript and for a scenario's nb.sh.
// Southbound rows that northd made have another UUID and key at each central, so they are looked up by name; side is one where
// the operations are about to be applied.
func script(side *oracleSide, south bool, ops []ovsdb.Op) string {
	tool := "ovn-nbctl"
	if south {
		tool = "ovn-sbctl"
	}
	var cmds, lookups []string
	for _, op := range ops {
		var words []string
		rows := []string{""} // of what the operation is about
		id, byID := conditionID(op.Where)
		switch {
		case op.Kind == ovsdb.OpInsert:
		case byID:
			rows = []string{id.String()}
		default:
			find := tool + " --bare --columns=_uuid find " + op.Table
			for _, c := range op.Where {
				find += " " + c.Column + "=" + quoted(side, op.Table, c.Column, c.Value)
			}
			lookups = append(lookups, fmt.Sprintf("for r in $(%s); do ", find))
			rows = []string{"$r"}
		}
		row := rows[0]
		columns := func(cols []ovsdb.ColumnValue) {
			for _, c := range cols {
				words = append(words, c.Column+"="+quoted(side, op.Table, c.Column, c.Value))
			}
		}
		switch op.Kind {
		case ovsdb.OpInsert:
			if !op.UUID.IsZero() {
				words = append(words, "--id="+op.UUID.String())
			}
			words = append(words, "create", op.Table)
			columns(op.Row)
			if len(op.Row) == 0 {
				words = append(words, "external_ids={}") // the tools want a column
			}
		case ovsdb.OpUpdate:
			words = append(words, "set", op.Table, row)
			columns(op.Row)
		case ovsdb.OpDelete:
			words = append(words, "destroy", op.Table, row)
		case ovsdb.OpMutate:
			for i, m := range op.Mutations {
				if i > 0 {
					words = append(words, "--")
				}
				verb := "add"
				if m.Mutator == ovsdb.MutDelete {
					verb = "remove"
				}
				words = append(words, verb, op.Table, row, m.Column)
				v := atom(m.Value)
				if strings.HasPrefix(v, "[") || strings.HasPrefix(v, "{") {
					v = v[1 : len(v)-1]
				}
				words = append(words, shellQuoted(v))
			}
		}
		cmd := strings.Join(words, " ")
		if row == "$r" {
			n := len(lookups) - 1
			lookups[n] += tool + " " + cmd + "; done"
			continue
		}
		cmds = append(cmds, cmd)
	}
	out := lookups
	if len(cmds) > 0 {
		out = append(out, tool+" "+strings.Join(cmds, " -- "))
	}
	if south {
		out = append(out, "ovn-nbctl sync")
	}
	return strings.Join(out, "\n")
}

// conditionID is the UUID of a condition that names one row.
func conditionID(where []ovsdb.Condition) (ovsdb.UUID, bool) {
	if len(where) != 1 || where[0].Column != "_uuid" {
		return ovsdb.UUID{}, false
	}
	id, ok := where[0].Value.(ovsdb.UUID)
	return id, ok
}

// quoted is a value as the tools read it, in quotes for the shell, or a command that looks it up.
func quoted(side *oracleSide, table, column string, v ovsdb.Value) string {
	if side != nil {
		switch x := v.(type) {
		case ovsdb.UUID:
			if s := lookup(side, x); s != "" {
				return s
			}
		case []ovsdb.UUID:
			if len(x) == 1 {
				if s := lookup(side, x[0]); s != "" {
					return s
				}
			}
		case int64:
			if table == sb.TableFDB && column == "dp_key" {
				if r := side.first(sb.TableDatapathBinding, ovsdb.Condition{Column: "tunnel_key", Function: ovsdb.Eq, Value: x}); r != nil {
					m, _ := r.Get("external_ids").(ovsdb.Map)
					return "$(ovn-sbctl --bare --columns=tunnel_key find Datapath_Binding external_ids:name=" + m.StringMap()["name"] + ")"
				}
			}
			if table == sb.TableFDB && column == "port_key" {
				return strconv.FormatInt(x, 10) // the text of the edit names the port
			}
		}
	}
	return shellQuoted(atom(v))
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// lookup is a command that finds the row which has the UUID at a side.
func lookup(side *oracleSide, id ovsdb.UUID) string {
	if r := side.southRow(sb.TableDatapathBinding, id); r != nil {
		m, _ := r.Get("external_ids").(ovsdb.Map)
		return "$(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=" + m.StringMap()["name"] + ")"
	}
	if r := side.southRow(sb.TablePortBinding, id); r != nil {
		return "$(ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=" + r.String("logical_port") + ")"
	}
	return ""
}

// atom is a value in the notation of ovn-nbctl(8).
func atom(v ovsdb.Value) string {
	list := func(n int, at func(i int) string) string {
		var out []string
		for i := range n {
			out = append(out, at(i))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []string:
		return list(len(v), func(i int) string { return strconv.Quote(v[i]) })
	case []ovsdb.UUID:
		return list(len(v), func(i int) string { return v[i].String() })
	case []int64:
		return list(len(v), func(i int) string { return strconv.FormatInt(v[i], 10) })
	case []bool:
		return list(len(v), func(i int) string { return strconv.FormatBool(v[i]) })
	case ovsdb.Map:
		s := list(len(v), func(i int) string { return atom(v[i].K) + "=" + atom(v[i].V) })
		return "{" + s[1:len(s)-1] + "}"
	}
	return fmt.Sprint(v)
}

// TestScriptOfEdits plays what script writes to a stock database: it ends as the operations themselves do.
func TestScriptOfEdits(t *testing.T) {
	p := newPair(t)
	g := newGenerator(4)
	for range 40 {
		if err := g.look(p.ctx, p.kove.nb); err != nil {
			t.Fatal(err)
		}
		e := g.next()
		if e.south || e.restart {
			continue
		}
		ops := e.ops(p.kove)
		if _, err := p.kove.nb.Transact(p.ctx, ops...); err != nil {
			continue
		}
		if _, err := p.sockets.try(script(p.kove, e.south, ops)); err != nil {
			t.Fatalf("%s: %v", e.text, err)
		}
	}
	if err := p.kove.sync(); err != nil {
		t.Fatal(err)
	}
	if err := p.stock.sync(); err != nil {
		t.Fatal(err)
	}
	var texts [2][]string
	for i, s := range []*oracleSide{p.stock, p.kove} {
		d, err := FromDB(p.ctx, s.nb)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range d.Schema.Tables {
			if table.Name == nb.TableNBGlobal || table.Name == nb.TableConnection {
				continue
			}
			for id, r := range d.Tables[table.Name] {
				var cols []string
				for _, c := range table.Columns {
					if !slices.Contains(centralWrites[table.Name], c.Name) {
						cols = append(cols, fmt.Sprint(c.Name, "=", r[c.Name]))
					}
				}
				texts[i] = append(texts[i], fmt.Sprint(table.Name, " ", id, " ", cols))
			}
		}
		slices.Sort(texts[i])
	}
	if missing, extra := lineDiff(strings.Join(texts[0], "\n"), strings.Join(texts[1], "\n")); len(missing)+len(extra) > 0 {
		t.Errorf("the script made (-) what the operations do not (+):\n%s\n%s", strings.Join(missing, "\n"), strings.Join(extra, "\n"))
	}
}
