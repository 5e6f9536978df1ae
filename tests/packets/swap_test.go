package packets

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// swapNets is a little of everything that a site has: what a swap of the central could disturb. Its services have addresses of their own:
// ovn-controller mixes up hairpins of two services with one address on one chassis, whatever their networks.
const swapNets = `
	set Logical_Switch swp0 other_config:subnet=10.0.0.0/24
	set Logical_Router_Port swpr-swp0 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
	lrp-set-gateway-chassis swpr-swpx hv3 20
	lrp-set-gateway-chassis swpr-swpx hv2 10
	lr-nat-add swpr snat 172.16.0.1 10.0.0.0/16
	lr-nat-add swpr dnat_and_snat 172.16.0.11 10.0.1.11 swp-b 0a:fa:00:00:00:51
	lr-nat-add swpr dnat_and_snat 172.16.0.12 10.0.1.12
	lr-route-add swpr 192.168.50.0/24 172.16.0.99
	lr-policy-add swpr 100 'ip4.src == 10.0.0.77' drop
	lb-add swp_lb 10.9.99.9:8080 10.0.1.11:80 tcp
	lb-add swp_lb2 172.16.0.9:8080 10.0.1.11:80 tcp
	lb-add swp_lb3 10.9.99.8:8080 10.0.1.11:80,10.0.1.12:80 tcp
	set Load_Balancer swp_lb3 options:affinity_timeout=30
	ls-lb-add swp0 swp_lb
	ls-lb-add swp1 swp_lb
	ls-lb-add swp0 swp_lb3
	lr-lb-add swpr swp_lb2
	--id=@g create Load_Balancer_Group name=swp_lbg
	set Logical_Switch swp0 load_balancer_group=@g
	set Logical_Router swpr load_balancer_group=@g
	pg-add swp_pg swp-a swp-b
	create Address_Set name=swp_as addresses=10.0.0.77
	meter-add swp_meter drop 10 pktps 20
	meter-add swp_copp drop 100 pktps 0
	--log --name=swp_acl --severity=info --meter=swp_meter acl-add swp_pg to-lport 1001 'outport == @swp_pg && ip4.src == $swp_as' drop
	acl-add swp_pg to-lport 1000 'outport == @swp_pg && ip4' allow-related
	set Meter swp_meter fair=true
	copp-add swp_policy arp swp_copp
	lr-copp-add swp_policy swpr
	qos-add swp1 from-lport 100 'inport == "swp-b" && udp.dst == 7777' rate=1000 burst=100
	mirror-add swp_mir gre 7 both 10.99.99.99
	lsp-attach-mirror swp-b swp_mir
	create Chassis_Template_Var chassis=hv3 variables:swp_v=10.9.9.7
	static-mac-binding-add swpr-swpx 172.16.0.98 0a:00:00:00:00:98
	--id=@d create DNS records:vm.swp=10.0.1.11
	add Logical_Switch swp0 dns_records @d
	--id=@o create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:00:99 options:router=10.0.0.1 options:lease_time=3600
	set Logical_Switch_Port swp-a dhcpv4_options=@o
	fwd-group-add swp_fwd swp1 10.0.1.200 0a:00:00:00:02:00 swp-b swp-c
	`

