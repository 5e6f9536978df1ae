package subnet

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/rancher/wrangler/v3/pkg/generic"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/addresses"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Facts is what a plan rests on.
type Facts struct {
	Key    reconcile.Key
	Subnet *v1.Subnet // with defaults filled in; nil when it is gone
	// Defaulted tells that filling in defaults changed the spec.
	Defaulted bool
	// VpcExists tells whether spec.vpc is there.
	VpcExists bool
	// Problem says why the subnet cannot be realised, empty if it can.
	Problem string
	Usage   ipam.Usage
	// Changed tells that the address range, gateway or exclusions are new since the last look.
	Changed bool
	// Realised tells that addresses of the subnet can be had already.
	Realised bool
	// Nodes are all nodes, sorted; they have egress policies for each subnet of the default VPC.
	Nodes []string
	Now   metav1.Time
}

// Sources are the caches that Gather reads.
type Sources struct {
	Subnets     *generic.Cache[*v1.Subnet]
	Vpcs        *generic.Cache[*v1.Vpc]
	Nodes       *generic.Cache[*corev1.Node]
	Ledger      *addresses.Ledger
	ServiceCIDR netip.Prefix
	Now         func() metav1.Time
}

// Kind is the Subnet controller.
func Kind(s Sources) reconcile.Kind[*v1.Subnet, Facts] {
	return reconcile.Kind[*v1.Subnet, Facts]{
		Name: "Subnet", Finalizer: v1.Finalizer, Gather: s.gather, Plan: Plan,
		Done: func(f Facts) {
			if f.Subnet == nil || f.Subnet.DeletionTimestamp != nil && f.Usage.Used == 0 {
				s.Ledger.RemoveSubnet(f.Key.Name)
			}
		},
	}
}

func (s Sources) gather(_ context.Context, key reconcile.Key, obj *v1.Subnet) (Facts, error) {
	f := Facts{Key: key, Now: s.Now()}
	nodes, err := s.Nodes.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	for _, n := range nodes {
		f.Nodes = append(f.Nodes, n.Name)
	}
	slices.Sort(f.Nodes)
	if obj == nil {
		return f, nil
	}
	f.Subnet = obj.DeepCopy()
	f.Defaulted = f.Subnet.Default()
	if _, err := s.Vpcs.Get("", f.Subnet.Spec.Vpc); err == nil {
		f.VpcExists = true
	}
	all, err := s.Subnets.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	f.Realised = s.Ledger.HasSubnet(key.Name)
	f.Problem = Check(f.Subnet, all, nodes, s.ServiceCIDR)
	if f.Problem == "" && f.Realised {
		f.Problem = stranded(f.Subnet, s.Ledger.Usage(key.Name), func(o ipam.Owner) netip.Addr {
			a, _ := s.Ledger.Get(o)
			return a.Addr
		})
	}
	if f.Problem == "" && f.VpcExists && f.Subnet.DeletionTimestamp == nil {
		config, err := addresses.ConfigOf(f.Subnet)
		if err != nil {
			return f, err
		}
		f.Changed = s.Ledger.SetSubnet(key.Name, config)
		f.Realised = true
	}
	f.Usage = s.Ledger.Usage(key.Name)
	return f, nil
}

// stranded names addresses in use that an edit of cidrBlock or gateway would take away.
func stranded(s *v1.Subnet, u ipam.Usage, addrOf func(ipam.Owner) netip.Addr) string {
	prefix, err := netip.ParsePrefix(s.Spec.CIDRBlock)
	if err != nil {
		return ""
	}
	var outside []string
	for _, o := range u.Owners {
		switch a := addrOf(o); {
		case !prefix.Contains(a):
			outside = append(outside, a.String()+" of "+o.String())
		case a.String() == s.Spec.Gateway:
			return "spec.gateway " + a.String() + ": is the address of " + o.String() + ": delete that one or choose another gateway"
		}
	}
	if len(outside) == 0 {
		return ""
	}
	if len(outside) > 3 {
		outside = append(outside[:3], "…")
	}
	return "spec.cidrBlock " + s.Spec.CIDRBlock + ": addresses outside it are in use (" + strings.Join(outside, ", ") + "): delete their owners first"
}
