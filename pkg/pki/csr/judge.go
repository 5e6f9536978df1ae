package csr

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/kove-io/kove/pkg/pki/identity"
	"github.com/kove-io/kove/pkg/pki/join"
)

const (
	nodePrefix = "system:node:"
	nodesGroup = "system:nodes"
)

// Verdict is what to do with a request.
type Verdict struct {
	// Ours is false for requests that others decide about.
	Ours bool
	// Denied is why the request is denied, "" when it is approved.
	Denied string
	// Node is whose request it is.
	Node string
}

// handled tells whether a signer's requests are decided here.
func handled(signer string) bool {
	return signer == certificatesv1.KubeAPIServerClientKubeletSignerName || signer == certificatesv1.KubeletServingSignerName || signer == join.ChassisSigner
}

// requester returns the node that a user speaks for, and whether it only has its bootstrap certificate.
func requester(spec *certificatesv1.CertificateSigningRequestSpec) (node string, bootstrap, ok bool) {
	if name, found := strings.CutPrefix(spec.Username, nodePrefix); found && slices.Contains(spec.Groups, nodesGroup) {
		return name, false, name != ""
	}
	name, found := strings.CutPrefix(spec.Username, join.BootstrapUser(""))
	return name, true, found && name != "" && slices.Contains(spec.Groups, join.BootstrapGroup)
}

// Judge decides about one request. record is what is known about the asking node, nil for nothing.
func Judge(spec *certificatesv1.CertificateSigningRequestSpec, record *identity.Record) Verdict {
	if !handled(spec.SignerName) {
		return Verdict{}
	}
	node, bootstrap, ok := requester(spec)
	v := Verdict{Ours: true, Node: node}
	if !ok {
		v.Denied = fmt.Sprintf("%s speaks for no node", spec.Username)
		return v
	}
	if record == nil || record.Node != node {
		v.Denied = fmt.Sprintf("node %s has not joined", node)
		return v
	}
	request, err := parse(spec.Request)
	if err != nil {
		v.Denied = err.Error()
		return v
	}
	switch spec.SignerName {
	case certificatesv1.KubeAPIServerClientKubeletSignerName:
		v.Denied = first(subject(request, nodePrefix+node, nodesGroup), nameless(request), usages(spec.Usages, certificatesv1.UsageClientAuth))
	case certificatesv1.KubeletServingSignerName:
		if bootstrap {
			v.Denied = "a node asks for its serving certificate with its own identity"
			return v
		}
		v.Denied = first(subject(request, nodePrefix+node, nodesGroup), named(request, node, record.Addresses), usages(spec.Usages, certificatesv1.UsageServerAuth))
	case join.ChassisSigner:
		v.Denied = first(subject(request, node), nameless(request), usages(spec.Usages, certificatesv1.UsageClientAuth))
	}
	return v
}

func parse(data []byte) (*x509.CertificateRequest, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("the request is not one PEM certificate request")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("verifying the request's signature: %w", err)
	}
	return r, nil
}

func first(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

func subject(r *x509.CertificateRequest, common string, organizations ...string) string {
	if r.Subject.CommonName != common {
		return fmt.Sprintf("the common name is %q, only %q is this node's", r.Subject.CommonName, common)
	}
	if !slices.Equal(r.Subject.Organization, organizations) {
		return fmt.Sprintf("the organizations are %q, want %q", r.Subject.Organization, organizations)
	}
	return ""
}

func nameless(r *x509.CertificateRequest) string {
	if len(r.DNSNames)+len(r.IPAddresses)+len(r.EmailAddresses)+len(r.URIs) > 0 {
		return "a client certificate stands for no host names or addresses"
	}
	return ""
}

func named(r *x509.CertificateRequest, node string, addresses []netip.Addr) string {
	if len(r.EmailAddresses)+len(r.URIs) > 0 {
		return "a serving certificate stands for host names and addresses only"
	}
	if len(r.DNSNames)+len(r.IPAddresses) == 0 {
		return "a serving certificate needs a name or an address"
	}
	for _, name := range r.DNSNames {
		if name != node {
			return fmt.Sprintf("the name %q is not this node's", name)
		}
	}
	for _, ip := range r.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); !ok || !slices.Contains(addresses, a.Unmap()) {
			return fmt.Sprintf("the address %s is not this node's; it joined with %v", ip, addresses)
		}
	}
	return ""
}

func usages(got []certificatesv1.KeyUsage, purpose certificatesv1.KeyUsage) string {
	for _, u := range got {
		if u != certificatesv1.UsageDigitalSignature && u != certificatesv1.UsageKeyEncipherment && u != purpose {
			return fmt.Sprintf("the usage %q is not for this kind of certificate", u)
		}
	}
	if !slices.Contains(got, purpose) {
		return fmt.Sprintf("the usage %q is missing", purpose)
	}
	return ""
}
