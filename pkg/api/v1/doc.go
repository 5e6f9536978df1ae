// Package v1 holds the kubeovn.io/v1 types that kove serves: Vpc, Subnet and IP.
//
// Kinds, field names, JSON names, annotations and condition types are Kube-OVN's own, so that manifests which people
// already keep in git apply unchanged and `kubectl get -o yaml` reads as they know it. A field that kove does not act
// on yet is still part of the schema: it is reported in the object's status by [SubnetSpec.Unsupported] and
// [VpcSpec.Unsupported], never dropped silently.
//
// The package owns the shape of the objects, their defaults (defaults.go) and the checks that need nothing but the
// object itself (validate.go). Checks against other objects belong to the controllers. It imports apimachinery only,
// does no I/O and keeps no state.
//
// zz_generated.deepcopy.go and manifests/crds are generated from this package:
//
// +groupName=kubeovn.io
// +kubebuilder:object:generate=true
//
//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.21.0 object paths=. crd:allowDangerousTypes=false output:crd:dir=../../../manifests/crds
package v1
