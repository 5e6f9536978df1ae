package central

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/northd"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
)

// Options configures a Central.
type Options struct {
	DataDir   string         // where nb.db and sb.db live; made if it is not there
	NBRemotes []string       // punix:PATH, ptcp:PORT[:IP], pssl:PORT[:IP] or db:DATABASE,TABLE,COLUMN, where rows say where
	SBRemotes []string       // likewise
	SBRole    string         // RBAC_Role that limits clients of SB's pssl remotes, usually ovn-controller; "" does not limit them
	TLS       ovsdb.TLSFiles // of pssl remotes
	CtlDir    string         // where the ovn-appctl sockets ovnnb_db.ctl and ovnsb_db.ctl go; "" makes none
	Version   string         // what the ovn-appctl command version answers
	Exit      func()         // called for the ovn-appctl command exit, which there is none without it
	NoNorthd  bool           // serve the databases only, for a northd elsewhere
	// History is how many changed rows each database remembers for clients that come back (ovsdb.Options.History): 10,000 if 0,
	// none if negative.
	History int
	Logger  *slog.Logger
	// Commands are more commands of the control sockets, those about the program's log.
	Commands map[string]unixctl.Command

	storage ovsdb.Storage // in the place of DataDir, for tests of what a power cut leaves
}

const defaultHistory = 10_000

// Central is the component. NB and SB may be used once it is ready.
type Central struct {
	opts Options
	log  *slog.Logger

	mu     sync.Mutex // guards nb and sb
	nb, sb *ovsdb.Database
}

// New returns the component.
func New(opts Options) *Central {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Central{opts: opts, log: opts.Logger}
}

// Name implements supervise.Component.
func (c *Central) Name() string { return "ovn-central" }

// NB is the northbound database, nil before the component is ready.
func (c *Central) NB() ovsdb.DB { return c.database(&c.nb) }

// SB is the southbound database, nil before the component is ready.
func (c *Central) SB() ovsdb.DB { return c.database(&c.sb) }

func (c *Central) database(p **ovsdb.Database) ovsdb.DB {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *p == nil {
		return nil // not an interface around a nil pointer
	}
	return *p
}

// Run implements supervise.Component: ready when the sockets answer and the southbound database says what the northbound
// one wants.
func (c *Central) Run(ctx context.Context, ready func()) (err error) {
	var undo closers
	defer func() {
		if cerr := undo.close(); err == nil {
			err = cerr
		}
	}()
	if c.opts.DataDir == "" {
		return errors.New("starting OVN central: no data folder is given")
	}
	if err := os.MkdirAll(c.opts.DataDir, 0o700); err != nil {
		return fmt.Errorf("making data folder: %w", err)
	}
	// The folder itself has to survive a power cut too.
	if err := ovsdb.Dir(filepath.Dir(filepath.Clean(c.opts.DataDir))).SyncDir(); err != nil {
		return fmt.Errorf("making data folder: %w", err)
	}
	nbDB, err := c.open(&undo, "nb.db", nb.SchemaJSON, ovsdb.SyncEach)
	if err != nil {
		return err
	}
	sbDB, err := c.open(&undo, "sb.db", sb.SchemaJSON, ovsdb.SyncBatch)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.nb, c.sb = nbDB, sbDB
	c.mu.Unlock()
	if err := c.serve(&undo, nbDB, "ovnnb_db", c.opts.NBRemotes, ""); err != nil {
		return err
	}
	if err := c.serve(&undo, sbDB, "ovnsb_db", c.opts.SBRemotes, c.opts.SBRole); err != nil {
		return err
	}

	nctx, stop := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		if c.opts.NoNorthd {
			ready()
			<-nctx.Done()
			failed <- nil
			return
		}
		ready := sync.OnceFunc(ready)
		for {
			nbSchema, sbSchema := nbDB.Schema(), sbDB.Schema()
			err := northd.New(northd.Options{NB: nbDB, SB: sbDB, Logger: c.log}).Run(nctx, ready)
			if nctx.Err() != nil || nbDB.Schema() == nbSchema && sbDB.Schema() == sbSchema {
				failed <- err
				return
			}
			c.log.Info("starting northd again: a database was converted to another schema", "nb", nbDB.Schema().Version, "sb", sbDB.Schema().Version)
		}
	}()
	undo.add(func() error {
		stop()
		<-failed
		return nil
	})
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		failed <- nil
		if err == nil {
			err = errors.New("it returned")
		}
		return fmt.Errorf("running northd: %w", err)
	case <-nbDB.Failed():
		return fmt.Errorf("northbound database: %w", nbDB.Err())
	case <-sbDB.Failed():
		if err := nbDB.Err(); err != nil {
			return fmt.Errorf("northbound database: %w", err) // which took the southbound one with it
		}
		return fmt.Errorf("southbound database: %w", sbDB.Err())
	}
}

