package ovsdb

import (
	"context"
	"errors"
	"fmt"
)

// serverMonitor is the name of the monitor of the _Server database.
const serverMonitor = "_server"

// serverState is what the _Server database of a server says of ours (ovsdb-server(5)).
type serverState struct {
	known     bool // there is such a row
	model     string
	connected bool
	leader    bool
	index     int64
}

// serverRequest asks for _Server; it has no update2 where an older server would know of none.
const serverRequest = `["_Server","` + serverMonitor + `",{"Database":[{"columns":["name","model","connected","leader","index"]}]}]`

// askServer reads what the server says of itself, and follows it from then on. Servers without a _Server database are taken
// as they are.
func (c *Client) askServer(ctx context.Context, l *link) error {
	c.mu.Lock()
	c.server = map[string]serverState{}
	c.mu.Unlock()
	_, err := c.call(ctx, l, "monitor", []byte(serverRequest), c.serverUpdate)
	var e *Error
	if errors.As(err, &e) {
		return nil
	}
	return err
}

// serverUpdate takes a <table-updates>; an error says why this server is not the one to talk to.
func (c *Client) serverUpdate(v any) error {
	tables, _ := v.(map[string]any)
	rows, _ := tables["Database"].(map[string]any)
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, u := range rows {
		m, _ := u.(map[string]any)
		n, ok := m["new"].(map[string]any)
		if name, _ := n["name"].(string); !ok || name != c.name {
			delete(c.server, id)
			continue
		}
		s := serverState{known: true}
		s.model, _ = n["model"].(string)
		s.connected, _ = n["connected"].(bool)
		s.leader, _ = n["leader"].(bool)
		s.index, _ = n["index"].(int64) // an empty set elsewhere than in a cluster
		c.server[id] = s
	}
	var s serverState
	for _, s = range c.server {
	}
	switch {
	case !s.known:
		return fmt.Errorf("%w %s", errNoDatabase, c.name)
	case s.model == "standalone" || s.model == "":
		return nil
	case !s.connected:
		return fmt.Errorf("the server has lost its %s", map[string]string{"clustered": "cluster", "relay": "source"}[s.model])
	case c.opts.LeaderOnly && !s.leader:
		return errors.New("the server is not the leader of its cluster")
	case s.index < c.minIndex:
		return fmt.Errorf("the server's data are stale: it is at index %d, this client has seen %d", s.index, c.minIndex)
	}
	c.minIndex = s.index
	return nil
}

// ResetIndex makes the client forget how far it has seen a clustered database come, so that it accepts one that was made
// anew (ovn-northd(8), sb-cluster-state-reset).
func (c *Client) ResetIndex() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.minIndex = 0
}

// WaitSchema returns the schema that the server has, when there is a connection.
func (c *Client) WaitSchema(ctx context.Context) (*Schema, error) {
	if _, err := c.wait(ctx); err != nil {
		return nil, err
	}
	return c.Schema(), nil
}
