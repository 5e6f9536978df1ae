package vpc

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

// OwnerOf is the owner of a VPC's rows.
func OwnerOf(vpc string) nb.Owner { return nb.Owner{Kind: "Vpc", Name: vpc} }

// Plan decides about one VPC.
func Plan(f Facts) reconcile.Plan {
	owner := OwnerOf(f.Key.Name)
	gone := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {}}}
	if f.Vpc == nil {
		return gone
	}
	if f.Vpc.DeletionTimestamp != nil {
		if len(f.Subnets) > 0 {
			return reconcile.Plan{Events: []reconcile.Event{reconcile.Warning("StillUsed",
				fmt.Sprintf("deleting waits: subnets %s belong to this VPC: delete them first", strings.Join(names(f.Subnets), ", ")))}}
		}
		gone.Finalized = true
		return gone
	}

	plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{owner: {Rows: rows(f)}}}
	status := desiredStatus(f)
	if !equality.Semantic.DeepEqual(status, f.Vpc.Status) {
		plan.Writes = append(plan.Writes, reconcile.Write{
			Ref: reconcile.Ref{Kind: "Vpc", Key: f.Key}, Subresource: "status", Patch: map[string]any{"status": statusPatch(status)},
		})
	}
	// Subnets may have waited for the router.
	if !v1.IsTrue(f.Vpc.Status.Conditions, v1.Ready) {
		for _, s := range f.Subnets {
			plan.Notify = append(plan.Notify, reconcile.Ref{Kind: "Subnet", Key: reconcile.Key{Name: s.Name}})
		}
	}
	if ignored := f.Vpc.Spec.Unsupported(); len(ignored) > 0 && !v1.IsTrue(f.Vpc.Status.Conditions, v1.Ignored) {
		plan.Events = append(plan.Events, reconcile.Warning("Ignored", "this version of kove does not act on spec."+strings.Join(ignored, ", spec.")))
	}
	return plan
}

func rows(f Facts) []nb.Row {
	router := f.Vpc.Name
	out := []nb.Row{{Model: &nb.LogicalRouter{
		Name: router,
		Options: map[string]string{
			"mac_binding_age_threshold":     "300",
			"dynamic_neigh_routers":         "true",
			"always_learn_from_arp_request": "false",
		},
	}}}

	lbs := LoadBalancersOf(f.Vpc.Name)
	for _, lb := range []struct {
		name, protocol string
		session        bool
	}{
		{lbs.TCP, nb.LoadBalancerProtocolTCP, false}, {lbs.UDP, nb.LoadBalancerProtocolUDP, false}, {lbs.SCTP, nb.LoadBalancerProtocolSctp, false},
		{lbs.TCPSession, nb.LoadBalancerProtocolTCP, true}, {lbs.UDPSession, nb.LoadBalancerProtocolUDP, true}, {lbs.SCTPSession, nb.LoadBalancerProtocolSctp, true},
	} {
		// A Service without endpoints answers with a reset instead of silence, as with kube-proxy.
		options := map[string]string{"reject": "true"}
		if lb.session {
			options["affinity_timeout"] = SessionTimeout
		}
		protocol := lb.protocol
		out = append(out, nb.Row{Model: &nb.LoadBalancer{Name: lb.name, Protocol: &protocol, Options: options}})
	}

	parent := nb.Parent{Table: nb.TableLogicalRouter, Name: router}
	if f.Vpc.Name == v1.DefaultVpc && f.JoinGateway != "" {
		// Where the packets really go is decided by policies (30000, 29000); this route only lets them reach the policies.
		out = append(out, nb.Row{Parent: parent, Model: &nb.LogicalRouterStaticRoute{IPPrefix: "0.0.0.0/0", Nexthop: f.JoinGateway}})
	}
	for _, r := range f.Vpc.Spec.StaticRoutes {
		if r == nil {
			continue
		}
		policy := nb.LogicalRouterStaticRoutePolicyDstIP
		if r.Policy == v1.PolicySrc {
			policy = nb.LogicalRouterStaticRoutePolicySrcIP
		}
		out = append(out, nb.Row{Parent: parent, Model: &nb.LogicalRouterStaticRoute{
			IPPrefix: r.CIDR, Nexthop: r.NextHopIP, Policy: &policy, RouteTable: r.RouteTable,
		}})
	}
	for _, p := range f.Vpc.Spec.PolicyRoutes {
		if p == nil {
			continue
		}
		var hops []string
		for _, hop := range strings.Split(p.NextHopIP, ",") {
			if hop = strings.TrimSpace(hop); hop != "" {
				hops = append(hops, hop)
			}
		}
		out = append(out, nb.Row{Parent: parent, Model: &nb.LogicalRouterPolicy{
			Priority: int64(p.Priority), Match: p.Match, Action: string(p.Action), Nexthops: hops,
		}})
	}
	return unique(out)
}

