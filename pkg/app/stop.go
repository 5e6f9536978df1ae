package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/cni"
	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/containerd"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/ovs"
	"github.com/kove-io/kove/pkg/supervise"
)

// Stop ends what outlives kove on this machine: pods, containerd, and the data plane. With clean it also removes all state.
// It goes on past failures, so that as much as possible is gone, and returns all of them. kove itself must not run.
func Stop(ctx context.Context, c *config.Config, clean bool, log *slog.Logger) error {
	unlock, err := lock(c.Paths.Run("kove.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	var errs []error
	try := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	runtime := containerd.Options{State: c.Paths.Run("containerd")}
	// containerd first: it would start what kubelet wants to run, and report what ends.
	child, cancel := context.WithTimeout(ctx, 15*time.Second)
	pid, err := supervise.StopRecorded(child, runtime.RecordFile())
	cancel()
	try("stopping containerd", err)
	if pid != 0 {
		log.Info("stopped containerd", "pid", pid)
	}
	ended, err := endPods(ctx, c)
	try("ending pods", err)
	log.Info("ended pods", "processes", ended)

	try("stopping the data plane", ovs.Stop(ctx, c.Paths.Run("ovs")))
	for _, name := range []string{ovs.OVNController, ovs.Vswitchd, ovs.OVSDBServer} { // what did not answer
		child, cancel = context.WithTimeout(ctx, 5*time.Second)
		_, err := supervise.StopRecorded(child, c.Paths.Run("ovs", name+".json"))
		cancel()
		try("stopping "+name, err)
	}
	try("unmounting", unmountBelow(c.Paths.DataDir, c.Paths.RunDir))
	removeCgroups()
	dropKubeProxyTables(ctx, c)
	try("restoring sysctls", kube.RestoreSysctls(sysctlRecord(c)))
	try("restoring the host's network", cni.Restore(c.Paths.Agent("hostnet.json"), log))
	if clean && len(errs) == 0 {
		try("removing state", removeState(c))
	}
	return errors.Join(errs...)
}

// sysctlRecord holds the sysctls from before the first start.
func sysctlRecord(c *config.Config) string { return c.Paths.Agent("etc", "sysctls-before.json") }

// endPods ends the processes in the pods' cgroups, politely and then not, and their shims.
func endPods(ctx context.Context, c *config.Config) (int, error) {
	ended := map[int]bool{}
	signal := func(pids []int, sig syscall.Signal) {
		for _, pid := range pids {
			ended[pid] = true
			_ = syscall.Kill(pid, sig) // it may have gone meanwhile
		}
	}
	for _, round := range []struct {
		sig  syscall.Signal
		wait time.Duration
	}{{syscall.SIGTERM, 5 * time.Second}, {syscall.SIGKILL, 10 * time.Second}} {
		if round.sig == syscall.SIGKILL { // a shim that sees its container end cleans up after it, so shims go last
			signal(shims(c), syscall.SIGKILL)
		}
		deadline := time.Now().Add(round.wait)
		signal(podProcesses(), round.sig)
		for {
			left := podProcesses()
			if len(left) == 0 {
				break
			}
			if ctx.Err() != nil {
				return len(ended), ctx.Err()
			}
			if time.Now().After(deadline) {
				if round.sig == syscall.SIGKILL {
					return len(ended), fmt.Errorf("processes %v are still there", left)
				}
				break
			}
			if round.sig == syscall.SIGKILL {
				signal(left, round.sig)
			}
			time.Sleep(50 * time.Millisecond) // a cgroup that empties is no event that cgroup v1 tells
		}
	}
	return len(ended), nil
}

// podCgroups are the roots of the pods' cgroups in every hierarchy.
func podCgroups() []string {
	var out []string
	for _, pattern := range []string{"/sys/fs/cgroup/kubepods", "/sys/fs/cgroup/kubepods.slice", "/sys/fs/cgroup/*/kubepods", "/sys/fs/cgroup/*/kubepods.slice"} {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		out = append(out, found...)
	}
	return out
}

func podProcesses() []int {
	var pids []int
	for _, root := range podCgroups() {
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.Name() != "cgroup.procs" {
				return nil //nolint:nilerr // cgroups vanish while they are read
			}
			b, _ := os.ReadFile(path)
			for _, f := range strings.Fields(string(b)) {
				if pid, err := strconv.Atoi(f); err == nil && pid > 1 && pid != os.Getpid() {
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// shims are the processes of our payload's shim, of whatever version.
func shims(c *config.Config) []int {
	var out []int
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return nil
	}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// a container may hold a kove of its own, with the same paths in its own root
		if ns, err := os.Readlink("/proc/" + e.Name() + "/ns/pid"); err != nil || ns != own {
			continue
		}
		exe, err := os.Readlink("/proc/" + e.Name() + "/exe")
		exe = strings.TrimSuffix(exe, " (deleted)")
		if err == nil && strings.HasPrefix(exe, filepath.Join(c.Paths.DataDir, "data")+"/") && filepath.Base(exe) == "containerd-shim-runc-v2" {
			out = append(out, pid)
		}
	}
	return out
}

func removeCgroups() {
	for _, root := range podCgroups() {
		var dirs []string
		_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, d := range slices.Backward(dirs) {
			_ = os.Remove(d) // one that is still in use stays until the next boot
		}
	}
}

// mountsBelow lists mount points below the folders, innermost last.
func mountsBelow(folders ...string) ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		fields := strings.Fields(s.Text())
		if len(fields) < 5 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		for _, folder := range folders {
			if strings.HasPrefix(point, strings.TrimSuffix(folder, "/")+"/") {
				out = append(out, point)
			}
		}
	}
	return out, s.Err()
}

func unmountBelow(folders ...string) error {
	points, err := mountsBelow(folders...)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range slices.Backward(points) {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}

// dropKubeProxyTables removes kube-proxy's rules. A table that is not there is no fault.
func dropKubeProxyTables(ctx context.Context, c *config.Config) {
	for _, family := range []string{"ip", "ip6"} {
		_ = exec.CommandContext(ctx, c.Paths.Payload("bin", "nft"), "delete", "table", family, "kube-proxy").Run()
	}
}

// removeState deletes everything that kove wrote.
func removeState(c *config.Config) error {
	left, err := mountsBelow(c.Paths.DataDir)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%v are still mounted below %s; unmount them first", left, c.Paths.DataDir)
	}
	var errs []error
	for _, dir := range []string{c.Paths.DataDir, c.Paths.RunDir, c.Paths.NodeDir, "/var/log/pods", "/var/log/containers"} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				errs = append(errs, err)
			}
		}
		_ = os.Remove(dir) // it may be a mount point of its own
	}
	errs = append(errs, removeShared()...)
	if k := c.API.WriteKubeconfig; k != "" {
		if err := os.Remove(k); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	_ = os.Remove(filepath.Dir(c.Paths.ConfigFile)) // fails while the operator's files are in it
	return errors.Join(errs...)
}

