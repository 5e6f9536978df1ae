package supervise

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// journal collects what happened, in order.
type journal struct {
	mu     sync.Mutex
	events []string
}

func (j *journal) add(e string) { j.mu.Lock(); j.events = append(j.events, e); j.mu.Unlock() }

func (j *journal) index(t *testing.T, e string) int {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.Index(j.events, e)
	if i < 0 {
		t.Fatalf("%q did not happen: %v", e, j.events)
	}
	return i
}

func (j *journal) before(t *testing.T, a, b string) {
	t.Helper()
	if j.index(t, a) >= j.index(t, b) {
		t.Errorf("%q did not come before %q: %v", a, b, j.events)
	}
}

func (j *journal) component(name string) Component {
	return Func(name, func(ctx context.Context, ready func()) error {
		j.add("start " + name)
		ready()
		<-ctx.Done()
		j.add("stop " + name)
		return ctx.Err()
	})
}

func TestGroupOrder(t *testing.T) {
	j, g := &journal{}, NewGroup(quiet())
	db := g.Add(j.component("db"))
	api := g.Add(j.component("api"), After(db))
	g.Add(j.component("kubelet"), After(api, nil))
	g.Add(j.component("scheduler"), After(api))
	g.Add(j.component("alone"))

	ctx, cancel := context.WithCancel(context.Background())
	g.OnReady = func() {
		j.add("group ready")
		for _, s := range g.Status() {
			if s.State != Ready {
				t.Errorf("%s is %s when the group is ready", s.Name, s.State)
			}
		}
		cancel()
	}
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]string{
		{"start db", "start api"}, {"start api", "start kubelet"}, {"start api", "start scheduler"},
		{"stop kubelet", "stop api"}, {"stop scheduler", "stop api"}, {"stop api", "stop db"},
		{"start alone", "group ready"}, {"start kubelet", "group ready"},
	} {
		j.before(t, p[0], p[1])
	}
	for _, s := range g.Status() {
		if s.State != Stopped {
			t.Errorf("%s is %s at the end", s.Name, s.State)
		}
	}
}

func TestGroupFailureStopsTheRestInOrder(t *testing.T) {
	j, g := &journal{}, NewGroup(quiet())
	boom := errors.New("boom")
	db := g.Add(j.component("db"))
	api := g.Add(j.component("api"), After(db))
	bad := g.Add(Func("bad", func(ctx context.Context, ready func()) error { ready(); return boom }), After(api))
	never := Func("never", func(ctx context.Context, ready func()) error {
		t.Error("a component started although its dependency failed")
		return nil
	})
	g.Add(Func("slow", func(ctx context.Context, ready func()) error { <-ctx.Done(); return nil }), After(bad))
	slow := g.Add(Func("unready", func(ctx context.Context, ready func()) error { <-ctx.Done(); return nil }))
	g.Add(never, After(slow))

	err := g.Run(context.Background())
	if !errors.Is(err, boom) || !strings.HasPrefix(err.Error(), "bad: ") {
		t.Fatalf("got %v", err)
	}
	j.before(t, "stop api", "stop db")
	for _, s := range g.Status() {
		if want := map[bool]State{true: Failed, false: Stopped}[s.Name == "bad"]; s.State != want {
			t.Errorf("%s is %s, want %s", s.Name, s.State, want)
		}
	}
}

func TestGroupReturningEarlyIsFailure(t *testing.T) {
	g := NewGroup(quiet())
	g.Add(Func("quitter", func(ctx context.Context, ready func()) error { ready(); return nil }))
	if err := g.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "quitter") {
		t.Fatalf("got %v", err)
	}
}

func TestGroupLeavesBehindWhatDoesNotStop(t *testing.T) {
	j, g := &journal{}, NewGroup(quiet())
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	db := g.Add(j.component("db"))
	g.Add(Func("stuck", func(ctx context.Context, ready func()) error { ready(); <-release; return nil }),
		After(db), StopTimeout(50*time.Millisecond))
	ctx, cancel := context.WithCancel(context.Background())
	g.OnReady = cancel
	if err := g.Run(ctx); err != nil { // the other one stops at the end of the test only
		t.Fatal(err)
	}
	j.index(t, "stop db")
}

func TestRestart(t *testing.T) {
	g := NewGroup(quiet())
	runs := 0
	third := make(chan struct{})
	flaky := Func("flaky", func(ctx context.Context, ready func()) error {
		runs++
		ready()
		if runs < 3 {
			return errors.New("falling over")
		}
		close(third)
		<-ctx.Done()
		return nil
	})
	g.Add(Restart(flaky, BackoffPolicy{Min: time.Millisecond}, quiet()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	<-third
	s := g.Status()[0]
	if s.Restarts != 2 || s.Err == nil || s.State != Ready {
		t.Errorf("status %+v", s)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
