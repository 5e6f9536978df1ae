package vswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-logr/logr"
	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// Client is a monitored connection to conf.db. It reconnects by itself; transactions wait for that, bounded by their ctx.
type Client struct {
	c client.Client

	mu      sync.Mutex               // guards changed and watches
	changed map[string]chan struct{} // "table/name" → closed at that row's next change
	watches map[*watch]struct{}
}

type watch struct {
	c          chan struct{}
	interfaces []string
}

// Dial connects to the unix socket of the node's ovsdb-server and returns once the database's present contents are known.
func Dial(ctx context.Context, socket string, log *slog.Logger) (*Client, error) {
	m, err := databaseModel()
	if err != nil {
		return nil, fmt.Errorf("building the model of %s: %w", Database, err)
	}
	retry := backoff.NewExponentialBackOff(backoff.WithInitialInterval(20*time.Millisecond),
		backoff.WithMaxInterval(time.Second), backoff.WithMaxElapsedTime(0))
	l := logr.FromSlogHandler(quiet{log.With("component", "vswitch").Handler()})
	c, err := client.NewOVSDBClient(m, client.WithEndpoint("unix:"+socket), client.WithReconnect(5*time.Second, retry), client.WithLogger(&l))
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", socket, err)
	}
	if err := c.Connect(ctx); err != nil {
		return nil, fmt.Errorf("connecting to the vswitch database: %w", err)
	}
	v := &Client{c: c, changed: map[string]chan struct{}{}, watches: map[*watch]struct{}{}}
	c.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc:    func(table string, row model.Model) { v.notify(table, row) },
		UpdateFunc: func(table string, _, row model.Model) { v.notify(table, row) },
		DeleteFunc: func(table string, row model.Model) { v.notify(table, row) },
	})
	if _, err := c.Monitor(ctx, c.NewMonitor(monitored()...)); err != nil {
		c.Close()
		return nil, fmt.Errorf("monitoring the vswitch database: %w", err)
	}
	return v, nil
}

// Close ends the connection.
func (v *Client) Close() { v.c.Close() }

func (v *Client) notify(table string, row model.Model) {
	name := ""
	switch r := row.(type) {
	case *Bridge:
		name = r.Name
	case *Port:
		name = r.Name
	case *Interface:
		name = r.Name
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if ch, ok := v.changed[table+"/"+name]; ok {
		close(ch)
		delete(v.changed, table+"/"+name)
	}
	for w := range v.watches {
		if table != "Interface" || !slices.Contains(w.interfaces, name) {
			continue
		}
		select {
		case w.c <- struct{}{}:
		default: // a change is already pending
		}
	}
}

func (v *Client) nextChange(table, name string) <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	ch, ok := v.changed[table+"/"+name]
	if !ok {
		ch = make(chan struct{})
		v.changed[table+"/"+name] = ch
	}
	return ch
}

// Watch returns a channel that receives a value after changes of the named interfaces; changes are coalesced. stop ends it.
func (v *Client) Watch(interfaces ...string) (changes <-chan struct{}, stop func()) {
	w := &watch{make(chan struct{}, 1), interfaces}
	v.mu.Lock()
	v.watches[w] = struct{}{}
	v.mu.Unlock()
	return w.c, func() {
		v.mu.Lock()
		delete(v.watches, w)
		v.mu.Unlock()
	}
}

// ErrNotFound is returned for rows that do not exist.
var ErrNotFound = errors.New("no such row")

// Interface returns the interface of that name.
func (v *Client) Interface(ctx context.Context, name string) (Interface, error) {
	i := Interface{Name: name}
	if err := v.get(ctx, &i); err != nil {
		return Interface{}, fmt.Errorf("reading interface %s: %w", name, err)
	}
	return i, nil
}

// Bridge returns the bridge of that name.
func (v *Client) Bridge(ctx context.Context, name string) (Bridge, error) {
	b := Bridge{Name: name}
	if err := v.get(ctx, &b); err != nil {
		return Bridge{}, fmt.Errorf("reading bridge %s: %w", name, err)
	}
	return b, nil
}

