package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

// maxSkew is that of pki/join, which would link the Kubernetes client.
const maxSkew = 2 * time.Minute

// token reads the token as such; on servers also against the CA that an earlier start made.
func token(_ context.Context, h Host, c Case) []Finding {
	if c.Join.Token == "" {
		return nil
	}
	fatal := func(id, seen, why, remedy string) []Finding {
		return []Finding{{ID: "token/" + id, Severity: Fatal, Seen: "token (" + c.Origin("token") + "): " + seen, Why: why, Remedy: remedy}}
	}
	t, err := pki.ParseToken(c.Join.Token)
	if err != nil {
		return fatal("damaged", err.Error(), "the server would not accept it", "copy it again from /var/lib/kove/server/node-token on a server")
	}
	if c.Role == config.Agent {
		return nil
	}
	ca, err := h.ReadFile(c.Paths.TLS("server-ca.crt"))
	if errors.Is(err, fs.ErrNotExist) && t.CAHash != "" {
		return fatal("other-cluster", "it belongs to an existing cluster, and this server has no cluster yet",
			"a new cluster has its own CA", "start without --token to make a new cluster, or join that one with `kove agent`")
	}
	if err != nil {
		return nil
	}
	if err := t.CheckCA(ca); err != nil {
		return fatal("other-cluster", err.Error(), "nodes with it would be turned away", "use the token in "+c.Paths.Server("token"))
	}
	return nil
}

// plan is what the server to join says of the cluster, nothing while it cannot be asked; why not is the finding of another
// check. The token does not go to a server that it does not belong to.
func plan(ctx context.Context, h Host, c Case) pki.Plan {
	t, err := pki.ParseToken(c.Join.Token)
	if c.Join.Server == "" || c.Join.Token == "" || err != nil {
		return pki.Plan{}
	}
	probe, err := h.FetchCA(ctx, c.Join.Server)
	if err != nil || t.CheckCA(probe.CABundle) != nil {
		return pki.Plan{}
	}
	p, err := h.CheckToken(ctx, c.Join.Server, probe.CABundle, t)
	if err != nil {
		return pki.Plan{}
	}
	return p
}

// server asks the server to join for its CA. A node that joined before may start without it.
func server(ctx context.Context, h Host, c Case) []Finding {
	if c.Join.Server == "" { // kove doctor, before anybody knows where to join
		return nil
	}
	where := origin(c, "server", c.Join.Server)
	severity, why := Fatal, "this node cannot join without it"
	if _, err := h.Stat(c.Paths.Agent("cluster.json")); err == nil {
		severity, why = Warning, "this node joined before and goes on with what it has"
	}
	probe, err := h.FetchCA(ctx, c.Join.Server)
	switch {
	case errors.Is(err, pki.ErrNotServer):
		return []Finding{{ID: "server/not-kove", Severity: Fatal, Seen: where + ": " + err.Error(), Why: "this node cannot join there",
			Remedy: "name a kove server and its port, https://HOST:6443"}}
	case errors.Is(err, pki.ErrStarting):
		return nil
	case err != nil:
		return []Finding{{ID: "server/unreachable", Severity: severity, Seen: where + ": " + err.Error(), Why: why,
			Remedy: "check the address, that `kove status` on the server shows it ready, and that TCP port 6443 and 6642 are open between the machines"}}
	}
	var out []Finding
	t, err := pki.ParseToken(c.Join.Token)
	if err != nil && c.Join.Token != "" {
		return nil // the check of the token says so
	}
	if err := t.CheckCA(probe.CABundle); err != nil {
		out = append(out, Finding{ID: "token/other-cluster", Severity: Fatal, Seen: "token (" + c.Origin("token") + "): " + err.Error(),
			Why: "either the token or the server is not the one you mean", Remedy: "copy the token from /var/lib/kove/server/node-token on " + c.Join.Server})
	}
	if probe.Dated && probe.Ahead.Abs() > maxSkew {
		direction := "behind"
		if probe.Ahead < 0 {
			direction = "ahead of"
		}
		out = append(out, Finding{ID: "server/clock-skew", Severity: Fatal,
			Seen: fmt.Sprintf("this machine's clock is %s %s that of %s", probe.Ahead.Abs().Round(time.Second), direction, c.Join.Server),
			Why:  "certificates would not be valid yet, or too early no longer", Remedy: "set it (timedatectl set-ntp true, or date -s)"})
	}
	// A token that pins another CA must not go out at all.
	if len(out) > 0 || c.Join.Token == "" {
		return out
	}
	if _, err := h.CheckToken(ctx, c.Join.Server, probe.CABundle, t); errors.Is(err, pki.ErrWrongToken) {
		out = append(out, Finding{ID: "token/rejected", Severity: Fatal, Seen: "token (" + c.Origin("token") + "): " + pki.ErrWrongToken.Error(),
			Why: "it is wrong or expired", Remedy: "copy the token from /var/lib/kove/server/node-token on " + c.Join.Server + ", or make one there with `kove token create`"})
	}
	return out
}
