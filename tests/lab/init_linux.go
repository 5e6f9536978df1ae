package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// argv0 of the two stages of an init.
const (
	stageSetup = "kove-lab-setup"
	stageInit  = "kove-lab-init"
)

// Main turns the calling process into a host's init if it was started as one, and then never returns.
// Programs and tests that use this package call it before anything else.
func Main() {
	var err error
	switch os.Args[0] {
	case stageSetup:
		runtime.LockOSThread() // namespaces and mounts belong to the thread that execs the next stage
		err = setupHost(os.Args[1], os.Args[2] == "node", os.Args[3:])
	case stageInit:
		reap()
	default:
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
	os.Exit(1)
}

// start makes the host's namespaces and waits until its init has taken over.
func (h *Host) start(index int, binds map[string]string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("starting host %s: %w", h.Name, err)
		}
	}()
	if err := os.MkdirAll(h.Dir(), 0o755); err != nil {
		return err
	}
	if err := h.removeCgroups(); err != nil { // what a power cut left
		return err
	}
	cgroups, err := makeCgroups(h.lab.name, h.Name)
	if err != nil {
		return err
	}
	goR, goW, err := os.Pipe() // closed when the child may go on
	if err != nil {
		return err
	}
	defer goW.Close()
	upR, upW, err := os.Pipe() // closed by exec of the last stage, or carries an error
	if err != nil {
		return err
	}
	defer upR.Close()
	kind := "bare"
	if index > 0 {
		kind = "node"
	}
	args := []string{stageSetup, h.Dir(), kind}
	for in, on := range binds {
		args = append(args, in+"="+on)
	}
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: args, Dir: "/",
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=linux", "GOMAXPROCS=1", leavesVariable + "=" + leaves(cgroups)},
		ExtraFiles: []*os.File{goR, upW},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET |
			unix.CLONE_NEWUTS | unix.CLONE_NEWIPC},
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	goR.Close()
	upW.Close()
	pid := cmd.Process.Pid
	started := false
	defer func() {
		if !started {
			_ = cmd.Process.Kill()
		}
		go func() { _ = cmd.Wait() }() // the init may outlive us; if it dies first, do not leave a zombie
	}()
	for _, c := range cgroups {
		if err := os.WriteFile(filepath.Join(c.Root, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			return err
		}
	}
	goW.Close()
	msg := make([]byte, 4096)
	if n, _ := upR.Read(msg); n > 0 {
		return errors.New(string(msg[:n]))
	}
	started = true
	return h.save(hostState{Index: index, Pid: pid, StartTime: startTime(pid), Cgroups: cgroups, ExtraBinds: binds})
}

// setupHost runs as pid 1 of the new namespaces: waits for the parent, builds the root, execs the reaper.
func setupHost(dir string, node bool, binds []string) error {
	gate, up := os.NewFile(3, "gate"), os.NewFile(4, "up")
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	_, _ = gate.Read(make([]byte, 1))
	err := func() error {
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			return fmt.Errorf("unsharing the cgroup namespace: %w", err)
		}
		if err := enterLeaves(); err != nil {
			return err
		}
		if err := unix.Sethostname([]byte(filepath.Base(dir))); err != nil {
			return err
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("making mounts private: %w", err)
		}
		self, err := os.Open("/proc/self/exe")
		if err != nil {
			return err
		}
		if err := makeRoot(dir, node, binds); err != nil {
			return err
		}
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			return fmt.Errorf("setting lo up: %w: %s", err, out)
		}
		// kept open on purpose: the program need not exist in the new root
		return syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", self.Fd()), []string{stageInit}, os.Environ())
	}()
	fmt.Fprint(up, err)
	return err
}

// reap is the life of pid 1: wait for whatever is handed over.
func reap() {
	_ = unix.Dup2(2, 0)
	for {
		if _, err := syscall.Wait4(-1, nil, 0, nil); err != nil && !errors.Is(err, syscall.EINTR) {
			// no child at the moment: sleep until one is handed over and dies
			sig := make(chan struct{})
			time.AfterFunc(200*time.Millisecond, func() { close(sig) })
			<-sig
		}
	}
}

