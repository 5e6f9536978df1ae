package northd

import (
	"slices"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

func TestCounters(t *testing.T) {
	var none *Counters // counts nothing, and harms nobody
	none.count("northd", true, 1)
	none.commit("NB_", true, make([]ovsdb.Change, 1))
	none.unit(topo.KindSwitch, true, false)
	none.took("x", time.Second)

	var c Counters
	acls := []ovsdb.Change{{Table: "ACL"}, {Table: "ACL"}, {Table: "Logical_Switch"}, {Table: "ACL"}}
	c.commit("NB_", true, acls)
	c.commit("NB_", false, acls)
	c.commit("NB_", false, acls[:1])
	c.unit(topo.KindSwitchPort, false, false)
	c.unit(topo.KindSwitchPort, false, true)
	c.count("lflow", false, 0)
	got := c.Snapshot()
	want := map[string]Counter{"NB_acl": {Recompute: 1, Compute: 2}, "NB_logical_switch": {Recompute: 1, Compute: 1},
		"unit_switch_port": {Compute: 1, Cancel: 1}}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %+v, want %+v", name, got[name], w)
		}
		if !slices.Contains(Parts(), name) {
			t.Errorf("%s is no part", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%+v", got)
	}
	c.Clear()
	for name, n := range c.Snapshot() {
		if n != (Counter{}) {
			t.Errorf("cleared, %s is %+v", name, n)
		}
	}
}

func TestStopwatch(t *testing.T) {
	var c Counters
	for i := range 1000 {
		c.took("a", time.Duration(i+1)*time.Millisecond)
	}
	c.took("b", 4*time.Second)
	c.took("b", 2*time.Second)
	w := c.Stopwatches()
	// The percentile is that of the latest 512: 489 to 1000.
	if a := w["a"]; a.Samples != 1000 || a.Min != time.Millisecond || a.Max != time.Second || a.Percentile95() != 975*time.Millisecond {
		t.Errorf("%+v, 95%% at %v", a, a.Percentile95())
	}
	if b := w["b"]; b.Short != 3*time.Second || b.Long != 3980*time.Millisecond || b.Percentile95() != 4*time.Second {
		t.Errorf("%+v, 95%% at %v", b, b.Percentile95())
	}
	c.ResetStopwatches("b")
	if w := c.Stopwatches(); len(w) != 1 || w["a"].Samples != 1000 {
		t.Errorf("%+v", w)
	}
	c.ResetStopwatches()
	if w := c.Stopwatches(); len(w) != 0 {
		t.Errorf("%+v", w)
	}
	if d := new(Stopwatch).Percentile95(); d != 0 {
		t.Errorf("of nothing: %v", d)
	}
}
