package pod

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rancher/wrangler/v3/pkg/generic"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/addresses"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Facts is what a plan rests on.
type Facts struct {
	Key reconcile.Key
	Pod *corev1.Pod // nil when it is gone
	// Alive tells whether the pod needs a port.
	Alive bool
	// Owner is the identity behind the pod, empty if none is known.
	Owner ipam.Owner
	// Others tells that other live pods stand behind the same identity.
	Others bool
	// Reserved tells that the identity keeps its address without a pod.
	Reserved bool
	// Subnet of the allocation.
	Subnet     *v1.Subnet
	Allocation ipam.Allocation
	// Problem says why there is no allocation.
	Problem string
	// Nodes on which the identity's pods are.
	Nodes []string
	// IP is the identity's IP object, nil if there is none.
	IP *v1.IP
}

// Sources are what Gather reads.
type Sources struct {
	Namespaces   *generic.Cache[*corev1.Namespace]
	StatefulSets *generic.Cache[*appsv1.StatefulSet]
	Subnets      *generic.Cache[*v1.Subnet]
	Vpcs         *generic.Cache[*v1.Vpc]
	IPs          *generic.Cache[*v1.IP]
	Ledger       *addresses.Ledger
}

// StatefulSet looks one up, nil if there is none.
func (s Sources) StatefulSet(namespace, name string) *appsv1.StatefulSet {
	set, err := s.StatefulSets.Get(namespace, name)
	if err != nil {
		return nil
	}
	return set
}

// Kind is the Pod controller.
func Kind(s Sources) reconcile.Kind[*corev1.Pod, Facts] {
	return reconcile.Kind[*corev1.Pod, Facts]{
		Name: "Pod", Gather: s.gather, Plan: Plan,
		Done: func(f Facts) {
			if f.Alive {
				return
			}
			s.Ledger.Forget(refOf(f.Key))
			if f.Owner != (ipam.Owner{}) && !f.Others && !f.Reserved {
				// Only now, when the port is gone: nobody may get the address before.
				s.Ledger.Release(f.Owner)
			}
		},
	}
}

func (s Sources) gather(_ context.Context, key reconcile.Key, obj *corev1.Pod) (Facts, error) {
	f := Facts{Key: key, Pod: obj, Alive: Alive(obj)}
	if !f.Alive {
		return s.gatherDead(f), nil
	}
	f.Owner = Owner(obj)
	s.Ledger.SetPod(key, f.Owner, obj.Spec.NodeName)
	f.Nodes = s.Ledger.Nodes(f.Owner)
	f.IP = s.ip(f.Owner)

	subnets, err := s.Subnets.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	vpcs, err := s.Vpcs.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	slices.SortFunc(vpcs, func(a, b *v1.Vpc) int { return cmp.Compare(a.Name, b.Name) })
	namespace, err := s.Namespaces.Get("", key.Namespace)
	if err != nil {
		// Its annotations decide; the pod's watch was faster than the namespace's.
		return f, fmt.Errorf("looking up namespace %s: not in the cache yet", key.Namespace)
	}

	if have, ok := s.Ledger.Get(f.Owner); ok && obj.Annotations[v1.AllocatedAnnotation] == "true" {
		// The pod runs with this address. Whatever its annotations or the namespace say now is for the next pod.
		f.Allocation = have
	} else {
		names, err := SubnetsFor(obj, namespace, subnets, vpcs)
		if err != nil {
			// A new Subnet or another Vpc has the pod looked at again.
			f.Problem = err.Error()
			return f, nil
		}
		if slices.Contains(names, v1.JoinSubnet) {
			f.Problem = "subnet join is for nodes: name another subnet"
			return f, nil
		}
		request, err := Request(obj)
		if err != nil {
			f.Problem = err.Error()
			return f, nil
		}
		if f.Allocation, err = s.Ledger.Allocate(names, request, refOf(key)); err != nil {
			f.Problem = err.Error()
			return f, nil
		}
	}
	for _, subnet := range subnets {
		if subnet.Name == f.Allocation.Subnet {
			f.Subnet = subnet.DeepCopy()
			f.Subnet.Default()
		}
	}
	if f.Subnet == nil {
		return f, fmt.Errorf("looking up subnet %s of pod %s: not in the cache", f.Allocation.Subnet, key)
	}
	return f, nil
}

// gatherDead finds out which identity stood behind a pod that is gone or has completed.
func (s Sources) gatherDead(f Facts) Facts {
	owner, known := s.Ledger.RemovePod(f.Key)
	switch {
	case known:
		f.Owner = owner
	case f.Pod != nil && !f.Pod.Spec.HostNetwork:
		f.Owner = Owner(f.Pod)
	default:
		f.Owner = ipam.Owner{Kind: "Pod", Namespace: f.Key.Namespace, Name: f.Key.Name}
	}
	f.Others = len(s.Ledger.Nodes(f.Owner)) > 0
	f.IP = s.ip(f.Owner)
	f.Reserved = Reserved(f.IP, s.StatefulSet)
	return f
}

// ip is the identity's IP object; one of the same name that belongs to another identity does not count.
func (s Sources) ip(o ipam.Owner) *v1.IP {
	ip, err := s.IPs.Get("", PortName(o))
	if err != nil || OwnerOfIP(ip) != o {
		return nil
	}
	return ip
}
