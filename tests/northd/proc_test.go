package northd

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// stat is a field of /proc/PID/stat, counted from 1 as proc_pid_stat(5) does; not of the first two.
func stat(pid, field int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	var n int
	_, err = fmt.Sscan(strings.Fields(rest)[field-3], &n)
	return n, err
}

func getsid(pid int) (int, error) { return stat(pid, 6) }

func parent(t *testing.T, pid int) int {
	t.Helper()
	n, err := stat(pid, 4)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func itoa(n int) string { return fmt.Sprint(n) }

// self is the program that runs, which is kove's ovn-northd too.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
