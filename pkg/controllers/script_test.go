package controllers

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

var (
	update  = flag.Bool("update", false, "rewrite what the scripts expect")
	verbose = flag.Bool("log", false, "show the controllers' log")
)

// patience bounds the wait for an expectation; it passes as soon as it holds.
const patience = 60 * time.Second

// TestScripts runs testdata/*.txtar: YAML goes in, the northbound database, annotations and events come out. A script is
// the archive's comment, one command per line:
//
//	apply FILE            create or change the objects of a file
//	edit KIND KEY PATH V  set one field, as kubectl patch would
//	delete KIND KEY
//	phase POD PHASE
//	start | stop | restart  the controllers; both databases stay
//	foreign               add rows that are not kove's
//	nb FILE               the database's rows become as in FILE
//	ips FILE              the IP objects do
//	annotations KIND KEY FILE
//	status KIND KEY FILE  likewise, without times
//	event TEXT            an event that contains TEXT was or is made
//	gone KIND KEY         the object disappears
//	finding TEXT          kove status is told; nofinding: it has nothing to tell
//	quiet                 nothing is written any more, and a restart writes nothing either
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newScript(t, archive)
			for i, line := range strings.Split(string(archive.Comment), "\n") {
				line = strings.TrimSpace(line)
				if line == "" || strings.HasPrefix(line, "#") {
					continue
				}
				if err := s.run(strings.Fields(line), line); err != nil {
					t.Fatalf("line %d: %s: %v", i+1, line, err)
				}
			}
			s.stop()
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type script struct {
	t       *testing.T
	archive *txtar.Archive
	api     *fakeAPI
	db      *ovsdb.Database
	running *Controllers
	stop    func()
}

func newScript(t *testing.T, archive *txtar.Archive) *script {
	s := &script{t: t, archive: archive, api: newFakeAPI(t), db: newNB(t), stop: func() {}}
	t.Cleanup(func() { s.stop() })
	s.api.put("/namespaces", object{"kind": "Namespace", "apiVersion": "v1", "metadata": object{"name": "default"}})
	return s
}

func newNB(t testing.TB) *ovsdb.Database {
	schema, err := ovsdb.ParseSchema(nb.SchemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(schema, ovsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (s *script) start() error {
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	c := New(Options{
		RESTConfig: s.api.config(), NB: s.db, Logger: log,
		ClusterCIDR: netip.MustParsePrefix("10.16.0.0/16"), JoinCIDR: netip.MustParsePrefix("100.64.0.0/16"), ServiceCIDR: netip.MustParsePrefix("10.43.0.0/16"),
	})
	s.running = c
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- c.Run(ctx, func() { close(ready) }) }()
	s.stop = func() {
		s.stop = func() {}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			s.t.Errorf("the controllers ended with %v", err)
		}
	}
	select {
	case <-ready:
		return nil
	case err := <-done:
		done <- err
		return fmt.Errorf("the controllers ended: %w", err)
	}
}

func (s *script) file(name string) (*txtar.File, error) {
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == name {
			return &s.archive.Files[i], nil
		}
	}
	if *update {
		s.archive.Files = append(s.archive.Files, txtar.File{Name: name})
		return &s.archive.Files[len(s.archive.Files)-1], nil
	}
	return nil, fmt.Errorf("the script has no file %s", name)
}

