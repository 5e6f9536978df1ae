// Package topo turns northbound rows into views: what a unit of compilation (switch, switch port, router, router port,
// load balancer) can see of the network, joined and with its facts computed.
//
// Data flows in by Apply (rows of one commit) and by the Set methods (what the southbound database knows: tunnel keys,
// bindings, chassis) and out by Changed: the units whose view is no longer what it was.
//
// A view is immutable and complete: compiling it needs nothing else. It consists of its own fields and of facts
// (SwitchFacts, RouterFacts, RouterPortFacts, …), values that are shared between views and replaced only when their content
// changes, so that a thousand ports depend on "the switch has a stateful ACL" and not on every ACL.
//
// Dependencies are not declared, they are recorded (graph.go): a rule computes a fact from rows, indexes and other facts; what it
// read is what it depends on. When an input changes, the rules that read it run again, and the change stops where a value
// comes out as it was. To add a fact, add a field and compute it in its rule; nothing has to be told about it. Two duties:
// read rows, indexes and facts only through the tables and rules of Topo, and do not write into what they return.
//
// The package does no I/O, knows no flows and is not safe for concurrent use.
package topo
