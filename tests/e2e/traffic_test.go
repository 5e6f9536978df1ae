package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kove-io/kove/tests/lab"
)

// podMTU is the underlay's 1500 minus 100 for Geneve and what comes with it.
const podMTU = 1400

// blobBytes is the size of the checksummed copies. Emulation is some 50 times slower.
func blobBytes() string {
	if userspace() {
		return fmt.Sprint(100 << 20)
	}
	return fmt.Sprint(5 << 20)
}

func TestPodToPod(t *testing.T) {
	f := sharedCluster(t)
	for _, to := range []struct {
		name string
		pod  *pod
	}{{"SameNode", f.b1}, {"AcrossNodes", f.a2}} {
		t.Run(to.name, func(t *testing.T) {
			checkPath(t, f.a1, to.pod)
		})
	}
}

// checkPath wants pings, packets of exactly the MTU and not a byte more, UDP, and a TCP copy that is what was sent.
func checkPath(t *testing.T, from, to *pod) {
	t.Helper()
	noneLost(t, from, "ping", to.ip, "20")
	noneLost(t, from, "ping", to.ip, "5", fmt.Sprint(podMTU), "df")
	if _, err := from.do("ping", to.ip, "1", fmt.Sprint(podMTU+1), "df"); err == nil {
		t.Errorf("ping of %d bytes with DF passed an MTU of %d", podMTU+1, podMTU)
	}
	noneLost(t, from, "echo", to.addr(), "50", "10ms")
	copyBlob(t, "pod to pod", from.do, to.url())
}

// noneLost wants a series of packets to come back whole. A path that is young resolves its peers, and a starved machine loses packets by
// itself, so a series may be sent again; on a path that always loses some, none is whole.
func noneLost(t *testing.T, from *pod, probe ...string) {
	t.Helper()
	eventually(t, 30*time.Second, from.name+" → "+strings.Join(probe, " "), func() error {
		r, err := from.do(probe...)
		if err == nil && r.Lost != 0 {
			err = fmt.Errorf("%d of %d lost", r.Lost, r.Sent)
		}
		return err
	})
}

func copyBlob(t *testing.T, what string, from func(args ...string) (probeResult, error), url string) {
	t.Helper()
	r, err := from("blob", url, blobBytes())
	if err != nil {
		t.Errorf("%s: copy: %v", what, err)
		return
	}
	t.Logf("FIGURE %s: %s %d MB in %.1f s = %.0f Mbit/s", t.Name(), what, r.Bytes>>20, r.Seconds, float64(r.Bytes)*8/1e6/r.Seconds)
}

func TestPodToService(t *testing.T) {
	f := sharedCluster(t)
	onA2 := f.service(t, "svc-a2", "a2", 1, nil)
	url := "http://" + onA2.Spec.ClusterIP
	if got := answers(t, "pod → Service → pod", f.a1.do, url+"/hostname"); got != "a2" {
		t.Errorf("answer from %q, want a2", got)
	}
	copyBlob(t, "pod to Service", f.a1.do, url)
	if r, err := f.a1.do("echo", onA2.Spec.ClusterIP+":80", "20", "10ms"); err != nil || r.Lost != 0 {
		t.Errorf("UDP through the Service: %+v %v", r, err)
	}
	own := f.service(t, "svc-a1", "a1", 1, nil)
	if got := answers(t, "pod → its own Service", f.a1.do, "http://"+own.Spec.ClusterIP+"/hostname"); got != "a1" {
		t.Errorf("hairpin answered by %q, want a1", got)
	}
	copyBlob(t, "pod to its own Service", f.a1.do, "http://"+own.Spec.ClusterIP)
}

// A pod reaches the API server through its Service and is told who it is not: that is an answer.
func TestPodToAPIServer(t *testing.T) {
	f := sharedCluster(t)
	for _, p := range []*pod{f.a1, f.a2} {
		eventually(t, 15*time.Second, "kubernetes.default from "+p.name, func() error {
			_, err := p.do("get", "http://10.43.0.1:443/", "3s")
			if err != nil && strings.Contains(err.Error(), "HTTPS server") { // the server's own words to plain HTTP
				return nil
			}
			return fmt.Errorf("unexpected: %v", err)
		})
	}
}

