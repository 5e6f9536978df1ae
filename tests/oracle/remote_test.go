package oracle

import (
	"context"
	"flag"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

var oracleRemote = flag.Bool("oracle.remote", false, "TestOracle: the databases of kove's northd are at stock's ovsdb-server, not in memory")

// koveSide makes the databases of kove's northd.
func koveSide(t testing.TB, ctx context.Context) *oracleSide {
	t.Helper()
	if *oracleRemote {
		return &oracleSide{"kove", ctx, remote(t, "nb", nb.Database), remote(t, "sb", sb.Database)}
	}
	return &oracleSide{"kove", ctx, memory(t, nb.SchemaJSON), memory(t, sb.SchemaJSON)}
}

// TestGoldenRemote is TestGolden with the databases at stock's ovsdb-server: northd sees and writes the same through sockets, as
// ovn-northd does.
func TestGoldenRemote(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range scenarios {
		if _, listed := notYet[sc.Name]; listed {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			want, err := sc.Want()
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			nbDB, sbDB := remote(t, "nb", nb.Database), remote(t, "sb", sb.Database)
			nbOps, sbOps, err := sc.Load(nbDB.Schema(), sbDB.Schema())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := nbDB.Transact(ctx, nbOps...); err != nil {
				t.Fatal(err)
			}
			if _, err := sbDB.Transact(ctx, sbOps...); err != nil {
				t.Fatal(err)
			}
			stop := startNorthd(t, ctx, nbDB, sbDB)
			defer stop()
			syncNorthd(t, ctx, nbDB)
			syncNorthd(t, ctx, nbDB)
			for _, d := range Compare(want, dumpBoth(t, ctx, nbDB, sbDB, sc.Seed())) {
				t.Error(d)
			}
		})
	}
}

// remote is a new database at a stock ovsdb-server.
func remote(t testing.TB, name, database string) *ovsdb.Client {
	t.Helper()
	return remoteIn(t, t.TempDir(), name, database)
}

// remoteIn is remote at the socket NAME.sock of a folder.
func remoteIn(t testing.TB, dir, name, database string) *ovsdb.Client {
	t.Helper()
	stock := stockDir(t)
	file, sock := filepath.Join(dir, name+".db"), filepath.Join(dir, name+".sock")
	if out, err := exec.Command(stock+"/bin/ovsdb-tool", "create", file, stock+"/share/ovn/ovn-"+name+".ovsschema").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(stock+"/bin/ovsdb-server", "--remote=punix:"+sock, "--unixctl="+filepath.Join(dir, name+".ctl"), "--no-chdir", "-vconsole:off", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	awaitSocket(t, sock)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := ovsdb.Dial(ctx, database, ovsdb.ClientOptions{Remotes: []string{"unix:" + sock}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
