package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// selfSigned makes a certificate for a DNS name or an address, which is its own authority.
func selfSigned(t testing.TB, name string) (certificate, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(name); ip != nil {
		tmpl.DNSNames, tmpl.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kd, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kd})
}

// The API server reaches an admission webhook behind a Service, on its own node and on another.
func TestAPIServerToWebhook(t *testing.T) {
	f := sharedCluster(t)
	ctx := context.Background()
	for i, n := range f.nodes {
		t.Run(n.Name, func(t *testing.T) {
			name := fmt.Sprintf("webhook-%d", i)
			cert, key := selfSigned(t, name+".default.svc")
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{"tls.crt": cert, "tls.key": key}}
			if _, err := f.client.CoreV1().Secrets("default").Create(ctx, secret, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.client.CoreV1().Secrets("default").Delete(ctx, name, metav1.DeleteOptions{}) })
			p := probePod(name, n.Name, name)
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "tls", MountPath: "/tls"}}
			p.Spec.Volumes = []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}}}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "webhook", Image: probeImage, ImagePullPolicy: corev1.PullNever,
				Args: []string{"webhook", ":8443", "/tls/tls.crt", "/tls/tls.key"}, VolumeMounts: p.Spec.Containers[0].VolumeMounts})
			f.create(t, p)
			f.service(t, name, name, 1, func(s *corev1.Service) {
				s.Spec.Ports = []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(8443)}}
			})
			fail, none := admissionv1.Fail, admissionv1.SideEffectClassNone
			hook := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: []admissionv1.ValidatingWebhook{{
				Name: name + ".kove.test", FailurePolicy: &fail, SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
				ClientConfig:   admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "default", Name: name}, CABundle: cert},
				ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"ask": name}},
				Rules: []admissionv1.RuleWithOperations{{Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule: admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}}},
			}}}
			hooks := f.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
			if _, err := hooks.Create(ctx, hook, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = hooks.Delete(ctx, name, metav1.DeleteOptions{}) })
			ask := func(object, forbidden string) error {
				_, err := f.client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
					Name: object, Labels: map[string]string{"ask": name, "forbidden": forbidden}}}, metav1.CreateOptions{})
				if err == nil {
					t.Cleanup(func() { _ = f.client.CoreV1().ConfigMaps("default").Delete(ctx, object, metav1.DeleteOptions{}) })
				}
				return err
			}
			tries := 0
			eventually(t, 30*time.Second, "the webhook's refusal", func() error {
				tries++
				err := ask(fmt.Sprintf("%s-bad-%d", name, tries), "yes")
				if err != nil && strings.Contains(err.Error(), "the probe forbids it") {
					return nil
				}
				return fmt.Errorf("got: %v", err)
			})
			if err := ask(name+"-good", "no"); err != nil {
				t.Errorf("an object that the webhook allows: %v", err)
			}
		})
	}
}