// The central is swapped under traffic, for stock's and back, on the same files and sockets: no datagram more is lost than without,
// no southbound row and no OpenFlow flow changes, and changes go on.
func TestCentralSwapped(t *testing.T) {
	l := needLab(t)
	const vlan = 139
	l.nb(t, "ls-add swp0\nls-add swp1\nls-add swpx\nlr-add swpr\n"+join("swpr", "swp0", "10.0.0.1/24", "fd00::1/64")+join("swpr", "swp1", "10.0.1.1/24")+
		localnet("swpx", vlan)+join("swpr", "swpx", "172.16.0.1/24")+lsp("swp0", "swp-a", "10.0.0.10")+lsp("swp1", "swp-b", "10.0.1.11")+lsp("swp1", "swp-c", "10.0.1.12")+swapNets)
	a := l.vif(t, "hv1", "swp-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	b := l.vif(t, "hv2", "swp-b", []string{"10.0.1.11/24"}, "10.0.1.1")
	out := l.external(t, "swp-out", vlan, []string{"172.16.0.100/24"})
	for _, e := range []*endpoint{b, out} {
		e.serveUDP(t, ":7")
		e.serveTCP(t, ":81") // 80 is a backend's: its answers go by the gateway's chassis, with stock too
	}
	l.settle(t, a, b)
	a.wantAnswer(t, "udp", "10.0.1.11:7", "swp-b sees 10.0.0.10")
	a.wantAnswer(t, "udp", "172.16.0.100:7", "swp-out sees 172.16.0.1")
	out.wantAnswer(t, "tcp", "172.16.0.11:81", "swp-b sees 172.16.0.100")
	first, second := l.central, l.central
	if *centralFlag != "stock" {
		var err error
		if second, err = l.centralBy("stock"); err != nil {
			t.Fatal(err)
		}
	}
	east, north := a.flow(t, "10.0.1.11:7"), a.flow(t, "172.16.0.100:7")
	for _, s := range []*steady{east, north} {
		s.resumes(t)
	}
	had := l.southRows(t)
	for i, central := range [][]*process{second, first} {
		begin := time.Now()
		for _, p := range l.central {
			if err := p.signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
		l.central = central
		if err := l.restartCentral(); err != nil {
			t.Fatal(err)
		}
		l.nb(t, "sync")
		for _, s := range []*steady{east, north} {
			s.resumes(t)
		}
		has := l.southRows(t)
		changed := 0
		for _, table := range slices.Sorted(maps.Keys(had)) {
			for _, row := range had[table] {
				if !slices.Contains(has[table], row) {
					changed++
					t.Errorf("swap %d: %s loses or changes %s", i+1, table, row)
				}
			}
			for _, row := range has[table] {
				if !slices.Contains(had[table], row) {
					changed++
					t.Errorf("swap %d: %s gets %s", i+1, table, row)
				}
			}
		}
		age, all := time.Since(begin), 0
		for _, name := range []string{"hv1", "hv2", "hv3"} {
			young, n := l.hv[name].youngFlows(t, age)
			if all += n; len(young) > 0 {
				t.Errorf("swap %d: %d OpenFlow flows of %s are new, the first: %s", i+1, len(young), name, young[0])
			}
		}
		t.Logf("FIGURE swap %d to %s in %v: %d of %d southbound rows changed, %d OpenFlow flows there", i+1, central[len(central)-1].name,
			age.Round(time.Millisecond), changed, countRows(has), all)
		had = has
	}
	for what, s := range map[string]*steady{"within OVN": east, "to the outside": north} {
		sent, lost := s.finish()
		t.Logf("FIGURE central swapped twice: %s %d of %d datagrams lost", what, lost, sent)
		if lost > sent/50 { // a busy machine may lose some, whatever the central does
			t.Errorf("%s %d of %d datagrams were lost", what, lost, sent)
		}
	}
	// Changes go on.
	c := l.vif(t, "hv3", "swp-c", []string{"10.0.1.12/24"}, "10.0.1.1")
	c.serveTCP(t, ":81")
	l.settle(t, c)
	out.wantAnswer(t, "tcp", "172.16.0.12:81", "swp-c sees 172.16.0.100")
	l.nb(t, "lr-nat-del swpr dnat_and_snat 172.16.0.12")
	out.becomesSilent(t, "tcp", "172.16.0.12:81")
}

// sbCounter is nb_cfg in the row of SB_Global, behind its UUID and three columns: connections, external_ids, ipsec.
var sbCounter = regexp.MustCompile(`^([^,]*,\[\],\{\},[a-z]*,)\d+`)

// southRows is the rows of the southbound database by table, as text with their UUIDs, without what changes by itself: counters
// of configurations and what chassis learn.
func (l *lab) southRows(t *testing.T) map[string][]string {
	t.Helper()
	dump, err := l.tool("ovsdb-client", "--timeout="+seconds(30), "--format=csv", "dump", "unix:"+l.dir+"/central/sb.sock", "OVN_Southbound")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{}
	for _, part := range strings.Split(dump, "\n\n") {
		lines := strings.Split(strings.TrimSpace(part), "\n")
		name, ok := strings.CutSuffix(lines[0], " table")
		if !ok {
			t.Fatalf("dump of the southbound database: %q", lines[0])
		}
		if !slices.Contains([]string{"Chassis_Private", "MAC_Binding", "FDB", "IGMP_Group"}, name) {
			if name == "SB_Global" {
				lines = []string{"", sbCounter.ReplaceAllString(lines[2], "$1")}
			}
			tables[name] = lines[1:]
		}
	}
	return tables
}

func countRows(tables map[string][]string) (n int) {
	for _, rows := range tables {
		n += len(rows) - 1 // the headings
	}
	return n
}

var flowDuration = regexp.MustCompile(`duration=([0-9.]+)s`)

var flowCookie = regexp.MustCompile(`cookie=0x([0-9a-f]+)`)

// learnedCookies are the cookies of flows made of what chassis learn, at any time: the first part of a row's UUID, without zeros in front.
func (l *lab) learnedCookies(t *testing.T) map[string]bool {
	t.Helper()
	cookies := map[string]bool{}
	for _, table := range []string{"MAC_Binding", "FDB"} {
		out, err := l.tool("ovn-sbctl", "--timeout="+seconds(60), "--bare", "--columns=_uuid", "list", table)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range strings.Fields(out) {
			first, _, _ := strings.Cut(id, "-")
			cookies[strings.TrimLeft(first, "0")] = true
		}
	}
	return cookies
}

// youngFlows returns the OpenFlow flows of the integration bridge that are younger than age, and the number of all. What chassis
// learn meanwhile does not count.
func (c *chassis) youngFlows(t *testing.T, age time.Duration) (young []string, all int) {
	t.Helper()
	out, err := c.lab.tool("ovs-ofctl", "-OOpenFlow15", "dump-flows", "unix:"+c.dir+"/br-int.mgmt")
	if err != nil {
		t.Fatal(err)
	}
	learned := c.lab.learnedCookies(t)
	for _, line := range strings.Split(out, "\n") {
		if m := flowDuration.FindStringSubmatch(line); m != nil {
			all++
			if cookie := flowCookie.FindStringSubmatch(line); cookie != nil && learned[cookie[1]] {
				continue
			}
			if s, err := strconv.ParseFloat(m[1], 64); err == nil && time.Duration(s*float64(time.Second)) < age {
				young = append(young, line)
			}
		}
	}
	if all == 0 {
		t.Fatal(fmt.Errorf("%s has no flows: %s", c.name, out))
	}
	return young, all
}
