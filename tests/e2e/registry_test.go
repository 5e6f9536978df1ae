package e2e

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kove-io/kove/packaging/payload/oci"
	"github.com/kove-io/kove/tests/lab"
)

const (
	registryAddress = "203.0.113.10:5000"
	proxyAddress    = "203.0.113.10:3128"
	registryUser    = "edge"
	registrySecret  = "mirror-s3cret" //nolint:gosec // of a registry that lives for one test
)

// A pod's image comes from the mirror that registries.yaml names, over TLS with its own CA, with credentials, through the
// proxy that --https-proxy names; the cluster's own traffic does not go there. An archive is imported by hand.
func TestRegistryProxyAndImport(t *testing.T) {
	c := newLab(t, "registry", 1)
	t.Cleanup(func() { c.stop(t) })
	mirror := serveRegistry(t, c.lab.Host(lab.Internet), "library/mirrored", "1")
	proxy := serveProxy(t, c.lab.Host(lab.Internet))
	n := c.server()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(n.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(n.Path(path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("/etc/kove/mirror-ca.pem", mirror.ca)
	write("/etc/kove/registries.yaml", `mirrors:
  docker.io: {endpoint: ["https://`+registryAddress+`"]}
configs:
  `+registryAddress+`:
    auth: {username: `+registryUser+`, password: `+registrySecret+`}
    tls: {ca_file: /etc/kove/mirror-ca.pem}
`)
	c.writeConfig(t, n, c.config(n, "https-proxy: http://"+proxyAddress, "http-proxy: http://"+proxyAddress))
	c.spawnKove(t, n, "server")
	c.connect(t)
	c.waitNodesReady(t, n.Name)

	c.runImage(t, "mirrored", "docker.io/library/mirrored:1", corev1.PullAlways)
	if got := mirror.seen(); !slices.Contains(got, "manifests") || !slices.Contains(got, "blobs") {
		t.Errorf("the mirror served %v", got)
	}
	if got := proxy.seen(); !slices.Equal(got, []string{registryAddress}) {
		t.Errorf("the proxy was asked for %v, want the mirror alone", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience(2*time.Minute))
	defer cancel()
	if out, err := n.Run(ctx, "sh", "-c", "cat /proc/[0-9]*/cmdline /var/log/kove.log | tr '\\0' ' '"); err != nil || strings.Contains(out, registrySecret) {
		t.Errorf("the mirror's password is on a command line or in the log (%v)", err)
	}

	// an image by hand
	built, err := oci.Build(registryImage(t, "imported"))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(n.Path("/root/app.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(built.Write(archive, "example.org/edge/app:2"), archive.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"images", "list", "extra"}, {"images", "import"}, {"images", "import", "/root/missing.tar"}, {"images", "import", "/etc/kove/registries.yaml"}} {
		if out, err := n.Command(ctx, "kove", args...).CombinedOutput(); err == nil {
			t.Errorf("kove %v succeeded: %s", args, out)
		} else {
			t.Logf("kove %s: %s", strings.Join(args, " "), out)
		}
	}
	out, err := n.Run(ctx, "sh", "-c", "gzip -k /root/app.tar && kove images import /root/app.tar.gz")
	if err != nil || !strings.Contains(out, "example.org/edge/app:2") {
		t.Fatalf("kove images import: %v\n%s", err, out)
	}
	out, err = n.Run(ctx, "kove", "images", "list", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Digest string
		Size         int64
		Pinned       bool
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("kove images list -o json: %v\n%s", err, out)
	}
	found := map[string]bool{}
	for _, i := range list {
		if i.Size <= 0 || !strings.HasPrefix(i.Digest, "sha256:") {
			t.Errorf("image %+v", i)
		}
		found[i.Name] = i.Pinned
	}
	if pinned, ok := found["example.org/edge/app:2"]; !ok || pinned {
		t.Errorf("the imported image: there %t, pinned %t", ok, pinned)
	}
	if _, ok := found["docker.io/library/mirrored:1"]; !ok {
		t.Errorf("the pulled image is not listed:\n%s", out)
	}
	c.runImage(t, "imported", "example.org/edge/app:2", corev1.PullNever)

	// a wrong password: the pod says why
	write("/etc/kove/registries.yaml", strings.ReplaceAll(`mirrors:
  docker.io: {endpoint: ["https://`+registryAddress+`"]}
configs:
  `+registryAddress+`:
    auth: {username: edge, password: wrong}
    tls: {ca_file: /etc/kove/mirror-ca.pem}
`, "\t", ""))
	if out, err := n.Run(ctx, "kove", "stop"); err != nil {
		t.Fatalf("kove stop: %v %s", err, out)
	}
	c.spawnKove(t, n, "server")
	c.connect(t)
	c.waitNodesReady(t, n.Name)
	c.startImage(t, "refused", "docker.io/library/mirrored:1", corev1.PullAlways)
	eventually(t, 60*time.Second, "the pod to say that its image is refused", func() error {
		p, err := c.client.CoreV1().Pods("default").Get(ctx, "refused", metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, s := range p.Status.ContainerStatuses {
			if w := s.State.Waiting; w != nil && strings.Contains(w.Message, "401") {
				return nil
			}
		}
		return fmt.Errorf("%+v", p.Status.ContainerStatuses)
	})
	if phase := c.phase(t, "mirrored"); phase != corev1.PodRunning {
		t.Errorf("the pod from before the restart is %s", phase)
	}
}

func (c *cluster) startImage(t testing.TB, name, image string, policy corev1.PullPolicy) {
	t.Helper()
	none := int64(0)
	_, err := c.client.CoreV1().Pods("default").Create(context.Background(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &none,
			Containers: []corev1.Container{{Name: name, Image: image, ImagePullPolicy: policy}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) phase(t testing.TB, name string) corev1.PodPhase {
	t.Helper()
	p, err := c.client.CoreV1().Pods("default").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Status.Phase
}

// runImage runs the image and waits for its pod.
func (c *cluster) runImage(t testing.TB, name, image string, policy corev1.PullPolicy) {
	t.Helper()
	eventually(t, 30*time.Second, "the service account", func() error {
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(context.Background(), "default", metav1.GetOptions{})
		return err
	})
	c.startImage(t, name, image, policy)
	eventually(t, 90*time.Second, "pod "+name+" from "+image, func() error {
		p, err := c.client.CoreV1().Pods("default").Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if p.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("%s: %+v", p.Status.Phase, p.Status.ContainerStatuses)
		}
		return nil
	})
}

// registryImage is an image whose layers differ by their mark.
func registryImage(t testing.TB, mark string) oci.Image {
	t.Helper()
	probe, err := os.ReadFile(bin("probe"))
	if err != nil {
		t.Fatalf("%v: run make build", err)
	}
	return oci.Image{Entrypoint: []string{"/bin/probe", "serve", ":8080"}, Files: []oci.File{
		{Path: "bin/probe", Mode: 0o755, Data: probe}, {Path: "etc/mark", Data: []byte(mark)}, {Path: "tmp", Dir: true, Mode: 0o1777}}}
}

// asked remembers what a server was asked for, each thing once.
type asked struct {
	mu   sync.Mutex
	what []string
}

func (a *asked) add(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.what, s) {
		a.what = append(a.what, s)
	}
}

func (a *asked) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.what)
}

type registry struct {
	asked
	ca string
}

// serveRegistry serves one image by the read half of the OCI distribution API, to those who have the password.
func serveRegistry(t testing.TB, h *lab.Host, name, tag string) *registry {
	t.Helper()
	built, err := oci.Build(registryImage(t, "mirrored"))
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(built.Write(w, "docker.io/"+name+":"+tag)) }()
	blobs, manifest := map[string][]byte{}, ""
	for archive := tar.NewReader(r); ; {
		e, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		blobs["sha256:"+hex.EncodeToString(sum[:])] = b
		if e.Name == "index.json" {
			var index struct{ Manifests []struct{ Digest string } }
			if err := json.Unmarshal(b, &index); err != nil {
				t.Fatal(err)
			}
			manifest = index.Manifests[0].Digest
		}
	}
	reg := &registry{}
	address, _, _ := strings.Cut(registryAddress, ":")
	chain, key := selfSigned(t, address)
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	reg.ca = string(chain)
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != registryUser || p != registrySecret {
			w.Header().Set("WWW-Authenticate", `Basic realm="mirror"`)
			http.Error(w, "who is it?", http.StatusUnauthorized)
			return
		}
		kind, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"+name+"/"), "/")
		if kind == "manifests" && key == tag {
			key = manifest
		}
		b, ok := blobs[key]
		if !ok {
			http.NotFound(w, r)
			return
		}
		reg.add(kind)
		w.Header().Set("Docker-Content-Digest", key)
		w.Header().Set("Content-Type", "application/octet-stream")
		if kind == "manifests" {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(b)
		}
	})
	serve(t, h, registryAddress, mux, &cert)
	return reg
}

// serveProxy is a proxy that tunnels.
func serveProxy(t testing.TB, h *lab.Host) *asked {
	t.Helper()
	seen := &asked{}
	serve(t, h, proxyAddress, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.add(r.Host)
		if r.Method != http.MethodConnect {
			http.Error(w, "only tunnels", http.StatusMethodNotAllowed)
			return
		}
		up, err := h.Dial(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer up.Close()
		down, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer down.Close()
		_, _ = io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, down); up.Close() }()
		_, _ = io.Copy(down, up)
	}), nil)
	return seen
}

func serve(t testing.TB, h *lab.Host, address string, handler http.Handler, cert *tls.Certificate) {
	t.Helper()
	l, err := h.Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() {
		if cert == nil {
			done <- s.Serve(l)
			return
		}
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
		done <- s.ServeTLS(l, "", "")
	}()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}
