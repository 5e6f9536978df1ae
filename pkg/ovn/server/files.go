package server

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// history is how many changed rows each database remembers for clients that come back (ovsdb.Options.History).
const history = 10_000

// files are the databases that are served.
type files struct {
	srv    *ovsdb.Server
	log    *slog.Logger
	failed chan error // of a database, the first one

	mu   sync.Mutex // guards the rest
	open map[string]*file
}

type file struct {
	path string
	db   *ovsdb.Database
	gone chan struct{} // closed when it is removed
}

// Add implements unixctl.Databases.
func (f *files) Add(path string) error {
	if strings.HasPrefix(path, "relay:") {
		return errors.New("relay databases are not supported: connect clients to the server itself")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("adding database: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.open {
		if same(x.path, path) {
			return fmt.Errorf("ovsdb error: %s: already open", path) // stock's words
		}
	}
	db, err := ovsdb.OpenFile(path, ovsdb.Options{Logger: f.log, History: history, Sync: policyOf(path)})
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("I/O error: %s: open failed (No such file or directory): make it with ovsdb-tool create", path)
	}
	if err != nil {
		return err
	}
	if err := f.srv.Add(db); err != nil {
		return errors.Join(err, db.Close())
	}
	x := &file{path: path, db: db, gone: make(chan struct{})}
	f.open[db.Name()] = x
	go func() {
		select {
		case <-db.Failed():
			select {
			case f.failed <- fmt.Errorf("database %s: %w", db.Name(), db.Err()):
			default:
			}
		case <-x.gone:
		}
	}()
	return nil
}

// policyOf says when a transaction is answered: once it is on disk, but for OVN's southbound database, which is made of the
// northbound one and of what the chassis say, and where northd asks for more where more is needed.
func policyOf(path string) ovsdb.SyncPolicy {
	r, err := ovsdb.FileSchema(path)
	if err == nil && r.Name == "OVN_Southbound" {
		return ovsdb.SyncBatch
	}
	return ovsdb.SyncEach
}

func same(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// Remove implements unixctl.Databases.
func (f *files) Remove(name string) error {
	f.mu.Lock()
	x := f.open[name]
	delete(f.open, name)
	f.mu.Unlock()
	if x == nil {
		return errors.New("Failed to find the database.") //nolint:staticcheck // stock's words
	}
	f.srv.RemoveDatabase(name)
	close(x.gone)
	return x.db.Close()
}

// close closes what is open, once the server is closed.
func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	for name, x := range f.open {
		delete(f.open, name)
		close(x.gone)
		err = errors.Join(err, x.db.Close())
	}
	return err
}
