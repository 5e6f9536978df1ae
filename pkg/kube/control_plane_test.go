package kube_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/supervise"
)

const (
	childEnv = "KOVE_KUBE_TEST_DIR"
	guestEnv = "KOVE_KUBE_TEST_NETNS"
)

// The test runs itself again twice: in a network namespace of its own, where the control plane may have its usual ports,
// and as the control plane that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := controlPlane(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func testConfig(dir string) *config.Config {
	c := config.Default(config.Server)
	c.Paths.DataDir, c.Paths.RunDir, c.Paths.NodeDir = filepath.Join(dir, "data"), filepath.Join(dir, "run"), filepath.Join(dir, "node")
	lo := netip.MustParseAddr("127.0.0.1")
	c.API.BindAddress, c.API.WriteKubeconfig = lo, filepath.Join(dir, "admin.yaml")
	c.API.AdvertiseAddress = netip.MustParseAddr("192.0.2.1") // Kubernetes refuses loopback
	c.Join.Server = "https://127.0.0.1:6443"
	c.Node.Name, c.Node.IPs = "n1", []netip.Addr{c.API.AdvertiseAddress}
	c.Cluster.DNS = netip.MustParseAddr("10.43.0.10")
	return c
}

// controlPlane runs datastore, API server, controllers and scheduler until a signal, and prints when they are ready.
func controlPlane(dir string) error {
	c := testConfig(dir)
	p, err := pki.EnsureServer(c, time.Now())
	if err != nil {
		return err
	}
	pair := func(f pki.Pair) kube.KeyPair { return kube.KeyPair(f) }
	files := kube.PKI{ClientCA: pair(p.ClientCAFiles), ServerCA: pair(p.ServerCAFiles), RequestHeaderCA: p.RequestHeaderCAFiles.Cert,
		APIServer: pair(p.APIServer), KubeletClient: pair(p.APIServerClient), FrontProxy: pair(p.AuthProxy), FrontProxyName: "system:auth-proxy",
		ServiceAccountKey: p.ServiceAccountKey}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	g := supervise.NewGroup(log)
	started := time.Now()
	g.OnChange = func(s supervise.Status) {
		if s.State == supervise.Ready {
			fmt.Printf("ready %s %d\n", s.Name, time.Since(started).Milliseconds())
		}
	}
	datastore := kube.NewDatastore(c.Paths.Server("db"), log)
	db := g.Add(datastore)
	api := g.Add(kube.NewAPIServer(kube.APIServerOptions{Config: c, PKI: files, Datastore: datastore.Endpoint(), CertDir: c.Paths.TLS("gen"),
		Join: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "joining "+r.URL.Path) }),
	}, log), supervise.After(db), supervise.StopTimeout(2*time.Second))
	g.Add(kube.NewControllerManager(kube.ControllerManagerOptions{Config: c, PKI: files, Kubeconfig: p.ControllerManagerKubeconfig,
		CertDir: c.Paths.TLS("gen")}, log), supervise.After(api), supervise.StopTimeout(2*time.Second))
	g.Add(kube.NewScheduler(c, p.SchedulerKubeconfig, c.Paths.TLS("gen"), log), supervise.After(api), supervise.StopTimeout(2*time.Second))
	g.OnReady = func() { fmt.Println("ready all", time.Since(started).Milliseconds()) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // the parent closes our stdin, or dies
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return g.Run(ctx)
}

// start runs the control plane as a process and waits until everything is ready.
func start(t *testing.T, dir string) (cmd *exec.Cmd, stop io.Closer) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var logs strings.Builder
	cmd.Stderr = &logs
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := make(chan string)
	go func() {
		defer close(lines)
		var rest string
		buf := make([]byte, 4096)
		for {
			n, err := stdout.Read(buf)
			rest += string(buf[:n])
			for {
				line, after, ok := strings.Cut(rest, "\n")
				if !ok {
					break
				}
				rest = after
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	timeout := time.After(3 * time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				_ = cmd.Wait()
				t.Fatalf("the control plane ended: %s\n%s", cmd.ProcessState, logs.String())
			}
			t.Logf("%s (%d ms since exec)", line, time.Since(began).Milliseconds())
			if strings.HasPrefix(line, "ready all") {
				go func() {
					for range lines { // keep the pipe empty
					}
				}()
				return cmd, stdin
			}
		case <-timeout:
			t.Fatalf("the control plane is not ready after 3 minutes\n%s", logs.String())
		}
	}
}

