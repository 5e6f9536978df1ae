package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// State is where a component stands in its life.
type State string

const (
	Waiting  State = "waiting"  // a dependency is not ready yet
	Starting State = "starting" // Run was called, ready was not
	Ready    State = "ready"
	Backoff  State = "backoff" // failed, waiting to be restarted (components wrapped by Restart)
	Stopping State = "stopping"
	Stopped  State = "stopped"
	Failed   State = "failed"
)

// Status is a snapshot of one component.
type Status struct {
	Name     string
	State    State
	Since    time.Time // when State was entered
	Restarts int       // how often Restart started it again
	PID      int       // of a child process, else 0
	Err      error     // why it failed last
}

// Reporter is implemented by components that know more about themselves than the group does (Restart, Process).
type Reporter interface {
	Report(*Status)
}

// Handle names a component within its Group; dependency edges are written with handles.
type Handle struct{ n *node }

type node struct {
	c           Component
	deps        []*node
	dependants  []*node
	stopTimeout time.Duration

	ready chan struct{} // closed when the component calls ready
	done  chan struct{} // closed when Run has returned, or will not be waited for

	mu    sync.Mutex // guards the fields below
	state State
	since time.Time
	err   error
}

// Group starts components when their dependencies are ready and stops them in the reverse order: a component's context
// is cancelled only after every component that depends on it has returned. The first component that fails stops the group.
type Group struct {
	log *slog.Logger

	// OnReady is called once, when every component is ready.
	OnReady func()
	// OnChange is called whenever a component changes its state. Calls come from several goroutines.
	OnChange func(Status)

	mu    sync.Mutex // guards nodes until Run, which freezes them
	nodes []*node
	runs  bool
}

// NewGroup returns an empty group that logs the life of its components.
func NewGroup(log *slog.Logger) *Group { return &Group{log: log} }

// Option adjusts how the group treats one component.
type Option func(*node)

// After makes the component start only when all of deps are ready, and stop before any of them. Nil handles are ignored,
// so that optional components need no special case.
func After(deps ...*Handle) Option {
	return func(n *node) {
		for _, d := range deps {
			if d != nil {
				n.deps = append(n.deps, d.n)
				d.n.dependants = append(d.n.dependants, n)
			}
		}
	}
}

// StopTimeout bounds how long the group waits for the component's Run to return after its context is cancelled. When it
// is over the component is left behind with a warning. The default is 10 s.
func StopTimeout(d time.Duration) Option { return func(n *node) { n.stopTimeout = d } }

// Add registers c. All components are added before Run; a dependency has to be added before its dependants, so cycles
// cannot be written down.
func (g *Group) Add(c Component, opts ...Option) *Handle {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.runs {
		panic("supervise: adding " + c.Name() + " to a running group")
	}
	n := &node{c: c, stopTimeout: 10 * time.Second, ready: make(chan struct{}), done: make(chan struct{}),
		state: Waiting, since: time.Now()}
	for _, o := range opts {
		o(n)
	}
	g.nodes = append(g.nodes, n)
	return &Handle{n}
}

// Status returns a snapshot of every component in the order they were added.
func (g *Group) Status() []Status {
	g.mu.Lock()
	nodes := slices.Clone(g.nodes)
	g.mu.Unlock()
	out := make([]Status, len(nodes))
	for i, n := range nodes {
		out[i] = n.status()
	}
	return out
}

func (n *node) status() Status {
	n.mu.Lock()
	s := Status{Name: n.c.Name(), State: n.state, Since: n.since, Err: n.err}
	n.mu.Unlock()
	if r, ok := n.c.(Reporter); ok && s.State != Waiting && s.State != Stopped && s.State != Failed {
		r.Report(&s)
	}
	return s
}

func (g *Group) set(n *node, s State, err error) {
	n.mu.Lock()
	n.state, n.since, n.err = s, time.Now(), err
	n.mu.Unlock()
	if g.OnChange != nil {
		g.OnChange(n.status())
	}
}

