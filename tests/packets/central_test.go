package packets

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// global reads an integer column of NB_Global.
func (l *lab) global(t *testing.T, column string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(l.nbctl(t, "none", "get NB_Global . "+column), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// --wait=hv returns when every chassis has what was asked for, and not before: one that hangs holds it up, but not --wait=sb.
func TestWaitHV(t *testing.T) {
	l := needLab(t)
	l.nb(t, "ls-add whv\n"+lsp("whv", "whv-a", "10.0.0.10"))
	before := time.Now().UnixMilli()
	hv3 := l.hv["hv3"].controller
	if err := hv3.signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resumed := false
	resume := func() {
		if !resumed {
			resumed = true
			if err := hv3.signal(syscall.SIGCONT); err != nil {
				t.Error(err)
			}
		}
	}
	defer resume()
	l.nbctl(t, "sb", "lsp-set-addresses whv-a \"0a:00:00:00:00:0a 10.0.0.11\"")
	if out, err := l.tool("ovn-nbctl", "--timeout=1", "--wait=hv", "sync"); err == nil {
		t.Errorf("--wait=hv returned though hv3 hangs: %s", out)
	}
	eventually(t, patience, func() error { // the second may have been too short for northd
		if nb, sb := l.global(t, "nb_cfg"), l.global(t, "sb_cfg"); sb != nb {
			return fmt.Errorf("while hv3 hangs: nb_cfg %d, sb_cfg %d", nb, sb)
		}
		return nil
	})
	if nb, hv := l.global(t, "nb_cfg"), l.global(t, "hv_cfg"); hv >= nb {
		t.Errorf("while hv3 hangs: nb_cfg %d, hv_cfg %d", nb, hv)
	}
	resume()
	l.nb(t, "sync")
	if nb, hv := l.global(t, "nb_cfg"), l.global(t, "hv_cfg"); hv != nb {
		t.Errorf("after --wait=hv: nb_cfg %d, hv_cfg %d", nb, hv)
	}
	if at := l.global(t, "hv_cfg_timestamp"); at < before {
		t.Errorf("hv_cfg_timestamp %d is before the case began, %d", at, before)
	}
}

// Packets flow while the central is dead, and when it is back what was there is as it was and changes go on.
func TestCentralKilled(t *testing.T) {
	l := needLab(t)
	l.nb(t, "ls-add cen0\nls-add cen1\nlr-add cenr\n"+join("cenr", "cen0", "10.0.0.1/24")+join("cenr", "cen1", "10.0.1.1/24")+
		lsp("cen0", "cen-a", "10.0.0.10")+lsp("cen1", "cen-b", "10.0.1.10")+lsp("cen1", "cen-c", "10.0.1.11"))
	a := l.vif(t, "hv1", "cen-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	b := l.vif(t, "hv2", "cen-b", []string{"10.0.1.10/24"}, "10.0.1.1")
	b.serveUDP(t, "10.0.1.10:7")
	l.settle(t, a, b)
	a.reach(t, "10.0.1.10")
	keys := func() string {
		t.Helper()
		out, err := l.tool("ovn-sbctl", "--columns=logical_port,tunnel_key", "--format=csv", "--no-headings", "list", "Port_Binding")
		if err != nil {
			t.Fatal(err)
		}
		var cen []string
		for _, line := range strings.Split(out, "\n") {
			if strings.HasPrefix(line, "cen") {
				cen = append(cen, line)
			}
		}
		if len(cen) != 7 {
			t.Fatalf("bindings: %q, want 7", cen)
		}
		return sortedLines(cen)
	}
	had := keys()
	s := a.flow(t, "10.0.1.10:7")
	s.resumes(t)
	for _, p := range l.central {
		if err := p.signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.resumes(t)
	if err := l.restartCentral(); err != nil {
		t.Fatal(err)
	}
	l.nb(t, "sync")
	s.resumes(t)
	sent, lost := s.finish()
	t.Logf("FIGURE central killed and started: %d of %d datagrams lost", lost, sent)
	if lost > sent/20 { // a busy machine may lose some, whatever the central does
		t.Errorf("%d of %d datagrams were lost while the central was killed and started", lost, sent)
	}
	if has := keys(); has != had {
		t.Errorf("tunnel keys were\n%s\nand are\n%s", had, has)
	}
	c := l.vif(t, "hv3", "cen-c", []string{"10.0.1.11/24"}, "10.0.1.1")
	l.settle(t, c)
	a.reach(t, "10.0.1.11")
}
