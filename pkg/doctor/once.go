package doctor

import (
	"context"

	"github.com/kove-io/kove/pkg/pki"
)

// askedOnce is a Host that asks the server to join each question once, however many checks read the answer: one that
// does not answer costs its time limit once. It is for one run of the checks, one after the other.
type askedOnce struct {
	Host
	ca, token bool // asked already
	probe     *pki.Probe
	probeErr  error
	plan      pki.Plan
	tokenErr  error
}

// FetchCA implements Host. A case names one server.
func (a *askedOnce) FetchCA(ctx context.Context, server string) (*pki.Probe, error) {
	if !a.ca {
		a.ca = true
		a.probe, a.probeErr = a.Host.FetchCA(ctx, server)
	}
	return a.probe, a.probeErr
}

// CheckToken implements Host. A case has one token, and the CA is the one that FetchCA found.
func (a *askedOnce) CheckToken(ctx context.Context, server string, ca []byte, t pki.Token) (pki.Plan, error) {
	if !a.token {
		a.token = true
		a.plan, a.tokenErr = a.Host.CheckToken(ctx, server, ca, t)
	}
	return a.plan, a.tokenErr
}