// Run starts everything and blocks until ctx is done (nil is returned) or a component failed (its error is returned). In
// both cases every component has been stopped on return, except those that outlasted their StopTimeout.
func (g *Group) Run(ctx context.Context) error {
	g.mu.Lock()
	if g.runs {
		g.mu.Unlock()
		return errors.New("running a component group twice")
	}
	g.runs = true
	g.mu.Unlock()

	// stop is cancelled by the caller or by the first failure. Component contexts are not derived from it: they end one
	// by one, dependants first.
	stop, failed := context.WithCancelCause(ctx)
	defer failed(nil)

	var wg sync.WaitGroup
	for _, n := range g.nodes {
		wg.Go(func() { g.supervise(stop, failed, n) })
	}
	wg.Go(func() {
		for _, n := range g.nodes {
			select {
			case <-n.ready:
			case <-stop.Done():
				return
			}
		}
		if g.OnReady != nil {
			g.OnReady()
		}
	})
	wg.Wait()

	if cause := context.Cause(stop); ctx.Err() == nil && cause != nil {
		return cause
	}
	return nil
}

// supervise runs one component from waiting for its dependencies until it has stopped.
func (g *Group) supervise(stop context.Context, failed context.CancelCauseFunc, n *node) {
	defer close(n.done)
	for _, d := range n.deps {
		select {
		case <-d.ready:
		case <-stop.Done():
			g.set(n, Stopped, nil)
			return
		}
	}
	if stop.Err() != nil {
		g.set(n, Stopped, nil)
		return
	}

	run, cancel := context.WithCancel(context.WithoutCancel(stop))
	defer cancel()
	started := time.Now()
	g.set(n, Starting, nil)
	var once sync.Once
	ready := func() {
		once.Do(func() {
			g.log.Info("component ready", "component", n.c.Name(), "took", time.Since(started).Round(time.Millisecond))
			g.set(n, Ready, nil)
			close(n.ready)
		})
	}
	result := make(chan error, 1)
	go func() { result <- n.c.Run(run, ready) }()

	select {
	case err := <-result:
		g.fail(failed, n, err)
		return
	case <-stop.Done():
	}
	for _, d := range n.dependants {
		select {
		case <-d.done:
		case err := <-result: // it fell over while its dependants were stopping
			g.fail(failed, n, err)
			return
		}
	}
	g.set(n, Stopping, nil)
	cancel()
	timeout := time.NewTimer(n.stopTimeout)
	defer timeout.Stop()
	began := time.Now()
	select {
	case err := <-result:
		if err != nil && !errors.Is(err, context.Canceled) {
			g.log.Warn("component stopped", "component", n.c.Name(), "err", err, "took", time.Since(began).Round(time.Millisecond))
		} else {
			g.log.Debug("component stopped", "component", n.c.Name(), "took", time.Since(began).Round(time.Millisecond))
		}
		g.set(n, Stopped, nil)
	case <-timeout.C:
		g.log.Warn("component did not stop in time, leaving it behind", "component", n.c.Name(), "took", n.stopTimeout)
		g.set(n, Stopped, nil)
	}
}

func (g *Group) fail(failed context.CancelCauseFunc, n *node, err error) {
	if err == nil {
		err = errors.New("returned although it was not asked to stop")
	}
	// At once: a component of somebody else's may end the whole process when it is stopped in the middle of its start, as
	// Kubernetes' do with exit status 255, and nobody would learn why.
	g.log.Error("component failed", "component", n.c.Name(), "err", err)
	err = fmt.Errorf("%s: %w", n.c.Name(), err)
	g.set(n, Failed, err)
	failed(err)
}

// Pending describes the components that are not ready, for messages such as "waiting for kubelet (starting for 12s)".
func (g *Group) Pending() string {
	var out []string
	for _, s := range g.Status() {
		if s.State != Ready {
			out = append(out, fmt.Sprintf("%s (%s for %s)", s.Name, s.State, time.Since(s.Since).Round(time.Second)))
		}
	}
	return strings.Join(out, ", ")
}

// Func makes a Component of a name and a function.
func Func(name string, run func(ctx context.Context, ready func()) error) Component {
	return funcComponent{name, run}
}

type funcComponent struct {
	name string
	run  func(ctx context.Context, ready func()) error
}

func (f funcComponent) Name() string                                { return f.name }
func (f funcComponent) Run(ctx context.Context, ready func()) error { return f.run(ctx, ready) }