func client(t *testing.T, dir string) kubernetes.Interface {
	t.Helper()
	// The administrator's own file names the advertised address, which does not exist here.
	rc, err := clientcmd.BuildConfigFromFlags("", testConfig(dir).Paths.Server("cred", "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := kubernetes.NewForConfig(rc)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What was acknowledged before a kill -9 is there after the restart, and a clean stop is quick.
func TestControlPlane(t *testing.T) {
	if os.Getenv(guestEnv) == "" {
		inNetworkNamespace(t)
		return
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatal(err)
	}
	dir, ctx := t.TempDir(), t.Context()
	cmd, _ := start(t, dir)
	k := client(t, dir)

	t.Run("the join handler is in front of authentication", func(t *testing.T) {
		ca, err := os.ReadFile(testConfig(dir).Paths.TLS("server-ca.crt"))
		if err != nil {
			t.Fatal(err)
		}
		hc, err := pki.PinnedClient(ca)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{kube.JoinPrefix + "x": http.StatusOK, "/version": http.StatusUnauthorized} {
			resp, err := hc.Get("https://127.0.0.1:6443" + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s without credentials: %s, want %d", path, resp.Status, want)
			}
		}
	})

	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		fi, err := os.Stat(testConfig(dir).Paths.Server("db", name))
		if err != nil {
			t.Error(err)
		} else if fi.Mode().Perm() != 0o600 {
			t.Errorf("the datastore's %s has mode %v", name, fi.Mode())
		}
	}

	const objects = 50
	for i := range objects {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c%d", i)}, Data: map[string]string{"n": fmt.Sprint(i)}}
		if _, err := k.CoreV1().ConfigMaps("default").Create(ctx, cm, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	cmd, stop := start(t, dir)
	k = client(t, dir)
	for i := range objects {
		cm, err := k.CoreV1().ConfigMaps("default").Get(ctx, fmt.Sprintf("c%d", i), metav1.GetOptions{})
		if err != nil || cm.Data["n"] != fmt.Sprint(i) {
			t.Errorf("object %d after the restart: %v, %v", i, cm.Data, err)
		}
	}
	// The controllers work: a namespace gets its service account.
	if _, err := k.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "new"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w, err := k.CoreV1().ServiceAccounts("new").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.ResultChan():
	case <-time.After(30 * time.Second):
		t.Error("no service account in a new namespace after 30 s")
	}
	w.Stop()

	began := time.Now()
	if err := stop.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("a clean stop: %v", err)
	}
	took := time.Since(began)
	t.Logf("stopped in %d ms", took.Milliseconds())
	if took > 15*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

// inNetworkNamespace runs the calling test again in a new network namespace.
func inNetworkNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), guestEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// A flag that does not exist is named together with the option it came through.
func TestCheckArgs(t *testing.T) {
	c := testConfig(t.TempDir())
	c.Control.APIServerArgs = []string{"event-ttl=2h", "no-such-flag=1"}
	c.Control.ControllerManagerArgs = []string{"--v=2", "concurrent-gc-syncs=many"}
	c.Control.SchedulerArgs = []string{"kube-api-qps=10"}
	c.Node.KubeletArgs = []string{"max-pods=50", "feature-gates=NodeSwap=true"}
	c.Node.KubeProxyArgs = []string{"proxy-modes=ipvs"}
	err := kube.CheckArgs(c)
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{"kube-apiserver-arg", "no-such-flag", "kube-controller-manager-arg", "concurrent-gc-syncs", "kube-proxy-arg", "proxy-modes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	for _, right := range []string{"event-ttl", "kube-scheduler", "max-pods", "NodeSwap"} {
		if strings.Contains(err.Error(), right) {
			t.Errorf("%q is right, but in %v", right, err)
		}
	}
	if err := kube.CheckArgs(testConfig(t.TempDir())); err != nil {
		t.Errorf("without arguments: %v", err)
	}
}
