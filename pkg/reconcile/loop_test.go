package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

// fakeNB remembers what is applied and answers with err.
type fakeNB struct {
	applied []nb.Owner
	err     error
	waiting []func()
}

func (f *fakeNB) Apply(_ context.Context, o nb.Owner, _ nb.Desired) error {
	f.applied = append(f.applied, o)
	return f.err
}

func (f *fakeNB) WhenPresent(_, _ string, then func()) { f.waiting = append(f.waiting, then) }

// api records writes and answers with a status.
type api struct {
	mu     sync.Mutex // guards both
	writes []string
	status int
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	text, _ := json.Marshal(body)
	a.writes = append(a.writes, r.Method+" "+r.URL.Path+" "+string(text))
	w.Header().Set("Content-Type", "application/json")
	if a.status != 0 {
		w.WriteHeader(a.status)
		reason := map[int]metav1.StatusReason{http.StatusConflict: metav1.StatusReasonConflict, http.StatusNotFound: metav1.StatusReasonNotFound}[a.status]
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: reason, Code: int32(a.status)})
		return
	}
	_ = json.NewEncoder(w).Encode(corev1.Node{TypeMeta: metav1.TypeMeta{Kind: "Node", APIVersion: "v1"}})
}

type fixture struct {
	loop   *Loop
	nb     *fakeNB
	api    *api
	events *record.FakeRecorder
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{nb: &fakeNB{}, api: &api{}, events: record.NewFakeRecorder(100)}
	server := httptest.NewServer(f.api)
	t.Cleanup(server.Close)
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	cluster, err := NewCluster(&rest.Config{Host: server.URL}, scheme, Resource{GroupVersionResource: corev1.SchemeGroupVersion.WithResource("nodes"), Kind: "Node"})
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	f.loop = New(cluster, f.nb, f.events, metrics, slog.New(slog.DiscardHandler))
	return f
}

func (f *fixture) run(t *testing.T, obj *corev1.Node, finalizer string, plan func(int) Plan) error {
	t.Helper()
	return reconcile(t.Context(), f.loop, Kind[*corev1.Node, int]{
		Name: "Node", Finalizer: finalizer,
		Gather: func(context.Context, Key, *corev1.Node) (int, error) { return 1, nil },
		Plan:   plan,
	}, Key{Name: "n"}, obj)
}

func node(change func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", ResourceVersion: "7"}}
	if change != nil {
		change(n)
	}
	return n
}

var owner = nb.Owner{Kind: "Node", Name: "n"}

func withRows(p Plan) func(int) Plan {
	p.Rows = map[nb.Owner]nb.Desired{owner: {}}
	return func(int) Plan { return p }
}

func TestRowsBeforeWrites(t *testing.T) {
	f := newFixture(t)
	write := Write{Ref: Ref{Kind: "Node", Key: Key{Name: "n"}}, Patch: Annotate(map[string]string{"a": "b", "c": ""})}
	if err := f.run(t, node(nil), "", withRows(Plan{Writes: []Write{write}})); err != nil {
		t.Fatal(err)
	}
	want := []string{`PATCH /api/v1/nodes/n {"metadata":{"annotations":{"a":"b","c":null}}}`}
	if !slices.Equal(f.api.writes, want) || len(f.nb.applied) != 1 {
		t.Fatalf("wrote %q after %v", f.api.writes, f.nb.applied)
	}

	f = newFixture(t)
	f.nb.err = errors.New("no space")
	if err := f.run(t, node(nil), "", withRows(Plan{Writes: []Write{write}})); err == nil || len(f.api.writes) != 0 {
		t.Fatalf("err %v, wrote %q although the rows were refused", err, f.api.writes)
	}
}

func TestMissingRowIsWaitedFor(t *testing.T) {
	f := newFixture(t)
	f.nb.err = &nb.MissingError{Table: "Logical_Switch", Name: "s"}
	if err := f.run(t, node(nil), "", withRows(Plan{Writes: []Write{{Delete: true, Ref: Ref{Kind: "Node"}}}})); err != nil {
		t.Fatalf("waiting is no failure: %v", err)
	}
	if len(f.nb.waiting) != 1 || len(f.api.writes) != 0 {
		t.Fatalf("%d waiters, wrote %q", len(f.nb.waiting), f.api.writes)
	}
	f.nb.waiting[0]() // must not block or panic before the workers run
}

