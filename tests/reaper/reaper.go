package reaper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageEnv says what the process is: nothing, who was called; "init", of the namespaces; "tests", who runs the tests.
const stageEnv = "KOVE_TESTS_STAGE"

// Main is for TestMain: it has tests run in namespaces of their own and returns the exit code. Only root can make them; others
// run the tests as they are.
func Main(tests func() int) int {
	var code int
	var err error
	switch os.Getenv(stageEnv) {
	case "tests":
		if err = os.Unsetenv(stageEnv); err == nil { // their children are programs of their own
			return tests()
		}
	case "init":
		code, err = reap()
	default:
		if os.Geteuid() != 0 {
			return tests()
		}
		code, err = enter()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "running tests in namespaces of their own:", err)
		return 1
	}
	return code
}

// again is this program once more, as something else.
func again(stage string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), stageEnv+"="+stage)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

// enter makes the namespaces. When this process dies so does their init, and with it all that is in them.
func enter() (int, error) {
	runtime.LockOSThread() // Pdeathsig means this thread
	cmd := again("init")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// reap is the init: it returns when the tests end.
func reap() (int, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return 0, fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return 0, fmt.Errorf("mounting /proc: %w", err)
	}
	cmd := again("tests")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for processes: %w", err)
		case pid != cmd.Process.Pid:
		case status.Exited():
			return status.ExitStatus(), nil
		case status.Signaled():
			return 0, fmt.Errorf("the tests were ended by signal %v", status.Signal())
		}
	}
}
