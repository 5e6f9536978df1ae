package northd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Options are what northd works with.
type Options struct {
	NB, SB   ovsdb.DB
	Logger   *slog.Logger
	Counters *Counters // take what is computed; may be nil
}

// Northd is the component.
type Northd struct {
	opts Options
	log  *slog.Logger

	failed   int             // sessions in a row that ended early
	reported map[string]bool // rejections that have been logged
	pause    func(failed int) time.Duration
}

// New returns the component.
func New(opts Options) *Northd {
	n := &Northd{opts: opts, log: opts.Logger, reported: map[string]bool{}, pause: pause}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	return n
}

// Name implements supervise.Component.
func (n *Northd) Name() string { return "ovn-northd" }

// Run implements supervise.Component: ready once the southbound database says what the northbound one wants.
//
// A lost connection, or rows that the database goes on rejecting, end a session; the next one reads everything again. That
// costs a full compile and nothing else, since rows that are right stay.
func (n *Northd) Run(ctx context.Context, ready func()) error {
	ready = sync.OnceFunc(ready)
	for {
		begun := time.Now()
		err := n.session(ctx, ready)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errClosed) {
			return err
		}
		if time.Since(begun) > maxPause {
			n.failed = 0
		}
		wait := n.pause(n.failed)
		n.failed++
		if errors.Is(err, errIncomplete) {
			continue // it has waited
		}
		n.log.Error("northd session ended, starting over", "component", "northd", "err", err, "after", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

var errClosed = errors.New("watching: database closed")

// session is one life of an engine. A panic outside of units ends it like an error: the next one starts from nothing.
func (n *Northd) session(ctx context.Context, ready func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	nbTables := map[string][]string{}
	for _, t := range topo.Tables() {
		nbTables[t] = nil
	}
	s := &session{n: n, e: newEngine(n.log), ahead: n.ahead()}
	s.e.counters = n.opts.Counters
	nbDeltas, err := s.watchNorth(ctx, nbTables)
	if err != nil {
		return fmt.Errorf("watching northbound: %w", err)
	}
	sbDeltas, err := n.opts.SB.Watch(ctx, southTables())
	if err != nil {
		return fmt.Errorf("watching southbound: %w", err)
	}
	begun := time.Now()
	if err := s.start(ctx, nbDeltas, sbDeltas); err != nil {
		return err
	}
	n.log.Info("northd started", "component", "northd", "units", s.e.stats.Units, "flows", len(s.e.flows.flows),
		"took", time.Since(begun))
	ready()
	var ageAt time.Time    // when rows may have come of age; zero when none can
	var orphanAt time.Time // when to look for orphans; zero when there can be none
	for {
		var due, old, orphaned <-chan time.Time
		if s.e.freed && orphanAt.IsZero() {
			orphanAt = time.Now().Add(orphanPause)
		}
		if !orphanAt.IsZero() {
			orphaned = time.After(time.Until(orphanAt))
		}
		if s.e.ages.changed {
			ageAt = time.Now()
		}
		if !ageAt.IsZero() {
			old = time.After(time.Until(ageAt))
		}
		if !s.retryAt.IsZero() {
			due = time.After(time.Until(s.retryAt))
		}
		var written <-chan struct{}
		if len(s.writes) > 0 {
			written = s.writes[0].Over()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-written:
			if err := s.writes[0].Wait(); err != nil {
				return fmt.Errorf("writing northbound: %w", err)
			}
			s.writes = slices.Delete(s.writes, 0, 1)
			continue
		case <-due:
			return errIncomplete
		case <-old:
			if ageAt, err = s.age(ctx, time.Now()); err != nil {
				return err
			}
			continue
		case <-orphaned:
			orphanAt = time.Time{}
			if err := s.removeOrphans(ctx); err != nil {
				return err
			}
			continue
		case d, ok := <-nbDeltas:
			if !ok {
				return errClosed
			}
			s.takeNB(d)
		case d, ok := <-sbDeltas:
			if !ok {
				return errClosed
			}
			s.takeSB(d)
		}
		// What has piled up meanwhile goes into the same transaction.
		if err := s.drain(nbDeltas, sbDeltas); err != nil {
			return err
		}
		if s.e.idle() {
			continue
		}
		if err := s.step(ctx); err != nil {
			return err
		}
	}
}

// ahead is the northbound database if both are in this process, so that northd can run ahead of the disk: what a commit leads
// to is computed and synced while the commit itself is still being synced, and shown to nobody before both are durable.
func (n *Northd) ahead() *ovsdb.Database {
	if _, ok := n.opts.SB.(*ovsdb.Database); !ok {
		return nil
	}
	north, _ := n.opts.NB.(*ovsdb.Database)
	return north
}

func (s *session) watchNorth(ctx context.Context, tables map[string][]string) (<-chan ovsdb.Delta, error) {
	if s.ahead != nil {
		return s.ahead.WatchAhead(ctx, tables)
	}
	return s.n.opts.NB.Watch(ctx, tables)
}

type session struct {
	n         *Northd
	e         *engine
	committed int64 // nb_cfg of the last southbound transaction

	ahead   *ovsdb.Database  // the northbound database, when northd runs ahead of its disk
	pending *ovsdb.Pending   // of the last northbound commit that was applied; nil if it was durable when it came
	writes  []*ovsdb.Pending // of what was written northbound and is not known to be durable, oldest first

	rejected   map[ovsdb.UUID]bool // southbound rows that the database did not take
	nbRejected bool                // there were northbound ones
	retryAt    time.Time           // when everything is read again for them; zero when there are none
}

func (s *session) takeNB(d ovsdb.Delta) {
	s.pending = d.Pending
	s.e.applyNB(d.Changes)
}

func (s *session) takeSB(d ovsdb.Delta) { s.e.applySB(d.Changes) }

func (s *session) start(ctx context.Context, nbDeltas, sbDeltas <-chan ovsdb.Delta) error {
	if err := s.e.load(ctx, s.n.opts.SB); err != nil {
		return err
	}
	for _, w := range []struct {
		from <-chan ovsdb.Delta
		take func(ovsdb.Delta)
	}{{sbDeltas, s.takeSB}, {nbDeltas, s.takeNB}} {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case d, ok := <-w.from:
			if !ok {
				return errClosed
			}
			w.take(d)
		}
	}
	s.e.alloc.vxlan = s.e.vxlanMode()
	for {
		wrote, err := s.ensureGlobal(ctx)
		if err != nil {
			return err
		}
		if !wrote {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case d, ok := <-nbDeltas:
			if !ok {
				return errClosed
			}
			s.takeNB(d)
		}
	}
	// Everything that is there at the start looks foreign: this is how the rows of watched tables are loaded.
	if err := s.e.verify(ctx, s.n.opts.SB); err != nil {
		return err
	}
	s.e.claim()
	if err := s.step(ctx); err != nil {
		return err
	}
	return s.removeOrphans(ctx)
}

// ensureGlobal writes what the northbound database lacks; its delta then brings us back.
func (s *session) ensureGlobal(ctx context.Context) (wrote bool, err error) {
	ops := s.e.ensureGlobal()
	if len(ops) == 0 {
		return false, nil
	}
	if _, err := s.n.opts.NB.Transact(ctx, ops...); err != nil {
		return false, fmt.Errorf("writing northbound: %w", err)
	}
	return true, nil
}

// drain takes what is there without waiting, up to a limit that keeps a busy northbound from starving the southbound.
func (s *session) drain(nbDeltas, sbDeltas <-chan ovsdb.Delta) error {
	for range 256 {
		select {
		case d, ok := <-nbDeltas:
			if !ok {
				return errClosed
			}
			s.takeNB(d)
		case d, ok := <-sbDeltas:
			if !ok {
				return errClosed
			}
			s.takeSB(d)
		default:
			return nil
		}
	}
	return nil
}

func (s *session) step(ctx context.Context) error {
	if wrote, err := s.ensureGlobal(ctx); wrote || err != nil {
		return err
	}
	if err := s.e.verify(ctx, s.n.opts.SB); err != nil {
		return err
	}
	retry := s.e.nbChanged
	begun := time.Now()
	sbOps, nbOps := s.e.step()
	computed := time.Now()
	if err := s.writeSouth(ctx, sbOps, retry); err != nil {
		return err
	}
	s.n.opts.Counters.took("ovnnb_db_run", computed.Sub(begun))
	s.n.opts.Counters.took("ovnsb_db_run", time.Since(computed))
	s.committed = s.e.nbGlobal.NBCfg
	nbOps = append(nbOps, s.e.progress(s.committed, time.Now())...)
	return s.writeNorth(ctx, nbOps)
}

// allocates reports whether ops give out a key. A key is durable before anybody sees it, or a power cut could give it out
// again for something else while chassis still use it.
func allocates(ops []ovsdb.Op) bool {
	for i := range ops {
		switch ops[i].Kind {
		case ovsdb.OpInsert, ovsdb.OpUpdate:
			for _, c := range ops[i].Row {
				if c.Column == "tunnel_key" {
					return true
				}
			}
		}
	}
	return false
}

// load reads what the southbound database holds of ours and is not watched.
func (e *engine) load(ctx context.Context, db ovsdb.DB) error {
	var names []string
	for name, t := range tables {
		if _, watched := watchedSB()[name]; !watched && !t.child {
			names = append(names, name)
		}
	}
	var children []string
	for name, t := range tables {
		if t.child {
			children = append(children, name)
		}
	}
	ops := []ovsdb.Op{ovsdb.Select(sb.TableLogicalFlow), ovsdb.Select(sb.TableLogicalDPGroup)}
	for _, name := range append(names, children...) {
		ops = append(ops, ovsdb.Select(name))
	}
	res, err := db.Transact(ctx, ops...)
	if err != nil {
		return fmt.Errorf("reading southbound: %w", err)
	}
	groups := map[ovsdb.UUID][]ovsdb.UUID{}
	for _, r := range res[1].Rows {
		groups[r.UUID], _ = r.Get(sb.LogicalDPGroupColDatapaths).([]ovsdb.UUID)
	}
	for _, r := range res[0].Rows {
		if e.flows.load(sb.NewLogicalFlow(r), groups) {
			e.garbage = append(e.garbage, ovsdb.Delete(sb.TableLogicalFlow, r.UUID))
		}
	}
	res = res[2:]
	for i, name := range names {
		for _, r := range res[i].Rows {
			if name == sb.TableLoadBalancer {
				e.flows.sharedBy(r)
			}
			if !e.rows.load(rowKey{name, tables[name].key(r)}, r) {
				e.garbage = append(e.garbage, ovsdb.Delete(name, r.UUID))
			}
		}
	}
	for i := range children {
		for _, r := range res[len(names)+i].Rows {
			e.rows.children[r.UUID] = r
		}
	}
	return nil
}

// claim takes the keys that the southbound database holds, for rows that the northbound one still has.
func (e *engine) claim() {
	bySB := map[ovsdb.UUID]ovsdb.UUID{}
	for k, r := range e.rows.rows {
		if k.table != sb.TableDatapathBinding || r.have == nil {
			continue
		}
		id, err := ovsdb.ParseUUID(k.key)
		key, _ := r.have.get(sb.DatapathBindingColTunnelKey).(int64)
		if err != nil || e.datapaths[id] == nil || !e.alloc.loadDatapath(id, topo.DatapathKey{SB: r.id, Key: key}) {
			// Chassis may have written rows that refer to a datapath that goes.
			e.orphans = append(e.orphans, topo.DatapathKey{SB: r.id, Key: key})
			continue
		}
		bySB[r.id] = id
	}
	for k, r := range e.rows.rows {
		if k.table != sb.TableMulticastGroup || r.have == nil {
			continue
		}
		dp, _ := r.have.get(sb.MulticastGroupColDatapath).(ovsdb.UUID)
		name, _ := r.have.get(sb.MulticastGroupColName).(string)
		key, _ := r.have.get(sb.MulticastGroupColTunnelKey).(int64)
		if id, ok := bySB[dp]; ok {
			e.mcast.loadGroup(id, name, key)
		}
	}
	for k, r := range e.rows.rows {
		if id, ok := r.have.get(sb.ACLIDColID).(int64); ok && k.table == sb.TableACLID && e.alloc.aclIDs.take(id, k.key) {
			e.topo.SetACLID(r.id, id)
		}
	}
	for name, row := range e.south.bindings {
		pb := sb.NewPortBinding(row)
		if dp, ok := bySB[pb.Datapath]; ok {
			e.alloc.loadPort(name, dp, topo.VariantOf(pb.Type, pb.ParentPort != nil), topo.PortKey{SB: pb.UUID, Key: pb.TunnelKey,
				Queue: bounded(pb.Options["qdisc_queue_id"], 0, 0, maxQueue)})
		}
	}
}
