package v1

import (
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func subnet(change func(*SubnetSpec)) *Subnet {
	s := &Subnet{ObjectMeta: metav1.ObjectMeta{Name: "net1"}, Spec: SubnetSpec{CIDRBlock: "10.0.1.0/24"}}
	if change != nil {
		change(&s.Spec)
	}
	return s
}

func TestSubnetDefault(t *testing.T) {
	s := subnet(func(s *SubnetSpec) { s.CIDRBlock = "10.0.1.7/24" })
	if !s.Default() {
		t.Fatal("Default reported no change")
	}
	yes := true
	want := SubnetSpec{
		Vpc: "ovn-cluster", Provider: "ovn", GatewayType: "distributed", EnableLb: &yes, CIDRBlock: "10.0.1.0/24",
		Protocol: "IPv4", Gateway: "10.0.1.1", ExcludeIPs: []string{"10.0.1.1"},
	}
	if !reflect.DeepEqual(s.Spec, want) {
		t.Fatalf("got %+v\nwant %+v", s.Spec, want)
	}
	if s.Default() {
		t.Fatal("a second Default changed something")
	}

	s = subnet(func(s *SubnetSpec) { s.Gateway = "10.0.1.5"; s.ExcludeIPs = []string{"10.0.1.1..10.0.1.9"} })
	s.Default()
	if len(s.Spec.ExcludeIPs) != 1 {
		t.Fatalf("the gateway is inside an excluded range, yet excludeIps became %v", s.Spec.ExcludeIPs)
	}
}

func TestSubnetValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*SubnetSpec)
		want   string // "" accepts
	}{
		"plain":             {nil, ""},
		"not a block":       {func(s *SubnetSpec) { s.CIDRBlock = "10.0.1.0" }, "spec.cidrBlock"},
		"empty":             {func(s *SubnetSpec) { s.CIDRBlock = "" }, "spec.cidrBlock"},
		"too small":         {func(s *SubnetSpec) { s.CIDRBlock = "10.0.1.0/31" }, "prefix length"},
		"multicast":         {func(s *SubnetSpec) { s.CIDRBlock = "239.0.0.0/24" }, "cannot be routed"},
		"dual":              {func(s *SubnetSpec) { s.CIDRBlock = "10.0.1.0/24,fd00::/64" }, "dual-stack"},
		"v6":                {func(s *SubnetSpec) { s.CIDRBlock = "fd00::/64" }, "IPv6"},
		"gateway outside":   {func(s *SubnetSpec) { s.Gateway = "10.0.2.1" }, "outside spec.cidrBlock"},
		"gateway broadcast": {func(s *SubnetSpec) { s.Gateway = "10.0.1.255" }, "broadcast"},
		"gateway text":      {func(s *SubnetSpec) { s.Gateway = "gw" }, "spec.gateway"},
		"exclude text":      {func(s *SubnetSpec) { s.ExcludeIPs = []string{"10.0.1.9..10.0.1.2"} }, "before its start"},
		"exclude outside":   {func(s *SubnetSpec) { s.ExcludeIPs = []string{"10.0.2.9"} }, "spec.excludeIps"},
		"vlan":              {func(s *SubnetSpec) { s.Vlan = "v1" }, "spec.vlan"},
		"provider":          {func(s *SubnetSpec) { s.Provider = "macvlan.default" }, "spec.provider"},
	} {
		t.Run(name, func(t *testing.T) {
			s := subnet(c.change)
			s.Default()
			err := s.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Fatalf("got %v, want something about %q", err, c.want)
			}
		})
	}
}

// The notebook's objects, byte for byte.
func TestNotebookManifests(t *testing.T) {
	var vpc Vpc
	if err := yaml.UnmarshalStrict([]byte("kind: Vpc\napiVersion: kubeovn.io/v1\nmetadata:\n  name: test-vpc-1\nspec:\n  namespaces:\n  - ns1\n"), &vpc); err != nil {
		t.Fatal(err)
	}
	var s Subnet
	if err := yaml.UnmarshalStrict([]byte("kind: Subnet\napiVersion: kubeovn.io/v1\nmetadata:\n  name: net1\nspec:\n  vpc: test-vpc-1\n  cidrBlock: 10.0.1.0/24\n  protocol: IPv4\n  namespaces:\n    - ns1\n"), &s); err != nil {
		t.Fatal(err)
	}
	s.Default()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	if s.Spec.Vpc != "test-vpc-1" || s.Spec.Gateway != "10.0.1.1" || s.Spec.Namespaces[0] != "ns1" {
		t.Fatalf("got %+v", s.Spec)
	}
}

func TestSetCondition(t *testing.T) {
	t0, t1 := metav1.NewTime(time.Unix(100, 0)), metav1.NewTime(time.Unix(200, 0))
	cs := SetCondition(nil, Condition{Type: Ready, Status: corev1.ConditionTrue, Reason: "a"}, t0)
	same := SetCondition(cs, Condition{Type: Ready, Status: corev1.ConditionTrue, Reason: "a"}, t1)
	if !reflect.DeepEqual(cs, same) {
		t.Fatalf("setting the same condition changed %v into %v", cs, same)
	}
	other := SetCondition(cs, Condition{Type: Ready, Status: corev1.ConditionTrue, Reason: "b"}, t1)
	if !other[0].LastUpdateTime.Equal(&t1) || !other[0].LastTransitionTime.Equal(&t0) {
		t.Fatalf("a new reason moved the wrong time: %+v", other[0])
	}
}
