// Package vpc makes a Vpc's logical router and load balancers.
//
// It writes Logical_Router, Load_Balancer, Logical_Router_Static_Route and Logical_Router_Policy, owned by the Vpc. The
// router's ports belong to the subnets, the load balancers' entries to the Services. A Vpc goes once no Subnet names it.
package vpc
