package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every kind in this package.
const GroupName = "kubeovn.io"

// GroupVersion identifies the served version.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&Vpc{}, &VpcList{},
		&Subnet{}, &SubnetList{},
		&IP{}, &IPList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
