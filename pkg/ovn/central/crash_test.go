package central

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/northd"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

type lossyStorage struct{ *lossy.Disk }

func (s lossyStorage) Open(name string) (ovsdb.File, error)   { return s.Disk.Open(name) }
func (s lossyStorage) Create(name string) (ovsdb.File, error) { return s.Disk.Create(name) }

// boot runs a central on a disk. stop ends it and returns what Run says.
func boot(t testing.TB, disk *lossy.Disk) (c *Central, stop func() error) {
	t.Helper()
	return bootLogging(t, disk, io.Discard)
}

func bootLogging(t testing.TB, disk *lossy.Disk, log io.Writer) (c *Central, stop func() error) {
	t.Helper()
	c = New(Options{DataDir: t.TempDir(), storage: lossyStorage{disk}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- c.Run(ctx, func() { close(ready) }) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("central does not start: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("central is not ready")
	}
	return c, stop
}

func rows(t *testing.T, db ovsdb.DB, table string) []*ovsdb.Row {
	t.Helper()
	res, err := db.Transact(context.Background(), ovsdb.Select(table))
	if err != nil {
		t.Fatal(err)
	}
	return res[0].Rows
}

// peek reads a table from what a disk holds, as the next boot will.
func peek(t *testing.T, disk *lossy.Disk, file string, schema []byte, table string) []*ovsdb.Row {
	t.Helper()
	s, err := ovsdb.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	j, err := ovsdb.OpenFileJournal(lossyStorage{disk}, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(s, ovsdb.Options{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return rows(t, db, table)
}

// tenant adds ports to a switch of its own and deletes them, one after the other, and knows what it was told.
type tenant struct {
	name  string
	id    ovsdb.UUID
	ports map[string]ovsdb.UUID // acknowledged
	adds  string                // what the last transaction was about, which was not acknowledged
	dels  string
	n     int
}

func (w *tenant) step(db ovsdb.DB, rng *rand.Rand) error {
	w.adds, w.dels = "", ""
	ctx := context.Background()
	if len(w.ports) > 3 && rng.IntN(2) == 0 {
		w.dels = slices.Sorted(maps.Keys(w.ports))[rng.IntN(len(w.ports))]
		if _, err := db.Transact(ctx, ovsdb.Mutate(nb.TableLogicalSwitch, w.id, ovsdb.Mutation{Column: nb.LogicalSwitchColPorts,
			Mutator: ovsdb.MutDelete, Value: []ovsdb.UUID{w.ports[w.dels]}})); err != nil {
			return err
		}
		delete(w.ports, w.dels)
		return nil
	}
	w.n++
	w.adds = fmt.Sprintf("%s-%d", w.name, w.n)
	p := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: w.adds, Addresses: []string{fmt.Sprintf("0a:00:00:00:%02x:%02x", w.n>>8, w.n&255)}}
	if _, err := db.Transact(ctx, nb.Insert(p), ovsdb.Mutate(nb.TableLogicalSwitch, w.id, ovsdb.Mutation{Column: nb.LogicalSwitchColPorts,
		Mutator: ovsdb.MutInsert, Value: []ovsdb.UUID{p.UUID}})); err != nil {
		return err
	}
	w.ports[w.adds] = p.UUID
	return nil
}

// southWatcher is what a chassis has seen.
type southWatcher struct {
	keys  map[string]int64 // of the ports that are there
	gone  map[string]bool
	nbCfg int64
	end   chan struct{}
}

func watchSouth(t *testing.T, c *Central) *southWatcher {
	t.Helper()
	w, err := c.SB().Watch(context.Background(), map[string][]string{sb.TablePortBinding: nil, sb.TableSBGlobal: nil})
	if err != nil {
		t.Fatal(err)
	}
	s := &southWatcher{keys: map[string]int64{}, gone: map[string]bool{}, end: make(chan struct{})}
	go func() {
		defer close(s.end)
		for d := range w {
			for _, ch := range d.Changes {
				switch {
				case ch.Table == sb.TableSBGlobal && ch.New != nil:
					s.nbCfg = sb.NewSBGlobal(ch.New).NBCfg
				case ch.Table == sb.TablePortBinding && ch.New == nil:
					name := ch.Old.String(sb.PortBindingColLogicalPort)
					delete(s.keys, name)
					s.gone[name] = true
				case ch.Table == sb.TablePortBinding:
					pb := sb.NewPortBinding(ch.New)
					s.keys[pb.LogicalPort] = pb.TunnelKey
				}
			}
		}
	}()
	return s
}

// TestPowerCutStorm cuts the power of a central again and again while tenants write. Afterwards everything acknowledged is
// there; whatever a chassis has seen followed from something that is there; the southbound database, which may have run
// ahead, is put right; no key that was seen has changed, except of a port whose deletion was lost.
func TestPowerCutStorm(t *testing.T) {
	const seed, storms = 5, 40
	rng := rand.New(rand.NewPCG(seed, 2))
	disk := lossy.New(seed)
	tenants := make([]*tenant, 3)
	for i := range tenants {
		tenants[i] = &tenant{name: fmt.Sprint("w", i), id: ovsdb.NewUUID(), ports: map[string]ovsdb.UUID{}}
	}
	c, stop := boot(t, disk)
	for _, w := range tenants {
		if _, err := c.NB().Transact(t.Context(), nb.Insert(&nb.LogicalSwitch{UUID: w.id, Name: w.name})); err != nil {
			t.Fatal(err)
		}
	}
	ranAhead, total := 0, 0
	for storm := 0; storm < storms || ranAhead == 0 && storm < 5*storms; storm++ { // a busy machine has it less often
		south := watchSouth(t, c)
		var delays sync.Mutex // guards slow
		slow := rand.New(rand.NewPCG(seed, uint64(storm)))
		disk.OnSync(func(name string) error {
			delays.Lock()
			most := map[string]int{"nb.db": 10_000, "sb.db": 300}[name]
			d := time.Duration(slow.IntN(max(1, most))) * time.Microsecond
			delays.Unlock()
			time.Sleep(d) // the time that a disk takes
			return nil
		})
		var writers sync.WaitGroup
		acks := make(chan struct{}, 1000)
		for _, w := range tenants {
			luck := rand.New(rand.NewPCG(seed, rng.Uint64()))
			writers.Add(1)
			go func() {
				defer writers.Done()
				for w.step(c.NB(), luck) == nil {
					acks <- struct{}{}
				}
			}()
		}
		var acked, shown int64 // nb_cfg: acknowledged to who wrote it, shown as sb_cfg
		writers.Add(1)
		go func() {
			defer writers.Done()
			global := rows(t, c.NB(), nb.TableNBGlobal)[0].UUID
			for n := nb.NewNBGlobal(rows(t, c.NB(), nb.TableNBGlobal)[0]).NBCfg + 1; ; n++ {
				if _, err := c.NB().Transact(context.Background(), ovsdb.Update(nb.TableNBGlobal, global, ovsdb.ColumnValue{Column: nb.NBGlobalColNBCfg, Value: n})); err != nil {
					return
				}
				acked = n
				time.Sleep(10 * time.Millisecond) // northd does not run ahead while it writes back
				res, err := c.NB().Transact(context.Background(), ovsdb.Select(nb.TableNBGlobal))
				if err != nil {
					return
				}
				shown = nb.NewNBGlobal(res[0].Rows[0]).SBCfg
			}
		}()
		for range 1 + rng.IntN(40) {
			<-acks
			total++
		}
		time.Sleep(time.Duration(rng.IntN(10_000)) * time.Microsecond)
		disk = disk.Cut()
		stop()
		writers.Wait()
		<-south.end

		lost := map[string]bool{} // transactions that were under way and are not in the northbound database
		undone, have := map[string]bool{}, map[string]bool{}
		for _, r := range peek(t, disk, "nb.db", nb.SchemaJSON, nb.TableLogicalSwitchPort) {
			have[r.String(nb.LogicalSwitchPortColName)] = true
		}
		for _, w := range tenants {
			for name := range w.ports {
				if !have[name] && name != w.dels {
					t.Fatalf("storm %d: port %s was acknowledged and is lost", storm, name)
				}
			}
			lost[w.adds] = w.adds != "" && !have[w.adds]
			// Its deletion may be in the southbound database: then it is a new port there.
			undone[w.dels] = w.dels != "" && have[w.dels]
		}
		for _, r := range peek(t, disk, "sb.db", sb.SchemaJSON, sb.TablePortBinding) {
			if lost[r.String(sb.PortBindingColLogicalPort)] {
				ranAhead++
			}
		}

		c, stop = boot(t, disk)
		ids := map[string]ovsdb.UUID{}
		for _, r := range rows(t, c.NB(), nb.TableLogicalSwitchPort) {
			ids[r.String(nb.LogicalSwitchPortColName)] = r.UUID
		}
		for _, w := range tenants {
			if w.dels != "" && ids[w.dels].IsZero() {
				delete(w.ports, w.dels)
			}
			if w.adds != "" && !ids[w.adds].IsZero() {
				w.ports[w.adds] = ids[w.adds]
			}
		}
		keys := map[string]int64{}
		for _, r := range rows(t, c.SB(), sb.TablePortBinding) {
			pb := sb.NewPortBinding(r)
			keys[pb.LogicalPort] = pb.TunnelKey
			if ids[pb.LogicalPort].IsZero() {
				t.Fatalf("storm %d: the southbound database has port %s, the northbound one does not", storm, pb.LogicalPort)
			}
		}
		for name := range ids {
			if keys[name] == 0 {
				t.Fatalf("storm %d: the southbound database lacks port %s", storm, name)
			}
			if south.gone[name] {
				t.Fatalf("storm %d: a chassis saw port %s go, and it is there", storm, name)
			}
		}
		for name, key := range south.keys {
			switch {
			case lost[name]:
				t.Fatalf("storm %d: a chassis saw port %s, which is lost", storm, name)
			case keys[name] != 0 && keys[name] != key && !undone[name]:
				t.Fatalf("storm %d: the key of port %s was %d and is %d", storm, name, key, keys[name])
			}
		}
		cfg := nb.NewNBGlobal(rows(t, c.NB(), nb.TableNBGlobal)[0]).NBCfg
		if cfg < acked || cfg < shown || cfg < south.nbCfg {
			t.Fatalf("storm %d: nb_cfg is %d; %d was acknowledged, sb_cfg was %d, a chassis saw %d", storm, cfg, acked, shown, south.nbCfg)
		}
		if storm%10 == 9 {
			if got, want := flows(t, c.SB()), compiled(t, c.NB()); !slices.Equal(got, want) {
				t.Fatalf("storm %d: there are %d flows, a compilation from nothing makes %d", storm, len(got), len(want))
			}
		}
	}
	if ranAhead == 0 {
		t.Fatalf("in %d storms, %d transactions, the southbound database never ran ahead: this shows nothing", 5*storms, total)
	}
	t.Logf("%d transactions, in %d storms the southbound database had something that the northbound one lost", total, ranAhead)
}

// flows lists the logical flows with the names of their datapaths.
func flows(t *testing.T, db ovsdb.DB) (out []string) {
	t.Helper()
	names, groups := map[ovsdb.UUID]string{}, map[ovsdb.UUID][]ovsdb.UUID{}
	for _, r := range rows(t, db, sb.TableDatapathBinding) {
		names[r.UUID] = sb.NewDatapathBinding(r).ExternalIDs["name"]
	}
	for _, r := range rows(t, db, sb.TableLogicalDPGroup) {
		groups[r.UUID] = sb.NewLogicalDPGroup(r).Datapaths
	}
	for _, r := range rows(t, db, sb.TableLogicalFlow) {
		f := sb.NewLogicalFlow(r)
		var dps []ovsdb.UUID
		if f.LogicalDatapath != nil {
			dps = []ovsdb.UUID{*f.LogicalDatapath}
		} else if f.LogicalDPGroup != nil {
			dps = groups[*f.LogicalDPGroup]
		}
		for _, dp := range dps {
			out = append(out, fmt.Sprint(names[dp], f.Pipeline, f.TableID, f.Priority, f.Match, f.Actions))
		}
	}
	slices.Sort(out)
	return out
}

// compiled is the flows that a northd makes of a northbound database when there is nothing yet.
func compiled(t *testing.T, north ovsdb.DB) []string {
	t.Helper()
	s, err := ovsdb.ParseSchema(sb.SchemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	south, err := ovsdb.Open(s, ovsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer south.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- northd.New(northd.Options{NB: north, SB: south}).Run(ctx, func() { close(ready) }) }()
	<-ready
	cancel()
	<-done
	return flows(t, south)
}

// TestFailedSyncStopsCentral has the northbound database's disk fail while northd is ahead of it: the central stops, nobody
// has seen anything, and the next start puts the southbound database right.
func TestFailedSyncStopsCentral(t *testing.T) {
	disk := lossy.New(1)
	c, stop := boot(t, disk)
	south := watchSouth(t, c)
	broken := errors.New("the disk is broken")
	ahead := make(chan struct{})
	written := sync.OnceFunc(func() { close(ahead) })
	disk.OnSync(func(name string) error {
		if name == "sb.db" {
			if bytes.Contains(disk.Data(name), []byte(`"logical_port":"p"`)) {
				written() // northd has written, and given out a key
			}
			return nil
		}
		<-ahead
		return broken
	})
	ls, lsp := ovsdb.NewUUID(), ovsdb.NewUUID()
	_, err := c.NB().Transact(t.Context(), nb.Insert(&nb.LogicalSwitchPort{UUID: lsp, Name: "p"}),
		nb.Insert(&nb.LogicalSwitch{UUID: ls, Name: "s", Ports: []ovsdb.UUID{lsp}}))
	if !errors.Is(err, broken) {
		t.Fatalf("a transaction that could not be synced: %v", err)
	}
	disk.OnSync(nil)
	if err := stop(); err == nil || !strings.HasPrefix(err.Error(), "northbound database: ") || !errors.Is(err, broken) {
		t.Fatalf("central ended with: %v", err)
	}
	<-south.end
	if len(south.keys) > 0 {
		t.Fatalf("a chassis saw %v", south.keys)
	}
	// The file holds both; whether the northbound record is there after a power cut is luck: take the bad one.
	if len(peek(t, disk, "sb.db", sb.SchemaJSON, sb.TablePortBinding)) != 1 {
		t.Fatal("northd was not ahead: this shows nothing")
	}
	disk.SetData("nb.db", nil)
	c, _ = boot(t, disk)
	for _, table := range []string{sb.TablePortBinding, sb.TableDatapathBinding, sb.TableLogicalFlow, sb.TableMulticastGroup} {
		if left := rows(t, c.SB(), table); len(left) != 0 {
			t.Errorf("%d rows are left in %s", len(left), table)
		}
	}
}

// TestSBCfgAfterSync has sb_cfg come after the southbound database is on disk, when that gave out keys, and nothing of it in
// the southbound database before the northbound one is.
func TestSBCfgAfterSync(t *testing.T) {
	disk := lossy.New(1)
	c, _ := boot(t, disk)
	global := rows(t, c.NB(), nb.TableNBGlobal)[0].UUID
	sbCfg := func() int64 { return nb.NewNBGlobal(rows(t, c.NB(), nb.TableNBGlobal)[0]).SBCfg }
	north, err := c.NB().Watch(t.Context(), map[string][]string{nb.TableNBGlobal: {nb.NBGlobalColSBCfg}})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	var once, twice sync.Once
	started, synced := make(chan struct{}), make(chan struct{})
	disk.OnSync(func(name string) error {
		if name == "nb.db" {
			once.Do(func() {
				<-started // northd has got this far without it
				order = append(order, "nb synced")
				close(synced)
			})
			return nil
		}
		if !bytes.Contains(disk.Data(name), []byte(`"Datapath_Binding"`)) {
			return nil // a batch from before
		}
		twice.Do(func() {
			close(started)
			<-synced
			// The northbound database is on its way to say that the transaction is done; sb_cfg has to wait for us.
			if n := sbCfg(); n != 0 {
				t.Errorf("sb_cfg is %d before the southbound database is synced", n)
			}
			order = append(order, "sb synced")
		})
		return nil
	})
	defer disk.OnSync(nil)
	if _, err := c.NB().Transact(t.Context(), nb.Insert(&nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "s"}),
		ovsdb.Update(nb.TableNBGlobal, global, ovsdb.ColumnValue{Column: nb.NBGlobalColNBCfg, Value: int64(7)})); err != nil {
		t.Fatal(err)
	}
	for end := time.After(time.Minute); ; {
		select {
		case d := <-north:
			for _, ch := range d.Changes {
				if ch.New != nil && nb.NewNBGlobal(ch.New).SBCfg == 7 {
					if !slices.Equal(order, []string{"nb synced", "sb synced"}) {
						t.Errorf("sb_cfg came after %q", order)
					}
					return
				}
			}
		case <-end:
			t.Fatal("sb_cfg does not come")
		}
	}
}

// writerFunc is an io.Writer.
type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// TestWriteBackTakenBack has no room on the disk for what northd writes back: since northd does not wait for it, it must hear
// of it later, and write it again.
func TestWriteBackTakenBack(t *testing.T) {
	disk := lossy.New(1)
	ended := make(chan struct{}, 10)
	c, _ := bootLogging(t, disk, writerFunc(func(b []byte) {
		if bytes.Contains(b, []byte("session ended")) {
			ended <- struct{}{}
		}
	}))
	full := sync.OnceFunc(func() { disk.Limit(5) })
	disk.OnSync(func(name string) error {
		if name == "sb.db" && bytes.Contains(disk.Data(name), []byte(`"logical_port":"p"`)) {
			full()
		}
		return nil
	})
	lsp := ovsdb.NewUUID()
	if _, err := c.NB().Transact(t.Context(), nb.Insert(&nb.LogicalSwitchPort{UUID: lsp, Name: "p"}),
		nb.Insert(&nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "s", Ports: []ovsdb.UUID{lsp}})); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("northd did not hear of it")
	}
	if up := nb.NewLogicalSwitchPort(rows(t, c.NB(), nb.TableLogicalSwitchPort)[0]).Up; up != nil {
		t.Fatalf("up is %v: this shows nothing", *up)
	}
	north, err := c.NB().Watch(t.Context(), map[string][]string{nb.TableLogicalSwitchPort: nil})
	if err != nil {
		t.Fatal(err)
	}
	disk.Limit(-1)
	for end := time.After(time.Minute); ; {
		select {
		case d := <-north:
			if nb.NewLogicalSwitchPort(d.Changes[0].New).Up != nil {
				return
			}
		case <-end:
			t.Fatal("it was not written again")
		}
	}
}
