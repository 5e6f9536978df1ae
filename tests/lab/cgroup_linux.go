package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchy is one mounted cgroup hierarchy: a v1 controller set or v2.
type hierarchy struct {
	dir     string // mount point
	self    string // our own cgroup in it, "/" for its root
	options string // mount options that name the controllers; empty for v2
}

// hierarchies reads them from /proc/self/{mountinfo,cgroup}.
func hierarchies() ([]hierarchy, error) {
	own := map[string]string{} // controllers → path
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if f := strings.SplitN(l, ":", 3); len(f) == 3 {
			own[f[1]] = f[2]
		}
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var hs []hierarchy
	for s := bufio.NewScanner(f); s.Scan(); {
		before, after, _ := strings.Cut(s.Text(), " - ")
		b, a := strings.Fields(before), strings.Fields(after)
		if len(b) < 5 || len(a) < 3 || !strings.HasPrefix(b[4], cgroupRoot) {
			continue
		}
		switch a[0] {
		case "cgroup2":
			hs = append(hs, hierarchy{dir: b[4], self: own[""]})
		case "cgroup":
			for controllers, path := range own {
				if controllers != "" && hasOptions(a[2], controllers) {
					hs = append(hs, hierarchy{dir: b[4], self: path, options: controllers})
				}
			}
		}
	}
	sort.Slice(hs, func(i, j int) bool { return hs[i].dir < hs[j].dir })
	return hs, nil
}

func hasOptions(have, want string) bool {
	for _, w := range strings.Split(want, ",") {
		if !strings.Contains(","+have+",", ","+w+",") {
			return false
		}
	}
	return true
}

// cgroup is a host's cgroup in one hierarchy.
type cgroup struct {
	Root  string `json:"root"`  // root of the host's cgroup namespace
	Enter string `json:"enter"` // where its processes start: v2 allows none beside children, so there it is a leaf
}

const leavesVariable = "KOVE_LAB_LEAVES"

// makeCgroups makes the host's cgroup in every hierarchy, below our own in v1 and below the root in v2.
func makeCgroups(lab, host string) ([]cgroup, error) {
	hs, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var cs []cgroup
	for _, h := range hs {
		v2 := h.options == ""
		dir := h.dir
		if !v2 {
			dir = filepath.Join(h.dir, h.self)
		}
		// A run that was killed before it had written down what it has made leaves a cgroup that no process may enter any more.
		if err := removeTree(filepath.Join(dir, "kove-lab-"+lab, host)); err != nil {
			return nil, err
		}
		for _, p := range []string{"kove-lab-" + lab, host} {
			if v2 {
				delegate(dir)
			}
			parent := dir
			dir = filepath.Join(dir, p)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return nil, err
			}
			for _, f := range []string{"cpuset.cpus", "cpuset.mems"} { // v1 leaves them empty, and then no process may enter
				if b, err := os.ReadFile(filepath.Join(parent, f)); err == nil && !v2 {
					_ = os.WriteFile(filepath.Join(dir, f), b, 0)
				}
			}
		}
		c := cgroup{Root: dir, Enter: dir}
		if v2 {
			c.Enter = filepath.Join(dir, "init")
			if err := os.MkdirAll(c.Enter, 0o755); err != nil {
				return nil, err
			}
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func leaves(cs []cgroup) string {
	var l []string
	for _, c := range cs {
		if c.Enter != c.Root {
			l = append(l, c.Enter)
		}
	}
	return strings.Join(l, ":")
}

// enterLeaves moves the init out of the roots of its v2 cgroup namespaces, once they are made.
func enterLeaves() error {
	for _, dir := range strings.Split(os.Getenv(leavesVariable), ":") {
		if dir == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
			return fmt.Errorf("entering cgroup: %w", err)
		}
		delegate(filepath.Dir(dir))
	}
	return os.Unsetenv(leavesVariable)
}

// delegate turns every available v2 controller on for the children of dir.
func delegate(dir string) {
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	for _, c := range strings.Fields(string(b)) {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0)
	}
}

// cgroupMounts gives a host its own view of the machine's hierarchies, at the same names.
func cgroupMounts(at string) []mount {
	hs, err := hierarchies()
	if err != nil {
		return nil
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	var ms []mount
	for _, h := range hs {
		if h.dir == cgroupRoot {
			return []mount{{"cgroup2", at, "cgroup2", flags, ""}}
		}
	}
	ms = append(ms, mount{"tmpfs", at, "tmpfs", flags, "mode=755"})
	for _, h := range hs {
		target := filepath.Join(at, strings.TrimPrefix(h.dir, cgroupRoot))
		if h.options == "" {
			ms = append(ms, mount{"cgroup2", target, "cgroup2", flags, ""})
		} else {
			ms = append(ms, mount{"cgroup", target, "cgroup", flags, h.options})
		}
	}
	return ms
}

// removeCgroups kills what is left in the host's cgroups and removes them, children first.
func (h *Host) removeCgroups() error {
	s, err := h.state()
	if err != nil {
		return nil // never started
	}
	var errs []error
	for _, c := range s.Cgroups {
		errs = append(errs, removeTree(c.Root))
		_ = os.Remove(filepath.Dir(c.Root)) // the lab's, once its last host is gone
	}
	return errors.Join(errs...)
}

// removeTree kills what is in a cgroup and removes it, if it is there, children first.
func removeTree(top string) error {
	var dirs []string
	_ = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, p)
		}
		return nil
	})
	var errs []error
	for i := len(dirs) - 1; i >= 0; i-- {
		errs = append(errs, removeCgroup(dirs[i]))
	}
	return errors.Join(errs...)
}

func removeCgroup(dir string) error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = os.Remove(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, p := range strings.Fields(string(b)) {
			if pid, e := strconv.Atoi(p); e == nil && pid > 1 && pid != os.Getpid() {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
	return fmt.Errorf("removing cgroup: %w", err)
}
