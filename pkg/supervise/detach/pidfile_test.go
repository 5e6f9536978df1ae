package detach

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The test binary holds a pidfile until its standard input ends, when it is told to.
func TestMain(m *testing.M) {
	if path := os.Getenv("KOVE_TEST_PIDFILE"); path != "" {
		p, err := CreatePidfile(path, os.Getenv("KOVE_TEST_OVERWRITE") != "")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		os.Stdin.Read(make([]byte, 1))
		if err := p.Remove(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func hold(t *testing.T, path, overwrite string) (said string, release func() error, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KOVE_TEST_PIDFILE="+path, "KOVE_TEST_OVERWRITE="+overwrite)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	b := make([]byte, 1000)
	n, _ := out.Read(b)
	return strings.TrimSpace(string(b[:n])), func() error { in.Close(); return cmd.Wait() }, cmd.Process.Pid
}

func TestPidfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pid")
	if err := CheckPidfile(path); err != nil {
		t.Fatal(err)
	}
	said, release, pid := hold(t, path, "")
	if text, _ := os.ReadFile(path); said != "held" || string(text) != fmt.Sprintln(pid) {
		t.Fatalf("%q %q", said, text)
	}
	if _, err := os.Stat(path + ".tmp"); !os.IsNotExist(err) {
		t.Errorf("%s.tmp is left: %v", path, err)
	}
	want := fmt.Sprintf("%s: already running as pid %d, aborting", path, pid)
	if err := CheckPidfile(path); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if said, _, _ := hold(t, path, ""); said != want {
		t.Errorf("%q, want %s", said, want)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
	// One that is left by a process that was killed does not count.
	if err := os.WriteFile(path, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	said, release, _ = hold(t, path, "")
	if said != "held" {
		t.Fatal(said)
	}
	// --overwrite-pidfile takes it from one that runs.
	said, second, pid := hold(t, path, "yes")
	if text, _ := os.ReadFile(path); said != "held" || string(text) != fmt.Sprintln(pid) {
		t.Fatalf("%q %q", said, text)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != fmt.Sprintln(pid) {
		t.Errorf("it has removed what is no longer its own: %q", text)
	}
	if err := second(); err != nil {
		t.Fatal(err)
	}
}
