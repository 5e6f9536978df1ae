package oracle

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

var (
	oracleSeed  = flag.Uint64("oracle.seed", 1, "TestOracle: the first seed; the ones after it follow")
	oracleTime  = flag.Duration("oracle.time", 90*time.Second, "TestOracle: go on with further seeds for so long, 0 for ever")
	oracleSeeds = flag.Int("oracle.seeds", 12, "TestOracle: seeds at most, 0 as many as there is time for")
	oracleEdits = flag.Int("oracle.edits", 120, "TestOracle: edits per seed")
	oracleGo    = flag.Bool("oracle.continue", false, "TestOracle: go on after a difference")
)

// compareEvery is how many edits lie between two comparisons; each edit is synchronised by itself.
const compareEvery = 4

// knownDifferences are differences from stock that are to stay, or are not mended yet: lines of a comparison that are let
// pass, with the seed that shows them. A reason says which it is.
var knownDifferences = []struct {
	line   *regexp.Regexp
	seed   uint64
	reason string
}{
	{regexp.MustCompile(`^sb\.txt: \+ FDB\tdp_key=sw\d\t.*port_key=p\d`), 1, "stays: stock forgets the key of a switch port that was changed, " +
		"and takes FDB rows of the port for stale until something is recomputed"},
	{regexp.MustCompile(`^sb\.txt: [-+] Port_Binding\t.*requested-tnl-key=.*up=`), 15, "stays: stock makes the Port_Binding " +
		"of a port that asks for a key which another has anew, and forgets where it is bound"},
}

// openDifferences are what seeds beyond those of make test have shown and nobody has mended yet. docs/oracle-coverage.md lists them.
var openDifferences = []struct {
	seed uint64
	what string
}{
	{40, "an ACL with a sample and no Sampling_App: stock commits no collector set"},
	{41, "when the last chassis goes, stock keeps counting with the features that it had, kove with all"},
}

// TestOracle gives random edits to stock and to kove's northd, and compares them after every few: kove's southbound database
// equals stock's, and a northd that starts on a copy of kove's databases changes nothing, so incremental equals full. A
// difference is reduced to the edits that it needs.
func TestOracle(t *testing.T) {
	stockDir(t)
	begun := time.Now()
	seeds, edits := 0, 0
	for seed := *oracleSeed; ; seed++ {
		if seeds > 0 && (*oracleTime > 0 && time.Since(begun) > *oracleTime || *oracleSeeds > 0 && seeds >= *oracleSeeds) {
			break
		}
		ok := t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { edits += oracleRun(t, seed) })
		seeds++
		if !ok && !*oracleGo {
			break
		}
	}
	t.Logf("seeds %d to %d: %d edits in %v; repeat one with -oracle.seed=N -oracle.time=1s", *oracleSeed, *oracleSeed+uint64(seeds)-1, edits,
		time.Since(begun).Round(time.Second))
}

// oracleRun makes and compares the edits of one seed.
func oracleRun(t *testing.T, seed uint64) int {
	p := newPair(t)
	g := newGenerator(seed)
	var done []edit
	for n := range *oracleEdits {
		if err := g.look(p.ctx, p.kove.nb); err != nil {
			t.Fatal(err)
		}
		e := g.next()
		done = append(done, e)
		diff, err := p.apply(e)
		if err == nil && len(diff) == 0 && ((n+1)%compareEvery == 0 || n == *oracleEdits-1) {
			diff, err = p.compare()
		}
		if err == nil && len(diff) == 0 {
			continue
		}
		if p.died.Load() {
			// A router that goes while a BFD session names its port does it, for one.
			t.Logf("seed %d, edit %d: stock's ovn-northd has crashed, kove's has not: %s", seed, n+1, e.text)
			return n + 1
		}
		p.close()
		if err != nil {
			t.Errorf("seed %d, edit %d: %v", seed, n+1, err)
		}
		few, diff, err := reduce(t, done, diff, err)
		var b strings.Builder
		fmt.Fprintf(&b, "seed %d: different after %d edits", seed, n+1)
		if err != nil {
			fmt.Fprintf(&b, ": %v", err)
		}
		fmt.Fprintf(&b, "\n%s\nthese %d edits are enough:\n", strings.Join(diff[:min(len(diff), limit())], "\n"), len(few))
		for _, e := range few {
			fmt.Fprintln(&b, " ", e.text)
		}
		t.Error(b.String())
		return n + 1
	}
	return len(done)
}

