package csr

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/identity"
	"github.com/kove-io/kove/pkg/pki/join"
)

func request(t *testing.T, template x509.CertificateRequest) []byte {
	t.Helper()
	key, _, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func nodeSubject(name string) pkix.Name {
	return pkix.Name{CommonName: "system:node:" + name, Organization: []string{"system:nodes"}}
}

var (
	clientUsages  = []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageKeyEncipherment, certificatesv1.UsageClientAuth}
	servingUsages = []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageServerAuth}
	nodeGroups    = []string{"system:nodes", "system:authenticated"}
	bootGroups    = []string{join.BootstrapGroup, "system:authenticated"}
)

func TestJudge(t *testing.T) {
	const kubelet, serving, chassis = certificatesv1.KubeAPIServerClientKubeletSignerName, certificatesv1.KubeletServingSignerName, join.ChassisSigner
	record := &identity.Record{Node: "n1", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}
	ip := func(texts ...string) (out []net.IP) {
		for _, s := range texts {
			out = append(out, net.ParseIP(s))
		}
		return out
	}
	boot, node := join.BootstrapUser("n1"), "system:node:n1"
	uri, err := url.Parse("spiffe://x")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		signer   string
		user     string
		groups   []string
		template x509.CertificateRequest
		usages   []certificatesv1.KeyUsage
		record   *identity.Record
		denied   string // part of the reason, "" for approved
	}{
		{"first kubelet certificate", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, record, ""},
		{"renewed kubelet certificate", kubelet, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, record, ""},
		{"serving", serving, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), DNSNames: []string{"n1"}, IPAddresses: ip("192.0.2.1", "2001:db8::1")}, servingUsages, record, ""},
		{"chassis", chassis, boot, bootGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "n1"}}, clientUsages, record, ""},
		{"renewed chassis", chassis, node, nodeGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "n1"}}, clientUsages, record, ""},

		{"kubelet of another node", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n2")}, clientUsages, record, "system:node:n2"},
		{"renewal as another node", kubelet, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n2")}, clientUsages, record, "system:node:n2"},
		{"administrator", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:masters"}}}, clientUsages, record, "system:masters"},
		{"two organizations", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "system:node:n1", Organization: []string{"system:nodes", "system:masters"}}}, clientUsages, record, "system:masters"},
		{"client with a name", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), DNSNames: []string{"n1"}}, clientUsages, record, "no host names"},
		{"client with an address", chassis, boot, bootGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "n1"}, IPAddresses: ip("192.0.2.1")}, clientUsages, record, "no host names"},
		{"client that serves", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, servingUsages, record, "server auth"},
		{"client that signs", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, append([]certificatesv1.KeyUsage{certificatesv1.UsageCertSign}, clientUsages...), record, "cert sign"},
		{"client without purpose", kubelet, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages[:1], record, "client auth"},
		{"serving for another address", serving, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), IPAddresses: ip("192.0.2.1", "192.0.2.2")}, servingUsages, record, "192.0.2.2"},
		{"serving for the API server", serving, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), DNSNames: []string{"kubernetes.default"}}, servingUsages, record, "kubernetes.default"},
		{"serving for a URI", serving, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), DNSNames: []string{"n1"}, URIs: []*url.URL{uri}}, servingUsages, record, "addresses only"},
		{"serving for nothing", serving, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, servingUsages, record, "needs a name"},
		{"serving with the bootstrap identity", serving, boot, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1"), DNSNames: []string{"n1"}}, servingUsages, record, "own identity"},
		{"chassis of another node", chassis, node, nodeGroups, x509.CertificateRequest{Subject: pkix.Name{CommonName: "n2"}}, clientUsages, record, `"n2"`},
		{"user without the group", kubelet, boot, []string{"system:authenticated"}, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, record, "speaks for no node"},
		{"node name without the group", kubelet, node, bootGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, record, "speaks for no node"},
		{"someone", kubelet, "alice", nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, record, "speaks for no node"},
		{"empty name", kubelet, join.BootstrapUser(""), bootGroups, x509.CertificateRequest{Subject: nodeSubject("")}, clientUsages, record, "speaks for no node"},
		{"deleted node", kubelet, node, nodeGroups, x509.CertificateRequest{Subject: nodeSubject("n1")}, clientUsages, nil, "has not joined"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := certificatesv1.CertificateSigningRequestSpec{SignerName: tc.signer, Username: tc.user, Groups: tc.groups, Usages: tc.usages, Request: request(t, tc.template)}
			v := Judge(&spec, tc.record)
			if !v.Ours {
				t.Fatal("left to others")
			}
			if (tc.denied == "") != (v.Denied == "") || !strings.Contains(v.Denied, tc.denied) {
				t.Errorf("denied %q, want %q", v.Denied, tc.denied)
			}
		})
	}
	if v := Judge(&certificatesv1.CertificateSigningRequestSpec{SignerName: certificatesv1.KubeAPIServerClientSignerName, Username: node, Groups: nodeGroups}, record); v.Ours {
		t.Error("a request of another signer was judged")
	}
	for name, data := range map[string][]byte{
		"no PEM":  []byte("x"),
		"garbage": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("x")}),
		"two":     append(request(t, x509.CertificateRequest{Subject: nodeSubject("n1")}), request(t, x509.CertificateRequest{Subject: nodeSubject("n1")})...),
	} {
		spec := certificatesv1.CertificateSigningRequestSpec{SignerName: kubelet, Username: node, Groups: nodeGroups, Usages: clientUsages, Request: data}
		if v := Judge(&spec, record); v.Denied == "" {
			t.Errorf("%s: approved", name)
		}
	}
}

