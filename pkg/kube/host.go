package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// nodeSysctls are what kubelet and kube-proxy write. Their values from before are recorded, so that an uninstall can put
// them back.
var nodeSysctls = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_tcp_timeout_established",
	"net/netfilter/nf_conntrack_tcp_timeout_close_wait", "net/ipv4/conf/all/route_localnet",
}

// RecordSysctls writes the present values of the sysctls that kubelet and kube-proxy change to file. A file that is
// there already stays as it is: it was written before the first change.
func RecordSysctls(file string) error { return recordSysctls("/proc/sys", file) }

func recordSysctls(proc, file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	values := map[string]string{}
	for _, name := range nodeSysctls {
		if b, err := os.ReadFile(filepath.Join(proc, name)); err == nil {
			values[name] = strings.TrimSpace(string(b))
		}
	}
	b, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding sysctls: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("recording sysctls: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("recording sysctls: %w", err)
	}
	return nil
}

// RestoreSysctls writes back what RecordSysctls recorded and removes the file. A missing file means nothing to do.
func RestoreSysctls(file string) error { return restoreSysctls("/proc/sys", file) }

func restoreSysctls(proc, file string) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restoring sysctls: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(b, &values); err != nil {
		return fmt.Errorf("restoring sysctls from %s: %w", file, err)
	}
	var errs []error
	for name, v := range values {
		path := filepath.Join(proc, name)
		if now, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(now)) == v {
			continue
		}
		if err := os.WriteFile(path, []byte(v), 0o644); err != nil {
			errs = append(errs, fmt.Errorf("restoring sysctl %s: %w", name, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return os.Remove(file)
}

// LoadModules asks the host's modprobe for kernel modules. A kernel that has them built in, or a host without modprobe,
// is no fault here: whoever needs the module says what is missing.
func LoadModules(ctx context.Context, log *slog.Logger, names ...string) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	modprobe, err := exec.LookPath("modprobe")
	if err != nil {
		return
	}
	for _, name := range names {
		if out, err := exec.CommandContext(ctx, modprobe, "-q", name).CombinedOutput(); err != nil {
			log.Debug("loading a kernel module", "module", name, "err", err, "output", strings.TrimSpace(string(out)))
		}
	}
}

// SystemdCgroups says whether systemd manages the cgroups of this machine in the unified hierarchy; pods then have to be
// made through it.
func SystemdCgroups() bool {
	if fi, err := os.Stat("/run/systemd/system"); err != nil || !fi.IsDir() {
		return false
	}
	return unifiedCgroups(cgroupRoot)
}

const cgroupRoot = "/sys/fs/cgroup"

func unifiedCgroups(root string) bool {
	_, err := os.Stat(filepath.Join(root, "cgroup.controllers"))
	return err == nil
}

// PrepareCgroups makes the root of a cgroup v2 namespace usable when no systemd does: controllers can only be handed to
// children by a cgroup that holds no process itself, so what runs in the root moves to a child named "init". The real
// root of the hierarchy is exempt from that rule and is left alone.
func PrepareCgroups() error { return prepareCgroups(cgroupRoot) }

func prepareCgroups(root string) error {
	if !unifiedCgroups(root) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(root, "cgroup.type")); err != nil {
		return nil // only the real root lacks this file
	}
	leaf := filepath.Join(root, "init")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the cgroup %s: %w", leaf, err)
	}
	// Processes may fork while they are moved; a few rounds catch the children.
	for range 10 {
		pids, err := os.ReadFile(filepath.Join(root, "cgroup.procs"))
		if err != nil {
			return fmt.Errorf("reading the processes of the cgroup root: %w", err)
		}
		moved := 0
		for _, pid := range strings.Fields(string(pids)) {
			if pid == "0" { // a process of another pid namespace
				continue
			}
			if os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(pid), 0o644) == nil {
				moved++
			}
		}
		if moved == 0 {
			break
		}
	}
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("reading the cgroup controllers: %w", err)
	}
	for _, c := range strings.Fields(string(available)) {
		if err := os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("handing the cgroup controller %s to children of %s: %w", c, root, err)
		}
	}
	return nil
}
