package vpc

import (
	"context"
	"slices"

	"github.com/rancher/wrangler/v3/pkg/generic"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Facts is what a plan rests on.
type Facts struct {
	Key reconcile.Key
	Vpc *v1.Vpc // nil when it is gone
	// Subnets of this VPC, sorted by name.
	Subnets []*v1.Subnet
	// JoinGateway is the next hop of the default VPC's default route, empty while the join subnet has none.
	JoinGateway string
	Now         metav1.Time
}

// Kind is the Vpc controller.
func Kind(subnets *generic.Cache[*v1.Subnet], now func() metav1.Time) reconcile.Kind[*v1.Vpc, Facts] {
	return reconcile.Kind[*v1.Vpc, Facts]{
		Name:      "Vpc",
		Finalizer: v1.Finalizer,
		Gather: func(_ context.Context, key reconcile.Key, vpc *v1.Vpc) (Facts, error) {
			f := Facts{Key: key, Vpc: vpc, Now: now()}
			all, err := subnets.List("", labels.Everything())
			if err != nil {
				return f, err
			}
			for _, s := range all {
				if s.Name == v1.JoinSubnet {
					f.JoinGateway = s.Spec.Gateway
				}
				if s.Spec.Vpc == key.Name || (s.Spec.Vpc == "" && key.Name == v1.DefaultVpc) {
					f.Subnets = append(f.Subnets, s)
				}
			}
			slices.SortFunc(f.Subnets, func(a, b *v1.Subnet) int { return compare(a.Name, b.Name) })
			return f, nil
		},
		Plan: Plan,
	}
}