// reduce leaves out edits as long as what is left still differs in one of the same lines (delta debugging), for at most a minute.
func reduce(t *testing.T, edits []edit, diff []string, failed error) ([]edit, []string, error) {
	differs := func(some []edit) ([]string, error) {
		p := newPair(t)
		defer p.close()
		for _, e := range some {
			if diff, err := p.apply(e); err != nil || len(diff) > 0 {
				return diff, err
			}
		}
		return p.compare()
	}
	end := time.Now().Add(time.Minute)
	for size := len(edits) / 2; size >= 1 && time.Now().Before(end); {
		left := false
		for at := 0; at < len(edits) && time.Now().Before(end); {
			some := append(append([]edit(nil), edits[:at]...), edits[min(at+size, len(edits)):]...)
			d, err := differs(some)
			if (err != nil) == (failed != nil) && (err != nil || slices.ContainsFunc(d, func(l string) bool { return slices.Contains(diff, l) })) {
				edits, diff, failed, left = some, d, err, true
				continue
			}
			at += size
		}
		if size == 1 && !left {
			break
		}
		if !left || size > 1 {
			size = max(1, size/2)
		}
	}
	return edits, diff, failed
}

// oracleSide is a central under the oracle.
type oracleSide struct {
	name   string
	ctx    context.Context
	nb, sb ovsdb.DB
}

// southRow reads a row; nil if there is none.
func (s *oracleSide) southRow(table string, id ovsdb.UUID) *ovsdb.Row {
	return s.first(table, ovsdb.ByUUID(id)...)
}

// binding is the Port_Binding of a port, nil if there is none.
func (s *oracleSide) binding(port string) *ovsdb.Row {
	return s.first(sb.TablePortBinding, byPort(port)...)
}

func (s *oracleSide) first(table string, where ...ovsdb.Condition) *ovsdb.Row {
	res, err := s.sb.Transact(s.ctx, ovsdb.Select(table, where...))
	if err != nil || len(res[0].Rows) == 0 {
		return nil
	}
	return res[0].Rows[0]
}

// sync waits until northd has worked off what was written, in one direction and the other.
func (s *oracleSide) sync() error {
	ctx, cancel := context.WithTimeout(s.ctx, 120*time.Second)
	defer cancel()
	res, err := s.nb.Transact(ctx, ovsdb.Select(nb.TableNBGlobal))
	if err != nil || len(res[0].Rows) != 1 {
		return fmt.Errorf("%s: reading NB_Global: %w", s.name, err)
	}
	global := nb.NewNBGlobal(res[0].Rows[0])
	target := global.NBCfg + 1
	if _, err := s.nb.Transact(ctx, ovsdb.Update(nb.TableNBGlobal, global.UUID, ovsdb.ColumnValue{Column: nb.NBGlobalColNBCfg, Value: target})); err != nil {
		return fmt.Errorf("%s: writing nb_cfg: %w", s.name, err)
	}
	_, err = s.nb.Transact(ctx, ovsdb.Op{Kind: ovsdb.OpWait, Table: nb.TableNBGlobal, Where: ovsdb.ByUUID(global.UUID), Columns: []string{nb.NBGlobalColSBCfg},
		Until: ovsdb.Eq, Rows: [][]ovsdb.ColumnValue{{{Column: nb.NBGlobalColSBCfg, Value: target}}}, Timeout: 90 * time.Second})
	if err != nil {
		return fmt.Errorf("%s: northd did not reach nb_cfg %d: %w", s.name, target, err)
	}
	return nil
}

// pair is stock and kove with the same northbound database.
type pair struct {
	t       *testing.T
	ctx     context.Context
	cancel  func()
	stock   *oracleSide
	kove    *oracleSide
	sockets *sockets    // of stock
	stop    func()      // of kove's northd
	died    atomic.Bool // stock's northd
}

func newPair(t *testing.T) *pair {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &pair{t: t, ctx: ctx, cancel: cancel, sockets: startStock(t)}
	dial := func(sock, name string) ovsdb.DB {
		c, err := ovsdb.Dial(ctx, name, ovsdb.ClientOptions{Remotes: []string{"unix:" + sock}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	sctx := p.watchStock(ctx)
	p.stock = &oracleSide{"stock", sctx, dial(p.sockets.nb, nb.Database), dial(p.sockets.sb, sb.Database)}
	p.kove = koveSide(t, ctx)
	// Edits name rows by UUID.
	res, err := p.stock.nb.Transact(ctx, ovsdb.Select(nb.TableNBGlobal))
	if err != nil || len(res[0].Rows) != 1 {
		t.Fatalf("reading stock's NB_Global: %v", err)
	}
	if _, err := p.kove.nb.Transact(ctx, ovsdb.Insert(nb.TableNBGlobal, res[0].Rows[0].UUID, col(nb.NBGlobalColOptions,
		ovsdb.NewStringMap(map[string]string{"mac_prefix": "02:aa:bb", "svc_monitor_mac": "0e:00:00:00:00:01"})))); err != nil {
		t.Fatal(err)
	}
	p.stop = runNorthd(t, ctx, p.kove.nb, p.kove.sb, slog.LevelError) // it warns of absurd rows, which are many
	t.Cleanup(p.close)
	return p
}

// watchStock returns a context that ends when stock's northd does.
func (p *pair) watchStock(ctx context.Context) context.Context {
	pid, err := os.ReadFile(filepath.Join(p.sockets.dir, "northd.pid"))
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// One whose parent has not reaped it yet has no command line.
			if line, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/cmdline"); len(line) == 0 {
				p.died.Store(true)
				return
			}
		}
	}()
	return ctx
}

