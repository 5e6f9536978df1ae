package join

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/certificate"
	"k8s.io/client-go/util/certificate/csr"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

// ChassisSigner signs the certificates of OVN chassis with ovn-ca.
const ChassisSigner = "kove.io/ovn-chassis"

// Credentials is what a joined node has.
type Credentials struct {
	// Info is what the cluster is like.
	Info Info
	// MTU is the MTU of pods on this node, bytes: the cluster's unless --mtu was given here.
	MTU int
	// Offline tells that no server answered and all this is from an earlier start.
	Offline bool

	// KubeletKubeconfig is the node's identity (system:node:NAME) for kubelet, kube-proxy and the CNI daemon. It names
	// files in KubeletCertDir that kubelet replaces before they expire, so readers must not copy them.
	KubeletKubeconfig string
	// KubeletCertDir is kubelet's --cert-dir; kubelet runs with rotateCertificates and serverTLSBootstrap.
	KubeletCertDir string
	// ServerCA verifies the API server, ClientCA the clients of kubelet. PEM files.
	ServerCA, ClientCA string
	// Chassis and OVNCA are ovn-controller's certificate, key and CA. PEM files; Rotation replaces the first two.
	Chassis pki.Pair
	OVNCA   string
}

// files names everything that joining leaves on the node.
type files struct {
	config   *config.Config
	password string
	info     string
	certDir  string
}

func newFiles(c *config.Config) files {
	return files{config: c, password: filepath.Join(c.Paths.NodeDir, "password"), info: c.Paths.Agent("cluster.json"), certDir: c.Paths.AgentTLS("kubelet")}
}

func (f files) credentials(info Info) *Credentials {
	p := f.config.Paths
	return &Credentials{
		Info:              info,
		MTU:               info.MTU,
		KubeletKubeconfig: p.Agent("kubelet.kubeconfig"),
		KubeletCertDir:    f.certDir,
		ServerCA:          p.AgentTLS("server-ca.crt"),
		ClientCA:          p.AgentTLS("client-ca.crt"),
		OVNCA:             p.AgentTLS("ovn-ca.crt"),
		Chassis:           pki.Pair{Cert: p.AgentTLS("chassis.crt"), Key: p.AgentTLS("chassis.key")},
	}
}

// load returns what an earlier start left, nil unless it is complete and still valid.
func (f files) load(now time.Time) *Credentials {
	data, err := os.ReadFile(f.info)
	if err != nil {
		return nil
	}
	var info Info
	if json.Unmarshal(data, &info) != nil {
		return nil
	}
	c := f.credentials(info)
	if f.config.OVN.MTUSet {
		c.MTU = f.config.OVN.MTU
	}
	if _, err := os.Stat(c.KubeletKubeconfig); err != nil || !f.kubeletValid(c, now) || !f.chassisValid(c, now) {
		return nil
	}
	return c
}

// HasJoined tells whether an earlier start of this node left everything that it needs to run without a server.
func HasJoined(c *config.Config, now time.Time) bool { return newFiles(c).load(now) != nil }

// samePin makes a bare token trust, at later starts, only the CA of the first.
func (f files) samePin(ca []byte) error {
	old, err := os.ReadFile(f.config.Paths.AgentTLS("server-ca.crt"))
	if err != nil || f.config.Role == config.Server {
		return nil // a server's own CA cannot be another's, and may have been restored
	}
	if !bytes.Equal(old, ca) {
		return fmt.Errorf("%w: this node joined one with CA %s…, %s has %s…; give the K10… token of the cluster to join",
			pki.ErrOtherCluster, pki.HashCA(old)[:12], f.config.Join.Server, pki.HashCA(ca)[:12])
	}
	return nil
}

func nodeUser(node string) string { return "system:node:" + node }

func (f files) store() (certificate.FileStore, error) {
	if err := os.MkdirAll(f.certDir, 0o700); err != nil {
		return nil, fmt.Errorf("creating %s: %w", f.certDir, err)
	}
	s, err := certificate.NewFileStore("kubelet-client", f.certDir, f.certDir, "", "")
	if err != nil {
		return nil, fmt.Errorf("opening kubelet's certificates in %s: %w", f.certDir, err)
	}
	return s, nil
}

func (f files) kubeletValid(c *Credentials, now time.Time) bool {
	store, err := f.store()
	if err != nil {
		return false
	}
	current, err := store.Current()
	if err != nil || len(current.Certificate) == 0 {
		return false
	}
	cert, err := x509.ParseCertificate(current.Certificate[0])
	return err == nil && valid(cert, nodeUser(f.config.Node.Name), c.ClientCA, now)
}

