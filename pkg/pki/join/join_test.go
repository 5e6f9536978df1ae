package join

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes/fake"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/identity"
)

// cluster is a server's join endpoint behind real TLS.
type cluster struct {
	t       *testing.T
	pki     *pki.Server
	config  *config.Config
	handler *Handler
	url     string
	client  *fake.Clientset
	clock   func() time.Time
	down    atomic.Bool // answers 503 to everything
	seen    atomic.Int64
}

var quiet = slog.New(slog.DiscardHandler)

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := config.Default(config.Server)
	c.Paths.DataDir = filepath.Join(t.TempDir(), "server")
	c.API.WriteKubeconfig = ""
	c.Node.Name = "n1"
	c.Node.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	c.API.AdvertiseAddress = c.Node.IPs[0]
	s, err := pki.EnsureServer(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cl := &cluster{t: t, pki: s, config: c, client: fake.NewClientset(), clock: time.Now}
	cl.handler = NewHandler(HandlerOptions{
		PKI: s, Tokens: NewTokens(cl.client), Logger: quiet, Now: func() time.Time { return cl.clock() },
		Identities: identity.NewStore(cl.client, map[netip.Addr]string{c.Node.IPs[0]: "n1"}),
		Info:       Info{Version: "v1", ClusterCIDR: c.Cluster.ClusterCIDR, MTU: 1400, SBRemote: "ssl:192.0.2.1:6642"},
	})
	pair, err := tls.LoadX509KeyPair(s.APIServer.Cert, s.APIServer.Key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cl.seen.Add(1)
		if cl.down.Load() {
			fail(w, http.StatusServiceUnavailable, codeStarting, "the server is starting")
			return
		}
		cl.handler.ServeHTTP(w, r)
	}))
	srv.Listener.Close() // it is on 127.0.0.1 alone, and one test wants another address
	if srv.Listener, err = net.Listen("tcp", "0.0.0.0:0"); err != nil {
		t.Fatal(err)
	}
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cl.url = "https://127.0.0.1:" + port
	return cl
}

// Request implements Requests as an approved request would be answered.
func (c *cluster) Request(_ context.Context, signer string, subject pkix.Name) (cert, keyPEM []byte, err error) {
	ca := c.pki.ClientCA
	if signer == ChassisSigner {
		ca = c.pki.OVNCA
	}
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		return nil, nil, err
	}
	_, cert, err = ca.Sign(pki.Request{CommonName: subject.CommonName, Organizations: subject.Organization, Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, key.Public(), time.Now())
	return cert, keyPEM, err
}

// node is a machine that wants to join.
func (c *cluster) node(name, ip, token string) Options {
	dir := c.t.TempDir()
	n := config.Default(config.Agent)
	n.Paths.DataDir = filepath.Join(dir, "data")
	n.Paths.NodeDir = filepath.Join(dir, "etc")
	n.Node.Name = name
	n.Node.IPs = []netip.Addr{netip.MustParseAddr(ip)}
	n.OVN.MTU = 1400
	n.Join.Server, n.Join.Token = c.url, token
	return Options{Config: n, Version: "v1", Logger: quiet, Retry: time.Millisecond, Requests: c}
}

func join1(t *testing.T, o Options) (*Credentials, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return Join(ctx, o)
}

