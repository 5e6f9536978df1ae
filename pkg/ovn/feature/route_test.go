package feature

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

type stringKey string

func (k stringKey) key() string { return string(k) }

// TestGroupNumbers: a group keeps its number while others come and go, so that its flows stay as they are.
func TestGroupNumbers(t *testing.T) {
	var all []stringKey
	for i := range 2000 {
		all = append(all, stringKey("main 10."+strconv.Itoa(i/256)+"."+strconv.Itoa(i%256)+".0/24 false"))
	}
	slices.Sort(all)
	numbers := func(keys []stringKey) map[stringKey]int {
		out, seen := map[stringKey]int{}, map[int]stringKey{}
		for i, n := range groupNumbers(keys) {
			if n < 1 || n > 65535 {
				t.Fatalf("%s has number %d", keys[i], n)
			}
			if other, ok := seen[n]; ok {
				t.Fatalf("%s and %s have number %d", other, keys[i], n)
			}
			seen[n], out[keys[i]] = keys[i], n
		}
		return out
	}
	before := numbers(all)
	moved := 0
	for k, n := range numbers(append(slices.Clone(all[:500]), all[501:]...)) {
		if before[k] != n {
			moved++
		}
	}
	if moved > 2 {
		t.Errorf("%d of %d groups have another number after one has gone", moved, len(all))
	}
}

// testRouter has the ports a (10.0.1.254/24, fd01::1/64) and b (10.0.2.254/24).
func testRouter(routes []*nb.LogicalRouterStaticRoute, policies ...*nb.LogicalRouterPolicy) *topo.Router {
	dp := &topo.Datapath{Name: "r", Router: true}
	port := func(name, mac string, networks ...string) *topo.RouterPortFacts {
		p := &topo.RouterPortFacts{Row: &nb.LogicalRouterPort{}, Name: name, Quoted: `"` + name + `"`, DP: dp, Key: &topo.PortKey{Key: 1}}
		p.MAC = mac
		for _, s := range networks {
			n, err := topo.ParseNetwork(s)
			if err != nil {
				panic(err)
			}
			if n.Is4() {
				p.IP4 = append(p.IP4, n)
			} else {
				p.IP6 = append(p.IP6, n)
			}
		}
		return p
	}
	r := &topo.Router{RouterFacts: &topo.RouterFacts{Datapath: dp, Global: &topo.Global{}, Ports: []*topo.RouterPortFacts{
		port("a", "0a:00:00:00:00:01", "10.0.1.254/24", "fd01::1/64"), port("b", "0a:00:00:00:00:02", "10.0.2.254/24"),
	}}}
	for i, s := range routes {
		s.UUID = ovsdb.UUID{15: byte(i + 1)}
		r.StaticRoutes = append(r.StaticRoutes, s)
		if route, ok := topo.ResolveRoute(s, r.Ports); ok {
			r.Routes = append(r.Routes, route)
		}
	}
	for i, p := range policies {
		p.UUID = ovsdb.UUID{15: byte(i + 1)}
		r.Policies = append(r.Policies, topo.Policy{LogicalRouterPolicy: p, Hops: topo.ResolveHops(p, r.Ports)})
	}
	return r
}

func static(prefix, hop string) *nb.LogicalRouterStaticRoute {
	return &nb.LogicalRouterStaticRoute{IPPrefix: prefix, Nexthop: hop}
}

// flowsOf lists the flows of a stage, without those that every router has.
func flowsOf(f Feature, r *topo.Router, stage lflow.Stage, skip int) []string {
	var b Builder
	f.Router(r, &b)
	var out []string
	for _, it := range b.Items() {
		if it.Stage == stage && int(it.Priority) != skip && it.Priority != 0 {
			out = append(out, strconv.Itoa(int(it.Priority))+" "+it.Match+" → "+it.Actions)
		}
	}
	slices.Sort(out)
	return out
}

