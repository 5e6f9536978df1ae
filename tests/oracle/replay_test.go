package oracle

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestReplay gives the commands of every scenario that equals stock to cmd/ovn-central, by stock's own ovn-nbctl and
// ovn-sbctl over its sockets, and reads the result with stock's ovsdb-client.
func TestReplay(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	stockDir(t)
	binary := buildCentral(t)
	for _, sc := range scenarios {
		if _, listed := notYet[sc.Name]; listed {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			s := startCentral(t, binary)
			s.replay(t, sc)
			nbDump, sbDump := s.dump(t)
			want, err := sc.Want()
			if err != nil {
				t.Fatal(err)
			}
			diff := Compare(want, Normalise(nbDump, sbDump, sc.Seed()))
			if reason, listed := notYetReplayed[sc.Name]; listed {
				t.Logf("different in %d lines, as listed: %s", len(diff), reason)
				if len(diff) == 0 {
					t.Errorf("%s equals stock: take it out of scenarios.go", sc.Name)
				}
				return
			}
			for _, d := range diff {
				t.Error(d)
			}
		})
	}
}

// buildCentral builds cmd/ovn-central.
func buildCentral(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "ovn-central")
	cmd := exec.Command("go", "build", "-o", binary, "github.com/kove-io/kove/cmd/ovn-central")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building cmd/ovn-central: %v\n%s", err, out)
	}
	return binary
}

// startCentral runs cmd/ovn-central until the test ends.
func startCentral(t testing.TB, binary string) *sockets {
	t.Helper()
	dir := t.TempDir()
	s := newSockets(t, dir, filepath.Join(dir, "nb.sock"), filepath.Join(dir, "sb.sock"))
	s.start = func() {
		cmd := exec.Command(binary, "--data-dir", filepath.Join(dir, "data"), "--nb-remote", "punix:"+s.nb, "--sb-remote", "punix:"+s.sb,
			"--log-level", "warn")
		log, err := os.OpenFile(filepath.Join(dir, "central.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.stop = func() {
			s.stop = func() {}
			cmd.Process.Signal(os.Interrupt)
			if err := cmd.Wait(); err != nil {
				t.Errorf("cmd/ovn-central stopped: %v", err)
			}
		}
		awaitSocket(t, s.nb)
		awaitSocket(t, s.sb)
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(dir, "central.log"))
			t.Logf("cmd/ovn-central said:\n%s", text)
		}
	})
	s.start()
	s.shell(t, prologue)
	return s
}

// restart stops kove's central and starts it again on the same data.
func (s *sockets) restart(t testing.TB) {
	t.Helper()
	s.stop()
	s.start()
}

// awaitSocket returns when somebody accepts on a unix socket: the central answers once its sockets do.
func awaitSocket(t testing.TB, path string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("nobody listens on %s after a minute: %v", path, err)
		}
	}
}
