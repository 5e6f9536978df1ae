// Package node gives each Node its port on the join switch and its share of the default VPC's routing.
//
// It writes, owned by the Node: the Logical_Switch_Port node-<name> on join; Port_Group node.<name> (pods on the node are
// its members); for each subnet of the default VPC a Port_Group <subnet>.<name>; Logical_Router_Policy 30000, which sends
// packets for the node's addresses to its join address, and 29000, which sends what leaves the cluster from pods on the
// node there too. It annotates the Node, which tells the node's daemon its join address, and writes an IP object.
package node
