package northd

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// picky is a database that rejects some transactions when they commit.
type picky struct {
	ovsdb.DB
	offends func(*ovsdb.Op) bool // nil takes everything
	say     func(ops []ovsdb.Op, bad int) *ovsdb.Error
	tries   int
}

func (p *picky) Transact(ctx context.Context, ops ...ovsdb.Op) ([]ovsdb.Result, error) {
	p.tries++
	for i := range ops {
		if p.offends != nil && p.offends(&ops[i]) {
			return nil, p.say(ops, i)
		}
	}
	return p.DB.Transact(ctx, ops...)
}

// port is one that the database takes offence at, and what belongs to it.
func port(name string) func(*ovsdb.Op) bool {
	id := ovsdb.UUID{}
	return func(op *ovsdb.Op) bool {
		for _, c := range op.Row {
			if c.Column == sb.PortBindingColLogicalPort && c.Value == name && op.Kind == ovsdb.OpInsert {
				id = op.UUID
				return true
			}
		}
		for _, m := range op.Mutations {
			if ids, _ := m.Value.([]ovsdb.UUID); len(ids) == 1 && ids[0] == id && !id.IsZero() {
				return true
			}
		}
		return false
	}
}

// TestRejected has the database reject a row, in all the ways in which it can say so: the others are written all the same,
// it is said once, nothing is tried again until something changes, and the row is written when it is no longer rejected.
func TestRejected(t *testing.T) {
	for name, say := range map[string]func([]ovsdb.Op, int) *ovsdb.Error{
		"by the operation": func(_ []ovsdb.Op, bad int) *ovsdb.Error {
			return &ovsdb.Error{Code: "constraint violation", Details: "no", Op: bad}
		},
		"by the text of the commit": func(ops []ovsdb.Op, bad int) *ovsdb.Error {
			return &ovsdb.Error{Code: "referential integrity violation", Details: "row " + rowOf(&ops[bad]).String() + " is bad", Op: len(ops)}
		},
		"without a hint": func(ops []ovsdb.Op, _ int) *ovsdb.Error {
			return &ovsdb.Error{Code: "constraint violation", Details: "no", Op: len(ops)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			db := &picky{DB: w.sb, offends: port("bad"), say: say}
			w.s.n.opts.SB = db
			ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw"}
			ops := []ovsdb.Op{}
			for i, name := range []string{"bad", "good"} {
				p := &nb.LogicalSwitchPort{UUID: ovsdb.NewUUID(), Name: name, Addresses: []string{"0a:00:00:00:00:0" + string(rune('1'+i))}}
				ls.Ports = append(ls.Ports, p.UUID)
				ops = append(ops, nb.Insert(p))
			}
			meter := &nb.Meter{UUID: ovsdb.NewUUID(), Name: "m", Unit: "pktps"}
			band := &nb.MeterBand{UUID: ovsdb.NewUUID(), Action: "drop", Rate: 5}
			meter.Bands = []ovsdb.UUID{band.UUID}
			w.transact(w.nb, append(ops, nb.Insert(ls), nb.Insert(band), nb.Insert(meter))...)
			w.settle()
			names := func() string {
				var out []string
				for _, r := range rowsOf(t, w.sb, sb.TablePortBinding) {
					out = append(out, sb.NewPortBinding(r).LogicalPort)
				}
				return strings.Join(out, " ")
			}
			if got := names(); got != "good" {
				t.Errorf("ports are %q, want good", got)
			}
			if n := len(rowsOf(t, w.sb, sb.TableMeterBand)); n != 1 {
				t.Errorf("%d Meter_Bands, want 1: a child was written without its parent", n)
			}
			if n := strings.Count(w.northdLogs.String(), "bad"); !strings.Contains(w.northdLogs.String(), "leaving out a row") || n > 6 {
				t.Errorf("the rejection is not logged once: %s", w.northdLogs)
			}
			if w.s.retryAt.IsZero() {
				t.Error("nothing will be tried again")
			}
			// A southbound change is no reason to try again.
			tries, said := db.tries, w.northdLogs.Len()
			w.transact(w.sb, sb.Insert(&sb.ChassisPrivate{UUID: ovsdb.NewUUID(), Name: "hv"}))
			w.settle()
			if names() != "good" || db.tries-tries > 8 || w.northdLogs.Len() != said {
				t.Errorf("%d transactions after a southbound change; ports %q; log %s", db.tries-tries, names(), w.northdLogs.String()[said:])
			}
			// A northbound one is.
			db.offends = nil
			w.transact(w.nb, nb.Insert(&nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "other"}))
			w.settle()
			if got := names(); len(got) != len("bad good") {
				t.Errorf("ports are %q, want both", got)
			}
			if !w.s.retryAt.IsZero() || len(w.s.rejected) > 0 {
				t.Errorf("still waiting for %v", w.s.rejected)
			}
			w.checkRestart("after a rejection")
		})
	}
}

// TestRejectedDelete has somebody else's row hold a datapath that is to go: a session that reads everything again finds and
// removes it.
func TestRejectedDelete(t *testing.T) {
	w := newWorld(t)
	logs := &lockedBuilder{}
	n := New(Options{NB: w.nb, SB: w.sb, Logger: slog.New(slog.NewTextHandler(logs, nil))})
	var pauses atomic.Int32
	n.pause = func(int) time.Duration { pauses.Add(1); return 10 * time.Millisecond }
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	ls := &nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: "sw"}
	w.transact(w.nb, nb.Insert(ls))
	go func() { done <- n.Run(ctx, func() { close(ready) }) }()
	<-ready
	w.transact(w.sb, sb.Insert(&sb.LogicalFlow{UUID: ovsdb.NewUUID(), LogicalDatapath: &ls.UUID, Pipeline: "ingress", Match: "mine", Actions: "drop;"}))
	w.transact(w.nb, ovsdb.Delete(nb.TableLogicalSwitch, ls.UUID))
	deltas, err := w.sb.Watch(ctx, map[string][]string{sb.TableDatapathBinding: nil})
	if err != nil {
		t.Fatal(err)
	}
	for d := range deltas {
		if len(d.Changes) == 0 || d.Changes[0].New == nil {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(rowsOf(t, w.sb, sb.TableDatapathBinding)); n != 0 {
		t.Errorf("%d datapaths are left: %s", n, logs)
	}
	if !strings.Contains(logs.String(), "leaving out a row that the southbound database rejects") || pauses.Load() == 0 {
		t.Errorf("the rejection is not logged: %s", logs)
	}
}

func TestPause(t *testing.T) {
	for failed, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 6: 64 * time.Second, 7: maxPause, 1 << 20: maxPause} {
		if got := pause(failed); got != want {
			t.Errorf("pause after %d failures is %s, want %s", failed, got, want)
		}
	}
}

// lockedBuilder takes the log of a northd that runs on its own.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
