package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/tests/lab"
)

// cluster is kove on the nodes of a lab. The first node is the server.
type cluster struct {
	lab     *lab.Lab
	nodes   []*lab.Host
	client  kubernetes.Interface
	dynamic dynamic.Interface
}

// bin is where `make build` puts the programs; in the guest they are elsewhere.
func bin(name string) string {
	dir := os.Getenv("KOVE_BIN")
	if dir == "" {
		dir, _ = filepath.Abs(filepath.Join("..", "..", "bin"))
	}
	return filepath.Join(dir, name)
}

// userspace tells whether the nodes run OVS without its kernel module, as this machine's kernel demands.
func userspace() bool { return os.Getenv("KOVE_E2E_DATAPATH") != "kernel" }

// patience multiplies waiting limits: under software emulation everything takes longer.
func patience(d time.Duration) time.Duration {
	if !userspace() {
		return 6 * d
	}
	return 2 * d
}

// newLab makes the nodes without kove running on them.
func newLab(t testing.TB, name string, nodes int) *cluster {
	t.Helper()
	binds := map[string]string{"/usr/local/bin/kove": bin("kove"), "/usr/local/bin/probe": bin("probe")}
	for _, f := range binds {
		if _, err := os.Stat(f); err != nil {
			t.Fatalf("%v: run make build", err)
		}
	}
	c := &cluster{lab: lab.Open(name)}
	if err := c.lab.Down(); err != nil {
		t.Fatal(err)
	}
	if err := c.lab.Up(binds); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= nodes; i++ {
		n, err := c.lab.Boot(fmt.Sprintf("n%d", i), i, binds)
		if err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience(30*time.Second))
	defer cancel()
	if err := c.lab.Host(lab.Internet).Spawn(ctx, "/var/log/probe.log", "probe", "serve", ":80"); err != nil {
		t.Fatal(err)
	}
	return c
}

// start boots a lab and runs kove on it until every node is Ready. With KOVE_E2E_KEEP the lab stays after a failure.
func start(t testing.TB, name string, nodes int) *cluster {
	t.Helper()
	c := newLab(t, name, nodes)
	t.Cleanup(func() { c.stop(t) })
	c.runServer(t)
	c.joinAgents(t)
	c.importImages(t)
	return c
}

func (c *cluster) stop(t testing.TB) {
	if t.Failed() {
		c.dumpLogs(t)
		if os.Getenv("KOVE_E2E_KEEP") != "" {
			return
		}
	}
	if err := c.lab.Down(); err != nil {
		t.Error(err)
	}
}

func (c *cluster) server() *lab.Host { return c.nodes[0] }

// config is /etc/kove/config.yaml of a node.
func (c *cluster) config(n *lab.Host, extra ...string) string {
	lines := []string{"node-ip: " + n.Address().String()}
	if userspace() {
		lines = append(lines, "datapath: userspace")
		if len(c.nodes) > 1 {
			lines = append(lines, "tunnel-nic: eth1")
		}
	} else {
		lines = append(lines, "datapath: kernel")
	}
	return strings.Join(append(lines, extra...), "\n") + "\n"
}

func (c *cluster) writeConfig(t testing.TB, n *lab.Host, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience(30*time.Second))
	defer cancel()
	cmd := n.Command(ctx, "sh", "-c", "mkdir -p /etc/kove && cat > /etc/kove/config.yaml && chmod 600 /etc/kove/config.yaml")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("writing the configuration of %s: %v\n%s", n.Name, err, out)
	}
}

func (c *cluster) spawnKove(t testing.TB, n *lab.Host, role string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience(30*time.Second))
	defer cancel()
	if err := n.Spawn(ctx, "/var/log/kove.log", "kove", role); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) runServer(t testing.TB) {
	t.Helper()
	c.writeConfig(t, c.server(), c.config(c.server()))
	c.spawnKove(t, c.server(), "server")
	c.connect(t)
	c.waitNodesReady(t, c.server().Name)
}

