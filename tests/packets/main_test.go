package packets

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var (
	centralFlag = flag.String("central", "kove", "who computes: kove, stock, northd (kove's ovn-northd at stock's ovsdb-server), or the path of an ovn-central")
	kernelFlag  = flag.Bool("kernel", false, "use the kernel's datapath and tunnels, where the kernel has them: in tests/guest")
	slowFlag    = flag.Int("slow", 1, "wait that many times longer, for emulated machines")
	keepFlag    = flag.Bool("keep", false, "keep the lab's folder with all logs")
)

// insideEnv names, in the process that runs the tests, the lab's folder.
const insideEnv = "KOVE_PACKETS_DIR"

func TestMain(m *testing.M) {
	flag.Parse()
	dir := os.Getenv(insideEnv)
	if dir == "" {
		os.Exit(outside())
	}
	// Cases wait more than they compute: more at a time than there are processors.
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "4"); err != nil {
			fmt.Fprintln(os.Stderr, "packets:", err)
			os.Exit(1)
		}
	}
	if err := enter(); err != nil {
		fmt.Fprintln(os.Stderr, "packets:", err)
		os.Exit(1)
	}
	os.Exit(m.Run()) // the lab's processes die with this one, the init of its pid namespace
}

// outside builds what the lab needs, runs this program again in namespaces of its own and returns its exit code.
func outside() int {
	dir, err := os.MkdirTemp("/var/tmp", "kove-packets.")
	if err != nil {
		fmt.Fprintln(os.Stderr, "packets:", err)
		return 1
	}
	if *keepFlag {
		defer fmt.Fprintln(os.Stderr, "packets: logs are in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	if *centralFlag == "kove" || *centralFlag == "northd" {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "ovn-central"), "github.com/kove-io/kove/cmd/ovn-central")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "packets: building cmd/ovn-central: %v\n%s", err, out)
			return 1
		}
	}
	runtime.LockOSThread() // Pdeathsig means this thread
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), insideEnv+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return cmp.Or(max(exit.ExitCode(), 0), 1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "packets: starting in namespaces of its own (root is needed):", err)
		return 1
	}
	return 0
}

// enter makes the mounts fit the new namespaces.
func enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil { // the names of network namespaces
		return fmt.Errorf("mounting /run: %w", err)
	}
	return nil
}
