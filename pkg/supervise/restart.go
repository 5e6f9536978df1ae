package supervise

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// BackoffPolicy says how long Restart waits before it starts a component again: Min after the first failure, twice as
// long after each further one up to Max, Min again once a run has lasted Reset. Zero values mean 250 ms, 10 s and 30 s.
type BackoffPolicy struct{ Min, Max, Reset time.Duration }

func (b BackoffPolicy) withDefaults() BackoffPolicy {
	if b.Min == 0 {
		b.Min = 250 * time.Millisecond
	}
	if b.Max == 0 {
		b.Max = 10 * time.Second
	}
	if b.Reset == 0 {
		b.Reset = 30 * time.Second
	}
	return b
}

// Restart wraps c so that it is run again whenever it returns, until its context is done. It is meant for child processes
// and clients, never for in-process Kubernetes components, whose failure has to end the process. Dependants see it as
// ready from the first time it was.
func Restart(c Component, policy BackoffPolicy, log *slog.Logger) Component {
	return &restart{c: c, policy: policy.withDefaults(), log: log}
}

type restart struct {
	c      Component
	policy BackoffPolicy
	log    *slog.Logger

	mu       sync.Mutex // guards the fields below
	restarts int
	state    State
	since    time.Time
	err      error
}

func (r *restart) Name() string { return r.c.Name() }

// Report fills in the wrapped component's state.
func (r *restart) Report(s *Status) {
	r.mu.Lock()
	s.Restarts, s.Err = r.restarts, r.err
	if s.State == Ready && r.state != "" {
		s.State, s.Since = r.state, r.since
	}
	r.mu.Unlock()
	if rep, ok := r.c.(Reporter); ok {
		rep.Report(s)
	}
}

func (r *restart) set(s State, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.since = s, time.Now()
	if err != nil {
		r.err = err
	}
}

func (r *restart) Run(ctx context.Context, ready func()) error {
	wait := r.policy.Min
	for {
		started := time.Now()
		r.set(Starting, nil)
		err := r.c.Run(ctx, func() { r.set(Ready, nil); ready() })
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			err = errors.New("returned although it was not asked to stop")
		}
		if time.Since(started) >= r.policy.Reset {
			wait = r.policy.Min
		}
		r.set(Backoff, err)
		r.log.Warn("component failed, starting it again", "component", r.c.Name(), "err", err, "wait", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, r.policy.Max)
		r.mu.Lock()
		r.restarts++
		r.mu.Unlock()
	}
}
