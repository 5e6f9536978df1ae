package main

import (
	"fmt"
	"strings"
)

// network is what is loaded. Both sides get the same rows with the same UUIDs.
type network struct {
	Name     string
	Switches []int // ports of each
	BigGroup bool  // one port group of all ports, rather than one per switch
	LBs      int
	serial   int
	router   string
	lbGroup  string
	lbs      []string
	set      string // Address_Set
	ls, pg   []string
	next     []int // number of the next port, by switch
}

const (
	setMembers = 1000
	perTxn     = 250 // ports a transaction while loading
)

func newNetwork(name string, switches []int, bigGroup bool, lbs int) *network {
	return &network{Name: name, Switches: switches, BigGroup: bigGroup, LBs: lbs}
}

func even(ports, perSwitch int) []int {
	var out []int
	for ; ports > 0; ports -= perSwitch {
		out = append(out, min(ports, perSwitch))
	}
	return out
}

func (n *network) ports() (sum int) {
	for _, p := range n.Switches {
		sum += p
	}
	return sum
}

// id makes the next UUID.
func (n *network) id() string {
	n.serial++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", n.serial)
}

func (n *network) address(sw, port int) (mac, ip string) {
	return fmt.Sprintf("0a:10:%02x:%02x:%02x:%02x", sw>>8, sw&255, port>>8, port&255), fmt.Sprintf("10.%d.%d.%d", sw, port/250, port%250+1)
}

// load is the transactions that build the network.
func (n *network) load() (txns [][]obj) {
	n.router, n.lbGroup, n.set = n.id(), n.id(), n.id()
	var ops []obj
	refs := arr{}
	for i := range n.LBs {
		id := n.id()
		n.lbs = append(n.lbs, id)
		refs = append(refs, uuid(id))
		_, a := n.address(0, i%100)
		_, b := n.address(0, (i+1)%100)
		ops = append(ops, insert("Load_Balancer", id, obj{"name": fmt.Sprint("lb", i), "protocol": "tcp",
			"vips": pairs(n.vip(i), a+":8080,"+b+":8080")}))
	}
	var members arr
	for i := range setMembers {
		members = append(members, fmt.Sprintf("192.0.%d.%d", i/250, i%250+1))
	}
	ops = append(ops, insert("Logical_Router", n.router, obj{"name": "R"}),
		insert("Load_Balancer_Group", n.lbGroup, obj{"name": "G", "load_balancer": set(refs...)}),
		insert("Address_Set", n.set, obj{"name": "AS", "addresses": set(members...)}))
	txns = append(txns, ops)
	for sw, ports := range n.Switches {
		txns = append(txns, n.addSwitch(sw))
		for at := 0; at < ports; at += perTxn {
			txns = append(txns, n.addPorts(sw, min(perTxn, ports-at)))
		}
	}
	return txns
}

func (n *network) vip(lb int) string { return fmt.Sprintf("172.30.%d.%d:80", lb/250, lb%250+1) }

// group is the number of the port group of a switch.
func (n *network) group(sw int) int {
	if n.BigGroup {
		return 0
	}
	return sw
}

func (n *network) addSwitch(sw int) (ops []obj) {
	ls, lrp, lsp := n.id(), n.id(), n.id()
	n.ls, n.next = append(n.ls, ls), append(n.next, 0)
	if n.group(sw) == len(n.pg) {
		pg, in, out := n.id(), n.id(), n.id()
		n.pg = append(n.pg, pg)
		name := fmt.Sprint("PG", len(n.pg)-1)
		match := "outport == @" + name + " && ip4.src == $" + name + "_ip4"
		if sw == 0 {
			match = "outport == @" + name + " && ip4.src == {$" + name + "_ip4, $AS}"
		}
		ops = append(ops,
			insert("ACL", in, obj{"direction": "to-lport", "priority": 1001, "action": "allow-related", "match": match}),
			insert("ACL", out, obj{"direction": "from-lport", "priority": 1001, "action": "allow-related", "match": "inport == @" + name + " && ip4"}),
			insert("Port_Group", pg, obj{"name": name, "acls": set(uuid(in), uuid(out))}))
	}
	router := fmt.Sprint("R-S", sw)
	return append(ops,
		insert("Logical_Switch", ls, obj{"name": fmt.Sprint("S", sw), "load_balancer_group": uuid(n.lbGroup), "ports": uuid(lsp)}),
		insert("Logical_Switch_Port", lsp, obj{"name": fmt.Sprintf("S%d-R", sw), "type": "router", "addresses": "router", "options": pairs("router-port", router)}),
		insert("Logical_Router_Port", lrp, obj{"name": router, "mac": fmt.Sprintf("0a:20:00:00:%02x:%02x", sw>>8, sw&255),
			"networks": fmt.Sprintf("10.%d.255.254/16", sw)}),
		mutate("Logical_Router", n.router, "ports", "insert", uuid(lrp)))
}

// addPorts adds ports to a switch and to its group.
func (n *network) addPorts(sw, count int) (ops []obj) {
	var refs arr
	for range count {
		ops = append(ops, n.port(sw, n.id()))
		refs = append(refs, ops[len(ops)-1]["uuid"])
	}
	for i := range refs {
		refs[i] = uuid(refs[i].(string))
	}
	return append(ops, mutate("Logical_Switch", n.ls[sw], "ports", "insert", set(refs...)),
		mutate("Port_Group", n.pg[n.group(sw)], "ports", "insert", set(refs...)))
}