// connect waits for the kubeconfig and makes the clients; they dial in the server node's network namespace.
func (c *cluster) connect(t testing.TB) {
	t.Helper()
	path := c.server().Path("/etc/kove/kove.yaml")
	eventually(t, 60*time.Second, "kubeconfig "+path, func() error { _, err := os.Stat(path); return err })
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dial = c.server().Dial
	cfg.QPS, cfg.Burst = 200, 400
	cfg.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	if c.client, err = kubernetes.NewForConfig(cfg); err != nil {
		t.Fatal(err)
	}
	if c.dynamic, err = dynamic.NewForConfig(rest.CopyConfig(cfg)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 90*time.Second, "/readyz", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience(5*time.Second))
		defer cancel()
		return c.client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (c *cluster) joinAgents(t testing.TB) {
	t.Helper()
	if len(c.nodes) == 1 {
		return
	}
	token := c.token(t)
	var names []string
	for _, n := range c.nodes[1:] {
		c.writeConfig(t, n, c.config(n, "server: https://"+c.server().Address().String()+":6443", "token: "+token))
		c.spawnKove(t, n, "agent")
		names = append(names, n.Name)
	}
	c.waitNodesReady(t, names...)
}

func (c *cluster) token(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(c.server().Path("/var/lib/kove/server/node-token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func (c *cluster) waitNodesReady(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		eventually(t, 120*time.Second, "node "+name+" Ready", func() error {
			n, err := c.client.CoreV1().Nodes().Get(context.Background(), name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, cond := range n.Status.Conditions {
				if cond.Type == corev1.NodeReady {
					if cond.Status == corev1.ConditionTrue {
						return nil
					}
					return errors.New(cond.Message)
				}
			}
			return errors.New("no Ready condition yet")
		})
	}
}

// importImages gives every node the stand-ins for the images that the tests' manifests name.
func (c *cluster) importImages(t testing.TB) {
	t.Helper()
	for _, n := range c.nodes {
		for _, tar := range testImages(t) {
			ctx, cancel := context.WithTimeout(context.Background(), patience(60*time.Second))
			cmd := n.Command(ctx, "sh", "-c", "cat > /tmp/image.tar && kove ctr -n k8s.io images import /tmp/image.tar && rm /tmp/image.tar")
			f, err := os.Open(tar)
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin = f
			out, err := cmd.CombinedOutput()
			f.Close()
			cancel()
			if err != nil {
				t.Fatalf("importing %s on %s: %v\n%s", tar, n.Name, err, out)
			}
		}
	}
}

// kubectl runs `kove kubectl` on the server as a user would; stdin may be empty.
func (c *cluster) kubectl(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, err := c.tryKubectl(stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *cluster) tryKubectl(stdin string, args ...string) (string, error) {
	return c.kove(c.server(), stdin, append([]string{"kubectl"}, args...)...)
}

// kove runs the binary on a node.
func (c *cluster) kove(n *lab.Host, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience(90*time.Second))
	defer cancel()
	cmd := n.Command(ctx, "kove", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kove %s on %s: %w: %s", strings.Join(args, " "), n.Name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// dumpLogs prints the ends of the logs that tell why a node is not what it should be.
func (c *cluster) dumpLogs(t testing.TB) {
	for _, n := range c.nodes {
		files := []string{n.Path("/var/log/kove.log")}
		more, _ := filepath.Glob(n.Path("/var/lib/kove/agent/logs/*.log"))
		for _, f := range append(files, more...) {
			b, err := os.ReadFile(f)
			if err != nil {
				continue
			}
			if len(b) > 6000 {
				b = b[len(b)-6000:]
			}
			t.Logf("== %s %s\n%s", n.Name, filepath.Base(f), b)
		}
	}
}

// eventually waits until f returns nil, polling: what it waits for lives in another process.
func eventually(t testing.TB, limit time.Duration, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(patience(max(limit, 30*time.Second))) // waiting for what comes costs nothing
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// probeResult is what tests/probe prints.
type probeResult struct {
	Body            string
	Sent, Lost      int
	MaxGap, Seconds float64
	Bytes           int64
	LostSeqs        []int
	Addresses       []string
	Error           string
}

// onHost runs a probe command in a host.
func onHost(h *lab.Host, args ...string) (probeResult, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience(2*time.Minute))
	defer cancel()
	out, err := h.Command(ctx, "probe", args...).Output()
	return decode(out, err, h.Name, args)
}

func decode(out []byte, err error, where string, args []string) (probeResult, error) {
	var r probeResult
	if jerr := json.Unmarshal(out, &r); jerr != nil {
		return r, fmt.Errorf("probe %s from %s: %w (%v): %s", strings.Join(args, " "), where, jerr, err, out)
	}
	if r.Error != "" {
		return r, fmt.Errorf("probe %s from %s: %s", strings.Join(args, " "), where, r.Error)
	}
	return r, nil
}
