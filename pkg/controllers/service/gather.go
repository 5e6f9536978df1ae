package service

import (
	"cmp"
	"context"
	"slices"

	"github.com/rancher/wrangler/v3/pkg/generic"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/pod"
	"github.com/kove-io/kove/pkg/reconcile"
)

// ByService is the index of EndpointSlices by "namespace/service".
const ByService = "kove-by-service"

// IndexByService computes the index.
func IndexByService(s *discoveryv1.EndpointSlice) ([]string, error) {
	name := s.Labels[discoveryv1.LabelServiceName]
	if name == "" {
		return nil, nil
	}
	return []string{s.Namespace + "/" + name}, nil
}

// Facts is what a plan rests on.
type Facts struct {
	Key     reconcile.Key
	Service *corev1.Service // nil when it is gone
	Slices  []*discoveryv1.EndpointSlice
	// Vpc in which the Service's ClusterIP is answered.
	Vpc string
}

// Sources are what Gather reads.
type Sources struct {
	Slices  *generic.Cache[*discoveryv1.EndpointSlice]
	Subnets *generic.Cache[*v1.Subnet]
}

// Kind is the Service controller.
func Kind(s Sources) reconcile.Kind[*corev1.Service, Facts] {
	return reconcile.Kind[*corev1.Service, Facts]{Name: "Service", Gather: s.Gather, Plan: Plan}
}

// Gather reads what there is about one Service.
func (s Sources) Gather(_ context.Context, key reconcile.Key, obj *corev1.Service) (Facts, error) {
	f := Facts{Key: key, Service: obj}
	if obj == nil {
		return f, nil
	}
	var err error
	if f.Slices, err = s.Slices.GetByIndex(ByService, key.Namespace+"/"+key.Name); err != nil {
		return f, err
	}
	f.Slices = slices.Clone(f.Slices)
	slices.SortFunc(f.Slices, func(a, b *discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) })
	subnets, err := s.Subnets.List("", labels.Everything())
	if err != nil {
		return f, err
	}
	f.Vpc = vpcOf(obj, subnets)
	return f, nil
}

// vpcOf: the Service's annotation, else the VPC of the subnet that claims its namespace, else the cluster's.
func vpcOf(s *corev1.Service, subnets []*v1.Subnet) string {
	if vpc := s.Annotations[v1.VpcAnnotation]; vpc != "" {
		return vpc
	}
	if names := pod.SubnetsOf(s.Namespace, subnets); len(names) > 0 {
		for _, subnet := range subnets {
			if subnet.Name == names[0] && subnet.Spec.Vpc != "" {
				return subnet.Spec.Vpc
			}
		}
	}
	return v1.DefaultVpc
}