func TestStaticRoutes(t *testing.T) {
	b := "b"
	bySource := "src-ip"
	for name, c := range map[string]struct {
		routes []*nb.LogicalRouterStaticRoute
		want   []string // parts that the flows have, in order of priority and match as text
	}{
		"by connected network": {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "10.0.2.9")},
			[]string{`132 reg7 == 0 && ip4.dst == 192.168.0.0/16 → ip.ttl--; reg8[0..15] = 0; reg0 = 10.0.2.9; reg5 = 10.0.2.254; eth.src = 0a:00:00:00:00:02; outport = "b"`}},
		"longer prefix wins": {[]*nb.LogicalRouterStaticRoute{static("0.0.0.0/0", "10.0.1.1"), static("10.9.0.0/24", "10.0.1.2")}, []string{"196 ", "4 "}},
		"host bits":          {[]*nb.LogicalRouterStaticRoute{static("192.168.1.7/24", "10.0.1.1")}, []string{"ip4.dst == 192.168.1.0/24"}},
		"no way there":       {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "10.0.3.9")}, nil},
		"not an address":     {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "gateway"), static("net", "10.0.1.1")}, nil},
		"port decides":       {[]*nb.LogicalRouterStaticRoute{{IPPrefix: "192.168.0.0/16", Nexthop: "10.0.3.9", OutputPort: &b}}, []string{"reg0 = 10.0.3.9; reg5 = 10.0.2.254"}},
		"discard":            {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "discard")}, []string{"→ drop;"}},
		"by source":          {[]*nb.LogicalRouterStaticRoute{{IPPrefix: "10.1.0.0/16", Nexthop: "10.0.1.1", Policy: &bySource}}, []string{"128 reg7 == 0 && ip4.src == 10.1.0.0/16"}},
		"over the other":     {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "fd01::9")}, []string{"ip4.dst == 192.168.0.0/16 → ip.ttl--; reg8[0..15] = 0; xxreg0 = fd01::9; xxreg1 = fd01::1"}},
		"two hops":           {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "10.0.1.1"), static("192.168.0.0/16", "10.0.2.1")}, []string{"select(1, 2);"}},
		"two, one reachable": {[]*nb.LogicalRouterStaticRoute{static("192.168.0.0/16", "10.0.1.1"), static("192.168.0.0/16", "10.0.3.1")}, []string{"reg0 = 10.0.1.1"}},
		"tables":             {[]*nb.LogicalRouterStaticRoute{{IPPrefix: "0.0.0.0/0", Nexthop: "10.0.1.1", RouteTable: "x"}, static("0.0.0.0/0", "10.0.2.1")}, []string{"4 reg7 == 0", "4 reg7 == 1"}},
		"fields that differ": {[]*nb.LogicalRouterStaticRoute{{IPPrefix: "9.0.0.0/8", Nexthop: "10.0.1.1", SelectionFields: []string{"ip_src", "ip_dst"}}, {IPPrefix: "9.0.0.0/8", Nexthop: "10.0.1.2", SelectionFields: []string{"ip_dst"}}}, []string{`select(values=(1, 2); hash_fields="ip_dst");`}},
		"symmetric, one hop": {[]*nb.LogicalRouterStaticRoute{{IPPrefix: "9.0.0.0/8", Nexthop: "10.0.1.1", Options: map[string]string{"ecmp_symmetric_reply": "true"}}}, []string{"reg8[16..31] = 1; next;"}},
	} {
		got := flowsOf(route(), testRouter(c.routes), lflow.RouterInIPRouting, 10550)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d flows, want %d:\n%s", name, len(got), len(c.want), strings.Join(got, "\n"))
			continue
		}
		for i, w := range c.want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s: no %q in %q", name, w, got[i])
			}
		}
	}
}

func TestPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		policy nb.LogicalRouterPolicy
		want   string // "" for no flow
	}{
		"allow":              {nb.LogicalRouterPolicy{Action: "allow"}, "31000 ip4 → reg8[0..15] = 0; next;"},
		"allow, marked":      {nb.LogicalRouterPolicy{Action: "allow", Options: map[string]string{"pkt_mark": "7"}}, "31000 ip4 → pkt.mark = 7; reg8[0..15] = 0; next;"},
		"drop, marked":       {nb.LogicalRouterPolicy{Action: "drop", Options: map[string]string{"pkt_mark": "7"}}, "31000 ip4 → drop;"},
		"reroute":            {nb.LogicalRouterPolicy{Action: "reroute", Nexthops: []string{"10.0.2.9"}}, `31000 ip4 → reg0 = 10.0.2.9; reg5 = 10.0.2.254; eth.src = 0a:00:00:00:00:02; outport = "b"; flags.loopback = 1; reg8[0..15] = 0; reg9[9] = 1; next;`},
		"reroute to nowhere": {nb.LogicalRouterPolicy{Action: "reroute", Nexthops: []string{"10.0.3.9"}}, ""},
		"reroute without":    {nb.LogicalRouterPolicy{Action: "reroute"}, ""},
		"unknown action":     {nb.LogicalRouterPolicy{Action: "mirror"}, ""},
	} {
		p := c.policy
		p.Priority, p.Match = 31000, "ip4"
		got := strings.Join(flowsOf(policy(), testRouter(nil, &p), lflow.RouterInPolicy, 0), "\n")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
