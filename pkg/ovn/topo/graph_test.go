package topo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sums is a small network of rules: numbers, sums of groups of them, whether a sum is large, and units that look at that.
type sums struct {
	g     *graph
	num   *Input[int, int]
	group *Input[string, []int]
	sum   *Rule[string, int]
	large *Rule[string, bool]
	unit  *Rule[string, *string]
	runs  map[string]int
}

func newSums() *sums {
	s := &sums{g: &graph{}, runs: map[string]int{}}
	s.num, s.group = newInput[int, int](s.g), newInput[string, []int](s.g)
	s.sum = newRule(s.g, "sum", func(k string) (n int) {
		s.runs["sum "+k]++
		for _, i := range s.group.Get(k) {
			n += s.num.Get(i)
		}
		return n
	})
	s.large = newRule(s.g, "large", func(k string) bool {
		s.runs["large "+k]++
		return s.sum.Get(k) > 100
	})
	s.unit = newUnit(s.g, KindSwitch, func(k string) *string {
		s.runs["unit "+k]++
		if k == "boom" && s.num.Get(0) > 0 {
			panic("boom")
		}
		out := fmt.Sprint(k, s.large.Get(k))
		return &out
	})
	return s
}

func (s *sums) settle() []Unit {
	s.g.settle()
	out := s.g.changed
	s.g.changed = nil
	return out
}

func TestGraphStopsWhereNothingChanges(t *testing.T) {
	s := newSums()
	s.num.put(1, 10)
	s.num.put(2, 20)
	s.group.put("a", []int{1, 2})
	s.group.put("b", []int{2})
	s.unit.start("a")
	s.unit.start("b")
	if n := len(s.settle()); n != 2 {
		t.Fatalf("%d units changed at start, want 2", n)
	}
	clear(s.runs)
	s.num.put(1, 11)
	if units := s.settle(); len(units) != 0 {
		t.Errorf("units changed: %v", units)
	}
	if s.runs["sum a"] != 1 || s.runs["large a"] != 1 || s.runs["unit a"] != 0 || s.runs["sum b"] != 0 {
		t.Errorf("runs: %v", s.runs)
	}
	s.num.put(1, 1000)
	if units := s.settle(); len(units) != 1 || *units[0].View.(*string) != "atrue" {
		t.Errorf("units changed: %v", units)
	}
	s.num.put(1, 1000)
	clear(s.runs)
	if s.settle(); len(s.runs) != 0 {
		t.Errorf("setting the same value ran %v", s.runs)
	}
}

func TestGraphForgets(t *testing.T) {
	s := newSums()
	s.num.put(1, 1000)
	s.group.put("a", []int{1})
	s.unit.start("a")
	s.settle()
	s.unit.stop("a")
	if units := s.settle(); len(units) != 1 || units[0].View != nil {
		t.Errorf("stopping reports %v", units)
	}
	if len(s.sum.cells)+len(s.large.cells)+len(s.unit.cells) != 0 {
		t.Error("facts that nobody reads are kept")
	}
	s.num.remove(1)
	if len(s.num.cells) != 0 {
		t.Error("an input without value and readers is kept")
	}
}

func TestGraphPanic(t *testing.T) {
	s := newSums()
	s.unit.start("boom")
	s.unit.start("a")
	s.settle()
	s.num.put(0, 1)
	s.group.put("a", []int{0})
	s.num.put(0, 1000)
	units := s.settle()
	if len(units) != 1 || *units[0].View.(*string) != "atrue" {
		t.Errorf("units changed: %v", units)
	}
	if len(s.g.faults) != 1 || s.g.faults[0].Panic != "boom" || *s.unit.cells["boom"].val != "boomfalse" {
		t.Errorf("faults: %v", s.g.faults)
	}
	s.num.put(0, 0) // it recovers when what it read changes
	s.group.put("boom", []int{5})
	s.num.put(5, 500)
	if units := s.settle(); !slices.ContainsFunc(units, func(u Unit) bool { return *u.View.(*string) == "boomtrue" }) {
		t.Errorf("units changed: %v", units)
	}
}

func TestGraphCycle(t *testing.T) {
	g := &graph{}
	var r *Rule[int, int]
	r = newRule(g, "cycle", func(k int) int { return r.Get(1-k) + 1 })
	r.Get(0)
	if len(g.faults) == 0 || !strings.Contains(fmt.Sprint(g.faults[0].Panic), "depends on itself") {
		t.Errorf("faults: %v", g.faults)
	}
}

// TestGraphRandom compares the increments with computing everything anew.
func TestGraphRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSums()
	names := []string{"a", "b", "c", "d"}
	views := map[string]string{}
	for step := range 2000 {
		for range 1 + r.IntN(4) {
			k := names[r.IntN(len(names))]
			switch r.IntN(5) {
			case 0:
				s.unit.start(k)
			case 1:
				s.unit.stop(k)
				delete(views, k)
			case 2:
				var members []int
				for range r.IntN(4) {
					members = append(members, r.IntN(6))
				}
				s.group.put(k, members)
			default:
				s.num.put(r.IntN(6), r.IntN(80))
			}
		}
		for _, u := range s.settle() {
			if v, ok := u.View.(*string); ok {
				views[(*v)[:1]] = *v
			}
		}
		for k := range s.unit.cells {
			n := 0
			for _, i := range s.group.peek(k) {
				n += s.num.peek(i)
			}
			if want := fmt.Sprint(k, n > 100); views[k] != want {
				t.Fatalf("step %d: view of %s is %q, want %q", step, k, views[k], want)
			}
		}
	}
}