func (s *script) run(args []string, line string) error {
	switch args[0] {
	case "start":
		return s.start()
	case "stop":
		if err := s.settled(); err != nil {
			return err
		}
		s.stop()
		return nil
	case "finding", "nofinding":
		text := strings.TrimSpace(strings.TrimPrefix(line, "finding"))
		return s.eventually(func() error {
			all := strings.Join(s.running.Findings(), "\n")
			if (args[0] == "nofinding" && all != "") || (args[0] == "finding" && !strings.Contains(all, text)) {
				return fmt.Errorf("findings are %q", all)
			}
			return nil
		})
	case "restart":
		s.stop()
		return s.start()
	case "apply":
		f, err := s.file(args[1])
		if err != nil {
			return err
		}
		for _, doc := range bytes.Split(f.Data, []byte("\n---\n")) {
			var o object
			if err := yaml.Unmarshal(doc, &o); err != nil {
				return err
			}
			resource := resourceOf(str(o["kind"]))
			if meta(o)["namespace"] == nil && slices.Contains([]string{"Pod", "Service", "EndpointSlice", "StatefulSet", "ConfigMap"}, str(o["kind"])) {
				meta(o)["namespace"] = "default"
			}
			s.api.put(resource, o)
		}
		return nil
	case "delete":
		if !s.api.remove(resourceOf(args[1]), fullKey(args[2])) {
			return errors.New("there is no such object")
		}
		return nil
	case "phase":
		if !s.api.edit("/pods", fullKey(args[1]), func(o object) { o["status"] = object{"phase": args[2]} }) {
			return errors.New("there is no such pod")
		}
		return nil
	case "edit":
		var value any
		if err := yaml.Unmarshal([]byte(strings.Join(args[4:], " ")), &value); err != nil {
			return err
		}
		if !s.api.edit(resourceOf(args[1]), fullKey(args[2]), func(o object) {
			parts := strings.Split(args[3], ".")
			for _, p := range parts[:len(parts)-1] {
				next, _ := o[p].(object)
				if next == nil {
					next = object{}
					o[p] = next
				}
				o = next
			}
			o[parts[len(parts)-1]] = value
		}) {
			return errors.New("there is no such object")
		}
		return nil
	case "foreign":
		ls, lsp, pg := ovsdb.NewUUID(), ovsdb.NewUUID(), ovsdb.NewUUID()
		_, err := s.db.Transact(context.Background(),
			ovsdb.Insert("Logical_Switch", ls, ovsdb.ColumnValue{Column: "name", Value: "theirs"}, ovsdb.ColumnValue{Column: "ports", Value: []ovsdb.UUID{lsp}}),
			ovsdb.Insert("Logical_Switch_Port", lsp, ovsdb.ColumnValue{Column: "name", Value: "their-port"}),
			ovsdb.Insert("Port_Group", pg, ovsdb.ColumnValue{Column: "name", Value: "their_group"}),
			ovsdb.Insert("Load_Balancer", ovsdb.NewUUID(), ovsdb.ColumnValue{Column: "name", Value: "their-lb"}, ovsdb.ColumnValue{Column: "vips", Value: ovsdb.NewStringMap(map[string]string{"1.1.1.1:1": "2.2.2.2:2"})}))
		return err
	case "nb":
		return s.expect(args[1], func() string { return dump(s.t, s.db) })
	case "ips":
		return s.expect(args[1], s.ips)
	case "annotations":
		return s.expect(args[3], func() string {
			a, _ := meta(s.api.get(resourceOf(args[1]), fullKey(args[2])))["annotations"].(object)
			return table(a)
		})
	case "status":
		return s.expect(args[3], func() string { return statusOf(s.api.get(resourceOf(args[1]), fullKey(args[2]))) })
	case "gone":
		return s.eventually(func() error {
			if s.api.get(resourceOf(args[1]), fullKey(args[2])) != nil {
				return errors.New("the object is still there")
			}
			return nil
		})
	case "event":
		text := strings.TrimSpace(strings.TrimPrefix(line, "event"))
		return s.eventually(func() error {
			var all []string
			for _, e := range s.api.list("/events") {
				message := str(e["reason"]) + ": " + str(e["message"])
				if strings.Contains(message, text) {
					return nil
				}
				all = append(all, message)
			}
			return fmt.Errorf("no such event among:\n%s", strings.Join(all, "\n"))
		})
	case "quiet":
		return s.quiet()
	}
	return errors.New("unknown command")
}

func fullKey(key string) string {
	if strings.Contains(key, "/") {
		return key
	}
	return "/" + key
}

func (s *script) eventually(check func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *script) expect(name string, got func() string) error {
	f, err := s.file(name)
	if err != nil {
		return err
	}
	if *update {
		if err := s.settled(); err != nil {
			return err
		}
		f.Data = []byte(got())
		return nil
	}
	return s.eventually(func() error {
		if g := got(); g != string(f.Data) {
			return fmt.Errorf("got:\n%s\nwant %s:\n%s", g, name, f.Data)
		}
		return nil
	})
}

