package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is for what must come, on a machine that is busy.
const patience = 60 * time.Second

// The child of these tests is the test binary itself: it prints its arguments and sleeps until a signal.
func TestMain(m *testing.M) {
	if os.Getenv("SUPERVISE_TEST_CHILD") != "" {
		fmt.Println("child", os.Getpid(), strings.Join(os.Args[1:], " "))
		if os.Getenv("SUPERVISE_TEST_CHILD") == "exit" {
			os.Exit(7)
		}
		time.Sleep(10 * time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func childSpec(t *testing.T, dir string) ProcessSpec {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return ProcessSpec{Name: "child", Path: exe, Args: []string{exe, "-mark=" + dir}, Env: []string{"SUPERVISE_TEST_CHILD=1"},
		LogFile: filepath.Join(dir, "child.log"), RecordFile: filepath.Join(dir, "child.json"), Survive: true}
}

// run runs p until it is ready, calls during with its pid and stops the component.
func run(t *testing.T, p *Process, during func(pid int)) error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- p.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
		pid := p.PID()
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		during(pid)
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("the process did not become ready")
	}
	cancel()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("the component did not stop")
	}
	return nil
}

func alive(pid int) bool { _, err := startTime(pid); return err == nil }

func TestProcessSurvivesAndIsAdopted(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	var first int
	if err := run(t, NewProcess(spec, quiet()), func(pid int) { first = pid }); err != nil {
		t.Fatal(err)
	}
	if !alive(first) {
		t.Fatal("the process did not survive its component")
	}

	second := NewProcess(spec, quiet())
	if err := run(t, second, func(pid int) {
		if pid != first || !second.Adopted() {
			t.Errorf("got pid %d, adopted %v; want %d adopted", pid, second.Adopted(), first)
		}
	}); err != nil {
		t.Fatal(err)
	}

	t.Run("without a record, by its command line", func(t *testing.T) {
		if err := os.Remove(spec.RecordFile); err != nil {
			t.Fatal(err)
		}
		if err := run(t, NewProcess(spec, quiet()), func(pid int) {
			if pid != first {
				t.Errorf("got pid %d, want %d", pid, first)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("the death of an adopted process is noticed", func(t *testing.T) {
		p := NewProcess(spec, quiet())
		done := make(chan error, 1)
		go func() {
			done <- p.Run(context.Background(), func() { _ = syscall.Kill(p.PID(), syscall.SIGKILL) })
		}()
		select {
		case err := <-done:
			if err == nil || p.PID() != 0 {
				t.Errorf("err %v, pid %d", err, p.PID())
			}
		case <-time.After(patience):
			t.Fatal("not noticed")
		}
		if _, err := os.Stat(spec.RecordFile); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the record of a dead process stays: %v", err)
		}
	})
}

func TestProcessIsReplaced(t *testing.T) {
	for name, change := range map[string]func(*ProcessSpec){
		"other arguments":     func(s *ProcessSpec) { s.Args = append(s.Args[:2:2], "-more") },
		"refused by the hook": func(s *ProcessSpec) { s.Adopt = func(context.Context, int) error { return errors.New("no answer") } },
	} {
		t.Run(name, func(t *testing.T) {
			spec := childSpec(t, t.TempDir())
			var first int
			if err := run(t, NewProcess(spec, quiet()), func(pid int) { first = pid }); err != nil {
				t.Fatal(err)
			}
			change(&spec)
			if err := run(t, NewProcess(spec, quiet()), func(pid int) {
				if pid == first || alive(first) {
					t.Errorf("pid %d was not replaced (now %d)", first, pid)
				}
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestProcessWithReplacedExecutable(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	copyExe := filepath.Join(t.TempDir(), "prog")
	if out, err := exec.Command("cp", spec.Path, copyExe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	spec.Path = copyExe
	var first int
	if err := run(t, NewProcess(spec, quiet()), func(pid int) { first = pid }); err != nil {
		t.Fatal(err)
	}
	// What a package upgrade does: a new file renamed over the old one.
	if out, err := exec.Command("sh", "-c", "cp $1 $1.new && mv $1.new $1", "sh", copyExe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := run(t, NewProcess(spec, quiet()), func(pid int) {
		if pid == first {
			t.Error("a process of the old executable was adopted")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// An upgrade moves the link through which a program is reached.
func TestProcessBehindAMovedLink(t *testing.T) {
	spec, dir := childSpec(t, t.TempDir()), t.TempDir()
	for _, version := range []string{"1", "2"} {
		if out, err := exec.Command("sh", "-c", "mkdir $1/$2 && cp $3 $1/$2/prog", "sh", dir, version, spec.Path).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	link := filepath.Join(dir, "current")
	if err := os.Symlink("1", link); err != nil {
		t.Fatal(err)
	}
	spec.Path = filepath.Join(link, "prog")
	var first int
	start := func(check func(pid int)) {
		t.Helper()
		if err := run(t, NewProcess(spec, quiet()), check); err != nil {
			t.Fatal(err)
		}
	}
	start(func(pid int) { first = pid })
	start(func(pid int) {
		if pid != first {
			t.Error("the process of the same version was not adopted")
		}
	})
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("2", link); err != nil {
		t.Fatal(err)
	}
	start(func(pid int) {
		if pid == first || alive(first) {
			t.Error("the process of the old version was not replaced")
		}
	})
}

// A record whose pid now belongs to another process must not lead to that process being adopted or killed.
func TestProcessRecycledPID(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	start, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := writeRecord(spec.RecordFile, record{PID: os.Getpid(), Start: start + 1, BootID: bootID(), Path: spec.Path, Exe: exe, Args: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if err := run(t, NewProcess(spec, quiet()), func(pid int) {
		if pid == os.Getpid() {
			t.Error("adopted a stranger")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestProcessStops(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	spec.Survive = false
	spec.Probe = func(context.Context, int) error {
		if log, err := os.ReadFile(spec.LogFile); err != nil || len(log) == 0 {
			return errors.New("nothing printed yet")
		}
		return nil
	}
	var child int
	if err := run(t, NewProcess(spec, quiet()), func(pid int) { child = pid }); err != nil {
		t.Fatal(err)
	}
	if alive(child) {
		t.Error("the process is still there")
	}
	log, err := os.ReadFile(spec.LogFile)
	if err != nil || !strings.Contains(string(log), "child") {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestProcessThatDiesBeforeItAnswers(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	spec.Env = []string{"SUPERVISE_TEST_CHILD=exit"}
	spec.Probe = func(context.Context, int) error { return errors.New("no socket") }
	err := run(t, NewProcess(spec, quiet()), func(int) { t.Error("it became ready") })
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), spec.LogFile) {
		t.Errorf("got %v", err)
	}
}

func TestStopRecorded(t *testing.T) {
	spec := childSpec(t, t.TempDir())
	var child int
	if err := run(t, NewProcess(spec, quiet()), func(pid int) { child = pid }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	pid, err := StopRecorded(ctx, spec.RecordFile)
	if err != nil || pid != child || alive(child) {
		t.Errorf("pid %d (want %d), err %v, alive %v", pid, child, err, alive(child))
	}
	if pid, err := StopRecorded(ctx, spec.RecordFile); pid != 0 || err != nil {
		t.Errorf("again: pid %d, err %v", pid, err)
	}
}

func TestRestartStartsAProcessAgain(t *testing.T) {
	p := NewProcess(childSpec(t, t.TempDir()), quiet())
	pids := make(chan int, 4)
	counting := Func("child", func(ctx context.Context, ready func()) error {
		return p.Run(ctx, func() { pids <- p.PID(); ready() })
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Restart(counting, BackoffPolicy{Min: time.Millisecond}, quiet()).Run(ctx, func() {}) }()
	first := <-pids
	_ = syscall.Kill(first, syscall.SIGKILL)
	second := <-pids
	t.Cleanup(func() { _ = syscall.Kill(second, syscall.SIGKILL) })
	if first == second {
		t.Error("the same pid twice")
	}
	cancel()
	<-done
}

func TestSetLogAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640) // as a child has it
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fmt.Fprintln(w, "before")
	if err := setLogAside(path); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, "after")
	for file, want := range map[string]string{path + ".1": "before\n", path: "after\n"} {
		if b, err := os.ReadFile(file); err != nil || string(b) != want {
			t.Errorf("%s holds %q, %v", file, b, err)
		}
	}
}
