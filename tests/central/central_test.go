package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestContains(t *testing.T) {
	for _, c := range []struct {
		text, x string
		want    bool
	}{
		{`{"match":"tcp.dst == 100"}`, "tcp.dst == 100", true},
		{`{"match":"tcp.dst == 1001"}`, "tcp.dst == 100", false},
		{`{"match":"tcp.dst == 1001 || tcp.dst == 100"}`, "tcp.dst == 100", true},
		{`"p0-25"`, "p0-2", false},
		{"", "a", false},
	} {
		if got := contains(c.text, c.x); got != c.want {
			t.Errorf("contains(%s, %s) = %v", c.text, c.x, got)
		}
	}
}

func TestReport(t *testing.T) {
	r := &report{}
	for _, v := range []float64{30, 10, 50, 20} {
		r.add("n", "port_add", "stock", v)
	}
	for _, v := range []float64{2, 1, 3} {
		r.add("n", "port_add", "kove", v)
	}
	s := r.summaries()
	if len(s) != 1 || s[0].Stock != 25 || s[0].Kove != 2 || s[0].Ratio != 12.5 || s[0].Met {
		t.Errorf("summaries are %+v", s)
	}
	var b strings.Builder
	r.print(&b)
	if !strings.Contains(b.String(), "| one port | 25.0 (10.0-50.0) | 2.00 (1.00-3.00) ms | 12.5 | 20, missed |") {
		t.Errorf("the table is\n%s", b.String())
	}
}

// TestSmall goes through all of it with a network that is loaded in no time.
func TestSmall(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "ovn-central")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/kove-io/kove/cmd/ovn-central").CombinedOutput(); err != nil {
		t.Fatalf("building cmd/ovn-central: %v\n%s", err, out)
	}
	b := &bench{
		sides: []*side{stock(filepath.Join(dir, "stock"), stockFolder()), kove(filepath.Join(dir, "kove"), program)},
		iters: 2, report: &report{}, log: t.Logf,
	}
	defer func() {
		for _, s := range b.sides {
			s.stop()
		}
	}()
	for _, net := range []*network{newNetwork("small", []int{3, 3}, false, 4), newNetwork("one group", []int{4, 2}, true, 4)} {
		if err := b.load(net, 1); err != nil {
			t.Fatal(err)
		}
		if err := b.operations(net, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.monitors(net, 3); err != nil {
			t.Fatal(err)
		}
		if err := b.restarts(net, 1); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := len(b.report.summaries()), 2*len(lines()); got != want {
		t.Errorf("%d measures, want %d", got, want)
	}
}
