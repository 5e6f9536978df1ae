package oracle

import (
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// world is a small pair of databases that a test can write down. UUIDs are fresh in each.
type world struct {
	t      *testing.T
	nb, sb *Dump
	ids    map[string]ovsdb.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	load := func(raw []byte) *Dump {
		s, err := ovsdb.ParseSchema(raw)
		if err != nil {
			t.Fatal(err)
		}
		return &Dump{Schema: s, Tables: map[string]map[ovsdb.UUID]Row{}}
	}
	return &world{t, load(nb.SchemaJSON), load(sb.SchemaJSON), map[string]ovsdb.UUID{}}
}

// id is the UUID that a test calls name.
func (w *world) id(name string) ovsdb.UUID {
	if _, ok := w.ids[name]; !ok {
		w.ids[name] = ovsdb.NewUUID()
	}
	return w.ids[name]
}

func (w *world) add(d *Dump, table, id string, row Row) {
	if d.Tables[table] == nil {
		d.Tables[table] = map[ovsdb.UUID]Row{}
	}
	d.Tables[table][w.id(id)] = row
}

func (w *world) datapath(name string) {
	w.add(w.sb, "Datapath_Binding", name, Row{"external_ids": ovsdb.Map{{K: "name", V: name}}, "tunnel_key": int64(1)})
}

func (w *world) flow(dp string, table, priority int64, match, actions string) {
	w.add(w.sb, "Logical_Flow", ovsdb.NewUUID().String(), Row{
		"logical_datapath": []ovsdb.UUID{w.id(dp)}, "pipeline": "ingress", "table_id": table, "priority": priority,
		"match": match, "actions": actions,
	})
}

func (w *world) group(dp, name string, key int64) {
	w.add(w.sb, "Multicast_Group", name, Row{"datapath": w.id(dp), "name": name, "tunnel_key": key})
}

// gateways makes the router r with these distributed gateway ports.
func (w *world) gateways(names ...string) {
	w.datapath("r")
	for _, n := range names {
		w.add(w.sb, "Port_Binding", n, Row{"logical_port": "cr-" + n, "type": "chassisredirect", "datapath": w.id("r")})
	}
}

// announced adds a port with these Port_Binding.nat_addresses.
func announced(w *world, addresses ...string) {
	w.add(w.sb, "Port_Binding", "p", Row{"logical_port": "p", "nat_addresses": addresses})
}

func (w *world) text() Text { return Normalise(w.nb, w.sb, false) }

// TestEquivalences gives, for everything that the normaliser equates, two worlds that are the same and one that is not.
func TestEquivalences(t *testing.T) {
	for name, c := range map[string]struct{ a, b, other func(w *world) }{
		// A UUID stands for the row that it identifies.
		"uuid": {
			a: func(w *world) { port(w, "p1", "sw0"); port(w, "p2", "sw0"); multicast(w, "p1", "p2") },
			b: func(w *world) { port(w, "p2", "sw0"); port(w, "p1", "sw0"); multicast(w, "p2", "p1") },
			// The group has another port than it should.
			other: func(w *world) {
				port(w, "p1", "sw0")
				port(w, "p2", "sw0")
				port(w, "p3", "sw0")
				multicast(w, "p1", "p3")
			},
		},
		// Inside a string too.
		"uuid in text": {
			a:     func(w *world) { w.lr("r0"); w.named("<" + w.id("r0").String() + ">") },
			b:     func(w *world) { w.lr("r0"); w.lr("r1"); w.named("<" + w.id("r0").String() + ">") },
			other: func(w *world) { w.lr("r0"); w.lr("r1"); w.named("<" + w.id("r1").String() + ">") },
		},
		// A flow of several datapaths may be one row with a group or several rows.
		"datapath group": {
			a: func(w *world) {
				w.datapath("a")
				w.datapath("b")
				w.flow("a", 0, 1, "1", "next;")
				w.flow("b", 0, 1, "1", "next;")
			},
			b: func(w *world) { w.datapath("a"); w.datapath("b"); w.grouped("1", "next;", "a", "b") },
			// One datapath is left out.
			other: func(w *world) { w.datapath("a"); w.datapath("b"); w.datapath("c"); w.grouped("1", "next;", "a", "c") },
		},
		// The same flow twice is the same as once.
		"duplicate": {
			a:     func(w *world) { w.datapath("a"); w.flow("a", 0, 1, "1", "next;") },
			b:     func(w *world) { w.datapath("a"); w.flow("a", 0, 1, "1", "next;"); w.flow("a", 0, 1, "1", "next;") },
			other: func(w *world) { w.datapath("a"); w.flow("a", 0, 1, "1", "next;"); w.flow("a", 0, 2, "1", "next;") },
		},
		// Collectors are in the order of their UUIDs.
		"collectors of a sample": {
			a: func(w *world) {
				w.datapath("a")
				w.flow("a", 0, 1, "1", "sample(probability=1,collector_set=1); sample(probability=9,collector_set=2); next;")
				w.flow("a", 0, 2, "1", "sample(probability=1,collector_set=1);sample(probability=9,collector_set=2); next;")
			},
			b: func(w *world) {
				w.datapath("a")
				w.flow("a", 0, 1, "1", "sample(probability=9,collector_set=2); sample(probability=1,collector_set=1); next;")
				w.flow("a", 0, 2, "1", "sample(probability=9,collector_set=2);sample(probability=1,collector_set=1); next;")
			},
			// Each collector set has the other's probability.
			other: func(w *world) {
				w.datapath("a")
				w.flow("a", 0, 1, "1", "sample(probability=9,collector_set=1); sample(probability=1,collector_set=2); next;")
				w.flow("a", 0, 2, "1", "sample(probability=9,collector_set=1);sample(probability=1,collector_set=2); next;")
			},
		},
		// Learned multicast groups have any keys of their range, as long as each has its own.
		"learned group": {
			a:     func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 32773); w.group("a", "239.1.1.2", 32774) },
			b:     func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 32790); w.group("a", "239.1.1.2", 32780) },
			other: func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 32774); w.group("a", "239.1.1.2", 32774) },
		},
		"learned group in the range of fixed ones": {
			a:     func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 32773) },
			b:     func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 65535) },
			other: func(w *world) { w.datapath("a"); w.group("a", "239.1.1.1", 32772) },
		},
		// Route tables have any numbers.
		"route tables": {
			a: func(w *world) {
				w.datapath("r")
				w.flow("r", 14, 100, `inport == "a"`, "reg7 = 1; next;")
				w.flow("r", 15, 68, "reg7 == 1 && ip4.dst == 1.0.0.0/8", "next;")
				w.flow("r", 15, 68, "reg7 == 2 && ip4.dst == 2.0.0.0/8", "next;")
			},
			b: func(w *world) {
				w.datapath("r")
				w.flow("r", 14, 100, `inport == "a"`, "reg7 = 7; next;")
				w.flow("r", 15, 68, "reg7 == 7 && ip4.dst == 1.0.0.0/8", "next;")
				w.flow("r", 15, 68, "reg7 == 3 && ip4.dst == 2.0.0.0/8", "next;")
			},
			// The port uses the other table.
			other: func(w *world) {
				w.datapath("r")
				w.flow("r", 14, 100, `inport == "a"`, "reg7 = 2; next;")
				w.flow("r", 15, 68, "reg7 == 1 && ip4.dst == 1.0.0.0/8", "next;")
				w.flow("r", 15, 68, "reg7 == 2 && ip4.dst == 2.0.0.0/8", "next;")
			},
		},
		// The addresses that a router announces come in any order; the MAC is first.
		"announced addresses": {
			a:     func(w *world) { announced(w, "m1 10.0.0.1 10.0.0.2 is_chassis_resident(\"cr-a\")", "m2 10.0.0.3") },
			b:     func(w *world) { announced(w, "m2 10.0.0.3", "m1 10.0.0.2 10.0.0.1 is_chassis_resident(\"cr-a\")") },
			other: func(w *world) { announced(w, "m1 10.0.0.1 is_chassis_resident(\"cr-a\")", "m2 10.0.0.2 10.0.0.3") },
		},
		"announced addresses, another MAC": {
			a:     func(w *world) { announced(w, "m1 10.0.0.1 10.0.0.1") },
			b:     func(w *world) { announced(w, "m1 10.0.0.1 10.0.0.1") },
			other: func(w *world) { announced(w, "10.0.0.1 m1 10.0.0.1") },
		},
		// The MACs of a router come in the order of a hash table.
		"set of MACs": {
			a: func(w *world) {
				w.datapath("a")
				w.flow("a", 28, 75, "eth.src == {m1, m2, m3} && arp.op == 1", "output;")
			},
			b: func(w *world) {
				w.datapath("a")
				w.flow("a", 28, 75, "eth.src == {m3, m1, m2} && arp.op == 1", "output;")
			},
			other: func(w *world) { w.datapath("a"); w.flow("a", 28, 75, "eth.src == {m3, m1} && arp.op == 1", "output;") },
		},
		// So do the external addresses of another router.
		"set of external addresses": {
			a: func(w *world) {
				w.datapath("a")
				w.flow("a", 21, 100, `outport == "p" && reg0 == {10.0.0.1, 10.0.0.2, 10.0.0.3}`, "next;")
			},
			b: func(w *world) {
				w.datapath("a")
				w.flow("a", 21, 100, `outport == "p" && reg0 == {10.0.0.3, 10.0.0.1, 10.0.0.2}`, "next;")
			},
			other: func(w *world) {
				w.datapath("a")
				w.flow("a", 21, 100, `outport == "p" && reg0 == {10.0.0.3, 10.0.0.1}`, "next;")
			},
		},
		// Of several gateway ports any is named.
		"a gateway of several": {
			a: func(w *world) {
				w.gateways("p", "q")
				w.flow("r", 21, 90, `outport == "p" && ip4.src == 10.0.0.1 && is_chassis_resident("v")`, "get_arp;")
			},
			b: func(w *world) {
				w.gateways("p", "q")
				w.flow("r", 21, 90, `outport == "q" && ip4.src == 10.0.0.1 && is_chassis_resident("v")`, "get_arp;")
			},
			other: func(w *world) {
				w.gateways("p", "q")
				w.flow("r", 21, 90, `outport == "q" && ip4.src == 10.0.0.2 && is_chassis_resident("v")`, "get_arp;")
			},
		},
		"the only gateway": {
			a: func(w *world) {
				w.gateways("p")
				w.flow("r", 21, 90, `outport == "p" && ip4.src == 10.0.0.1 && is_chassis_resident("v")`, "get_arp;")
			},
			b: func(w *world) {
				w.gateways("p")
				w.flow("r", 21, 90, `outport == "p" && ip4.src == 10.0.0.1 && is_chassis_resident("v")`, "get_arp;")
			},
			other: func(w *world) {
				w.gateways("p")
				w.flow("r", 21, 90, `outport == "q" && ip4.src == 10.0.0.1 && is_chassis_resident("v")`, "get_arp;")
			},
		},
		// ECMP groups and members are numbered at will.
		"ecmp numbers": {
			a: func(w *world) {
				w.ecmp(1, "ip4.dst == 1.0.0.0/8", "A", "B")
				w.ecmp(2, "ip4.dst == 2.0.0.0/8", "A", "C")
			},
			b: func(w *world) {
				w.ecmp(7, "ip4.dst == 2.0.0.0/8", "C", "A")
				w.ecmp(3, "ip4.dst == 1.0.0.0/8", "B", "A")
			},
			// The two prefixes have each other's members.
			other: func(w *world) {
				w.ecmp(1, "ip4.dst == 2.0.0.0/8", "A", "B")
				w.ecmp(2, "ip4.dst == 1.0.0.0/8", "A", "C")
			},
		},
		// A member that is chosen but does not exist, or exists in another group, is a difference.
		"ecmp members": {
			a: func(w *world) { w.ecmp(1, "ip4.dst == 1.0.0.0/8", "A", "B") },
			b: func(w *world) { w.ecmp(9, "ip4.dst == 1.0.0.0/8", "A", "B") },
			other: func(w *world) {
				w.datapath("r")
				w.flow("r", 15, 10, "ip4.dst == 1.0.0.0/8", "reg8[0..15] = 1; reg8[16..31] = select(1, 2);")
				w.flow("r", 16, 100, "reg8[0..15] == 1 && reg8[16..31] == 1", "A")
				w.flow("r", 16, 100, "reg8[0..15] == 2 && reg8[16..31] == 2", "B")
			},
		},
		// A group of one.
		"ecmp of one": {
			a:     func(w *world) { w.one(1, 1, "A"); w.one(2, 1, "B") },
			b:     func(w *world) { w.one(5, 1, "B"); w.one(4, 1, "A") },
			other: func(w *world) { w.one(1, 1, "A"); w.one(2, 2, "B") },
		},
		// A router whose policies are all in the first chain may say so.
		"lone chain": {
			a: func(w *world) { w.datapath("r"); w.flow("r", 17, 10, "reg9[16..31] == 0 && (ip4)", "drop;") },
			b: func(w *world) { w.datapath("r"); w.flow("r", 17, 10, "ip4", "drop;") },
			// There is another chain.
			other: func(w *world) {
				w.datapath("r")
				w.flow("r", 17, 10, "ip4", "drop;")
				w.flow("r", 17, 10, "reg9[16..31] == 1 && (ip4)", "drop;")
			},
		},
		// Policy chains are numbered at will.
		"chain numbers": {
			a: func(w *world) { w.chain("0", "ip4", "1"); w.chain("1", "tcp", "2"); w.chain("2", "udp", "0") },
			b: func(w *world) { w.chain("0", "ip4", "8"); w.chain("8", "tcp", "3"); w.chain("3", "udp", "0") },
			// The jump goes to the other chain.
			other: func(w *world) { w.chain("0", "ip4", "2"); w.chain("1", "tcp", "2"); w.chain("2", "udp", "0") },
		},
		// Times, counters and what they count.
		"counters": {
			a:     func(w *world) { w.add(w.sb, "SB_Global", "g", Row{"nb_cfg": int64(3), "ipsec": false}) },
			b:     func(w *world) { w.add(w.sb, "SB_Global", "g", Row{"nb_cfg": int64(9), "ipsec": false}) },
			other: func(w *world) { w.add(w.sb, "SB_Global", "g", Row{"nb_cfg": int64(3), "ipsec": true}) },
		},
		// Keys of maps that carry versions and source lines.
		"dropped keys": {
			a:     func(w *world) { w.options(ovsdb.Map{{K: "northd_internal_version", V: "1"}, {K: "x", V: "1"}}) },
			b:     func(w *world) { w.options(ovsdb.Map{{K: "x", V: "1"}}) },
			other: func(w *world) { w.options(ovsdb.Map{{K: "x", V: "2"}}) },
		},
		// The default is the same as nothing, but a present optional value never is.
		"defaults": {
			a: func(w *world) {
				w.add(w.nb, "Logical_Switch_Port", "p", Row{"name": "p", "up": []bool{false}, "tag": []int64(nil)})
			},
			b:     func(w *world) { w.add(w.nb, "Logical_Switch_Port", "p", Row{"name": "p", "up": []bool{false}}) },
			other: func(w *world) { w.add(w.nb, "Logical_Switch_Port", "p", Row{"name": "p", "up": []bool(nil)}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var texts [3]Text
			for i, make := range []func(*world){c.a, c.b, c.other} {
				w := newWorld(t)
				make(w)
				texts[i] = w.text()
			}
			if d := Compare(texts[0], texts[1]); len(d) > 0 {
				t.Errorf("the same network differs:\n%s", strings.Join(d, "\n"))
			}
			if d := Compare(texts[0], texts[2]); len(d) == 0 {
				t.Errorf("another network is equal:\n%s%s%s", texts[0].Flows, texts[0].SB, texts[0].NBOut)
			}
		})
	}
}

