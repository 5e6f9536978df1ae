package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// CACertsPath is where a server shows its CA bundle to anyone; what it says is only worth something with a pin.
const CACertsPath = "/v1-kove/cacerts"

// TokenPath is where a server says whether a token admits its sender: 204 or 401.
const TokenPath = "/v1-kove/token"

// Probe is what a server tells a machine that has nothing but its address.
type Probe struct {
	// CABundle is the server CA, not yet trusted.
	CABundle []byte
	// Ahead is how far the server's clock is ahead of ours, to about a second.
	Ahead time.Duration
	// Dated tells that the server told its time.
	Dated bool
}

// ErrNotServer is that something else than kove answers.
var ErrNotServer = errors.New("what answers is not a kove server")

// ErrStarting is that a server answers and is not ready yet.
var ErrStarting = errors.New("the server is starting")

// FetchCA asks a server for its CA bundle without trusting it. The caller has to compare it with a pin.
func FetchCA(ctx context.Context, server string, now func() time.Time) (*Probe, error) {
	// Nothing is sent and nothing received is believed before the pin is compared; verification is impossible here
	// because the CA is what we came for.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+CACertsPath, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s for its CA: %w", server, err)
	}
	before := now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s for its CA: %w", server, err)
	}
	defer resp.Body.Close()
	middle := before.Add(now().Sub(before) / 2)
	if resp.StatusCode == http.StatusServiceUnavailable {
		return nil, fmt.Errorf("asking %s for its CA: %w", server, ErrStarting)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("asking %s for its CA: %w", server, err)
	}
	if _, err := ParseCert(body); err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking %s for its CA: %w (%s)", server, ErrNotServer, resp.Status)
	}
	p := &Probe{CABundle: body}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// The header is cut to seconds: its middle is the best guess.
		p.Ahead, p.Dated = date.Add(500*time.Millisecond).Sub(middle), true
	}
	return p, nil
}

// ErrWrongToken is that a server does not accept a token.
var ErrWrongToken = errors.New("the server does not accept the token")

// CheckToken asks a server with a CA that is trusted by now whether the token admits us.
func CheckToken(ctx context.Context, server string, caBundle []byte, t Token) error {
	client, err := PinnedClient(caBundle)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+TokenPath, nil)
	if err != nil {
		return fmt.Errorf("asking %s about the token: %w", server, err)
	}
	req.SetBasicAuth(t.User, t.Password)
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s about the token: %w", server, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusUnauthorized:
		return ErrWrongToken
	}
	return fmt.Errorf("asking %s about the token: the server says %s", server, resp.Status)
}

// PinnedClient talks TLS to servers of this CA only.
func PinnedClient(caBundle []byte, certificates ...tls.Certificate) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(caBundle) {
		return nil, errors.New("loading the server CA: no certificate in it")
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certificates, MinVersion: tls.VersionTLS12},
	}}, nil
}
