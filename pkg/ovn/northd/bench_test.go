package northd

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// bigNetwork is the network that docs/benchmarks.md measures: a switch per 250 ports, one router, a port group per switch
// with two stateful ACLs, 200 load balancers in a group on all switches.
func bigNetwork(w *world, ports, perSwitch int) (switches []ovsdb.UUID) {
	var ops []ovsdb.Op
	router, group := ovsdb.NewUUID(), ovsdb.NewUUID()
	var lbs, lrps []ovsdb.UUID
	for i := range 200 {
		lb := &nb.LoadBalancer{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("lb", i), VIPs: map[string]string{
			fmt.Sprintf("10.96.%d.%d:80", i/250, i%250): "10.0.0.1:8080,10.0.0.2:8080"}}
		lbs = append(lbs, lb.UUID)
		ops = append(ops, nb.Insert(lb))
	}
	ops = append(ops, nb.Insert(&nb.LoadBalancerGroup{UUID: group, Name: "all", LoadBalancer: ovsdb.Set(lbs...)}))
	for s := range ports / perSwitch {
		ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("sw", s), LoadBalancerGroup: []ovsdb.UUID{group}}
		pg := &nb.PortGroup{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("pg", s)}
		for _, a := range []*nb.ACL{
			{UUID: ovsdb.NewUUID(), Direction: "to-lport", Priority: 1001, Match: "outport == @" + pg.Name + " && ip4", Action: "allow-related"},
			{UUID: ovsdb.NewUUID(), Direction: "from-lport", Priority: 1001, Match: "inport == @" + pg.Name + " && ip4", Action: "allow-related"},
		} {
			pg.ACLs = append(pg.ACLs, a.UUID)
			ops = append(ops, nb.Insert(a))
		}
		for i := range perSwitch {
			p := bigPort(s, i)
			ls.Ports, pg.Ports = append(ls.Ports, p.UUID), append(pg.Ports, p.UUID)
			ops = append(ops, nb.Insert(p))
		}
		lrp := &nb.LogicalRouterPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("r-sw", s), MAC: fmt.Sprintf("0a:00:01:00:00:%02x", s),
			Networks: []string{fmt.Sprintf("10.%d.255.254/16", s)}}
		lsp := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("sw-r", s), Type: "router", Addresses: []string{"router"},
			Options: map[string]string{"router-port": lrp.Name}}
		ls.Ports, lrps = append(ls.Ports, lsp.UUID), append(lrps, lrp.UUID)
		ls.Ports, pg.Ports, pg.ACLs = ovsdb.Set(ls.Ports...), ovsdb.Set(pg.Ports...), ovsdb.Set(pg.ACLs...)
		ops = append(ops, nb.Insert(lrp), nb.Insert(lsp), nb.Insert(ls), nb.Insert(pg))
		switches = append(switches, ls.UUID)
	}
	ops = append(ops, nb.Insert(&nb.LogicalRouter{UUID: router, Name: "r", Ports: ovsdb.Set(lrps...)}))
	w.transact(w.nb, ops...)
	return switches
}

func bigPort(s, i int) *nb.LogicalSwitchPort {
	return &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: fmt.Sprintf("p%d-%d", s, i),
		Addresses: []string{fmt.Sprintf("0a:00:00:%02x:%02x:%02x 10.%d.%d.%d", s, i/250, i%250, s, i/250, i%250+1)}}
}

func benchmarkBig(b *testing.B, ports, perSwitch int, change func(w *world, switches []ovsdb.UUID, n int) []ovsdb.Op) {
	w := newWorld(b)
	switches := bigNetwork(w, ports, perSwitch)
	w.start()
	before := w.s.e.stats.Units
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		w.transact(w.nb, change(w, switches, n)...)
		w.s.e.applyNB((<-w.nbd).Changes)
		if err := w.s.step(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		w.settle() // up, written back
		b.StartTimer()
	}
	b.ReportMetric(float64(w.s.e.stats.Units-before)/float64(b.N), "units/op")
}

func addPort(w *world, switches []ovsdb.UUID, n int) []ovsdb.Op {
	s := n % len(switches)
	p := bigPort(s, 20000+n/len(switches))
	return []ovsdb.Op{nb.Insert(p), ovsdb.Mutate(nb.TableLogicalSwitch, switches[s],
		ovsdb.Mutation{Column: nb.LogicalSwitchColPorts, Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{p.UUID}})}
}

func BenchmarkAddPort(b *testing.B) {
	for _, ports := range []int{1000, 10000} {
		b.Run(fmt.Sprint(ports), func(b *testing.B) { benchmarkBig(b, ports, 250, addPort) })
	}
	b.Run("10000 on one switch", func(b *testing.B) { benchmarkBig(b, 10000, 10000, addPort) })
}

func BenchmarkAddSwitch(b *testing.B) {
	benchmarkBig(b, 10000, 250, func(_ *world, _ []ovsdb.UUID, n int) []ovsdb.Op {
		return []ovsdb.Op{nb.Insert(&nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("new", n)})}
	})
}

func BenchmarkAddLoadBalancer(b *testing.B) {
	benchmarkBig(b, 10000, 250, func(w *world, switches []ovsdb.UUID, n int) []ovsdb.Op {
		lb := &nb.LoadBalancer{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("new", n), VIPs: map[string]string{
			fmt.Sprintf("10.97.%d.%d:80", n/250%250, n%250): "10.0.0.1:8080"}}
		var group ovsdb.UUID
		for id := range rowsOf(b, w.nb, nb.TableLoadBalancerGroup) {
			group = id
		}
		return []ovsdb.Op{nb.Insert(lb), ovsdb.Mutate(nb.TableLoadBalancerGroup, group,
			ovsdb.Mutation{Column: nb.LoadBalancerGroupColLoadBalancer, Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{lb.UUID}})}
	})
}

