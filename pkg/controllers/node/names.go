package node

import (
	"strings"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/ovn/nb"
)

// Router policy priorities, as in Kube-OVN.
const (
	NodePriority   = 30000
	EgressPriority = 29000
)

// PortName is the name of a node's logical switch port.
func PortName(node string) string { return "node-" + node }

// GroupName is the port group of all pods on a node.
func GroupName(node string) string { return dotted("node." + node) }

// EgressGroupName is the port group of a subnet's pods on a node.
func EgressGroupName(subnet, node string) string { return dotted(subnet + "." + node) }

// dotted makes a name that OVN's expressions accept, in Kube-OVN's way.
func dotted(s string) string { return strings.ReplaceAll(s, "-", ".") }

// OwnerOf is the owner of a node's rows.
func OwnerOf(node string) nb.Owner { return nb.Owner{Kind: "Node", Name: node} }

// AddressOwner is the owner of a node's join address.
func AddressOwner(node string) ipam.Owner { return ipam.Owner{Kind: "Node", Name: node} }

// HasEgress tells whether pods of a subnet leave the cluster through their node's join address.
func HasEgress(s *v1.Subnet) bool {
	return (s.Spec.Vpc == v1.DefaultVpc || s.Spec.Vpc == "") && s.Name != v1.JoinSubnet
}