func TestFinalizer(t *testing.T) {
	const ours = "kove.test/f"
	never := func(int) Plan { panic("planned") }

	f := newFixture(t)
	if err := f.run(t, node(nil), ours, never); err != nil {
		t.Fatal(err)
	}
	if want := []string{`PATCH /api/v1/nodes/n {"metadata":{"finalizers":["kove.test/f"],"resourceVersion":"7"}}`}; !slices.Equal(f.api.writes, want) {
		t.Fatalf("an object without the finalizer: %q", f.api.writes)
	}

	going := func(finalizers ...string) *corev1.Node {
		return node(func(n *corev1.Node) {
			n.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			n.Finalizers = finalizers
		})
	}
	f = newFixture(t)
	if err := f.run(t, going("other", ours), ours, withRows(Plan{})); err != nil || len(f.api.writes) != 0 {
		t.Fatalf("held back: err %v, wrote %q", err, f.api.writes)
	}
	f = newFixture(t)
	if err := f.run(t, going("other", ours), ours, withRows(Plan{Finalized: true})); err != nil {
		t.Fatal(err)
	}
	if want := []string{`PATCH /api/v1/nodes/n {"metadata":{"finalizers":["other"],"resourceVersion":"7"}}`}; !slices.Equal(f.api.writes, want) {
		t.Fatalf("let go: %q", f.api.writes)
	}
	f = newFixture(t)
	if err := f.run(t, going("other"), ours, never); err != nil || len(f.api.writes) != 0 {
		t.Fatalf("an object that waits for others: err %v, wrote %q", err, f.api.writes)
	}
}

func TestPanicFailsOneObject(t *testing.T) {
	f := newFixture(t)
	err := f.run(t, node(nil), "", func(int) Plan { panic("nil map") })
	if err == nil || !strings.Contains(err.Error(), "planning Node n: nil map") {
		t.Fatalf("got %v", err)
	}
}

func TestWriteErrors(t *testing.T) {
	f := newFixture(t)
	patch := withRows(Plan{Writes: []Write{{Ref: Ref{Kind: "Node", Key: Key{Name: "n"}}, Patch: Annotate(map[string]string{"a": "b"})}}})
	f.api.status = http.StatusNotFound
	if err := f.run(t, node(nil), "", patch); err != nil {
		t.Fatalf("patching an object that is gone: %v", err)
	}
	f.api.status = http.StatusConflict
	if err := f.run(t, node(nil), "", patch); !apierrors.IsConflict(err) {
		t.Fatalf("a conflict came back as %v", err)
	}
}

func TestEventsAreNotRepeated(t *testing.T) {
	f := newFixture(t)
	say := func(message string) func(int) Plan {
		return func(int) Plan { return Plan{Events: []Event{Warning("Bad", message)}} }
	}
	for _, message := range []string{"a", "a", "b", "b", "a"} {
		if err := f.run(t, node(nil), "", say(message)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.run(t, nil, "", say("a")); err != nil { // gone: nobody to tell, and what was told is forgotten
		t.Fatal(err)
	}
	if err := f.run(t, node(nil), "", say("a")); err != nil {
		t.Fatal(err)
	}
	close(f.events.Events)
	var got []string
	for e := range f.events.Events {
		got = append(got, e)
	}
	if want := []string{"Warning Bad a", "Warning Bad b", "Warning Bad a", "Warning Bad a"}; !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}

	var n news
	now := time.Unix(0, 0)
	if !n.tell(Ref{}, Event{Reason: "r"}, now) || n.tell(Ref{}, Event{Reason: "r"}, now.Add(time.Minute)) || !n.tell(Ref{}, Event{Reason: "r"}, now.Add(repeatAfter)) {
		t.Fatal("an event that holds is to be told again after a while, and not before")
	}
}
