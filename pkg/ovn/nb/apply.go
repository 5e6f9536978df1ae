package nb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Marks in external_ids of every row that an Applier writes.
const (
	OwnerKey    = "kove-owner"
	VendorKey   = "vendor"
	VendorValue = "kove"
)

// Owner is the Kubernetes object from which rows derive.
type Owner struct{ Kind, Namespace, Name string }

func (o Owner) String() string { return o.Kind + "/" + o.Namespace + "/" + o.Name }

// ParseOwner reads the form that String writes.
func ParseOwner(s string) (Owner, bool) {
	parts := strings.SplitN(s, "/", 3)
	if len(parts) != 3 {
		return Owner{}, false
	}
	return Owner{parts[0], parts[1], parts[2]}, true
}

// Desired is everything that one owner has in the database.
type Desired struct {
	Rows []Row
	// Members puts logical switch ports of the owner into port groups.
	Members []Member
	// VIPs are entries of load balancers that the owner does not own.
	VIPs []VIP
}

// Row is one row. References between rows are by name: the Applier knows the UUIDs.
type Row struct {
	Model Model
	// Parent is the row that holds this one; zero for rows of root tables.
	Parent Parent
	// Refs are columns that refer to other rows: column → names of rows of the table that the column refers to. Columns
	// with references that are not named here are left alone.
	Refs map[string][]string
}

// Parent names a row and, where the table alone does not tell, the column that refers to the child.
type Parent struct{ Table, Name string }

// Member is the membership of a logical switch port in a port group.
type Member struct{ Group, Port string }

// VIP is one entry of Load_Balancer.vips.
type VIP struct{ LoadBalancer, VIP, Backends string }

// MissingError says that a row to which a desired one refers does not exist yet.
type MissingError struct{ Table, Name string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("looking up %s %q: no such row yet", e.Table, e.Name)
}

// ConflictError says that someone else has what the owner wants.
type ConflictError struct{ Table, Name, Holder string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("writing %s %q: it belongs to %s: rename one of them", e.Table, e.Name, e.Holder)
}

// Applier writes the rows of owners. Apply replaces an owner's whole set; everything it does not know about stays as it is.
type Applier struct {
	db      ovsdb.DB
	log     *slog.Logger
	managed map[string][]string // table → columns that an owner's model decides

	mu      sync.Mutex // guards what follows
	index   *index
	claims  map[claim]Owner // who wants a VIP
	vips    map[Owner]map[claim]bool
	pending []*request
	waiters map[key][]func()
	changed chan struct{} // closed and replaced whenever the index has moved
	failed  error         // set once the watch has ended

	work chan struct{}
}

type claim struct{ loadBalancer, vip string }

type request struct {
	owner   Owner
	desired Desired
	done    chan error
}

// NewApplier prepares an Applier for a northbound database.
func NewApplier(db ovsdb.DB, logger *slog.Logger) *Applier {
	schema := db.Schema()
	a := &Applier{
		db: db, log: logger,
		managed: map[string][]string{},
		claims:  map[claim]Owner{},
		vips:    map[Owner]map[claim]bool{},
		waiters: map[key][]func(){},
		changed: make(chan struct{}),
		work:    make(chan struct{}, 1),
	}
	for _, table := range appliedTables() {
		a.managed[table] = managedColumns(schema.Table(table))
	}
	a.index = newIndex(schema)
	return a
}

// appliedTables are the tables whose rows owners may have.
func appliedTables() []string {
	return []string{
		TableACL, TableAddressSet, TableLoadBalancer, TableLogicalRouter, TableLogicalRouterPolicy, TableLogicalRouterPort,
		TableLogicalRouterStaticRoute, TableLogicalSwitch, TableLogicalSwitchPort, TablePortGroup,
	}
}

