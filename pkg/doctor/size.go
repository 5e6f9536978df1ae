package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kove-io/kove/pkg/config"
)

// Below these a role is slow or does not work. The figures come from measurements with a few pods.
const (
	serverMemory = 1 << 30
	agentMemory  = 512 << 20
	syncWarning  = 25 * time.Millisecond
)

func sizeCheck() Check {
	return Check{Name: "size", About: "CPUs, memory and swap", Roles: both, Run: size, Finds: []Explanation{
		{"size/memory", Fatal, "The machine has too little memory: a server needs 1 GiB, an agent 512 MiB, before the first pod of yours. Less than half of that is fatal, less than that a warning: processes are killed under load."},
		{"size/cpu", Warning, "A server with a single CPU works, but starts slowly and answers late under load. Give it two."},
		{"size/swap", Warning, "Swap is on. Kubernetes does not account for it: limits of memory do not hold, and a node becomes slow instead of evicting pods. Run `swapoff -a` and remove the swap lines of /etc/fstab (zram: disable its service)."},
		{"size/hugepages", Warning, "More than half of the memory is reserved as huge pages. Only programs that ask for them can use it: pods have what is left. Lower vm.nr_hugepages or hugepages= on the kernel's command line."},
	}}
}

func size(_ context.Context, h Host, c Case) []Finding {
	var out []Finding
	memory := meminfo(h)
	if total := memory["MemTotal"] << 10; total > 0 {
		need, who := uint64(agentMemory), "an agent"
		if c.Role == config.Server {
			need, who = serverMemory, "a server"
		}
		if total < need*95/100 { // firmware and kernel keep some
			f := Finding{"size/memory", Warning, fmt.Sprintf("%d MiB of memory", total>>20), fmt.Sprintf("%s needs %d MiB before the first pod", who, need>>20), "add memory, or use this machine for something smaller"}
			if total < need/2 {
				f.Severity = Fatal
			}
			out = append(out, f)
		}
		if huge := memory["HugePages_Total"] * memory["Hugepagesize"] << 10; huge > total/2 {
			out = append(out, Finding{"size/hugepages", Warning, fmt.Sprintf("%d of %d MiB of memory are reserved as huge pages", huge>>20, total>>20), "pods have only the rest", "lower vm.nr_hugepages (sysctl, or hugepages= on the kernel's command line)"})
		}
	}
	cpus := 0
	for _, line := range lines(h, "/proc/cpuinfo") {
		if strings.HasPrefix(line, "processor") {
			cpus++
		}
	}
	if cpus == 1 && c.Role == config.Server {
		out = append(out, Finding{"size/cpu", Warning, "one CPU", "a server starts slowly and answers late under load", "give the machine two CPUs"})
	}
	for i, line := range lines(h, "/proc/swaps") {
		if f := strings.Fields(line); i > 0 && len(f) > 1 {
			out = append(out, Finding{"size/swap", Warning, "swap is on (" + f[0] + ")", "limits of memory do not hold, and the node becomes slow instead of evicting pods", "run `swapoff -a` and remove the swap lines of /etc/fstab"})
			break
		}
	}
	return out
}

// meminfo is /proc/meminfo, most of it in KiB.
func meminfo(h Host) map[string]uint64 {
	out := map[string]uint64{}
	for _, line := range lines(h, "/proc/meminfo") {
		if f := strings.Fields(line); len(f) >= 2 {
			if n, err := strconv.ParseUint(f[1], 10, 64); err == nil {
				out[strings.TrimSuffix(f[0], ":")] = n
			}
		}
	}
	return out
}

func diskCheck() Check {
	return Check{Name: "disk", About: "space, inodes and speed of the data directory's disk", Roles: both, Run: disk, Finds: []Explanation{
		{"disk/small", Warning, "The file system of the data directory has less than 4 GiB of free space. kove itself fits, but images of yours soon will not: kubelet begins to delete images and evict pods when less than 15 % is free. Free some space or give --data-dir a larger file system. (Too little to start at all is data-dir/disk-full.)"},
		{"disk/inodes", Warning, "The file system of the data directory is almost out of inodes: files cannot be made although there is space. Images have tens of thousands of files. Delete small files, or make the file system with more inodes (mkfs.ext4 -N)."},
		{"disk/slow", Warning, "A small write takes more than 25 ms to reach the disk. Every change in the cluster waits for one: starts are slow, and leases of controllers can expire. SD cards, USB sticks and busy disks do that: put the data directory on an SSD."},
		{"disk/network", Warning, "The data directory lies on a network file system. The database's locks and the layers of images do not work reliably there. Give --data-dir a local disk."},
	}}
}

func disk(_ context.Context, h Host, c Case) []Finding {
	dir := existing(h, c.Paths.DataDir)
	var out []Finding
	free, readOnly, err := h.FreeDisk(dir)
	if err != nil || readOnly {
		return nil // the check of the data directory says so
	}
	if free < 4<<30 && free >= uint64(c.Paths.MinFreeDisk)<<20 {
		out = append(out, Finding{"disk/small", Warning, fmt.Sprintf("%d MiB of free space for %s", free>>20, c.Paths.DataDir), "images of yours will fill it: kubelet deletes images and evicts pods",
			"free some space, or give --data-dir a larger file system"})
	}
	if left, all, err := h.Inodes(dir); err == nil && all > 0 && left < all/50 {
		out = append(out, Finding{"disk/inodes", Warning, fmt.Sprintf("%d of %d inodes are free for %s", left, all, c.Paths.DataDir), "files cannot be made although there is space",
			"delete small files, or make the file system with more inodes"})
	}
	if kind := fileSystem(h, dir); kind == "nfs" || kind == "nfs4" || kind == "cifs" || kind == "smb3" || strings.HasPrefix(kind, "fuse.sshfs") {
		out = append(out, Finding{"disk/network", Warning, fmt.Sprintf("%s is on a network file system (%s)", c.Paths.DataDir, kind), "the database's locks and the layers of images are not reliable there", "give --data-dir a local disk"})
	}
	if took, err := h.SyncLatency(dir); err == nil && took > syncWarning {
		out = append(out, Finding{"disk/slow", Warning, fmt.Sprintf("a small write below %s takes %s to reach the disk", dir, took.Round(time.Millisecond)), "every change in the cluster waits for one",
			"put the data directory on a faster disk (SSD)"})
	}
	return out
}

// fileSystem is the type of the file system that holds dir.
func fileSystem(h Host, dir string) string {
	best, kind := "", ""
	for _, line := range lines(h, "/proc/self/mounts") {
		f := strings.Fields(line)
		if len(f) >= 3 && len(f[1]) >= len(best) && (f[1] == "/" || f[1] == dir || strings.HasPrefix(dir, f[1]+"/")) {
			best, kind = f[1], f[2]
		}
	}
	return kind
}