func TestJoin(t *testing.T) {
	c := newCluster(t)
	if err := NewTokens(c.client).Create(context.Background(), "abcdef.0123456789abcdef", "", time.Hour, time.Now()); err != nil {
		t.Fatal(err)
	}
	hash := c.pki.Token.CAHash
	for name, token := range map[string]string{
		"node token":           c.pki.NodeToken.String(),
		"server token":         c.pki.Token.String(),
		"bare password":        c.pki.NodeToken.Password,
		"bootstrap":            "abcdef.0123456789abcdef",
		"bootstrap with a pin": "K10" + hash + "::abcdef.0123456789abcdef",
	} {
		t.Run(name, func(t *testing.T) {
			node := strings.ReplaceAll(name, " ", "-")
			o := c.node(node, "198.51.100."+fmt.Sprint(10+len(node)), token)
			creds, err := join1(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if creds.MTU != 1400 || creds.Info.SBRemote != "ssl:192.0.2.1:6642" || creds.Info.ClusterCIDR.String() != "10.16.0.0/16" || creds.Offline {
				t.Errorf("credentials %+v", creds)
			}
			pair, err := tls.LoadX509KeyPair(creds.Chassis.Cert, creds.Chassis.Key)
			if err != nil {
				t.Fatal(err)
			}
			if cert, err := x509.ParseCertificate(pair.Certificate[0]); err != nil || cert.Subject.CommonName != node {
				t.Errorf("chassis certificate for %v, %v; want %s", cert.Subject, err, node)
			}
			current := filepath.Join(creds.KubeletCertDir, "kubelet-client-current.pem")
			if pair, err = tls.LoadX509KeyPair(current, current); err != nil {
				t.Fatal(err)
			}
			if cert, err := x509.ParseCertificate(pair.Certificate[0]); err != nil || cert.Subject.CommonName != "system:node:"+node || cert.Subject.Organization[0] != "system:nodes" {
				t.Errorf("kubelet certificate for %v, %v", cert.Subject, err)
			}
			for _, path := range []string{creds.KubeletKubeconfig, creds.ServerCA, creds.ClientCA, creds.OVNCA, creds.Chassis.Key, filepath.Join(o.Config.Paths.NodeDir, "password")} {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", path, info, err)
				}
			}
		})
	}
}

