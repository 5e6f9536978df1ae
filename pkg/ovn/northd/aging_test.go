package northd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// aged has a router and a switch with learned rows, some of them old.
func aged(t *testing.T, w *world, now time.Time) {
	t.Helper()
	lrp := &nb.LogicalRouterPort{UUID: ovsdb.NewUUID(), Name: "lr-p", MAC: "0a:00:00:00:00:01", Networks: []string{"10.0.0.254/24"}}
	lr := &nb.LogicalRouter{UUID: ovsdb.NewUUID(), Name: "lr", Ports: []ovsdb.UUID{lrp.UUID},
		Options: map[string]string{"mac_binding_age_threshold": "10.0.0.0/24:60;600"}}
	lsp := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: "p", Addresses: []string{"unknown"}}
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw", Ports: []ovsdb.UUID{lsp.UUID}, OtherConfig: map[string]string{"fdb_age_threshold": "30"}}
	w.transact(w.nb, nb.Insert(lrp), nb.Insert(lr), nb.Insert(lsp), nb.Insert(ls))
	w.settle()
	var ops []ovsdb.Op
	for i, age := range []time.Duration{59, 60, 1000} {
		for _, net := range []string{"10.0.0", "10.0.1"} {
			ops = append(ops, sb.Insert(&sb.MACBinding{UUID: ovsdb.NewUUID(), LogicalPort: "lr-p", IP: fmt.Sprintf("%s.%d", net, i),
				MAC: "0a:00:00:00:00:02", Datapath: lr.UUID, Timestamp: now.Add(-age * time.Second).UnixMilli()}))
		}
		ops = append(ops, sb.Insert(&sb.FDB{UUID: ovsdb.NewUUID(), MAC: fmt.Sprintf("0a:00:00:00:00:0%d", i), DPKey: w.s.e.alloc.dp[ls.UUID].Key,
			PortKey: 1, Timestamp: now.Add(-(age - 40) * time.Second).UnixMilli()}))
	}
	w.transact(w.sb, ops...)
}

func learned(t *testing.T, w *world) string {
	t.Helper()
	var out []string
	for _, r := range rowsOf(t, w.sb, sb.TableMACBinding) {
		out = append(out, sb.NewMACBinding(r).IP)
	}
	for _, r := range rowsOf(t, w.sb, sb.TableFDB) {
		out = append(out, sb.NewFDB(r).MAC[15:])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestAging(t *testing.T) {
	w := newWorld(t)
	w.start()
	now := time.UnixMilli(5_000_000_000)
	aged(t, w, now)
	// The MACs are 19, 20 and 960 seconds old.
	next, err := w.s.age(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	if got := learned(t, w); got != "00 01 10.0.0.0 10.0.1.0 10.0.1.1" {
		t.Errorf("left are %s", got)
	}
	if d := next.Sub(now); d != time.Second {
		t.Errorf("looking again after %s, want 1 s, when 10.0.0.0 is due", d)
	}
	if next, err = w.s.age(t.Context(), now.Add(15*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := learned(t, w); got != "10.0.1.0 10.0.1.1" {
		t.Errorf("left after 15 s are %s", got)
	}
	if d := next.Sub(now); d != 45*time.Second {
		t.Errorf("looking again after %s, want 45 s, when a new FDB row could be due", d)
	}
}

func TestAgingLimit(t *testing.T) {
	w := newWorld(t)
	w.start()
	now := time.UnixMilli(5_000_000_000)
	aged(t, w, now)
	g := w.s.e.nbGlobal
	options := map[string]string{"mac_binding_removal_limit": "2", "fdb_removal_limit": "1"}
	for k, v := range g.Options {
		options[k] = v
	}
	w.transact(w.nb, ovsdb.Update(nb.TableNBGlobal, g.UUID, col(nb.NBGlobalColOptions, stringMap(options))))
	w.settle()
	now = now.Add(1000 * time.Second)
	for i, want := range []int{6, 3, 0, 0} {
		next, err := w.s.age(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(strings.Fields(learned(t, w))); got != want {
			t.Errorf("%d rows are left after batch %d, want %d", got, i, want)
		}
		if d := next.Sub(now); i < 3 && d != batchPause {
			t.Errorf("batch %d comes after %s, want %s", i+1, d, batchPause)
		}
		now = next
	}
}

// TestAgingConfirmed has a chassis confirm a binding between reading and removing it.
func TestAgingConfirmed(t *testing.T) {
	w := newWorld(t)
	w.start()
	now := time.UnixMilli(5_000_000_000)
	aged(t, w, now)
	w.s.n.opts.SB = confirming{w.sb, now.UnixMilli()}
	if _, err := w.s.age(t.Context(), now.Add(1000*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := len(strings.Fields(learned(t, w))); got != 9 {
		t.Errorf("%d rows are left, want all 9", got)
	}
}

// confirming is a database in which every row is confirmed just before it would be removed.
type confirming struct {
	ovsdb.DB
	stamp int64
}

func (c confirming) Transact(ctx context.Context, ops ...ovsdb.Op) ([]ovsdb.Result, error) {
	for _, op := range ops {
		if op.Kind == ovsdb.OpDelete {
			if _, err := c.DB.Transact(ctx, ovsdb.Op{Kind: ovsdb.OpUpdate, Table: op.Table, Row: []ovsdb.ColumnValue{{Column: "timestamp", Value: c.stamp + 1}}}); err != nil {
				return nil, err
			}
		}
	}
	return c.DB.Transact(ctx, ops...)
}

// TestAgingRuns has a northd of its own remove what is old already, and then what the operator makes old.
func TestAgingRuns(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw"}
	w.transact(w.nb, nb.Insert(ls))
	go func() { done <- New(Options{NB: w.nb, SB: w.sb}).Run(ctx, func() { close(ready) }) }()
	<-ready
	w.transact(w.sb, sb.Insert(&sb.FDB{UUID: ovsdb.NewUUID(), MAC: "0a:00:00:00:00:01", DPKey: 1, PortKey: 1, Timestamp: 1000}))
	deltas, err := w.sb.Watch(ctx, map[string][]string{sb.TableFDB: nil})
	if err != nil {
		t.Fatal(err)
	}
	<-deltas
	w.transact(w.nb, ovsdb.Update(nb.TableLogicalSwitch, ls.UUID, col(nb.LogicalSwitchColOtherConfig, stringMap(map[string]string{"fdb_age_threshold": "1"}))))
	if d := <-deltas; len(d.Changes) != 1 || d.Changes[0].New != nil {
		t.Errorf("unexpected change %v", d.Changes)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
