package ovs

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"
)

// Unixctl sends one command to a program's control socket (ovs-appctl(8)) and returns its answer. The protocol is
// JSON-RPC 1.0 on a unix stream socket.
func Unixctl(ctx context.Context, socket, command string, args ...string) (string, error) {
	if args == nil {
		args = []string{}
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return "", fmt.Errorf("asking %s for %q: %w", socket, command, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := struct {
		ID     int      `json:"id"`
		Method string   `json:"method"`
		Params []string `json:"params"`
	}{0, command, args}
	if err := json.NewEncoder(c).Encode(request); err != nil {
		return "", fmt.Errorf("asking %s for %q: %w", socket, command, err)
	}
	var reply struct {
		Result *string `json:"result"`
		Error  *string `json:"error"`
	}
	if err := json.NewDecoder(c).Decode(&reply); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("reading the answer of %s to %q: %w", socket, command, err)
	}
	if reply.Error != nil {
		return "", fmt.Errorf("asking %s for %q: %s", socket, command, *reply.Error)
	}
	if reply.Result == nil {
		return "", nil
	}
	return *reply.Result, nil
}