func TestJoinRefused(t *testing.T) {
	c, other := newCluster(t), newCluster(t)
	expired := "aaaaaa.0123456789abcdef"
	if err := NewTokens(c.client).Create(context.Background(), expired, "", time.Minute, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	good := c.pki.NodeToken.String()
	if _, err := join1(t, c.node("taken", "198.51.100.1", good)); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for name, tc := range map[string]struct {
		change func(*Options)
		want   error
		says   []string
	}{
		"wrong secret":            {func(o *Options) { o.Config.Join.Token = "K10" + c.pki.Token.CAHash + "::node:wrong" }, ErrWrongToken, []string{"node-token"}},
		"wrong bare password":     {func(o *Options) { o.Config.Join.Token = "wrong" }, ErrWrongToken, nil},
		"node secret as server's": {func(o *Options) { o.Config.Join.Token = "K10" + c.pki.Token.CAHash + "::server:wrong" }, ErrWrongToken, nil},
		"expired":                 {func(o *Options) { o.Config.Join.Token = expired }, ErrWrongToken, []string{"expired"}},
		"unknown bootstrap token": {func(o *Options) { o.Config.Join.Token = "bbbbbb.0123456789abcdef" }, ErrWrongToken, nil},
		"of another cluster":      {func(o *Options) { o.Config.Join.Token = other.pki.NodeToken.String() }, pki.ErrOtherCluster, []string{"CA", "node-token"}},
		"name taken":              {func(o *Options) { o.Config.Node.Name = "taken" }, ErrRefused, []string{"taken", "kubectl delete node taken"}},
		"address taken":           {func(o *Options) { o.Config.Node.IPs[0] = netip.MustParseAddr("198.51.100.1") }, ErrRefused, []string{"198.51.100.1", "taken"}},
		"address of the server":   {func(o *Options) { o.Config.Node.IPs[0] = netip.MustParseAddr("192.0.2.1") }, ErrRefused, []string{"192.0.2.1"}},
		"loopback address":        {func(o *Options) { o.Config.Node.ExternalIPs = []netip.Addr{netip.MustParseAddr("127.0.0.1")} }, ErrRefused, []string{"127.0.0.1"}},
		"bad name":                {func(o *Options) { o.Config.Node.Name = "../x" }, ErrRefused, []string{"../x"}},
		"small MTU":               {func(o *Options) { o.Config.OVN.MTU = 1300 }, ErrMTU, []string{"1500", "--mtu 1300"}},
		"clock behind":            {func(o *Options) { o.Now = func() time.Time { return time.Now().Add(-3 * time.Minute) } }, ErrSkew, []string{"3m0s behind"}},
		"clock ahead":             {func(o *Options) { o.Now = func() time.Time { return time.Now().Add(3 * time.Hour) } }, ErrSkew, []string{"ahead"}},
		"name of another server": {func(o *Options) {
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			o.Config.Join.Server = "https://127.0.0.2:" + u.Port()
		}, ErrRefused, []string{"--tls-san 127.0.0.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.handler.limiter = limiter{} // each case is a first attempt
			cases++
			o := c.node(fmt.Sprintf("fresh%d", cases), fmt.Sprintf("198.51.100.%d", 100+cases), good)
			tc.change(&o)
			creds, err := join1(t, o)
			if !errors.Is(err, tc.want) {
				t.Fatalf("Join = %v, %v; want %v", creds, err, tc.want)
			}
			for _, s := range tc.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			if strings.Contains(err.Error(), c.pki.NodeToken.Password) {
				t.Error("the error shows the secret")
			}
			if _, err := os.Stat(o.Config.Paths.Agent("cluster.json")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a refused join left cluster.json: %v", err)
			}
		})
	}
}

// Nothing may be sent to a server whose CA is not the pinned one.
func TestSecretsStayWithTheWrongServer(t *testing.T) {
	c, other := newCluster(t), newCluster(t)
	var posts atomic.Int64
	o := c.node("n2", "198.51.100.2", other.pki.NodeToken.String())
	before := c.seen.Load()
	if _, err := join1(t, o); !errors.Is(err, pki.ErrOtherCluster) {
		t.Fatal(err)
	}
	posts.Store(c.seen.Load() - before)
	if posts.Load() != 1 { // the one GET of the CA
		t.Errorf("%d requests reached the wrong server", posts.Load())
	}
}

func TestBareTokenPinsTheFirstCA(t *testing.T) {
	c, other := newCluster(t), newCluster(t)
	o := c.node("n2", "198.51.100.2", c.pki.NodeToken.Password)
	if _, err := join1(t, o); err != nil {
		t.Fatal(err)
	}
	o.Config.Join.Server = other.url
	if _, err := join1(t, o); !errors.Is(err, pki.ErrOtherCluster) {
		t.Fatalf("joining another cluster with a bare token: %v", err)
	}
}

func TestSecondStartKeepsCertificates(t *testing.T) {
	c := newCluster(t)
	o := c.node("n2", "198.51.100.2", c.pki.NodeToken.String())
	first, err := join1(t, o)
	if err != nil {
		t.Fatal(err)
	}
	chassis, err := os.ReadFile(first.Chassis.Cert)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := join1(t, o); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(first.Chassis.Cert)
	if err != nil || string(again) != string(chassis) {
		t.Errorf("the chassis certificate was replaced (%v)", err)
	}
	entries, err := os.ReadDir(first.KubeletCertDir)
	if err != nil || len(entries) != 2 { // one certificate and the link to it
		t.Errorf("kubelet certificates: %v, %v", entries, err)
	}
	// Another name is another identity.
	o.Config.Node.Name = "n3"
	o.Config.Node.IPs[0] = netip.MustParseAddr("198.51.100.3")
	if _, err := join1(t, o); err != nil {
		t.Fatal(err)
	}
	if again, err = os.ReadFile(first.Chassis.Cert); err != nil || string(again) == string(chassis) {
		t.Errorf("the chassis certificate still has the old name (%v)", err)
	}
}

func TestJoinWithoutServer(t *testing.T) {
	c := newCluster(t)
	o := c.node("n2", "198.51.100.2", c.pki.NodeToken.String())

	c.down.Store(true)
	ctx, giveUp := context.WithTimeout(context.Background(), time.Minute)
	defer giveUp()
	done := make(chan error, 1)
	go func() {
		_, err := Join(ctx, o)
		done <- err
	}()
	for c.seen.Load() < 2 { // it has the answer to the first request
		if ctx.Err() != nil {
			t.Fatal("it does not try again")
		}
		time.Sleep(time.Millisecond)
	}
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "starting") {
		t.Fatalf("a first join without a server: %v", err)
	}

	c.down.Store(false)
	if _, err := join1(t, o); err != nil {
		t.Fatal(err)
	}
	if !HasJoined(o.Config, time.Now()) {
		t.Error("HasJoined = false after a join")
	}
	c.down.Store(true)
	creds, err := join1(t, o)
	if err != nil || !creds.Offline || creds.MTU != 1400 {
		t.Fatalf("a later start without a server: %+v, %v", creds, err)
	}
	// Expired certificates are no basis for that.
	if HasJoined(o.Config, time.Now().Add(400*24*time.Hour)) {
		t.Error("HasJoined = true with expired certificates")
	}
}

