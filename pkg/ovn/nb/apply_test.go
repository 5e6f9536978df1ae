package nb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

type fixture struct {
	*testing.T
	db      ovsdb.DB
	applier *nb.Applier
}

func start(t *testing.T) *fixture {
	schema, err := ovsdb.ParseSchema(nb.SchemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(schema, ovsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := &fixture{T: t, db: db}
	f.restart()
	return f
}

// restart replaces the Applier, as a new process would.
func (f *fixture) restart() {
	f.applier = nb.NewApplier(f.db, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(f.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- f.applier.Run(ctx, func() { close(ready) }) }()
	<-ready
	f.Cleanup(func() {
		cancel()
		<-done
	})
}

func (f *fixture) apply(owner nb.Owner, d nb.Desired) {
	f.Helper()
	if err := f.applier.Apply(f.Context(), owner, d); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) rows(table string) map[string]*ovsdb.Row {
	f.Helper()
	results, err := f.db.Transact(f.Context(), ovsdb.Select(table))
	if err != nil {
		f.Fatal(err)
	}
	out := map[string]*ovsdb.Row{}
	for _, r := range results[0].Rows {
		name := r.String("name")
		if r.Table().Column("name") == nil {
			name = r.UUID.String()
		}
		out[name] = r
	}
	return out
}

var (
	subnet = nb.Owner{Kind: "Subnet", Name: "s"}
	vpc    = nb.Owner{Kind: "Vpc", Name: "v"}
	node   = nb.Owner{Kind: "Node", Name: "n"}
)

func pod(name string) nb.Owner { return nb.Owner{Kind: "Pod", Namespace: "default", Name: name} }

func port(name, ls string, addresses ...string) nb.Row {
	return nb.Row{Parent: nb.Parent{Table: nb.TableLogicalSwitch, Name: ls}, Model: &nb.LogicalSwitchPort{Name: name, Addresses: addresses}}
}

func base(f *fixture) {
	f.apply(vpc, nb.Desired{Rows: []nb.Row{{Model: &nb.LogicalRouter{Name: "v"}}, {Model: &nb.LoadBalancer{Name: "lb"}}}})
	f.apply(subnet, nb.Desired{Rows: []nb.Row{
		{Model: &nb.LogicalSwitch{Name: "s"}, Refs: map[string][]string{nb.LogicalSwitchColLoadBalancer: {"lb"}}},
		port("s-v", "s", "router"),
	}})
	f.apply(node, nb.Desired{Rows: []nb.Row{{Model: &nb.PortGroup{Name: "g1"}}, {Model: &nb.PortGroup{Name: "g2"}}}})
}

func ids(r *ovsdb.Row, column string) int {
	v, _ := r.Get(column).([]ovsdb.UUID)
	return len(v)
}

func TestCreateUpdateDelete(t *testing.T) {
	f := start(t)
	base(f)
	if n := ids(f.rows("Logical_Switch")["s"], "load_balancer"); n != 1 {
		t.Fatalf("the switch refers to %d load balancers", n)
	}

	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s", "m 10.0.0.2")}, Members: []nb.Member{{Group: "g1", Port: "a"}}})
	a := f.rows("Logical_Switch_Port")["a"]
	if a == nil || ids(f.rows("Logical_Switch")["s"], "ports") != 2 || ids(f.rows("Port_Group")["g1"], "ports") != 1 {
		t.Fatal("the port is not where it should be")
	}

	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s", "m 10.0.0.3")}, Members: []nb.Member{{Group: "g2", Port: "a"}}})
	again := f.rows("Logical_Switch_Port")["a"]
	if again.UUID != a.UUID {
		t.Fatal("an update replaced the row")
	}
	if got := fmt.Sprint(again.Get("addresses")); got != "[m 10.0.0.3]" {
		t.Fatalf("addresses are %s", got)
	}
	if ids(f.rows("Port_Group")["g1"], "ports") != 0 || ids(f.rows("Port_Group")["g2"], "ports") != 1 {
		t.Fatal("the membership did not move")
	}

	f.apply(pod("a"), nb.Desired{})
	if f.rows("Logical_Switch_Port")["a"] != nil || ids(f.rows("Logical_Switch")["s"], "ports") != 1 || ids(f.rows("Port_Group")["g2"], "ports") != 0 {
		t.Fatal("something of the port is left")
	}
}

func TestMoveToAnotherSwitch(t *testing.T) {
	f := start(t)
	base(f)
	f.apply(nb.Owner{Kind: "Subnet", Name: "t"}, nb.Desired{Rows: []nb.Row{{Model: &nb.LogicalSwitch{Name: "t"}}}})
	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s")}})
	before := f.rows("Logical_Switch_Port")["a"].UUID
	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "t")}})
	switches := f.rows("Logical_Switch")
	if f.rows("Logical_Switch_Port")["a"].UUID != before || ids(switches["s"], "ports") != 1 || ids(switches["t"], "ports") != 1 {
		t.Fatal("the port did not move")
	}
	f.apply(pod("a"), nb.Desired{})
	if f.rows("Logical_Switch_Port")["a"] != nil {
		t.Fatal("the moved port is left")
	}
}

