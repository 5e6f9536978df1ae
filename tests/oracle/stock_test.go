package oracle

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/tests/reaper"
)

// The daemons detach, so that nothing but a pid namespace ends them when the tests are killed.
func TestMain(m *testing.M) { os.Exit(reaper.Main(m.Run)) }

// stockDir returns the folder with stock OVN.
func stockDir(t testing.TB) string {
	dir := cmp.Or(os.Getenv("STOCK"), "/var/tmp/kove-stock")
	if _, err := os.Stat(filepath.Join(dir, "bin", "ovn-northd")); err != nil {
		t.Fatalf("stock OVN is missing in %s: run make stock, or set STOCK", dir)
	}
	return dir
}

// sockets are the two databases of a central, and the environment in which stock's tools talk to them.
type sockets struct {
	dir    string
	nb, sb string
	env    []string

	start, stop func() // of kove's central
	halt        func() // of stock's daemons
}

func newSockets(t testing.TB, dir, nb, sb string) *sockets {
	env := append(os.Environ(), "PATH="+filepath.Join(stockDir(t), "bin")+":"+os.Getenv("PATH"),
		"OVN_NB_DB=unix:"+nb, "OVN_SB_DB=unix:"+sb, "OVS_SYSLOG_METHOD=null")
	for _, v := range []string{"OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR", "OVS_DBDIR", "OVN_DBDIR"} {
		env = append(env, v+"="+dir)
	}
	return &sockets{dir: dir, nb: nb, sb: sb, env: env}
}

// shell runs a script of stock's tools.
func (s *sockets) shell(t testing.TB, script string, env ...string) string {
	t.Helper()
	out, err := s.try(script, env...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *sockets) try(script string, env ...string) (string, error) {
	cmd := exec.Command("bash", "-c", script)
	cmd.Env = append(s.env, env...)
	cmd.Dir = s.dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %.200q: %w: %s", script, err, stderr.String())
	}
	return string(out), nil
}

// prologue fixes the two values that northd would choose at random, and the UUID of NB_Global, which edits that are repeated name.
const prologue = `ovsdb-client transact unix:nb.sock '["OVN_Northbound",{"op":"insert","table":"NB_Global",` +
	`"uuid":"c4000000-0000-4000-8000-000000000001","row":{}}]' &&
ovn-nbctl init && ovn-sbctl init &&
ovn-nbctl set NB_Global . options:mac_prefix=02:aa:bb options:svc_monitor_mac=0e:00:00:00:00:01`

// replay gives the scenario's commands, waiting for northd after each, so that tunnel keys come in the order of commands.
// Some commands of a scenario fail on purpose or because an earlier one made them void; the script goes on, as a shell does.
func (s *sockets) replay(t testing.TB, sc Scenario) {
	t.Helper()
	s.replayFile(t, filepath.Join(sc.Dir, "nb.sh"))
}

func (s *sockets) replayFile(t testing.TB, file string) {
	t.Helper()
	script, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	wait := "OVN_NBCTL_OPTIONS=--wait=sb --timeout=60"
	s.shell(t, "ovn-nbctl sync; bash "+script+" >nb.sh.out 2>nb.sh.err; ovn-nbctl sync && ovn-nbctl sync", wait)
}

// dump reads both databases with stock's client.
func (s *sockets) dump(t testing.TB) (nbDump, sbDump *Dump) {
	t.Helper()
	read := func(sock, db string, schema []byte) *Dump {
		parsed, err := ovsdb.ParseSchema(schema)
		if err != nil {
			t.Fatal(err)
		}
		d, err := FromClientDump(parsed, []byte(s.shell(t, "ovsdb-client --format=json dump unix:"+sock+" "+db)))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return read(s.nb, nb.Database, nb.SchemaJSON), read(s.sb, sb.Database, sb.SchemaJSON)
}

// startStock runs stock ovsdb-servers and ovn-northd until the test ends.
func startStock(t testing.TB) *sockets {
	t.Helper()
	stock := stockDir(t)
	dir := t.TempDir()
	s := newSockets(t, dir, filepath.Join(dir, "nb.sock"), filepath.Join(dir, "sb.sock"))
	s.halt = func() {
		// The daemons detached, so only their pidfiles know them. One whose parent has not reaped it yet has no command line.
		s.try(`for d in northd nb sb; do test -e $d.pid || continue; p=$(cat $d.pid); kill $p
until test -z "$(tr -d '\0' 2>/dev/null </proc/$p/cmdline)"; do sleep 0.01; done; rm -f $d.pid; done`)
	}
	t.Cleanup(s.halt)
	for _, d := range []string{"nb", "sb"} {
		s.shell(t, fmt.Sprintf(`ovsdb-tool create %[1]s.db %[2]s/share/ovn/ovn-%[1]s.ovsschema
ovsdb-server %[1]s.db --detach --no-chdir --pidfile=$PWD/%[1]s.pid --log-file=$PWD/%[1]s.log -vconsole:off --remote=punix:$PWD/%[1]s.sock --unixctl=$PWD/%[1]s.ctl`, d, stock))
	}
	s.shell(t, prologue)
	s.shell(t, startNorthdCommand)
	return s
}

const startNorthdCommand = `ovn-northd --detach --no-chdir --pidfile=$PWD/northd.pid --log-file=$PWD/northd.log -vconsole:off --unixctl=$PWD/northd.ctl`