// The endpoint answers 503 while the API server behind it is starting, and the client goes on trying.
func TestJoinWaitsForTheServer(t *testing.T) {
	c := newCluster(t)
	c.down.Store(true)
	o := c.node("n2", "198.51.100.2", c.pki.NodeToken.String())
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		_, err := Join(ctx, o)
		done <- err
	}()
	for c.seen.Load() < 3 {
		if ctx.Err() != nil {
			t.Fatal("it does not try again")
		}
		time.Sleep(time.Millisecond)
	}
	c.down.Store(false)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestWrongTokensAreSlowedDown(t *testing.T) {
	c := newCluster(t)
	now := time.Now()
	c.clock = func() time.Time { return now }
	post := func(token string) int {
		r := httptest.NewRequest(http.MethodPost, joinPath, strings.NewReader("{}"))
		r.SetBasicAuth("node", token)
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		return w.Code
	}
	for i := range failuresAtOnce {
		if code := post("wrong"); code != http.StatusUnauthorized {
			t.Fatalf("attempt %d: %d", i, code)
		}
	}
	if code := post("wrong"); code != http.StatusTooManyRequests {
		t.Errorf("attempt %d: %d", failuresAtOnce, code)
	}
	if code := post(c.pki.NodeToken.Password); code != http.StatusTooManyRequests {
		t.Errorf("the right token while slowed down: %d", code)
	}
	now = now.Add(failureInterval)
	if code := post(c.pki.NodeToken.Password); code != http.StatusBadRequest { // admitted; {} is no request
		t.Errorf("the right token later: %d", code)
	}
}

func TestCheckToken(t *testing.T) {
	c := newCluster(t)
	ctx := context.Background()
	ca := c.pki.ServerCA.Bundle
	if p, err := pki.CheckToken(ctx, c.url, ca, c.pki.NodeToken); err != nil || p.ClusterCIDR != c.config.Cluster.ClusterCIDR || p.SBPort != 6642 {
		t.Errorf("the right token: %+v %v", p, err)
	}
	if _, err := pki.CheckToken(ctx, c.url, ca, pki.Token{User: "node", Password: "wrong"}); !errors.Is(err, pki.ErrWrongToken) {
		t.Errorf("a wrong token: %v", err)
	}
	if _, err := pki.CheckToken(ctx, c.url, newCluster(t).pki.ServerCA.Bundle, c.pki.NodeToken); err == nil || errors.Is(err, pki.ErrWrongToken) {
		t.Errorf("a server of another CA: %v", err)
	}
	c.down.Store(true)
	if _, err := pki.CheckToken(ctx, c.url, ca, c.pki.NodeToken); err == nil || errors.Is(err, pki.ErrWrongToken) {
		t.Errorf("a starting server: %v", err)
	}
}

func TestCheckName(t *testing.T) {
	c := newCluster(t)
	ctx := context.Background()
	ca := c.pki.ServerCA.Bundle
	mine, other := []netip.Addr{netip.MustParseAddr("192.0.2.20")}, []netip.Addr{netip.MustParseAddr("192.0.2.21")}
	password := strings.Repeat("p", 32)
	ask := func(token pki.Token, claim pki.Claim) error { return pki.CheckName(ctx, c.url, ca, token, claim) }
	for range 2 { // asking claims nothing
		if err := ask(c.pki.NodeToken, pki.Claim{Node: "n2", Addresses: mine}); err != nil {
			t.Fatalf("a free name: %v", err)
		}
	}
	if err := identity.NewStore(c.client, nil).Claim(ctx, "n2", password, mine); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		claim pki.Claim
		taken bool
	}{
		{"its own", pki.Claim{Node: "n2", Addresses: mine, Password: password}, false},
		{"its own with another address", pki.Claim{Node: "n2", Addresses: other, Password: password}, false},
		{"of a machine that never joined", pki.Claim{Node: "n2", Addresses: mine}, true},
		{"with another password", pki.Claim{Node: "n2", Addresses: mine, Password: strings.Repeat("q", 32)}, true},
		{"another name with that address", pki.Claim{Node: "n3", Addresses: mine}, true},
		{"another name and address", pki.Claim{Node: "n3", Addresses: other}, false},
	} {
		if err := ask(c.pki.NodeToken, tc.claim); errors.Is(err, pki.ErrClaimed) != tc.taken || !tc.taken && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if err := ask(pki.Token{User: "node", Password: "wrong"}, pki.Claim{Node: "n2", Addresses: mine}); err == nil || errors.Is(err, pki.ErrClaimed) {
		t.Errorf("a wrong token learns names: %v", err)
	}
}