func TestSecondApplyWritesNothing(t *testing.T) {
	f := start(t)
	base(f)
	d := nb.Desired{
		Rows:    []nb.Row{port("a", "s", "m 10.0.0.2")},
		Members: []nb.Member{{Group: "g1", Port: "a"}}, VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "10.43.0.1:443", Backends: "10.0.0.2:6443"}},
	}
	f.apply(pod("a"), d)
	version := func() (out []string) {
		for _, table := range []string{"Logical_Switch", "Logical_Switch_Port", "Port_Group", "Load_Balancer"} {
			for name, r := range f.rows(table) {
				out = append(out, name+r.Version().String())
			}
		}
		return out
	}
	before := map[string]bool{}
	for _, v := range version() {
		before[v] = true
	}
	f.apply(pod("a"), d)
	f.restart()
	f.apply(pod("a"), d)
	for _, v := range version() {
		if !before[v] {
			t.Errorf("row changed: %s", v)
		}
	}
}

func TestForeignRowsStay(t *testing.T) {
	f := start(t)
	ls, lsp, pg, lb := ovsdb.NewUUID(), ovsdb.NewUUID(), ovsdb.NewUUID(), ovsdb.NewUUID()
	cv := func(c string, v any) ovsdb.ColumnValue { return ovsdb.ColumnValue{Column: c, Value: v} }
	if _, err := f.db.Transact(t.Context(),
		ovsdb.Insert("Logical_Switch", ls, cv("name", "theirs"), cv("ports", []ovsdb.UUID{lsp})),
		ovsdb.Insert("Logical_Switch_Port", lsp, cv("name", "their-port")),
		ovsdb.Insert("Port_Group", pg, cv("name", "their_group")),
		ovsdb.Insert("Load_Balancer", lb, cv("name", "their-lb"), cv("vips", ovsdb.NewStringMap(map[string]string{"1.1.1.1:1": "2.2.2.2:2"}))),
	); err != nil {
		t.Fatal(err)
	}
	base(f)
	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s")}})
	// Someone puts kove's port into a group of their own, and marks nothing.
	if _, err := f.db.Transact(t.Context(), ovsdb.Mutate("Port_Group", pg, ovsdb.Mutation{
		Column: "ports", Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{f.rows("Logical_Switch_Port")["a"].UUID},
	})); err != nil {
		t.Fatal(err)
	}
	f.restart()
	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s")}})
	if ids(f.rows("Port_Group")["their_group"], "ports") != 1 {
		t.Error("a foreign port group lost its member")
	}
	if _, err := f.applier.Prune(t.Context(), func(nb.Owner) bool { return false }, func(string, string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(f.rows("Logical_Switch")), len(f.rows("Logical_Switch_Port")), len(f.rows("Port_Group")), len(f.rows("Load_Balancer"))); got != "1 1 1 1" {
		t.Errorf("after pruning every owner there are %s rows, want only the foreign ones", got)
	}
	if v, _ := f.rows("Load_Balancer")["their-lb"].Get("vips").(ovsdb.Map); len(v) != 1 {
		t.Error("a foreign load balancer lost its entry")
	}

	var conflict *nb.ConflictError
	err := f.applier.Apply(t.Context(), subnet, nb.Desired{Rows: []nb.Row{{Model: &nb.LogicalSwitch{Name: "theirs"}}}})
	if !errors.As(err, &conflict) {
		t.Errorf("taking a foreign name gave %v", err)
	}
}

func TestVIPs(t *testing.T) {
	f := start(t)
	base(f)
	a, b := nb.Owner{Kind: "Service", Namespace: "d", Name: "a"}, nb.Owner{Kind: "Service", Namespace: "d", Name: "b"}
	vips := func() string {
		v, _ := f.rows("Load_Balancer")["lb"].Get("vips").(ovsdb.Map)
		return fmt.Sprint(v.StringMap())
	}
	f.apply(a, nb.Desired{VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "1:1", Backends: "x"}, {LoadBalancer: "lb", VIP: "1:2", Backends: "x"}}})
	f.apply(b, nb.Desired{VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "2:1", Backends: "y"}}})
	f.apply(a, nb.Desired{VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "1:1", Backends: "z"}}})
	if got := vips(); got != "map[1:1:z 2:1:y]" {
		t.Fatalf("entries are %s", got)
	}
	var conflict *nb.ConflictError
	if err := f.applier.Apply(t.Context(), a, nb.Desired{VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "2:1", Backends: "z"}}}); !errors.As(err, &conflict) {
		t.Fatalf("taking another's entry gave %v", err)
	}
	f.restart()
	f.apply(b, nb.Desired{VIPs: []nb.VIP{{LoadBalancer: "lb", VIP: "2:1", Backends: "y"}}})
	if _, err := f.applier.Prune(t.Context(), func(nb.Owner) bool { return true }, func(_, vip string) bool { return vip == "2:1" }); err != nil {
		t.Fatal(err)
	}
	if got := vips(); got != "map[2:1:y]" {
		t.Fatalf("after pruning entries are %s", got)
	}
	f.apply(b, nb.Desired{})
	if got := vips(); got != "map[]" {
		t.Fatalf("at the end entries are %s", got)
	}
}

