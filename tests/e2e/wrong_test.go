package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stockTool runs a program of stock OVS/OVN, or of the payload where there is no stock.
func stockTool(name string, args ...string) (string, error) {
	dir := os.Getenv("STOCK")
	if dir == "" {
		dir = "/var/tmp/kove-stock"
	}
	out, err := exec.Command(filepath.Join(dir, "bin", name), args...).CombinedOutput()
	return string(out), err
}

// What is wrong is named with its remedy, at once, and nothing was changed.
func TestWrongInput(t *testing.T) {
	c := newLab(t, "wrong", 2)
	t.Cleanup(func() { c.stop(t) })
	n1, n2 := c.nodes[0], c.nodes[1]
	for _, w := range []struct {
		name   string
		before string // shell, on n1
		args   []string
		after  string
		want   []string // each must be in what is printed
	}{
		{name: "unknown flag", args: []string{"server", "--no-such-flag"}, want: []string{"no-such-flag", "help"}},
		{name: "unknown config key", before: "echo 'clustr-cidr: 10.0.0.0/8' > /etc/kove/config.yaml", args: []string{"server"}, want: []string{"clustr-cidr", "config.yaml"}},
		{name: "config of the wrong type", before: "echo 'https-listen-port: often' > /etc/kove/config.yaml", args: []string{"server"}, want: []string{"https-listen-port", "often"}},
		{name: "ranges that overlap", args: []string{"server", "--cluster-cidr", "10.43.0.0/16"}, want: []string{"cluster-cidr", "service-cidr", "overlap"}},
		{name: "a range that covers the node", args: []string{"server", "--cluster-cidr", "192.168.0.0/16"}, want: []string{"cluster-cidr", "192.168.77.11"}},
		{name: "a taken port", before: "probe serve :6443 >/dev/null 2>&1 & sleep 0.5", args: []string{"server"}, after: "pkill probe", want: []string{"6443", "probe"}},
		{name: "an address of no NIC", args: []string{"server", "--node-ip", "192.0.2.7"}, want: []string{"node-ip", "192.0.2.7"}},
		{name: "a tunnel NIC that is not there", args: []string{"server", "--datapath", "userspace", "--tunnel-nic", "eth9"}, want: []string{"tunnel-nic", "eth9"}},
		{name: "the management NIC as tunnel NIC", args: []string{"server", "--datapath", "userspace", "--tunnel-nic", "eth0"}, want: []string{"tunnel-nic", "eth0"}},
		{name: "a data-dir that is a file", before: "touch /var/lib/notadir", args: []string{"server", "--data-dir", "/var/lib/notadir"}, want: []string{"data-dir", "/var/lib/notadir"}},
		{name: "a full disk", before: "mkdir -p /var/lib/small && mount -t tmpfs -o size=8m s /var/lib/small", args: []string{"server", "--data-dir", "/var/lib/small"}, after: "umount /var/lib/small", want: []string{"/var/lib/small", "space"}},
		{name: "agent without a token", args: []string{"agent", "--server", "https://192.168.77.12:6443"}, want: []string{"token"}},
		{name: "agent without a server", args: []string{"agent", "--token", "x"}, want: []string{"server"}},
		{name: "a token that is none", args: []string{"agent", "--server", "https://192.168.77.12:6443", "--token", "K10nonsense"}, want: []string{"token"}},
	} {
		t.Run(strings.ReplaceAll(w.name, " ", "-"), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), patience(40*time.Second))
			defer cancel()
			sh := func(script string) {
				if script == "" {
					return
				}
				if out, err := n1.Command(ctx, "sh", "-c", script).CombinedOutput(); err != nil && script == w.before {
					t.Fatalf("%s: %v\n%s", script, err, out)
				}
			}
			sh("mkdir -p /etc/kove; rm -f /etc/kove/config.yaml")
			sh(w.before)
			defer sh(w.after)
			links, _ := n1.Run(ctx, "ip", "-o", "-4", "addr")
			out, err := n1.Command(ctx, "timeout", append([]string{"30", "kove"}, w.args...)...).CombinedOutput()
			if err == nil || ctx.Err() != nil {
				t.Errorf("it did not refuse: %v\n%s", err, out)
			}
			if ee, ok := err.(*exec.ExitError); ok && (ee.ExitCode() == 124 || ee.ExitCode() == 2 && strings.Contains(string(out), "goroutine ")) {
				t.Errorf("exit code %d", ee.ExitCode())
			}
			for _, s := range w.want {
				if !strings.Contains(strings.ToLower(string(out)), strings.ToLower(s)) {
					t.Errorf("does not name %q:\n%s", s, out)
				}
			}
			if after, _ := n1.Run(ctx, "ip", "-o", "-4", "addr"); after != links {
				t.Errorf("addresses changed:\n%s", after)
			}
			if ls, _ := n1.Run(ctx, "sh", "-c", "ls /var/lib/kove 2>/dev/null"); ls != "" {
				t.Errorf("it left files in /var/lib/kove: %s", ls)
			}
		})
	}
	_ = n2
}

// Proxy variables in the environment are cleared, and it is said; the cluster comes up behind them.
func TestProxyVariablesAndForeignToken(t *testing.T) {
	c := newLab(t, "proxy", 2)
	t.Cleanup(func() { c.stop(t) })
	c.writeConfig(t, c.server(), c.config(c.server()))
	ctx, cancel := context.WithTimeout(context.Background(), patience(4*time.Minute))
	defer cancel()
	if err := c.server().Spawn(ctx, "/var/log/kove.log", "env", "HTTP_PROXY=http://192.0.2.1:3128", "https_proxy=http://192.0.2.1:3128", "kove", "server"); err != nil {
		t.Fatal(err)
	}
	c.connect(t)
	c.waitNodesReady(t, c.server().Name)
	log, err := os.ReadFile(c.server().Path("/var/log/kove.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"HTTP_PROXY", "https_proxy"} {
		if !strings.Contains(string(log), v) {
			t.Errorf("the log does not say that %s was cleared", v)
		}
	}
	for _, pid := range processes(t, c.server(), "ovs") {
		env, _ := c.server().Run(ctx, "cat", "/proc/"+strconv.Itoa(pid)+"/environ")
		if strings.Contains(env, "3128") {
			t.Errorf("process %d has the proxy in its environment", pid)
		}
	}
	// a token of another cluster pins another CA
	parts := strings.SplitN(c.token(t), "::", 2)
	foreign := "K10" + strings.Repeat("ab", 32) + "::" + parts[1]
	out, err := c.nodes[1].Command(ctx, "timeout", "60", "kove", "agent", "--server", "https://"+c.server().Address().String()+":6443", "--token", foreign, "--datapath", "userspace", "--tunnel-nic", "eth1").CombinedOutput()
	if err == nil || !strings.Contains(strings.ToLower(string(out)), "token") || !strings.Contains(string(out), "CA") {
		t.Errorf("a foreign token: %v\n%s", err, out)
	}
	if ls, _ := c.nodes[1].Run(ctx, "sh", "-c", "ls /var/lib/kove/agent 2>/dev/null"); ls != "" {
		t.Errorf("a refused agent left files: %s", ls)
	}
}
