package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/doctor"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
	"github.com/kove-io/kove/pkg/supervise"
)

// healthy is a machine that can run kove. It embeds the real one for what no check here depends on.
type healthy struct {
	doctor.OSHost
	ca    []byte
	taken string
}

func (healthy) Hostname() (string, error) { return "n1", nil }
func (healthy) SourceAddress(netip.Addr) (netip.Addr, error) {
	return netip.MustParseAddr("192.0.2.10"), nil
}
func (healthy) Resolve(string) ([]netip.Addr, error)  { return nil, errors.New("no such host") }
func (healthy) UserID() int                           { return 0 }
func (healthy) FreeDisk(string) (uint64, bool, error) { return 100 << 30, false, nil }
func (healthy) Writable(string) error                 { return nil }
func (healthy) KernelDatapath() error                 { return nil }
func (healthy) NICs() ([]config.NIC, error) {
	return []config.NIC{{Name: "eth0", MTU: 1500, Up: true, Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/24")}}}, nil
}
func (h healthy) ReadFile(path string) ([]byte, error) {
	if path == "/etc/resolv.conf" {
		return []byte("nameserver 192.0.2.53\n"), nil
	}
	if path == "/proc/net/tcp" && h.taken != "" {
		return []byte("\n   0: 00000000:" + h.taken + " 00000000:0000 0A 0:0 00:0 0 0 0 1 1 0\n"), nil
	}
	return nil, fs.ErrNotExist
}
func (healthy) SocketOwner(string) string { return "nginx (pid 812)" }
func (h healthy) FetchCA(context.Context, string) (*pki.Probe, error) {
	if h.ca == nil {
		return nil, errors.New("connection refused")
	}
	return &pki.Probe{CABundle: h.ca}, nil
}

func (healthy) CheckToken(context.Context, string, []byte, pki.Token) (pki.Plan, error) {
	return pki.Plan{}, nil
}

// run runs one command line and returns its exit status and what it printed.
func run(t *testing.T, a Actions, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a.Stdout, a.Stderr = &out, &errs
	if a.Host == nil {
		a.Host = healthy{}
	}
	// The machine's own configuration is not the tests' matter.
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a.Environ = append(a.Environ, "KOVE_CONFIG_FILE="+file, "KOVE_RUN_DIR="+filepath.Join(filepath.Dir(file), "run"))
	if a.Status == nil {
		a.Status = func(context.Context, string) (*status.Status, error) { return nil, status.ErrNotRunning }
	}
	code = New(a).Run(context.Background(), append([]string{"kove"}, args...))
	return code, out.String(), errs.String()
}

func TestServeGetsItsConfig(t *testing.T) {
	t.Setenv("KOVE_TOKEN", "inherited")
	var got *config.Config
	serve := func(_ context.Context, c *config.Config, _ *slog.Logger) error {
		got = c
		if os.Getenv("KOVE_TOKEN") != "" {
			t.Error("children would inherit the token")
		}
		return nil
	}
	code, _, stderr := run(t, Actions{Server: serve, Environ: []string{"KOVE_MTU=1300"}}, "server", "--tls-san", "a.x", "--tls-san", "b.x,c.x", "--disable-agent",
		"--kubelet-arg", "eviction-hard=a<1,b<2", "-t", "sesame", "--debug=false")
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if strings.Join(got.API.TLSSANs, " ") != "a.x b.x c.x" || !got.Control.DisableAgent || got.Node.KubeletArgs[0] != "eviction-hard=a<1,b<2" ||
		got.Join.Token != "sesame" || got.OVN.MTU != 1300 || got.Log.Debug || got.Role != config.Server {
		t.Errorf("config %+v", got)
	}
	if strings.Contains(stderr, "sesame") {
		t.Error("the token is logged")
	}
}

func TestEveryOptionIsAFlag(t *testing.T) {
	for _, role := range []config.Role{config.Server, config.Agent} {
		have := map[string]bool{}
		for _, f := range flags(role, func(config.Option) bool { return true }) {
			for _, n := range f.Names() {
				have[n] = true
			}
		}
		for _, o := range config.Options(config.Default(role)) {
			if o.Applies(role) != have[o.Name] {
				t.Errorf("%s: option %s applies: %v, flag: %v", role, o.Name, o.Applies(role), have[o.Name])
			}
		}
	}
}

func TestProxyVariablesAreCleared(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
	inside := "unset"
	code, _, stderr := run(t, Actions{Environ: []string{"HTTPS_PROXY=http://192.0.2.1:3128", "no_proxy=x"},
		Server: func(context.Context, *config.Config, *slog.Logger) error {
			inside = os.Getenv("HTTPS_PROXY")
			return nil
		}}, "server")
	if code != ExitOK || inside != "" {
		t.Errorf("exit %d, HTTPS_PROXY = %q inside", code, inside)
	}
	for _, v := range []string{"HTTPS_PROXY", "no_proxy"} {
		if !strings.Contains(stderr, "variable="+v) {
			t.Errorf("it does not say that %s was cleared:\n%s", v, stderr)
		}
	}
}

// Wrong input ends with its own status, names the thing and the remedy, and starts nothing.
func TestWrongInput(t *testing.T) {
	agent := []string{"agent", "--server", "https://192.0.2.1:6443", "--token"}
	for _, tc := range []struct {
		name string
		a    Actions
		args []string
		code int
		says []string
	}{
		{"unknown command", Actions{}, []string{"serv"}, ExitUsage, []string{`"serv"`, "did you mean server?"}},
		{"unknown flag", Actions{}, []string{"server", "--no-such-flag"}, ExitUsage, []string{"no-such-flag", "kove server --help"}},
		{"flag without its value", Actions{}, []string{"server", "--mtu"}, ExitUsage, []string{"mtu", "needs a value"}},
		{"flag of the other role", Actions{}, []string{"agent", "--cluster-cidr", "10.0.0.0/16"}, ExitUsage, []string{"cluster-cidr"}},
		{"argument", Actions{}, []string{"server", "now"}, ExitUsage, []string{`"now"`}},
		{"value", Actions{}, []string{"server", "--https-listen-port", "often"}, ExitUsage, []string{"--https-listen-port", "often", "whole number"}},
		{"overlap", Actions{}, []string{"server", "--cluster-cidr", "10.43.0.0/16"}, ExitUsage, []string{"cluster-cidr", "service-cidr", "overlap"}},
		{"missing token", Actions{}, agent[:3], ExitUsage, []string{"token", "node-token"}},
		{"taken port", Actions{Host: healthy{taken: "192B"}}, []string{"server"}, ExitPreflight, []string{"6443", "nginx (pid 812)", "--https-listen-port", "nothing was changed"}},
		{"damaged token", Actions{Host: healthy{ca: []byte("x")}}, append(agent, "K10nonsense"), ExitPreflight, []string{"token"}},
		{"token of another cluster", Actions{Host: healthy{ca: []byte("x")}}, append(agent, "K10"+strings.Repeat("ab", 32)+"::node:hush"), ExitPreflight, []string{"another cluster", "CA"}},
		{"unreachable server", Actions{}, append(agent, "x"), ExitPreflight, []string{"https://192.0.2.1:6443", "connection refused"}},
		{"clean without all", Actions{}, []string{"stop", "--clean"}, ExitUsage, []string{"--clean"}},
		{"output format", Actions{}, []string{"status", "-o", "xml"}, ExitUsage, []string{"xml", "json"}},
		{"unknown token command", Actions{}, []string{"token", "rotate"}, ExitUsage, []string{"rotate", "create"}},
		{"token to delete", Actions{Tokens: noTokens}, []string{"token", "delete"}, ExitUsage, []string{"token list"}},
		{"ttl", Actions{Tokens: noTokens}, []string{"token", "create", "--ttl", "-1h"}, ExitUsage, []string{"--ttl"}},
		{"ttl is no time", Actions{}, []string{"token", "create", "--ttl", "soon"}, ExitUsage, []string{"ttl", "soon"}},
		{"shell", Actions{}, []string{"completion", "tcsh"}, ExitUsage, []string{"bash"}},
		{"help of nothing", Actions{}, []string{"help", "nothing"}, ExitUsage, []string{"nothing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			started := false
			tc.a.Server = func(context.Context, *config.Config, *slog.Logger) error { started = true; return nil }
			tc.a.Agent = tc.a.Server
			code, stdout, stderr := run(t, tc.a, tc.args...)
			if code != tc.code || started {
				t.Errorf("exit %d, want %d; started: %v\n%s%s", code, tc.code, started, stdout, stderr)
			}
			for _, s := range tc.says {
				if !strings.Contains(stderr, s) {
					t.Errorf("does not say %q:\n%s", s, stderr)
				}
			}
			if strings.Contains(stderr, "hush") {
				t.Error("the secret is shown")
			}
		})
	}
}

func noTokens(string) (Tokens, error) { return nil, errors.New("not reached") }

func TestServeOutcome(t *testing.T) {
	broken := func(context.Context, *config.Config, *slog.Logger) error {
		return errors.New("kube-apiserver: no more")
	}
	if code, _, stderr := run(t, Actions{Server: broken}, "server"); code != ExitFailure || !strings.Contains(stderr, "kube-apiserver: no more") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := run(t, Actions{}, "server"); code != ExitFailure || !strings.Contains(stderr, "this build") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func sample(ready bool) *status.Status {
	now := time.Now()
	return &status.Status{Role: "server", Node: "n1", NodeIP: "192.0.2.10", PID: 42, Started: now.Add(-3 * time.Hour), Ready: ready,
		Versions:   map[string]string{"kove": "v1", "kubernetes": "v1.37.2"},
		Components: []status.Component{{Name: "kube-apiserver", State: supervise.Ready, Since: now}, {Name: "ovs-vswitchd", State: supervise.Backoff, Since: now, Restarts: 2, PID: 77, Error: "exit status 1"}},
		Processes:  []status.Process{{Name: "kove server", PID: 42, RSS: 300 << 20, PSS: 200 << 20, Anon: 100 << 20, Threads: 20}},
		Kubernetes: &status.Kubernetes{NodeReady: ready, Pods: 3, PodsReady: 2},
		OVN:        &status.OVN{Chassis: "n1", Chassises: 2, NBCfg: 5, SBCfg: 4, HVCfg: 3, Ports: 7, PortsUp: 6},
		Notes:      []string{"the ConfigMap ovn-external-gw-config names a NIC"}}
}

func TestStatus(t *testing.T) {
	answer := func(s *status.Status) Actions {
		return Actions{Status: func(context.Context, string) (*status.Status, error) { return s, nil }}
	}
	code, stdout, _ := run(t, answer(sample(true)), "status")
	if code != ExitOK {
		t.Errorf("exit %d", code)
	}
	for _, s := range []string{"kove server", "ready, pid 42, up 3h", "n1 192.0.2.10", "2 of 3 pods", "chassis n1 (2 in all), 6 of 7 ports up, nb_cfg 5, sb_cfg 4, hv_cfg 3",
		"kove v1, kubernetes v1.37.2", "kube-apiserver", "exit status 1", "300.0 MiB", "200.0 MiB", "ovn-external-gw-config"} {
		if !strings.Contains(stdout, s) {
			t.Errorf("%q is missing:\n%s", s, stdout)
		}
	}
	if code, _, _ = run(t, answer(sample(false)), "status"); code != ExitNotReady {
		t.Errorf("not ready: exit %d", code)
	}
	code, stdout, _ = run(t, answer(sample(true)), "status", "-o", "json")
	var back status.Status
	if err := json.Unmarshal([]byte(stdout), &back); err != nil || code != ExitOK || back.OVN.PortsUp != 6 {
		t.Errorf("exit %d, %v\n%s", code, err, stdout)
	}
	code, _, stderr := run(t, Actions{}, "status")
	if code != ExitNotRunning || !strings.Contains(stderr, "kove.sock") || !strings.Contains(stderr, "kove server") {
		t.Errorf("nobody there: exit %d: %s", code, stderr)
	}
}

// The real socket, from the component that serves it to the command that asks.
func TestStatusOverTheSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "kove-cli") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	server := status.Server(filepath.Join(dir, "kove.sock"), func(context.Context) *status.Status { return sample(true) })
	go func() { done <- server.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	code, stdout, stderr := run(t, Actions{Status: status.Get}, "status", "--run-dir", dir)
	if code != ExitOK || !strings.Contains(stdout, "kube-apiserver") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	cancel()
	<-done
}

type memoryTokens struct{ list []TokenInfo }

func (m *memoryTokens) Create(_ context.Context, token, description string, ttl time.Duration, now time.Time) error {
	m.list = append(m.list, TokenInfo{ID: token[:6], Description: description, Created: now, Expires: now.Add(ttl)})
	return nil
}
func (m *memoryTokens) List(context.Context) ([]TokenInfo, error) { return m.list, nil }
func (m *memoryTokens) Delete(_ context.Context, id string) error {
	for i, t := range m.list {
		if t.ID == id {
			m.list = append(m.list[:i], m.list[i+1:]...)
			return nil
		}
	}
	return errors.New("deleting token " + id + ": there is none")
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	m := &memoryTokens{}
	a := Actions{Tokens: func(kubeconfig string) (Tokens, error) {
		if kubeconfig != filepath.Join(dir, "server/cred/admin.kubeconfig") {
			t.Errorf("kubeconfig %s", kubeconfig)
		}
		return m, nil
	}}
	if code, _, stderr := run(t, a, "token", "list", "--data-dir", dir); code != ExitFailure || !strings.Contains(stderr, "on a server") {
		t.Errorf("without a server: exit %d: %s", code, stderr)
	}
	for name, text := range map[string]string{"server/cred/admin.kubeconfig": "", "server/tls/server-ca.crt": "ca"} {
		if err := pki.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := run(t, a, "token", "create", "--data-dir", dir, "--ttl", "2h", "--description", "site 7")
	tok, err := pki.ParseToken(stdout)
	if code != ExitOK || err != nil || tok.CAHash != pki.HashCA([]byte("ca")) {
		t.Fatalf("exit %d: %q %v %s", code, stdout, err, stderr)
	}
	id, secret, ok := tok.Bootstrap()
	if !ok {
		t.Fatalf("%q is no bootstrap token", stdout)
	}
	code, stdout, _ = run(t, a, "token", "list", "--data-dir", dir)
	if code != ExitOK || !strings.Contains(stdout, id) || !strings.Contains(stdout, "site 7") || strings.Contains(stdout, secret) {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
	code, stdout, _ = run(t, a, "token", "list", "--data-dir", dir, "-o", "json")
	var list []TokenInfo
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != ExitOK || len(list) != 1 {
		t.Errorf("exit %d, %v:\n%s", code, err, stdout)
	}
	if code, _, stderr = run(t, a, "token", "delete", "--data-dir", dir, id); code != ExitOK || len(m.list) != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr = run(t, a, "token", "delete", "--data-dir", dir, id); code != ExitFailure || !strings.Contains(stderr, id) {
		t.Errorf("deleting it twice: exit %d: %s", code, stderr)
	}
	if code, stdout, _ = run(t, Actions{}, "token", "generate"); code != ExitOK {
		t.Errorf("exit %d", code)
	}
	if tok, err := pki.ParseToken(stdout); err != nil || tok.CAHash != "" {
		t.Errorf("generated %q, %v", stdout, err)
	}
}

func TestToolCommands(t *testing.T) {
	dir := t.TempDir()
	c := config.Default(config.Server)
	c.Paths.DataDir, c.Paths.RunDir = filepath.Join(dir, "data"), filepath.Join(dir, "run")
	for _, name := range []string{"ovn-nbctl", "ovn-sbctl", "ovn-trace", "ovs-vsctl", "ovs-ofctl", "ovs-appctl", "crictl"} {
		if err := pki.WriteFile(c.Paths.Payload("bin", name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	tools := map[string]tool{}
	for _, x := range payloadTools() {
		tools[x.name] = x
	}
	nb, sb := c.Paths.Run("ovn", "ovnnb_db.sock"), c.Paths.Run("ovn", "ovnsb_db.sock")
	if _, _, _, err := tools["nbctl"].command(c, []string{"show"}, nil); err == nil || !strings.Contains(err.Error(), nb) || !strings.Contains(err.Error(), "kove status") {
		t.Errorf("without a socket: %v", err)
	}
	for _, s := range []string{nb, sb, c.Paths.Run("ovs", "db.sock"), c.Paths.Run("containerd", "containerd.sock"),
		c.Paths.Run("ovs", "ovs-vswitchd.ctl"), c.Paths.Run("ovs", "ovn-controller.ctl"), c.Paths.Run("ovn", "ovnnb_db.ctl")} {
		if err := pki.WriteFile(s, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	external := *c
	external.OVN.NBRemote, external.OVN.SBRemote = "tcp:192.0.2.1:6641", "tcp:192.0.2.1:6642"
	for _, tc := range []struct {
		tool string
		c    *config.Config
		args []string
		want string
	}{
		{"nbctl", c, []string{"show"}, "ovn-nbctl --db=unix:" + nb + " show"},
		{"nbctl", c, []string{"--db=tcp:1.2.3.4:1", "show"}, "ovn-nbctl --db=tcp:1.2.3.4:1 show"},
		{"nbctl", c, []string{"--db", "x", "show"}, "ovn-nbctl --db x show"},
		{"nbctl", &external, []string{"show"}, "ovn-nbctl --db=tcp:192.0.2.1:6641 show"},
		{"sbctl", c, []string{"lflow-list"}, "ovn-sbctl --db=unix:" + sb + " lflow-list"},
		{"trace", c, []string{"sw", "ip4"}, "ovn-trace --db=unix:" + sb + " sw ip4"},
		{"vsctl", c, []string{"show"}, "ovs-vsctl --db=unix:" + c.Paths.Run("ovs", "db.sock") + " show"},
		{"ofctl", c, []string{"show", "br-int"}, "ovs-ofctl show br-int"},
		{"appctl", c, []string{"dpif/show"}, "ovs-appctl --target=" + c.Paths.Run("ovs", "ovs-vswitchd.ctl") + " dpif/show"},
		{"appctl", c, []string{"-t", "ovn-controller", "version", "-t"}, "ovs-appctl -t " + c.Paths.Run("ovs", "ovn-controller.ctl") + " version -t"},
		{"appctl", c, []string{"--target=ovnnb_db", "version"}, "ovs-appctl --target=" + c.Paths.Run("ovn", "ovnnb_db.ctl") + " version"},
		{"appctl", c, []string{"-t", "/x.ctl", "version"}, "ovs-appctl -t /x.ctl version"},
		{"appctl", c, []string{"-t", "nothing", "version"}, "ovs-appctl -t nothing version"},
		{"appctl", c, []string{"--help"}, "ovs-appctl --help"},
		{"crictl", c, []string{"ps"}, "crictl --config=/dev/null --runtime-endpoint=unix://" + c.Paths.Run("containerd", "containerd.sock") + " --image-endpoint=unix://" + c.Paths.Run("containerd", "containerd.sock") + " ps"},
	} {
		path, argv, env, err := tools[tc.tool].command(tc.c, tc.args, []string{"PATH=/bin"})
		if err != nil || strings.Join(argv, " ") != tc.want || path != c.Paths.Payload("bin", argv[0]) {
			t.Errorf("%s %q = %s %q, %v; want %q", tc.tool, tc.args, path, argv, err, tc.want)
		}
		if tc.tool != "crictl" && !strings.Contains(strings.Join(env, " "), "OVS_RUNDIR="+c.Paths.Run("ovs")) {
			t.Errorf("%s: environment %q", tc.tool, env)
		}
	}
	if err := os.Remove(c.Paths.Payload("bin", "ovn-nbctl")); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := tools["nbctl"].command(c, nil, nil); err == nil || !strings.Contains(err.Error(), "first start") {
		t.Errorf("without the tool: %v", err)
	}
}

func TestLinkedToolsAndNames(t *testing.T) {
	var got []string
	a := Actions{Kubectl: func(_ context.Context, args []string, c *config.Config) int {
		got = append(args, c.API.WriteKubeconfig)
		return 7
	}}
	if code, _, stderr := run(t, a, "kubectl", "get", "pods", "-o", "yaml", "--help"); code != 7 || stderr != "" {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if strings.Join(got, " ") != "get pods -o yaml --help /etc/kove/kove.yaml" {
		t.Errorf("kubectl got %q", got)
	}
	a.Stdout, a.Stderr, a.Environ, a.Host = &bytes.Buffer{}, &bytes.Buffer{}, []string{}, healthy{}
	if code := New(a).Run(context.Background(), []string{"/usr/local/bin/kubectl", "version"}); code != 7 || got[0] != "version" {
		t.Errorf("as a link: exit %d, %q", code, got)
	}
}

func TestStop(t *testing.T) {
	var stopped []string
	a := Actions{Stop: func(_ context.Context, c *config.Config, clean bool, _ *slog.Logger) error {
		stopped = append(stopped, c.Paths.DataDir)
		if clean {
			stopped = append(stopped, "clean")
		}
		return nil
	}}
	if code, _, stderr := run(t, a, "stop"); code != ExitNotRunning || !strings.Contains(stderr, "--all") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, _ := run(t, a, "stop", "--all", "--clean", "--data-dir", "/srv/k"); code != ExitOK || strings.Join(stopped, " ") != "/srv/k clean" {
		t.Errorf("exit %d, stopped %q", code, stopped)
	}
	for name, script := range map[string]string{"polite": "read x", "stubborn": "trap '' TERM; echo ready; while :; do read -t 60 x; done"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("bash", "-c", script)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if name == "stubborn" { // until it has set its trap, it is polite
				if _, err := out.Read(make([]byte, 6)); err != nil {
					t.Fatal(err)
				}
			}
			s := sample(true)
			s.PID = cmd.Process.Pid
			a.Status = func(context.Context, string) (*status.Status, error) { return s, nil }
			code, _, stderr := run(t, a, "stop", "--timeout", "300ms")
			if code != ExitOK {
				t.Errorf("exit %d: %s", code, stderr)
			}
			if killed := strings.Contains(stderr, "killing it"); killed != (name == "stubborn") {
				t.Errorf("killed: %v\n%s", killed, stderr)
			}
			want := syscall.SIGTERM
			if name == "stubborn" {
				want = syscall.SIGKILL
			}
			var ended *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != want {
				t.Errorf("it ended with %v, want %v", err, want)
			}
		})
	}
}

func TestHelpTeaches(t *testing.T) {
	app := New(Actions{})
	var walk func(prefix []string, c []string)
	walk = func(prefix, names []string) {
		for _, name := range names {
			args := append(append([]string(nil), prefix...), name)
			code, stdout, stderr := run(t, Actions{}, append([]string{"help"}, args...)...)
			if code != ExitOK || !strings.Contains(stdout, "kove "+strings.Join(args, " ")) {
				t.Errorf("help %q: exit %d\n%s%s", args, code, stdout, stderr)
			}
			if name != "token" && name != "help" && !strings.Contains(stdout, "EXAMPLES:\n   ") {
				t.Errorf("help %q has no examples:\n%s", args, stdout)
			}
		}
	}
	_, words := app.words()
	walk(nil, words[""])
	walk([]string{"token"}, []string{"create", "list", "delete", "generate"})
	if code, stdout, _ := run(t, Actions{}, "help", "exit-status"); code != ExitOK || strings.Count(stdout, "\n") != len(exitStatuses)+1 {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
	if code, stdout, _ := run(t, Actions{}); code != ExitOK || !strings.Contains(stdout, "ovn-central") || strings.Contains(stdout, "containerd  ") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
}

// The completion scripts are executed, or at least parsed, by the shells that are here.
func TestCompletion(t *testing.T) {
	_, script, _ := run(t, Actions{}, "completion", "bash")
	for line, want := range map[string]string{"kove ser": "server", "kove server --cluster-c": "--cluster-cidr", "kove token cr": "create", "kove token create --tt": "--ttl", "kove completion z": "zsh"} {
		test := script + "\nCOMP_WORDS=(" + line + "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _kove; printf '%s\\n' \"${COMPREPLY[@]}\"\n"
		out, err := exec.Command("bash", "--norc", "-c", test).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want+"\n") {
			t.Errorf("%q completes to %q, %v; want %s", line, out, err, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		code, script, _ := run(t, Actions{}, "completion", shell)
		if code != ExitOK || !strings.Contains(script, "cluster-cidr") || strings.Contains(script, "containerd ") {
			t.Errorf("%s: exit %d", shell, code)
		}
	}
}

var _ doctor.Host = healthy{}