func TestMissingIsWaitedFor(t *testing.T) {
	f := start(t)
	var missing *nb.MissingError
	err := f.applier.Apply(t.Context(), pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s")}})
	if !errors.As(err, &missing) || missing.Table != "Logical_Switch" || missing.Name != "s" {
		t.Fatalf("got %v", err)
	}
	there := make(chan struct{})
	f.applier.WhenPresent(missing.Table, missing.Name, func() { close(there) })
	base(f)
	<-there
	f.apply(pod("a"), nb.Desired{Rows: []nb.Row{port("a", "s")}})
}

// A refused transaction fails its owner alone, although others were to be committed with it.
func TestCulpritFailsAlone(t *testing.T) {
	f := start(t)
	base(f)
	var wg sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		wg.Go(func() {
			row := port(fmt.Sprint("p", i), "s")
			if i == 7 {
				tag := int64(99999) // outside the schema's range
				row.Model.(*nb.LogicalSwitchPort).TagRequest = &tag
			}
			errs[i] = f.applier.Apply(t.Context(), pod(fmt.Sprint(i)), nb.Desired{Rows: []nb.Row{row}})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 7) {
			t.Errorf("owner %d: %v", i, err)
		}
	}
	if n := ids(f.rows("Logical_Switch")["s"], "ports"); n != 40 {
		t.Errorf("the switch has %d ports, want 39 and its router port", n)
	}
}

// startRemote puts a socket between the Applier and the database, as with an OVN that someone else runs.
func startRemote(t *testing.T) *fixture {
	local := start(t).db.(*ovsdb.Database)
	server, err := ovsdb.NewServer(ovsdb.ServerOptions{}, local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	socket := filepath.Join(t.TempDir(), "nb.sock")
	if _, err := server.Listen(ovsdb.Remote{Target: "punix:" + socket}); err != nil {
		t.Fatal(err)
	}
	client, err := ovsdb.Dial(t.Context(), nb.Database, ovsdb.ClientOptions{Remotes: []string{"unix:" + socket}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	f := &fixture{T: t, db: client}
	f.restart()
	return f
}

// Whatever order owners come and go in, the database holds exactly what is wanted.
func TestRandomApplies(t *testing.T) {
	t.Run("in process", func(t *testing.T) { randomApplies(start(t)) })
	t.Run("over a socket", func(t *testing.T) { randomApplies(startRemote(t)) })
}

func randomApplies(f *fixture) {
	t := f.T
	base(f)
	rng := rand.New(rand.NewSource(1))
	want := map[int]bool{}
	for step := range 60 {
		if step%20 == 19 {
			f.restart()
		}
		var wg sync.WaitGroup
		for _, i := range rng.Perm(12)[:6] {
			d := nb.Desired{}
			if rng.Intn(3) > 0 {
				d.Rows = []nb.Row{port(fmt.Sprint("p", i), "s", fmt.Sprint("m ", step))}
				for _, g := range []string{"g1", "g2"} {
					if rng.Intn(2) == 0 {
						d.Members = append(d.Members, nb.Member{Group: g, Port: fmt.Sprint("p", i)})
					}
				}
			}
			want[i] = len(d.Rows) > 0
			wg.Go(func() {
				if err := f.applier.Apply(t.Context(), pod(fmt.Sprint(i)), d); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		ports := f.rows("Logical_Switch_Port")
		n := 1
		for i, w := range want {
			if w != (ports[fmt.Sprint("p", i)] != nil) {
				t.Fatalf("step %d: port %d is there: %v, want %v", step, i, !w, w)
			}
			if w {
				n++
			}
		}
		if got := ids(f.rows("Logical_Switch")["s"], "ports"); got != n {
			t.Fatalf("step %d: the switch has %d ports, want %d", step, got, n)
		}
	}
}
