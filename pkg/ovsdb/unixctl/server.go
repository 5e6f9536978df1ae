package unixctl

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Options are what the commands about a database server need of the program around it.
type Options struct {
	Version string // of the program, the second line of what version answers
	Exit    func() // called for exit, which is left out without it
	// Databases opens and closes files for add-db and remove-db; without it both say that there is nothing to add or remove.
	Databases Databases
	Sync      Sync
}

// Sync is what a program was told about replication (ovsdb-server(1), Active-Backup Options).
type Sync struct {
	Active   string // the server of --sync-from
	Excluded string // the tables of --sync-exclude-tables
	Backup   bool   // follow it from the start: without --active
}

// Databases are the files that a server may be told to serve.
type Databases interface {
	// Add opens the database in a file and serves it.
	Add(path string) error
	// Remove stops serving the database of that name and closes it.
	Remove(name string) error
}

// StandsFor is the version of ovsdb-server whose commands and words these are. Scripts compare it.
const StandsFor = "3.5.0"

var (
	errNoDatabase   = errors.New("no database by that name")         // this and the others: stock's words
	errNotFound     = errors.New("Failed to find the database.")     //nolint:staticcheck
	errReserved     = errors.New("Cannot remove reserved database.") //nolint:staticcheck
	errFixed        = errors.New("the databases of this program are fixed: run another one for other databases (ovsdb-server in a process of its own takes any number of files)")
	errLeads        = errors.New("the databases of this program are its northd's: it is always the active one (ovsdb-server in a process of its own may follow another)")
	errNoRelay      = errors.New("relay databases are not supported")
	errNoConfig     = errors.New("Configuration file was not specified on command line") //nolint:staticcheck
	errNotSupported = errors.New("not supported")
)

// server is what the commands act on.
type server struct {
	*ovsdb.Server
	opts Options
	trim atomic.Bool

	mu       sync.Mutex // guards the rest
	active   string     // set-active-ovsdb-server
	excluded string     // set-sync-exclude-tables
	probe    time.Duration
	backup   *ovsdb.Backup // nil while it leads
	followed bool          // it was a backup some time
}

// Commands are the commands about a database server (ovsdb-server(1), RUNTIME MANAGEMENT COMMANDS). Those of a cluster are not
// there, as with a stock server without a clustered database. With Options.Sync.Backup the server is a backup when this returns.
func Commands(srv *ovsdb.Server, opts Options) (map[string]Command, error) {
	x := &server{Server: srv, opts: opts, active: opts.Sync.Active, excluded: opts.Sync.Excluded}
	if opts.Sync.Backup {
		if err := x.follow(); err != nil {
			return nil, err
		}
	}
	say := func(text string) func([]string) (string, error) {
		return func([]string) (string, error) { return text, nil }
	}
	commands := map[string]Command{
		"version":     {Run: say("ovsdb-server (Open vSwitch) " + StandsFor + "\nkove " + opts.Version + "\n")},
		"memory/show": {Run: x.memory},
		// Nothing here counts what stock's program counts.
		"coverage/show":         {Run: func([]string) (string, error) { return "", errNotSupported }},
		"coverage/read-counter": {Args: "COUNTER", Min: 1, Max: 1, Run: func([]string) (string, error) { return "", errors.New("No such counter") }}, //nolint:staticcheck

		"ovsdb-server/list-dbs":              {Run: x.listDBs},
		"ovsdb-server/add-db":                {Args: "DB", Min: 1, Max: 1, Run: x.addDB},
		"ovsdb-server/remove-db":             {Args: "DB", Min: 1, Max: 1, Run: x.removeDB},
		"ovsdb-server/get-db-storage-status": {Args: "DB", Min: 1, Max: 1, Run: x.storageStatus},
		"ovsdb-server/compact":               {Max: 1, Run: x.compact},
		"ovsdb-server/memory-trim-on-compaction": {Args: "on|off", Min: 1, Max: 1, Run: func(args []string) (string, error) {
			on, err := onOff(args[0], "invalid argument")
			if err == nil {
				x.trim.Store(on)
			}
			return "", err
		}},
		"ovsdb-server/tlog-set":      {Args: "DB:TABLE on|off", Min: 2, Max: 2, Run: x.setTableLog},
		"ovsdb-server/tlog-list":     {Run: x.listTableLogs},
		"ovsdb-server/list-remotes":  {Run: x.listRemotes},
		"ovsdb-server/add-remote":    {Args: "REMOTE", Min: 1, Max: 1, Run: x.addRemote},
		"ovsdb-server/remove-remote": {Args: "REMOTE", Min: 1, Max: 1, Run: x.removeRemote},
		"ovsdb-server/reconnect": {Run: func([]string) (string, error) {
			srv.Disconnect()
			return "", nil
		}},
		"ovsdb-server/reload":               {Run: func([]string) (string, error) { return "", errNoConfig }},
		"ovsdb-server/disable-monitor-cond": {Run: func([]string) (string, error) { return "", errNotSupported }},
		"ovsdb-server/perf-counters-show":   {Run: say("performance counter is not supported on this platform\n")},
		"ovsdb-server/perf-counters-clear":  {Run: say("")},

		"ovsdb-server/sync-status":                            {Run: x.syncStatus},
		"ovsdb-server/set-active-ovsdb-server":                {Min: 1, Max: 1, Run: x.remember(&x.active)},
		"ovsdb-server/get-active-ovsdb-server":                {Run: x.recall(&x.active)},
		"ovsdb-server/set-sync-exclude-tables":                {Min: 1, Max: 1, Run: x.remember(&x.excluded)},
		"ovsdb-server/get-sync-exclude-tables":                {Run: x.recall(&x.excluded)},
		"ovsdb-server/connect-active-ovsdb-server":            {Run: x.connectActive},
		"ovsdb-server/disconnect-active-ovsdb-server":         {Run: x.disconnectActive},
		"ovsdb-server/set-active-ovsdb-server-probe-interval": {Min: 1, Max: 1, Run: x.setProbe},
		"ovsdb-server/set-relay-source-probe-interval":        {Min: 1, Max: 1, Run: probeInterval},
	}
	if opts.Exit != nil {
		commands["exit"] = Command{Run: say(""), After: opts.Exit}
	}
	return commands, nil
}

