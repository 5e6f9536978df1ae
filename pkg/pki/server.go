package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kove-io/kove/pkg/config"
)

// Server is everything that a server of the cluster holds.
type Server struct {
	// The authorities.
	ServerCA, ClientCA, RequestHeaderCA, OVNCA *Authority
	// Their files, for the components that take file names.
	ServerCAFiles, ClientCAFiles, RequestHeaderCAFiles, OVNCAFiles Pair

	// ServiceAccountKey signs service-account tokens.
	ServiceAccountKey string

	// APIServer is kube-apiserver's serving certificate (server-ca).
	APIServer Pair
	// APIServerClient is how kube-apiserver asks kubelets (client-ca).
	APIServerClient Pair
	// AuthProxy is how kube-apiserver asks aggregated API servers (request-header-ca).
	AuthProxy Pair
	// OVNSB is the southbound database's serving certificate (ovn-ca).
	OVNSB Pair

	// Kubeconfigs, for the API server on this machine.
	AdminKubeconfig, ControllerManagerKubeconfig, SchedulerKubeconfig, ControllerKubeconfig string

	// Token admits servers, NodeToken admits agents. Both pin the server CA.
	Token, NodeToken Token
}

const (
	// MastersGroup is bound to cluster-admin by Kubernetes itself.
	MastersGroup = "system:masters"
	// ControllerUser is the identity of kove's own controllers.
	ControllerUser = "system:kove-controller"
)

var (
	clientUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	serverUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	// OVSDB peers are both at times (active-backup), and OpenSSL checks the purpose.
	peerUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// EnsureServer loads, creates and renews everything below <data-dir>/server and the administrator's kubeconfig.
// It needs neither the network nor a running API server.
func EnsureServer(c *config.Config, now time.Time) (*Server, error) {
	s := &Server{ServiceAccountKey: c.Paths.TLS("service.key")}
	for _, dir := range []string{c.Paths.TLS(), c.Paths.Server("cred")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("creating %s: %w", dir, err)
		}
		if err := os.Chmod(dir, 0o700); err != nil { // it may have come from a backup
			return nil, fmt.Errorf("protecting %s: %w", dir, err)
		}
	}
	// The tokens pin the server CA and are written after it.
	_, err := os.Stat(c.Paths.Server("token"))
	fresh := errors.Is(err, fs.ErrNotExist)
	for _, a := range []struct {
		name      string
		authority **Authority
		files     *Pair
	}{
		{"server-ca", &s.ServerCA, &s.ServerCAFiles},
		{"client-ca", &s.ClientCA, &s.ClientCAFiles},
		{"request-header-ca", &s.RequestHeaderCA, &s.RequestHeaderCAFiles},
		{"ovn-ca", &s.OVNCA, &s.OVNCAFiles},
	} {
		*a.files = pair(c, a.name)
		authority, err := EnsureAuthority(*a.files, "kove-"+a.name, fresh, now)
		if err != nil {
			return nil, err
		}
		*a.authority = authority
	}
	if err := ensureKey(s.ServiceAccountKey); err != nil {
		return nil, err
	}
	if err := s.ensureTokens(c); err != nil {
		return nil, err
	}
	if err := s.ensureLeaves(c, now); err != nil {
		return nil, err
	}
	return s, s.ensureKubeconfigs(c, now)
}

func pair(c *config.Config, name string) Pair {
	return Pair{Cert: c.Paths.TLS(name + ".crt"), Key: c.Paths.TLS(name + ".key")}
}

func ensureKey(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, data, err = NewKey()
		if err != nil {
			return err
		}
		return WriteFile(path, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("loading service-account key: %w", err)
	}
	if _, err := parseKey(data); err != nil {
		return fmt.Errorf("loading service-account key %s: %w; restore it from a backup", path, err)
	}
	return nil
}

// ServerSANs are the names and addresses by which clients reach this server.
func ServerSANs(c *config.Config) SANs {
	var s SANs
	s.Add("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc."+c.Cluster.Domain, "localhost", c.Node.Name)
	s.AddIP(netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback(), c.Cluster.KubernetesServiceIP(), c.API.AdvertiseAddress)
	if !c.API.BindAddress.IsUnspecified() {
		s.AddIP(c.API.BindAddress)
	}
	s.AddIP(c.Node.IPs...)
	s.AddIP(c.Node.ExternalIPs...)
	s.Add(c.API.TLSSANs...)
	return s
}

