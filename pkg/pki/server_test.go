package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/config"
)

func serverConfig(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	c := config.Default(config.Server)
	c.Paths.DataDir = filepath.Join(dir, "data")
	c.API.WriteKubeconfig = filepath.Join(dir, "etc/kove.yaml")
	c.Node.Name = "n1"
	c.Node.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.10")}
	c.API.AdvertiseAddress = c.Node.IPs[0]
	c.Join.Server = "https://127.0.0.1:6443"
	return c
}

func ensure(t *testing.T, c *config.Config, now time.Time) *Server {
	t.Helper()
	s, err := EnsureServer(c, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestServerFiles(t *testing.T) {
	c := serverConfig(t)
	s := ensure(t, c, time.Now())
	files := 0
	err := filepath.WalkDir(c.Paths.DataDir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, want 0700", path, info.Mode().Perm())
		}
		if !d.IsDir() {
			files++
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, want 0600", path, info.Mode().Perm())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 25 {
		t.Errorf("only %d files", files)
	}
	if info, err := os.Stat(c.API.WriteKubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin kubeconfig: %v %v", info, err)
	}
	if got := read(t, c.API.WriteKubeconfig); !strings.Contains(got, `server: "https://192.0.2.10:6443"`) {
		t.Errorf("admin kubeconfig names another server:\n%s", got)
	}
	if got := strings.TrimSpace(read(t, c.Paths.Server("node-token"))); got != s.NodeToken.String() || !strings.Contains(got, "::node:") {
		t.Errorf("node-token = %q", got)
	}
	if got := strings.TrimSpace(read(t, c.Paths.Server("token"))); got != s.Token.String() || !strings.Contains(got, "::server:") {
		t.Errorf("token = %q", got)
	}
}

func TestCertificatesVerify(t *testing.T) {
	c := serverConfig(t)
	c.API.TLSSANs = []string{"edge.example.com", "203.0.113.9"}
	s := ensure(t, c, time.Now())
	for _, name := range []string{"localhost", "kubernetes.default.svc.cluster.local", "127.0.0.1", "10.43.0.1", "192.0.2.10", "n1", "edge.example.com", "203.0.113.9"} {
		verify(t, s.APIServer, s.ServerCA, x509.VerifyOptions{DNSName: name, KeyUsages: serverUsage})
	}
	verify(t, s.APIServerClient, s.ClientCA, x509.VerifyOptions{KeyUsages: clientUsage})
	verify(t, s.AuthProxy, s.RequestHeaderCA, x509.VerifyOptions{KeyUsages: clientUsage})
	verify(t, s.OVNSB, s.OVNCA, x509.VerifyOptions{KeyUsages: serverUsage})
	// No authority vouches for another's leaves.
	cert, err := ParseCert([]byte(read(t, s.APIServer.Cert)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: s.ClientCA.Pool()}); err == nil {
		t.Error("the client CA vouches for the API server")
	}
}

func verify(t *testing.T, p Pair, ca *Authority, o x509.VerifyOptions) {
	t.Helper()
	if _, err := tls.LoadX509KeyPair(p.Cert, p.Key); err != nil {
		t.Fatal(err)
	}
	cert, err := ParseCert([]byte(read(t, p.Cert)))
	if err != nil {
		t.Fatal(err)
	}
	o.Roots = ca.Pool()
	if _, err := cert.Verify(o); err != nil {
		t.Errorf("%s as %q: %v", p.Cert, o.DNSName, err)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	c := serverConfig(t)
	now := time.Now()
	ensure(t, c, now)
	before := snapshot(t, c.Paths.DataDir)
	ensure(t, c, now.Add(30*24*time.Hour))
	after := snapshot(t, c.Paths.DataDir)
	for path, data := range before {
		if after[path] != data {
			t.Errorf("%s changed at a restart", path)
		}
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path] = read(t, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLeavesAreRenewed(t *testing.T) {
	now := time.Now()
	for name, change := range map[string]func(*config.Config, *Server) time.Time{
		"near its end": func(*config.Config, *Server) time.Time { return now.Add(300 * 24 * time.Hour) },
		"expired":      func(*config.Config, *Server) time.Time { return now.Add(500 * 24 * time.Hour) },
		"further name": func(c *config.Config, _ *Server) time.Time { c.API.TLSSANs = []string{"new.example.com"}; return now },
		"other address": func(c *config.Config, _ *Server) time.Time {
			c.Node.IPs[0] = netip.MustParseAddr("192.0.2.11")
			return now
		},
		"damaged key":         func(_ *config.Config, s *Server) time.Time { truncate(t, s.APIServer.Key); return now },
		"damaged certificate": func(_ *config.Config, s *Server) time.Time { truncate(t, s.APIServer.Cert); return now },
	} {
		t.Run(name, func(t *testing.T) {
			c := serverConfig(t)
			s := ensure(t, c, now)
			before, ca := read(t, s.APIServer.Cert), read(t, s.ServerCAFiles.Cert)
			at := change(c, s)
			s = ensure(t, c, at)
			if read(t, s.APIServer.Cert) == before {
				t.Error("the certificate was not renewed")
			}
			if read(t, s.ServerCAFiles.Cert) != ca {
				t.Error("the authority was replaced")
			}
			verify(t, s.APIServer, s.ServerCA, x509.VerifyOptions{DNSName: "localhost", CurrentTime: at})
		})
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, 40); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedAuthorityIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		damage func(*testing.T, *config.Config)
		want   string
	}{
		"key lost":         {func(t *testing.T, c *config.Config) { remove(t, c.Paths.TLS("server-ca.key")) }, "server-ca.key"},
		"certificate lost": {func(t *testing.T, c *config.Config) { remove(t, c.Paths.TLS("ovn-ca.crt")) }, "ovn-ca.crt"},
		"cut off":          {func(t *testing.T, c *config.Config) { truncate(t, c.Paths.TLS("client-ca.crt")) }, "client-ca.crt"},
		"key of another":   {func(t *testing.T, c *config.Config) { replace(t, c, "client-ca.key", "server-ca.key") }, "do not belong together"},
		"service key":      {func(t *testing.T, c *config.Config) { truncate(t, c.Paths.TLS("service.key")) }, "service.key"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serverConfig(t)
			ensure(t, c, time.Now())
			tc.damage(t, c)
			before := snapshot(t, c.Paths.DataDir)
			_, err := EnsureServer(c, time.Now())
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "restore") {
				t.Fatalf("err = %v, want %q and a remedy", err, tc.want)
			}
			if after := snapshot(t, c.Paths.DataDir); len(after) != len(before) {
				t.Error("files were created after the damage was found")
			}
		})
	}
}

func TestPowerCutWhileCreating(t *testing.T) {
	c := serverConfig(t)
	ensure(t, c, time.Now())
	remove(t, c.Paths.TLS("ovn-ca.crt"))
	remove(t, c.Paths.Server("token")) // the tokens come last, so this start never finished
	ensure(t, c, time.Now())
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, c *config.Config, name, by string) {
	t.Helper()
	if err := os.WriteFile(c.Paths.TLS(name), []byte(read(t, c.Paths.TLS(by))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTokensOfServer(t *testing.T) {
	other := ensure(t, serverConfig(t), time.Now())
	for name, tc := range map[string]struct {
		token, agent string
		want         string // error, "" for none
		node         string // node password, "" for any
	}{
		"generated":            {},
		"bare":                 {token: "sesame", node: "sesame"},
		"own agent token":      {token: "sesame", agent: "open", node: "open"},
		"of another cluster":   {token: other.Token.String(), want: "another cluster"},
		"damaged":              {token: "K10abc::server:x", want: "damaged"},
		"agent of another":     {agent: other.NodeToken.String(), want: "agent-token"},
		"secret with a colon":  {token: "a:b", want: "colon"},
		"K10 without a secret": {token: "K10" + other.Token.CAHash + "::server:", want: "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serverConfig(t)
			c.Join.Token, c.Join.AgentToken = tc.token, tc.agent
			s, err := EnsureServer(c, time.Now())
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("err = %v, want %q", err, tc.want)
				}
				if tc.token != "" && strings.Contains(err.Error(), other.Token.Password) {
					t.Fatal("the error shows the secret")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tc.node != "" && s.NodeToken.Password != tc.node {
				t.Errorf("node token %q", s.NodeToken.Password)
			}
			again := ensure(t, c, time.Now())
			if again.Token != s.Token || again.NodeToken != s.NodeToken {
				t.Error("tokens changed at a restart")
			}
		})
	}
}

func TestParseToken(t *testing.T) {
	hash := strings.Repeat("0f", 32)
	for in, want := range map[string]Token{
		"K10" + hash + "::server:abc":                {CAHash: hash, User: "server", Password: "abc"},
		"K10" + strings.ToUpper(hash) + "::node:a:b": {CAHash: hash, User: "node", Password: "a:b"},
		"K10" + hash + "::abcdef.0123456789abcdef":   {CAHash: hash, Password: "abcdef.0123456789abcdef"},
		"abcdef.0123456789abcdef":                    {Password: "abcdef.0123456789abcdef"},
		" secret\n":                                  {Password: "secret"},
	} {
		got, err := ParseToken(in)
		if err != nil || got != want {
			t.Errorf("ParseToken(%q) = %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "  ", "K10", "K10zz::node:a", "K10" + hash, "K10" + hash + "::", "K10" + hash + "::root:a", "K10" + hash[2:] + "::node:a", hash + "::node:a"} {
		if got, err := ParseToken(in); err == nil {
			t.Errorf("ParseToken(%q) = %+v, want an error", in, got)
		}
	}
	tok, err := NewBootstrapToken()
	if err != nil {
		t.Fatal(err)
	}
	if id, secret, ok := (Token{Password: tok}).Bootstrap(); !ok || len(id) != 6 || len(secret) != 16 {
		t.Errorf("bootstrap token %q", tok)
	}
}

func TestWriteFileKeepsTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A directory in the place of the file makes the rename fail after the data was written.
	blocked := filepath.Join(dir, "d")
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(blocked, []byte("new"), 0o600); err == nil {
		t.Fatal("writing over a directory succeeded")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("left-over files: %v", entries)
	}
	if read(t, path) != "old" {
		t.Error("the old file changed")
	}
}
