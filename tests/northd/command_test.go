package northd

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// norm takes out of an answer what may differ.
type norm func(string) string

var (
	exact  norm = func(s string) string { return s }
	number norm = func(s string) string { return regexp.MustCompile(` *[0-9]+(\.[0-9]+)?`).ReplaceAllString(s, " N") }
	first  norm = func(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }
	// The modules are each program's own.
	table norm = func(s string) string {
		return regexp.MustCompile(`(?m)^[a-z_0-9]+ +((OFF|EMER|ERR|WARN|INFO|DBG) *){3}\n`).ReplaceAllString(s, "")
	}
	pairs norm = func(s string) string {
		return regexp.MustCompile(`^([A-Za-z_-]+:[0-9]+ ?)+\n$`).ReplaceAllString(s, "pairs")
	}
)

// TestCommands gives every control command to stock's northd and to kove's and compares what they answer.
func TestCommands(t *testing.T) {
	var daemons []*process
	for _, of := range []string{"stock", "kove"} {
		l := newLab(t)
		l.databases("stock")
		p := l.northd(of, "northd")
		p.untilStatus("active")
		l.nbctl("--wait=sb", "ls-add", "sw0")
		daemons = append(daemons, p)
	}
	for _, tc := range []struct {
		command string
		norm    norm
	}{
		{"version", first},
		{"status", exact},
		{"is-paused", exact},
		{"nb-connection-status", exact},
		{"sb-connection-status", exact},
		{"inc-engine/show-stats northd", number},
		{"inc-engine/show-stats lflow", number},
		{"inc-engine/show-stats NB_logical_switch", number},
		{"inc-engine/show-stats SB_port_binding compute", number},
		{"inc-engine/show-stats lflow recompute", number},
		{"inc-engine/show-stats lflow nope", exact},
		{"inc-engine/show-stats nope", exact},
		{"inc-engine/clear-stats", exact},
		{"inc-engine/show-stats lflow compute", exact},
		{"inc-engine/show-stats lflow", exact},
		{"inc-engine/recompute", exact},
		{"parallel-build/get-n-threads", exact},
		{"parallel-build/set-n-threads 4", exact},
		{"parallel-build/get-n-threads", exact},
		{"parallel-build/set-n-threads 1", exact},
		{"parallel-build/set-n-threads 0", exact},
		{"parallel-build/set-n-threads 257", exact},
		{"parallel-build/set-n-threads x", exact},
		{"parallel-build/set-n-threads", exact},
		{"debug/chassis-features-list", exact},
		{"nb-cluster-state-reset", exact},
		{"sb-cluster-state-reset", exact},
		{"vlog/list", table},
		{"vlog/set northd:file:dbg", exact},
		{"vlog/set northd:bar", exact},
		{"vlog/set foo", exact},
		{"vlog/set", exact},
		{"vlog/list-pattern", exact},
		{"vlog/set PATTERN:file:%m", exact},
		{"vlog/list-pattern", exact},
		{"vlog/reopen", exact},
		{"vlog/close", exact},
		{"vlog/disable-rate-limit", exact},
		{"vlog/enable-rate-limit northd", exact},
		{"memory/show", pairs},
		{"stopwatch/show ovnnb_db_run", number},
		{"stopwatch/show ovnsb_db_run", number},
		{"stopwatch/show nope", exact},
		{"stopwatch/reset", exact},
		{"pause", exact},
		{"is-paused", exact},
		{"status", exact},
		{"pause", exact},
		{"resume", exact},
		{"resume", exact},
		{"is-paused", exact},
		{"status x", exact},
		{"nope", exact},
		{"exit", exact},
	} {
		var said [2]string
		for i, p := range daemons {
			out, errs, status := p.try("ovn-appctl", append([]string{"-t", p.ctl}, strings.Fields(tc.command)...)...)
			said[i] = tc.norm(out) + strings.ReplaceAll(errs, p.ctl, "CTL") + string(rune('0'+status))
		}
		if said[0] != said[1] {
			t.Errorf("%s: stock says\n%s\nkove says\n%s", tc.command, said[0], said[1])
		}
	}
	for _, p := range daemons {
		<-p.done
		if s := p.cmd.ProcessState.String(); s != "exit status 0" {
			t.Errorf("%s: after exit: %s", p.cmd.Path, s)
		}
		if listens(p.ctl) {
			t.Errorf("%s: it is gone and its socket is not", p.cmd.Path)
		}
	}
}