func (p *pair) close() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
		p.cancel()
		p.sockets.halt()
	}
}

// apply makes an edit on both sides. Both take it or both refuse it.
func (p *pair) apply(e edit) ([]string, error) {
	var errs [2]error
	for i, s := range []*oracleSide{p.stock, p.kove} {
		db := s.nb
		if e.south {
			db = s.sb
		}
		if ops := e.ops(s); len(ops) > 0 {
			_, errs[i] = db.Transact(p.ctx, ops...)
		}
	}
	if (errs[0] == nil) != (errs[1] == nil) {
		return []string{fmt.Sprintf("%s: stock: %v; kove: %v", e.text, errs[0], errs[1])}, nil
	}
	// Twice: chassis' rows come back to northd, which may answer them.
	for range 2 {
		if err := errors.Join(p.stock.sync(), p.kove.sync()); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// compare lists what differs.
func (p *pair) compare() ([]string, error) {
	// Stock's own incremental engine is not always exact: a disabled port stays in multicast groups, say.
	if _, err := p.sockets.try("ovn-appctl -t $PWD/northd.ctl inc-engine/recompute"); err != nil {
		return nil, err
	}
	for range 2 {
		if err := p.stock.sync(); err != nil {
			return nil, err
		}
	}
	want, err := p.sockets.canonical(p.t)
	if err != nil {
		return nil, fmt.Errorf("stock: %w", err)
	}
	got, err := p.kove.canonical()
	if err != nil {
		return nil, fmt.Errorf("kove: %w", err)
	}
	var diff []string
	for _, line := range Compare(want, got) {
		known := false
		for _, k := range knownDifferences {
			known = known || k.line.MatchString(line)
		}
		if !known {
			diff = append(diff, line)
		}
	}
	if len(diff) > 0 {
		return diff, nil
	}
	return p.full(got)
}

// full starts another northd on a copy of kove's databases and lists what it changes.
func (p *pair) full(before Text) ([]string, error) {
	copied := &oracleSide{name: "kove, started anew", ctx: p.ctx}
	for _, x := range []struct {
		from   ovsdb.DB
		to     *ovsdb.DB
		schema []byte
	}{{p.kove.nb, &copied.nb, nb.SchemaJSON}, {p.kove.sb, &copied.sb, sb.SchemaJSON}} {
		to := memory(p.t, x.schema)
		*x.to = to
		var ops []ovsdb.Op
		for _, table := range to.Schema().Tables {
			res, err := x.from.Transact(p.ctx, ovsdb.Select(table.Name))
			if err != nil {
				return nil, err
			}
			for _, r := range res[0].Rows {
				var cols []ovsdb.ColumnValue
				for _, c := range table.Columns {
					cols = append(cols, ovsdb.ColumnValue{Column: c.Name, Value: r.Get(c.Name)})
				}
				ops = append(ops, ovsdb.Insert(table.Name, r.UUID, cols...))
			}
		}
		if _, err := to.Transact(p.ctx, ops...); err != nil {
			return nil, fmt.Errorf("copying: %w", err)
		}
		defer to.Close()
	}
	stop := runNorthd(p.t, p.ctx, copied.nb, copied.sb, slog.LevelError)
	defer stop()
	for range 2 {
		if err := copied.sync(); err != nil {
			return nil, err
		}
	}
	after, err := copied.canonical()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, l := range Compare(after, before) {
		out = append(out, "full (-) against incremental (+): "+l)
	}
	return out, nil
}

func (s *oracleSide) canonical() (Text, error) {
	nbDump, err := FromDB(s.ctx, s.nb)
	if err != nil {
		return Text{}, err
	}
	sbDump, err := FromDB(s.ctx, s.sb)
	if err != nil {
		return Text{}, err
	}
	return canonical(nbDump, sbDump)
}

func (s *sockets) canonical(t testing.TB) (Text, error) { return canonical(s.dump(t)) }

// Known differences have a reason, and a seed to see them with.
func TestKnownDifferences(t *testing.T) {
	for _, k := range knownDifferences {
		if k.reason == "" || k.line == nil {
			t.Errorf("known difference of seed %d says no reason or no line", k.seed)
		}
	}
}
