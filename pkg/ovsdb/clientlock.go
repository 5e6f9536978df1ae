package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// clientLock is a lock of the server (RFC 7047 section 4.1.8) that somebody waits for or owns, on one connection.
type clientLock struct {
	ctx   context.Context // done once the lock is not ours, or the connection is gone
	lose  context.CancelFunc
	owned chan struct{} // closed once it is ours; by the reader alone
}

func (k *clientLock) own() {
	select {
	case <-k.owned:
	default:
		close(k.owned)
	}
}

// unlockTimeout is how long release waits for a server that does not answer.
const unlockTimeout = 5 * time.Second

// Lock waits until this client owns a lock of the server, over reconnections if need be. held is done when the lock is lost:
// stolen, the connection broken, or ctx done. release gives it back; when it returns, the server has executed or dropped
// whatever was sent to it before. A client can ask for a name once at a time.
//
// Owning a lock is no promise by itself, since the server may give it away before the client hears of it: transactions that
// need it carry AssertLock.
func (c *Client) Lock(ctx context.Context, name string) (held context.Context, release func(), err error) {
	for {
		l, err := c.wait(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("waiting for lock %s: %w", name, err)
		}
		k := &clientLock{owned: make(chan struct{})}
		k.ctx, k.lose = context.WithCancel(l.ctx)
		c.mu.Lock()
		if c.locks[name] != nil {
			c.mu.Unlock()
			k.lose()
			return nil, nil, fmt.Errorf("waiting for lock %s: this client has asked for it already", name)
		}
		c.locks[name] = k
		c.mu.Unlock()
		stop := context.AfterFunc(ctx, k.lose)
		release := func() {
			stop()
			k.lose()
			c.unlock(l, name)
		}
		_, err = c.call(ctx, l, "lock", appendNames(nil, []string{name}), func(v any) error {
			m, _ := v.(map[string]any)
			if locked, _ := m["locked"].(bool); locked {
				k.own()
			}
			return nil
		})
		if err == nil {
			select {
			case <-k.owned:
				return k.ctx, release, nil
			case <-k.ctx.Done():
			}
		}
		release()
		switch {
		case ctx.Err() != nil:
			return nil, nil, fmt.Errorf("waiting for lock %s: %w", name, ctx.Err())
		case err != nil && !errors.Is(err, errLost):
			return nil, nil, fmt.Errorf("waiting for lock %s: %w", name, err)
		}
	}
}

func (c *Client) unlock(l *link, name string) {
	if l.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(l.ctx, unlockTimeout)
		defer cancel()
		// An error means that the connection is gone, and the lock with it, or that the server knows of no lock.
		_, _ = c.call(ctx, l, "unlock", appendNames(nil, []string{name}), nil)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.locks, name)
}

// lockChanged takes the notifications locked and stolen.
func (c *Client) lockChanged(method string, params []any) {
	if len(params) == 0 {
		return
	}
	name, _ := params[0].(string)
	c.mu.Lock()
	k := c.locks[name]
	c.mu.Unlock()
	switch {
	case k == nil: // it was given up
	case method == "locked":
		k.own()
	default:
		k.lose()
	}
}

// AssertLock makes a transaction fail if the client does not own a lock of the server (RFC 7047 section 5.2.10).
func AssertLock(name string) Op { return Op{Kind: OpAssert, Lock: name} }

// Echo waits until the server has executed or dropped whatever was sent to it before. Without a connection there is nothing
// to wait for.
func (c *Client) Echo(ctx context.Context) error {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	_, err := c.call(ctx, l, "echo", []byte("[]"), nil)
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}
