package node

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/rancher/wrangler/v3/pkg/generic"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/addresses"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Facts is what a plan rests on.
type Facts struct {
	Key  reconcile.Key
	Node *corev1.Node // nil when it is gone
	// Join is the join subnet, nil while it cannot be used.
	Join *v1.Subnet
	// Subnets whose pods leave through the node, sorted by name.
	Subnets    []*v1.Subnet
	Allocation ipam.Allocation
	// Problem says why there is no allocation.
	Problem string
	// IP is the node's IP object, nil if there is none.
	IP *v1.IP
}

// Sources are what Gather reads.
type Sources struct {
	Subnets *generic.Cache[*v1.Subnet]
	IPs     *generic.Cache[*v1.IP]
	Ledger  *addresses.Ledger
}

// Kind is the Node controller.
func Kind(s Sources) reconcile.Kind[*corev1.Node, Facts] {
	return reconcile.Kind[*corev1.Node, Facts]{
		Name: "Node", Gather: s.gather, Plan: Plan,
		Done: func(f Facts) {
			if f.Node == nil {
				s.Ledger.Forget(reconcile.Ref{Kind: "Node", Key: f.Key})
				s.Ledger.Release(AddressOwner(f.Key.Name))
			}
		},
	}
}

func (s Sources) gather(_ context.Context, key reconcile.Key, obj *corev1.Node) (Facts, error) {
	f := Facts{Key: key, Node: obj}
	if ip, err := s.IPs.Get("", PortName(key.Name)); err == nil {
		f.IP = ip
	}
	if obj == nil {
		return f, nil
	}
	all, err := s.Subnets.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	for _, subnet := range all {
		switch {
		case !s.Ledger.HasSubnet(subnet.Name) || subnet.DeletionTimestamp != nil:
		case subnet.Name == v1.JoinSubnet:
			f.Join = subnet
		case HasEgress(subnet):
			f.Subnets = append(f.Subnets, subnet)
		}
	}
	slices.SortFunc(f.Subnets, func(a, b *v1.Subnet) int { return cmp.Compare(a.Name, b.Name) })

	request := ipam.Request{Owner: AddressOwner(key.Name)}
	if _, has := s.Ledger.Get(request.Owner); !has {
		// A node that was here before keeps its address if it is free: routes and neighbours point at it.
		if addr, err := netip.ParseAddr(obj.Annotations[v1.IPAddressAnnotation]); err == nil {
			keep := request
			keep.Candidates, keep.MAC = []netip.Addr{addr}, obj.Annotations[v1.MACAddressAnnotation]
			if f.Allocation, err = s.Ledger.Allocate([]string{v1.JoinSubnet}, keep, reconcile.Ref{Kind: "Node", Key: key}); err == nil {
				return f, nil
			}
		}
	}
	f.Allocation, err = s.Ledger.Allocate([]string{v1.JoinSubnet}, request, reconcile.Ref{Kind: "Node", Key: key})
	if err != nil {
		f.Problem = err.Error()
	}
	return f, nil
}