func TestDNS(t *testing.T) {
	f := sharedCluster(t)
	svc := f.service(t, "dns-target", "a2", 1, nil)
	for _, p := range []*pod{f.a1, f.a2} {
		for _, name := range []string{"dns-target", "dns-target.default.svc.cluster.local"} {
			eventually(t, 60*time.Second, "DNS name "+name+" from "+p.name, func() error {
				r, err := p.do("resolve", name)
				if err == nil && (len(r.Addresses) != 1 || r.Addresses[0] != svc.Spec.ClusterIP) {
					err = fmt.Errorf("got %v, want %s", r.Addresses, svc.Spec.ClusterIP)
				}
				return err
			})
		}
	}
	if r, err := f.a1.do("resolve", "kubernetes.default.svc.cluster.local"); err != nil || len(r.Addresses) != 1 || r.Addresses[0] != "10.43.0.1" {
		t.Errorf("kubernetes.default: %v %v", r.Addresses, err)
	}
}

// What leaves the cluster carries its node's address.
func TestPodToInternet(t *testing.T) {
	f := sharedCluster(t)
	for _, p := range []*pod{f.a1, f.a2} {
		body := answers(t, p.name+" → internet", p.do, "http://"+lab.InternetAddress+"/")
		if fields := strings.Fields(body); len(fields) != 2 || fields[1] != p.node.Address().String() {
			t.Errorf("%s is seen outside as %q, want its node's %s", p.name, body, p.node.Address())
		}
	}
	copyBlob(t, "pod to internet", f.a2.do, "http://"+lab.InternetAddress)
}

func TestHostToPodAndBack(t *testing.T) {
	f := sharedCluster(t)
	for _, n := range f.nodes {
		for _, p := range []*pod{f.a1, f.a2} {
			from := func(args ...string) (probeResult, error) { return onHost(n, args...) }
			if got := answers(t, "node "+n.Name+" → pod "+p.name, from, p.url()+"/hostname"); got != p.name {
				t.Errorf("answer from %q", got)
			}
			noneLost(t, p, "ping", n.Address().String(), "3")
		}
	}
	copyBlob(t, "host to pod on the other node", func(args ...string) (probeResult, error) { return onHost(f.nodes[0], args...) }, f.a2.url())
}

func TestHostNetworkToClusterIP(t *testing.T) {
	f := sharedCluster(t)
	svc := f.service(t, "svc-hostnet", "a2", 1, nil)
	url := "http://" + svc.Spec.ClusterIP + "/hostname"
	for _, n := range f.nodes {
		from := func(args ...string) (probeResult, error) { return onHost(n, args...) }
		if got := answers(t, "node "+n.Name+" → ClusterIP", from, url); got != "a2" {
			t.Errorf("from node %s: answered by %q", n.Name, got)
		}
	}
	spec := probePod("hostnet", f.nodes[1].Name, "hostnet")
	spec.Spec.HostNetwork = true
	h := f.create(t, spec)
	if got := answers(t, "hostNetwork pod → ClusterIP", h.do, url); got != "a2" {
		t.Errorf("from a hostNetwork pod: answered by %q", got)
	}
}

func TestNodePort(t *testing.T) {
	f := sharedCluster(t)
	svc := f.service(t, "svc-nodeport", "a2", 1, func(s *corev1.Service) {
		s.Spec.Type = corev1.ServiceTypeNodePort
	})
	port := svc.Spec.Ports[0].NodePort
	outside := func(args ...string) (probeResult, error) { return onHost(f.lab.Host(lab.Internet), args...) }
	for _, n := range f.nodes {
		url := fmt.Sprintf("http://%s:%d/hostname", n.Address(), port)
		if got := answers(t, "outside → NodePort of "+n.Name, outside, url); got != "a2" {
			t.Errorf("outside via %s: answered by %q", n.Name, got)
		}
		for _, p := range []*pod{f.a1, f.a2} {
			if got := answers(t, p.name+" → NodePort of "+n.Name, p.do, url); got != "a2" {
				t.Errorf("%s via %s: answered by %q", p.name, n.Name, got)
			}
		}
	}
	copyBlob(t, "outside to NodePort", outside, fmt.Sprintf("http://%s:%d", f.nodes[0].Address(), port))
}

