package unixctl

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Commands are the commands about a database server (ovsdb-server(1), RUNTIME MANAGEMENT COMMANDS), as far as they make sense
// for a standalone server inside another program: what would add or remove databases, replicate or cluster is not there. exit is
// called for the command of that name, which is left out without it.
func Commands(srv *ovsdb.Server, version string, exit func()) map[string]Command {
	var trim atomic.Bool
	errNoDatabase := errors.New("no database by that name")
	say := func(text string) Command { return Command{Run: func([]string) (string, error) { return text, nil }} }
	commands := map[string]Command{
		"version":     say("ovsdb-server (kove) " + version + "\n"),
		"memory/show": {Run: func([]string) (string, error) { return memory(srv), nil }},
		"ovsdb-server/list-dbs": {Run: func([]string) (string, error) {
			var b strings.Builder
			for _, db := range srv.Databases() {
				b.WriteString(db.Name() + "\n")
			}
			return b.String() + "_Server\n", nil
		}},
		"ovsdb-server/get-db-storage-status": {Args: "DB", Min: 1, Max: 1, Run: func(args []string) (string, error) {
			db := srv.Database(args[0])
			if db == nil {
				return "", errors.New("Failed to find the database.") // stock's words
			}
			if err := db.Err(); err != nil {
				return "status: " + err.Error() + "\n", nil
			}
			return "status: ok\n", nil
		}},
		"ovsdb-server/list-remotes": {Run: func([]string) (string, error) {
			text := ""
			for _, r := range srv.Remotes() {
				text += r + "\n"
			}
			return text, nil
		}},
		"ovsdb-server/add-remote": {Args: "REMOTE", Min: 1, Max: 1, Run: func(args []string) (string, error) {
			if slices.Contains(srv.Remotes(), args[0]) {
				return "", nil
			}
			_, err := srv.Listen(ovsdb.Remote{Target: args[0]})
			return "", err
		}},
		"ovsdb-server/remove-remote": {Args: "REMOTE", Min: 1, Max: 1, Run: func(args []string) (string, error) {
			if !srv.Unlisten(args[0]) {
				return "", errors.New("no such remote")
			}
			return "", nil
		}},
		"ovsdb-server/reconnect": {Run: func([]string) (string, error) {
			srv.Disconnect()
			return "", nil
		}},
		"ovsdb-server/compact": {Args: "[DB]", Max: 1, Run: func(args []string) (string, error) {
			list := srv.Databases()
			if len(args) > 0 {
				db := srv.Database(args[0])
				if db == nil {
					return "", errNoDatabase
				}
				list = []*ovsdb.Database{db}
			}
			for _, db := range list {
				if err := db.Compact(); err != nil {
					return "", err
				}
			}
			if trim.Load() {
				debug.FreeOSMemory()
			}
			return "", nil
		}},
		"ovsdb-server/memory-trim-on-compaction": {Args: "on|off", Min: 1, Max: 1, Run: func(args []string) (string, error) {
			if args[0] != "on" && args[0] != "off" {
				return "", errors.New("invalid argument")
			}
			trim.Store(args[0] == "on")
			return "", nil
		}},
		// This server is the active one, and there is no other.
		"ovsdb-server/sync-status":                    say("state: active\n"),
		"ovsdb-server/get-active-ovsdb-server":        say("\n"),
		"ovsdb-server/get-sync-exclude-tables":        say("\n"),
		"ovsdb-server/perf-counters-show":             say("performance counter is not supported on this platform\n"),
		"ovsdb-server/perf-counters-clear":            say(""),
		"ovsdb-server/disconnect-active-ovsdb-server": say(""),
	}
	if exit != nil {
		commands["exit"] = Command{Run: func([]string) (string, error) { return "", nil }, After: exit}
	}
	return commands
}

// memory is memory/show: stock's names where there is the same thing to count.
func memory(srv *ovsdb.Server) string {
	n := map[string]int{"sessions": srv.Clients(), "backlog": srv.Backlog()}
	for _, db := range srv.Databases() {
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
	return strings.Join(words, " ") + "\n"
}

// LevelCommands are the commands about logging (ovs-appctl(8)) of a program that has one level for everything and logs to
// standard error.
func LevelCommands(level *slog.LevelVar) map[string]Command {
	return map[string]Command{
		"vlog/set": {Args: "{spec | PATTERN:destination:pattern}", Max: 1 << 16, Run: func(args []string) (string, error) {
			l := slog.LevelDebug
			for _, w := range strings.FieldsFunc(strings.ToLower(strings.Join(args, " ")), func(r rune) bool { return strings.ContainsRune(" ,:", r) }) {
				switch w {
				case "any", "console", "all":
				case "syslog", "file": // there is nothing to set
					return "", nil
				default:
					v, ok := levels[w]
					if !ok {
						return "", fmt.Errorf("no destination, level, or module \"%s\"", w)
					}
					l = v
				}
			}
			level.Set(l)
			return "", nil
		}},
		"vlog/list": {Run: func([]string) (string, error) {
			name := "OFF"
			for _, k := range []string{"emer", "err", "warn", "info", "dbg"} {
				if level.Level() <= levels[k] {
					name = strings.ToUpper(k)
				}
			}
			return fmt.Sprintf("                 console    syslog    file\n                 -------    ------    ------\n%-16s  %4s       %4s       %4s\n", "all", name, "OFF", "OFF"), nil
		}},
		"vlog/reopen": {Run: func([]string) (string, error) { return "", errors.New("Logging to file not configured") }}, // stock's words
		"vlog/close":  {Run: func([]string) (string, error) { return "", nil }},
	}
}

// levels are those of ovs-appctl(8).
var levels = map[string]slog.Level{"off": slog.LevelError + 8, "emer": slog.LevelError + 4, "err": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "dbg": slog.LevelDebug}
