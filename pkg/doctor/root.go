package doctor

import (
	"context"
	"fmt"
)

func root(_ context.Context, h Host, c Case) []Finding {
	id := h.UserID()
	if id == 0 {
		return nil
	}
	return []Finding{{ID: "root", Severity: Fatal,
		Seen: fmt.Sprintf("kove runs as user %d", id), Why: "mounts, network namespaces and containers need root",
		Remedy: fmt.Sprintf("run `sudo kove %s`", c.Role)}}
}

func running(_ context.Context, h Host, c Case) []Finding {
	socket := c.Paths.StatusSocket()
	if !h.Answers(socket) {
		return nil
	}
	return []Finding{{ID: "running", Severity: Fatal,
		Seen: "a kove answers on " + socket, Why: "two of them would write to the same files",
		Remedy: "look at it with `kove status`, stop it with `kove stop`, or give another --data-dir and --run-dir"}}
}
