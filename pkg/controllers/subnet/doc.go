// Package subnet makes a Subnet's logical switch and its connection to the VPC's router, and keeps its status.
//
// It writes Logical_Switch, the Logical_Switch_Port and Logical_Router_Port between switch and router, and the
// Logical_Router_Policy 31000 that keeps the subnet's own range inside the router, all owned by the Subnet. Pods' and
// nodes' ports, and the egress policies 29000, belong to pods and nodes.
//
// A Subnet that is not valid, or that overlaps an older one, is not realised: its status says why. One that was realised
// and becomes invalid by an edit keeps its rows as they are until it is put right. It goes once no address of it is used.
package subnet
