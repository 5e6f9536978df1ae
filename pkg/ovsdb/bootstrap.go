package ovsdb

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// bootstrapTLS is ReadingTLS for an SSL row with bootstrap_ca_cert: while the CA's file is not there, the first client that is
// connected to provides it, as the last certificate of its chain, and is dropped; from then on that CA counts. Whoever sits in
// between at that moment can give a CA of his own, as ovn-sb(5) warns. Remotes that listen never take a CA from a client.
func bootstrapTLS(f TLSFiles) *tls.Config {
	c := ReadingTLS(f)
	check := c.VerifyConnection
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if _, err := os.Stat(f.CACert); !errors.Is(err, os.ErrNotExist) {
			return check(s)
		}
		if len(s.PeerCertificates) == 0 {
			return errors.New("bootstrapping the CA certificate: the peer shows no certificate")
		}
		ca := s.PeerCertificates[len(s.PeerCertificates)-1]
		if err := ca.CheckSignatureFrom(ca); err != nil {
			return fmt.Errorf("bootstrapping the CA certificate: the peer's chain does not end in a self-signed certificate: %w", err)
		}
		// A file that is there is whole.
		tmp, err := os.CreateTemp(filepath.Dir(f.CACert), ".ca-")
		if err != nil {
			return fmt.Errorf("bootstrapping the CA certificate: %w", err)
		}
		defer os.Remove(tmp.Name())
		err = pem.Encode(tmp, &pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
		if cerr := tmp.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = os.Link(tmp.Name(), f.CACert)
		}
		if err != nil {
			return fmt.Errorf("bootstrapping the CA certificate: %w", err)
		}
		return fmt.Errorf("the CA certificate %s was bootstrapped from the peer; connecting anew", f.CACert)
	}
	return c
}