// managedColumns leaves out references, which Row.Refs, children and members maintain, and columns that northd or other
// owners write.
func managedColumns(t *ovsdb.TableSchema) []string {
	var out []string
	for _, c := range t.Columns {
		written := t.Name + "." + c.Name
		switch {
		case c.Type.Key.Type == ovsdb.UUIDType || (c.Type.Value != nil && c.Type.Value.Type == ovsdb.UUIDType):
		case written == "Logical_Switch_Port.up", written == "Logical_Switch_Port.dynamic_addresses", written == "Logical_Switch_Port.tag":
		case written == "Logical_Router_Port.status", written == "Logical_Router_Port.ipv6_prefix":
		case written == "Load_Balancer.vips":
		default:
			out = append(out, c.Name)
		}
	}
	return out
}

// Run follows the database and executes Apply calls until ctx is done. It calls ready once the present contents are known.
func (a *Applier) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	tables := map[string][]string{}
	for _, t := range appliedTables() {
		tables[t] = nil
	}
	deltas, err := a.db.Watch(ctx, tables)
	if err != nil {
		cancel()
		return fmt.Errorf("watching the northbound database: %w", err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	first := true
	for delta := range deltas {
		for _, fire := range a.observe(delta) {
			fire()
		}
		if first {
			first = false
			wg.Go(func() { a.execute(ctx) })
			ready()
		}
	}
	err = context.Cause(ctx)
	if err == nil {
		err = errors.New("watching the northbound database: the watch ended")
	}
	a.fail(err)
	return err
}

// Apply makes the owner's rows in the database exactly the desired ones, in one transaction. It returns when they are
// durable and when later calls see them. Concurrent calls share transactions.
func (a *Applier) Apply(ctx context.Context, owner Owner, desired Desired) error {
	r := &request{owner: owner, desired: desired, done: make(chan error, 1)}
	a.mu.Lock()
	if a.failed != nil {
		defer a.mu.Unlock()
		return a.failed
	}
	a.pending = append(a.pending, r)
	a.mu.Unlock()
	select {
	case a.work <- struct{}{}:
	default:
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("applying rows of %s: %w", owner, context.Cause(ctx))
	}
}

// WhenPresent calls f once, as soon as a row of that name exists in the table, at once if it does already. f must not block.
func (a *Applier) WhenPresent(table, name string, f func()) {
	a.mu.Lock()
	k := key{table, name}
	if _, ok := a.index.find(k); !ok {
		a.waiters[k] = append(a.waiters[k], f)
		a.mu.Unlock()
		return
	}
	a.mu.Unlock()
	f()
}

// Owners lists the owners that have rows.
func (a *Applier) Owners() []Owner {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]Owner, 0, len(a.index.byOwner))
	for text := range a.index.byOwner {
		if o, ok := ParseOwner(text); ok {
			out = append(out, o)
		}
	}
	return out
}

// Prune removes the rows of owners that are not alive, and entries of kove's own load balancers that wanted does not
// know. Rows without kove's mark are never touched. It reports the owners whose rows went.
func (a *Applier) Prune(ctx context.Context, alive func(Owner) bool, wanted func(loadBalancer, vip string) bool) ([]Owner, error) {
	var gone []Owner
	for _, o := range a.Owners() {
		if alive(o) {
			continue
		}
		if err := a.Apply(ctx, o, Desired{}); err != nil {
			return gone, fmt.Errorf("pruning rows of %s: %w", o, err)
		}
		gone = append(gone, o)
	}

	var ops []ovsdb.Op
	a.mu.Lock()
	for id, row := range a.index.rows[TableLoadBalancer] {
		if ownerOf(row) == "" {
			continue
		}
		vips, _ := row.Get(LoadBalancerColVIPs).(ovsdb.Map)
		var stale []string
		for _, p := range vips {
			if vip, _ := p.K.(string); !wanted(row.String("name"), vip) {
				stale = append(stale, vip)
			}
		}
		if len(stale) > 0 {
			ops = append(ops, ovsdb.Mutate(TableLoadBalancer, id, ovsdb.Mutation{Column: LoadBalancerColVIPs, Mutator: ovsdb.MutDelete, Value: ovsdb.Set(stale...)}))
		}
	}
	a.mu.Unlock()
	if len(ops) == 0 {
		return gone, nil
	}
	if _, err := a.db.Transact(ctx, ops...); err != nil {
		return gone, fmt.Errorf("pruning load balancer entries: %w", err)
	}
	return gone, nil
}

