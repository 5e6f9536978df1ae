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

func TestDocTables(t *testing.T) {
	disk, tmpfs := &report{Machine: "M", Settings: "D"}, &report{Machine: "M", Settings: "T"}
	for _, r := range []struct {
		r    *report
		kove float64
	}{{disk, 4}, {tmpfs, 2}} {
		for _, net := range []string{"1000 ports", "10000 ports"} {
			r.r.add(net, "switch_add", "stock", 500)
			r.r.add(net, "switch_add", "kove", r.kove)
			r.r.add(net, "bulk", "stock", 13000)
			r.r.add(net, "bulk", "kove", 2600)
			r.r.add(net, "rss", "stock", 650)
			r.r.add(net, "rss", "kove", 500)
			r.r.add(net, "port_add_cpu", "stock", 1)
			r.r.add(net, "port_add_cpu", "kove", 1)
		}
	}
	var b strings.Builder
	docTables(&b, disk, tmpfs)
	for _, want := range []string{
		"### 1000 ports\n\n| what |",
		"| one switch | 500 ms (500-500) | 4.00 ms (4.00-4.00) | 125 | 250 |  |\n",
		"| one switch | 500 ms (500-500) | 4.00 ms (4.00-4.00) | 125 | 250 | 200, missed on disk |\n",
		"| load from empty: all visible, sb_cfg caught up | 13.0 s (13000-13000) | 2.6 s (2600-2600) | 5.0 | 5.0 | 3, met |\n",
		"| RSS after the changes | 650 MiB (650-650) | 500 MiB (500-500) | 1.3 |  | 2, missed |\n",
		"\nOn disk: M; D.\nOn tmpfs: M; T.\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "CPU time of one port") {
		t.Errorf("what the page leaves out is in\n%s", b.String())
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
