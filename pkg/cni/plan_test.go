package cni

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/cni/shim"
)

func podAnnotations(change map[string]string) map[string]string {
	a := map[string]string{
		v1.IPAddressAnnotation: "10.16.0.5", v1.MACAddressAnnotation: "0a:00:00:00:00:05", v1.CIDRAnnotation: "10.16.0.0/16",
		v1.GatewayAnnotation: "10.16.0.1", v1.LogicalSwitchAnnotation: "ovn-default",
	}
	for k, v := range change {
		a[k] = v
	}
	return a
}

func TestParseAttachment(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string
		want   string // addresses, gateways, routes
		err    string
	}{
		"single stack":     {nil, "[10.16.0.5/16] [10.16.0.1] []", ""},
		"dual stack":       {map[string]string{v1.IPAddressAnnotation: "10.16.0.5,fd16::5", v1.CIDRAnnotation: "10.16.0.0/16,fd16::/112", v1.GatewayAnnotation: "10.16.0.1,fd16::1"}, "[10.16.0.5/16 fd16::5/112] [10.16.0.1 fd16::1] []", ""},
		"no gateway":       {map[string]string{v1.GatewayAnnotation: ""}, "[10.16.0.5/16] [] []", ""},
		"route":            {map[string]string{routesAnnotation: `[{"dst":"192.168.1.7/16","gw":"10.16.0.3"}]`}, "[10.16.0.5/16] [10.16.0.1] [{192.168.0.0/16 10.16.0.3}]", ""},
		"default route":    {map[string]string{routesAnnotation: `[{"gw":"10.16.0.254"}]`}, "[10.16.0.5/16] [10.16.0.254] []", ""},
		"no MAC":           {map[string]string{v1.MACAddressAnnotation: ""}, "", "ovn.kubernetes.io/mac_address"},
		"address outside":  {map[string]string{v1.IPAddressAnnotation: "10.17.0.5"}, "", "10.17.0.5 is in none of the subnet's ranges"},
		"no address":       {map[string]string{v1.IPAddressAnnotation: ""}, "", "ovn.kubernetes.io/ip_address: it is empty"},
		"bad routes":       {map[string]string{routesAnnotation: `{`}, "", "it looks like"},
		"route mixes":      {map[string]string{routesAnnotation: `[{"dst":"fd00::/64","gw":"10.16.0.3"}]`}, "", "different families"},
		"bad gateway":      {map[string]string{v1.GatewayAnnotation: "gw"}, "", "ovn.kubernetes.io/gateway"},
		"bad range":        {map[string]string{v1.CIDRAnnotation: "10.16.0.0"}, "", "ovn.kubernetes.io/cidr"},
		"bad route target": {map[string]string{routesAnnotation: `[{"dst":"x","gw":"10.16.0.3"}]`}, "", "dst"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := parseAttachment(podAnnotations(c.change))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(at.Addresses, at.Gateways, at.Routes); got != c.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestPlanGateway(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Annotations: podAnnotations(map[string]string{
		v1.IPAddressAnnotation: "100.64.0.2", v1.CIDRAnnotation: "100.64.0.0/16", v1.GatewayAnnotation: "100.64.0.1", v1.LogicalSwitchAnnotation: "join"})},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.0.2.1"}, {Type: corev1.NodeHostName, Address: "n1"}}}}
	subnet := func(name, cidr string, spec v1.SubnetSpec) *v1.Subnet {
		spec.CIDRBlock = cidr
		return &v1.Subnet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
	}
	subnets := []*v1.Subnet{
		subnet("join", "100.64.0.0/16", v1.SubnetSpec{Vpc: v1.DefaultVpc}),
		subnet("b", "10.20.0.0/16", v1.SubnetSpec{Vpc: v1.DefaultVpc}),
		subnet("ovn-default", "10.16.0.0/16", v1.SubnetSpec{Vpc: v1.DefaultVpc, NatOutgoing: true}),
		subnet("tenant", "10.16.0.0/16", v1.SubnetSpec{Vpc: "tenant", NatOutgoing: true}),
		subnet("underlay", "172.20.0.0/16", v1.SubnetSpec{Vpc: v1.DefaultVpc, NatOutgoing: true, Vlan: "v7"}),
	}
	g, err := planGateway(node, []*corev1.Node{node}, subnets, []netip.Prefix{netip.MustParsePrefix("10.43.0.0/16")}, 1400, true)
	if err != nil {
		t.Fatal(err)
	}
	g.sort()
	if g.Port.ExternalIDs["iface-id"] != "node-n1" || g.Port.MAC != "0a:00:00:00:00:05" || g.Port.Type != "internal" || g.Port.MTU != 1400 {
		t.Errorf("%+v", g.Port)
	}
	var routes []string
	for _, r := range g.Desired.Routes {
		routes = append(routes, fmt.Sprintf("%s via %s src %s", r.Dst, r.Via, r.Src))
	}
	if got := strings.Join(routes, "; "); got != "10.16.0.0/16 via 100.64.0.1 src 100.64.0.2; 10.20.0.0/16 via 100.64.0.1 src 100.64.0.2" {
		t.Error(got)
	}
	m := g.Desired.Masquerade
	if fmt.Sprint(m.Sources) != "[10.16.0.0/16]" || fmt.Sprint(m.Except) != "[10.16.0.0/16 10.20.0.0/16 10.43.0.0/16 100.64.0.0/16 192.0.2.1/32]" || m.ExceptLink != "ovn0" {
		t.Errorf("%+v", m)
	}
	if _, err := planGateway(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n2"}}, nil, subnets, nil, 1400, true); err == nil || !strings.Contains(err.Error(), "node n2") {
		t.Errorf("%v", err)
	}
}

func TestIdentify(t *testing.T) {
	id, err := identify(shim.Request{ContainerID: "abc", Args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_UID=u"})
	if err != nil || id != (identity{"abc", "ns", "p", "u"}) {
		t.Errorf("%+v %v", id, err)
	}
	if _, err := identify(shim.Request{}); err == nil {
		t.Error("no container id")
	}
	if n := hostName("0123456789abcdef"); n != "0123456789ab_h" {
		t.Error(n)
	}
	static := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "api", Annotations: map[string]string{"kubernetes.io/config.hash": "hash"}}}
	if !sameUID(static, "hash") || !sameUID(static, "api") || !sameUID(static, "") || sameUID(static, "other") {
		t.Error("UIDs")
	}
}