type mount struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
}

// makeRoot builds the host's root below dir/root and pivots into it.
func makeRoot(dir string, node bool, binds []string) error {
	root := filepath.Join(dir, "root")
	in := func(p string) string { return filepath.Join(root, p) }
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	mounts := []mount{{"tmpfs", root, "tmpfs", 0, "mode=755,size=64m"}}
	for _, d := range []string{"usr", "etc", "root", "opt"} {
		upper, work := filepath.Join(dir, "up", d), filepath.Join(dir, "work", d)
		for _, p := range []string{upper, work} {
			if err := os.MkdirAll(p, 0o755); err != nil {
				return err
			}
		}
		mounts = append(mounts, mount{"overlay", in(d), "overlay", 0, "lowerdir=/" + d + ",upperdir=" + upper + ",workdir=" + work})
	}
	own := filepath.Join(dir, "var")
	for _, d := range []string{"lib", "log", "tmp", "cache", "spool"} {
		if err := os.MkdirAll(filepath.Join(own, d), 0o755); err != nil {
			return err
		}
	}
	mounts = append(mounts,
		mount{own, in("var"), "", unix.MS_BIND, ""},
		mount{"proc", in("proc"), "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		mount{"sysfs", in("sys"), "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		mount{"/dev", in("dev"), "", unix.MS_BIND, ""},
		mount{"devpts", in("dev/pts"), "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"},
		mount{"tmpfs", in("dev/shm"), "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, ""},
		mount{"mqueue", in("dev/mqueue"), "mqueue", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		mount{"tmpfs", in("run"), "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		mount{"tmpfs", in("tmp"), "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	)
	for _, m := range append(mounts, cgroupMounts(in("sys/fs/cgroup"))...) {
		if err := m.do(); err != nil {
			return err
		}
	}
	for link, to := range map[string]string{"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "lib32": "usr/lib32", "var/run": "/run"} {
		if err := os.Symlink(to, in(link)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for _, b := range binds {
		at, from, _ := strings.Cut(b, "=")
		if err := bindReadOnly(from, in(at)); err != nil {
			return err
		}
	}
	if node {
		if err := os.WriteFile(in("etc/hostname"), []byte(filepath.Base(dir)+"\n"), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(in("etc/hosts"), []byte("127.0.0.1 localhost\n127.0.1.1 "+filepath.Base(dir)+"\n"), 0o644); err != nil {
			return err
		}
		_ = os.Remove(in("etc/resolv.conf"))
		if err := os.WriteFile(in("etc/resolv.conf"), []byte("nameserver "+InternetAddress+"\n"), 0o644); err != nil {
			return err
		}
	}
	old := in("tmp")
	if err := unix.PivotRoot(root, old); err != nil {
		return fmt.Errorf("pivoting into %s: %w", root, err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/tmp", unix.MNT_DETACH); err != nil {
		return err
	}
	// containers bring their mounts back to the node through shared mounts, as on a systemd host
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

func (m mount) do() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil && m.fstype != "devpts" {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", m.source, m.target, err)
	}
	return nil
}

func bindReadOnly(from, at string) error {
	fi, err := os.Stat(from)
	if err != nil {
		return err
	}
	if fi.IsDir() {
		err = os.MkdirAll(at, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(at), 0o755); err == nil {
		var f *os.File
		if f, err = os.OpenFile(at, os.O_CREATE|os.O_RDONLY, 0o755); err == nil {
			f.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(from, at, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding %s: %w", from, err)
	}
	return unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
}

// startTime is field 22 of /proc/PID/stat, 0 when there is no such process or it is a zombie.
func startTime(pid int) uint64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return 0
	}
	t, _ := strconv.ParseUint(f[19], 10, 64)
	return t
}
