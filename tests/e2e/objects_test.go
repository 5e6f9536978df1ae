package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var (
	subnets = schema.GroupVersionResource{Group: "kubeovn.io", Version: "v1", Resource: "subnets"}
	vpcs    = schema.GroupVersionResource{Group: "kubeovn.io", Version: "v1", Resource: "vpcs"}
	ips     = schema.GroupVersionResource{Group: "kubeovn.io", Version: "v1", Resource: "ips"}
)

// The notebook's manifests, byte for byte.
const (
	staticIPManifest = `apiVersion: v1
kind: Pod
metadata:
  name: static-ip
  annotations:
    ovn.kubernetes.io/ip_address: 10.16.0.15
    ovn.kubernetes.io/mac_address: 00:00:00:53:6B:B6
spec:
  containers:
  - name: static-ip
    image: nginx:alpine
`
	ipPoolAnnotation = `ovn.kubernetes.io/ip_pool: 10.16.0.15,10.16.0.16,10.16.0.17`
	vpcManifest      = `kind: Vpc
apiVersion: kubeovn.io/v1
metadata:
  name: test-vpc-1
spec:
  namespaces:
  - ns1
---
kind: Subnet
apiVersion: kubeovn.io/v1
metadata:
  name: net1
spec:
  vpc: test-vpc-1
  cidrBlock: 10.0.1.0/24
  protocol: IPv4
  namespaces:
    - ns1
`
)

func (c *cluster) deletePod(t testing.TB, ns, name string) {
	t.Helper()
	zero := int64(0)
	err := c.client.CoreV1().Pods(ns).Delete(context.Background(), name, metav1.DeleteOptions{GracePeriodSeconds: &zero})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
	eventually(t, 30*time.Second, "pod "+name+" gone", func() error {
		_, err := c.client.CoreV1().Pods(ns).Get(context.Background(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("still there: %v", err)
	})
}

// rows asks the northbound database how many rows of a table have the value.
func (c *cluster) rows(t testing.TB, table, condition string) int {
	t.Helper()
	out, err := c.kove(c.server(), "", "nbctl", "--no-leader-only", "--bare", "--columns=_uuid", "find", table, condition)
	if err != nil {
		t.Fatal(err)
	}
	return len(strings.Fields(out))
}

func (c *cluster) gone(t testing.TB, pod string) {
	t.Helper()
	eventually(t, 20*time.Second, "every trace of pod "+pod+" gone", func() error {
		if n := c.rows(t, "Logical_Switch_Port", "name="+pod); n != 0 {
			return fmt.Errorf("%d Logical_Switch_Port rows", n)
		}
		l, err := c.dynamic.Resource(ips).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, ip := range l.Items {
			if ip.GetName() == pod {
				return fmt.Errorf("IP object %s is left", pod)
			}
		}
		out, err := c.kove(c.server(), "", "sbctl", "--no-leader-only", "--bare", "--columns=logical_port", "find", "Port_Binding", "logical_port="+pod)
		if err == nil && strings.TrimSpace(out) != "" {
			err = fmt.Errorf("Port_Binding %s is left", out)
		}
		return err
	})
}

func TestNotebookStaticAddress(t *testing.T) {
	f := sharedCluster(t)
	f.kubectl(t, staticIPManifest, "apply", "-f", "-")
	t.Cleanup(func() { f.deletePod(t, "default", "static-ip") })
	eventually(t, 60*time.Second, "static-ip running", func() error {
		p, err := f.client.CoreV1().Pods("default").Get(context.Background(), "static-ip", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if p.Status.Phase != corev1.PodRunning || p.Status.PodIP != "10.16.0.15" {
			return fmt.Errorf("phase %s address %q%s", p.Status.Phase, p.Status.PodIP, f.events("default", "static-ip"))
		}
		return nil
	})
	out := f.kubectl(t, "", "exec", "static-ip", "--", "ip", "addr", "show", "eth0")
	if !strings.Contains(strings.ToLower(out), "00:00:00:53:6b:b6") || !strings.Contains(out, "10.16.0.15/16") {
		t.Errorf("in the pod:\n%s", out)
	}
	if got := answers(t, "pod → static-ip", f.a2.do, "http://10.16.0.15/hostname"); got != "static-ip" {
		t.Errorf("answered by %q", got)
	}
	f.deletePod(t, "default", "static-ip")
	f.gone(t, "static-ip.default")
}

func TestNotebookAddressPool(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	name, value, _ := strings.Cut(ipPoolAnnotation, ": ")
	replicas := int32(2)
	zero := int64(0)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "pool", Namespace: "default"}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "pool"}},
		Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "pool"}, Annotations: map[string]string{name: value}},
			Spec:       corev1.PodSpec{TerminationGracePeriodSeconds: &zero, Containers: []corev1.Container{{Name: "n", Image: "nginx:alpine"}}},
		},
	}}
	if _, err := f.client.AppsV1().Deployments("default").Create(ctx, d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.deleteWorkload(t, "deployment", "pool", "app=pool")
	})
	pool := map[string]bool{}
	for _, a := range strings.Split(value, ",") {
		pool[a] = true
	}
	check := func(what string) {
		eventually(t, 60*time.Second, what, func() error {
			l, err := f.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=pool"})
			if err != nil {
				return err
			}
			seen := map[string]bool{}
			for _, p := range l.Items {
				if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
					return fmt.Errorf("pod %s is %s%s", p.Name, p.Status.Phase, f.events("default", p.Name))
				}
				if !pool[p.Status.PodIP] || seen[p.Status.PodIP] {
					return fmt.Errorf("pod %s has %s: outside the pool or twice", p.Name, p.Status.PodIP)
				}
				seen[p.Status.PodIP] = true
			}
			if len(seen) != int(replicas) {
				return fmt.Errorf("%d pods", len(seen))
			}
			return nil
		})
	}
	check("two pods with pool addresses")
	f.kubectl(t, "", "rollout", "restart", "deployment/pool")
	f.kubectl(t, "", "rollout", "status", "deployment/pool", "--timeout=120s")
	check("pool addresses after a restart")
}

