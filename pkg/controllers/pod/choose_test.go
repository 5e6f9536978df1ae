package pod

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
)

func TestSubnetsFor(t *testing.T) {
	subnet := func(name string, change func(*v1.SubnetSpec)) *v1.Subnet {
		s := &v1.Subnet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.SubnetSpec{Vpc: v1.DefaultVpc}}
		change(&s.Spec)
		return s
	}
	subnets := []*v1.Subnet{
		subnet("ovn-default", func(s *v1.SubnetSpec) { s.Default = true }),
		subnet("b", func(s *v1.SubnetSpec) { s.Namespaces = []string{"claimed"} }),
		subnet("a", func(s *v1.SubnetSpec) { s.Namespaces = []string{"claimed"} }),
		subnet("open", func(s *v1.SubnetSpec) { s.Vpc = "tenant" }),
	}
	vpcs := []*v1.Vpc{
		{ObjectMeta: metav1.ObjectMeta{Name: "tenant"}, Spec: v1.VpcSpec{Namespaces: []string{"tenant"}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "named"}, Spec: v1.VpcSpec{Namespaces: []string{"named"}, DefaultSubnet: "chosen"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "bare"}, Spec: v1.VpcSpec{Namespaces: []string{"bare", "claimed"}}},
	}
	for name, c := range map[string]struct {
		namespace, podSays, namespaceSays string
		want                              string
	}{
		"default":               {namespace: "x", want: "[ovn-default]"},
		"claimed":               {namespace: "claimed", want: "[a b]"},
		"pod wins":              {namespace: "claimed", podSays: "mine", namespaceSays: "theirs", want: "[mine]"},
		"claim beats namespace": {namespace: "claimed", namespaceSays: "theirs", want: "[a b]"},
		"namespace":             {namespace: "x", namespaceSays: "p, q", want: "[p q]"},
		"open subnet of vpc":    {namespace: "tenant", want: "[open]"},
		"default of vpc":        {namespace: "named", want: "[chosen]"},
		"vpc without subnet":    {namespace: "bare", want: "Vpc bare claims namespace bare"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Annotations: map[string]string{v1.LogicalSwitchAnnotation: c.podSays}}}
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace, Annotations: map[string]string{v1.LogicalSwitchAnnotation: c.namespaceSays}}}
			names, err := SubnetsFor(p, ns, subnets, vpcs)
			got := fmt.Sprint(names)
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, c.want) {
				t.Fatalf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	owned := func(name, apiVersion, kind, owner string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, OwnerReferences: []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: owner}}}}
	}
	for _, c := range []struct {
		pod  *corev1.Pod
		want string
	}{
		{owned("web-0", "apps/v1", "StatefulSet", "web"), "Pod ns/web-0"},
		{owned("virt-launcher-testvm-abc", "kubevirt.io/v1", "VirtualMachineInstance", "testvm"), "VirtualMachine ns/testvm"},
		{owned("web-5d4f-x", "apps/v1", "ReplicaSet", "web-5d4f"), "Pod ns/web-5d4f-x"},
		{owned("x-0", "kruise.io/v1", "StatefulSet", "x"), "Pod ns/x-0"},
	} {
		if got := Owner(c.pod).String(); got != c.want {
			t.Errorf("owner of %s is %s, want %s", c.pod.Name, got, c.want)
		}
	}
}

func TestReserved(t *testing.T) {
	two, start := int32(2), int32(5)
	plain := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: &two}}
	offset := &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: &two, Ordinals: &appsv1.StatefulSetOrdinals{Start: start}}}
	going := plain.DeepCopy()
	going.DeletionTimestamp = &metav1.Time{}
	for _, c := range []struct {
		name string
		set  *appsv1.StatefulSet
		pod  string
		want bool
	}{
		{"wanted", plain, "web-1", true},
		{"scaled away", plain, "web-2", false},
		{"no set", nil, "web-0", false},
		{"being deleted", going, "web-0", false},
		{"before the first ordinal", offset, "web-4", false},
		{"after the first ordinal", offset, "web-6", true},
		{"no ordinal", plain, "web", false},
	} {
		ip := &v1.IP{Spec: v1.IPSpec{PodName: c.pod, Namespace: "ns", PodType: TypeStatefulSet}}
		if got := Reserved(ip, func(string, string) *appsv1.StatefulSet { return c.set }); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