func (a *Applier) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = err
	for _, r := range a.pending {
		r.done <- err
	}
	a.pending = nil
}

// observe moves the index and returns the waiters to call.
func (a *Applier) observe(delta ovsdb.Delta) []func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	var fire []func()
	for _, c := range delta.Changes {
		k, appeared := a.index.apply(c)
		if appeared {
			fire = append(fire, a.waiters[k]...)
			delete(a.waiters, k)
		}
	}
	close(a.changed)
	a.changed = make(chan struct{})
	return fire
}

// execute turns pending requests into transactions, all that wait at a time into one.
func (a *Applier) execute(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.work:
		}
		for {
			a.mu.Lock()
			batch := a.pending
			a.pending = nil
			a.mu.Unlock()
			if len(batch) == 0 {
				break
			}
			a.executeBatch(ctx, batch)
		}
	}
}

// executeBatch commits as many requests as possible together. One that needs rows which another of the batch makes waits
// for the next round; if the common transaction is refused, each is tried alone, so that only the culprit fails.
func (a *Applier) executeBatch(ctx context.Context, batch []*request) {
	for len(batch) > 0 {
		var together, later []*request
		var plans []*transaction
		var ops []ovsdb.Op
		seen := map[Owner]bool{}
		a.mu.Lock()
		for _, r := range batch {
			if seen[r.owner] {
				later = append(later, r)
				continue
			}
			seen[r.owner] = true
			t, err := a.plan(r.owner, r.desired)
			var missing *MissingError
			switch {
			case errors.As(err, &missing) && len(together) > 0:
				later = append(later, r)
			case err != nil:
				r.done <- fmt.Errorf("applying rows of %s: %w", r.owner, err)
			default:
				a.take(r.owner, t)
				together, plans, ops = append(together, r), append(plans, t), append(ops, t.ops...)
			}
		}
		a.mu.Unlock()

		err := a.commit(ctx, plans, ops)
		switch {
		case err == nil:
			for i, r := range together {
				a.settle(r.owner, plans[i])
				r.done <- nil
			}
		case len(together) == 1:
			together[0].done <- fmt.Errorf("applying rows of %s: %w", together[0].owner, err)
		default:
			for i, r := range together {
				if err := a.commit(ctx, plans[i:i+1], plans[i].ops); err != nil {
					r.done <- fmt.Errorf("applying rows of %s: %w", r.owner, err)
					continue
				}
				a.settle(r.owner, plans[i])
				r.done <- nil
			}
		}
		batch = later
	}
}

// settleTimeout bounds the wait for one's own changes to come back; it can only run out if someone undid them meanwhile.
const settleTimeout = 2 * time.Second

// commit executes ops and waits until the index shows their effect.
func (a *Applier) commit(ctx context.Context, plans []*transaction, ops []ovsdb.Op) error {
	if len(ops) == 0 {
		return nil
	}
	if _, err := a.db.Transact(ctx, ops...); err != nil {
		return err
	}
	timer := time.NewTimer(settleTimeout)
	defer timer.Stop()
	for {
		a.mu.Lock()
		settled, changed := true, a.changed
		for _, t := range plans {
			for _, touched := range t.touched {
				settled = settled && a.index.rows[touched.table][touched.id] != touched.before
			}
		}
		a.mu.Unlock()
		if settled {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			a.log.Warn("northbound changes did not come back in time", "component", "nb-apply")
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
