package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"
)

// SANs are the names and addresses that a certificate stands for.
type SANs struct {
	DNS []string
	IPs []netip.Addr
}

// Add sorts a text into names or addresses, once.
func (s *SANs) Add(texts ...string) {
	for _, t := range texts {
		if a, err := netip.ParseAddr(t); err == nil {
			s.AddIP(a)
		} else if t != "" && !slices.Contains(s.DNS, t) {
			s.DNS = append(s.DNS, t)
		}
	}
}

// AddIP adds addresses, once.
func (s *SANs) AddIP(addrs ...netip.Addr) {
	for _, a := range addrs {
		if a.IsValid() && !slices.Contains(s.IPs, a.Unmap()) {
			s.IPs = append(s.IPs, a.Unmap())
		}
	}
}

func (s SANs) netIPs() []net.IP {
	var out []net.IP
	for _, a := range s.IPs {
		out = append(out, a.AsSlice())
	}
	return out
}

// Pair is a certificate file and its key file.
type Pair struct{ Cert, Key string }

// EnsureLeaf loads a certificate signed by a, or issues one when there is none, it nears its end, it was signed by
// another authority, or it says something else than r. It tells whether it issued one.
func (a *Authority) EnsureLeaf(p Pair, r Request, now time.Time) (issued bool, err error) {
	why, err := a.unfit(p, r, now)
	if err != nil {
		return false, err
	}
	if why == "" {
		return false, nil
	}
	key, keyPEM, err := NewKey()
	if err != nil {
		return false, err
	}
	_, certPEM, err := a.Sign(r, key.Public(), now)
	if err != nil {
		return false, err
	}
	if err := WriteFile(p.Key, keyPEM, 0o600); err != nil {
		return false, err
	}
	return true, WriteFile(p.Cert, certPEM, 0o600)
}

// unfit says why a certificate on disk cannot be used; "" when it can.
func (a *Authority) unfit(p Pair, r Request, now time.Time) (string, error) {
	certPEM, err := os.ReadFile(p.Cert)
	if errors.Is(err, fs.ErrNotExist) {
		return "there is none", nil
	} else if err != nil {
		return "", fmt.Errorf("loading certificate: %w", err)
	}
	keyPEM, err := os.ReadFile(p.Key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("loading private key: %w", err)
	}
	cert, err := ParseCert(certPEM)
	if err != nil {
		return "it is damaged", nil
	}
	key, err := parseKey(keyPEM)
	if err != nil || !sameKey(cert.PublicKey, key.Public()) {
		return "its key is damaged", nil
	}
	if cert.CheckSignatureFrom(a.Cert) != nil || !bytes.Equal(cert.RawIssuer, a.Cert.RawSubject) {
		return "another authority signed it", nil
	}
	if now.Before(cert.NotBefore) {
		return "it is not valid yet", nil
	}
	if NearEnd(cert, now) && cert.NotAfter.Before(a.Cert.NotAfter) {
		return "it nears its end", nil
	}
	if cert.Subject.CommonName != r.CommonName || !sameSet(cert.Subject.Organization, r.Organizations) ||
		!slices.Equal(cert.ExtKeyUsage, r.Usages) || !sameSet(cert.DNSNames, r.SANs.DNS) || !sameSet(ipTexts(cert), addrTexts(r.SANs.IPs)) {
		return "it says something else", nil
	}
	return "", nil
}

// NearEnd tells whether a certificate has less than a quarter of its life (at most 90 days) left.
func NearEnd(cert *x509.Certificate, now time.Time) bool {
	return now.After(RenewAt(cert))
}

// RenewAt is when a certificate should be replaced.
func RenewAt(cert *x509.Certificate) time.Time {
	return cert.NotAfter.Add(-min(renewBefore, cert.NotAfter.Sub(cert.NotBefore)/4))
}

func ipTexts(cert *x509.Certificate) []string {
	var out []string
	for _, ip := range cert.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, a.Unmap().String())
		}
	}
	return out
}

func addrTexts(addrs []netip.Addr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
