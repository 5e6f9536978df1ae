package pki

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// CACertsPath is where a server shows its CA bundle to anyone; what it says is only worth something with a pin.
const CACertsPath = "/v1-kove/cacerts"

// TokenPath is where a server says whether a token admits its sender: 200 with a Plan, or 401.
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

// Plan is what a holder of a token is told before it joins: what a machine must leave free for the cluster.
type Plan struct {
	// ClusterCIDR, ServiceCIDR and JoinCIDR are the ranges of pods, Services and nodes inside OVN.
	ClusterCIDR netip.Prefix `json:"clusterCIDR"`
	ServiceCIDR netip.Prefix `json:"serviceCIDR"`
	JoinCIDR    netip.Prefix `json:"joinCIDR"`
	// SBPort is the TCP port of the southbound database, 0 when the server does not say.
	SBPort int `json:"sbPort,omitempty"`
}

// CheckToken asks a server with a CA that is trusted by now whether the token admits us, and what the cluster is like.
func CheckToken(ctx context.Context, server string, caBundle []byte, t Token) (Plan, error) {
	client, err := PinnedClient(caBundle)
	if err != nil {
		return Plan{}, err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+TokenPath, nil)
	if err != nil {
		return Plan{}, fmt.Errorf("asking %s about the token: %w", server, err)
	}
	req.SetBasicAuth(t.User, t.Password)
	resp, err := client.Do(req)
	if err != nil {
		return Plan{}, fmt.Errorf("asking %s about the token: %w", server, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		var p Plan
		if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&p); err != nil {
			return Plan{}, fmt.Errorf("asking %s about the token: reading its answer: %w", server, err)
		}
		return p, nil
	case http.StatusUnauthorized:
		return Plan{}, ErrWrongToken
	}
	return Plan{}, fmt.Errorf("asking %s about the token: the server says %s", server, resp.Status)
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

// CheckPath is where a server says whether a machine may have a name and addresses: 204 or 409. Nothing is claimed.
const CheckPath = "/v1-kove/check"

// Claim is what a machine wants to be.
type Claim struct {
	// Node is the name that it wants, Addresses are its own.
	Node      string       `json:"node"`
	Addresses []netip.Addr `json:"addresses"`
	// Password is the secret that the machine drew before its first join, "" before.
	Password string `json:"password"`
}

// ErrClaimed is that another machine has the name or an address.
var ErrClaimed = errors.New("another machine has it")

// CheckName asks a server whether a machine could join under a name, without joining.
func CheckName(ctx context.Context, server string, caBundle []byte, t Token, claim Claim) error {
	client, err := PinnedClient(caBundle)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	body, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+CheckPath, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking %s about the name: %w", server, err)
	}
	req.SetBasicAuth(t.User, t.Password)
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s about the name: %w", server, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusConflict:
		var refusal struct {
			Error string `json:"error"`
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&refusal); err != nil {
			return ErrClaimed
		}
		return fmt.Errorf("%w: %s", ErrClaimed, refusal.Error)
	}
	return fmt.Errorf("asking %s about the name: the server says %s", server, resp.Status)
}