// settled waits until nothing has been written for a while longer than any delay of the controllers.
func (s *script) settled() error {
	last, since := -1, time.Now()
	deadline := time.Now().Add(patience)
	for time.Since(since) < 4*statusDelay {
		if now := s.api.writeCount(); now != last || !s.judged() {
			last, since = now, time.Now()
		}
		if time.Now().After(deadline) {
			return errors.New("the controllers do not stop writing")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// judged tells whether the controllers have said something about every Vpc and Subnet: on a busy machine their first look may
// take longer than any silence.
func (s *script) judged() bool {
	for _, o := range append(s.api.list("kubeovn.io/subnets"), s.api.list("kubeovn.io/vpcs")...) {
		if status, _ := o["status"].(object); status == nil || status["conditions"] == nil {
			return false
		}
	}
	return true
}

func (s *script) quiet() error {
	if err := s.settled(); err != nil {
		return err
	}
	writes, rows := s.api.writeCount(), versions(s.t, s.db)
	s.stop()
	if err := s.start(); err != nil {
		return err
	}
	if err := s.settled(); err != nil {
		return err
	}
	// The three defaults are offered again at each start, and refused.
	if extra := s.api.writeCount() - writes - 3; extra != 0 {
		s.api.mu.Lock()
		defer s.api.mu.Unlock()
		return fmt.Errorf("a restart wrote %d times to the API: %v", extra, s.api.writes[writes:])
	}
	if again := versions(s.t, s.db); again != rows {
		return fmt.Errorf("a restart changed rows:\n%s\nwere\n%s", again, rows)
	}
	return nil
}

func (s *script) ips() string {
	var b strings.Builder
	for _, ip := range s.api.list("kubeovn.io/ips") {
		spec, _ := ip["spec"].(object)
		labels, _ := meta(ip)["labels"].(object)
		fmt.Fprintf(&b, "%s %s %s %s node=%s type=%s", meta(ip)["name"], spec["subnet"], spec["v4IpAddress"], spec["macAddress"], spec["nodeName"], spec["podType"])
		if labels["ovn.kubernetes.io/ip_reserved"] != nil {
			b.WriteString(" reserved")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func table(m object) string {
	var lines []string
	for k, v := range m {
		lines = append(lines, fmt.Sprintf("%s: %v\n", k, v))
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

func statusOf(o object) string {
	status, _ := o["status"].(object)
	if status == nil {
		return ""
	}
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		delete(c.(object), "lastUpdateTime")
		delete(c.(object), "lastTransitionTime")
	}
	text, _ := yaml.Marshal(status)
	return string(text)
}

func snapshot(t testing.TB, db *ovsdb.Database) []*ovsdb.Row {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tables := map[string][]string{}
	for _, name := range nb.Tables() {
		tables[name] = nil
	}
	deltas, err := db.Watch(ctx, tables)
	if err != nil {
		t.Fatal(err)
	}
	var rows []*ovsdb.Row
	for _, c := range (<-deltas).Changes {
		rows = append(rows, c.New)
	}
	return rows
}

// versions identifies the exact contents of the database.
func versions(t testing.TB, db *ovsdb.Database) string {
	var out []string
	for _, r := range snapshot(t, db) {
		out = append(out, r.Table().Name+" "+r.UUID.String()+" "+r.Version().String())
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// dump writes the database by name instead of by UUID, without kove's marks.
func dump(t testing.TB, db *ovsdb.Database) string {
	rows := snapshot(t, db)
	names := map[ovsdb.UUID]string{}
	for _, r := range rows {
		names[r.UUID] = r.String("name")
		switch r.Table().Name {
		case nb.TableLogicalRouterPolicy:
			names[r.UUID] = fmt.Sprintf("%v:%v", r.Get("priority"), r.Get("match"))
		case nb.TableLogicalRouterStaticRoute:
			names[r.UUID] = r.String("ip_prefix")
		}
	}
	var out []string
	for _, r := range rows {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s", r.Table().Name, names[r.UUID])
		for _, c := range r.Table().Columns {
			v := r.At(c.Index)
			if c.Name == "name" || c.Name == "external_ids" || ovsdb.Equal(v, c.Default()) || (r.Table().Name == nb.TableLogicalRouterPolicy && (c.Name == "priority" || c.Name == "match")) {
				continue
			}
			switch v := v.(type) {
			case []ovsdb.UUID:
				var refs []string
				for _, id := range v {
					refs = append(refs, names[id])
				}
				sort.Strings(refs)
				fmt.Fprintf(&b, "\n    %s %s", c.Name, strings.Join(refs, " | "))
			case ovsdb.Map:
				var pairs []string
				for _, p := range v {
					pairs = append(pairs, fmt.Sprintf("%v=%v", p.K, p.V))
				}
				fmt.Fprintf(&b, "\n    %s %s", c.Name, strings.Join(pairs, " "))
			default:
				fmt.Fprintf(&b, "\n    %s %v", c.Name, v)
			}
		}
		out = append(out, b.String())
	}
	sort.Strings(out)
	return strings.Join(out, "\n") + "\n"
}