func (v *Client) get(ctx context.Context, m model.Model) error {
	err := v.c.Get(ctx, m)
	if errors.Is(err, client.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// Interfaces returns the interfaces that match.
func (v *Client) Interfaces(ctx context.Context, match func(*Interface) bool) ([]Interface, error) {
	var out []Interface
	if err := v.c.WhereCache(match).List(ctx, &out); err != nil {
		return nil, fmt.Errorf("listing interfaces: %w", err)
	}
	return out, nil
}

// WaitInterface blocks until the interface satisfies ok and returns it. An error of ok ends the wait.
func (v *Client) WaitInterface(ctx context.Context, name string, ok func(Interface) (bool, error)) (Interface, error) {
	for {
		next := v.nextChange("Interface", name)
		i, err := v.Interface(ctx, name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return i, err
		}
		if err == nil {
			if done, err := ok(i); done || err != nil {
				return i, err
			}
		}
		select {
		case <-next:
		case <-ctx.Done():
			return i, ctx.Err()
		}
	}
}

// Root returns the Open_vSwitch row.
func (v *Client) Root(ctx context.Context) (OpenvSwitch, error) {
	var rows []OpenvSwitch
	if err := v.c.List(ctx, &rows); err != nil {
		return OpenvSwitch{}, fmt.Errorf("reading the Open_vSwitch row: %w", err)
	}
	if len(rows) != 1 {
		return OpenvSwitch{}, fmt.Errorf("reading the Open_vSwitch row: %w", ErrNotFound)
	}
	return rows[0], nil
}

// Init makes the Open_vSwitch row with these external_ids (at least one) if the database is new.
func (v *Client) Init(ctx context.Context, externalIDs map[string]string) error {
	next := v.nextChange("Open_vSwitch", "")
	_, err := v.Root(ctx)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	ops, err := v.create(&OpenvSwitch{ExternalIDs: externalIDs})
	if err != nil {
		return fmt.Errorf("making the Open_vSwitch row: %w", err)
	}
	if err := v.transact(ctx, ops); err != nil {
		return fmt.Errorf("making the Open_vSwitch row: %w", err)
	}
	select {
	case <-next:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SetExternalIDs sets the keys of Open_vSwitch.external_ids in set and removes those in remove; other keys stay.
func (v *Client) SetExternalIDs(ctx context.Context, set map[string]string, remove ...string) error {
	root, err := v.Root(ctx)
	if err != nil {
		return err
	}
	want := merge(root.ExternalIDs, set, remove)
	if maps.Equal(want, root.ExternalIDs) {
		return nil
	}
	// Only the keys named here are touched: ovn-controller keeps its own in the same column.
	ops, err := v.mutateMap(&root, &root.ExternalIDs, root.ExternalIDs, want)
	if err != nil {
		return fmt.Errorf("setting the external_ids of Open_vSwitch: %w", err)
	}
	if err := v.transact(ctx, ops); err != nil {
		return fmt.Errorf("setting the external_ids of Open_vSwitch: %w", err)
	}
	return nil
}

// SetOtherConfig does the same for Open_vSwitch.other_config.
func (v *Client) SetOtherConfig(ctx context.Context, set map[string]string, remove ...string) error {
	root, err := v.Root(ctx)
	if err != nil {
		return err
	}
	want := merge(root.OtherConfig, set, remove)
	if maps.Equal(want, root.OtherConfig) {
		return nil
	}
	ops, err := v.mutateMap(&root, &root.OtherConfig, root.OtherConfig, want)
	if err != nil {
		return fmt.Errorf("setting the other_config of Open_vSwitch: %w", err)
	}
	if err := v.transact(ctx, ops); err != nil {
		return fmt.Errorf("setting the other_config of Open_vSwitch: %w", err)
	}
	return nil
}

func merge(have, set map[string]string, remove []string) map[string]string {
	want := maps.Clone(have)
	if want == nil {
		want = map[string]string{}
	}
	maps.Copy(want, set)
	for _, k := range remove {
		delete(want, k)
	}
	return want
}

// mutateMap returns the operations that turn the keys of a map column from have into want: the changed and surplus keys
// are deleted, then the wanted ones inserted (an OVSDB map insert never overwrites).
func (v *Client) mutateMap(row model.Model, field *map[string]string, have, want map[string]string) ([]ovsdb.Operation, error) {
	var del []string
	add := map[string]string{}
	for k, old := range have {
		if now, ok := want[k]; !ok || now != old {
			del = append(del, k)
		}
	}
	for k, now := range want {
		if old, ok := have[k]; !ok || old != now {
			add[k] = now
		}
	}
	var ms []model.Mutation
	if len(del) > 0 {
		ms = append(ms, model.Mutation{Field: field, Mutator: ovsdb.MutateOperationDelete, Value: del})
	}
	if len(add) > 0 {
		ms = append(ms, model.Mutation{Field: field, Mutator: ovsdb.MutateOperationInsert, Value: add})
	}
	if len(ms) == 0 {
		return nil, nil
	}
	return v.c.Where(row).Mutate(row, ms...)
}

// create returns the operations that insert rows of different tables.
func (v *Client) create(rows ...model.Model) ([]ovsdb.Operation, error) {
	var out []ovsdb.Operation
	for _, r := range rows {
		ops, err := v.c.Create(r)
		if err != nil {
			return nil, err
		}
		out = append(out, ops...)
	}
	return out, nil
}

func (v *Client) transact(ctx context.Context, ops []ovsdb.Operation) error {
	if len(ops) == 0 {
		return nil
	}
	results, err := v.c.Transact(ctx, ops...)
	if err != nil {
		return err
	}
	details, err := ovsdb.CheckOperationResults(results, ops)
	if err != nil {
		for _, d := range details {
			return fmt.Errorf("%w: %s", err, d)
		}
		return err
	}
	return nil
}

// quiet leaves out libovsdb's debug messages, which hold every transaction.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(as)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
