package lflow

import (
	"encoding/hex"
	"fmt"
	"testing"
)

// TestStages checks the numbers that ovn-controller and ovn-trace rely on, and that each pipeline has no holes.
func TestStages(t *testing.T) {
	for _, c := range []struct {
		stage    Stage
		name     string
		pipeline Pipeline
		table    int
	}{
		{SwitchInCheckPortSec, "ls_in_check_port_sec", Ingress, 0},
		{SwitchInL2Unknown, "ls_in_l2_unknown", Ingress, 29},
		{SwitchOutApplyPortSec, "ls_out_apply_port_sec", Egress, 12},
		{RouterInIPRouting, "lr_in_ip_routing", Ingress, 15},
		{RouterInARPRequest, "lr_in_arp_request", Ingress, 25},
		{RouterOutDelivery, "lr_out_delivery", Egress, 6},
	} {
		if c.stage.String() != c.name || c.stage.Pipeline() != c.pipeline || c.stage.Table() != c.table {
			t.Errorf("%s is table %d of %s", c.stage, c.stage.Table(), c.stage.Pipeline())
		}
	}
	next := map[string]int{}
	for s := range NumStages {
		k := fmt.Sprint(s.Router(), s.Pipeline())
		if s.Table() != next[k] {
			t.Errorf("%s is table %d, want %d", s, s.Table(), next[k])
		}
		next[k]++
		if back, ok := StageAt(s.Router(), string(s.Pipeline()), s.Table()); !ok || back != s {
			t.Errorf("StageAt finds %s for %s", back, s)
		}
	}
}

// TestID pins the identity of a flow: were it to change, every restart after an upgrade would rewrite all flows.
func TestID(t *testing.T) {
	f := Flow{Stage: SwitchInL2Lkup, Priority: 50, Match: "eth.dst == 0a:00:00:00:00:01", Actions: `outport = "p1"; output;`}
	id := f.ID()
	if got, want := hex.EncodeToString(id[:]), "979612d2581a880e890a4ae7c4163417"; got != want {
		t.Errorf("ID is %s, want %s", got, want)
	}
	hinted := f
	hinted.Hint = "12345678"
	if hinted.ID() != id {
		t.Error("the hint is part of the identity")
	}
	for name, change := range map[string]func(*Flow){
		"stage":    func(f *Flow) { f.Stage = SwitchInL2Unknown },
		"priority": func(f *Flow) { f.Priority = 51 },
		"match":    func(f *Flow) { f.Match += " " },
		"actions":  func(f *Flow) { f.Actions = "drop;" },
		"meter":    func(f *Flow) { f.Meter = "m" },
		"port":     func(f *Flow) { f.Port = "m" },
		"where a string ends": func(f *Flow) {
			f.Match, f.Actions = f.Match+f.Actions[:1], f.Actions[1:]
		},
	} {
		g := f
		change(&g)
		if g.ID() == id {
			t.Errorf("%s is not part of the identity", name)
		}
	}
}

func BenchmarkID(b *testing.B) {
	f := Flow{Stage: SwitchInL2Lkup, Priority: 50, Match: "eth.dst == 0a:00:00:00:00:01", Actions: `outport = "p1"; output;`}
	for b.Loop() {
		f.ID()
	}
}
