package subnet

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/vpc"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// AllowPriority keeps traffic to a subnet's range inside the router, before any egress policy.
const AllowPriority = 31000

// OwnerOf is the owner of a subnet's rows.
func OwnerOf(subnet string) nb.Owner { return nb.Owner{Kind: "Subnet", Name: subnet} }

// RouterPort is the name of the router's port towards a subnet, SwitchPort that of the switch's port towards the router.
func RouterPort(vpc, subnet string) string { return vpc + "-" + subnet }

// SwitchPort is the peer of RouterPort.
func SwitchPort(vpc, subnet string) string { return subnet + "-" + vpc }

// Plan decides about one subnet.
func Plan(f Facts) reconcile.Plan {
	owner := OwnerOf(f.Key.Name)
	ref := reconcile.Ref{Kind: "Subnet", Key: f.Key}
	if f.Subnet == nil {
		return reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {}}, Notify: neighbours(f, "")}
	}
	s := f.Subnet
	if s.DeletionTimestamp != nil {
		if f.Usage.Used > 0 {
			plan := reconcile.Plan{Events: []reconcile.Event{reconcile.Warning("StillUsed",
				fmt.Sprintf("deleting waits: %d addresses are in use (%s): delete their owners first", f.Usage.Used, some(f.Usage.Owners)))}}
			plan.Writes = statusWrite(f, ref, f.Problem)
			return plan
		}
		return reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {}}, Notify: neighbours(f, s.Spec.Vpc), Finalized: true}
	}

	var plan reconcile.Plan
	if f.Defaulted {
		// Only onto the object that was read: an edit that came meanwhile must not be undone.
		plan.Writes = append(plan.Writes, reconcile.Write{Ref: ref, Patch: map[string]any{
			"metadata": map[string]any{"resourceVersion": s.ResourceVersion},
			"spec": map[string]any{
				"vpc": s.Spec.Vpc, "provider": s.Spec.Provider, "protocol": s.Spec.Protocol, "cidrBlock": s.Spec.CIDRBlock, "gateway": s.Spec.Gateway,
				"excludeIps": s.Spec.ExcludeIPs, "gatewayType": s.Spec.GatewayType, "enableLb": s.Spec.LbEnabled(),
				"natOutgoing": s.Spec.NatOutgoing, "private": s.Spec.Private,
			},
		}})
	}
	problem := f.Problem
	if problem == "" && !f.VpcExists {
		problem = fmt.Sprintf("spec.vpc %s: there is no such Vpc: create it or name another", s.Spec.Vpc)
	}
	plan.Writes = append(plan.Writes, statusWrite(f, ref, problem)...)
	if problem != "" {
		if !said(s, v1.Validated, corev1.ConditionFalse, problem) {
			plan.Events = append(plan.Events, reconcile.Warning("Invalid", problem))
		}
		return plan
	}
	plan.Rows = map[nb.Owner]nb.Desired{owner: {Rows: rows(s)}}
	if f.Changed || !v1.IsTrue(s.Status.Conditions, v1.Ready) {
		plan.Notify = neighbours(f, s.Spec.Vpc)
	}
	if ignored := ignoredMessage(s); ignored != "" && !said(s, v1.Ignored, corev1.ConditionTrue, ignored) {
		plan.Events = append(plan.Events, reconcile.Warning("Ignored", ignored))
	}
	return plan
}

// neighbours are those whose rows or status mention subnets.
func neighbours(f Facts, vpcName string) []reconcile.Ref {
	if vpcName == "" {
		vpcName = v1.DefaultVpc
	}
	out := []reconcile.Ref{{Kind: "Vpc", Key: reconcile.Key{Name: vpcName}}}
	if vpcName != v1.DefaultVpc {
		// A subnet without a VPC of its own, or one that is gone, may have been anywhere.
		return out
	}
	for _, n := range f.Nodes {
		out = append(out, reconcile.Ref{Kind: "Node", Key: reconcile.Key{Name: n}})
	}
	return out
}

