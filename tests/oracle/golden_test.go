package oracle

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/northd"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestGolden loads every scenario into databases in memory, runs kove's northd on them and compares with stock. A scenario
// that is not equal has to be in notYet, and one that is equal must not be.
func TestGolden(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	equal := 0
	for _, sc := range scenarios {
		t.Run(sc.Name, func(t *testing.T) {
			want, err := sc.Want()
			if err != nil {
				t.Fatal(err)
			}
			got := inProcess(t, sc)
			diff := Compare(want, got)
			if report(t, sc, diff) {
				equal++
			}
		})
	}
	t.Logf("%d of %d scenarios equal stock ovn-northd", equal, len(scenarios))
	for name := range notYet {
		if _, err := os.Stat(goldenDir + "/" + name); err != nil {
			t.Errorf("scenarios.go lists %s, which does not exist", name)
		}
	}
}

// report says whether the scenario is equal, and fails the test if that is not as expected.
func report(t *testing.T, sc Scenario, diff []string) bool {
	t.Helper()
	reason, listed := notYet[sc.Name]
	switch {
	case len(diff) == 0 && listed:
		t.Errorf("%s equals stock: take it out of scenarios.go", sc.Name)
	case len(diff) > 0 && listed:
		t.Logf("%s: different in %d lines, as listed: %s", sc.Name, len(diff), reason)
		if os.Getenv("ORACLE_DIFF") != "" {
			t.Log("\n" + strings.Join(diff, "\n"))
		}
	case len(diff) > 0:
		t.Errorf("different in %d lines:\n%s", len(diff), strings.Join(diff[:min(len(diff), limit())], "\n"))
	}
	return len(diff) == 0
}

// inProcess runs northd on a scenario.
func inProcess(t *testing.T, sc Scenario) Text {
	t.Helper()
	nbDB, sbDB := memory(t, nb.SchemaJSON), memory(t, sb.SchemaJSON)
	nbOps, sbOps, err := sc.Load(nbDB.Schema(), sbDB.Schema())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, x := range []struct {
		db  *ovsdb.Database
		ops []ovsdb.Op
	}{{nbDB, nbOps}, {sbDB, sbOps}} {
		if res, err := x.db.Transact(ctx, x.ops...); err != nil {
			t.Fatalf("loading %s: %v (after %d operations)", x.db.Name(), err, len(res))
		}
	}
	stop := startNorthd(t, ctx, nbDB, sbDB)
	defer stop()
	// Twice: the first round's southbound changes come back to northd, which may answer them.
	syncNorthd(t, ctx, nbDB)
	syncNorthd(t, ctx, nbDB)
	return dumpBoth(t, ctx, nbDB, sbDB, sc.Seed())
}

func memory(t testing.TB, schema []byte) *ovsdb.Database {
	t.Helper()
	s, err := ovsdb.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	db, err := ovsdb.Open(s, ovsdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// startNorthd runs kove's northd until stop is called; its warnings go to the test's log.
func startNorthd(t testing.TB, ctx context.Context, nbDB, sbDB ovsdb.DB) (stop func()) {
	t.Helper()
	return runNorthd(t, ctx, nbDB, sbDB, slog.LevelWarn)
}

func runNorthd(t testing.TB, ctx context.Context, nbDB, sbDB ovsdb.DB, level slog.Level) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	n := northd.New(northd.Options{NB: nbDB, SB: sbDB, Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: level}))})
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- n.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("northd stopped: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("northd is not ready after a minute")
	}
	return func() { cancel(); <-done }
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// syncNorthd does what `ovn-nbctl --wait=sb sync` does.
func syncNorthd(t testing.TB, ctx context.Context, db ovsdb.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	deltas, err := db.Watch(ctx, map[string][]string{nb.TableNBGlobal: nil})
	if err != nil {
		t.Fatal(err)
	}
	target := int64(-1)
	for d := range deltas {
		for _, c := range d.Changes {
			if c.New == nil {
				continue
			}
			g := nb.NewNBGlobal(c.New)
			if target < 0 {
				target = g.NBCfg + 1
				if _, err := db.Transact(ctx, ovsdb.Update(nb.TableNBGlobal, g.UUID, ovsdb.ColumnValue{Column: nb.NBGlobalColNBCfg, Value: target})); err != nil {
					t.Fatal(err)
				}
			}
			if g.SBCfg >= target {
				return
			}
		}
	}
	t.Fatalf("northd did not reach nb_cfg %d: %v", target, ctx.Err())
}

func dumpBoth(t testing.TB, ctx context.Context, nbDB, sbDB ovsdb.DB, seed bool) Text {
	t.Helper()
	nbDump, err := FromDB(ctx, nbDB)
	if err != nil {
		t.Fatal(fmt.Errorf("dumping: %w", err))
	}
	sbDump, err := FromDB(ctx, sbDB)
	if err != nil {
		t.Fatal(fmt.Errorf("dumping: %w", err))
	}
	return Normalise(nbDump, sbDump, seed)
}

// limit is how many different lines a failure shows; ORACLE_DIFF=1 shows all.
func limit() int {
	if os.Getenv("ORACLE_DIFF") != "" {
		return 1 << 30
	}
	return 40
}
