package oracle

import (
	"flag"
	"strings"
	"testing"
)

var scriptRestart = flag.Bool("restart", false, "TestScript: let both read everything again before comparing")

var scriptFile = flag.String("script", "", "TestScript: the commands to compare, as in nb.sh of a scenario")

// TestScript gives the commands of a file to stock and to kove and shows where the two differ: the quick way from a doubt to
// a scenario. Without -script there is nothing to compare.
//
//	go test ./tests/oracle -run '^TestScript$' -script /tmp/nb.sh
func TestScript(t *testing.T) {
	if *scriptFile == "" {
		return
	}
	stock, kove := startStock(t), startCentral(t, buildCentral(t))
	var texts []Text
	for _, s := range []*sockets{stock, kove} {
		s.replayFile(t, *scriptFile)
		if said := s.shell(t, "cat nb.sh.err"); said != "" {
			t.Logf("commands said:\n%s", said)
		}
		if *scriptRestart {
			if s == kove {
				s.restart(t)
			} else {
				s.shell(t, "ovn-appctl -t $PWD/northd.ctl inc-engine/recompute")
			}
			s.shell(t, "ovn-nbctl sync && ovn-nbctl sync", "OVN_NBCTL_OPTIONS=--wait=sb --timeout=20")
		}
		texts = append(texts, textOf(t, s))
	}
	if diff := Compare(texts[0], texts[1]); len(diff) > 0 {
		t.Errorf("different from stock in %d lines:\n%s", len(diff), strings.Join(diff, "\n"))
	}
	if warnings, _ := stock.try(`grep -E 'WARN|ERR' northd.log`); warnings != "" {
		t.Logf("stock ovn-northd warned:\n%s", warnings)
	}
}