// TestEveryCommandIsThere compares what list-commands lists.
func TestEveryCommandIsThere(t *testing.T) {
	var have [2][]string
	for i, of := range []string{"stock", "kove"} {
		p := newLab(t).northd(of, "northd")
		for _, line := range strings.Split(p.appctl("list-commands"), "\n")[1:] {
			if f := strings.Fields(line); len(f) > 0 {
				have[i] = append(have[i], f[0])
			}
		}
	}
	if len(have[0]) < 30 {
		t.Fatalf("stock has %q", have[0])
	}
	for _, name := range have[0] {
		if !slices.Contains(have[1], name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestModules gives kove's every module that stock's knows.
func TestModules(t *testing.T) {
	stock, kove := newLab(t).northd("stock", "northd"), newLab(t).northd("kove", "northd")
	var specs []string
	for _, line := range strings.Split(stock.appctl("vlog/list"), "\n")[2:] {
		if f := strings.Fields(line); len(f) == 4 {
			specs = append(specs, f[0]+":file:dbg")
		}
	}
	if len(specs) < 100 {
		t.Fatalf("stock has %q", specs)
	}
	kove.appctl(append([]string{"vlog/set"}, specs...)...)
}

// TestNotSupported asks for what has no meaning here: it says so, and fails as a command does.
func TestNotSupported(t *testing.T) {
	p := newLab(t).northd("kove", "northd")
	for _, command := range []string{"coverage/show", "coverage/read-counter txn_success", "inc-engine/compute-log-timeout 10"} {
		out, errs, status := p.try("ovn-appctl", append([]string{"-t", p.ctl}, strings.Fields(command)...)...)
		if status != 2 || out != "" || !strings.Contains(errs, "not supported") {
			t.Errorf("%s: %d %q %q", command, status, out, errs)
		}
	}
	if out := p.appctl("inc-engine/show-stats", "ls_stateful"); out != "Node: ls_stateful\nnot supported\n" {
		t.Errorf("a node of stock only: %q", out)
	}
	if out := p.appctl("inc-engine/show-stats", "ls_stateful", "compute"); out != "not supported\n" {
		t.Errorf("a node of stock only: %q", out)
	}
}

// TestCounters follows what the counters say of changes.
func TestCounters(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	p := l.northd("kove", "northd")
	count := func(node, counter string) string {
		t.Helper()
		return strings.TrimSpace(p.appctl("inc-engine/show-stats", node, counter))
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	for i := range 5 {
		l.nbctl("lsp-add", "sw0", string(rune('a'+i)))
	}
	l.nbctl("--wait=sb", "sync")
	if n := count("northd", "recompute"); n != "1" {
		t.Errorf("%s full computations at the start", n)
	}
	p.appctl("inc-engine/clear-stats")
	l.nbctl("--wait=sb", "lsp-add", "sw0", "new", "--", "lsp-set-addresses", "new", "00:00:00:00:00:01 10.0.0.1")
	for _, node := range []string{"northd", "lflow", "NB_logical_switch_port", "SB_port_binding", "unit_switch_port"} {
		if n := count(node, "compute"); n == "0" {
			t.Errorf("a port: %s has computed nothing", node)
		}
		if n := count(node, "recompute"); n != "0" {
			t.Errorf("a port: %s has recomputed %s times", node, n)
		}
	}
	if n := count("unit_switch_port", "compute"); n != "1" && n != "2" { // for its own sake, and when its binding comes back
		t.Errorf("one port of six: %s ports were compiled", n)
	}
	p.appctl("inc-engine/recompute")
	l.until("it recomputes", func() bool { return count("unit_switch_port", "recompute") == "6" })
	l.until("once", func() bool { return count("northd", "recompute") == "1" })
}