func (s *Server) ensureLeaves(c *config.Config, now time.Time) error {
	sans := ServerSANs(c)
	for _, l := range []struct {
		name   string
		pair   *Pair
		ca     *Authority
		common string
		org    []string
		sans   SANs
		usage  []x509.ExtKeyUsage
	}{
		{"serving-kube-apiserver", &s.APIServer, s.ServerCA, "kube-apiserver", nil, sans, serverUsage},
		{"client-kube-apiserver", &s.APIServerClient, s.ClientCA, "system:apiserver", []string{MastersGroup}, SANs{}, clientUsage},
		{"client-auth-proxy", &s.AuthProxy, s.RequestHeaderCA, "system:auth-proxy", nil, SANs{}, clientUsage},
		{"serving-ovn-sb", &s.OVNSB, s.OVNCA, "ovn-sb", nil, sans, peerUsage},
	} {
		*l.pair = pair(c, l.name)
		if _, err := l.ca.EnsureLeaf(*l.pair, Request{CommonName: l.common, Organizations: l.org, SANs: l.sans, Usages: l.usage}, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) ensureKubeconfigs(c *config.Config, now time.Time) error {
	for _, k := range []struct {
		name   string
		path   *string
		common string
		org    []string
	}{
		{"admin", &s.AdminKubeconfig, "system:admin", []string{MastersGroup}},
		{"controller-manager", &s.ControllerManagerKubeconfig, "system:kube-controller-manager", nil},
		{"scheduler", &s.SchedulerKubeconfig, "system:kube-scheduler", nil},
		{"kove-controller", &s.ControllerKubeconfig, ControllerUser, []string{MastersGroup}},
	} {
		leaf := pair(c, "client-"+k.name)
		if _, err := s.ClientCA.EnsureLeaf(leaf, Request{CommonName: k.common, Organizations: k.org, Usages: clientUsage}, now); err != nil {
			return err
		}
		*k.path = c.Paths.Server("cred", k.name+".kubeconfig")
		if err := s.writeKubeconfig(*k.path, c.Join.Server, leaf, 0o600); err != nil {
			return err
		}
	}
	if c.API.WriteKubeconfig == "" {
		return nil
	}
	// The administrator's copy may travel: it names the machine's address when the server listens on all of them, as
	// loopback works here alone. It stays loopback in k3s; people then edit it by hand.
	url := "https://" + net.JoinHostPort(c.API.AdvertiseAddress.String(), strconv.Itoa(c.API.HTTPSListenPort))
	if err := os.MkdirAll(filepath.Dir(c.API.WriteKubeconfig), 0o755); err != nil {
		return fmt.Errorf("creating the directory of write-kubeconfig: %w", err)
	}
	if err := s.writeKubeconfig(c.API.WriteKubeconfig, url, pair(c, "client-admin"), os.FileMode(c.API.WriteKubeconfigMode)); err != nil {
		return err
	}
	return chgrp(c.API.WriteKubeconfig, c.API.WriteKubeconfigGroup)
}

func (s *Server) writeKubeconfig(path, server string, leaf Pair, mode os.FileMode) error {
	cert, err := os.ReadFile(leaf.Cert)
	if err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	key, err := os.ReadFile(leaf.Key)
	if err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	return WriteFile(path, Kubeconfig(server, s.ServerCA.Bundle, cert, key), mode)
}

func chgrp(path, group string) error {
	if group == "" {
		return nil
	}
	id := group
	if g, err := user.LookupGroup(group); err == nil {
		id = g.Gid
	}
	gid, err := strconv.Atoi(id)
	if err != nil {
		return fmt.Errorf("write-kubeconfig-group: there is no group %q; create it (groupadd %s) or name another", group, group)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return fmt.Errorf("write-kubeconfig-group: giving %s to group %s: %w", path, group, err)
	}
	return nil
}

// ensureTokens decides the secrets: those given now, else those of the last start, else new ones.
func (s *Server) ensureTokens(c *config.Config) error {
	secret, err := s.secret(c.Join.Token, "token", c.Paths.Server("token"))
	if err != nil {
		return err
	}
	nodeSecret := secret
	if c.Join.AgentToken != "" {
		if nodeSecret, err = s.secret(c.Join.AgentToken, "agent-token", ""); err != nil {
			return err
		}
	}
	hash := HashCA(s.ServerCA.Bundle)
	s.Token = Token{CAHash: hash, User: ServerUser, Password: secret}
	s.NodeToken = Token{CAHash: hash, User: NodeUser, Password: nodeSecret}
	for _, f := range []struct {
		name  string
		token Token
	}{{"token", s.Token}, {"node-token", s.NodeToken}, {"agent-token", s.NodeToken}} {
		if err := WriteFile(c.Paths.Server(f.name), []byte(f.token.String()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) secret(given, option, file string) (string, error) {
	if given == "" && file != "" {
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("loading the token: %w", err)
		}
		given = strings.TrimSpace(string(data))
		if given == "" {
			return NewSecret()
		}
		option = file
	}
	t, err := ParseToken(given)
	if err != nil {
		return "", fmt.Errorf("%s: %w", option, err)
	}
	if err := t.CheckCA(s.ServerCA.Bundle); err != nil {
		return "", fmt.Errorf("%s: %w; give this cluster's token (server/token), or a bare secret", option, err)
	}
	if strings.Contains(t.Password, ":") {
		return "", fmt.Errorf("%s: a secret must not contain a colon", option)
	}
	return t.Password, nil
}
