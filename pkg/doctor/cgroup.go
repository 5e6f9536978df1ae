package doctor

import (
	"context"
	"slices"
	"strings"
)

func cgroupCheck() Check {
	return Check{Name: "cgroup", About: "version of cgroups and their controllers", Roles: both, Run: cgroups, Finds: []Explanation{
		{"cgroup/v1", Warning, "The machine uses cgroup version 1. kove works with it, but Kubernetes has announced its end, and memory limits are less exact. Boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or a distribution of 2022 or later."},
		{"cgroup/controllers", Fatal, "A cgroup controller without which kubelet does not start is missing or switched off: cpu, memory, pids. On a Raspberry Pi, memory is off by default: add `cgroup_enable=memory` to /boot/firmware/cmdline.txt and reboot. Elsewhere look for cgroup_disable= in /proc/cmdline."},
		{"cgroup/none", Fatal, "No cgroup file system is mounted at /sys/fs/cgroup. Containers cannot be limited and kubelet does not start. Mount it: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`."},
	}}
}

func cgroups(_ context.Context, h Host, _ Case) []Finding {
	var out []Finding
	var have []string
	if data, err := h.ReadFile("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		have = strings.Fields(string(data))
	} else {
		mounts := lines(h, "/proc/self/mounts")
		v1 := false
		for _, line := range mounts {
			if f := strings.Fields(line); len(f) >= 4 && f[2] == "cgroup" {
				v1 = true
				have = append(have, strings.Split(f[3], ",")...)
			}
		}
		if len(mounts) == 0 {
			return nil
		}
		if !v1 {
			return []Finding{{"cgroup/none", Fatal, "no cgroup file system is mounted at /sys/fs/cgroup", "kubelet does not start without", "run `mount -t cgroup2 cgroup2 /sys/fs/cgroup`, at every boot"}}
		}
		out = append(out, Finding{"cgroup/v1", Warning, "cgroups have version 1", "Kubernetes is about to drop it", "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"})
	}
	var missing []string
	for _, name := range []string{"cpu", "memory", "pids"} {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		out = append(out, Finding{"cgroup/controllers", Fatal, "no cgroup controller " + strings.Join(missing, ", "), "kubelet does not start without",
			"switch it on: cgroup_enable=memory on the kernel's command line (Raspberry Pi: /boot/firmware/cmdline.txt), and no cgroup_disable="})
	}
	return out
}
