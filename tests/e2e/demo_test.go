package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"
)

// demo runs tests/demo.sh as `make demo` does, once the binary is built.
func demo(t *testing.T, verb, host string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "..", "tests", "demo.sh"), verb)
	cmd.Env = append(os.Environ(), "HOST="+host)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("demo %s: %v\n%s", verb, err, out)
	}
	return string(out)
}

var changing = regexp.MustCompile(`\b(ino|nlink|valid_lft|preferred_lft|expires) \S+`)

// machine describes what a program may leave behind on the machine itself.
func machine(t *testing.T) map[string]string {
	t.Helper()
	m := map[string]string{}
	for what, script := range map[string]string{
		"interfaces": "ip -o link | sed 's/^[0-9]*: //; s/\\\\.*//'", "addresses": "ip -o -4 addr | awk '{print $2,$4}'", "routes": "ip route show table all type unicast",
		"rules": "ip rule", "nft": "nft list ruleset", "mounts": "awk '{print $5}' /proc/self/mountinfo | grep -v ^/run/netns | sort", "namespaces": "ls /run/netns 2>/dev/null | grep -v ^kvcni; true", // pkg/cni's tests may run beside
		"cgroups":   "find /sys/fs/cgroup -maxdepth 3 -type d '(' -name kove-lab-demo -o -name 'kubepods*' -o -name kove ')' -not -path '*/kove-lab-*/*'; true",
		"files":     "ls -d /etc/kove /var/lib/kove /run/kove /etc/cni /opt/cni /var/lib/kubelet /var/lib/cni /run/containerd /var/log/pods /var/log/containers 2>/dev/null; true",
		"sysctls":   "sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.rp_filter vm.overcommit_memory kernel.panic kernel.panic_on_oops net.ipv4.conf.all.forwarding",
		"processes": "ps -eo pidns=,args= | grep \"^ *$(readlink /proc/self/ns/pid | tr -dc 0-9) \" | grep -E 'kove |ovs-vswitchd|ovsdb-server|ovn-controller|containerd|/pause' | grep -vE 'grep|e2e|make |/run |demo|defunct|nsenter' | sort; true",
	} {
		out, err := exec.Command("sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", what, err, out)
		}
		lines := strings.Split(changing.ReplaceAllString(string(out), ""), "\n")
		if what == "nft" && len(lines) < 2 {
			lines = nil
		}
		sort.Strings(lines)
		m[what] = strings.Join(lines, "\n")
	}
	return m
}

func sameMachine(t *testing.T, before map[string]string) {
	t.Helper()
	for what, now := range machine(t) {
		if now != before[what] {
			t.Errorf("%s before:\n%s\nafter:\n%s", what, before[what], now)
		}
	}
}

// The demo shows what it says, a second one is quick, and the machine is as it was after demo-down.
func TestDemo(t *testing.T) {
	for name, host := range map[string]string{"Lab": "", "Host": "1"} {
		t.Run(name, func(t *testing.T) {
			before := machine(t)
			down := false
			t.Cleanup(func() {
				if !down {
					demo(t, "down", "")
				}
			})
			begin := time.Now()
			out := demo(t, "up", host)
			first := time.Since(begin)
			for _, want := range []string{"Running", "ovn-default", "kube-apiserver", "0% packet loss", "10.43."} {
				if !strings.Contains(out, want) {
					t.Errorf("the demo does not show %q:\n%s", want, out)
				}
			}
			begin = time.Now()
			demo(t, "up", host)
			t.Logf("FIGURE demo %s: first %.0f s, second %.0f s", name, first.Seconds(), time.Since(begin).Seconds())
			demo(t, "down", "")
			down = true
			sameMachine(t, before)
		})
	}
}