func onOff(word, wrong string) (bool, error) {
	if word != "on" && word != "off" {
		return false, errors.New(wrong)
	}
	return word == "on", nil
}

func (x *server) listDBs([]string) (string, error) {
	names := []string{"_Server"}
	for _, db := range x.Databases() {
		names = append(names, db.Name())
	}
	slices.Sort(names)
	return strings.Join(names, "\n") + "\n", nil
}

func (x *server) addDB(args []string) (string, error) {
	switch {
	case strings.HasPrefix(args[0], "relay:"):
		return "", errNoRelay
	case x.opts.Databases == nil:
		return "", errFixed
	}
	if err := x.opts.Databases.Add(args[0]); err != nil {
		return "", err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.backup != nil { // the new one is to be followed too
		return "", x.follow()
	}
	return "", nil
}

func (x *server) removeDB(args []string) (string, error) {
	switch {
	case x.Database(args[0]) == nil:
		return "", errNotFound
	case strings.HasPrefix(args[0], "_"):
		return "", errReserved
	case x.opts.Databases == nil:
		return "", errFixed
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	backup := x.backup != nil
	if backup { // nobody may follow anything into a database that is closed
		x.backup.End()
		x.backup = nil
	}
	err := x.opts.Databases.Remove(args[0])
	if backup {
		err = errors.Join(err, x.follow())
	}
	return "", err
}

func (x *server) storageStatus(args []string) (string, error) {
	db := x.Database(args[0])
	if db == nil {
		return "", errNotFound
	}
	if err := db.Err(); err != nil {
		return "status: " + err.Error() + "\n", nil
	}
	return "status: ok\n", nil
}

func (x *server) compact(args []string) (string, error) {
	list := x.Databases()
	if len(args) > 0 {
		db := x.Database(args[0])
		switch {
		case db == nil:
			return "", errNoDatabase
		case strings.HasPrefix(args[0], "_"):
			return "", errors.New("cannot compact built-in databases")
		}
		list = []*ovsdb.Database{db}
	}
	for _, db := range list {
		if err := db.Compact(); err != nil {
			return "", err
		}
	}
	if x.trim.Load() {
		debug.FreeOSMemory()
	}
	return "", nil
}

func (x *server) listRemotes([]string) (string, error) {
	text := ""
	for _, r := range x.Remotes() {
		text += r + "\n"
	}
	return text, nil
}

func (x *server) addRemote(args []string) (string, error) {
	if slices.Contains(x.Remotes(), args[0]) {
		return "", nil
	}
	_, err := x.Listen(ovsdb.Remote{Target: args[0]})
	return "", err
}

func (x *server) removeRemote(args []string) (string, error) {
	if !x.Unlisten(args[0]) {
		return "", errors.New("no such remote")
	}
	return "", nil
}

func (x *server) setTableLog(args []string) (string, error) {
	db, table, ok := strings.Cut(args[0], ":")
	if !ok {
		return "", errors.New("invalid DB:TABLE argument")
	}
	on, err := onOff(args[1], "invalid command argument")
	if err != nil {
		return "", err
	}
	return "", x.LogTable(db, table, on)
}

func (x *server) listTableLogs([]string) (string, error) {
	var b strings.Builder
	b.WriteString("database        table                       logging\n--------        -----                       -------\n")
	for _, db := range append(x.Databases(), x.Database("_Server")) {
		fmt.Fprintf(&b, "%-16s \n", db.Name())
		for _, t := range db.Schema().Tables {
			state := "OFF"
			if x.LoggedTable(db.Name(), t.Name) {
				state = "ON"
			}
			fmt.Fprintf(&b, "                %-27s %s\n", t.Name, state)
		}
	}
	return b.String(), nil
}

func (x *server) remember(p *string) func([]string) (string, error) {
	return func(args []string) (string, error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		*p = args[0]
		return "", nil
	}
}

func (x *server) recall(p *string) func([]string) (string, error) {
	return func([]string) (string, error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		return *p + "\n", nil
	}
}

// follow makes the server a backup. x.mu is held, or nobody else has x.
func (x *server) follow() error {
	if x.opts.Databases == nil {
		return errLeads
	}
	if x.backup != nil {
		x.backup.End()
		x.backup = nil
	}
	split := func(list string) []string {
		return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	}
	b, err := x.Follow(ovsdb.ClientOptions{Remotes: split(x.active), Probe: x.probe}, split(x.excluded))
	if err != nil {
		return err
	}
	x.backup, x.followed = b, true
	return nil
}

func (x *server) connectActive([]string) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.active == "" {
		return "Unable to connect: active server is not specified.\n", nil // as stock, which does not fail
	}
	return "", x.follow()
}

func (x *server) disconnectActive([]string) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.backup != nil {
		x.backup.End()
		x.backup = nil
	}
	return "", nil
}

