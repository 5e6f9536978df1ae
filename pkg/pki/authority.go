package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// leafLife and renewBefore follow k3s: a year, renewed in its last quarter by any restart.
	leafLife    = 365 * 24 * time.Hour
	renewBefore = 90 * 24 * time.Hour
	// backdate lets a machine whose clock is behind still use what was just issued.
	backdate = time.Hour
)

// Authority is a certificate authority with its key.
type Authority struct {
	Cert *x509.Certificate
	// Bundle is what the certificate's file holds; during a rotation these may be several certificates.
	Bundle []byte
	key    crypto.Signer
}

// EnsureAuthority loads an authority, or creates it when neither of its files exists. While the cluster is fresh, half an
// authority is what a power cut left of its creation and is created again; later it is damage, and an error.
func EnsureAuthority(files Pair, name string, fresh bool, now time.Time) (*Authority, error) {
	bundle, certErr := os.ReadFile(files.Cert)
	keyPEM, keyErr := os.ReadFile(files.Key)
	noCert, noKey := errors.Is(certErr, fs.ErrNotExist), errors.Is(keyErr, fs.ErrNotExist)
	switch {
	case noCert && noKey, fresh && (noCert || noKey):
		return createAuthority(files, name, now)
	case certErr != nil:
		return nil, fmt.Errorf("loading certificate authority: %w; restore it from a backup", certErr)
	case keyErr != nil:
		return nil, fmt.Errorf("loading certificate authority: %w; restore it from a backup", keyErr)
	}
	a, err := parseAuthority(bundle, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("loading certificate authority %s: %w; restore it and its key from a backup", files.Cert, err)
	}
	if now.After(a.Cert.NotAfter) {
		return nil, fmt.Errorf("certificate authority %s expired on %s; check this machine's clock (now %s)",
			files.Cert, a.Cert.NotAfter.Format(time.DateOnly), now.Format(time.DateTime))
	}
	return a, nil
}

func parseAuthority(bundle, keyPEM []byte) (*Authority, error) {
	cert, err := ParseCert(bundle)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, err
	}
	if !cert.IsCA {
		return nil, errors.New("not the certificate of an authority")
	}
	if !sameKey(cert.PublicKey, key.Public()) {
		return nil, errors.New("certificate and key do not belong together")
	}
	return &Authority{Cert: cert, Bundle: bundle, key: key}, nil
}

func createAuthority(files Pair, name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("creating certificate authority %s: %w", name, err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", name, now.Unix())},
		NotBefore:             now.Add(-backdate).UTC(),
		NotAfter:              now.Add(authorityLife).UTC(),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("creating certificate authority %s: %w", name, err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	bundle := encodeCert(der)
	if err := WriteFile(files.Key, keyPEM, 0o600); err != nil {
		return nil, err
	}
	if err := WriteFile(files.Cert, bundle, 0o600); err != nil {
		return nil, err
	}
	return parseAuthority(bundle, keyPEM)
}

// Request is what a leaf certificate says.
type Request struct {
	CommonName    string
	Organizations []string
	SANs          SANs
	Usages        []x509.ExtKeyUsage
	Life          time.Duration
}

// Sign issues a certificate for a public key.
func (a *Authority) Sign(r Request, public crypto.PublicKey, now time.Time) (*x509.Certificate, []byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, nil, err
	}
	life := r.Life
	if life == 0 {
		life = leafLife
	}
	notAfter := now.Add(life)
	if notAfter.After(a.Cert.NotAfter) {
		notAfter = a.Cert.NotAfter
	}
	notBefore := now.Add(-backdate)
	if notBefore.Before(a.Cert.NotBefore) {
		notBefore = a.Cert.NotBefore
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: r.CommonName, Organization: r.Organizations},
		NotBefore:             notBefore.UTC(),
		NotAfter:              notAfter.UTC(),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           r.Usages,
		BasicConstraintsValid: true,
		DNSNames:              r.SANs.DNS,
		IPAddresses:           r.SANs.netIPs(),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, public, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("signing certificate %s: %w", r.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("signing certificate %s: %w", r.CommonName, err)
	}
	return cert, encodeCert(der), nil
}

// Pool holds the authority's certificates.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.Bundle)
	return pool
}

func newSerial() (*big.Int, error) {
	// 127 bits stay positive in 16 octets (RFC 5280, 4.1.2.2).
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

// ParseCert reads the first certificate of a PEM text.
func ParseCert(data []byte) (*x509.Certificate, error) {
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			return nil, errors.New("no PEM certificate in it")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}

// NewKey creates a private key and its PEM text.
func NewKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("creating a private key: %w", err)
	}
	data, err := encodeKey(key)
	return key, data, err
}

// ParseKey reads a private key from a PEM text.
func ParseKey(data []byte) (crypto.Signer, error) { return parseKey(data) }

func parseKey(data []byte) (crypto.Signer, error) {
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			return nil, errors.New("no PEM private key in it")
		}
		switch block.Type {
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			signer, ok := key.(crypto.Signer)
			if !ok {
				return nil, errors.New("the private key cannot sign")
			}
			return signer, nil
		}
	}
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
