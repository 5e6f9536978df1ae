package oracle

import (
	"fmt"
	"slices"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// compound makes several rows that belong together, which rows made one by one rarely would.
func (g *generator) compound() (edit, bool) {
	return pick(g, []func() (edit, bool){g.link, g.link, g.vif, g.vif, g.vif, g.gateway, g.meter, g.attachLB, g.peerRouters, g.bfdRoute, g.template,
		g.demolish, g.detach, g.migrate})()
}

func col(name string, v ovsdb.Value) ovsdb.ColumnValue {
	return ovsdb.ColumnValue{Column: name, Value: v}
}

func addTo(r *ovsdb.Row, column string, ids ...ovsdb.UUID) ovsdb.Op {
	return ovsdb.Mutate(r.Table().Name, r.UUID, ovsdb.Mutation{Column: column, Mutator: ovsdb.MutInsert, Value: ovsdb.Set(ids...)})
}

// link puts a router port into the network of a switch, with the switch port that leads there.
func (g *generator) link() (edit, bool) {
	ls, lr := g.row(nb.TableLogicalSwitch), g.row(nb.TableLogicalRouter)
	name, _ := columnValues["Logical_Router_Port.name"](g, nil).(string)
	port, _ := columnValues["Logical_Switch_Port.name"](g, nil).(string)
	if ls == nil || lr == nil || name == "" || port == "" {
		return edit{}, false
	}
	n, h := g.netOf(ls), 254-g.IntN(3)
	if g.netsOf(lr)[n] || g.led(name) {
		return edit{}, false
	}
	nets := []string{fmt.Sprintf("10.0.%d.%d/24", n, h)}
	if g.chance(50) {
		nets = append(nets, fmt.Sprintf("fd00:%d::%x/64", n, 0xff00+h))
	}
	lrp, lsp := g.id(), g.id()
	return north(fmt.Sprintf("link %s to %s: %s %v, %s", lr.String("name"), ls.String("name"), name, nets, port),
		ovsdb.Insert(nb.TableLogicalRouterPort, lrp, col("name", name), col("mac", fmt.Sprintf("0a:00:00:02:%02x:%02x", n, h)), col("networks", ovsdb.Set(nets...))),
		addTo(lr, "ports", lrp),
		ovsdb.Insert(nb.TableLogicalSwitchPort, lsp, col("name", port), col("type", "router"), col("addresses", []string{"router"}),
			col("options", ovsdb.NewStringMap(map[string]string{"router-port": name}))),
		addTo(ls, "ports", lsp)), true
}

// led reports whether a switch port leads to a router port already. Which of two the router port leads back to is up to the order
// of a hash table in stock.
func (g *generator) led(lrp string) bool {
	return slices.ContainsFunc(g.tables[nb.TableLogicalSwitchPort], func(p *ovsdb.Row) bool { return routerPort(p) == lrp })
}

// netsOf are the networks that a router has ports in. Which of two ports in one network leads to a next hop is up to the order of
// a hash table in stock, so routers have one.
func (g *generator) netsOf(lr *ovsdb.Row) map[int]bool {
	out := map[int]bool{}
	if lr == nil {
		return out
	}
	ids, _ := lr.Get("ports").([]ovsdb.UUID)
	for _, p := range g.tables[nb.TableLogicalRouterPort] {
		networks, _ := p.Get("networks").([]string)
		for _, s := range networks {
			n := 0
			if _, err := fmt.Sscanf(s, "10.0.%d.", &n); err == nil && slices.Contains(ids, p.UUID) {
				out[n] = true
			}
		}
	}
	return out
}

// vif adds a port with an address of its switch's network.
func (g *generator) vif() (edit, bool) {
	ls := g.row(nb.TableLogicalSwitch)
	port, _ := columnValues["Logical_Switch_Port.name"](g, nil).(string)
	if ls == nil || port == "" {
		return edit{}, false
	}
	id, a := g.id(), g.address(ls)
	cols := []ovsdb.ColumnValue{col("name", port), col("addresses", []string{a})}
	if g.chance(30) {
		cols = append(cols, col("port_security", []string{a}))
	}
	return north(fmt.Sprintf("vif %s on %s: %s", port, ls.String("name"), a), ovsdb.Insert(nb.TableLogicalSwitchPort, id, cols...), addTo(ls, "ports", id)), true
}

// gateway makes a router port a distributed gateway port, or its router a gateway router.
func (g *generator) gateway() (edit, bool) {
	r := g.row(nb.TableLogicalRouterPort)
	if r == nil {
		return edit{}, false
	}
	id := g.id()
	g.serial++
	chassis := g.chassis()
	return north(fmt.Sprintf("gateway %s at %s", r.String("name"), chassis),
		ovsdb.Insert(nb.TableGatewayChassis, id, col("name", fmt.Sprint("gc", g.serial)), col("chassis_name", chassis), col("priority", int64(g.IntN(20)))),
		addTo(r, "gateway_chassis", id)), true
}

// meter makes a meter, whose bands cannot come later.
func (g *generator) meter() (edit, bool) {
	name, _ := columnValues["Meter.name"](g, nil).(string)
	if name == "" || len(g.tables[nb.TableMeter]) >= defaultLimit {
		return edit{}, false
	}
	id, band := g.id(), g.id()
	cols := []ovsdb.ColumnValue{col("name", name), col("unit", pick(g, []string{"kbps", "pktps"})), col("bands", []ovsdb.UUID{band})}
	g.used(nb.TableMeter, "bands", "")
	g.used(nb.TableMeter, "name", "")
	g.used(nb.TableMeterBand, "action", "")
	if g.chance(60) {
		cols = append(cols, col("fair", []bool{g.chance(50)}))
	}
	ops := []ovsdb.Op{ovsdb.Insert(nb.TableMeterBand, band, col("action", "drop"), col("rate", int64(1+g.IntN(100))), col("burst_size", int64(g.IntN(9)))),
		ovsdb.Insert(nb.TableMeter, id, cols...)}
	if a := g.row(nb.TableACL); a != nil {
		ops = append(ops, ovsdb.Update(nb.TableACL, a.UUID, col("log", true), col("meter", []string{name})))
	}
	return north("meter "+name, ops...), true
}

// attachLB puts a load balancer where it has an effect.
func (g *generator) attachLB() (edit, bool) {
	lb := g.row(nb.TableLoadBalancer)
	to := g.row(pick(g, []string{nb.TableLogicalSwitch, nb.TableLogicalSwitch, nb.TableLogicalRouter, nb.TableLoadBalancerGroup}))
	if lb == nil || to == nil {
		return edit{}, false
	}
	return north(fmt.Sprintf("attach %s to %s", lb.String("name"), rowText(to)), addTo(to, "load_balancer", lb.UUID)), true
}

// peerRouters links two routers directly.
func (g *generator) peerRouters() (edit, bool) {
	a, b := g.row(nb.TableLogicalRouter), g.row(nb.TableLogicalRouter)
	if a == nil || a == b || len(g.tables[nb.TableLogicalRouterPort]) > 5 {
		return edit{}, false
	}
	x, y := g.id(), g.id()
	g.serial += 2
	n := g.serial % 250
	nx, ny := fmt.Sprint("peer", g.serial), fmt.Sprint("peer", g.serial+1)
	g.used(nb.TableLogicalRouterPort, "peer", "")
	return north(fmt.Sprintf("peer %s and %s", a.String("name"), b.String("name")),
		ovsdb.Insert(nb.TableLogicalRouterPort, x, col("name", nx), col("mac", fmt.Sprintf("0a:00:00:03:%02x:01", n)), col("networks", []string{fmt.Sprintf("10.8.%d.1/30", n)}), col("peer", []string{ny})),
		ovsdb.Insert(nb.TableLogicalRouterPort, y, col("name", ny), col("mac", fmt.Sprintf("0a:00:00:03:%02x:02", n)), col("networks", []string{fmt.Sprintf("10.8.%d.2/30", n)}), col("peer", []string{nx})),
		addTo(a, "ports", x), addTo(b, "ports", y)), true
}

// bfdRoute adds a route that a BFD session watches.
func (g *generator) bfdRoute() (edit, bool) {
	lrp := g.row(nb.TableLogicalRouterPort)
	if lrp == nil {
		return edit{}, false
	}
	lr := g.parentOf(lrp)
	if lr == nil || len(g.tables[nb.TableBFD]) >= defaultLimit {
		return edit{}, false
	}
	bfd, route, hop := g.id(), g.id(), g.ip4()
	return north(fmt.Sprintf("bfd route of %s via %s", lrp.String("name"), hop),
		ovsdb.Insert(nb.TableBFD, bfd, col("logical_port", lrp.String("name")), col("dst_ip", hop)),
		ovsdb.Insert(nb.TableLogicalRouterStaticRoute, route, col("ip_prefix", "203.0.113.0/24"), col("nexthop", hop),
			col("output_port", []string{lrp.String("name")}), col("bfd", []ovsdb.UUID{bfd})),
		addTo(lr, "static_routes", route)), true
}

// template makes a load balancer of template variables.
func (g *generator) template() (edit, bool) {
	name, _ := columnValues["Load_Balancer.name"](g, nil).(string)
	ls := g.row(nb.TableLogicalSwitch)
	if name == "" || ls == nil {
		return edit{}, false
	}
	id := g.id()
	return north("template "+name,
		ovsdb.Insert(nb.TableLoadBalancer, id, col("name", name), col("protocol", []string{"tcp"}),
			col("vips", ovsdb.NewStringMap(map[string]string{"^vip:80": "^backends"})),
			col("options", ovsdb.NewStringMap(map[string]string{"template": "true", "address-family": "ipv4"}))),
		addTo(ls, "load_balancer", id)), true
}

// demolish deletes a switch or a router with all that is in it, and often what leads there from the other side.
func (g *generator) demolish() (edit, bool) {
	r := g.row(pick(g, []string{nb.TableLogicalSwitch, nb.TableLogicalRouter}))
	if r == nil || g.watched(r) {
		return edit{}, false
	}
	text, ops := "demolish "+rowText(r), []ovsdb.Op{ovsdb.Delete(r.Table().Name, r.UUID)}
	ids, _ := r.Get("ports").([]ovsdb.UUID)
	inside, leads := map[string]bool{}, map[string]bool{}
	for _, p := range append(g.tables[nb.TableLogicalSwitchPort], g.tables[nb.TableLogicalRouterPort]...) {
		if slices.Contains(ids, p.UUID) {
			inside[p.String("name")] = true
			leads[routerPort(p)] = true
		}
	}
	for _, p := range append(g.tables[nb.TableLogicalSwitchPort], g.tables[nb.TableLogicalRouterPort]...) {
		if slices.Contains(ids, p.UUID) || !(leads[p.String("name")] || inside[routerPort(p)]) {
			continue
		}
		if parent := g.parentOf(p); parent != nil && !g.watched(p) {
			ops = append(ops, ovsdb.Mutate(parent.Table().Name, parent.UUID, ovsdb.Mutation{Column: "ports", Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{p.UUID}}))
		}
	}
	if g.chance(50) {
		return north(text, ops[0]), true
	}
	return north(text+" and what leads there", ops...), true
}

// routerPort is the router port that a switch port leads to, "" if none.
func routerPort(p *ovsdb.Row) string {
	if p.Table().Name != nb.TableLogicalSwitchPort {
		return ""
	}
	m, _ := p.Get("options").(ovsdb.Map)
	return m.StringMap()["router-port"]
}

// detach takes a load balancer from where it is.
func (g *generator) detach() (edit, bool) {
	to := g.row(pick(g, []string{nb.TableLogicalSwitch, nb.TableLogicalRouter, nb.TableLoadBalancerGroup}))
	if to == nil {
		return edit{}, false
	}
	ids, _ := to.Get("load_balancer").([]ovsdb.UUID)
	if len(ids) == 0 {
		return edit{}, false
	}
	id := pick(g, ids)
	return north("detach a load balancer from "+rowText(to), ovsdb.Mutate(to.Table().Name, to.UUID,
		ovsdb.Mutation{Column: "load_balancer", Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{id}})), true
}

// migrate asks for a live migration, or says that it is over.
func (g *generator) migrate() (edit, bool) {
	p := g.row(nb.TableLogicalSwitchPort)
	if p == nil {
		return edit{}, false
	}
	m := map[string]string{"requested-chassis": g.chassis()}
	if g.chance(70) {
		m["requested-chassis"] += "," + g.chassis()
		if g.chance(60) {
			m["activation-strategy"] = pick(g, []string{"rarp", "garp", "na", "rarp,garp,na"})
		}
	}
	return north(fmt.Sprintf("migrate %s: %v", p.String("name"), m),
		ovsdb.Mutate(nb.TableLogicalSwitchPort, p.UUID, ovsdb.Mutation{Column: "options", Mutator: ovsdb.MutDelete, Value: []string{"requested-chassis", "activation-strategy"}},
			ovsdb.Mutation{Column: "options", Mutator: ovsdb.MutInsert, Value: ovsdb.NewStringMap(m)})), true
}
