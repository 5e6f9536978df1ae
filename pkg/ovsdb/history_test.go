package ovsdb

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMonitorSince has a client come back again and again, after random transactions, and ask what it missed. What it then has
// must be what a client that asks for everything gets.
func TestMonitorSince(t *testing.T) {
	db, err := Open(testSchema(t), Options{History: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	g := &generator{rng: rand.New(rand.NewPCG(5, 6)), ids: map[string][]string{}}
	writer := dialRaw(t, "unix", sock)
	requests := []string{
		`{"Root":[{"columns":["name","a","weak","m","rng","kids"]}],"Kid":[{}]}`,
		`{"Root":[{"columns":["name","a","e"],"where":[["a","<",6],["e","==","x"]]}]}`,
	}
	type view struct {
		at   string
		rows map[string]map[string]string // table and row → column → value
	}
	views := make([]view, len(requests))
	ask := func(request, at string) []any {
		c := dialRaw(t, "unix", sock)
		defer c.c.Close()
		c.send(fmt.Sprintf(`{"id":1,"method":"monitor_cond_since","params":["T","m",%s,"%s"]}`, request, at))
		m, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		return m["result"].([]any)
	}
	found, anew := 0, 0
	for i := range 200 {
		for range g.rng.IntN(30) {
			writer.send(fmt.Sprintf(`{"id":%d,"method":"transact","params":["T",%s]}`, i, g.ops()))
			if _, err := writer.next(); err != nil {
				t.Fatal(err)
			}
		}
		for v := range views {
			at := views[v].at
			if at == "" {
				at = noTxnID
			}
			r := ask(requests[v], at)
			if r[0] == true {
				found++
			} else {
				anew++
				views[v].rows = map[string]map[string]string{}
			}
			views[v].at = r[1].(string)
			if views[v].at == noTxnID {
				t.Fatal("there is no transaction id")
			}
			applyUpdates2(t, views[v].rows, r[2], db.Schema())
			whole := map[string]map[string]string{}
			applyUpdates2(t, whole, ask(requests[v], noTxnID)[2], db.Schema())
			if a, b := fmt.Sprint(views[v].rows), fmt.Sprint(whole); a != b {
				t.Fatalf("round %d, found %v\nfrom what was missed: %s\nall: %s", i, r[0], a, b)
			}
		}
	}
	if found < 50 || anew < 5 {
		t.Fatalf("%d times the history had it, %d times not", found, anew)
	}
	if h := db.pub.history; h.changes > 60 || len(h.commits) > 60 {
		t.Fatalf("the history has %d changes of %d commits", h.changes, len(h.commits))
	}
}

// applyUpdates2 applies a <table-updates2> to rows as a client would.
func applyUpdates2(t *testing.T, rows map[string]map[string]string, v any, s *Schema) {
	t.Helper()
	for table, us := range v.(map[string]any) {
		ts := s.Table(table)
		for id, u := range us.(map[string]any) {
			key := table + " " + id
			for kind, body := range u.(map[string]any) {
				cols, _ := body.(map[string]any)
				switch kind {
				case "delete":
					if rows[key] == nil {
						t.Fatalf("%s is deleted and was not there", key)
					}
					delete(rows, key)
				case "insert", "initial":
					if rows[key] != nil {
						t.Fatalf("%s is inserted and was there", key)
					}
					rows[key] = map[string]string{}
					for c, x := range cols {
						if c != "_version" {
							rows[key][c] = jsonText(x)
						}
					}
				case "modify":
					if rows[key] == nil {
						t.Fatalf("%s is modified and was not there", key)
					}
					for c, x := range cols {
						if c == "_version" {
							continue
						}
						col := ts.Column(c)
						old := col.def
						if text, ok := rows[key][c]; ok {
							ov, err := parseJSON([]byte(text))
							if err != nil {
								t.Fatal(err)
							}
							if old, err = (decoder{}).value(&col.Type, ov); err != nil {
								t.Fatal(err)
							}
						}
						typ := col.Type
						if !typ.IsScalar() {
							typ.Min, typ.Max = 0, unlimited
						}
						d, err := decoder{}.value(&typ, x)
						if err != nil {
							t.Fatal(err)
						}
						n := applyDiff(&col.Type, old, d)
						if Equal(n, col.def) {
							delete(rows[key], c)
						} else {
							rows[key][c] = string(appendValue(nil, n))
						}
					}
				}
			}
		}
	}
}

// TestHistoryClients shows that clients benefit: stock's ovsdb-client and ours get what they missed and no more.
func TestHistoryClients(t *testing.T) {
	db, err := Open(testSchema(t), Options{History: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sock := filepath.Join(t.TempDir(), "s")
	srv := serve(t, db, sock)
	defer srv.Close()
	insert := func(name string) {
		t.Helper()
		if _, err := db.Transact(t.Context(), Insert("Root", NewUUID(), ColumnValue{"name", name}, ColumnValue{"b", int64(name[0])})); err != nil {
			t.Fatal(err)
		}
	}
	insert("before")
	c := dialRaw(t, "unix", sock)
	c.send(`{"id":1,"method":"monitor_cond_since","params":["T","m",{"Root":[{"columns":["name"]}]},"` + noTxnID + `"]}`)
	m, err := c.next()
	if err != nil {
		t.Fatal(err)
	}
	first := m["result"].([]any)
	insert("while")
	if m, err = c.next(); err != nil || m["method"] != "update3" {
		t.Fatalf("%v %v", m, err)
	}
	at := m["params"].([]any)[1].(string)
	if at == first[1] || at == noTxnID {
		t.Fatalf("the id of a commit is %s after %s", at, first[1])
	}
	ours := dialTest(t, sock)
	w, err := ours.Watch(t.Context(), map[string][]string{"Root": {"name"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, w); len(d.Changes) != 2 {
		t.Fatalf("%+v", d)
	}
	srv.Disconnect()
	insert("missed")
	if d := next(t, w); d.Initial || len(d.Changes) != 1 || d.Changes[0].New.String("name") != "missed" {
		t.Fatalf("our client after its return: %+v", d)
	}
	cmd := exec.Command(stock(t, "ovsdb-client"), "--timeout=60", "--no-headings", "monitor-cond-since", "unix:"+sock, "T", at, "[]", "Root", "name")
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// What it is told first ends where what is told later begins.
	var out strings.Builder
	for lines := bufio.NewScanner(said); !strings.Contains(out.String(), "later") && lines.Scan(); {
		if strings.Contains(lines.Text(), "missed") {
			insert("later")
		}
		out.WriteString(lines.Text() + "\n")
	}
	cmd.Process.Kill()
	cmd.Wait()
	if s := out.String(); strings.Contains(s, "before") || strings.Contains(s, "while") || !strings.Contains(s, "insert") || !strings.Contains(s, "later") {
		t.Fatalf("ovsdb-client is told: %s", s)
	}
	reply := func(id string) []any {
		t.Helper()
		c := dialRaw(t, "unix", sock)
		c.send(`{"id":1,"method":"monitor_cond_since","params":["T","m",{"Root":[{"columns":["name"]}]},"` + id + `"]}`)
		m, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		return m["result"].([]any)
	}
	if r := reply(at); r[0] != true || strings.Count(jsonText(r[2]), "insert") != 2 || !strings.Contains(jsonText(r[2]), "missed") {
		t.Fatalf("%v", r)
	}
	if r := reply(NewUUID().String()); r[0] != false || strings.Count(jsonText(r[2]), "initial") != 4 {
		t.Fatalf("%v", r)
	}
	newer, _ := newerSchema(t)
	if err := db.Convert(newer); err != nil {
		t.Fatal(err)
	}
	if r := reply(at); r[0] != false {
		t.Fatalf("the history reaches back before a conversion: %v", r)
	}
}

// TestHistoryOfLargeRows changes a row with thousands of members again and again: the history must not keep them all.
func TestHistoryOfLargeRows(t *testing.T) {
	const limit = 1000
	db, err := Open(testSchema(t), Options{History: limit})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := NewUUID()
	members := map[string]string{}
	for i := range 5000 {
		members[fmt.Sprint("member", i)] = "x"
	}
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"m", NewStringMap(members)})); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if _, err := db.Transact(t.Context(), Mutate("Root", id, Mutation{"m", MutInsert, NewStringMap(map[string]string{fmt.Sprint("more", i): "y"})})); err != nil {
			t.Fatal(err)
		}
	}
	h := db.pub.history // nothing is committed any more
	if h.weight > limit*historyWeight || h.changes > 50 || h.changes == 0 {
		t.Fatalf("%d changes of %d bytes are kept", h.changes, h.weight)
	}
	sum := 0
	for _, p := range h.commits {
		sum += p.weight
	}
	if sum != h.weight {
		t.Fatalf("the weight is %d, told %d", sum, h.weight)
	}
	if _, ok := h.since(h.commits[0].before); !ok {
		t.Fatal("what is kept is not found")
	}
}

// TestSlowMonitors has many monitors whose clients read nothing while one writer writes: the writer is not held up, what is
// kept for them is bounded, and those that read see everything.
func TestSlowMonitors(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const backlog = 200 * changeCost
	srv, err := NewServer(ServerOptions{Backlog: backlog}, db)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sock := filepath.Join(t.TempDir(), "s")
	if _, err := srv.Listen(Remote{Target: "punix:" + sock}); err != nil {
		t.Fatal(err)
	}
	const slow = 20
	for range slow {
		c := dialRaw(t, "unix", sock)
		c.send(`{"id":1,"method":"monitor_cond","params":["T",null,{"Root":[{}]}]}`)
		if _, err := c.next(); err != nil {
			t.Fatal(err)
		}
	}
	reader := dialRaw(t, "unix", sock)
	reader.send(`{"id":1,"method":"monitor_cond","params":["T",null,{"Root":[{"columns":["a"]}]}]}`)
	if _, err := reader.next(); err != nil {
		t.Fatal(err)
	}
	seen, progress := make(chan int64, 1), make(chan int64, 100)
	const writes = 3000
	go func() {
		var last int64
		for last < writes {
			reader.c.SetReadDeadline(time.Now().Add(patience))
			text, err := reader.f.next()
			if err != nil {
				break
			}
			v, err := parseJSON(text)
			if err != nil {
				break
			}
			for _, u := range v.(map[string]any)["params"].([]any)[1].(map[string]any)["Root"].(map[string]any) {
				for _, cols := range u.(map[string]any) {
					n, _ := cols.(map[string]any)["a"].(int64)
					if n != last+1 {
						seen <- -n
						return
					}
					if last = n; n%50 == 0 {
						progress <- n
					}
				}
			}
		}
		seen <- last
	}()
	id := NewUUID()
	if _, err := db.Transact(t.Context(), Insert("Root", id, ColumnValue{"name", "r"}, ColumnValue{"a", int64(1)})); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 2000)
	queued := 0
	for n := int64(2); n <= writes; n++ {
		if _, err := db.Transact(t.Context(), Update("Root", id, ColumnValue{"a", n}, ColumnValue{"eph", fmt.Sprint(n, big)})); err != nil {
			t.Fatal(err)
		}
		if n%50 == 0 { // the one that reads keeps up; the others are 50 more updates behind each time
			select {
			case <-progress:
			case <-time.After(patience):
				t.Fatalf("the writer is at %d, the one that reads does not get there", n)
			}
		}
		srv.mu.Lock()
		for l := range srv.lns {
			for c := range l.conns {
				c.mu.Lock()
				queued = max(queued, c.backlog)
				c.mu.Unlock()
			}
		}
		srv.mu.Unlock()
	}
	if queued > backlog+changeCost {
		t.Fatalf("%d bytes wait for a client, the limit is %d", queued, backlog)
	}
	if n := <-seen; n != writes {
		t.Fatalf("the one that reads has seen %d of %d", n, writes)
	}
	for end := time.Now().Add(patience); srv.Clients() > 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d clients are kept", srv.Clients())
		}
	}
}