func rows(s *v1.Subnet) []nb.Row {
	prefix := netip.MustParsePrefix(s.Spec.CIDRBlock)
	gateway := netip.MustParseAddr(s.Spec.Gateway)
	routerPort, switchPort := RouterPort(s.Spec.Vpc, s.Name), SwitchPort(s.Spec.Vpc, s.Name)
	ids := map[string]string{"ls": s.Name, "lr": s.Spec.Vpc}

	ls := nb.Row{Model: &nb.LogicalSwitch{Name: s.Name}, Refs: map[string][]string{nb.LogicalSwitchColLoadBalancer: {}}}
	if s.Spec.LbEnabled() && s.Name != v1.JoinSubnet {
		// Hosts reach Services through kube-proxy, so the join switch has no load balancers.
		ls.Refs[nb.LogicalSwitchColLoadBalancer] = vpc.LoadBalancersOf(s.Spec.Vpc).Names()
	}
	out := []nb.Row{
		ls,
		{
			Parent: nb.Parent{Table: nb.TableLogicalSwitch, Name: s.Name},
			Model: &nb.LogicalSwitchPort{
				Name: switchPort, Type: "router", Addresses: []string{"router"},
				Options: map[string]string{"router-port": routerPort}, ExternalIDs: ids,
			},
		},
		{
			Parent: nb.Parent{Table: nb.TableLogicalRouter, Name: s.Spec.Vpc},
			Model: &nb.LogicalRouterPort{
				Name: routerPort, MAC: ipam.MACFor(gateway, 0), ExternalIDs: ids,
				Networks: []string{netip.PrefixFrom(gateway, prefix.Bits()).String()},
			},
		},
	}
	if s.Spec.Vpc == v1.DefaultVpc {
		out = append(out, nb.Row{
			Parent: nb.Parent{Table: nb.TableLogicalRouter, Name: s.Spec.Vpc},
			Model: &nb.LogicalRouterPolicy{
				Priority: AllowPriority, Match: "ip4.dst == " + prefix.String(), Action: nb.LogicalRouterPolicyActionAllow, ExternalIDs: map[string]string{"subnet": s.Name},
			},
		})
	}
	return out
}

func ignoredMessage(s *v1.Subnet) string {
	if ignored := s.Spec.Unsupported(); len(ignored) > 0 {
		return "this version of kove does not act on spec." + strings.Join(ignored, ", spec.")
	}
	return ""
}

func said(s *v1.Subnet, t v1.ConditionType, status corev1.ConditionStatus, message string) bool {
	for _, c := range s.Status.Conditions {
		if c.Type == t {
			return c.Status == status && c.Message == message
		}
	}
	return false
}

func some(owners []ipam.Owner) string {
	var out []string
	for i, o := range owners {
		if i == 3 {
			out = append(out, "…")
			break
		}
		out = append(out, o.String())
	}
	return strings.Join(out, ", ")
}

func statusWrite(f Facts, ref reconcile.Ref, problem string) []reconcile.Write {
	status := *f.Subnet.Status.DeepCopy()
	status.V4AvailableIPs, status.V4UsingIPs = f.Usage.Available, f.Usage.Used
	status.V4AvailableIPRange, status.V4UsingIPRange = f.Usage.AvailableRange, f.Usage.UsedRange
	validated := v1.Condition{Type: v1.Validated, Status: corev1.ConditionTrue, Reason: "Accepted"}
	ready := v1.Condition{Type: v1.Ready, Status: corev1.ConditionTrue, Reason: "Realised"}
	if problem != "" {
		validated = v1.Condition{Type: v1.Validated, Status: corev1.ConditionFalse, Reason: "Invalid", Message: problem}
		ready = v1.Condition{Type: v1.Ready, Status: corev1.ConditionFalse, Reason: "NotValidated"}
		if f.Realised {
			ready = v1.Condition{Type: v1.Ready, Status: corev1.ConditionTrue, Reason: "EarlierSpec", Message: "what was accepted before stays in force"}
		}
	}
	status.Conditions = v1.SetCondition(status.Conditions, validated, f.Now)
	status.Conditions = v1.SetCondition(status.Conditions, ready, f.Now)
	if ignored := ignoredMessage(f.Subnet); ignored != "" {
		status.Conditions = v1.SetCondition(status.Conditions, v1.Condition{Type: v1.Ignored, Status: corev1.ConditionTrue, Reason: "NotServedYet", Message: ignored}, f.Now)
	} else {
		status.Conditions = v1.RemoveCondition(status.Conditions, v1.Ignored)
	}
	if equality.Semantic.DeepEqual(status, f.Subnet.Status) {
		return nil
	}
	return []reconcile.Write{{Ref: ref, Subresource: "status", Patch: map[string]any{"status": status}}}
}
