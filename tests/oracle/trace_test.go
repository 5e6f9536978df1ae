package oracle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// traced are the scenarios whose packets TestTrace follows: those in which no two flows of one priority match the same packet, since
// ovn-trace takes either.
var traced = []string{"04-lr-2ls", "08-acl-log-label-afterlb", "20-dgp-snat", "23-gw-router-nat", "27-policies"}

// TestTrace asks stock's ovn-trace what becomes of the same packets in stock's and in kove's southbound database, over the sockets
// of stock's ovsdb-server and of kove's: what it says is the same, but for where in stock's source a flow was made and
// the UUIDs of flows.
func TestTrace(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	binary := buildCentral(t)
	total := 0
	for _, name := range traced {
		i := slices.IndexFunc(scenarios, func(sc Scenario) bool { return sc.Name == name })
		if i < 0 {
			t.Errorf("there is no scenario %s", name)
			continue
		}
		t.Run(scenarios[i].Name, func(t *testing.T) {
			stock, kove := startStock(t), startCentral(t, binary)
			for _, s := range []*sockets{stock, kove} {
				s.replay(t, scenarios[i])
			}
			nbDump, _ := stock.dump(t)
			for _, flow := range microflows(nbDump) {
				want, got := stock.trace(t, flow), kove.trace(t, flow)
				if want != got {
					t.Errorf("ovn-trace %q says\n%s\nof stock's, and\n%s\nof kove's", flow, want, got)
					return
				}
				total++
			}
		})
	}
	t.Logf("%d packets go the same way", total)
	if total < 40 && !t.Failed() {
		t.Errorf("only %d packets were traced", total)
	}
}

// traceNoise is what differs although the flows are the same.
var traceNoise = regexp.MustCompile(` \(northd\.c:\d+\)|, uuid [0-9a-f]{8}`)

func (s *sockets) trace(t *testing.T, flow string) string {
	t.Helper()
	out, err := s.try(fmt.Sprintf("ovn-trace --db=unix:%s --ct=new --ct=est '%s'", s.sb, flow))
	if err != nil {
		t.Fatal(err)
	}
	return traceNoise.ReplaceAllString(out, "")
}

// microflows are packets between the machines of a network: from each to every other, by the router where that is on another
// switch, and to the services' and floating addresses.
func microflows(d *Dump) []string {
	type machine struct{ port, mac, ip, gateway string }
	var machines []machine
	var targets []string
	for _, sw := range d.Tables["Logical_Switch"] {
		gateway := ""
		ports, _ := sw["ports"].([]ovsdb.UUID)
		for _, id := range ports {
			p := d.Tables["Logical_Switch_Port"][id]
			options, _ := p["options"].(ovsdb.Map)
			for _, rp := range d.Tables["Logical_Router_Port"] {
				if peer := options.GetString("router-port"); peer != "" && rp["name"] == peer {
					gateway = rp["mac"].(string)
				}
			}
		}
		for _, id := range ports {
			p := d.Tables["Logical_Switch_Port"][id]
			addresses, _ := p["addresses"].([]string)
			if p["type"] != "" || len(addresses) == 0 {
				continue
			}
			if f := strings.Fields(addresses[0]); len(f) > 1 && strings.Contains(f[1], ".") {
				machines = append(machines, machine{p["name"].(string), f[0], f[1], gateway})
			}
		}
	}
	slices.SortFunc(machines, func(a, b machine) int { return strings.Compare(a.port, b.port) })
	for _, m := range machines {
		targets = append(targets, m.ip)
	}
	for _, nat := range d.Tables["NAT"] {
		targets = append(targets, fmt.Sprint(nat["external_ip"]))
	}
	for _, lb := range d.Tables["Load_Balancer"] {
		vips, _ := lb["vips"].(ovsdb.Map)
		for _, p := range vips {
			host, _, _ := strings.Cut(fmt.Sprint(p.K), ":")
			targets = append(targets, host)
		}
	}
	targets = append(targets, "8.8.8.8")
	targets = slices.DeleteFunc(targets, func(ip string) bool { return !dotted.MatchString(ip) })
	slices.Sort(targets)
	targets = slices.Compact(targets)
	var flows []string
	for _, m := range machines[:min(len(machines), 4)] {
		for _, ip := range targets[:min(len(targets), 8)] {
			dst := m.gateway
			for _, o := range machines {
				if o.ip == ip && o.gateway == m.gateway {
					dst = o.mac
				}
			}
			if dst == "" || ip == m.ip {
				continue
			}
			for _, l4 := range []string{"icmp4.type == 8", "tcp && tcp.src == 40000 && tcp.dst == 80", "udp && udp.src == 40000 && udp.dst == 53"} {
				flows = append(flows, fmt.Sprintf(`inport == "%s" && eth.src == %s && eth.dst == %s && ip4.src == %s && ip4.dst == %s && ip.ttl == 64 && %s`,
					m.port, m.mac, dst, m.ip, ip, l4))
			}
		}
		flows = append(flows, fmt.Sprintf(`inport == "%s" && eth.src == %s && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.sha == %[2]s && arp.spa == %s && arp.tpa == %s`,
			m.port, m.mac, m.ip, targets[0]))
	}
	return flows
}

var dotted = regexp.MustCompile(`^[0-9.]+$`)
