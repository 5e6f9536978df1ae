package controllers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/client-go/rest"
)

// fakeAPI is an API server small enough to read: objects by resource, merge patches, finalizers, list and watch. What it
// does not know (validation, defaulting, admission) the tests must not rely on.
type fakeAPI struct {
	server *httptest.Server

	mu      sync.Mutex                   // guards everything below
	objects map[string]map[string]object // "group/plural" → "namespace/name"
	history []change
	version int
	changed chan struct{}
	writes  []string
}

type object = map[string]any

type change struct {
	resource, kind string // kind of event
	version        int
	object         object
}

func newFakeAPI(t *testing.T) *fakeAPI {
	f := &fakeAPI{objects: map[string]map[string]object{}, changed: make(chan struct{})}
	f.server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

func (f *fakeAPI) config() *rest.Config { return &rest.Config{Host: f.server.URL} }

// path is a request's target: /api/v1/namespaces/NS/pods/NAME/status and the like.
type path struct{ resource, namespace, name, subresource string }

func parsePath(p string) (path, bool) {
	parts := strings.Split(strings.Trim(p, "/"), "/")
	group := ""
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return path{}, false
	}
	var out path
	if parts[0] == "namespaces" && len(parts) > 2 {
		out.namespace, parts = parts[1], parts[2:]
	}
	out.resource = group + "/" + parts[0]
	if len(parts) > 1 {
		out.name = parts[1]
	}
	if len(parts) > 2 {
		out.subresource = parts[2]
	}
	return out, true
}

func meta(o object) object {
	m, _ := o["metadata"].(object)
	if m == nil {
		m = object{}
		o["metadata"] = m
	}
	return m
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func clone(o object) object {
	var out object
	data, _ := json.Marshal(o)
	_ = json.Unmarshal(data, &out)
	return out
}

// record stores an object (nil deletes) and tells watchers.
func (f *fakeAPI) record(resource, kind string, o object) {
	f.version++
	meta(o)["resourceVersion"] = strconv.Itoa(f.version)
	key := str(meta(o)["namespace"]) + "/" + str(meta(o)["name"])
	if f.objects[resource] == nil {
		f.objects[resource] = map[string]object{}
	}
	if kind == "DELETED" {
		delete(f.objects[resource], key)
	} else {
		f.objects[resource][key] = o
	}
	f.history = append(f.history, change{resource, kind, f.version, clone(o)})
	close(f.changed)
	f.changed = make(chan struct{})
}

// put creates or replaces an object, as a user would.
func (f *fakeAPI) put(resource string, o object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := str(meta(o)["namespace"]) + "/" + str(meta(o)["name"])
	if old, ok := f.objects[resource][key]; ok {
		merged := clone(old)
		for k, v := range o {
			if k != "metadata" {
				merged[k] = v
			}
		}
		for k, v := range meta(o) {
			meta(merged)[k] = v
		}
		f.record(resource, "MODIFIED", merged)
		return
	}
	f.create(resource, o)
}

func (f *fakeAPI) create(resource string, o object) {
	meta(o)["uid"] = fmt.Sprintf("uid-%d", f.version+1)
	meta(o)["creationTimestamp"] = time.Unix(1700000000+int64(f.version), 0).UTC().Format(time.RFC3339)
	f.record(resource, "ADDED", o)
}

// edit changes an object in place.
func (f *fakeAPI) edit(resource, key string, change func(object)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, ok := f.objects[resource][key]
	if !ok {
		return false
	}
	o := clone(old)
	change(o)
	f.record(resource, "MODIFIED", o)
	return true
}

func (f *fakeAPI) remove(resource, key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, ok := f.objects[resource][key]
	if !ok {
		return false
	}
	f.delete(resource, old)
	return true
}

func (f *fakeAPI) delete(resource string, old object) {
	o := clone(old)
	if finalizers, _ := meta(o)["finalizers"].([]any); len(finalizers) > 0 {
		if meta(o)["deletionTimestamp"] == nil {
			meta(o)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
			f.record(resource, "MODIFIED", o)
		}
		return
	}
	f.record(resource, "DELETED", o)
}

func (f *fakeAPI) get(resource, key string) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o, ok := f.objects[resource][key]; ok {
		return clone(o)
	}
	return nil
}

func (f *fakeAPI) list(resource string) []object {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sorted(resource, "", "")
}