func port(w *world, name, dp string) {
	w.datapath(dp)
	w.add(w.sb, "Port_Binding", name, Row{"logical_port": name, "datapath": w.id(dp)})
}

func multicast(w *world, ports ...string) {
	var ids []ovsdb.UUID
	for _, p := range ports {
		ids = append(ids, w.id(p))
	}
	w.add(w.sb, "Multicast_Group", "mg", Row{"name": "g", "datapath": w.id("sw0"), "ports": ovsdb.Set(ids...)})
}

func (w *world) lr(name string) { w.add(w.nb, "Logical_Router", name, Row{"name": name}) }

func (w *world) named(s string) { w.add(w.sb, "Port_Group", "pg", Row{"name": s}) }

func (w *world) options(m ovsdb.Map) { w.add(w.sb, "SB_Global", "g", Row{"options": m}) }

func (w *world) grouped(match, actions string, dps ...string) {
	var ids []ovsdb.UUID
	for _, d := range dps {
		ids = append(ids, w.id(d))
	}
	w.add(w.sb, "Logical_DP_Group", "dpg", Row{"datapaths": ovsdb.Set(ids...)})
	w.add(w.sb, "Logical_Flow", "grouped", Row{
		"logical_dp_group": []ovsdb.UUID{w.id("dpg")}, "pipeline": "ingress", "table_id": int64(0), "priority": int64(1),
		"match": match, "actions": actions,
	})
}

func (w *world) ecmp(id int, match string, members ...string) {
	w.datapath("r")
	g := itoa(id)
	w.flow("r", 15, 10, match, "reg8[0..15] = "+g+"; reg8[16..31] = select(1, 2);")
	for i, m := range members {
		w.flow("r", 16, 100, "reg8[0..15] == "+g+" && reg8[16..31] == "+itoa(i+1), m)
	}
}

// one is a group whose only member is chosen by number.
func (w *world) one(id, member int, action string) {
	w.datapath("r")
	w.flow("r", 15, 10, "ip4.dst == "+action, "reg8[0..15] = "+itoa(id)+"; reg8[16..31] = "+itoa(member)+"; next;")
	w.flow("r", 16, 100, "reg8[0..15] == "+itoa(id)+" && reg8[16..31] == 1", action)
}

func (w *world) chain(chain, match, jump string) {
	w.datapath("r")
	w.flow("r", 17, 10, "reg9[16..31] == "+chain+" && ("+match+")", "reg9[16..31]="+jump+"; next(pipeline=ingress, table=17);")
}

func itoa(i int) string { return string(rune('0' + i)) }