func (c *cluster) deleteWorkload(t testing.TB, kind, name, selector string) {
	t.Helper()
	c.kubectl(t, "", "delete", kind, name, "--ignore-not-found")
	eventually(t, 60*time.Second, kind+" "+name+" gone", func() error {
		l, err := c.client.CoreV1().Pods("default").List(context.Background(), metav1.ListOptions{LabelSelector: selector})
		if err == nil && len(l.Items) > 0 {
			err = fmt.Errorf("%d pods left", len(l.Items))
		}
		return err
	})
}

// A StatefulSet's pod comes back with its name's address; another cannot have it meanwhile.
func TestStatefulSetKeepsAddresses(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	replicas, zero := int32(3), int64(0)
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "sts", Namespace: "default"}, Spec: appsv1.StatefulSetSpec{
		Replicas: &replicas, ServiceName: "sts", PodManagementPolicy: appsv1.ParallelPodManagement,
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "sts"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "sts"}},
			Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &zero, Containers: []corev1.Container{{Name: "p", Image: probeImage, Args: []string{"serve", ":8080"}}}}},
	}}
	if _, err := f.client.AppsV1().StatefulSets("default").Create(ctx, s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.deleteWorkload(t, "statefulset", "sts", "app=sts") })
	before := map[string]string{}
	for i := range replicas {
		p := f.waitRunning(t, "default", fmt.Sprintf("sts-%d", i))
		before[p.name] = p.ip
	}
	f.kubectl(t, "", "delete", "pod", "-l", "app=sts", "--wait=true")
	for name, ip := range before {
		if p := f.waitRunning(t, "default", name); p.ip != ip {
			t.Errorf("%s came back with %s instead of %s", name, p.ip, ip)
		}
	}
}

func TestRollingDeploymentOfTwentyPods(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	replicas, zero, quarter := int32(20), int64(0), intstr.FromString("25%")
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "roll", Namespace: "default"}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "roll"}},
		Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &quarter, MaxSurge: &quarter}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "roll"}},
			Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &zero, Containers: []corev1.Container{{Name: "p", Image: probeImage, Args: []string{"serve", ":8080"},
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/hostname", Port: intstr.FromInt32(8080)}}}}}}},
	}}
	begin := time.Now()
	if _, err := f.client.AppsV1().Deployments("default").Create(ctx, d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.deleteWorkload(t, "deployment", "roll", "app=roll") })
	f.kubectl(t, "", "rollout", "status", "deployment/roll", "--timeout=180s")
	t.Logf("FIGURE 20 pods ready after %.1f s", time.Since(begin).Seconds())
	svc := f.service(t, "roll", "roll", int(replicas), nil)
	url := "http://" + svc.Spec.ClusterIP + "/hostname"
	answers(t, "roll", f.a1.do, url)
	begin = time.Now()
	f.kubectl(t, "", "rollout", "restart", "deployment/roll")
	stop := make(chan struct{})
	failures := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				failures <- n
				return
			default:
				if _, err := f.a1.do("get", url, "2s"); err != nil {
					n++
				}
			}
		}
	}()
	f.kubectl(t, "", "rollout", "status", "deployment/roll", "--timeout=240s")
	close(stop)
	t.Logf("FIGURE 20 pods rolled after %.1f s, %d failed requests meanwhile", time.Since(begin).Seconds(), <-failures)
	l, err := f.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=roll"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, p := range l.Items {
		if other, twice := seen[p.Status.PodIP]; twice && p.DeletionTimestamp == nil {
			t.Errorf("%s and %s have %s", p.Name, other, p.Status.PodIP)
		}
		seen[p.Status.PodIP] = p.Name
	}
	f.deleteWorkload(t, "deployment", "roll", "app=roll")
	for _, name := range seen {
		f.gone(t, name+".default")
	}
}

