package oracle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

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
	ctx, cancel := context.WithTimeout(s.ctx, 4*time.Minute)
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
		Until: ovsdb.Eq, Rows: [][]ovsdb.ColumnValue{{{Column: nb.NBGlobalColSBCfg, Value: target}}}, Timeout: 3 * time.Minute})
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
	resting atomic.Bool // stock's northd is being started anew

	crashes  int      // of stock's northd
	repaired []string // what stock's engine lost and was written again
	log      []string // commands of the edits applied
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
			if p.resting.Load() {
				continue
			}
			// One whose parent has not reaped it yet has no command line. One that has crashed leaves its pidfile.
			pid, err := os.ReadFile(filepath.Join(p.sockets.dir, "northd.pid"))
			line, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/cmdline")
			if (err != nil || len(line) == 0) && !p.resting.Load() {
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
	if e.restart {
		return nil, p.restart()
	}
	if e.south && strings.HasPrefix(e.text, "fdb ") {
		// Stock forgets the key of a port that was changed, and takes what is learned there for stale, until it computes everything anew.
		if _, err := p.sockets.try("ovn-appctl -t $PWD/northd.ctl inc-engine/recompute"); err != nil {
			return nil, err
		}
		p.log = append(p.log, "ovn-appctl -t $PWD/northd.ctl inc-engine/recompute # stock alone")
		if err := p.settle(); err != nil {
			return nil, err
		}
	}
	before, err := p.lookStock()
	if err != nil {
		return nil, err
	}
	var errs [2]error
	for i, s := range []*oracleSide{p.stock, p.kove} {
		db := s.nb
		if e.south {
			db = s.sb
		}
		if ops := e.ops(s); len(ops) > 0 {
			if i == 0 {
				p.log = append(p.log, script(s, e.south, ops))
			}
			_, errs[i] = db.Transact(p.ctx, ops...)
		}
	}
	if (errs[0] == nil) != (errs[1] == nil) {
		return []string{fmt.Sprintf("%s: stock: %v; kove: %v", e.text, errs[0], errs[1])}, nil
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	if e.south {
		return nil, nil
	}
	return nil, p.repair(before)
}

// settle lets both work off what was written. Twice: chassis' rows come back to northd, which may answer them. If stock's northd
// crashes over it, it is started again: a router port that goes while a BFD session names it does it, for one.
func (p *pair) settle() error {
	for range 2 {
		err := p.stock.sync()
		for err != nil && p.died.Load() && p.crashes < 5 {
			p.crashes++
			if _, failed := p.sockets.try("rm -f northd.pid; " + startNorthdCommand); failed != nil {
				return failed
			}
			p.died.Store(false)
			p.stock.ctx = p.watchStock(p.ctx)
			err = p.stock.sync()
		}
		if err := errors.Join(err, p.kove.sync()); err != nil {
			return err
		}
	}
	return nil
}

// restart ends both northds and starts them again.
func (p *pair) restart() error {
	p.log = append(p.log, "ovn-appctl -t $PWD/northd.ctl inc-engine/recompute # northd restarts")
	p.resting.Store(true)
	defer p.resting.Store(false)
	_, err := p.sockets.try(`p=$(cat northd.pid); ovn-appctl -t $PWD/northd.ctl exit
until test -z "$(tr -d '\0' 2>/dev/null </proc/$p/cmdline)"; do sleep 0.01; done
` + startNorthdCommand)
	if err != nil {
		return err
	}
	p.stop()
	p.stop = runNorthd(p.t, p.ctx, p.kove.nb, p.kove.sb, slog.LevelError)
	return p.settle()
}

// compare lists what differs.
func (p *pair) compare() ([]string, error) {
	// Stock's own incremental engine is not always exact: a disabled port stays in multicast groups, say.
	if _, err := p.sockets.try("ovn-appctl -t $PWD/northd.ctl inc-engine/recompute"); err != nil {
		return nil, err
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	want, err := p.stock.canonical()
	if err != nil {
		return nil, fmt.Errorf("stock: %w", err)
	}
	got, err := p.kove.canonical()
	if err != nil {
		return nil, fmt.Errorf("kove: %w", err)
	}
	diff := Compare(want, got)
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
	text, err := canonical(nbDump, sbDump)
	text.NBOut += confirmation(nbDump)
	return text, err
}

// confirmation says how far chassis and the central are, of what NB_Global.nb_cfg asks for. Both sides of a pair are asked for the
// same; that northd itself has arrived, sync has waited for.
func confirmation(nbDump *Dump) string {
	for _, r := range nbDump.Tables[nb.TableNBGlobal] {
		nbCfg, _ := r["nb_cfg"].(int64)
		hvCfg, _ := r["hv_cfg"].(int64)
		hv := fmt.Sprint(hvCfg)
		if hvCfg == nbCfg {
			hv = "nb_cfg"
		}
		line := "NB_Global\thv_cfg=" + hv
		for _, c := range []string{"nb_cfg_timestamp", "sb_cfg_timestamp", "hv_cfg_timestamp"} {
			if v, _ := r[c].(int64); v > 0 {
				line += " " + c
			}
		}
		return line + "\n"
	}
	return ""
}