// syncStatus says it in a block for each database, once there is or was somebody to follow, as stock does.
func (x *server) syncStatus([]string) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.followed {
		return "state: active\n", nil
	}
	var b strings.Builder
	for _, db := range x.Databases() {
		fmt.Fprintf(&b, "database: %s\n", db.Name())
		if x.backup == nil {
			b.WriteString("state: active\n\n")
			continue
		}
		b.WriteString("state: backup\n")
		switch state := x.backup.State(db.Name()); state {
		case ovsdb.BackupConnecting, ovsdb.BackupReplicating:
			fmt.Fprintf(&b, "%s: %s\n", state, x.active)
			if state == ovsdb.BackupReplicating && x.excluded != "" {
				fmt.Fprintf(&b, "exclude: %s\n", x.excluded)
			}
		default:
			b.WriteString(state + "\n")
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// setProbe is about the connection to the active server, from the next one on; 0 is never.
func (x *server) setProbe(args []string) (string, error) {
	if _, err := probeInterval(args); err != nil {
		return "", err
	}
	ms, _ := strconv.Atoi(args[0])
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.probe = time.Duration(ms) * time.Millisecond; ms <= 0 {
		x.probe = -1
	}
	return "", nil
}

func probeInterval(args []string) (string, error) {
	if _, err := strconv.Atoi(args[0]); err != nil {
		return "", errors.New("Invalid probe interval, integer value expected") //nolint:staticcheck // stock's words
	}
	return "", nil
}

// memory is memory/show: stock's names where there is the same thing to count.
func (x *server) memory([]string) (string, error) {
	n := map[string]int{"sessions": x.Clients(), "backlog": x.Backlog()}
	for _, db := range x.Databases() {
		s := db.Stats()
		n["cells"] += s.Cells
		n["rows"] += s.Rows
		n["monitors"] += s.Monitors
		n["txn-history"] += s.HistoryCommits
		n["txn-history-changes"] += s.HistoryChanges
	}
	var words []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		words = append(words, fmt.Sprintf("%s:%d", k, n[k]))
	}
	return strings.Join(words, " ") + "\n", nil
}
