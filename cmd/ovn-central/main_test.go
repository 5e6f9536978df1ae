package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// The test binary is the program when it is told to be.
func TestMain(m *testing.M) {
	if os.Getenv("OVN_CENTRAL_TEST_MAIN") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "OVN_CENTRAL_TEST_MAIN=1")
	return cmd
}

type process struct {
	*exec.Cmd
	dir string
}

func start(t *testing.T, dir string) *process {
	t.Helper()
	cmd := program("--data-dir", filepath.Join(dir, "data"), "--ctl-dir", dir, "--nb-remote", "punix:"+dir+"/nb.sock", "--sb-remote", "punix:"+dir+"/sb.sock",
		"--nb-remote", "db:OVN_Northbound,NB_Global,connections")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	sc := bufio.NewScanner(out)
	var log strings.Builder
	for sc.Scan() {
		fmt.Fprintln(&log, sc.Text())
		if strings.Contains(sc.Text(), "msg=ready") {
			go func() {
				for sc.Scan() {
				}
			}()
			return &process{cmd, dir}
		}
	}
	cmd.Wait()
	t.Fatalf("it does not become ready:\n%s", log.String())
	return nil
}

func dial(t *testing.T, dir, db string) *ovsdb.Client {
	t.Helper()
	sock := map[string]string{"OVN_Northbound": "/nb.sock", "OVN_Southbound": "/sb.sock"}[db]
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := ovsdb.Dial(ctx, db, ovsdb.ClientOptions{Remotes: []string{"unix:" + dir + sock}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSignalStops(t *testing.T) {
	p := start(t, t.TempDir())
	second := program("--data-dir", p.dir+"/data", "--nb-remote", "punix:"+p.dir+"/nb2.sock", "--sb-remote", "punix:"+p.dir+"/sb2.sock")
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("process %d", p.Process.Pid)) || !strings.Contains(string(out), "nb.db") {
		t.Fatalf("a second one on the same data: %v %s", err, out)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
}

func TestFlags(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{[]string{"--help"}, []string{"punix:PATH", "--data-dir DIR", "Example"}},
		{[]string{"--nonsense"}, []string{"nonsense", "--help"}},
		{[]string{}, []string{"--data-dir is missing"}},
		{[]string{"--data-dir", "x"}, []string{"--nb-remote is missing"}},
		{[]string{"--data-dir", "x", "--nb-remote", "punix:y"}, []string{"--sb-remote is missing"}},
		{[]string{"--data-dir", "x", "--nb-remote", "pssl:1", "--sb-remote", "punix:y"}, []string{"pssl:1 needs --private-key"}},
		{[]string{"stray"}, []string{`"stray"`}},
		{[]string{"--data-dir", "x", "--nb-remote", "punix:y", "--sb-remote", "punix:z", "--log-level", "loud"}, []string{"--log-level", "loud"}},
	} {
		cmd := program(tc.args...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if (err == nil) != (len(tc.args) == 1 && tc.args[0] == "--help") {
			t.Errorf("%q: %v\n%s", tc.args, err, out)
		}
		for _, w := range tc.want {
			if !strings.Contains(string(out), w) {
				t.Errorf("%q: no %q in\n%s", tc.args, w, out)
			}
		}
		if left, _ := os.ReadDir(cmd.Dir); len(left) > 0 {
			t.Errorf("%q left %s behind", tc.args, left[0].Name())
		}
	}
}

// TestKillStorm kills the process again and again under load. What it acknowledged must be there when it comes back, and
// northd must have caught up in the end.
func TestKillStorm(t *testing.T) {
	const writers, storms = 3, 6
	dir := t.TempDir()
	acked := make([]map[string]bool, writers) // switches that are there for sure
	for w := range acked {
		acked[w] = map[string]bool{}
	}
	for storm := range storms {
		p := start(t, dir)
		c := dial(t, dir, "OVN_Northbound")
		res, err := c.Transact(t.Context(), ovsdb.Select("Logical_Switch"))
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, r := range res[0].Rows {
			have[r.String("name")] = true
		}
		for w := range acked {
			for name := range acked[w] {
				if !have[name] {
					t.Fatalf("storm %d: switch %s was acknowledged and is gone", storm, name)
				}
			}
		}
		c.Close()
		if storm == storms-1 {
			caughtUp(t, dir, len(have))
			p.Process.Signal(syscall.SIGTERM)
			p.Wait()
			break
		}
		var wg sync.WaitGroup
		for w := range writers {
			c := dial(t, dir, "OVN_Northbound")
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer c.Close()
				for n := 0; ; n++ {
					name := fmt.Sprintf("s%d-%d-%d", storm, w, n)
					ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
					_, err := c.Transact(ctx, ovsdb.Insert("Logical_Switch", ovsdb.NewUUID(), ovsdb.ColumnValue{Column: "name", Value: name}))
					cancel()
					if err != nil {
						return
					}
					acked[w][name] = true
				}
			}()
		}
		time.Sleep(time.Duration(100+40*storm) * time.Millisecond) // how long the load lasts, nothing waits for it
		p.Process.Kill()
		var exit *exec.ExitError
		if err := p.Wait(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		wg.Wait()
	}
	if n := len(acked[0]) + len(acked[1]) + len(acked[2]); n < 50 {
		t.Fatalf("only %d transactions", n)
	}
}

// caughtUp waits until the southbound database has a datapath for every switch.
func caughtUp(t *testing.T, dir string, switches int) {
	t.Helper()
	c := dial(t, dir, "OVN_Southbound")
	defer c.Close()
	w, err := c.Watch(t.Context(), map[string][]string{"Datapath_Binding": nil})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for end := time.After(30 * time.Second); n != switches; {
		select {
		case d := <-w:
			for _, ch := range d.Changes {
				switch {
				case ch.Old == nil:
					n++
				case ch.New == nil:
					n--
				}
			}
		case <-end:
			t.Fatalf("%d datapaths for %d switches", n, switches)
		}
	}
}

// TestLogCommands asks the control sockets for the forms of vlog/set that scripts for stock's server use.
func TestLogCommands(t *testing.T) {
	p := start(t, t.TempDir())
	for _, ctl := range []string{"ovnnb_db.ctl", "ovnsb_db.ctl"} {
		c, err := net.Dial("unix", filepath.Join(p.dir, ctl))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		in := json.NewDecoder(c)
		for _, tc := range []struct{ method, params, want string }{
			{"vlog/set", `"console:dbg"`, ""},
			{"vlog/set", `"jsonrpc:file:info","ovsdb_server:syslog:off"`, ""},
			{"vlog/set", `"PATTERN:file:%m"`, ""},
			{"vlog/set", `"nosuch:file:info"`, "no destination, level, or module"},
			{"vlog/list", "", "ovn_central"},
			{"vlog/list-pattern", "", "CONSOLE"},
			{"vlog/disable-rate-limit", `"jsonrpc"`, ""},
			{"vlog/reopen", "", "Logging to file not configured"},
			{"version", "", "ovsdb-server (Open vSwitch) 3.5.0"},
			{"ovsdb-server/add-db", `"x.db"`, "the databases of this program are fixed"},
		} {
			fmt.Fprintf(c, `{"id":0,"method":"%s","params":[%s]}`, tc.method, tc.params)
			var r map[string]any
			if err := in.Decode(&r); err != nil {
				t.Fatal(err)
			}
			said, _ := r["error"].(string)
			if said == "" {
				said, _ = r["result"].(string)
			}
			if !strings.Contains(said, tc.want) || tc.want == "" && said != "" {
				t.Errorf("%s %s %s: %s", ctl, tc.method, tc.params, said)
			}
		}
	}
}

func TestExitCommand(t *testing.T) {
	p := start(t, t.TempDir())
	c, err := net.Dial("unix", p.dir+"/ovnnb_db.ctl")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(`{"id":0,"method":"exit","params":[]}`)); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 100)
	if n, err := c.Read(reply); err != nil || !strings.Contains(string(reply[:n]), `"error":null`) {
		t.Fatalf("exit: %v %s", err, reply[:n])
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("exit: %v", err)
	}
}
