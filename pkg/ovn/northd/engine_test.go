package northd

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/feature"
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/tests/oracle"
)

// world is a pair of databases with an engine on them, driven step by step instead of by Run, so that a test says when.
type world struct {
	testing.TB
	nb, sb     *ovsdb.Database
	nbd, sbd   <-chan ovsdb.Delta
	s          *session
	northdLogs *strings.Builder
}

func openDB(t testing.TB, schema []byte) *ovsdb.Database {
	t.Helper()
	s, err := ovsdb.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(s, ovsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newWorld(t testing.TB) *world {
	// With one processor a goroutine that has something to deliver has done so before an empty look of settle is over,
	// even when the operating system stops the thread in the middle of it.
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	return &world{TB: t, nb: openDB(t, nb.SchemaJSON), sb: openDB(t, sb.SchemaJSON), northdLogs: &strings.Builder{}}
}

func (w *world) transact(db *ovsdb.Database, ops ...ovsdb.Op) {
	w.Helper()
	if _, err := db.Transact(w.Context(), ops...); err != nil {
		w.Fatal(describe(err, ops))
	}
}

// start begins a new session, as after a restart.
func (w *world) start() {
	w.Helper()
	log := slog.New(slog.NewTextHandler(w.northdLogs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	tables := map[string][]string{}
	for _, t := range topo.Tables() {
		tables[t] = nil
	}
	var err error
	if w.nbd, err = w.nb.Watch(w.Context(), tables); err != nil {
		w.Fatal(err)
	}
	if w.sbd, err = w.sb.Watch(w.Context(), southTables()); err != nil {
		w.Fatal(err)
	}
	w.s = &session{n: New(Options{NB: w.nb, SB: w.sb, Logger: log}), e: newEngine(log)}
	if err := w.s.start(w.Context(), w.nbd, w.sbd); err != nil {
		w.Fatal(err)
	}
	w.settle()
}

// settle steps until neither database changes any more.
func (w *world) settle() {
	w.Helper()
	for idle := 0; idle < 3; {
		select {
		case d := <-w.nbd:
			w.s.e.applyNB(d.Changes)
		case d := <-w.sbd:
			w.s.e.applySB(d.Changes)
		case <-time.After(200 * time.Microsecond):
			// Deltas come from another goroutine; a few empty looks are enough, since what comes later only means one
			// more settle.
			idle++
			continue
		}
		idle = 0
		if err := w.s.drain(w.nbd, w.sbd); err != nil {
			w.Fatal(err)
		}
		if err := w.s.step(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
}

// contents dumps a database whole, UUIDs included.
func contents(t testing.TB, db *ovsdb.Database) map[string]string {
	t.Helper()
	var ops []ovsdb.Op
	for _, ts := range db.Schema().Tables {
		ops = append(ops, ovsdb.Select(ts.Name))
	}
	res, err := db.Transact(t.Context(), ops...)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for i, ts := range db.Schema().Tables {
		for _, r := range res[i].Rows {
			var b strings.Builder
			for _, c := range ts.Columns {
				if !strings.Contains(c.Name, "_timestamp") {
					fmt.Fprintf(&b, " %s=%v", c.Name, r.At(c.Index))
				}
			}
			out[ts.Name+" "+r.UUID.String()] = b.String()
		}
	}
	return out
}

func compare(t testing.TB, what string, want, got map[string]string) bool {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return true
	}
	n := 0
	for k, v := range want {
		if g, ok := got[k]; !ok {
			t.Errorf("%s: missing %s%s", what, k, v)
			n++
		} else if g != v {
			t.Errorf("%s: %s\n is %s\n not%s", what, k, g, v)
			n++
		}
		if n > 10 {
			return false
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: extra %s%s", what, k, v)
			if n++; n > 20 {
				return false
			}
		}
	}
	return false
}

// checkRestart starts over on the same databases: a full compile has to find everything as the increments left it.
func (w *world) checkRestart(what string) bool {
	w.Helper()
	nbBefore, sbBefore := contents(w, w.nb), contents(w, w.sb)
	w.start()
	return compare(w, what+": southbound after restart", sbBefore, contents(w, w.sb)) &&
		compare(w, what+": northbound after restart", nbBefore, contents(w, w.nb))
}

func scenarios(t testing.TB) []oracle.Scenario {
	t.Helper()
	all, err := oracle.Scenarios(filepath.Join("..", "..", "..", "tests", "oracle", "testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (w *world) load(sc oracle.Scenario) {
	w.Helper()
	nbOps, sbOps, err := sc.Load(w.nb.Schema(), w.sb.Schema())
	if err != nil {
		w.Fatal(err)
	}
	if len(nbOps) > 0 {
		w.transact(w.nb, nbOps...)
	}
	if len(sbOps) > 0 {
		w.transact(w.sb, sbOps...)
	}
}

func TestRestartChangesNothing(t *testing.T) {
	for _, sc := range scenarios(t) {
		t.Run(sc.Name, func(t *testing.T) {
			w := newWorld(t)
			w.load(sc)
			w.start()
			w.checkRestart(sc.Name)
			for line := range strings.Lines(w.northdLogs.String()) {
				// Some scenarios have rows that make no sense.
				if !strings.Contains(line, `msg="leaving out a row"`) {
					t.Error(line)
				}
			}
		})
	}
}

// TestIncrementalEqualsFull edits every scenario at random and checks that a full compile agrees with the increments.
func TestIncrementalEqualsFull(t *testing.T) {
	const edits = 12
	for i, sc := range scenarios(t) {
		t.Run(sc.Name, func(t *testing.T) {
			w := newWorld(t)
			w.load(sc)
			w.start()
			e := newEditor(t, w.nb, uint64(i))
			for n := range edits {
				var what string
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("edit %d: %s", n, what)
					}
				})
				for range 1 + e.rand.IntN(3) { // one to three edits in a row before anybody looks
					step, ops := e.edit()
					what += step + "; "
					if len(ops) > 0 {
						w.transact(w.nb, ops...)
					}
				}
				w.settle()
				if !w.checkRestart(fmt.Sprintf("edit %d: %s", n, what)) {
					return
				}
			}
			if strings.Contains(w.northdLogs.String(), "panick") {
				t.Error(w.northdLogs)
			}
		})
	}
}

// editor makes random valid changes of a database: rows go and come back, columns are emptied and filled again.
type editor struct {
	testing.TB
	db      *ovsdb.Database
	rand    *rand.Rand
	rows    []*editRow
	byUUID  map[ovsdb.UUID]*editRow
	current map[ovsdb.UUID]*ovsdb.Row
}

type editRow struct {
	*ovsdb.Row
	table   *ovsdb.TableSchema
	absent  bool
	emptied map[string]bool
}

func newEditor(t testing.TB, db *ovsdb.Database, seed uint64) *editor {
	e := &editor{TB: t, db: db, rand: rand.New(rand.NewPCG(seed, 7)), byUUID: map[ovsdb.UUID]*editRow{}}
	e.read()
	for _, r := range e.current {
		if r.Table().Name == nb.TableNBGlobal {
			continue
		}
		x := &editRow{Row: r, table: r.Table(), emptied: map[string]bool{}}
		e.rows = append(e.rows, x)
		e.byUUID[r.UUID] = x
	}
	slices.SortFunc(e.rows, func(a, b *editRow) int { return a.UUID.Compare(b.UUID) })
	return e
}

func (e *editor) read() {
	e.current = map[ovsdb.UUID]*ovsdb.Row{}
	for _, ts := range e.db.Schema().Tables {
		res, err := e.db.Transact(e.Context(), ovsdb.Select(ts.Name))
		if err != nil {
			e.Fatal(err)
		}
		for _, r := range res[0].Rows {
			e.current[r.UUID] = r
		}
	}
}

// fixed are columns that northd writes, or without which a row makes no sense.
var fixed = map[string]bool{"name": true, "up": true, "nb_cfg": true, "sb_cfg": true, "hv_cfg": true, "dynamic_addresses": true,
	"status": true, "external_ids": true, "nb_cfg_timestamp": true, "sb_cfg_timestamp": true, "hv_cfg_timestamp": true}

func (e *editor) edit() (string, []ovsdb.Op) {
	e.read()
	if len(e.rows) == 0 {
		return "nothing", nil
	}
	r := e.rows[e.rand.IntN(len(e.rows))]
	var what string
	if columns := e.columns(r); e.rand.IntN(2) == 0 && len(columns) > 0 {
		c := columns[e.rand.IntN(len(columns))]
		r.emptied[c] = !r.emptied[c]
		what = fmt.Sprintf("%s %s.%s emptied=%t", r.table.Name, r.UUID, c, r.emptied[c])
	} else {
		r.absent = !r.absent
		what = fmt.Sprintf("%s %s absent=%t", r.table.Name, r.UUID, r.absent)
	}
	return what, e.converge()
}

// columns are those whose emptiness the schema allows.
func (e *editor) columns(r *editRow) []string {
	var out []string
	for _, c := range r.table.Columns {
		if v := r.At(c.Index); !fixed[c.Name] && c.Type.Min == 0 && !ovsdb.Equal(v, c.Default()) {
			out = append(out, c.Name)
		}
	}
	return out
}

// present says which rows exist: those that are not absent and, unless they are roots, somebody present refers to.
func (e *editor) present() map[ovsdb.UUID]bool {
	out := map[ovsdb.UUID]bool{}
	var add func(r *editRow)
	add = func(r *editRow) {
		if r.absent || out[r.UUID] {
			return
		}
		for _, c := range r.table.Columns { // a set that may not become empty
			if c.Type.Key.RefType == "strong" && c.Type.Min == 1 {
				alive := func(u ovsdb.UUID) bool { return e.byUUID[u] == nil || !e.byUUID[u].absent }
				if !slices.ContainsFunc(uuids(r.At(c.Index)), alive) {
					return
				}
			}
		}
		out[r.UUID] = true
		for _, c := range r.table.Columns {
			if c.Type.Key.RefType != "strong" || r.emptied[c.Name] {
				continue
			}
			for _, u := range uuids(r.At(c.Index)) {
				if x := e.byUUID[u]; x != nil && !x.table.IsRoot {
					add(x)
				}
			}
		}
	}
	for _, r := range e.rows {
		if r.table.IsRoot {
			add(r)
		}
	}
	return out
}

func uuids(v ovsdb.Value) []ovsdb.UUID {
	switch v := v.(type) {
	case ovsdb.UUID:
		return []ovsdb.UUID{v}
	case []ovsdb.UUID:
		return v
	}
	return nil
}

// converge returns the operations that lead from what is to what should be.
func (e *editor) converge() []ovsdb.Op {
	present := e.present()
	var ops []ovsdb.Op
	for _, r := range e.rows {
		have := e.current[r.UUID]
		if !present[r.UUID] {
			if have != nil && r.table.IsRoot {
				ops = append(ops, ovsdb.Delete(r.table.Name, r.UUID))
			}
			continue
		}
		var cols []ovsdb.ColumnValue
		for _, c := range r.table.Columns {
			if have != nil && fixed[c.Name] {
				continue
			}
			want := r.At(c.Index)
			if r.emptied[c.Name] {
				want = c.Default()
			}
			if set, ok := want.([]ovsdb.UUID); ok && c.Type.Key.RefTable != "" {
				set = slices.DeleteFunc(slices.Clone(set), func(u ovsdb.UUID) bool { return !present[u] })
				if len(set) == 0 {
					set = nil
				}
				want = set
			}
			old := c.Default()
			if have != nil {
				old = have.At(c.Index)
			}
			if !ovsdb.Equal(want, old) {
				cols = append(cols, ovsdb.ColumnValue{Column: c.Name, Value: want})
			}
		}
		if have == nil {
			ops = append(ops, ovsdb.Insert(r.table.Name, r.UUID, cols...))
		} else if len(cols) > 0 {
			ops = append(ops, ovsdb.Update(r.table.Name, r.UUID, cols...))
		}
	}
	return ops
}

// TestPanicIsolation checks that a feature that panics on one unit leaves the others, and this unit's former flows, alone.
func TestPanicIsolation(t *testing.T) {
	w := newWorld(t)
	w.load(oracle.Scenario{Name: "01", Dir: filepath.Join("..", "..", "..", "tests", "oracle", "testdata", "golden", "01-ls-2ports")})
	w.start()
	before := contents(t, w.sb)
	broken := false
	w.s.e.features = append(w.s.e.features, feature.Feature{Name: "broken", SwitchPort: func(p *topo.SwitchPort, b *feature.Builder) {
		b.Add(p.DP, lflow.SwitchInQoS, 1, "new", "next;")
		if broken = p.Name == "p1"; broken {
			panic("boom")
		}
	}})
	for id, r := range rowsOf(t, w.nb, nb.TableLogicalSwitchPort) {
		w.transact(w.nb, ovsdb.Update(nb.TableLogicalSwitchPort, id, col(nb.LogicalSwitchPortColAddresses,
			[]string{"0a:00:00:00:00:9" + r.String("name")[1:]})))
	}
	w.settle()
	if logs := w.northdLogs.String(); strings.Count(logs, "compiling unit panicked") != 1 || !strings.Contains(logs, "boom") {
		t.Errorf("the panic is not logged once: %s", logs)
	}
	after := contents(t, w.sb)
	var kept, changed bool
	for k, v := range before {
		if !strings.HasPrefix(k, sb.TableLogicalFlow) {
			continue
		}
		if strings.Contains(v, "eth.dst == 0a:00:00:00:00:01 ") {
			kept = after[k] == v
		}
		if strings.Contains(v, "eth.dst == 0a:00:00:00:00:02 ") {
			_, there := after[k]
			changed = !there
		}
	}
	if !kept || !changed {
		t.Errorf("flows of the broken unit kept: %t; flows of the other changed: %t", kept, changed)
	}
}

func rowsOf(t testing.TB, db *ovsdb.Database, table string) map[ovsdb.UUID]*ovsdb.Row {
	t.Helper()
	res, err := db.Transact(t.Context(), ovsdb.Select(table))
	if err != nil {
		t.Fatal(err)
	}
	out := map[ovsdb.UUID]*ovsdb.Row{}
	for _, r := range res[0].Rows {
		out[r.UUID] = r
	}
	return out
}

// TestRun checks the component as a whole: ready, nb_cfg to sb_cfg, and a return when it is told to.
func TestRun(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- New(Options{NB: w.nb, SB: w.sb}).Run(ctx, func() { close(ready) }) }()
	<-ready
	deltas, err := w.nb.Watch(ctx, map[string][]string{nb.TableNBGlobal: nil})
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	for d := range deltas {
		g := nb.NewNBGlobal(d.Changes[0].New)
		if !sent {
			sent = true
			w.transact(w.nb, ovsdb.Update(nb.TableNBGlobal, g.UUID, col(nb.NBGlobalColNBCfg, int64(7))))
		}
		if g.SBCfg == 7 && g.HvCfg == 7 && g.SBCfgTimestamp > 0 && g.NBCfgTimestamp > 0 {
			if g.HvCfgTimestamp != 0 {
				t.Errorf("hv_cfg_timestamp is %d without a chassis", g.HvCfgTimestamp)
			}
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestSameName gives a switch port and a router port one name: the first keeps it, the second gets it when it is free.
func TestSameName(t *testing.T) {
	w := newWorld(t)
	w.start()
	lsp := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: "x"}
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw", Ports: []ovsdb.UUID{lsp.UUID}}
	w.transact(w.nb, nb.Insert(lsp), nb.Insert(ls))
	w.settle()
	lrp := &nb.LogicalRouterPort{UUID: ovsdb.NewUUID(), Name: "x", MAC: "0a:00:00:00:00:01", Networks: []string{"10.0.0.1/24"}}
	lr := &nb.LogicalRouter{UUID: ovsdb.NewUUID(), Name: "lr", Ports: []ovsdb.UUID{lrp.UUID}}
	w.transact(w.nb, nb.Insert(lrp), nb.Insert(lr))
	w.settle()
	datapath := func() ovsdb.UUID {
		rows := rowsOf(t, w.sb, sb.TablePortBinding)
		if len(rows) != 1 {
			t.Fatalf("%d Port_Bindings, want 1", len(rows))
		}
		for _, r := range rows {
			return sb.NewPortBinding(r).Datapath
		}
		return ovsdb.UUID{}
	}
	if datapath() != ls.UUID {
		t.Error("the second port took the name")
	}
	if !strings.Contains(w.northdLogs.String(), "naming port x: another logical port has that name") {
		t.Errorf("the conflict is not logged: %s", w.northdLogs)
	}
	w.transact(w.nb, ovsdb.Delete(nb.TableLogicalSwitch, ls.UUID))
	w.settle()
	if datapath() != lr.UUID {
		t.Error("the second port did not get the free name")
	}
	w.checkRestart("same name")
}

// panicking is a database whose first transaction panics.
type panicking struct {
	ovsdb.DB
	done bool
}

func (p *panicking) Transact(ctx context.Context, ops ...ovsdb.Op) ([]ovsdb.Result, error) {
	if !p.done {
		p.done = true
		panic("boom")
	}
	return p.DB.Transact(ctx, ops...)
}

func TestSessionPanic(t *testing.T) {
	w := newWorld(t)
	log := slog.New(slog.NewTextHandler(w.northdLogs, nil))
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- New(Options{NB: w.nb, SB: &panicking{DB: w.sb}, Logger: log}).Run(ctx, func() { close(ready) })
	}()
	<-ready
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.northdLogs.String(), "panic: boom") {
		t.Errorf("the panic is not logged: %s", w.northdLogs)
	}
}

// TestWarnings: a row that is left out is named once, with the reason, and again when it has been put right and wrong once more.
func TestWarnings(t *testing.T) {
	w := newWorld(t)
	lr, route := ovsdb.NewUUID(), ovsdb.NewUUID()
	nexthop := func(s string) ovsdb.Op {
		return ovsdb.Update(nb.TableLogicalRouterStaticRoute, route, ovsdb.ColumnValue{Column: nb.LogicalRouterStaticRouteColNexthop, Value: s})
	}
	w.start()
	w.transact(w.nb, ovsdb.Insert(nb.TableLogicalRouterStaticRoute, route,
		ovsdb.ColumnValue{Column: nb.LogicalRouterStaticRouteColIPPrefix, Value: "10.0.0.0/8"},
		ovsdb.ColumnValue{Column: nb.LogicalRouterStaticRouteColNexthop, Value: "nonsense"}),
		ovsdb.Insert(nb.TableLogicalRouter, lr, ovsdb.ColumnValue{Column: nb.LogicalRouterColName, Value: "r"},
			ovsdb.ColumnValue{Column: nb.LogicalRouterColStaticRoutes, Value: []ovsdb.UUID{route}}))
	w.settle()
	const want = "static route 10.0.0.0/8 via nonsense of router r: nexthop is no address"
	if n := strings.Count(w.northdLogs.String(), want); n != 1 {
		t.Errorf("the route is named %d times: %s", n, w.northdLogs)
	}
	w.transact(w.nb, nexthop("discard"))
	w.settle()
	w.transact(w.nb, nexthop("nonsense"))
	w.settle()
	if n := strings.Count(w.northdLogs.String(), want); n != 2 {
		t.Errorf("the route is named %d times: %s", n, w.northdLogs)
	}
}
