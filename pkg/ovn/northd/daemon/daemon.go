package daemon

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/northd"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Lock is the name of the southbound server's lock that the active northd holds.
const Lock = "ovn_northd"

// Options configures a Daemon.
type Options struct {
	NB, SB  []string    // remotes of the databases, tried in turn: unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT
	TLS     *tls.Config // of ssl remotes
	Paused  bool        // start paused
	Threads int         // what parallel-build/get-n-threads answers at first
	Version string      // what the command version answers
	Exit    func()      // called for the command exit
	Logger  *slog.Logger
}

// Daemon is northd with its connections. Run may be called once.
type Daemon struct {
	opts     Options
	log      *slog.Logger
	nb, sb   *ovsdb.Client
	counters northd.Counters

	mu      sync.Mutex // guards the rest
	paused  bool
	active  bool
	threads int
	wake    chan struct{}      // closed when paused has changed
	stop    context.CancelFunc // ends the turn, nil between turns
	done    chan struct{}      // closed at the end of the turn
	again   context.CancelFunc // makes the turn compute everything anew, nil while it is not active
}

// New connects to the databases, in the background.
func New(opts Options) (*Daemon, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{opts: opts, log: opts.Logger.With("component", "ovn_northd"), paused: opts.Paused, threads: max(1, opts.Threads),
		wake: make(chan struct{})}
	var err error
	client := ovsdb.ClientOptions{TLS: opts.TLS, LeaderOnly: true, Logger: opts.Logger.With("component", "reconnect")}
	client.Remotes = opts.NB
	if d.nb, err = ovsdb.Connect("OVN_Northbound", client); err != nil {
		return nil, err
	}
	client.Remotes = opts.SB
	if d.sb, err = ovsdb.Connect("OVN_Southbound", client); err != nil {
		d.nb.Close()
		return nil, err
	}
	return d, nil
}

// retryAfter is how long a turn that failed at once leaves the databases alone.
const retryAfter = time.Second

// Run takes turns until ctx is done, and then closes the connections.
func (d *Daemon) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer d.sb.Close()
	defer d.nb.Close()
	defer wg.Wait()
	wg.Add(1)
	go func() {
		defer wg.Done()
		d.followProbe(ctx)
	}()
	for ctx.Err() == nil {
		turn, done := d.begin(ctx)
		if turn == nil {
			return
		}
		if err := d.turn(turn); err != nil && turn.Err() == nil {
			d.log.Error("cannot be the active northd, trying again", "err", err, "after", retryAfter)
			sleep(turn, retryAfter)
		}
		done()
	}
}

// begin waits until the daemon is not paused. The turn ends when somebody pauses, and pausing waits for done.
func (d *Daemon) begin(ctx context.Context) (turn context.Context, done func()) {
	for {
		d.mu.Lock()
		if !d.paused {
			turn, stop := context.WithCancel(ctx)
			ended := make(chan struct{})
			d.stop, d.done = stop, ended
			d.mu.Unlock()
			return turn, func() {
				stop()
				d.mu.Lock()
				d.stop, d.done = nil, nil
				d.mu.Unlock()
				close(ended)
			}
		}
		wake := d.wake
		d.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, nil
		}
	}
}

func (d *Daemon) turn(ctx context.Context) error {
	held, release, err := d.sb.Lock(ctx, Lock)
	if err != nil {
		return err
	}
	defer release()
	d.log.Info("ovn-northd lock acquired. This ovn-northd instance is now active.")
	defer func() {
		d.mu.Lock()
		d.active, d.again = false, nil
		d.mu.Unlock()
		d.log.Info("ovn-northd lock lost. This ovn-northd instance is now on standby.")
	}()
	for held.Err() == nil {
		run, again := context.WithCancel(held)
		d.mu.Lock()
		d.active, d.again = true, again
		d.mu.Unlock()
		err := d.compute(run)
		again()
		if err != nil && held.Err() == nil {
			d.log.Error("northd ended, starting over", "err", err, "after", retryAfter)
			sleep(held, retryAfter)
		}
	}
	return nil
}

