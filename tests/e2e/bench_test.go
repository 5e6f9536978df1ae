package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BenchmarkCluster measures what a user waits for and pays for, on an empty data-dir with one node:
//
//	go test -run '^$' -bench BenchmarkCluster -benchtime 1x ./tests/e2e
//
// docs/benchmarks.md records it.
func BenchmarkCluster(b *testing.B) {
	for range b.N {
		c := newLab(b, "bench", 1)
		c.writeConfig(b, c.server(), c.config(c.server()))
		begin := time.Now()
		c.spawnKove(b, c.server(), "server")
		c.connect(b)
		ready := time.Since(begin)
		c.waitNodesReady(b, c.server().Name)
		nodeReady := time.Since(begin)
		first := c.firstPodRunning(b, begin)
		b.ReportMetric(ready.Seconds(), "s-to-readyz")
		b.ReportMetric(nodeReady.Seconds(), "s-to-node-Ready")
		b.ReportMetric(first.Seconds(), "s-to-first-pod-Running")
		c.importImages(b)
		c.memory(b, "idle")
		c.hundredPods(b)
		c.memory(b, "after 100 pods")
		fi, err := os.Stat(bin("kove"))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("FIGURE size of bin/kove with its payload: %.1f MB\n", float64(fi.Size())/1e6)
		c.stop(b)
	}
}

// firstPodRunning waits for CoreDNS: it is the first pod that needs a network, and no image has to be imported for it.
func (c *cluster) firstPodRunning(b *testing.B, begin time.Time) time.Duration {
	var took time.Duration
	eventually(b, 60*time.Second, "first pod with a network", func() error {
		l, err := c.client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, p := range l.Items {
			if p.Status.Phase == corev1.PodRunning && !p.Spec.HostNetwork {
				took = time.Since(begin)
				return nil
			}
		}
		return fmt.Errorf("%d pods, none runs", len(l.Items))
	})
	return took
}

// memory prints RSS and PSS of kove and its children, as `kove status` gives them.
func (c *cluster) memory(b *testing.B, when string) {
	out, err := c.kove(c.server(), "", "status", "-o", "json")
	if err != nil {
		b.Fatal(err)
	}
	var s struct {
		Processes []struct {
			Name     string `json:"name"`
			Pid      int    `json:"pid"`
			RSSBytes int64  `json:"rss"`
			PSSBytes int64  `json:"pss"`
		} `json:"processes"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		b.Fatal(err)
	}
	var rss, pss int64
	for _, p := range s.Processes {
		fmt.Printf("FIGURE memory %s: %-20s RSS %4d MB PSS %4d MB\n", when, p.Name, p.RSSBytes>>20, p.PSSBytes>>20)
		rss += p.RSSBytes
		pss += p.PSSBytes
	}
	if len(s.Processes) == 0 {
		b.Fatalf("kove status names no process:\n%s", out)
	}
	fmt.Printf("FIGURE memory %s: %-20s RSS %4d MB PSS %4d MB\n", when, "total", rss>>20, pss>>20)
}

var cniTook = regexp.MustCompile(`msg="connected a pod".* took=(\S+)`)

// hundredPods makes 100 pods and reads from the daemon's log how long each CNI ADD took.
func (c *cluster) hundredPods(b *testing.B) {
	ctx := context.Background()
	begin := time.Now()
	for i := range 100 {
		p := probePod(fmt.Sprintf("bench-%d", i), c.server().Name, "bench")
		if _, err := c.client.CoreV1().Pods("default").Create(ctx, p, metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	eventually(b, 300*time.Second, "100 pods", func() error {
		l, err := c.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=bench"})
		if err != nil {
			return err
		}
		n := 0
		for _, p := range l.Items {
			if p.Status.Phase == corev1.PodRunning {
				n++
			}
		}
		if n < 100 {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
	fmt.Printf("FIGURE 100 pods on one node Running after %.1f s\n", time.Since(begin).Seconds())
	log, err := os.ReadFile(c.server().Path("/var/log/kove.log"))
	if err != nil {
		b.Fatal(err)
	}
	var adds []time.Duration
	for _, m := range cniTook.FindAllStringSubmatch(string(log), -1) {
		d, err := time.ParseDuration(strings.Trim(m[1], `"`))
		if err != nil {
			b.Fatal(err)
		}
		adds = append(adds, d)
	}
	if len(adds) < 100 {
		b.Fatalf("the log has %d CNI ADDs", len(adds))
	}
	sort.Slice(adds, func(i, j int) bool { return adds[i] < adds[j] })
	fmt.Printf("FIGURE CNI ADD over %d pods: p50 %s p99 %s max %s\n", len(adds), adds[len(adds)/2], adds[len(adds)*99/100], adds[len(adds)-1])
	b.ReportMetric(float64(adds[len(adds)/2].Milliseconds()), "ms-CNI-ADD-p50")
	b.ReportMetric(float64(adds[len(adds)*99/100].Milliseconds()), "ms-CNI-ADD-p99")
}
