package install

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/tests/lab"
)

// snapshot is the state of a machine in lines that can be compared.
type snapshot []string

// volatile sysctls change by themselves.
var volatile = []string{"kernel.random.", "fs.dentry-state", "fs.inode-", "fs.file-nr", "fs.aio-nr", "fs.quota.", "kernel.ns_last_pid", "kernel.pty.nr",
	"net.netfilter.nf_conntrack_count", "kernel.sched_domain", "net.ipv4.tcp_fastopen_key", "net.ipv6.conf.eth", "kernel.tainted"}

// files lists what a node has that the machine below has not: the upper layers of its root and its own /var.
func files(t testing.TB, n *lab.Host) snapshot {
	t.Helper()
	var out snapshot
	for _, dir := range []string{"up", "var"} {
		base := filepath.Join(n.Dir(), dir)
		err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			fi, err := e.Info()
			if err != nil {
				return err
			}
			if fi.Mode()&fs.ModeCharDevice != 0 && path == filepath.Join(base, "etc", "kove") {
				return nil // a whiteout: the machine below had one for a moment, this node does not see it
			}
			line := strings.TrimPrefix(path, n.Dir()+"/") + " " + fi.Mode().String()
			switch {
			case fi.Mode().IsRegular():
				line += fmt.Sprintf(" %d", fi.Size())
			case fi.Mode()&fs.ModeSymlink != 0:
				to, _ := os.Readlink(path)
				line += " → " + to
			}
			out = append(out, "file "+line)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// everything adds what does not lie on a disk.
func everything(t testing.TB, n *lab.Host) snapshot {
	t.Helper()
	out := files(t, n)
	for what, script := range map[string]string{
		"file":      `find /run /tmp /dev/shm -xdev ! -path '/tmp/without*' ! -path '/tmp/before*' -printf '%p %y %m %l\n'`,
		"link":      `ip -o -d link | sed -e 's/^[0-9]*: //' -e 's/ qlen [0-9]*//' -e 's/@if[0-9]*//'`,
		"address":   `ip -o addr | sed 's/^[0-9]*: //'`,
		"route":     `ip route show table all; ip -6 route show table all | sed 's/expires [0-9a-z]*//'`,
		"rule":      `ip rule; ip -6 rule`,
		"neighbour": `ip neigh show nud permanent`,
		"nft":       `nft list ruleset`,
		"mount":     `sed -e 's/^[0-9]* [0-9]* [0-9:]* //' -e 's|//deleted||' /proc/self/mountinfo`,
		"netns":     `ls -1 /run/netns 2>/dev/null; lsns -t net -n -o NPROCS | wc -l`,
		"cgroup":    `find /sys/fs/cgroup -type d`,
		"sysctl":    `sysctl -a 2>/dev/null`,
		"process":   `exec 2>/dev/null; for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline 2>/dev/null | sed 's/^\(kove-lab-init\|sh -c\|find\|tr\|sed\|sysctl\|ip\|nft\|ls\|lsns\).*//'; echo; done`,
	} {
		text, err := sh(n, script)
		if err != nil {
			t.Fatalf("%s: %v\n%s", what, err, text)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line == "" || slices.ContainsFunc(volatile, func(v string) bool { return what == "sysctl" && strings.HasPrefix(line, v) }) {
				continue
			}
			out = append(out, what+" "+line)
		}
	}
	slices.Sort(out)
	return out
}

// withoutSysctls leaves out sysctls by their names.
func (s snapshot) withoutSysctls(names []string) snapshot {
	return slices.DeleteFunc(slices.Clone(s), func(line string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(line, "sysctl "+name+" =") })
	})
}

// difference names the lines that only one of two snapshots has.
func difference(before, after snapshot) []string {
	count := map[string]int{}
	for _, l := range before {
		count[l]--
	}
	for _, l := range after {
		count[l]++
	}
	var out []string
	for l, n := range count {
		switch {
		case n > 0:
			out = append(out, "+ "+l)
		case n < 0:
			out = append(out, "- "+l)
		}
	}
	slices.Sort(out)
	return out
}

func wantSame(t testing.TB, what string, before, after snapshot) {
	t.Helper()
	if d := difference(before, after); len(d) > 0 {
		if len(d) > 60 {
			d = append(d[:60], fmt.Sprintf("… %d more", len(d)-60))
		}
		t.Errorf("%s:\n%s", what, strings.Join(d, "\n"))
	}
}
