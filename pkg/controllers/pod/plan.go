package pod

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/node"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Plan decides about one pod.
func Plan(f Facts) reconcile.Plan {
	if !f.Alive {
		return planDead(f)
	}
	if f.Problem != "" {
		return reconcile.Plan{Events: []reconcile.Event{reconcile.Warning("AddressNotAllocated", f.Problem)}}
	}

	name, addr := PortName(f.Owner), f.Allocation.Addr.String()
	lsp := &nb.LogicalSwitchPort{
		Name: name, Addresses: []string{f.Allocation.MAC + " " + addr},
		ExternalIDs: map[string]string{"ls": f.Subnet.Name, "pod": f.Key.String(), "ip": addr},
	}
	if f.Pod.Annotations[v1.PortSecurityAnnotation] == "true" {
		lsp.PortSecurity = lsp.Addresses
	}
	desired := nb.Desired{Rows: []nb.Row{{Parent: nb.Parent{Table: nb.TableLogicalSwitch, Name: f.Subnet.Name}, Model: lsp}}}
	for _, n := range f.Nodes {
		desired.Members = append(desired.Members, nb.Member{Group: node.GroupName(n), Port: name})
		if node.HasEgress(f.Subnet) {
			desired.Members = append(desired.Members, nb.Member{Group: node.EgressGroupName(f.Subnet.Name, n), Port: name})
		}
	}
	plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{RowOwner(f.Owner): desired}}

	annotations := map[string]string{
		v1.AllocatedAnnotation:     "true",
		v1.RoutedAnnotation:        "true",
		v1.IPAddressAnnotation:     addr,
		v1.MACAddressAnnotation:    f.Allocation.MAC,
		v1.CIDRAnnotation:          f.Subnet.Spec.CIDRBlock,
		v1.GatewayAnnotation:       f.Subnet.Spec.Gateway,
		v1.LogicalSwitchAnnotation: f.Subnet.Name,
		v1.LogicalRouterAnnotation: f.Subnet.Spec.Vpc,
		v1.PodNicTypeAnnotation:    v1.VethPair,
	}
	if given := f.Pod.Annotations[v1.MACAddressAnnotation]; strings.EqualFold(given, f.Allocation.MAC) {
		// The user's spelling stays.
		annotations[v1.MACAddressAnnotation] = given
	}
	if f.Owner.Kind == TypeVirtualMachine {
		annotations[v1.VirtualMachine] = f.Owner.Name
		// The port is named after the VM, not after the pod.
		annotations[v1.PortNameAnnotation] = name
	}
	if f.Pod.Annotations[v1.AllocatedAnnotation] == "true" {
		// The pod's interface was made with these; an edit of the subnet is for later pods.
		for _, k := range []string{v1.CIDRAnnotation, v1.GatewayAnnotation} {
			if was := f.Pod.Annotations[k]; was != "" {
				annotations[k] = was
			}
		}
	}
	for k, v := range annotations {
		if f.Pod.Annotations[k] != v {
			plan.Writes = append(plan.Writes, reconcile.Write{Ref: refOf(f.Key), Patch: reconcile.Annotate(annotations)})
			break
		}
	}
	spec := v1.IPSpec{
		PodName: f.Owner.Name, Namespace: f.Owner.Namespace, Subnet: f.Subnet.Name, NodeName: f.Pod.Spec.NodeName,
		IPAddress: addr, V4IPAddress: addr, MacAddress: f.Allocation.MAC, PodType: podType(f.Pod),
	}
	return withIP(plan, f, spec)
}

func withIP(plan reconcile.Plan, f Facts, spec v1.IPSpec) reconcile.Plan {
	labels := map[string]string{v1.SubnetLabel: spec.Subnet, v1.NodeLabel: spec.NodeName}
	if f.IP != nil && sameIP(f.IP, spec) && f.IP.Labels[v1.IPReservedLabel] == "" {
		return plan
	}
	ref := reconcile.Ref{Kind: "IP", Key: reconcile.Key{Name: PortName(f.Owner)}}
	plan.Writes = append(plan.Writes, reconcile.Write{
		Ref:    ref,
		Create: &v1.IP{ObjectMeta: metav1.ObjectMeta{Name: ref.Name, Labels: labels}, Spec: spec},
		Patch: map[string]any{
			"metadata": map[string]any{"labels": map[string]any{v1.SubnetLabel: spec.Subnet, v1.NodeLabel: spec.NodeName, v1.IPReservedLabel: nil}},
			"spec":     spec,
		},
	})
	return plan
}

func sameIP(ip *v1.IP, spec v1.IPSpec) bool {
	return ip.Spec.PodName == spec.PodName && ip.Spec.Namespace == spec.Namespace && ip.Spec.Subnet == spec.Subnet && ip.Spec.NodeName == spec.NodeName &&
		ip.Spec.V4IPAddress == spec.V4IPAddress && ip.Spec.MacAddress == spec.MacAddress && ip.Spec.PodType == spec.PodType
}

// planDead takes the port away; the IP object goes too unless the identity keeps its address.
func planDead(f Facts) reconcile.Plan {
	if f.Owner == (ipam.Owner{}) || f.Others {
		return reconcile.Plan{}
	}
	plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{RowOwner(f.Owner): {}}}
	if f.IP == nil {
		return plan
	}
	w := reconcile.Write{Ref: reconcile.Ref{Kind: "IP", Key: reconcile.Key{Name: f.IP.Name}}}
	switch {
	case !f.Reserved:
		w.Delete = true
	case f.IP.Labels[v1.IPReservedLabel] != "true":
		w.Patch = map[string]any{"metadata": map[string]any{"labels": map[string]any{v1.IPReservedLabel: "true"}}}
	default:
		return plan
	}
	plan.Writes = append(plan.Writes, w)
	return plan
}