func TestLimiterStaysSmall(t *testing.T) {
	var l limiter
	now := time.Now()
	for i := range 3 * mostSenders {
		l.failed(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), now)
	}
	if len(l.senders) > mostSenders {
		t.Errorf("%d senders remembered", len(l.senders))
	}
}

func TestHandlerPaths(t *testing.T) {
	c := newCluster(t)
	for path, want := range map[string]int{pki.CACertsPath: 200, Prefix: 404, Prefix + "join": 404, Prefix + "secrets": 404} {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, joinPath, nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("POST without a token: %d", w.Code)
	}
}

func TestRotation(t *testing.T) {
	c := newCluster(t)
	o := c.node("n2", "198.51.100.2", c.pki.NodeToken.String())
	creds, err := join1(t, o)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(creds.Chassis.Cert)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	renewed := make(chan struct{})
	r := &Rotation{Credentials: creds, Node: "n2", Logger: quiet, Now: func() time.Time { return time.Now().Add(300 * 24 * time.Hour) },
		Requests: requestFunc(func(ctx context.Context, signer string, subject pkix.Name) ([]byte, []byte, error) {
			defer close(renewed)
			if signer != ChassisSigner || subject.CommonName != "n2" {
				t.Errorf("asked %s for %s", signer, subject)
			}
			return c.Request(ctx, signer, subject)
		}), Retry: time.Hour}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, func() {}) }()
	select {
	case <-renewed:
	case <-ctx.Done():
		t.Fatal("it was not renewed")
	}
	for {
		if after, err := os.ReadFile(creds.Chassis.Cert); err == nil && string(after) != string(before) {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the file was not replaced")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v", err)
	}
}

type requestFunc func(context.Context, string, pkix.Name) ([]byte, []byte, error)

func (f requestFunc) Request(ctx context.Context, signer string, subject pkix.Name) ([]byte, []byte, error) {
	return f(ctx, signer, subject)
}

func TestTokens(t *testing.T) {
	ctx, now := context.Background(), time.Now()
	tokens := NewTokens(fake.NewClientset())
	if err := tokens.Create(ctx, "abcdef.0123456789abcdef", "site 7", time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Create(ctx, "abcdef.0123456789abcdef", "", 0, now); err == nil || !strings.Contains(err.Error(), "token delete abcdef") {
		t.Errorf("creating it twice: %v", err)
	}
	if err := tokens.Create(ctx, "secret", "", 0, now); err == nil {
		t.Error("a token of another form was stored")
	}
	list, err := tokens.List(ctx)
	if err != nil || len(list) != 1 || list[0].ID != "abcdef" || list[0].Description != "site 7" || list[0].Expires.Sub(now) > time.Hour {
		t.Errorf("List = %+v, %v", list, err)
	}
	for _, tc := range []struct {
		id, secret string
		at         time.Time
		want       bool
	}{
		{"abcdef", "0123456789abcdef", now, true},
		{"abcdef", "0123456789abcdeg", now, false},
		{"abcdeg", "0123456789abcdef", now, false},
		{"abcdef", "0123456789abcdef", now.Add(2 * time.Hour), false},
	} {
		if got, err := tokens.Valid(ctx, tc.id, tc.secret, tc.at); err != nil || got != tc.want {
			t.Errorf("Valid(%s.%s, +%s) = %v, %v", tc.id, tc.secret, tc.at.Sub(now), got, err)
		}
	}
	if err := tokens.Delete(ctx, "abcdef.0123456789abcdef"); err != nil {
		t.Error(err)
	}
	if err := tokens.Delete(ctx, "abcdef"); err == nil {
		t.Error("deleting what is gone succeeded")
	}
}