func BenchmarkAddACL(b *testing.B) {
	benchmarkBig(b, 10000, 250, func(w *world, _ []ovsdb.UUID, n int) []ovsdb.Op {
		a := &nb.ACL{UUID: ovsdb.NewUUID(), Direction: "to-lport", Priority: 900, Match: fmt.Sprint("tcp.dst == ", n%60000), Action: "drop"}
		var pg ovsdb.UUID
		for id, r := range rowsOf(b, w.nb, nb.TablePortGroup) {
			if r.String("name") == "pg0" {
				pg = id
			}
		}
		return []ovsdb.Op{nb.Insert(a), ovsdb.Mutate(nb.TablePortGroup, pg,
			ovsdb.Mutation{Column: nb.PortGroupColACLs, Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{a.UUID}})}
	})
}

// BenchmarkStart is a full compile of 10,000 ports into an empty southbound database, and a restart on a full one.
func BenchmarkStart(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w := newWorld(b)
			bigNetwork(w, 10000, 250)
			b.StartTimer()
			w.start()
		}
	})
	b.Run("restart", func(b *testing.B) {
		w := newWorld(b)
		bigNetwork(w, 10000, 250)
		w.start()
		for b.Loop() {
			w.start()
		}
	})
}

func BenchmarkAddRoute(b *testing.B) {
	var router ovsdb.UUID
	benchmarkBig(b, 10000, 250, func(w *world, _ []ovsdb.UUID, n int) []ovsdb.Op {
		if router.IsZero() {
			for id := range rowsOf(b, w.nb, nb.TableLogicalRouter) {
				router = id
			}
		}
		r := &nb.LogicalRouterStaticRoute{UUID: ovsdb.NewUUID(), IPPrefix: fmt.Sprintf("192.%d.%d.0/24", n/250%250, n%250), Nexthop: "10.0.0.9"}
		return []ovsdb.Op{nb.Insert(r), ovsdb.Mutate(nb.TableLogicalRouter, router,
			ovsdb.Mutation{Column: nb.LogicalRouterColStaticRoutes, Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{r.UUID}})}
	})
}

// BenchmarkBackend gives a load balancer of all switches another backend.
func BenchmarkBackend(b *testing.B) {
	benchmarkBig(b, 10000, 250, func(w *world, _ []ovsdb.UUID, n int) []ovsdb.Op {
		for id, r := range rowsOf(b, w.nb, nb.TableLoadBalancer) {
			if r.String("name") == "lb0" {
				return []ovsdb.Op{ovsdb.Update(nb.TableLoadBalancer, id, ovsdb.ColumnValue{Column: nb.LoadBalancerColVIPs,
					Value: ovsdb.NewStringMap(map[string]string{"10.96.0.0:80": fmt.Sprintf("10.0.0.1:8080,10.0.0.%d:8080", 3+n%200)})})}
			}
		}
		return nil
	})
}

// BenchmarkSetMember adds an address to a set of 1,000.
func BenchmarkSetMember(b *testing.B) {
	as := ovsdb.NewUUID()
	benchmarkBig(b, 10000, 250, func(w *world, _ []ovsdb.UUID, n int) []ovsdb.Op {
		if n == 0 {
			var all []string
			for i := range 1000 {
				all = append(all, fmt.Sprintf("172.16.%d.%d", i/250, i%250))
			}
			as = ovsdb.NewUUID()
			w.transact(w.nb, nb.Insert(&nb.AddressSet{UUID: as, Name: "as" + as.String()[:8], Addresses: ovsdb.Set(all...)}))
			w.settle()
		}
		return []ovsdb.Op{ovsdb.Mutate(nb.TableAddressSet, as, ovsdb.Mutation{Column: nb.AddressSetColAddresses, Mutator: ovsdb.MutInsert,
			Value: []string{fmt.Sprintf("172.17.%d.%d", n/250%250, n%250)}})}
	})
}

// BenchmarkDeletePort deletes ports that were there from the start.
func BenchmarkDeletePort(b *testing.B) {
	var ports map[string]ovsdb.UUID
	benchmarkBig(b, 10000, 250, func(w *world, switches []ovsdb.UUID, n int) []ovsdb.Op {
		if n == 0 {
			ports = map[string]ovsdb.UUID{}
			for id, r := range rowsOf(b, w.nb, nb.TableLogicalSwitchPort) {
				ports[r.String("name")] = id
			}
		}
		s := n % len(switches)
		return []ovsdb.Op{ovsdb.Mutate(nb.TableLogicalSwitch, switches[s], ovsdb.Mutation{Column: nb.LogicalSwitchColPorts,
			Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{ports[fmt.Sprintf("p%d-%d", s, n/len(switches))]}})}
	})
}

// BenchmarkMemory is what the two databases and the engine hold for 10,000 ports.
func BenchmarkMemory(b *testing.B) {
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	w := newWorld(b)
	bigNetwork(w, 10000, 250)
	w.start()
	b.ReportMetric(float64(live()-before)/10000, "live-B/port")
	runtime.KeepAlive(w)
}
