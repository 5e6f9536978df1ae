// Package feature compiles views into logical flows: one file per feature of ovn-northd(8).
//
// A feature is a struct of optional functions, one per kind of unit. Each gets one view and a Builder, and emits the flows
// that this unit owns, into whatever datapath they belong to. The functions are pure: the same view gives the same flows,
// and nothing but the view is read. Features never call each other; what two of them need is a fact of pkg/ovn/topo.
//
// Who owns a flow: the unit whose rows decide that it exists. A port's flows in its switch, and those in the routers
// behind the switch that resolve its address, belong to the port, so that one more port compiles one port. Flows that
// every switch has belong to the switch. The same flow may come from several units; it exists as long as one emits it.
package feature