func (f files) chassisValid(c *Credentials, now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(c.Chassis.Cert, c.Chassis.Key)
	if err != nil {
		return false
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	return err == nil && valid(cert, f.config.Node.Name, c.OVNCA, now)
}

// valid tells whether a certificate is this node's, from this cluster, and good for another hour.
func valid(cert *x509.Certificate, name, caFile string, now time.Time) bool {
	ca, err := os.ReadFile(caFile)
	if err != nil || cert.Subject.CommonName != name {
		return false
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now.Add(time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

// certificates gets those that are missing, foreign or expired; what is merely old is rotated while running.
func (c *client) certificates(ctx context.Context, creds *Credentials, ca []byte, bootstrap tls.Certificate) error {
	now, name := c.o.Now(), c.o.Config.Node.Name
	requests := c.o.Requests
	if requests == nil {
		api, err := bootstrapClient(c.o.Config.Join.Server, ca, bootstrap)
		if err != nil {
			return err
		}
		requests = APIRequests{Client: api}
	}
	if !c.files.kubeletValid(creds, now) {
		c.o.Logger.Info("asking for the kubelet's certificate", "node", name)
		cert, key, err := requests.Request(ctx, certificatesv1.KubeAPIServerClientKubeletSignerName,
			pkix.Name{CommonName: nodeUser(name), Organization: []string{"system:nodes"}})
		if err != nil {
			return fmt.Errorf("getting the kubelet's certificate: %w", err)
		}
		store, err := c.files.store()
		if err != nil {
			return fmt.Errorf("%w %w", err, errLocal)
		}
		if _, err := store.Update(cert, key); err != nil {
			return fmt.Errorf("keeping the kubelet's certificate: %w %w", err, errLocal)
		}
	}
	if !c.files.chassisValid(creds, now) {
		c.o.Logger.Info("asking for the chassis certificate", "node", name)
		if err := renewChassis(ctx, requests, name, creds.Chassis); err != nil {
			return err
		}
	}
	current := filepath.Join(c.files.certDir, "kubelet-client-current.pem")
	config := pki.KubeconfigFiles(c.o.Config.Join.Server, creds.ServerCA, current, current)
	if err := pki.WriteFile(creds.KubeletKubeconfig, config, 0o600); err != nil {
		return fmt.Errorf("%w %w", err, errLocal)
	}
	return nil
}

func renewChassis(ctx context.Context, requests Requests, name string, files pki.Pair) error {
	cert, key, err := requests.Request(ctx, ChassisSigner, pkix.Name{CommonName: name})
	if err != nil {
		return fmt.Errorf("getting the chassis certificate: %w", err)
	}
	// ovn-controller reads both again when they change and tries again when they do not fit yet.
	if err := pki.WriteFile(files.Key, key, 0o600); err != nil {
		return fmt.Errorf("%w %w", err, errLocal)
	}
	if err := pki.WriteFile(files.Cert, cert, 0o600); err != nil {
		return fmt.Errorf("%w %w", err, errLocal)
	}
	return nil
}

// Requests gets certificates from a signer.
type Requests interface {
	// Request returns a client certificate and its new private key, PEM.
	Request(ctx context.Context, signer string, subject pkix.Name) (cert, key []byte, err error)
}

// APIRequests uses the certificates API of a cluster.
type APIRequests struct {
	// Client may create CertificateSigningRequests.
	Client kubernetes.Interface
}

// requestLimit is how long approval and signing may take before the whole join is tried again.
const requestLimit = 2 * time.Minute

// Request implements Requests.
func (r APIRequests) Request(ctx context.Context, signer string, subject pkix.Name) (cert, keyPEM []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		return nil, nil, err
	}
	request, err := newCSR(key, x509.CertificateRequest{Subject: subject})
	if err != nil {
		return nil, nil, err
	}
	usages := []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth}
	name, uid, err := csr.RequestCertificateWithContext(ctx, r.Client, request, "", signer, nil, usages, key)
	if err != nil {
		return nil, nil, fmt.Errorf("requesting it from %s: %w", signer, err)
	}
	cert, err = csr.WaitForCertificate(ctx, r.Client, name, uid)
	if err != nil {
		return nil, nil, fmt.Errorf("waiting for %s to sign request %s: %w", signer, name, err)
	}
	return cert, keyPEM, nil
}

func bootstrapClient(server string, ca []byte, cert tls.Certificate) (kubernetes.Interface, error) {
	key, ok := cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("reading the bootstrap key: not an ECDSA key")
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the bootstrap key: %w", err)
	}
	api, err := kubernetes.NewForConfig(&rest.Config{Host: server, TLSClientConfig: rest.TLSClientConfig{
		CAData:   ca,
		CertData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		KeyData:  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}),
	}})
	if err != nil {
		return nil, fmt.Errorf("preparing the certificates API: %w", err)
	}
	return api, nil
}
