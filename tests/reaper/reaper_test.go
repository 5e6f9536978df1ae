package reaper

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m.Run)) }

const roleEnv = "KOVE_REAPER_ROLE"

// TestRole is what the other tests run: "exit" ends badly, "hang" starts a daemon and waits.
func TestRole(t *testing.T) {
	switch os.Getenv(roleEnv) {
	case "exit":
		os.Exit(7)
	case "hang":
		cmd := exec.Command("/bin/sh", "-c", "setsid sleep 1000 & echo up") // its parent ends at once
		cmd.Stdout = os.Stdout
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		select {}
	}
}

func role(name string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestRole$")
	cmd.Env = append(os.Environ(), roleEnv+"="+name)
	return cmd
}

func TestExitCode(t *testing.T) {
	var exit *exec.ExitError
	if err := role("exit").Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("tests that end with 7: %v", err)
	}
	if err := role("").Run(); err != nil {
		t.Errorf("tests that pass: %v", err)
	}
}

// TestNothingStaysBehind kills the program while its tests have a daemon: everybody who could write to its output is gone.
func TestNothingStaysBehind(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("root is needed")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := role("hang")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(r)
	if line, err := out.ReadString('\n'); line != "up\n" {
		t.Fatalf("the daemon is not up: %q %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if rest, err := io.ReadAll(out); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("somebody is still there: %q %v", rest, err)
	}
}

// TestOrphansAreReaped has a process lose its parent and end: it is no zombie.
func TestOrphansAreReaped(t *testing.T) {
	out, err := exec.Command("/bin/sh", "-c", "true & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	stat := "/proc/" + strings.TrimSpace(string(out)) + "/stat"
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(stat)
		if err != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still there: %s", text)
		}
	}
}
