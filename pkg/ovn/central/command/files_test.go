package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/central/files"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// TestMain lets the test binary be ovn-central.
func TestMain(m *testing.M) {
	if os.Getenv("KOVE_TEST_AS_CENTRAL") != "" {
		if err := New("test").RunContext(context.Background(), os.Args); err != nil {
			os.Stderr.WriteString("ovn-central: " + err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func stock(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("STOCK")
	if dir == "" {
		dir = "/var/tmp/kove-stock"
	}
	path := filepath.Join(dir, "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("stock OVN is not there (%v): run make stock", err)
	}
	return path
}

type site struct {
	t   *testing.T
	dir string
}

func (s *site) program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "KOVE_TEST_AS_CENTRAL=1")
	return cmd
}

func (s *site) data(name string) string { return filepath.Join(s.dir, "data", name) }

// central starts ovn-central and waits until it answers, if it is to; its end comes over the channel.
func (s *site) central(answers bool) (kill func(), done chan error, output *bytes.Buffer) {
	cmd := s.program("--data-dir", s.data(""), "--nb-remote", "punix:"+s.dir+"/nb.sock", "--sb-remote", "punix:"+s.dir+"/sb.sock")
	output = &bytes.Buffer{}
	cmd.Stderr = output
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done = make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	s.t.Cleanup(func() { cmd.Process.Kill() })
	for _, name := range []string{"nb", "sb"} {
		for end := time.Now().Add(time.Minute); answers; time.Sleep(10 * time.Millisecond) {
			if c, err := net.Dial("unix", s.dir+"/"+name+".sock"); err == nil {
				c.Close()
				break
			}
			if time.Now().After(end) {
				s.t.Fatal("ovn-central does not answer")
			}
		}
	}
	return func() {
		cmd.Process.Kill()
		<-done
	}, done, output
}

func (s *site) ctl(name string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(stock(s.t, name), append([]string{"--timeout=60", "--db=unix:" + s.dir + "/" + name[4:6] + ".sock"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// files runs check or rebuild.
func (s *site) files(status int, args ...string) ([]files.Report, string) {
	s.t.Helper()
	cmd := s.program(append([]string{args[0], "--dir", s.data(""), "-o", "json"}, args[1:]...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) || cmd.ProcessState.ExitCode() != status {
		s.t.Fatalf("%q: %v\n%s%s", args, err, out, stderr.String())
	}
	var r []files.Report
	if len(out) > 0 {
		if err := json.Unmarshal(out, &r); err != nil {
			s.t.Fatalf("%v: %s", err, out)
		}
	}
	return r, stderr.String()
}

func (s *site) damage(name string, at int) {
	s.t.Helper()
	b, err := os.ReadFile(s.data(name))
	if err != nil {
		s.t.Fatal(err)
	}
	b[at] ^= 1
	if err := os.WriteFile(s.data(name), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// TestDamagedFiles has ovn-central refuse damaged files and come back: SB is filled from NB, NB holds what it held before the
// damage, whatever is killed in between.
func TestDamagedFiles(t *testing.T) {
	s := &site{t, t.TempDir()}
	kill, _, _ := s.central(true)
	for i, name := range []string{"one", "two", "three"} {
		s.ctl("ovn-nbctl", "--wait=sb", "ls-add", name, "--", "lsp-add", name, "p-"+name)
		if i == 0 {
			if r, _ := s.files(0, "check"); len(r) != 2 || r[0].State != ovsdb.FileOK || r[0].InUseBy == 0 || r[0].Rows == 0 {
				t.Fatalf("checking a server's files: %+v", r)
			}
			if _, text := s.files(1, "rebuild", "--force", "nb"); !strings.Contains(text, "stop that process") {
				t.Fatalf("a file in use is set aside: %s", text)
			}
		}
	}
	kill()
	if r, _ := s.files(0, "check"); r[0].Rows < 7 || r[1].Rows < 20 || r[0].InUseBy != 0 {
		t.Fatalf("%+v", r)
	}

	for _, name := range []string{"sb.db", "nb.db"} {
		// In the middle of the record that has the second switch.
		b, err := os.ReadFile(s.data(name))
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(b, []byte("p-two"))
		s.damage(name, at)
		_, done, output := s.central(false)
		select {
		case err := <-done:
			if err == nil || !strings.Contains(output.String(), s.data(name)) || !strings.Contains(output.String(), "damage at offset") || !strings.Contains(output.String(), "kove ovn rebuild") {
				t.Fatalf("%v: %s", err, output)
			}
		case <-time.After(time.Minute):
			t.Fatalf("ovn-central goes on with a damaged %s", name)
		}
		r, _ := s.files(1, "check", name[:2])
		if len(r) != 1 || r[0].State != ovsdb.FileDamaged || r[0].Offset == 0 || r[0].Offset > int64(at) || r[0].Lost == 0 || r[0].Next <= int64(at) {
			t.Fatalf("%+v", r)
		}
		args := []string{"rebuild"}
		if name == "nb.db" {
			args = append(args, "--salvage")
		}
		r, _ = s.files(0, args...)
		i := 0
		if name == "sb.db" {
			i = 1
		}
		if r[1-i].Aside != "" || !strings.HasPrefix(r[i].Aside, s.data(name)+".damaged-") || r[i].Refill == "" {
			t.Fatalf("%+v", r)
		}
		s.files(0, "check")
		kill, _, _ = s.central(true)
		if name == "sb.db" {
			s.ctl("ovn-nbctl", "--wait=sb", "sync")
			for _, port := range []string{"p-one", "p-two", "p-three"} {
				if out := s.ctl("ovn-sbctl", "--bare", "--columns=logical_port", "list", "Port_Binding"); !strings.Contains(out, port) {
					t.Fatalf("SB was not filled from NB: %s", out)
				}
			}
		} else if out := s.ctl("ovn-nbctl", "ls-list"); !strings.Contains(out, "one") || strings.Contains(out, "two") || strings.Contains(out, "three") {
			t.Fatalf("NB is not what it was before the damage: %s", out)
		}
		kill()
	}
	if _, text := s.files(1, "check", "xb"); !strings.Contains(text, "nb or sb") {
		t.Fatal(text)
	}
}
