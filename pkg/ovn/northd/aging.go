package northd

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Aging: chassis learn MAC_Binding and FDB rows and confirm those that they use; northd removes the others after the time
// that the operator set. The tables are not watched: they are read when something in them may have come of age.

// batchPause is the time between two removals when options:…_removal_limit keeps one from being complete.
const batchPause = 5 * time.Second

// ages are the datapaths whose rows age, by Logical_Router or Logical_Switch.
type ages struct {
	mac     map[ovsdb.UUID]topo.MACAges
	fdb     map[ovsdb.UUID]uint32 // seconds
	changed bool
}

func newAges() ages {
	return ages{mac: map[ovsdb.UUID]topo.MACAges{}, fdb: map[ovsdb.UUID]uint32{}}
}

// set takes what a datapath says about the age of its rows.
func (a *ages) set(id ovsdb.UUID, d *datapathState) {
	before := len(a.mac) + len(a.fdb)
	delete(a.mac, id)
	delete(a.fdb, id)
	if d == nil {
		return
	}
	if m, ok := topo.ParseMACAges(d.macAge); ok && m.Min() > 0 {
		a.mac[id] = m
	}
	if s := topo.Uint(d.fdbAge, 0); s > 0 {
		a.fdb[id] = s
	}
	if before > 0 || len(a.mac)+len(a.fdb) > 0 {
		a.changed = true
	}
}

// expiry collects the rows of one table that are too old.
type expiry struct {
	now   time.Time
	limit int64 // rows, 0 for any number
	next  time.Time
	ops   []ovsdb.Op
}

// full reports whether no more rows may go this time.
func (x *expiry) full() bool { return x.limit > 0 && int64(len(x.ops)) >= x.limit }

func (x *expiry) wake(at time.Time) {
	if x.next.IsZero() || at.Before(x.next) {
		x.next = at
	}
}

// look removes a row that is older than so many seconds, unless a chassis confirms it in the meantime.
func (x *expiry) look(table, column string, r *ovsdb.Row, age uint32) {
	if age == 0 {
		return
	}
	stamp, _ := r.Get(column).(int64)
	due := time.UnixMilli(stamp).Add(time.Duration(age) * time.Second)
	switch {
	case due.After(x.now):
		x.wake(due)
	case !x.full():
		x.ops = append(x.ops, ovsdb.Op{Kind: ovsdb.OpDelete, Table: table, Where: append(ovsdb.ByUUID(r.UUID),
			ovsdb.Condition{Column: column, Function: ovsdb.Eq, Value: stamp})})
		if x.full() {
			x.wake(x.now.Add(batchPause))
		}
	}
}

// age removes what is too old and returns when to look again; zero if there is nothing to look at.
func (s *session) age(ctx context.Context, now time.Time) (time.Time, error) {
	e := s.e
	e.ages.changed = false
	options := map[string]string{}
	if e.nbGlobal != nil {
		options = e.nbGlobal.Options
	}
	mac := expiry{now: now, limit: int64(topo.Uint(options["mac_binding_removal_limit"], 0))}
	for _, id := range slices.SortedFunc(maps.Keys(e.ages.mac), ovsdb.UUID.Compare) {
		k := e.alloc.dp[id]
		if k == nil || mac.full() {
			continue
		}
		mac.wake(now.Add(time.Duration(e.ages.mac[id].Min()) * time.Second))
		rows, err := s.read(ctx, sb.TableMACBinding, ovsdb.Condition{Column: sb.MACBindingColDatapath, Function: ovsdb.Eq, Value: k.SB})
		if err != nil {
			return now, err
		}
		for _, r := range rows {
			if a, err := netip.ParseAddr(r.String(sb.MACBindingColIP)); err == nil {
				mac.look(sb.TableMACBinding, sb.MACBindingColTimestamp, r, e.ages.mac[id].Of(a))
			}
		}
	}
	fdb := expiry{now: now, limit: int64(topo.Uint(options["fdb_removal_limit"], 0)), next: mac.next}
	for _, id := range slices.SortedFunc(maps.Keys(e.ages.fdb), ovsdb.UUID.Compare) {
		k := e.alloc.dp[id]
		if k == nil || fdb.full() {
			continue
		}
		fdb.wake(now.Add(time.Duration(e.ages.fdb[id]) * time.Second))
		rows, err := s.read(ctx, sb.TableFDB, ovsdb.Condition{Column: sb.FDBColDPKey, Function: ovsdb.Eq, Value: k.Key})
		if err != nil {
			return now, err
		}
		for _, r := range rows {
			fdb.look(sb.TableFDB, sb.FDBColTimestamp, r, e.ages.fdb[id])
		}
	}
	if ops := append(mac.ops, fdb.ops...); len(ops) > 0 {
		if _, err := s.n.opts.SB.Transact(ctx, ops...); err != nil {
			return now, fmt.Errorf("removing aged rows: %w", describe(err, ops))
		}
	}
	return fdb.next, nil
}

func (s *session) read(ctx context.Context, table string, where ...ovsdb.Condition) ([]*ovsdb.Row, error) {
	res, err := s.n.opts.SB.Transact(ctx, ovsdb.Select(table, where...))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	return res[0].Rows, nil
}