func (c *Central) open(undo *closers, name string, schema []byte, policy ovsdb.SyncPolicy) (*ovsdb.Database, error) {
	s, err := ovsdb.ParseSchema(schema)
	if err != nil {
		return nil, err
	}
	lock, err := ovsdb.LockFile(filepath.Join(c.opts.DataDir, "."+name+".~lock~"))
	if err != nil {
		return nil, fmt.Errorf("opening the databases in %s: %w", c.opts.DataDir, err)
	}
	undo.add(lock.Close)
	history := c.opts.History
	if history == 0 {
		history = defaultHistory
	}
	storage := c.opts.storage
	if storage == nil {
		storage = ovsdb.Dir(c.opts.DataDir)
	}
	j, err := ovsdb.OpenFileJournal(storage, name, c.log)
	if err != nil {
		return nil, err
	}
	db, err := ovsdb.Open(s, ovsdb.Options{Journal: j, Sync: policy, Logger: c.log, History: history})
	if err != nil {
		j.Close()
		var damage *ovsdb.DamageError
		if errors.As(err, &damage) {
			err = fmt.Errorf("%w: `kove ovn check --dir %s` tells what the file holds, `kove ovn rebuild --dir %s` puts it out of the way (ovn-central check and rebuild do the same)",
				err, c.opts.DataDir, c.opts.DataDir)
		}
		return nil, err
	}
	undo.add(db.Close)
	return db, nil
}

func (c *Central) serve(undo *closers, db *ovsdb.Database, ctl string, remotes []string, role string) error {
	srv, err := ovsdb.NewServer(ovsdb.ServerOptions{Logger: c.log, TLS: c.opts.TLS}, db)
	if err != nil {
		return err
	}
	undo.add(srv.Close)
	if !c.opts.NoNorthd {
		// A stock ovn-northd that somebody starts beside ours stays on standby.
		srv.HoldLock("ovn_northd")
	}
	for _, target := range remotes {
		r := ovsdb.Remote{Target: target}
		if strings.HasPrefix(target, "pssl:") {
			r.Role = role
		}
		addr, err := srv.Listen(r)
		if err != nil {
			return err
		}
		if addr != nil {
			c.log.Info("serving database", "db", db.Name(), "remote", target, "address", addr.String())
		}
	}
	if c.opts.CtlDir == "" {
		return nil
	}
	commands, err := unixctl.Commands(srv, unixctl.Options{Version: c.opts.Version, Exit: c.opts.Exit})
	if err != nil {
		return err
	}
	maps.Copy(commands, c.opts.Commands)
	x, err := unixctl.Listen(filepath.Join(c.opts.CtlDir, ctl+".ctl"), commands)
	if err != nil {
		return err
	}
	undo.add(x.Close)
	return nil
}

// closers undo what was done, last first.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c *closers) close() (err error) {
	for i := len(*c) - 1; i >= 0; i-- {
		err = errors.Join(err, (*c)[i]())
	}
	return err
}
