package cni

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeAPI serves just enough of the Kubernetes API over a unix socket for informers: list, watch and watch-list of pods,
// nodes and subnets. It can be stopped and started again, keeping its objects.
type fakeAPI struct {
	t      testing.TB
	socket string

	mu      sync.Mutex // guards the fields below
	rv      int
	objects map[string]map[string]any // path of the collection → name → object
	watches map[*fakeWatch]struct{}
	server  *http.Server
	patches []string
}

type fakeWatch struct {
	collection string
	node       string
	events     chan any
}

var fakeKinds = map[string][2]string{
	"/api/v1/pods":                {"Pod", "v1"},
	"/api/v1/nodes":               {"Node", "v1"},
	"/apis/kubeovn.io/v1/subnets": {"Subnet", "kubeovn.io/v1"},
}

func newFakeAPI(t testing.TB, socket string) *fakeAPI {
	f := &fakeAPI{t: t, socket: socket, objects: map[string]map[string]any{}, watches: map[*fakeWatch]struct{}{}}
	for c := range fakeKinds {
		f.objects[c] = map[string]any{}
	}
	f.start()
	t.Cleanup(f.stop)
	return f
}

func (f *fakeAPI) start() {
	_ = os.Remove(f.socket)
	l, err := net.Listen("unix", f.socket)
	if err != nil {
		f.t.Fatal(err)
	}
	s := &http.Server{Handler: f}
	f.mu.Lock()
	f.server = s
	f.mu.Unlock()
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			f.t.Error(err)
		}
	}()
}

func (f *fakeAPI) stop() {
	f.mu.Lock()
	s := f.server
	f.mu.Unlock()
	_ = s.Close()
}

func (f *fakeAPI) set(collection, name, namespace string, object map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rv++
	meta, _ := object["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		object["metadata"] = meta
	}
	meta["name"], meta["resourceVersion"] = name, strconv.Itoa(f.rv)
	if namespace != "" {
		meta["namespace"] = namespace
	}
	object["kind"], object["apiVersion"] = fakeKinds[collection][0], fakeKinds[collection][1]
	kind := "MODIFIED"
	if _, ok := f.objects[collection][namespace+"/"+name]; !ok {
		kind = "ADDED"
	}
	f.objects[collection][namespace+"/"+name] = object
	f.tell(collection, kind, object)
}

func (f *fakeAPI) delete(collection, name, namespace string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rv++
	if o, ok := f.objects[collection][namespace+"/"+name]; ok {
		delete(f.objects[collection], namespace+"/"+name)
		f.tell(collection, "DELETED", o.(map[string]any))
	}
}

func (f *fakeAPI) tell(collection, kind string, object map[string]any) {
	for w := range f.watches {
		if w.collection == collection && onNode(object, w.node) {
			w.events <- map[string]any{"type": kind, "object": clone(object)}
		}
	}
}

func clone(o any) json.RawMessage {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return b
}

func onNode(object any, node string) bool {
	if node == "" {
		return true
	}
	spec, _ := object.(map[string]any)["spec"].(map[string]any)
	return spec["nodeName"] == node
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	q := r.URL.Query()
	kind, ok := fakeKinds[r.URL.Path]
	if r.Method == http.MethodPatch {
		f.mu.Lock()
		f.patches = append(f.patches, r.URL.Path)
		f.mu.Unlock()
		fmt.Fprint(w, `{"kind":"Node","apiVersion":"v1"}`)
		return
	}
	if !ok {
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":404}`, http.StatusNotFound)
		return
	}
	node := strings.TrimPrefix(q.Get("fieldSelector"), "spec.nodeName=")
	f.mu.Lock()
	var items []any
	for _, o := range f.objects[r.URL.Path] {
		if onNode(o, node) {
			items = append(items, clone(o))
		}
	}
	rv := strconv.Itoa(f.rv)
	if q.Get("watch") == "" {
		f.mu.Unlock()
		if items == nil {
			items = []any{}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": kind[0] + "List", "apiVersion": kind[1], "metadata": map[string]any{"resourceVersion": rv}, "items": items})
		return
	}
	watch := &fakeWatch{r.URL.Path, node, make(chan any, 1000)}
	if q.Get("sendInitialEvents") == "true" {
		for _, o := range items {
			watch.events <- map[string]any{"type": "ADDED", "object": o}
		}
		watch.events <- map[string]any{"type": "BOOKMARK", "object": map[string]any{"kind": kind[0], "apiVersion": kind[1],
			"metadata": map[string]any{"resourceVersion": rv, "annotations": map[string]any{"k8s.io/initial-events-end": "true"}}}}
	}
	if from, err := strconv.Atoi(q.Get("resourceVersion")); err == nil && q.Get("sendInitialEvents") == "" {
		for _, o := range f.objects[r.URL.Path] { // what happened between the list and this watch
			at, _ := strconv.Atoi(o.(map[string]any)["metadata"].(map[string]any)["resourceVersion"].(string))
			if at > from && onNode(o, node) {
				watch.events <- map[string]any{"type": "MODIFIED", "object": clone(o)}
			}
		}
	}
	f.watches[watch] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.watches, watch)
		f.mu.Unlock()
	}()
	w.(http.Flusher).Flush()
	for {
		select {
		case e := <-watch.events:
			if json.NewEncoder(w).Encode(e) != nil {
				return
			}
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}