func (n *network) port(sw int, id string) obj {
	i := n.next[sw]
	n.next[sw]++
	mac, ip := n.address(sw, i)
	return insert("Logical_Switch_Port", id, obj{"name": fmt.Sprintf("p%d-%d", sw, i), "addresses": mac + " " + ip})
}

// change is a transaction whose effect is waited for, and what takes it back.
type change struct {
	ops  []obj
	seen []sign // all have to be seen in the southbound database
	undo []obj
}

// sign is a southbound row with a text in one of its columns, inserted, modified or deleted.
type sign struct{ table, how, text string }

// operation is one kind of change; make is called with growing numbers.
type operation struct {
	Key, Title string
	Goal       float64 // how many times faster than stock
	make       func(n *network, i int) change
}

// operations are those that are timed, in this order. The deletions take back what came before them.
func operations() []operation {
	var port, sw string
	var portName, swName string
	return []operation{
		{"port_add", "one port", 20, func(n *network, i int) change {
			to := i % len(n.ls)
			if n.BigGroup {
				to = 0 // the big switch
			}
			port = n.id()
			op := n.port(to, port)
			row := op["row"].(obj)
			portName = row["name"].(string)
			mac, _, _ := strings.Cut(row["addresses"].(string), " ")
			return change{
				ops: []obj{op, mutate("Logical_Switch", n.ls[to], "ports", "insert", uuid(port)),
					mutate("Port_Group", n.pg[n.group(to)], "ports", "insert", uuid(port))},
				seen: []sign{{"Port_Binding", "insert", portName}, {"Logical_Flow", "insert", "eth.dst == " + mac}},
			}
		}},
		{"port_del", "one port deleted", 20, func(n *network, i int) change {
			to := i % len(n.ls)
			if n.BigGroup {
				to = 0
			}
			return change{
				ops: []obj{mutate("Logical_Switch", n.ls[to], "ports", "delete", uuid(port)),
					mutate("Port_Group", n.pg[n.group(to)], "ports", "delete", uuid(port))},
				seen: []sign{{"Port_Binding", "delete", portName}},
			}
		}},
		{"acl_add", "one ACL on a port group", 80, func(n *network, i int) change {
			id, pg := n.id(), i%len(n.pg)
			match := fmt.Sprintf("outport == @PG%d && tcp.dst == %d", pg, 1000+i)
			return change{
				ops: []obj{insert("ACL", id, obj{"direction": "to-lport", "priority": 1100, "action": "drop", "match": match}),
					mutate("Port_Group", n.pg[pg], "acls", "insert", uuid(id))},
				seen: []sign{{"Logical_Flow", "insert", fmt.Sprint("tcp.dst == ", 1000+i)}},
				undo: []obj{mutate("Port_Group", n.pg[pg], "acls", "delete", uuid(id))},
			}
		}},
		{"lb_backend", "one backend of a load balancer", 0, func(n *network, i int) change {
			lb := i % n.LBs
			_, a := n.address(0, 100+i%100)
			value := fmt.Sprintf("%s:%d", a, 9000+i)
			return change{
				ops: []obj{{"op": "mutate", "table": "Load_Balancer", "where": where(n.lbs[lb]), "mutations": arr{
					arr{"vips", "delete", set(n.vip(lb))}, arr{"vips", "insert", pairs(n.vip(lb), value)}}}},
				seen: []sign{{"Load_Balancer", "modify", value}},
			}
		}},
		{"set_member", fmt.Sprintf("one member of an address set of %d", setMembers), 0, func(n *network, i int) change {
			ip := fmt.Sprintf("198.51.%d.%d", i/250, i%250+1)
			return change{
				ops:  []obj{mutate("Address_Set", n.set, "addresses", "insert", ip)},
				seen: []sign{{"Address_Set", "modify", ip}},
				undo: []obj{mutate("Address_Set", n.set, "addresses", "delete", ip)},
			}
		}},
		{"route_add", "one static route", 200, func(n *network, i int) change {
			id, prefix := n.id(), fmt.Sprintf("192.168.%d.0/24", i%250)
			_, hop := n.address(0, 1)
			return change{
				ops: []obj{insert("Logical_Router_Static_Route", id, obj{"ip_prefix": prefix, "nexthop": hop}),
					mutate("Logical_Router", n.router, "static_routes", "insert", uuid(id))},
				seen: []sign{{"Logical_Flow", "insert", "ip4.dst == " + prefix}},
				undo: []obj{mutate("Logical_Router", n.router, "static_routes", "delete", uuid(id))},
			}
		}},
		{"switch_add", "one switch", 200, func(n *network, i int) change {
			sw, swName = n.id(), fmt.Sprint("X", i)
			return change{
				ops:  []obj{insert("Logical_Switch", sw, obj{"name": swName})},
				seen: []sign{{"Datapath_Binding", "insert", swName}},
			}
		}},
		{"switch_del", "one switch deleted", 200, func(n *network, i int) change {
			return change{
				ops:  []obj{{"op": "delete", "table": "Logical_Switch", "where": where(sw)}},
				seen: []sign{{"Datapath_Binding", "delete", swName}},
			}
		}},
	}
}
