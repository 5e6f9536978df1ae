package join

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

// MaxSkew is how far the clocks of a node and its server may differ. Certificates are dated back by more (an hour here,
// five minutes in kube-controller-manager); leases and tokens begin to suffer at minutes.
const MaxSkew = 2 * time.Minute

// Errors that trying again does not cure.
var (
	ErrWrongToken = pki.ErrWrongToken
	ErrRefused    = errors.New("the server and this node do not fit")
	ErrSkew       = errors.New("the clocks differ too much")
	ErrMTU        = errors.New("the NIC's MTU is too small for this cluster")
)

// Options is what a node needs to join.
type Options struct {
	// Config is the node's; Join.Server, Join.Token, Node and Paths matter here.
	Config *config.Config
	// Version is this kove's.
	Version string
	// Logger hears of progress.
	Logger *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Retry is the first wait after a failure that may pass; it doubles up to 16 times that. Default 500 ms.
	Retry time.Duration
	// Requests gets certificates; nil uses the server's certificates API.
	Requests Requests
}

// Join makes this machine a node: it finds the server, gets what the cluster is like and all certificates, and leaves
// them below <data-dir>/agent. It tries until it succeeds, ctx ends, or an error says that trying is useless. A node that
// joined before and finds no server goes on with what it has.
func Join(ctx context.Context, o Options) (*Credentials, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry == 0 {
		o.Retry = 500 * time.Millisecond
	}
	token, err := pki.ParseToken(o.Config.Join.Token)
	if err != nil {
		return nil, fmt.Errorf("joining %s: %w", o.Config.Join.Server, err)
	}
	c := &client{o: o, token: token, files: newFiles(o.Config)}
	if c.password, err = nodePassword(c.files.password); err != nil {
		return nil, err
	}
	known := c.files.load(o.Now())
	wait, told := o.Retry, false
	var last error
	for {
		creds, err := c.try(ctx)
		if err != nil && ctx.Err() != nil && last != nil {
			err = last // says more than that the time is over
		}
		last = err
		if err == nil {
			return creds, nil
		}
		if final(err) {
			return nil, fmt.Errorf("joining %s: %w", o.Config.Join.Server, err)
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("joining %s: %w (last: %w)", o.Config.Join.Server, ctx.Err(), err)
		}
		if known != nil && o.Config.Role == config.Agent {
			o.Logger.Warn("no server answers, going on with what an earlier start left", "server", o.Config.Join.Server, "err", err)
			known.Offline = true
			return known, nil
		}
		if !told || wait >= 16*o.Retry {
			o.Logger.Info("waiting for the server", "server", o.Config.Join.Server, "err", err)
			told = true
		}
		if !sleep(ctx, wait) {
			return nil, fmt.Errorf("joining %s: %w (last: %w)", o.Config.Join.Server, ctx.Err(), err)
		}
		wait = min(2*wait, 16*o.Retry)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func final(err error) bool {
	for _, e := range []error{ErrWrongToken, ErrRefused, ErrSkew, ErrMTU, pki.ErrOtherCluster, pki.ErrNotServer, errLocal} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errLocal marks failures on this machine, such as a full disk.
var errLocal = errors.New("on this machine")

type client struct {
	o        Options
	token    pki.Token
	password string
	files    files
}

// try goes the whole way once.
func (c *client) try(ctx context.Context) (*Credentials, error) {
	server := c.o.Config.Join.Server
	probe, err := pki.FetchCA(ctx, server, c.o.Now)
	if err != nil {
		return nil, err
	}
	if err := c.token.CheckCA(probe.CABundle); err != nil {
		return nil, fmt.Errorf("%w; copy the token from server/node-token of the cluster to join", err)
	}
	if c.token.CAHash == "" {
		if err := c.files.samePin(probe.CABundle); err != nil {
			return nil, err
		}
		if c.o.Config.Role == config.Agent {
			c.o.Logger.Warn("the token pins no CA, trusting the one that answered; use the K10… form", "ca", pki.HashCA(probe.CABundle))
		}
	}
	if err := CheckSkew(probe); err != nil {
		return nil, err
	}
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		return nil, err
	}
	reply, err := c.ask(ctx, probe.CABundle, key)
	if err != nil {
		return nil, err
	}
	creds, err := c.accept(probe.CABundle, reply)
	if err != nil {
		return nil, err
	}
	bootstrap, err := tls.X509KeyPair([]byte(reply.Certificate), keyPEM)
	if err != nil {
		return nil, fmt.Errorf("reading the bootstrap certificate: %w", err)
	}
	return creds, c.certificates(ctx, creds, probe.CABundle, bootstrap)
}

// CheckSkew compares the server's clock with ours.
func CheckSkew(p *pki.Probe) error {
	if !p.Dated || p.Ahead.Abs() <= MaxSkew {
		return nil
	}
	direction := "behind"
	if p.Ahead < 0 {
		direction = "ahead of"
	}
	return fmt.Errorf("%w: this machine is %s %s the server; set its clock (timedatectl set-ntp true, or date -s)", ErrSkew, p.Ahead.Abs().Round(time.Second), direction)
}

func (c *client) ask(ctx context.Context, ca []byte, key any) (*Reply, error) {
	node := c.o.Config.Node
	csr, err := newCSR(key, x509.CertificateRequest{})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(Request{Node: node.Name, Addresses: append(append([]netip.Addr(nil), node.IPs...), node.ExternalIPs...),
		Password: c.password, CSR: string(csr), Version: c.o.Version})
	if err != nil {
		return nil, fmt.Errorf("writing the join request: %w", err)
	}
	hc, err := pki.PinnedClient(ca)
	if err != nil {
		return nil, err
	}
	defer hc.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.Config.Join.Server+joinPath, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking to join: %w", err)
	}
	req.SetBasicAuth(c.token.User, c.token.Password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := hc.Do(req)
	var wrongName x509.HostnameError
	if errors.As(err, &wrongName) {
		return nil, fmt.Errorf("%w: its certificate does not name %s; start the server with --tls-san %s, or use one of its names in --server",
			ErrRefused, wrongName.Host, wrongName.Host)
	}
	if err != nil {
		return nil, fmt.Errorf("asking to join: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("asking to join: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp.Status, data)
	}
	var reply Reply
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, fmt.Errorf("reading the server's reply: %w", err)
	}
	return &reply, nil
}

func refusal(status string, data []byte) error {
	var f failure
	if err := json.Unmarshal(data, &f); err != nil || f.Code == "" {
		return fmt.Errorf("asking to join: the server says %s", status)
	}
	switch f.Code {
	case codeToken:
		return fmt.Errorf("%w: it is wrong or expired; copy it from server/node-token on the server, or make one there with `kove token create`", ErrWrongToken)
	case codeName, codeAddress, codeRequest:
		return fmt.Errorf("%w: %s", ErrRefused, f.Error)
	}
	return fmt.Errorf("asking to join: %s", f.Error)
}

// accept checks what the server says and keeps it for starts without a server.
func (c *client) accept(ca []byte, reply *Reply) (*Credentials, error) {
	creds := c.files.credentials(reply.Info)
	own := c.o.Config.OVN
	if reply.Info.SingleNode != "" && c.o.Config.Role == config.Agent {
		return nil, fmt.Errorf("%w: the server's own node cannot be reached by others: %s", ErrRefused, reply.Info.SingleNode)
	}
	switch {
	case own.MTUSet:
		creds.MTU = own.MTU
	case own.MTU < reply.Info.MTU:
		return nil, fmt.Errorf("%w: pods use %d bytes there, this node's underlay carries %d; raise the NIC's MTU to %d, or start server and nodes with --mtu %d",
			ErrMTU, reply.Info.MTU, own.MTU, reply.Info.MTU+config.GeneveOverhead, own.MTU)
	default:
		creds.MTU = reply.Info.MTU
	}
	for _, f := range []struct {
		path string
		pem  []byte
	}{{creds.ServerCA, ca}, {creds.ClientCA, []byte(reply.ClientCA)}, {creds.OVNCA, []byte(reply.OVNCA)}} {
		if _, err := pki.ParseCert(f.pem); err != nil {
			return nil, fmt.Errorf("reading the server's reply: %w", err)
		}
		if err := pki.WriteFile(f.path, f.pem, 0o600); err != nil {
			return nil, fmt.Errorf("%w %w", err, errLocal)
		}
	}
	data, err := json.MarshalIndent(reply.Info, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("keeping what the server said: %w", err)
	}
	if err := pki.WriteFile(c.files.info, data, 0o600); err != nil {
		return nil, fmt.Errorf("%w %w", err, errLocal)
	}
	return creds, nil
}

func newCSR(key any, template x509.CertificateRequest) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// nodePassword draws this machine's password once.
func nodePassword(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err == nil && len(bytes.TrimSpace(data)) > 0 {
		return string(bytes.TrimSpace(data)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("loading the node's password: %w", err)
	}
	password, err := pki.NewSecret()
	if err != nil {
		return "", err
	}
	return password, pki.WriteFile(path, []byte(password+"\n"), 0o600)
}
