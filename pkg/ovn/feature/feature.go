package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Feature is one feature of the network. A nil function means that it has nothing to say about that kind of unit.
type Feature struct {
	Name         string
	Switch       func(*topo.Switch, *Builder)
	SwitchPort   func(*topo.SwitchPort, *Builder)
	Router       func(*topo.Router, *Builder)
	RouterPort   func(*topo.RouterPort, *Builder)
	LoadBalancer func(*topo.LoadBalancer, *Builder)
	Multicast    func(*topo.Multicast, *Builder)
}

// All lists the features. The order is that of the pipelines, for readers; it has no effect.
func All() []Feature {
	return []Feature{
		defaults(),
		admission(),
		fdb(),
		stateful(),
		acl(),
		aclSample(),
		qos(),
		lb(),
		hairpin(),
		arp(),
		forwarding(),
		dhcp(),
		dns(),
		external(),
		l2(),
		mcast(),
		portsec(),
		router(),
		routerAdmission(),
		neighbor(),
		ipInput(),
		bfd(),
		nat(),
		routerLB(),
		ecmpSymmetric(),
		ra(),
		route(),
		policy(),
		routerARP(),
		routingProtocol(),
		gatewayMTU(),
		dhcpRelay(),
		gateway(),
	}
}

// Compile runs all features on a view: *topo.Switch, *topo.SwitchPort and so on. Other views have no flows.
func Compile(features []Feature, view any, b *Builder) {
	for i := range features {
		f := &features[i]
		switch v := view.(type) {
		case *topo.Switch:
			call(f.Switch, v, b)
		case *topo.SwitchPort:
			call(f.SwitchPort, v, b)
		case *topo.Router:
			call(f.Router, v, b)
		case *topo.RouterPort:
			call(f.RouterPort, v, b)
		case *topo.LoadBalancer:
			call(f.LoadBalancer, v, b)
		case *topo.Multicast:
			call(f.Multicast, v, b)
		}
	}
}

func call[V any](f func(V, *Builder), v V, b *Builder) {
	if f != nil {
		f(v, b)
	}
}

// Builder collects the flows of one unit.
type Builder struct {
	items []Item
}

// Item is a flow with the datapaths that it is in.
type Item struct {
	lflow.Flow
	Datapaths []*topo.Datapath
	one       [1]*topo.Datapath
}

// Add emits a flow into dp. The result is for what few flows have: a meter, a port, a hint. It is valid until the next Add.
func (b *Builder) Add(dp *topo.Datapath, stage lflow.Stage, priority int, match, actions string) *Item {
	it := b.add(stage, priority, match, actions)
	it.one[0] = dp
	it.Datapaths = it.one[:]
	return it
}

// AddAll emits a flow into several datapaths.
func (b *Builder) AddAll(dps []*topo.Datapath, stage lflow.Stage, priority int, match, actions string) *Item {
	it := b.add(stage, priority, match, actions)
	it.Datapaths = dps
	return it
}

func (b *Builder) add(stage lflow.Stage, priority int, match, actions string) *Item {
	b.items = append(b.items, Item{Flow: lflow.Flow{
		Stage: stage, Priority: uint16(priority), Match: match, Actions: actions,
	}})
	return &b.items[len(b.items)-1]
}

// Items returns what was emitted. A flow may be in it more than once.
func (b *Builder) Items() []Item {
	for i := range b.items {
		if it := &b.items[i]; it.one[0] != nil {
			it.Datapaths = it.one[:] // the slice may have moved
		}
	}
	return b.items
}

// Reset empties the builder for the next unit.
func (b *Builder) Reset() { clear(b.items); b.items = b.items[:0] }

// WithPort says that the flow is of use only where the named logical port is: see lflow.Flow.Port.
func (it *Item) WithPort(name string) *Item { it.Port = name; return it }

// WithMeter limits what the flow sends to ovn-controller.
func (it *Item) WithMeter(name string) *Item { it.Meter = name; return it }

// WithHint names the northbound row that the flow comes from.
func (it *Item) WithHint(id ovsdb.UUID) *Item { it.Hint = id.String()[:8]; return it }
