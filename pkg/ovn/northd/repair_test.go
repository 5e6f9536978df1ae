package northd

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/tests/oracle"
)

// owned prints the rows that northd owns, table by table.
func (w *world) owned() map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(southTables())) {
		info, ok := tables[name]
		if !ok {
			continue // of chassis
		}
		for id, r := range rowsOf(w, w.sb, name) {
			var b strings.Builder
			for _, c := range append(slices.Clone(info.columns), info.members...) {
				fmt.Fprintf(&b, " %s=%v", c, r.Get(c))
			}
			out[name+" "+id.String()] = b.String()
		}
	}
	return out
}

// TestRepair lets somebody else remove and empty rows of every table that northd writes, and add some: all is put right at once.
func TestRepair(t *testing.T) {
	reached := map[string]bool{}
	for _, name := range []string{"10-portgroup-addrset", "17-lb-health-check", "19-lb-template", "25-ecmp-symmetric", "108-ecmp-symmetric-routers", "26-bfd-routes", "31-dns",
		"35-copp-meters", "36-mirror", "37-ha-chassis-group", "38-mcast-snoop", "53-dynamic-routing", "139-static-mac-bindings", "157-nested-and-up"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.load(oracle.Scenario{Name: name, Dir: filepath.Join("..", "..", "..", "tests", "oracle", "testdata", "golden", name)})
			w.start()
			right := w.owned()
			try := func(what, table string, ops ...ovsdb.Op) {
				t.Helper()
				if _, err := w.sb.Transact(t.Context(), ops...); err != nil {
					return // the database does not let it happen
				}
				if maps.Equal(right, w.owned()) {
					return // nothing that is ours
				}
				w.settle()
				reached[table] = true
				is := w.owned()
				for k := range is {
					if right[k] != is[k] {
						t.Errorf("%s: %s is %s, was %s", what, k, is[k], right[k])
					}
				}
				for k := range right {
					if _, ok := is[k]; !ok {
						t.Errorf("%s: %s is gone", what, k)
					}
				}
				w.checkRestart(what)
				right = w.owned()
			}
			for _, row := range slices.Sorted(maps.Keys(right)) {
				table, uuid, _ := strings.Cut(row, " ")
				if reached[table] {
					continue
				}
				id, _ := ovsdb.ParseUUID(uuid)
				row := rowsOf(t, w.sb, table)[id]
				if where, _ := row.Get(sb.PortBindingColChassis).([]ovsdb.UUID); table != sb.TablePortBinding || len(where) == 0 {
					try("deleting "+table, table, ovsdb.Delete(table, id)) // where it was bound is lost
				}
				for _, c := range append(slices.Clone(tables[table].columns), tables[table].members...) {
					try("emptying "+table+"."+c, table, ovsdb.Update(table, id, col(c, zeroOf(row.Get(c)))))
				}
				var cols []ovsdb.ColumnValue
				for _, c := range append(slices.Clone(tables[table].columns), tables[table].members...) {
					v := row.Get(c)
					if s, ok := v.(string); ok && (c == "name" || c == "logical_port" || c == "chassis" || c == "ip_prefix") {
						v = s + "1"
					}
					if n, ok := v.(int64); ok && c == "tunnel_key" {
						v = n + 100
					}
					cols = append(cols, col(c, v))
				}
				try("another "+table, table, ovsdb.Insert(table, ovsdb.NewUUID(), cols...))
			}
		})
	}
	for name := range repairedSB() {
		if !reached[name] && name != sb.TableFDB {
			t.Errorf("%s is not tried", name)
		}
	}
}

// TestLostMAC: an FDB row about no port goes at once, one about a port stays.
func TestLostMAC(t *testing.T) {
	w := newWorld(t)
	w.load(oracle.Scenario{Name: "01", Dir: filepath.Join("..", "..", "..", "tests", "oracle", "testdata", "golden", "01-ls-2ports")})
	w.start()
	var stays ovsdb.UUID
	for _, pb := range rowsOf(t, w.sb, sb.TablePortBinding) {
		dp, _ := pb.Get(sb.PortBindingColDatapath).(ovsdb.UUID)
		key := rowsOf(t, w.sb, sb.TableDatapathBinding)[dp].Get(sb.DatapathBindingColTunnelKey).(int64)
		stays = ovsdb.NewUUID()
		for i, k := range []int64{pb.Get(sb.PortBindingColTunnelKey).(int64), 999} {
			w.transact(w.sb, ovsdb.Insert(sb.TableFDB, [2]ovsdb.UUID{stays, ovsdb.NewUUID()}[i], col(sb.FDBColMAC, fmt.Sprintf("0a:00:00:00:00:0%d", i)),
				col(sb.FDBColDPKey, key), col(sb.FDBColPortKey, k)))
		}
		break
	}
	w.settle()
	if rows := rowsOf(t, w.sb, sb.TableFDB); len(rows) != 1 || rows[stays] == nil {
		t.Errorf("FDB has %d rows, want the one of a port", len(rows))
	}
}
