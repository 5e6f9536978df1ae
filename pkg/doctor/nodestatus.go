package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/kove-io/kove/pkg/supervise"
)

func statusCheck() Check {
	return Check{Name: "status", About: "the components of the kove that runs here", Roles: Roles(), Run: nodeStatus, Finds: []Explanation{
		{"status/component", Fatal, "A component of the running kove is not ready. `kove status` shows it with its last error; logs of child processes are in <data-dir>/agent/logs, kove's own in `journalctl -u kove` or where it was started. One that was just started needs some seconds."},
		{"status/node", Fatal, "Kubernetes says that this node is not ready, so pods are not scheduled here. The message names the reason; most often the network is not ready yet (ovn-controller has no connection to a server) or the disk is full."},
		{"status/restarts", Warning, "A component of the running kove was restarted more than three times. It works now; `kove status` shows its last error, its log says more."},
	}}
}

func nodeStatus(ctx context.Context, h Host, c Case) []Finding {
	if !c.Running {
		return nil
	}
	s, err := h.Status(ctx, c.Paths.StatusSocket())
	if err != nil {
		return nil // it is root's, or just stopped
	}
	var out []Finding
	for _, part := range s.Components {
		switch {
		case part.State != supervise.Ready:
			seen := fmt.Sprintf("%s is %s", part.Name, part.State)
			if part.Error != "" {
				seen += ": " + part.Error
			}
			out = append(out, Finding{"status/component", Fatal, seen, "this node does not work, or only in part", "look at `kove status` and at its log in " + c.Paths.Agent("logs")})
		case part.Restarts > 3:
			out = append(out, Finding{"status/restarts", Warning, strings.TrimSuffix(fmt.Sprintf("%s was restarted %d times: %s", part.Name, part.Restarts, part.Error), ": "), "it works now, but something is wrong", "look at its log in " + c.Paths.Agent("logs")})
		}
	}
	if k := s.Kubernetes; k != nil && !k.NodeReady {
		out = append(out, Finding{"status/node", Fatal, "Kubernetes says that the node is not ready: " + k.Message, "pods are not scheduled here", "see `kove kubectl describe node " + s.Node + "`"})
	}
	return out
}