func (f *fakeAPI) sorted(resource, namespace, selector string) []object {
	keys := []string{}
	for key, o := range f.objects[resource] {
		if (namespace == "" || strings.HasPrefix(key, namespace+"/")) && selected(o, selector) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out := []object{}
	for _, key := range keys {
		out = append(out, clone(f.objects[resource][key]))
	}
	return out
}

func selected(o object, selector string) bool {
	name, ok := strings.CutPrefix(selector, "metadata.name=")
	return !ok || str(meta(o)["name"]) == name
}

func (f *fakeAPI) writeCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.writes)
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/version" {
		answer(w, http.StatusOK, object{"gitVersion": "fake"})
		return
	}
	p, ok := parsePath(r.URL.Path)
	if !ok {
		fail(w, http.StatusNotFound, "NotFound", r.URL.Path)
		return
	}
	if r.Method == http.MethodGet && r.URL.Query().Get("watch") == "true" {
		f.watch(w, r, p)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := p.namespace + "/" + p.name
	old, exists := f.objects[p.resource][key]
	if r.Method != http.MethodGet && p.resource != "/events" {
		f.writes = append(f.writes, r.Method+" "+r.URL.Path)
	}
	var body object
	switch {
	case r.Method == http.MethodGet && p.name == "":
		items := f.sorted(p.resource, p.namespace, r.URL.Query().Get("fieldSelector"))
		answer(w, http.StatusOK, object{"kind": kindOf(p.resource) + "List", "apiVersion": apiVersionOf(p.resource), "metadata": object{"resourceVersion": strconv.Itoa(f.version)}, "items": items})
	case r.Method == http.MethodPost:
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			fail(w, http.StatusBadRequest, "BadRequest", err.Error())
			return
		}
		if p.namespace != "" {
			meta(body)["namespace"] = p.namespace
		}
		if _, dup := f.objects[p.resource][p.namespace+"/"+str(meta(body)["name"])]; dup {
			fail(w, http.StatusConflict, "AlreadyExists", str(meta(body)["name"]))
			return
		}
		f.create(p.resource, body)
		answer(w, http.StatusCreated, body)
	case !exists:
		fail(w, http.StatusNotFound, "NotFound", key)
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, old)
	case r.Method == http.MethodDelete:
		f.delete(p.resource, old)
		answer(w, http.StatusOK, object{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	case r.Method == http.MethodPatch:
		f.patch(w, r, p, old)
	default:
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method)
	}
}

func (f *fakeAPI) patch(w http.ResponseWriter, r *http.Request, p path, old object) {
	var patch object
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		fail(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	if v := str(meta(patch)["resourceVersion"]); v != "" && v != str(meta(old)["resourceVersion"]) {
		fail(w, http.StatusConflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again")
		return
	}
	// As the real one: the status subresource changes nothing else, the object itself not its status.
	if p.subresource == "status" {
		patch = object{"status": patch["status"]}
	} else if p.resource == "kubeovn.io/subnets" || p.resource == "kubeovn.io/vpcs" {
		delete(patch, "status")
	}
	before, _ := json.Marshal(old)
	diff, _ := json.Marshal(patch)
	after, err := jsonpatch.MergePatch(before, diff)
	if err != nil {
		fail(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	var o object
	_ = json.Unmarshal(after, &o)
	meta(o)["resourceVersion"] = meta(old)["resourceVersion"]
	again, _ := json.Marshal(o)
	finalizers, _ := meta(o)["finalizers"].([]any)
	switch {
	case meta(o)["deletionTimestamp"] != nil && len(finalizers) == 0:
		f.record(p.resource, "DELETED", o)
	case string(again) != string(before):
		f.record(p.resource, "MODIFIED", o)
	}
	answer(w, http.StatusOK, o)
}

func (f *fakeAPI) watch(w http.ResponseWriter, r *http.Request, p path) {
	q := r.URL.Query()
	send := json.NewEncoder(w)
	w.Header().Set("Content-Type", "application/json")
	from, _ := strconv.Atoi(q.Get("resourceVersion"))
	if q.Get("sendInitialEvents") == "true" {
		f.mu.Lock()
		items := f.sorted(p.resource, p.namespace, q.Get("fieldSelector"))
		from = f.version
		f.mu.Unlock()
		var example object
		for _, o := range items {
			example = o
			_ = send.Encode(object{"type": "ADDED", "object": o})
		}
		bookmark := object{"kind": kindOf(p.resource), "apiVersion": apiVersionOf(p.resource), "metadata": object{
			"resourceVersion": strconv.Itoa(from), "annotations": object{"k8s.io/initial-events-end": "true"},
		}}
		_ = example
		_ = send.Encode(object{"type": "BOOKMARK", "object": bookmark})
	}
	flush := w.(http.Flusher).Flush
	flush()
	for {
		f.mu.Lock()
		var out []change
		for _, c := range f.history {
			if c.version > from && c.resource == p.resource && selected(c.object, q.Get("fieldSelector")) {
				out = append(out, c)
			}
		}
		from = f.version
		changed := f.changed
		f.mu.Unlock()
		for _, c := range out {
			if send.Encode(object{"type": c.kind, "object": c.object}) != nil {
				return
			}
		}
		flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// kinds that the controllers watch, by resource.
var kinds = map[string][2]string{
	"/namespaces": {"Namespace", "v1"}, "/nodes": {"Node", "v1"}, "/pods": {"Pod", "v1"}, "/services": {"Service", "v1"}, "/configmaps": {"ConfigMap", "v1"},
	"discovery.k8s.io/endpointslices": {"EndpointSlice", "discovery.k8s.io/v1"}, "apps/statefulsets": {"StatefulSet", "apps/v1"},
	"kubeovn.io/vpcs": {"Vpc", "kubeovn.io/v1"}, "kubeovn.io/subnets": {"Subnet", "kubeovn.io/v1"}, "kubeovn.io/ips": {"IP", "kubeovn.io/v1"},
}

func kindOf(resource string) string       { return kinds[resource][0] }
func apiVersionOf(resource string) string { return kinds[resource][1] }

func resourceOf(kind string) string {
	for resource, k := range kinds {
		if k[0] == kind {
			return resource
		}
	}
	return ""
}

func answer(w http.ResponseWriter, code int, o object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(o)
}

func fail(w http.ResponseWriter, code int, reason, message string) {
	answer(w, code, object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message})
}
