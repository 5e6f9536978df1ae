package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
	"github.com/kove-io/kove/pkg/supervise"
)

const (
	childEnv = "KOVE_APP_TEST_DIR"
	netnsEnv = "KOVE_APP_TEST_NETNS"
)

// The test runs itself again in a network namespace of its own, and there as a server.
func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // the parent closes our stdin, or dies
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err := Run(ctx, serverConfig(dir), Options{Version: "test", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serverConfig(dir string) *config.Config {
	c := config.Default(config.Server)
	c.Paths.DataDir, c.Paths.RunDir, c.Paths.NodeDir = filepath.Join(dir, "data"), filepath.Join(dir, "run"), filepath.Join(dir, "node")
	c.API.BindAddress = netip.IPv4Unspecified()
	c.API.AdvertiseAddress = netip.MustParseAddr("192.0.2.1")
	c.API.WriteKubeconfig = filepath.Join(dir, "admin.yaml")
	c.Join.Server = "https://127.0.0.1:6443"
	c.Node.Name, c.Node.IPs = "n1", []netip.Addr{c.API.AdvertiseAddress}
	c.Cluster.DNS = netip.MustParseAddr("10.43.0.10")
	c.Control.DisableAgent = true
	c.OVN.MTU = 1400
	return c
}

// A whole control plane without its node: components, status, manifests, and everything again after a kill -9.
func TestServer(t *testing.T) {
	if os.Getenv(netnsEnv) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestServer$", "-test.v", "-test.timeout=8m")
		cmd.Env = append(os.Environ(), netnsEnv+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := serverConfig(dir)
	own := c.Paths.Server("manifests", "own.yaml")
	// The second document's kind is defined by a packaged file, which is applied later; the first has to wait for nothing.
	write(t, own, configMap("first", "1")+"---\n"+vpc)
	write(t, c.Paths.Server("manifests", "skipped.yaml"), configMap("skipped", "1"))
	write(t, c.Paths.Server("manifests", "skipped.yaml.skip"), "")

	server := startServer(t, dir)
	k := admin(t, c)
	await(t, "the operator's manifest", func(ctx context.Context) error { return hasValue(ctx, k, "first", "1") })
	write(t, own, configMap("first", "2")+"---\n"+vpc)
	await(t, "its change", func(ctx context.Context) error { return hasValue(ctx, k, "first", "2") })
	if err := hasValue(t.Context(), k, "skipped", "1"); !apierrors.IsNotFound(err) {
		t.Errorf("a skipped manifest: %v", err)
	}

	s, err := status.Get(t.Context(), c.Paths.StatusSocket())
	if err != nil {
		t.Fatal(err)
	}
	for _, comp := range s.Components {
		if comp.State != supervise.Ready {
			t.Errorf("%s is %s: %s", comp.Name, comp.State, comp.Error)
		}
	}
	if !s.Ready || s.OVN == nil || s.OVN.Message != "" || len(s.Processes) == 0 || s.PID != server.cmd.Process.Pid {
		t.Errorf("status %+v", s)
	}

	second := exec.Command("/proc/self/exe")
	second.Env = append(os.Environ(), childEnv+"="+dir)
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "another kove runs here") {
		t.Errorf("a second server: %v\n%s", err, out)
	}

	_ = server.cmd.Process.Kill()
	_ = server.cmd.Wait()
	server = startServer(t, dir)
	if err := hasValue(t.Context(), admin(t, c), "first", "2"); err != nil {
		t.Errorf("after a kill -9: %v", err)
	}
	began := time.Now()
	if err := server.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.cmd.Wait(); err != nil {
		t.Errorf("a clean stop: %v\n%s", err, server.log)
	}
	t.Logf("stopped in %d ms", time.Since(began).Milliseconds())
	if strings.Contains(server.log.String(), "level=ERROR") {
		t.Errorf("errors were logged:\n%s", server.log)
	}
}

const vpc = `apiVersion: kubeovn.io/v1
kind: Vpc
metadata: {name: tenant}
spec: {namespaces: []}
`

func configMap(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: default}\ndata: {v: %q}\n", name, value)
}

func hasValue(ctx context.Context, k kubernetes.Interface, name, value string) error {
	cm, err := k.CoreV1().ConfigMaps(corev1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
	if err == nil && cm.Data["v"] != value {
		err = fmt.Errorf("it has %q, want %q", cm.Data["v"], value)
	}
	return err
}

func await(t *testing.T, what string, ok func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		err := ok(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func admin(t *testing.T, c *config.Config) kubernetes.Interface {
	t.Helper()
	rc, err := clientcmd.BuildConfigFromFlags("", c.Paths.Server("cred", "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := kubernetes.NewForConfig(rc)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type runningServer struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startServer returns when the server says over its status socket that it is ready.
func startServer(t *testing.T, dir string) *runningServer {
	t.Helper()
	s := &runningServer{cmd: exec.Command("/proc/self/exe"), log: &lockedBuffer{}}
	s.cmd.Env = append(os.Environ(), childEnv+"="+dir)
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdin = stdin
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log)
		}
	})
	deadline := time.Now().Add(3 * time.Minute)
	for {
		st, err := status.Get(t.Context(), serverConfig(dir).Paths.StatusSocket())
		if err == nil && st.Ready && st.PID == s.cmd.Process.Pid {
			t.Logf("ready %d ms after its start", time.Since(began).Milliseconds())
			return s
		}
		if time.Now().After(deadline) || syscall.Kill(s.cmd.Process.Pid, 0) != nil {
			t.Fatalf("the server is not ready: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestDueCertificate(t *testing.T) {
	c := serverConfig(t.TempDir())
	now := time.Now()
	if _, err := pki.EnsureServer(c, now); err != nil {
		t.Fatal(err)
	}
	if due, err := dueCertificate(c.Paths.TLS(), now); err != nil || due != "" {
		t.Errorf("when new: %q, %v", due, err)
	}
	if due, err := dueCertificate(c.Paths.TLS(), now.AddDate(1, 0, -1)); err != nil || due == "" {
		t.Errorf("a day before the end: %q, %v", due, err)
	}
}