// unique drops routes and policies that the user wrote twice.
func unique(rows []nb.Row) []nb.Row {
	seen := map[string]bool{}
	var out []nb.Row
	for _, r := range rows {
		id := ""
		switch m := r.Model.(type) {
		case *nb.LogicalRouterStaticRoute:
			policy := nb.LogicalRouterStaticRoutePolicyDstIP
			if m.Policy != nil {
				policy = *m.Policy
			}
			id = "route " + m.RouteTable + " " + m.IPPrefix + " " + policy + " " + m.Nexthop
		case *nb.LogicalRouterPolicy:
			id = fmt.Sprint("policy ", m.Priority, " ", m.Match)
		}
		if id != "" && seen[id] {
			continue
		}
		seen[id] = true
		out = append(out, r)
	}
	return out
}

func names(subnets []*v1.Subnet) []string {
	var out []string
	for _, s := range subnets {
		out = append(out, s.Name)
	}
	return out
}

func desiredStatus(f Facts) v1.VpcStatus {
	lbs := LoadBalancersOf(f.Vpc.Name)
	s := *f.Vpc.Status.DeepCopy()
	s.Standby = true
	s.Default = f.Vpc.Name == v1.DefaultVpc
	s.Router = f.Vpc.Name
	s.DefaultLogicalSwitch = f.Vpc.Spec.DefaultSubnet
	if s.Default {
		s.DefaultLogicalSwitch = v1.DefaultSubnet
	}
	s.TCPLoadBalancer, s.UDPLoadBalancer, s.SctpLoadBalancer = lbs.TCP, lbs.UDP, lbs.SCTP
	s.TCPSessionLoadBalancer, s.UDPSessionLoadBalancer, s.SctpSessionLoadBalancer = lbs.TCPSession, lbs.UDPSession, lbs.SCTPSession
	s.Subnets = names(f.Subnets)
	s.Conditions = v1.SetCondition(s.Conditions, v1.Condition{Type: v1.Ready, Status: corev1.ConditionTrue, Reason: "Realised"}, f.Now)
	if ignored := f.Vpc.Spec.Unsupported(); len(ignored) > 0 {
		s.Conditions = v1.SetCondition(s.Conditions, v1.Condition{
			Type: v1.Ignored, Status: corev1.ConditionTrue, Reason: "NotServedYet",
			Message: "this version of kove does not act on " + strings.Join(ignored, ", "),
		}, f.Now)
	} else {
		s.Conditions = v1.RemoveCondition(s.Conditions, v1.Ignored)
	}
	return s
}

// statusPatch names lists even when they are empty, so that the merge takes old members away.
func statusPatch(s v1.VpcStatus) map[string]any {
	subnets := s.Subnets
	if subnets == nil {
		subnets = []string{}
	}
	return map[string]any{
		"conditions": s.Conditions, "standby": s.Standby, "default": s.Default, "defaultLogicalSwitch": s.DefaultLogicalSwitch, "router": s.Router,
		"tcpLoadBalancer": s.TCPLoadBalancer, "udpLoadBalancer": s.UDPLoadBalancer, "sctpLoadBalancer": s.SctpLoadBalancer,
		"tcpSessionLoadBalancer": s.TCPSessionLoadBalancer, "udpSessionLoadBalancer": s.UDPSessionLoadBalancer, "sctpSessionLoadBalancer": s.SctpSessionLoadBalancer,
		"subnets": subnets,
	}
}