// removeShared deletes what kubelet, containerd and libcni leave in folders whose names are fixed in them and which others on
// this machine may use too: sockets that nobody listens on, cached results of kove's network, folders that are then empty.
func removeShared() (errs []error) {
	remove := func(path string) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, pattern := range []string{"/run/containerd/s/*", "/var/lib/kubelet/device-plugins/*.sock"} {
		sockets, _ := filepath.Glob(pattern)
		for _, s := range sockets {
			conn, err := net.Dial("unix", s)
			if errors.Is(err, unix.ECONNREFUSED) {
				remove(s)
			} else if err == nil {
				conn.Close()
			}
		}
	}
	results, _ := filepath.Glob("/var/lib/cni/results/" + cni.NetworkName + "-*")
	for _, r := range results {
		remove(r)
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(r), cni.NetworkName+"-"), "-")
		remove("/var/lib/cni/results/cni-loopback-" + id + "-lo") // the same sandbox's, of containerd's own network
	}
	for _, dir := range []string{"/run/containerd/s", "/run/containerd", "/var/lib/kubelet/device-plugins", "/var/lib/kubelet", "/var/lib/cni/results", "/var/lib/cni"} {
		_ = os.Remove(dir) // fails, rightly, while somebody else has something in it
	}
	return errs
}
