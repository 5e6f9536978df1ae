package node

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Plan decides about one node.
func Plan(f Facts) reconcile.Plan {
	owner := OwnerOf(f.Key.Name)
	ipRef := reconcile.Ref{Kind: "IP", Key: reconcile.Key{Name: PortName(f.Key.Name)}}
	if f.Node == nil {
		plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {}}}
		if f.IP != nil {
			plan.Writes = []reconcile.Write{{Ref: ipRef, Delete: true}}
		}
		return plan
	}
	if f.Problem != "" {
		return reconcile.Plan{Events: []reconcile.Event{reconcile.Warning("NoJoinAddress", f.Problem)}}
	}
	if f.Join == nil {
		return reconcile.Plan{}
	}

	plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {Rows: rows(f)}}}
	annotations := map[string]string{
		v1.AllocatedAnnotation:     "true",
		v1.IPAddressAnnotation:     f.Allocation.Addr.String(),
		v1.MACAddressAnnotation:    f.Allocation.MAC,
		v1.CIDRAnnotation:          f.Join.Spec.CIDRBlock,
		v1.GatewayAnnotation:       f.Join.Spec.Gateway,
		v1.LogicalSwitchAnnotation: f.Join.Name,
		v1.PortNameAnnotation:      PortName(f.Key.Name),
	}
	for k, v := range annotations {
		if f.Node.Annotations[k] != v {
			plan.Writes = append(plan.Writes, reconcile.Write{Ref: reconcile.Ref{Kind: "Node", Key: f.Key}, Patch: reconcile.Annotate(annotations)})
			break
		}
	}
	spec := v1.IPSpec{
		PodName: f.Key.Name, Subnet: f.Join.Name, NodeName: f.Key.Name,
		IPAddress: f.Allocation.Addr.String(), V4IPAddress: f.Allocation.Addr.String(), MacAddress: f.Allocation.MAC,
	}
	if f.IP == nil || f.IP.Spec.V4IPAddress != spec.V4IPAddress || f.IP.Spec.MacAddress != spec.MacAddress || f.IP.Spec.Subnet != spec.Subnet {
		plan.Writes = append(plan.Writes, reconcile.Write{
			Ref: ipRef,
			Create: &v1.IP{
				ObjectMeta: metav1.ObjectMeta{Name: ipRef.Name, Labels: map[string]string{v1.SubnetLabel: f.Join.Name, v1.NodeLabel: f.Key.Name}},
				Spec:       spec,
			},
			Patch: map[string]any{"spec": spec},
		})
	}
	return plan
}

func rows(f Facts) []nb.Row {
	name := f.Key.Name
	addr := f.Allocation.Addr.String()
	ids := map[string]string{"node": name}
	router := nb.Parent{Table: nb.TableLogicalRouter, Name: v1.DefaultVpc}
	out := []nb.Row{
		{
			Parent: nb.Parent{Table: nb.TableLogicalSwitch, Name: f.Join.Name},
			Model: &nb.LogicalSwitchPort{
				Name: PortName(name), Addresses: []string{f.Allocation.MAC + " " + addr},
				ExternalIDs: map[string]string{"ls": f.Join.Name, "node": name, "ip": addr},
			},
		},
		{Model: &nb.PortGroup{Name: GroupName(name), ExternalIDs: ids}},
	}
	for _, a := range addresses4(f.Node) {
		out = append(out, nb.Row{Parent: router, Model: &nb.LogicalRouterPolicy{
			Priority: NodePriority, Match: "ip4.dst == " + a.String(), Action: nb.LogicalRouterPolicyActionReroute, Nexthops: []string{addr}, ExternalIDs: ids,
		}})
	}
	for _, s := range f.Subnets {
		group := EgressGroupName(s.Name, name)
		groupIDs := map[string]string{"node": name, "subnet": s.Name}
		out = append(out,
			nb.Row{Model: &nb.PortGroup{Name: group, ExternalIDs: groupIDs}},
			nb.Row{Parent: router, Model: &nb.LogicalRouterPolicy{
				Priority: EgressPriority, Match: "ip4.src == $" + group + "_ip4", Action: nb.LogicalRouterPolicyActionReroute, Nexthops: []string{addr}, ExternalIDs: groupIDs,
			}},
		)
	}
	return out
}

// addresses4 are the node's own IPv4 addresses, without duplicates.
func addresses4(n *corev1.Node) []netip.Addr {
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, a := range n.Status.Addresses {
		if a.Type != corev1.NodeInternalIP && a.Type != corev1.NodeExternalIP {
			continue
		}
		if addr, err := netip.ParseAddr(a.Address); err == nil && addr.Is4() && !seen[addr] {
			seen[addr] = true
			out = append(out, addr)
		}
	}
	return out
}
