package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// TestManyClients has writers in this process, over our client and over bare sockets do random transactions, while observers of
// every kind watch, and clients are disconnected now and then. Every transaction that commits adds one to a counter, moves an
// amount between accounts, and replaces a row that only a reference keeps. Checked are
//   - atomicity: in whatever anybody sees the amounts add up and no reference dangles, also after transactions that fail halfway;
//   - isolation: transactions are as if one after the other, in the order of the counter, and that order respects real time;
//   - monitors: every observer sees every commit once, in that order, with the contents that all others see at that point;
//   - a connection learns of its own commit before its reply.
func TestManyClients(t *testing.T) {
	transactions := 60
	if os.Getenv("KOVE_LONG") != "" {
		transactions = 3000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := newCheckedWorld(t)
	observers := []*observer{
		w.watch("in process", w.db),
		w.watchClient("client"),
		w.watchClient("another client"),
		w.monitor("v1", "monitor", `[{"columns":["name","a","kids"]}]`, nil),
		w.monitor("v2", "monitor_cond", `[{"columns":["name","a","kids"]}]`, nil),
		w.monitor("v3", "monitor_cond_since", `[{"columns":["name","a","kids"]}]`, nil),
		w.monitor("rich", "monitor_cond", `[{"columns":["name","a","kids"],"where":[["a",">=",100],["name","==","counter"]]}]`, func(name string, a int64) bool { return a >= 100 || name == "counter" }),
		w.monitor("poor", "monitor_cond_since", `[{"columns":["name","a","kids"],"where":[["a","<",90],["name","==","counter"]]}]`, func(name string, a int64) bool { return a < 90 || name == "counter" }),
	}
	var wg sync.WaitGroup
	changing := w.changeConditions(rand.New(rand.NewPCG(seed, 100)))
	writers := 8
	for n := range writers {
		wg.Add(1)
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		go func() {
			defer wg.Done()
			switch n % 4 {
			case 0:
				w.write(n, rng, w.db, transactions)
			case 1:
				c := w.dial()
				defer c.Close()
				w.write(n, rng, c, transactions)
			default:
				w.writeRaw(n, rng, transactions)
			}
		}()
	}
	stop := make(chan struct{})
	disturbed := make(chan struct{})
	go func() {
		defer close(disturbed)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				for _, o := range observers {
					if o.client != nil {
						o.client.cut()
					}
				}
				if err := w.db.Compact(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	wg.Wait()
	close(stop)
	<-disturbed
	if t.Failed() {
		return
	}
	final := w.counter()
	if err := checkOrder(w.acks, final); err != nil || final < 50 {
		t.Fatalf("%d commits: %v", final, err)
	}
	states := map[int64]string{}
	for _, o := range observers {
		o.until(t, final)
		if o.sees == nil && o.client == nil && len(states) == 0 {
			for _, s := range o.states {
				states[s.counter] = s.text(nil)
			}
			if int64(len(states)) != final+1 {
				t.Fatalf("%s saw %d states of %d", o.name, len(states), final+1)
			}
		}
	}
	byCounter := map[int64]snapshot{}
	for _, s := range observers[0].states {
		byCounter[s.counter] = s
	}
	changing.until(t, final)
	changing.end() // or it goes on changing its condition
	for range changing.at {
	}
	for _, s := range changing.states {
		limit := s.limit
		if have, want := s.text(nil), byCounter[s.counter].text(func(name string, a int64) bool { return a >= limit || name == "counter" }); have != want {
			t.Fatalf("with conditions that change, at %d with a limit of %d:\nhave %s\nwant %s", s.counter, limit, have, want)
		}
	}
	t.Logf("with conditions that change: %d states", len(changing.states))
	for _, o := range observers {
		last := int64(-1)
		for _, s := range o.states {
			if s.counter <= last || o.client == nil && s.counter != last+1 && last >= 0 {
				t.Fatalf("%s: after %d comes %d", o.name, last, s.counter)
			}
			last = s.counter
			if have, want := s.text(nil), byCounter[s.counter].text(o.sees); have != want {
				t.Fatalf("%s at %d:\nhave %s\nwant %s", o.name, s.counter, have, want)
			}
		}
		t.Logf("%s: %d states", o.name, len(o.states))
	}
}

const accounts = 6

type checkedWorld struct {
	*testing.T
	db   *Database
	srv  *Server
	sock string
	ids  []UUID // of accounts; the last is the counter

	mu   sync.Mutex // guards acks
	acks []ack
}

type ack struct {
	counter    int64
	begun, end time.Time
	read       bool
}

func newCheckedWorld(t *testing.T) *checkedWorld {
	l := lossy.New(3)
	j, err := OpenFileJournal(lossyStorage{l}, "t.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(testSchema(t), Options{Journal: j, Sync: SyncEach, History: 200})
	if err != nil {
		t.Fatal(err)
	}
	w := &checkedWorld{T: t, db: db, sock: filepath.Join(t.TempDir(), "s")}
	t.Cleanup(func() { db.Close() })
	w.srv = serve(t, db, w.sock)
	t.Cleanup(func() { w.srv.Close() })
	var ops []Op
	for i := range accounts + 1 {
		id, kid := NewUUID(), NewUUID()
		w.ids = append(w.ids, id)
		name, a := fmt.Sprint("account", i), int64(100)
		if i == accounts {
			name, a = "counter", 0
		}
		ops = append(ops, Insert("Root", id, ColumnValue{"name", name}, ColumnValue{"a", a}, ColumnValue{"b", int64(i)}, ColumnValue{"kids", []UUID{kid}}), Insert("Kid", kid))
	}
	if _, err := db.Transact(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *checkedWorld) dial() *Client {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	c, err := Dial(ctx, "T", ClientOptions{Remotes: []string{"unix:" + w.sock}})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// cut breaks the connection under a client.
func (c *Client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		c.link.nc.Close()
	}
}

func (w *checkedWorld) record(a ack) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = append(w.acks, a)
}

// write does transactions through a DB.
func (w *checkedWorld) write(n int, rng *rand.Rand, db DB, transactions int) {
	counter := w.ids[accounts]
	for i := range transactions {
		from, to := rng.IntN(accounts), rng.IntN(accounts)
		amount := int64(rng.IntN(20))
		kid := NewUUID()
		ops := []Op{
			Mutate("Root", w.ids[from], Mutation{"a", MutAdd, -amount}),
			Mutate("Root", w.ids[to], Mutation{"a", MutAdd, amount}),
			Insert("Kid", kid, ColumnValue{"v", int64(i)}),
			Update("Root", w.ids[to], ColumnValue{"kids", []UUID{kid}}),
			Mutate("Root", counter, Mutation{"a", MutAdd, int64(1)}),
			Select("Root", Condition{"_uuid", Eq, counter}),
		}
		begun := time.Now()
		switch rng.IntN(4) {
		case 0: // fails after it did half of its work
			bad := []Op{{Kind: OpAbort}, Update("Root", w.ids[to], ColumnValue{"rng", []int64{99}}), Update("Root", w.ids[from], ColumnValue{"kids", []UUID{NewUUID()}}),
				Insert("Root", w.ids[to], ColumnValue{"name", "twice"})}
			if _, err := db.Transact(w.Context(), append(slices.Clone(ops[:1+rng.IntN(4)]), bad[rng.IntN(len(bad))])...); err == nil {
				w.Errorf("writer %d: a transaction that cannot be is accepted", n)
				return
			}
		case 1: // a read, of everything in one transaction
			res, err := db.Transact(w.Context(), Select("Root"), Select("Kid"))
			if err != nil {
				w.Error(err)
				return
			}
			s := snapshot{rows: map[UUID]account{}, kids: map[UUID]bool{}}
			for _, r := range res[0].Rows {
				kids, _ := r.Get("kids").([]UUID)
				s.rows[r.UUID] = account{r.String("name"), r.Get("a").(int64), kids}
			}
			for _, r := range res[1].Rows {
				s.kids[r.UUID] = true
			}
			if err := s.whole(); err != nil {
				w.Errorf("writer %d reads: %v", n, err)
				return
			}
			w.record(ack{s.rows[counter].a, begun, time.Now(), true})
		default:
			res, err := db.Transact(w.Context(), ops...)
			if err != nil {
				w.Errorf("writer %d: %v", n, err)
				return
			}
			w.record(ack{res[5].Rows[0].Get("a").(int64), begun, time.Now(), false})
		}
	}
}

// writeRaw does transactions over a bare socket that has a monitor too, several under way at a time.
func (w *checkedWorld) writeRaw(n int, rng *rand.Rand, transactions int) {
	c := dialRaw(w.T, "unix", w.sock)
	counter := w.ids[accounts]
	c.send(fmt.Sprintf(`{"id":"m","method":"monitor_cond","params":["T","own",{"Root":[{"columns":["a"],"where":[["_uuid","==",["uuid","%s"]]]}]}]}`, counter))
	var seen int64 = -1
	begun := map[int64]time.Time{}
	left := transactions
	ids := int64(0)
	more := func() {
		from, to, amount := w.ids[rng.IntN(accounts)], w.ids[rng.IntN(accounts)], rng.IntN(20)
		ids++
		left--
		begun[ids] = time.Now()
		c.send(fmt.Sprintf(`{"id":%d,"method":"transact","params":["T",{"op":"mutate","table":"Root","where":[["_uuid","==",["uuid","%s"]]],"mutations":[["a","-=",%d]]},`+
			`{"op":"mutate","table":"Root","where":[["_uuid","==",["uuid","%s"]]],"mutations":[["a","+=",%d]]},{"op":"insert","table":"Kid","row":{"v":%d},"uuid-name":"k"},`+
			`{"op":"update","table":"Root","where":[["_uuid","==",["uuid","%s"]]],"row":{"kids":["named-uuid","k"]}},`+
			`{"op":"mutate","table":"Root","where":[["_uuid","==",["uuid","%s"]]],"mutations":[["a","+=",1]]},`+
			`{"op":"select","table":"Root","where":[["_uuid","==",["uuid","%s"]]],"columns":["a"]}]}`, ids, from, amount, to, amount, ids, to, counter, counter))
	}
	for left > 0 || len(begun) > 0 {
		for left > 0 && len(begun) < 1+n%3 {
			more()
		}
		m, err := c.next()
		if err != nil {
			w.Errorf("raw writer %d: %v", n, err)
			return
		}
		if m["method"] == "update2" {
			for _, u := range m["params"].([]any)[1].(map[string]any)["Root"].(map[string]any) {
				if cols, ok := u.(map[string]any)["modify"].(map[string]any); ok {
					seen = cols["a"].(int64)
				}
			}
			continue
		}
		id, ok := m["id"].(int64)
		if !ok {
			continue // the monitor's contents
		}
		res, ok := m["result"].([]any)
		if !ok || len(res) != 6 {
			w.Errorf("raw writer %d: %s", n, jsonText(m))
			return
		}
		at := res[5].(map[string]any)["rows"].([]any)[0].(map[string]any)["a"].(int64)
		if seen < at {
			w.Errorf("raw writer %d: the reply to commit %d comes when the monitor is at %d", n, at, seen)
			return
		}
		w.record(ack{at, begun[id], time.Now(), false})
		delete(begun, id)
	}
}

func (w *checkedWorld) counter() int64 {
	res, err := w.db.Transact(w.Context(), Select("Root", Condition{"_uuid", Eq, w.ids[accounts]}))
	if err != nil {
		w.Fatal(err)
	}
	return res[0].Rows[0].Get("a").(int64)
}

// checkOrder sees whether the acknowledged transactions can have happened one after the other, in the counter's order and
// within the time in which they were asked for and answered.
func checkOrder(acks []ack, final int64) error {
	taken := map[int64]bool{}
	writes := int64(0)
	for _, a := range acks {
		if !a.read {
			writes++
			if taken[a.counter] {
				return fmt.Errorf("two transactions made the counter %d", a.counter)
			}
			taken[a.counter] = true
		}
	}
	if writes != final {
		return fmt.Errorf("%d transactions were acknowledged, the counter is %d", writes, final)
	}
	// Whatever begins after a had ended is at a's counter or later.
	ends := slices.Clone(acks)
	sort.Slice(ends, func(i, j int) bool { return ends[i].end.Before(ends[j].end) })
	begins := slices.Clone(acks)
	sort.Slice(begins, func(i, j int) bool { return begins[i].begun.Before(begins[j].begun) })
	i, floor := 0, int64(0)
	for _, b := range begins {
		for ; i < len(ends) && ends[i].end.Before(b.begun); i++ {
			floor = max(floor, ends[i].counter)
		}
		if b.counter < floor || !b.read && b.counter == floor {
			return fmt.Errorf("a transaction at %d began after one at %d had been answered (read: %v)", b.counter, floor, b.read)
		}
	}
	return nil
}

// TestCheckers shows that what TestManyClients looks for would be found.
func TestCheckers(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	good := []ack{{1, at(0), at(3), false}, {2, at(1), at(2), false}, {2, at(4), at(5), true}, {3, at(4), at(6), false}}
	if err := checkOrder(good, 3); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]ack{
		"lost":           good[:3],
		"twice":          append(slices.Clone(good[:3]), ack{2, at(4), at(6), false}),
		"against time":   {{1, at(2), at(3), false}, {2, at(0), at(1), false}, {3, at(4), at(5), false}},
		"an old read":    append(slices.Clone(good), ack{2, at(7), at(8), true}),
		"a write behind": {{1, at(0), at(1), false}, {3, at(2), at(3), false}, {2, at(4), at(5), false}},
	} {
		if checkOrder(bad, 3) == nil {
			t.Errorf("%s is not found", name)
		}
	}
	kid, other := UUID{1}, UUID{2}
	s := snapshot{rows: map[UUID]account{}, kids: map[UUID]bool{kid: true}}
	for i := range accounts {
		s.rows[UUID{9, byte(i)}] = account{fmt.Sprint(i), 100, []UUID{kid}}
	}
	s.rows[UUID{8}] = account{"counter", 7, nil}
	if err := s.whole(); err != nil {
		t.Fatal(err)
	}
	s.kids[other] = true
	if s.whole() == nil {
		t.Error("a row that nobody refers to is not found")
	}
	delete(s.kids, other)
	s.rows[UUID{9}] = account{"0", 99, []UUID{kid}}
	if s.whole() == nil {
		t.Error("a lost amount is not found")
	}
}

type account struct {
	name string
	a    int64
	kids []UUID
}

// snapshot is what somebody sees at one moment.
type snapshot struct {
	counter int64
	limit   int64 // that the condition had, where conditions change
	rows    map[UUID]account
	kids    map[UUID]bool
}

// whole checks what holds at every moment.
func (s *snapshot) whole() error {
	sum := int64(0)
	used := map[UUID]bool{}
	for _, r := range s.rows {
		if r.name != "counter" {
			sum += r.a
		}
		for _, k := range r.kids {
			used[k] = true
		}
	}
	if sum != 100*accounts || len(s.rows) != accounts+1 {
		return fmt.Errorf("%d rows with %d in all", len(s.rows), sum)
	}
	if !maps.Equal(used, s.kids) {
		return fmt.Errorf("%d rows are referred to, %d are there", len(used), len(s.kids))
	}
	return nil
}

// text describes what sees lets through; rows that nobody lets through are not looked at.
func (s snapshot) text(sees func(string, int64) bool) string {
	var lines []string
	for id, r := range s.rows {
		if sees == nil || sees(r.name, r.a) {
			lines = append(lines, fmt.Sprint(id, r.name, r.a, r.kids))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// observer collects states.
type observer struct {
	name   string
	sees   func(string, int64) bool
	client *Client // it loses its connection now and then
	at     chan int64
	end    func()
	states []snapshot // until at is closed, of the goroutine that fills them
	err    error
}

// until waits for the state of a counter.
func (o *observer) until(t *testing.T, counter int64) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case at, ok := <-o.at:
			if !ok {
				t.Fatalf("%s: %v", o.name, o.err)
			}
			if at == counter {
				return
			}
		case <-deadline:
			t.Fatalf("%s does not get to %d", o.name, counter)
		}
	}
}

func (w *checkedWorld) observer(name string, sees func(string, int64) bool) *observer {
	return &observer{name: name, sees: sees, at: make(chan int64, 100_000)}
}

// add takes the present state in.
func (o *observer) add(rows map[UUID]account, kids map[UUID]bool) bool {
	s := snapshot{rows: maps.Clone(rows), kids: maps.Clone(kids)}
	for _, r := range rows {
		if r.name == "counter" {
			s.counter = r.a
		}
	}
	if o.sees == nil && kids != nil {
		if o.err = s.whole(); o.err != nil {
			return false
		}
	}
	o.states = append(o.states, s)
	o.at <- s.counter
	return true
}

func (w *checkedWorld) watchClient(name string) *observer {
	c := w.dial()
	w.Cleanup(func() { c.Close() })
	o := w.watch(name, c)
	o.client = c
	return o
}

func (w *checkedWorld) watch(name string, db DB) *observer {
	o := w.observer(name, nil)
	ch, err := db.Watch(w.Context(), map[string][]string{"Root": {"name", "a", "kids"}, "Kid": nil})
	if err != nil {
		w.Fatal(err)
	}
	rows, kids := map[UUID]account{}, map[UUID]bool{}
	go func() {
		defer close(o.at)
		for d := range ch {
			for _, c := range d.Changes {
				switch {
				case c.Table == "Kid" && c.New == nil:
					delete(kids, c.Old.UUID)
				case c.Table == "Kid":
					kids[c.New.UUID] = true
				case c.New == nil:
					delete(rows, c.Old.UUID)
				default:
					k, _ := c.New.Get("kids").([]UUID)
					rows[c.New.UUID] = account{c.New.String("name"), c.New.Get("a").(int64), k}
				}
			}
			if !o.add(rows, kids) {
				return
			}
		}
		o.err = errors.New("the watch ended")
	}()
	return o
}

// changeConditions observes with a condition that it changes all the time. The monitor's id names the limit that is in force.
func (w *checkedWorld) changeConditions(rng *rand.Rand) *observer {
	o := w.observer("conditions that change", nil)
	c := dialRaw(w.T, "unix", w.sock)
	where := func(limit int64) string { return fmt.Sprintf(`[["a",">=",%d],["name","==","counter"]]`, limit) }
	c.send(fmt.Sprintf(`{"id":"m","method":"monitor_cond_since","params":["T",100,{"Root":[{"columns":["name","a","kids"],"where":%s}]},"%s"]}`, where(100), noTxnID))
	o.end = func() { c.c.Close() }
	rows := map[UUID]account{}
	go func() {
		defer close(o.at)
		limit, asked := int64(100), int64(100)
		change := func() {
			next := int64(60 + rng.IntN(80))
			if next == asked {
				next++
			}
			fmt.Fprintf(c.c, `{"id":"c","method":"monitor_cond_change","params":[%d,%d,{"Root":[{"where":%s}]}]}`, asked, next, where(next))
			asked = next
		}
		for {
			c.c.SetReadDeadline(time.Now().Add(60 * time.Second))
			text, err := c.f.next()
			if err != nil {
				o.err = err
				return
			}
			v, err := parseJSON(text)
			if err != nil {
				o.err = err
				return
			}
			m := v.(map[string]any)
			var tables any
			switch {
			case m["error"] != nil:
				o.err = fmt.Errorf("%s", text)
				return
			case m["id"] == "c":
				limit = asked // also when no row came or went
				change()
				continue
			case m["id"] == "m":
				tables = m["result"].([]any)[2]
				change()
			default:
				p := m["params"].([]any)
				limit, tables = p[0].(int64), p[2]
			}
			for _, us := range tables.(map[string]any) {
				for key, u := range us.(map[string]any) {
					id, err := ParseUUID(key)
					if err == nil {
						err = applyAccount("Root", id, u.(map[string]any), rows, nil)
					}
					if err != nil {
						o.err = err
						return
					}
				}
			}
			s := snapshot{limit: limit, rows: maps.Clone(rows)}
			for _, r := range rows {
				if r.name == "counter" {
					s.counter = r.a
				}
			}
			o.states = append(o.states, s)
			o.at <- s.counter
		}
	}()
	return o
}

// monitor observes over a bare socket.
func (w *checkedWorld) monitor(name, method, root string, sees func(string, int64) bool) *observer {
	o := w.observer(name, sees)
	c := dialRaw(w.T, "unix", w.sock)
	since := ""
	if method == "monitor_cond_since" {
		since = `,"` + noTxnID + `"`
	}
	c.send(fmt.Sprintf(`{"id":1,"method":"%s","params":["T",1,{"Root":%s,"Kid":[{"columns":["v"]}]}%s]}`, method, root, since))
	m, err := c.next()
	if err != nil {
		w.Fatal(err)
	}
	rows, kids := map[UUID]account{}, map[UUID]bool{}
	result := m["result"]
	if list, ok := result.([]any); ok {
		result = list[2]
	}
	apply := func(tables any) error {
		for table, us := range tables.(map[string]any) {
			for key, u := range us.(map[string]any) {
				id, err := ParseUUID(key)
				if err != nil {
					return err
				}
				if err := applyAccount(table, id, u.(map[string]any), rows, kids); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := apply(result); err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	o.add(rows, kids)
	go func() {
		defer close(o.at)
		for {
			c.c.SetReadDeadline(time.Now().Add(60 * time.Second))
			text, err := c.f.next()
			if err != nil {
				o.err = err
				return
			}
			v, err := parseJSON(text)
			if err != nil {
				o.err = err
				return
			}
			p := v.(map[string]any)["params"].([]any)
			if o.err = apply(p[len(p)-1]); o.err != nil || !o.add(rows, kids) {
				return
			}
		}
	}()
	return o
}

// applyAccount applies one row update of any version.
func applyAccount(table string, id UUID, u map[string]any, rows map[UUID]account, kids map[UUID]bool) error {
	read := func(r account, cols map[string]any, diff bool) (account, error) {
		if n, ok := cols["name"].(string); ok {
			r.name = n
		}
		if a, ok := cols["a"].(int64); ok {
			r.a = a
		}
		if k, ok := cols["kids"]; ok {
			v, err := decoder{}.value(&ColumnType{Key: plainBase(UUIDType), Max: unlimited}, k)
			if err != nil {
				return r, err
			}
			list, _ := v.([]UUID)
			if diff {
				v = applyDiff(&ColumnType{Key: plainBase(UUIDType), Max: unlimited}, r.kids, list)
				list, _ = v.([]UUID)
			}
			r.kids = list
		}
		return r, nil
	}
	_, v1 := u["new"]
	_, gone := u["delete"]
	if _, old := u["old"]; gone || old && !v1 {
		if table == "Kid" {
			delete(kids, id)
		} else {
			delete(rows, id)
		}
		return nil
	}
	for _, kind := range []string{"new", "initial", "insert", "modify"} {
		cols, ok := u[kind].(map[string]any)
		if !ok {
			continue
		}
		if table == "Kid" {
			kids[id] = true
			return nil
		}
		was, have := rows[id]
		if kind == "modify" != have && kind != "new" {
			return fmt.Errorf("%s of a row that is there: %v", kind, have)
		}
		r, err := read(was, cols, kind == "modify")
		rows[id] = r
		return err
	}
	return fmt.Errorf("row update %s", jsonText(u))
}