func (d *Daemon) compute(ctx context.Context) error {
	for _, x := range []struct {
		client *ovsdb.Client
		want   []byte
	}{{d.nb, nb.SchemaJSON}, {d.sb, sb.SchemaJSON}} {
		if err := checkSchema(ctx, x.client, x.want); err != nil {
			return err
		}
	}
	n := northd.New(northd.Options{NB: d.nb, SB: fenced{d.sb}, Logger: d.opts.Logger, Counters: &d.counters})
	return n.Run(ctx, func() {})
}

// checkSchema makes sure that a database has all that northd knows of. What it has besides does not matter.
func checkSchema(ctx context.Context, c *ovsdb.Client, text []byte) error {
	want, err := ovsdb.ParseSchema(text)
	if err != nil {
		return err
	}
	have, err := c.WaitSchema(ctx)
	if err != nil {
		return err
	}
	for _, t := range want.Tables {
		h := have.Table(t.Name)
		if h == nil {
			return oldSchema(have, want, "table "+t.Name)
		}
		for _, col := range t.Columns {
			if h.Column(col.Name) == nil {
				return oldSchema(have, want, "column "+col.Name+" in table "+t.Name)
			}
		}
	}
	return nil
}

func oldSchema(have, want *ovsdb.Schema, lack string) error {
	return fmt.Errorf("the schema of %s is of version %s and has no %s: upgrade it to version %s (ovsdb-client convert)",
		have.Name, have.Version, lack, want.Version)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// fenced is the southbound database as only the holder of the lock can change it.
type fenced struct{ *ovsdb.Client }

// Transact implements ovsdb.DB.
func (f fenced) Transact(ctx context.Context, ops ...ovsdb.Op) ([]ovsdb.Result, error) {
	for i := range ops {
		if ops[i].Kind != ovsdb.OpSelect {
			// At the end, so that results keep their places.
			return f.Client.Transact(ctx, append(ops[:len(ops):len(ops)], ovsdb.AssertLock(Lock))...)
		}
	}
	return f.Client.Transact(ctx, ops...)
}

// followProbe keeps the connections probed as NB_Global's option northd_probe_interval says (ovn-nb(5)).
func (d *Daemon) followProbe(ctx context.Context) {
	for ctx.Err() == nil {
		deltas, err := d.nb.Watch(ctx, map[string][]string{nb.TableNBGlobal: {nb.NBGlobalColOptions}})
		if err != nil {
			sleep(ctx, retryAfter)
			continue
		}
		for delta := range deltas {
			for _, c := range delta.Changes {
				if c.New == nil {
					continue
				}
				m, _ := c.New.Get(nb.NBGlobalColOptions).(ovsdb.Map)
				probe := probeInterval(m.GetString("northd_probe_interval"))
				d.nb.SetProbe(probe)
				d.sb.SetProbe(probe)
			}
		}
	}
}

// probeInterval reads milliseconds; negative is never.
func probeInterval(text string) time.Duration {
	const usual = 5 * time.Second
	ms, err := strconv.Atoi(text)
	switch {
	case err != nil || ms < 0:
		return usual
	case ms == 0:
		return -1
	}
	return max(time.Duration(ms)*time.Millisecond, time.Second)
}

// barrierTimeout is how long pausing waits for the northbound server to be done with what it was sent.
const barrierTimeout = 5 * time.Second

// Pause ends the turn and waits until nothing that was sent can change the databases any more.
func (d *Daemon) Pause() {
	d.mu.Lock()
	was := d.paused
	d.paused = true
	stop, done := d.stop, d.done
	d.mu.Unlock()
	if !was {
		d.log.Info("This ovn-northd instance is now paused.")
	}
	if stop == nil {
		return
	}
	stop()
	<-done
	ctx, cancel := context.WithTimeout(context.Background(), barrierTimeout)
	defer cancel()
	if err := d.nb.Echo(ctx); err != nil {
		d.log.Warn("the northbound server does not answer: a change that was sent to it may come late", "err", err)
	}
}

// Resume lets the daemon take turns again.
func (d *Daemon) Resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paused {
		d.paused = false
		close(d.wake)
		d.wake = make(chan struct{})
	}
}

// Status is active, standby or paused.
func (d *Daemon) Status() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.paused:
		return "paused"
	case d.active:
		return "active"
	}
	return "standby"
}
