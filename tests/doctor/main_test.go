package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/identity"
	"github.com/kove-io/kove/pkg/pki/join"
	"github.com/kove-io/kove/pkg/status"
	"github.com/kove-io/kove/tests/lab"
)

// helper is this test program inside of the hosts.
const helper = "/usr/local/bin/doctor-test"

func TestMain(m *testing.M) {
	lab.Main()
	if len(os.Args) > 2 && os.Args[1] == "serve-join" {
		fail(serveJoin(os.Args[2]))
	}
	if len(os.Args) > 2 && os.Args[1] == "serve-status" {
		fail(serveStatus(os.Args[2]))
	}
	if os.Geteuid() != 0 {
		fail(fmt.Errorf("the hosts are namespaces, which need root"))
	}
	os.Exit(m.Run())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "doctor:", err)
	os.Exit(1)
}

// The ports of the host to join.
const (
	joinPort   = "6443" // a server
	skewedPort = "6444" // the same, three hours ahead
	otherPort  = "6445" // TLS, but not kove
	sbPort     = "6642"
)

// serveJoin is the join endpoint of a server with that address. The name "taken" belongs to another machine.
func serveJoin(address string) error {
	c := config.Default(config.Server)
	c.Node.Name, c.Node.IPs = "s", []netip.Addr{netip.MustParseAddr(address)}
	c.API.AdvertiseAddress, c.API.WriteKubeconfig = c.Node.IPs[0], ""
	s, err := pki.EnsureServer(c, time.Now())
	if err != nil {
		return err
	}
	store := identity.NewStore(fake.NewClientset(), map[netip.Addr]string{c.Node.IPs[0]: "s"})
	if err := store.Claim(context.Background(), "taken", strings.Repeat("x", 32), []netip.Addr{netip.MustParseAddr("192.168.77.250")}); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(s.APIServer.Cert, s.APIServer.Key)
	if err != nil {
		return err
	}
	handler := func(ahead time.Duration) http.Handler {
		return join.NewHandler(join.HandlerOptions{PKI: s, Identities: store, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(ahead) },
			Info: join.Info{ClusterCIDR: c.Cluster.ClusterCIDR, ServiceCIDR: c.Cluster.ServiceCIDR, JoinCIDR: c.Cluster.JoinCIDR, SBRemote: "ssl:" + net.JoinHostPort(address, sbPort)}})
	}
	failed := make(chan error)
	for port, h := range map[string]http.Handler{joinPort: handler(0), skewedPort: handler(3 * time.Hour), otherPort: http.NotFoundHandler(), sbPort: http.NotFoundHandler()} {
		l, err := tls.Listen("tcp", ":"+port, &tls.Config{Certificates: []tls.Certificate{pair}})
		if err != nil {
			return err
		}
		go func() { failed <- (&http.Server{Handler: h}).Serve(l) }()
	}
	// The test waits for this file.
	if err := os.WriteFile("/run/token", []byte(s.NodeToken.String()), 0o600); err != nil {
		return err
	}
	return <-failed
}

// serveStatus is the status socket of a kove that says what the file holds.
func serveStatus(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s := new(status.Status)
	if err := json.Unmarshal(data, s); err != nil {
		return err
	}
	return status.Server("/run/kove/kove.sock", func(context.Context) *status.Status { return s }).Run(context.Background(), func() {})
}

// program is the kove to test.
func program(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KOVE_BIN")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin")
	}
	path, err := filepath.Abs(filepath.Join(dir, "kove"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make build", err)
	}
	return path
}

// site is a lab with a host to join.
type site struct {
	lab    *lab.Lab
	binds  map[string]string
	server string // its address
	token  string
	count  int
}

func newSite(t *testing.T) *site {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{lab: lab.Open("doctor"), binds: map[string]string{"/usr/local/bin/kove": program(t), helper: self}}
	if err := s.lab.Down(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.lab.Down(); err != nil {
			t.Error(err)
		}
	})
	if err := s.lab.Up(nil); err != nil {
		t.Fatal(err)
	}
	h := s.boot(t)
	s.server = h.Address().String()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := h.Spawn(ctx, "/var/log/join.log", helper, "serve-join", s.server); err != nil {
		t.Fatal(err)
	}
	out, err := h.Run(ctx, "sh", "-c", "for i in $(seq 300); do [ -s /run/token ] && exec cat /run/token; sleep 0.1; done; cat /var/log/join.log >&2; exit 1")
	if err != nil {
		t.Fatal(err)
	}
	s.token = strings.TrimSpace(out)
	return s
}

// boot makes a fresh host.
func (s *site) boot(t *testing.T) *lab.Host {
	t.Helper()
	s.count++
	h, err := s.lab.Boot(fmt.Sprintf("d%d", s.count), s.count, s.binds)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
