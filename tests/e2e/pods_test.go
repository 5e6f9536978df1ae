package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kove-io/kove/tests/lab"
)

const (
	probeImage = "kove.test/probe:1"
	probePort  = 8080
)

// pod is a running probe pod.
type pod struct {
	c    *cluster
	name string
	ns   string
	ip   string
	node *lab.Host
}

// probePod describes a pod that runs `probe serve` on the node, labelled app=<app>.
func probePod(name, node, app string) *corev1.Pod {
	grace := int64(0)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			NodeName: node, TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{Name: "probe", Image: probeImage, ImagePullPolicy: corev1.PullNever, Args: []string{"serve", fmt.Sprintf(":%d", probePort)}}},
		},
	}
}

// create makes the pod, waits until it runs, and deletes it at the end of the test.
func (c *cluster) create(t testing.TB, p *corev1.Pod) *pod {
	t.Helper()
	ctx := context.Background()
	if _, err := c.client.CoreV1().Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := c.client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	return c.waitRunning(t, p.Namespace, p.Name)
}

// waitRunning waits until the pod's probe answers and says why it does not run if it never does.
func (c *cluster) waitRunning(t testing.TB, ns, name string) *pod {
	t.Helper()
	var got *corev1.Pod
	eventually(t, 60*time.Second, "pod "+ns+"/"+name+" running", func() error {
		var err error
		if got, err = c.client.CoreV1().Pods(ns).Get(context.Background(), name, metav1.GetOptions{}); err != nil {
			return err
		}
		if got.Status.Phase == corev1.PodRunning && got.Status.PodIP != "" {
			return nil
		}
		return fmt.Errorf("phase %s%s", got.Status.Phase, c.events(ns, name))
	})
	p := &pod{c: c, name: name, ns: ns, ip: got.Status.PodIP, node: c.lab.Host(got.Spec.NodeName)}
	eventually(t, 30*time.Second, "probe in pod "+name+" answering", func() error { _, err := p.do("get", "http://127.0.0.1:8080/hostname"); return err })
	return p
}

func (c *cluster) events(ns, name string) string {
	l, err := c.client.CoreV1().Events(ns).List(context.Background(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name})
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, e := range l.Items {
		fmt.Fprintf(&b, "; %s: %s", e.Reason, e.Message)
	}
	return b.String()
}

// do runs a probe command inside the pod, reached from the pod's own node.
func (p *pod) do(args ...string) (probeResult, error) {
	return p.doFrom(p.node, args...)
}

func (p *pod) doFrom(h *lab.Host, args ...string) (probeResult, error) {
	body, err := json.Marshal(args)
	if err != nil {
		return probeResult{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience(3*time.Minute))
	defer cancel()
	url := fmt.Sprintf("http://%s:%d/do", p.ip, probePort)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return probeResult{}, err
	}
	tr := &http.Transport{DialContext: h.Dial, DisableKeepAlives: true}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return probeResult{}, fmt.Errorf("asking pod %s for %v: %w", p.name, args, err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return decode(out, err, "pod "+p.name, args)
}

// addr is the pod's HTTP and UDP echo address.
func (p *pod) addr() string { return fmt.Sprintf("%s:%d", p.ip, probePort) }

func (p *pod) url() string { return "http://" + p.addr() }

// service makes a Service for app on port 80 and waits until it has as many endpoints as wanted.
func (c *cluster) service(t testing.TB, name, app string, endpoints int, change func(*corev1.Service)) *corev1.Service {
	t.Helper()
	ctx := context.Background()
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: corev1.ServiceSpec{Selector: map[string]string{"app": app}, Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromInt32(probePort)},
			{Name: "echo", Port: 80, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(probePort)},
		}},
	}
	if change != nil {
		change(s)
	}
	s, err := c.client.CoreV1().Services("default").Create(ctx, s, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.client.CoreV1().Services("default").Delete(ctx, name, metav1.DeleteOptions{}) })
	eventually(t, 30*time.Second, "endpoints of service "+name, func() error {
		l, err := c.client.DiscoveryV1().EndpointSlices("default").List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + name})
		if err != nil {
			return err
		}
		n := 0
		for _, sl := range l.Items {
			for _, e := range sl.Endpoints {
				if e.Conditions.Ready != nil && *e.Conditions.Ready {
					n++
				}
			}
		}
		if n < endpoints {
			return fmt.Errorf("%d of %d ready", n, endpoints)
		}
		return nil
	})
	return s
}

// answers waits until url answers from where `from` runs, and returns the body.
func answers(t testing.TB, what string, from func(args ...string) (probeResult, error), url string) string {
	t.Helper()
	var body string
	eventually(t, 15*time.Second, what, func() error {
		r, err := from("get", url, "2s")
		body = r.Body
		return err
	})
	return body
}

// shared is the two-node cluster that most cases use.
var shared struct {
	sync.Once
	c   *cluster
	err error
	a1  *pod // on node 1
	b1  *pod // on node 1
	a2  *pod // on node 2
}

type fixture struct {
	*cluster
	a1, b1, a2 *pod
}

// sharedCluster starts it at the first call; TestMain takes it down.
func sharedCluster(t *testing.T) fixture {
	t.Helper()
	shared.Do(func() {
		shared.err = errors.New("the shared cluster did not come up: see the first test that asked for it")
		c := newLab(t, "e2e", 2)
		shared.c = c
		defer func() {
			if t.Failed() {
				c.dumpLogs(t)
			}
		}()
		begin := time.Now()
		c.runServer(t)
		c.joinAgents(t)
		t.Logf("FIGURE two nodes Ready after %.1f s", time.Since(begin).Seconds())
		c.importImages(t)
		for _, p := range []struct {
			to   **pod
			name string
			node *lab.Host
		}{{&shared.a1, "a1", c.nodes[0]}, {&shared.b1, "b1", c.nodes[0]}, {&shared.a2, "a2", c.nodes[1]}} {
			spec := probePod(p.name, p.node.Name, p.name)
			if _, err := c.client.CoreV1().Pods("default").Create(context.Background(), spec, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			*p.to = c.waitRunning(t, "default", p.name)
		}
		shared.err = nil
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			shared.c.dumpLogs(t)
		}
	})
	return fixture{shared.c, shared.a1, shared.b1, shared.a2}
}
