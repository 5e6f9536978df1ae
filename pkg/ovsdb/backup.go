package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Backup is a server in the backup role (ovsdb(7), Active-Backup Database Service Model): its databases follow those of the
// active server, and its clients may read only.
type Backup struct {
	srv     *Server
	client  ClientOptions
	exclude map[string]bool // DATABASE:TABLE
	log     *slog.Logger
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu     sync.Mutex // guards the rest
	states map[string]string
}

// The states of a database in a Backup.
const (
	BackupConnecting  = "connecting"
	BackupReplicating = "replicating"
)

// backupRetry is how long a database that cannot be followed is left alone.
const backupRetry = time.Second

// Follow makes the server a backup of the one at the remotes of opts, for the databases that it has now, tables named as
// DATABASE:TABLE excepted. It disconnects every client. The server leads again after Backup.End; there may be one at a time.
func (s *Server) Follow(opts ClientOptions, exclude []string) (*Backup, error) {
	for _, r := range opts.Remotes {
		if _, _, dials, err := dialAddress(r); err != nil || !dials {
			return nil, fmt.Errorf("following %q: want unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT", r)
		}
	}
	b := &Backup{srv: s, client: opts, exclude: map[string]bool{}, log: s.log.With("component", "replication"), states: map[string]string{}}
	if b.client.Logger == nil {
		b.client.Logger = s.log
	}
	if b.client.TLS == nil && s.opts.TLS != (TLSFiles{}) {
		b.client.TLS = ReadingTLS(s.opts.TLS)
	}
	for _, x := range exclude {
		b.exclude[x] = true
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	s.mu.Lock()
	if s.backup != nil || s.done {
		s.mu.Unlock()
		cancel()
		return nil, errors.New("following another server: this one does already, or is closed")
	}
	s.backup = b
	s.mu.Unlock()
	s.Disconnect()
	for _, db := range s.Databases() {
		b.states[db.Name()] = BackupConnecting
		b.wg.Add(1)
		go func() {
			defer b.wg.Done()
			b.run(ctx, db)
		}()
	}
	return b, nil
}

// End makes the server lead again, with what it has got so far. It disconnects every client.
func (b *Backup) End() {
	b.stop()
	b.srv.mu.Lock()
	b.srv.backup = nil
	b.srv.mu.Unlock()
	b.srv.Disconnect()
}

func (b *Backup) stop() {
	b.cancel()
	b.wg.Wait()
}

// State is BackupConnecting, BackupReplicating, or what is wrong with a database; "" for one that is not followed.
func (b *Backup) State(database string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.states[database]
}

func (b *Backup) setState(db *Database, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states[db.Name()] = state
}

// run follows one database, from the beginning again after anything that goes wrong.
func (b *Backup) run(ctx context.Context, db *Database) {
	for ctx.Err() == nil {
		if err := b.follow(ctx, db); err != nil && ctx.Err() == nil {
			b.setState(db, "error: "+err.Error())
			b.log.Error("following the active server, trying again", "db", db.Name(), "err", err, "after", backupRetry)
			select {
			case <-time.After(backupRetry):
			case <-ctx.Done():
			}
		}
	}
}

func (b *Backup) follow(ctx context.Context, db *Database) error {
	c, err := Connect(db.Name(), b.client)
	if err != nil {
		return err
	}
	defer c.Close()
	theirs, err := c.WaitSchema(ctx)
	if err != nil {
		return err
	}
	ours := db.Schema()
	if theirs.Version != ours.Version {
		return fmt.Errorf("schema version mismatch: the active server has %s, this one %s: convert one of them (ovsdb-client convert)", theirs.Version, ours.Version)
	}
	tables := map[string][]string{}
	for _, t := range ours.Tables {
		other := theirs.Table(t.Name)
		if other == nil || b.exclude[db.Name()+":"+t.Name] {
			continue
		}
		if !slices.EqualFunc(t.Columns, other.Columns, func(a, b *ColumnSchema) bool { return a.Name == b.Name }) {
			return fmt.Errorf("schema mismatch: table %s has other columns at the active server", t.Name)
		}
		tables[t.Name] = nil
	}
	wctx, stop := context.WithCancel(ctx)
	defer stop()
	deltas, err := c.Watch(wctx, tables)
	if err != nil {
		return err
	}
	first := true
	for d := range deltas {
		if first {
			b.log.Info(db.Name() + ": Monitor reply received. Resetting the database.")
			err = reset(ctx, db, tables, d)
		} else {
			_, err = db.Transact(ctx, d.ops()...)
		}
		if err != nil {
			return err
		}
		if first {
			first = false
			b.setState(db, BackupReplicating)
		}
	}
	if ctx.Err() == nil {
		b.setState(db, BackupConnecting)
		return errors.New("the active server's database changed its schema or went away")
	}
	return nil
}

// ops are the operations that make a database have what a delta says.
func (d Delta) ops() []Op {
	var ops []Op
	for _, c := range d.Changes {
		switch {
		case c.New == nil:
			ops = append(ops, Delete(c.Table, c.Old.UUID))
		case c.Old == nil:
			ops = append(ops, Insert(c.Table, c.New.UUID, c.New.differing(nil)...))
		default:
			ops = append(ops, Update(c.Table, c.New.UUID, c.New.differing(c.Old)...))
		}
	}
	return ops
}

// differing are the columns in which r differs from another row of its table, or from a new one if old is nil. A row that is
// compared with itself after its time has no immutable ones.
func (r *Row) differing(old *Row) []ColumnValue {
	was := r.table.defaults
	if old != nil {
		was = old.vals
	}
	var out []ColumnValue
	for i, c := range r.table.Columns {
		if !Equal(was[i], r.vals[i]) && (old == nil || c.Mutable) {
			out = append(out, ColumnValue{c.Name, r.vals[i]})
		}
	}
	return out
}

const resetPasses = 4

// reset makes a database hold just the rows of a first delta, in one transaction that leaves alone what is right. A transaction
// of a client that was disconnected may still come before it, so that it looks again.
func reset(ctx context.Context, db *Database, tables map[string][]string, first Delta) error {
	want := map[string]map[UUID]*Row{}
	for name := range tables {
		want[name] = map[UUID]*Row{}
	}
	for _, c := range first.Changes {
		want[c.Table][c.New.UUID] = c.New
	}
	names := sortedKeys(tables)
	for range resetPasses {
		var selects, ops []Op
		for _, name := range names {
			selects = append(selects, Select(name))
		}
		have, err := db.Transact(ctx, selects...)
		if err != nil {
			return err
		}
		for i, name := range names {
			seen := map[UUID]bool{}
			for _, r := range have[i].Rows {
				seen[r.UUID] = true
				if w := want[name][r.UUID]; w == nil {
					ops = append(ops, Delete(name, r.UUID))
				} else if cols := w.differing(r); len(cols) > 0 {
					ops = append(ops, Update(name, r.UUID, cols...))
				}
			}
			for id, w := range want[name] {
				if !seen[id] {
					ops = append(ops, Insert(name, id, w.differing(nil)...))
				}
			}
		}
		if len(ops) == 0 {
			return nil
		}
		if _, err := db.Transact(ctx, slices.Concat(ops, []Op{Comment("following the active server")})...); err != nil {
			return err
		}
	}
	return nil // some rows do not stay, since tables that refer to them are left out
}
