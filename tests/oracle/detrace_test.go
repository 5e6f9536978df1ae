package oracle

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// hinted are the scenarios of TestHints in `make test`: they have every kind of row that explains a flow. KOVE_LONG takes all.
var hinted = []string{"08-acl-log-label-afterlb", "22-dgp-fip-distributed", "24-static-routes", "27-policies", "34-qos",
	"44-forwarding-group-sfc", "57-lb-nat-dgp-combo", "58-ovnk8s-like", "59-openstack-like"}

// TestHints compares the northbound rows that flows name as their origin (external_ids:stage-hint), by which ovn-detrace explains
// them. Where stock names a row, kove has to name the same; kove names one for more flows. A flow that several datapaths
// share has the hint of whichever came first, and is left out.
func TestHints(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	binary := buildCentral(t)
	stockHas, koveHas := map[string]int{}, 0
	for _, sc := range scenarios {
		if os.Getenv("KOVE_LONG") == "" && !slices.Contains(hinted, sc.Name) {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			var hints [2]map[string]string
			for k, s := range []*sockets{startStock(t), startCentral(t, binary)} {
				s.replay(t, sc)
				nbDump, sbDump := s.dump(t)
				hints[k] = map[string]string{}
				for _, f := range newNames(nbDump, sbDump).flowList(sbDump) {
					if !f.shared {
						hints[k][f.line()] = f.hint
					}
				}
				if k == 0 {
					s.halt()
				}
			}
			for line, want := range hints[0] {
				got, ok := hints[1][line]
				if got != "" {
					koveHas++
				}
				if want == "" || !ok { // TestReplay compares the flows
					continue
				}
				kind, _, _ := strings.Cut(strings.TrimPrefix(want, "<"), ":")
				stockHas[kind]++
				if got != want && !saidTwice(line, want, got) {
					t.Errorf("%sis of %s in stock, of %s in kove", line, want, got)
				}
			}
		})
	}
	sum := 0
	for _, n := range stockHas {
		sum += n
	}
	t.Logf("%d flows have a hint in stock, %d in kove: %v", sum, koveHas, stockHas)
	for _, kind := range []string{"ACL", "Forwarding_Group", "Logical_Switch_Port", "Logical_Router_Port", "Logical_Router_Policy", "Load_Balancer",
		"NAT", "Logical_Router_Static_Route", "QoS"} {
		if stockHas[kind] == 0 && !t.Failed() {
			t.Errorf("no flow comes from a %s", kind)
		}
	}
}

// saidTwice is about flows that several rows ask for: two rules for one logical address, two load balancers with one backend, two
// routes by one next hop, two proxies of ARP. Stock names the row that it came across first in a hash table.
func saidTwice(line, want, got string) bool {
	for _, kind := range []string{"<NAT:", "<Load_Balancer:", "<Logical_Router_Static_Route:"} {
		if strings.HasPrefix(want, kind) && strings.HasPrefix(got, kind) {
			return true
		}
	}
	return strings.Contains(line, "/* ARP reply */") && strings.HasPrefix(want, "<Logical_Switch_Port:") && strings.HasPrefix(got, "<Logical_Switch_Port:")
}

// TestDetrace has stock's ovn-detrace explain every flow of stock's and of kove's southbound database, by the first eight digits of its
// UUID, as cookies of OpenFlow flows have them, over the Python library of Open vSwitch.
func TestDetrace(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(scenarios, func(sc Scenario) bool { return sc.Name == "59-openstack-like" })
	if i < 0 {
		t.Fatal("there is no scenario 59-openstack-like")
	}
	stock, kove := startStock(t), startCentral(t, buildCentral(t))
	var explained [2]map[string][]string
	for k, s := range []*sockets{stock, kove} {
		s.replay(t, scenarios[i])
		explained[k] = s.detrace(t)
	}
	kinds := map[string]int{} // of rows that explain flows
	for flow, rows := range explained[0] {
		for _, row := range rows {
			kind, _, _ := strings.Cut(row, ":")
			kinds[kind]++
		}
		if have := explained[1][flow]; len(rows) > 0 && !slices.Equal(rows, have) {
			t.Errorf("%s\nstock's is by %q\nkove's by %q", flow, rows, have)
		}
	}
	t.Logf("%d flows; rows that explain them: %v", len(explained[0]), kinds)
	for _, kind := range []string{"ACL", "DHCP Options", "Logical Switch Port", "Logical Router Port", "NAT", "Route"} {
		if kinds[kind] == 0 {
			t.Errorf("no flow is explained by a %s", kind)
		}
	}
}

// detrace returns for each logical flow, with the names of its datapaths, the northbound rows by which ovn-detrace explains it.
func (s *sockets) detrace(t *testing.T) map[string][]string {
	t.Helper()
	var trace strings.Builder
	for _, id := range strings.Fields(s.shell(t, "ovn-sbctl --bare --columns=_uuid list Logical_Flow")) {
		fmt.Fprintf(&trace, " 9. metadata=0x1, priority 1, cookie 0x%s\n", id[:8])
	}
	out := s.shell(t, fmt.Sprintf("PYTHONPATH=%s/share/python /usr/bin/python3 $(command -v ovn-detrace) --ovnnb=unix:%s --ovnsb=unix:%s --ovsdb=unix:none <<'END'\n%sEND\n",
		stockDir(t), s.nb, s.sb, trace.String()))
	flows := map[string][]string{}
	var datapaths, rows []string
	flow := ""
	end := func() {
		if flow != "" {
			slices.Sort(datapaths)
			slices.Sort(rows)
			flows[strings.Join(datapaths, " ")+" "+flow] = rows
		}
		datapaths, rows, flow = nil, nil, ""
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if strings.Contains(line, "cookie 0x") {
			end()
		} else if text, ok := strings.CutPrefix(line, "   * "); ok {
			rows = append(rows, uuidPattern.ReplaceAllString(text, "UUID"))
		} else if text, ok := strings.CutPrefix(line, "  *     "); ok {
			name, kind, _ := strings.Cut(text, " (")
			_, kind, _ = strings.Cut(kind, ") ")
			datapaths = append(datapaths, name+kind)
		} else if text, ok := strings.CutPrefix(line, "  * Logical flow: "); ok {
			flow = text
		}
	}
	end()
	return flows
}
