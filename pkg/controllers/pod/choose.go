package pod

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ipam"
)

// SubnetsFor lists the subnets in which a pod may get its address, best first: the pod's annotation, subnets that claim the
// namespace, the namespace's annotation, the subnets of the VPC that claims the namespace, the cluster's default. A
// namespace that a VPC claims never falls back to the cluster's default: its pods are to be isolated.
func SubnetsFor(pod *corev1.Pod, namespace *corev1.Namespace, subnets []*v1.Subnet, vpcs []*v1.Vpc) ([]string, error) {
	if name := pod.Annotations[v1.LogicalSwitchAnnotation]; name != "" {
		return []string{name}, nil
	}
	if claimed := SubnetsOf(pod.Namespace, subnets); len(claimed) > 0 {
		return claimed, nil
	}
	if names := fields(namespace.Annotations[v1.LogicalSwitchAnnotation]); len(names) > 0 {
		return names, nil
	}
	for _, vpc := range vpcs {
		if !slices.Contains(vpc.Spec.Namespaces, pod.Namespace) {
			continue
		}
		if vpc.Spec.DefaultSubnet != "" {
			return []string{vpc.Spec.DefaultSubnet}, nil
		}
		if vpc.Name == v1.DefaultVpc {
			continue
		}
		if names := openSubnets(vpc.Name, subnets); len(names) > 0 {
			return names, nil
		}
		return nil, fmt.Errorf("Vpc %s claims namespace %s and has no Subnet for it: create one with spec.vpc %s", vpc.Name, pod.Namespace, vpc.Name)
	}
	var defaults []string
	for _, s := range subnets {
		if s.Spec.Default && s.DeletionTimestamp == nil {
			defaults = append(defaults, s.Name)
		}
	}
	slices.Sort(defaults)
	if len(defaults) > 0 {
		return defaults[:1], nil
	}
	return []string{v1.DefaultSubnet}, nil
}

// openSubnets lists a VPC's subnets that no namespace claims, sorted.
func openSubnets(vpc string, subnets []*v1.Subnet) []string {
	var out []string
	for _, s := range subnets {
		if s.Spec.Vpc == vpc && len(s.Spec.Namespaces) == 0 && s.DeletionTimestamp == nil {
			out = append(out, s.Name)
		}
	}
	slices.Sort(out)
	return out
}

// SubnetsOf lists the subnets that claim a namespace, sorted.
func SubnetsOf(namespace string, subnets []*v1.Subnet) []string {
	var out []string
	for _, s := range subnets {
		if slices.Contains(s.Spec.Namespaces, namespace) && s.DeletionTimestamp == nil {
			out = append(out, s.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Request reads a pod's wishes from its annotations. After the pod was given an address its annotations only repeat it.
func Request(pod *corev1.Pod) (ipam.Request, error) {
	r := ipam.Request{Owner: Owner(pod), MAC: pod.Annotations[v1.MACAddressAnnotation]}
	static, pool := fields(pod.Annotations[v1.IPAddressAnnotation]), fields(pod.Annotations[v1.IPPoolAnnotation])
	texts, annotation := static, v1.IPAddressAnnotation
	if len(static) > 1 {
		return r, fmt.Errorf("annotation %s %q: dual-stack addresses are not served by this version of kove: give one IPv4 address", annotation, strings.Join(static, ","))
	}
	if len(static) == 0 {
		texts, annotation = pool, v1.IPPoolAnnotation
	}
	for _, text := range texts {
		addr, err := netip.ParseAddr(text)
		if err != nil || !addr.Is4() {
			return r, fmt.Errorf("annotation %s: %q is not an IPv4 address (IPPool objects are not served by this version of kove)", annotation, text)
		}
		r.Candidates = append(r.Candidates, addr)
	}
	if podType(pod) == TypeStatefulSet {
		if _, n, ok := ordinal(pod.Name); ok {
			r.Preferred = n
		}
	}
	return r, nil
}

// fields splits a list at commas, semicolons and spaces.
func fields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}