// externalTrafficPolicy=Local keeps the client's address and answers only where an endpoint is.
func TestExternalTrafficPolicyLocal(t *testing.T) {
	f := sharedCluster(t)
	svc := f.service(t, "svc-local", "a2", 1, func(s *corev1.Service) {
		s.Spec.Type = corev1.ServiceTypeNodePort
		s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	})
	internet := f.lab.Host(lab.Internet)
	outside := func(args ...string) (probeResult, error) { return onHost(internet, args...) }
	port := svc.Spec.Ports[0].NodePort
	body := answers(t, "outside → local NodePort", outside, fmt.Sprintf("http://%s:%d/", f.nodes[1].Address(), port))
	if fields := strings.Fields(body); len(fields) != 2 || fields[0] != "a2" || !strings.HasPrefix(fields[1], "192.168.77.") || fields[1] == f.nodes[1].Address().String() {
		t.Errorf("answer %q: want a2 and the outside host's own address", body)
	}
	if r, err := outside("get", fmt.Sprintf("http://%s:%d/", f.nodes[0].Address(), port), "2s"); err == nil {
		t.Errorf("the node without an endpoint answered %q", r.Body)
	}
}

// Session affinity holds one client on one endpoint; without it both are used.
func TestSessionAffinity(t *testing.T) {
	f := sharedCluster(t)
	for i, n := range f.nodes {
		f.create(t, probePod(fmt.Sprintf("sticky-%d", i), n.Name, "sticky"))
	}
	count := func(ip string) map[string]int {
		seen := map[string]int{}
		for range 20 {
			if r, err := f.a1.do("get", "http://"+ip+"/hostname", "2s"); err == nil {
				seen[r.Body]++
			} else {
				seen[err.Error()]++
			}
		}
		return seen
	}
	spread := f.service(t, "spread", "sticky", 2, nil)
	answers(t, "spread Service", f.a1.do, "http://"+spread.Spec.ClusterIP+"/hostname")
	eventually(t, 10*time.Second, "both endpoints answering", func() error {
		if seen := count(spread.Spec.ClusterIP); len(seen) != 2 {
			return fmt.Errorf("answers %v", seen)
		}
		return nil
	})
	sticky := f.service(t, "sticky", "sticky", 2, func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP })
	answers(t, "sticky Service", f.a1.do, "http://"+sticky.Spec.ClusterIP+"/hostname")
	if seen := count(sticky.Spec.ClusterIP); len(seen) != 1 {
		t.Errorf("with session affinity one client saw %v", seen)
	}
}

// A Service without endpoints refuses or drops; one whose endpoint comes back answers again.
func TestServiceFollowsEndpoints(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	first := f.create(t, probePod("follow-1", f.nodes[0].Name, "follow"))
	svc := f.service(t, "follow", "follow", 1, nil)
	url := "http://" + svc.Spec.ClusterIP + "/hostname"
	answers(t, "follow", f.a2.do, url)
	zero := int64(0)
	if err := f.client.CoreV1().Pods("default").Delete(ctx, first.name, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "Service without endpoints to stop answering", func() error {
		if r, err := f.a2.do("get", url, "1s"); err == nil {
			return fmt.Errorf("still answered by %s", r.Body)
		}
		return nil
	})
	f.create(t, probePod("follow-2", f.nodes[1].Name, "follow"))
	if got := answers(t, "follow again", f.a2.do, url); got != "follow-2" {
		t.Errorf("answered by %q", got)
	}
}
