package ovsdb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// ReadingTLS makes the configuration of an ssl remote whose files are read for each connection, so that new ones count
// without a restart, and files that are not there yet may come. CACert "none" takes any server. Like ClientTLS it checks
// that the server's certificate comes from the CA, whatever name it is for.
func ReadingTLS(f TLSFiles) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it, without the name
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(f.Certificate, f.PrivateKey)
			if err != nil {
				return nil, fmt.Errorf("certificate %s with private key %s: %w", f.Certificate, f.PrivateKey, err)
			}
			return &cert, nil
		},
		VerifyConnection: func(s tls.ConnectionState) error {
			if f.CACert == "none" {
				return nil
			}
			pem, err := os.ReadFile(f.CACert)
			if err != nil {
				return fmt.Errorf("CA certificate: %w", err)
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(pem) {
				return errors.New("CA certificate: " + f.CACert + " holds no PEM certificate")
			}
			return verifyChain(pool)(s)
		},
	}
}