// A second Subnet in the default VPC is made, used, edited and deleted; nothing of it is left.
func TestSecondSubnet(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	before := f.kubectlRows(t)
	f.kubectl(t, `apiVersion: kubeovn.io/v1
kind: Subnet
metadata: {name: second}
spec: {protocol: IPv4, cidrBlock: 10.77.0.0/24, excludeIps: ["10.77.0.1..10.77.0.9"]}
`, "apply", "-f", "-")
	t.Cleanup(func() { f.kubectl(t, "", "delete", "subnet", "second", "--ignore-not-found", "--timeout=60s") })
	spec := probePod("in-second", f.nodes[1].Name, "in-second")
	spec.Annotations = map[string]string{"ovn.kubernetes.io/logical_switch": "second"}
	p := f.create(t, spec)
	if p.ip != "10.77.0.10" {
		t.Errorf("address %s, want the first that is not excluded, 10.77.0.10", p.ip)
	}
	for _, other := range []*pod{f.a1, f.a2} {
		if got := answers(t, other.name+" → in-second", other.do, p.url()+"/hostname"); got != "in-second" {
			t.Errorf("from %s: answered by %q", other.name, got)
		}
	}
	f.kubectl(t, "", "patch", "subnet", "second", "--type=merge", "-p", `{"spec":{"excludeIps":["10.77.0.1..10.77.0.99"]}}`)
	eventually(t, 15*time.Second, "available addresses after the edit", func() error {
		u, err := f.dynamic.Resource(subnets).Get(ctx, "second", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if n, _, _ := unstructured.NestedFieldNoCopy(u.Object, "status", "v4availableIPs"); fmt.Sprint(n) != "155" {
			return fmt.Errorf("v4availableIPs is %v, want 155: .100 to .254", n)
		}
		return nil
	})
	again := probePod("in-second-2", f.nodes[0].Name, "in-second")
	again.Annotations = spec.Annotations
	if q := f.create(t, again); q.ip != "10.77.0.100" {
		t.Errorf("after the edit a pod got %s, want 10.77.0.100", q.ip)
	}
	f.deletePod(t, "default", "in-second")
	f.deletePod(t, "default", "in-second-2")
	f.kubectl(t, "", "delete", "subnet", "second", "--timeout=60s")
	f.gone(t, "in-second.default")
	eventually(t, 20*time.Second, "northbound rows as before", func() error {
		if after := f.kubectlRows(t); after != before {
			return fmt.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		return nil
	})
}

// kubectlRows counts northbound rows by table, the ones that a subnet makes.
func (c *cluster) kubectlRows(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"Logical_Switch", "Logical_Router_Port", "Logical_Router_Policy", "Logical_Router_Static_Route", "Port_Group", "Load_Balancer"} {
		out, err := c.kove(c.server(), "", "nbctl", "--no-leader-only", "--bare", "--columns=_uuid", "list", table)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d\n", table, len(strings.Fields(out)))
	}
	return b.String()
}

// The notebook's tenant: a VPC with a subnet for a namespace. Its addresses may overlap others'; it is not routed to them.
func TestNotebookVpcAndSubnet(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	if _, err := f.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns1"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.kubectl(t, "", "delete", "namespace", "ns1", "--timeout=90s")
		f.kubectl(t, "", "delete", "subnet", "net1", "--ignore-not-found", "--timeout=60s")
		f.kubectl(t, "", "delete", "vpc", "test-vpc-1", "--ignore-not-found", "--timeout=60s")
	})
	f.kubectl(t, vpcManifest, "apply", "-f", "-")
	eventually(t, 20*time.Second, "router of the VPC", func() error {
		if n := f.rows(t, "Logical_Router", "name=test-vpc-1"); n != 1 {
			return fmt.Errorf("%d routers", n)
		}
		return nil
	})
	for i, n := range f.nodes {
		spec := probePod(fmt.Sprintf("tenant-%d", i), n.Name, "tenant")
		spec.Namespace = "ns1"
		if _, err := f.client.CoreV1().Pods("ns1").Create(ctx, spec, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var addresses []string
	for i := range f.nodes {
		name := fmt.Sprintf("tenant-%d", i)
		eventually(t, 60*time.Second, name+" running", func() error {
			p, err := f.client.CoreV1().Pods("ns1").Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if p.Status.Phase != corev1.PodRunning || !strings.HasPrefix(p.Status.PodIP, "10.0.1.") {
				return fmt.Errorf("phase %s address %q%s", p.Status.Phase, p.Status.PodIP, f.events("ns1", name))
			}
			if len(addresses) <= i {
				addresses = append(addresses, p.Status.PodIP)
			}
			return nil
		})
	}
	// hosts do not route into a tenant: ask from inside
	eventually(t, 20*time.Second, "tenant to tenant across nodes", func() error {
		_, err := f.tryKubectl("", "exec", "-n", "ns1", "tenant-0", "--", "/bin/probe", "get", "http://"+addresses[1]+":8080/hostname")
		return err
	})
	if _, err := f.tryKubectl("", "exec", "-n", "ns1", "tenant-0", "--", "/bin/probe", "get", f.a1.url()+"/hostname", "2s"); err == nil {
		t.Error("a tenant reached a pod of the default VPC")
	}
}

// A pod that asks for an address it cannot have is told why, and starts once it can.
func TestStaticAddressThatCannotBe(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	for name, want := range map[string]struct{ ip, says string }{
		"in-use":  {f.a1.ip, "a1"},
		"outside": {"10.99.0.5", "10.16.0.0/16"},
		"gateway": {"10.16.0.1", "gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := probePod("bad-"+name, f.nodes[0].Name, "bad")
			spec.Annotations = map[string]string{"ovn.kubernetes.io/ip_address": want.ip}
			if _, err := f.client.CoreV1().Pods("default").Create(ctx, spec, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			defer f.deletePod(t, "default", spec.Name)
			eventually(t, 20*time.Second, "an event that says why", func() error {
				ev := f.events("default", spec.Name)
				if !strings.Contains(ev, want.ip) || !strings.Contains(ev, want.says) {
					return fmt.Errorf("events:%s", ev)
				}
				return nil
			})
			if n := f.rows(t, "Logical_Switch_Port", "name="+spec.Name+".default"); n != 0 {
				t.Errorf("%d ports were made for it", n)
			}
		})
	}
}

// Naming a NIC for the external gateway touches nothing and is answered, whatever the NIC.
func TestExternalGatewayConfigIsRefused(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	linksBefore, err := f.server().Run(ctx, "ip", "-o", "-4", "addr")
	if err != nil {
		t.Fatal(err)
	}
	f.kubectl(t, `apiVersion: v1
kind: ConfigMap
metadata: {name: ovn-external-gw-config, namespace: kube-system}
data: {type: centralized, enable-external-gw: "true", external-gw-nodes: n1, external-gw-nic: eth0, external-gw-addr: 192.168.77.1/24, nic-ip: 192.168.77.254/24, nic-mac: "16:52:f3:13:6a:25"}
`, "apply", "-f", "-")
	t.Cleanup(func() { f.kubectl(t, "", "-n", "kube-system", "delete", "configmap", "ovn-external-gw-config") })
	eventually(t, 20*time.Second, "event on the ConfigMap", func() error {
		if ev := f.events("kube-system", "ovn-external-gw-config"); !strings.Contains(ev, "eth0") {
			return fmt.Errorf("events:%s", ev)
		}
		return nil
	})
	if out, err := f.kove(f.server(), "", "status"); err != nil || !strings.Contains(out, "ovn-external-gw-config") {
		t.Errorf("kove status does not tell: %v\n%s", err, out)
	}
	if after, _ := f.server().Run(ctx, "ip", "-o", "-4", "addr"); after != linksBefore {
		t.Errorf("addresses changed:\n%s\nbefore:\n%s", after, linksBefore)
	}
	if _, err := onHost(f.nodes[1], "ping", f.server().Address().String(), "2"); err != nil {
		t.Error(err)
	}
}
