package status

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Processes lists the processes of this kove: those of the program self (kove and the daemons in it) and those whose program
// lies below payload. Processes that vanish meanwhile are left out.
func Processes(self, payload string) []Process { return processes("/proc", self, payload) }

func processes(proc, self, payload string) []Process {
	if p, err := filepath.EvalSymlinks(payload); err == nil {
		payload = p
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil
	}
	var out []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil {
			continue
		}
		exe = strings.TrimSuffix(exe, " (deleted)")
		if exe != self && !strings.HasPrefix(exe, payload+"/") {
			continue
		}
		p := Process{Name: processName(dir, exe, exe == self), PID: pid}
		if exe == self && pid != os.Getpid() && !strings.HasSuffix(p.Name, " containerd") {
			continue // somebody's `kove status`
		}
		rollup, err := os.ReadFile(filepath.Join(dir, "smaps_rollup"))
		if err != nil || len(rollup) == 0 { // a zombie
			continue
		}
		p.RSS, p.PSS, p.Anon = kib(rollup, "Rss:"), kib(rollup, "Pss:"), kib(rollup, "Anonymous:")
		if status, err := os.ReadFile(filepath.Join(dir, "status")); err == nil {
			p.Threads = int(field(status, "Threads:"))
		}
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Name != out[j].Name {
			return out[i].Name < out[j].Name
		}
		return out[i].PID < out[j].PID
	})
	return out
}

// processName is the program's name; for the multi-call binary with the part it plays ("kove containerd").
func processName(dir, exe string, multicall bool) string {
	name := filepath.Base(exe)
	cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return name
	}
	argv := strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
	if multicall && len(argv) > 1 && !strings.HasPrefix(argv[1], "-") {
		return name + " " + argv[1]
	}
	return name
}

func kib(text []byte, name string) int64 { return field(text, name) << 10 }

func field(text []byte, name string) int64 {
	s := bufio.NewScanner(bytes.NewReader(text))
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), name); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				v, _ := strconv.ParseInt(f[0], 10, 64)
				return v
			}
		}
	}
	return 0
}
