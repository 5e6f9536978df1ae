package join

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/identity"
)

const bootstrapLife = time.Hour

// Identities claims node names; identity.Store does.
type Identities interface {
	Claim(ctx context.Context, node, password string, addresses []netip.Addr) error
	// Free tells whether Claim would succeed; an empty password is that of a machine that never joined.
	Free(ctx context.Context, node, password string, addresses []netip.Addr) error
}

// HandlerOptions is what the endpoint needs.
type HandlerOptions struct {
	// PKI holds the authorities and tokens.
	PKI *pki.Server
	// Identities keeps node names.
	Identities Identities
	// Tokens verifies bootstrap tokens; nil when there are none.
	Tokens *Tokens
	// Info is what agents are told.
	Info Info
	// Logger hears of every join.
	Logger *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Handler answers below Prefix.
type Handler struct {
	o       HandlerOptions
	limiter limiter
}

// NewHandler returns the endpoint. The API server behind Identities need not answer yet.
func NewHandler(o HandlerOptions) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Handler{o: o}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", h.o.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == pki.CACertsPath && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(h.o.PKI.ServerCA.Bundle) // the client went away otherwise
	case r.URL.Path == pki.TokenPath && r.Method == http.MethodGet:
		if h.admit(w, r) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(h.o.Info.plan()) // the client went away otherwise
		}
	case r.URL.Path == pki.CheckPath && r.Method == http.MethodPost:
		if h.admit(w, r) {
			h.check(w, r)
		}
	case r.URL.Path == joinPath && r.Method == http.MethodPost:
		if h.admit(w, r) {
			h.join(w, r)
		}
	default:
		fail(w, http.StatusNotFound, codeRequest, "there is nothing here")
	}
}

// admit lets holders of a token pass and answers all others.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) bool {
	now := h.o.Now()
	if !h.limiter.allowed(r.RemoteAddr, now) {
		w.Header().Set("Retry-After", "2")
		fail(w, http.StatusTooManyRequests, codeLimit, "too many wrong tokens from this address")
		return false
	}
	admitted, err := h.admitted(r.Context(), r)
	if err != nil {
		h.unavailable(w, "verifying a bootstrap token", err)
		return false
	}
	if !admitted {
		h.limiter.failed(r.RemoteAddr, now)
		h.o.Logger.Warn("refused a wrong token", "remote", r.RemoteAddr)
		fail(w, http.StatusUnauthorized, codeToken, "the token is wrong or expired")
	}
	return admitted
}

func (h *Handler) join(w http.ResponseWriter, r *http.Request) {
	var req Request
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	if err := d.Decode(&req); err != nil {
		fail(w, http.StatusBadRequest, codeRequest, "reading the join request: "+err.Error())
		return
	}
	reply, err := h.reply(r.Context(), req, h.o.Now())
	if err != nil {
		if errors.Is(err, identity.ErrNameTaken) || errors.Is(err, identity.ErrAddressTaken) {
			h.o.Logger.Warn("refused a join", "node", req.Node, "remote", r.RemoteAddr, "err", err)
		}
		h.refuse(w, "joining", err)
		return
	}
	h.o.Logger.Info("node may ask for its certificates", "node", req.Node, "remote", r.RemoteAddr, "version", req.Version)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply) // the client went away otherwise
}

// check answers a machine that wants to know whether it could join.
func (h *Handler) check(w http.ResponseWriter, r *http.Request) {
	var claim pki.Claim
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&claim); err != nil {
		fail(w, http.StatusBadRequest, codeRequest, "reading the claim: "+err.Error())
		return
	}
	if err := h.o.Identities.Free(r.Context(), claim.Node, claim.Password, claim.Addresses); err != nil {
		h.refuse(w, "checking a name", err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuse says why a claim was not accepted.
func (h *Handler) refuse(w http.ResponseWriter, what string, err error) {
	switch {
	case errors.Is(err, identity.ErrNameTaken):
		fail(w, http.StatusConflict, codeName, err.Error())
	case errors.Is(err, identity.ErrAddressTaken):
		fail(w, http.StatusConflict, codeAddress, err.Error())
	case errors.Is(err, identity.ErrBadRequest):
		fail(w, http.StatusBadRequest, codeRequest, err.Error())
	default:
		h.unavailable(w, what, err)
	}
}

// unavailable covers what passes by itself, above all an API server that is still starting.
func (h *Handler) unavailable(w http.ResponseWriter, what string, err error) {
	h.o.Logger.Debug("cannot answer yet", "what", what, "err", err)
	w.Header().Set("Retry-After", "1")
	fail(w, http.StatusServiceUnavailable, codeStarting, "the server is starting")
}

// admitted compares the sender's token with those that admit nodes. Server tokens admit agents too, as in k3s.
func (h *Handler) admitted(ctx context.Context, r *http.Request) (bool, error) {
	user, password, ok := r.BasicAuth()
	if !ok || password == "" {
		return false, nil
	}
	server, node := pki.SameSecret(password, h.o.PKI.Token.Password), pki.SameSecret(password, h.o.PKI.NodeToken.Password)
	switch user {
	case pki.ServerUser:
		return server, nil
	case pki.NodeUser:
		return node, nil
	case "":
	default:
		return false, nil
	}
	if server || node {
		return true, nil
	}
	if id, secret, ok := (pki.Token{Password: password}).Bootstrap(); ok && h.o.Tokens != nil {
		return h.o.Tokens.Valid(ctx, id, secret, h.o.Now())
	}
	return false, nil
}

func (h *Handler) reply(ctx context.Context, req Request, now time.Time) (*Reply, error) {
	block, _ := pem.Decode([]byte(req.CSR))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, fmt.Errorf("reading the certificate request: %w", identity.ErrBadRequest)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", identity.ErrBadRequest)
	}
	if err := h.o.Identities.Claim(ctx, req.Node, req.Password, req.Addresses); err != nil {
		return nil, err
	}
	_, certificate, err := h.o.PKI.ClientCA.Sign(pki.Request{
		CommonName: BootstrapUser(req.Node), Organizations: []string{BootstrapGroup},
		Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, Life: bootstrapLife,
	}, csr.PublicKey, now)
	if err != nil {
		return nil, err
	}
	return &Reply{Info: h.o.Info, Time: now, ClientCA: string(h.o.PKI.ClientCA.Bundle), OVNCA: string(h.o.PKI.OVNCA.Bundle), Certificate: string(certificate)}, nil
}

func fail(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(failure{Code: code, Error: text}) // the client went away otherwise
}