// world is a controller on a fake API server that, like the real one, fills in who asks.
type world struct {
	client   *fake.Clientset
	store    *identity.Store
	ca       *pki.Authority
	username string
	groups   []string
}

func newWorld(t *testing.T, objects ...runtime.Object) *world {
	t.Helper()
	dir := t.TempDir()
	ca, err := pki.EnsureAuthority(pki.Pair{Cert: filepath.Join(dir, "ca.crt"), Key: filepath.Join(dir, "ca.key")}, "ovn-ca", true, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset(objects...)
	w := &world{client: client, store: identity.NewStore(client, nil), ca: ca, username: join.BootstrapUser("n1"), groups: bootGroups}
	client.PrependReactor("create", "certificatesigningrequests", func(a clienttesting.Action) (bool, runtime.Object, error) {
		r := a.(clienttesting.CreateAction).GetObject().(*certificatesv1.CertificateSigningRequest)
		r.Spec.Username, r.Spec.Groups = w.username, w.groups
		if r.Name == "" {
			r.Name = r.GenerateName + "1"
		}
		return false, nil, nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- New(client, w.store, ca, slog.New(slog.DiscardHandler)).Run(ctx, func() { close(ready) })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("not ready")
	}
	return w
}

const password = "0123456789abcdef0123456789abcdef"

func TestControllerSignsChassis(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.store.Claim(ctx, "n1", password, []netip.Addr{netip.MustParseAddr("192.0.2.1")}); err != nil {
		t.Fatal(err)
	}
	certPEM, keyPEM, err := (join.APIRequests{Client: w.client}).Request(ctx, join.ChassisSigner, pkix.Name{CommonName: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pki.ParseCert(certPEM)
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.ParseKey(keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: w.ca.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	if cert.Subject.CommonName != "n1" || !key.Public().(*ecdsa.PublicKey).Equal(cert.PublicKey) {
		t.Errorf("certificate for %s", cert.Subject)
	}
}

func TestControllerDenies(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.store.Claim(ctx, "n1", password, []netip.Addr{netip.MustParseAddr("192.0.2.1")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (join.APIRequests{Client: w.client}).Request(ctx, join.ChassisSigner, pkix.Name{CommonName: "n2"}); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Fatalf("a certificate for another chassis: %v", err)
	}
}

func TestDeletedNodeReleasesItsName(t *testing.T) {
	w := newWorld(t, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	addr := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	if err := w.store.Claim(ctx, "n1", password, addr); err != nil {
		t.Fatal(err)
	}
	other := strings.ToUpper(password)
	if err := w.store.Claim(ctx, "n1", other, addr); !errors.Is(err, identity.ErrNameTaken) {
		t.Fatalf("taking over a name: %v", err)
	}
	if err := w.client.CoreV1().Nodes().Delete(ctx, "n1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := w.client.CoreV1().Secrets(identity.Namespace).Get(ctx, identity.SecretName("n1"), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the name was not released")
		}
		time.Sleep(time.Millisecond)
	}
	if err := w.store.Claim(ctx, "n1", other, addr); err != nil {
		t.Errorf("taking a released name: %v", err)
	}
}

func TestOrphansAreReleasedAtStart(t *testing.T) {
	old := func(node string, age time.Duration) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: identity.SecretName(node), Namespace: identity.Namespace,
			Labels: map[string]string{identity.Label: "true"}, CreationTimestamp: metav1.NewTime(time.Now().Add(-age))}, Type: identity.SecretType}
	}
	w := newWorld(t, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "here"}}, old("here", 48*time.Hour), old("gone", 48*time.Hour), old("joining", time.Minute))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		list, err := w.client.CoreV1().Secrets(identity.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range list.Items {
			names = append(names, s.Name)
		}
		if len(names) == 2 {
			for _, want := range []string{"here", "joining"} {
				if r, err := w.store.Lookup(ctx, want); err != nil || r == nil {
					t.Errorf("%s: %v, %v", want, r, err)
				}
			}
			if r, err := w.store.Lookup(ctx, "gone"); err != nil || r != nil {
				t.Errorf("gone: %v, %v", r, err)
			}
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("left: %v", names)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAccess(t *testing.T) {
	w := newWorld(t)
	list, err := w.client.RbacV1().ClusterRoleBindings().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, b := range list.Items {
		got[b.Subjects[0].Name] = b.RoleRef.Name
	}
	if got[join.BootstrapGroup] != "system:node-bootstrapper" || got["system:nodes"] != "system:node-proxier" {
		t.Errorf("bindings %v", got)
	}
}
