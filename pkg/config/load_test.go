package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeHost is a machine with one NIC and a default route, unless a test says otherwise.
type fakeHost struct {
	name   string
	source string // address towards everything, "" for no route
	nics   []NIC
	files  map[string]string
}

func newHost() *fakeHost {
	return &fakeHost{name: "Edge-1", source: "192.0.2.10", files: map[string]string{"/etc/resolv.conf": "nameserver 192.0.2.53\n"},
		nics: []NIC{nic("lo", 65536, "127.0.0.1/8"), nic("eth0", 1500, "192.0.2.10/24")}}
}

func nic(name string, mtu int, addrs ...string) NIC {
	n := NIC{Name: name, MTU: mtu, Up: true}
	for _, a := range addrs {
		n.Addrs = append(n.Addrs, netip.MustParsePrefix(a))
	}
	return n
}

func (h *fakeHost) Hostname() (string, error) { return h.name, nil }
func (h *fakeHost) SourceAddress(netip.Addr) (netip.Addr, error) {
	if h.source == "" {
		return netip.Addr{}, errors.New("network is unreachable")
	}
	return netip.MustParseAddr(h.source), nil
}
func (h *fakeHost) Resolve(name string) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(name)
	return []netip.Addr{a}, err
}
func (h *fakeHost) NICs() ([]NIC, error) { return h.nics, nil }
func (h *fakeHost) ReadFile(path string) ([]byte, error) {
	if data, ok := h.files[path]; ok {
		return []byte(data), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// input is one machine's configuration: files by name below the directory of config.yaml, variables, flags.
type input struct {
	role  Role
	files map[string]string
	env   []string
	flags map[string][]string
	host  *fakeHost
}

// load resolves it; DIR in any text is the directory of the files.
func load(t *testing.T, in input) (*Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range in.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if in.role == "" {
		in.role = Server
	}
	if in.host == nil {
		in.host = newHost()
	}
	env := []string{"KOVE_CONFIG_FILE=" + filepath.Join(dir, "config.yaml"), "PATH=/bin"}
	if _, ok := in.files["config.yaml"]; !ok {
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("# empty\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, kv := range in.env {
		env = append(env, strings.ReplaceAll(kv, "DIR", dir))
	}
	flags := map[string][]string{}
	for name, values := range in.flags {
		for _, v := range values {
			flags[name] = append(flags[name], strings.ReplaceAll(v, "DIR", dir))
		}
	}
	c, err := Load(Input{Role: in.role, Flags: flags, Environ: env, Host: in.host})
	return c, dir, err
}

func mustLoad(t *testing.T, in input) *Config {
	t.Helper()
	c, _, err := load(t, in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// optionValue reads an option back as text.
func optionValue(c *Config, name string) string {
	for _, o := range Options(c) {
		if o.Name == name {
			return strings.Join(o.Values(), "|")
		}
	}
	return "no such option"
}

func TestDefaults(t *testing.T) {
	c := mustLoad(t, input{})
	for option, want := range map[string]string{
		"data-dir": "/var/lib/kove", "run-dir": "/run/kove", "https-listen-port": "6443", "bind-address": "0.0.0.0",
		"cluster-cidr": "10.16.0.0/16", "service-cidr": "10.43.0.0/16", "join-cidr": "100.64.0.0/16", "cluster-dns": "10.43.0.10",
		"cluster-domain": "cluster.local", "service-node-port-range": "30000-32767", "write-kubeconfig": "/etc/kove/kove.yaml",
		"write-kubeconfig-mode": "0600", "datapath": "auto", "mtu": "1400", "node-name": "edge-1", "node-ip": "192.0.2.10",
		"advertise-address": "192.0.2.10", "resolv-conf": "/etc/resolv.conf", "token": "", "disable-agent": "", "ovn-sb-port": "6642",
	} {
		if got := optionValue(c, option); got != want {
			t.Errorf("%s = %q, want %q", option, got, want)
		}
	}
	if c.Join.Server != "https://127.0.0.1:6443" || c.OVN.EncapIP.String() != "192.0.2.10" || c.Cluster.KubernetesServiceIP().String() != "10.43.0.1" {
		t.Errorf("derived: %q, %s", c.Join.Server, c.OVN.EncapIP)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestSources(t *testing.T) {
	for _, tc := range []struct {
		name   string
		in     input
		option string
		want   string
		origin string // part of it
	}{
		{"file", input{files: map[string]string{"config.yaml": "mtu: 1300\n"}}, "mtu", "1300", "config.yaml line 1"},
		{"quoted number", input{files: map[string]string{"config.yaml": "mtu: \"1300\"\n"}}, "mtu", "1300", ""},
		{"octal mode as written", input{files: map[string]string{"config.yaml": "write-kubeconfig-mode: 0640\n"}}, "write-kubeconfig-mode", "0640", ""},
		{"drop-in replaces", input{files: map[string]string{"config.yaml": "mtu: 1300\n", "config.yaml.d/10.yaml": "\n\nmtu: 1310\n"}}, "mtu", "1310", "10.yaml line 3"},
		{"drop-ins by name", input{files: map[string]string{"config.yaml.d/20.yaml": "mtu: 1320\n", "config.yaml.d/10.yaml": "mtu: 1310\n"}}, "mtu", "1320", ""},
		{"other files are not drop-ins", input{files: map[string]string{"config.yaml.d/20.bak": "mtu: 1320\n"}}, "mtu", "1400", "derived"},
		{"list", input{files: map[string]string{"config.yaml": "tls-san: [a.example.com, 192.0.2.1]\n"}}, "tls-san", "a.example.com|192.0.2.1", ""},
		{"list as one text", input{files: map[string]string{"config.yaml": "tls-san: a.example.com,b.example.com\n"}}, "tls-san", "a.example.com|b.example.com", ""},
		{"drop-in replaces a list", input{files: map[string]string{"config.yaml": "tls-san: [a.x]\n", "config.yaml.d/1.yaml": "tls-san: [b.x]\n"}}, "tls-san", "b.x", ""},
		{"drop-in adds to a list", input{files: map[string]string{"config.yaml": "tls-san: [a.x]\n", "config.yaml.d/1.yaml": "tls-san+: [b.x]\n"}}, "tls-san", "a.x|b.x", "config.yaml line 1 and"},
		{"adding to nothing", input{files: map[string]string{"config.yaml": "tls-san+: [b.x]\n"}}, "tls-san", "b.x", ""},
		{"arguments keep commas", input{files: map[string]string{"config.yaml": "kubelet-arg: \"eviction-hard=a<1,b<2\"\n"}}, "kubelet-arg", "eviction-hard=a<1,b<2", ""},
		{"environment over file", input{files: map[string]string{"config.yaml": "mtu: 1300\n"}, env: []string{"KOVE_MTU=1310"}}, "mtu", "1310", "KOVE_MTU"},
		{"empty variable is none", input{files: map[string]string{"config.yaml": "mtu: 1300\n"}, env: []string{"KOVE_MTU="}}, "mtu", "1300", ""},
		{"list in the environment", input{env: []string{"KOVE_TLS_SAN=a.x,b.x"}}, "tls-san", "a.x|b.x", ""},
		{"k3s's odd name", input{env: []string{"KOVE_KUBECONFIG_MODE=644"}}, "write-kubeconfig-mode", "0644", "KOVE_KUBECONFIG_MODE"},
		{"flag over environment", input{env: []string{"KOVE_MTU=1310"}, flags: map[string][]string{"mtu": {"1320"}}}, "mtu", "1320", "--mtu"},
		{"last flag wins", input{flags: map[string][]string{"mtu": {"1310", "1320"}}}, "mtu", "1320", ""},
		{"flags replace a list", input{files: map[string]string{"config.yaml": "tls-san: [a.x]\n"}, flags: map[string][]string{"tls-san": {"b.x", "c.x"}}}, "tls-san", "b.x|c.x", ""},
		{"bool in the file", input{files: map[string]string{"config.yaml": "disable-agent: true\n"}}, "disable-agent", "true", ""},
		{"bool flag over the file", input{files: map[string]string{"config.yaml": "debug: true\n"}, flags: map[string][]string{"debug": {"false"}}}, "debug", "", "--debug"},
		{"token file", input{files: map[string]string{"t": " secret\n"}, flags: map[string][]string{"token-file": {"DIR/t"}}}, "token", "secret", "/t"},
		{"dns follows the range", input{flags: map[string][]string{"service-cidr": {"10.99.0.0/20"}}}, "cluster-dns", "10.99.0.10", ""},
		{"given MTU", input{flags: map[string][]string{"mtu": {"1280"}}}, "mtu", "1280", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := mustLoad(t, tc.in)
			if got := optionValue(c, tc.option); got != tc.want {
				t.Errorf("%s = %q, want %q", tc.option, got, tc.want)
			}
			if !strings.Contains(c.Origin(tc.option), tc.origin) {
				t.Errorf("origin of %s = %q, want %q", tc.option, c.Origin(tc.option), tc.origin)
			}
		})
	}
}

// Each says which option, where it stands and what to do.
func TestWrongInput(t *testing.T) {
	file := func(text string) input { return input{files: map[string]string{"config.yaml": text}} }
	flags := func(kv ...string) input {
		in := input{flags: map[string][]string{}}
		for i := 0; i < len(kv); i += 2 {
			in.flags[kv[i]] = append(in.flags[kv[i]], kv[i+1])
		}
		return in
	}
	agent := func(kv ...string) input {
		in := flags(kv...)
		in.role = Agent
		return in
	}
	joining := []string{"server", "https://192.0.2.1:6443", "token", "secret"}
	host := func(in input, change func(*fakeHost)) input {
		in.host = newHost()
		change(in.host)
		return in
	}
	for _, tc := range []struct {
		name string
		in   input
		says []string
	}{
		{"unknown key", file("a: 1\nclustr-cidr: 10.0.0.0/8\n"), []string{"config.yaml line 2", "clustr-cidr", "did you mean cluster-cidr?"}},
		{"unknown key like nothing", file("banana: 1\n"), []string{"banana", "kove server --help"}},
		{"underscores", file("cluster_cidr: 10.0.0.0/8\n"), []string{"write cluster-cidr"}},
		{"not YAML", file("mtu: [1\n"), []string{"config.yaml", "not YAML"}},
		{"a list", file("- mtu\n"), []string{"config.yaml line 1", "option: value"}},
		{"key twice", file("mtu: 1300\nmtu: 1310\n"), []string{"config.yaml", "mtu"}},
		{"no value", file("mtu:\n"), []string{"line 1", "mtu", "no value"}},
		{"mapping", file("mtu: {a: 1}\n"), []string{"mtu", "mapping"}},
		{"list for one", file("mtu: [1300]\n"), []string{"mtu", "list where one value"}},
		{"adding to one", file("mtu+: 1300\n"), []string{"mtu", "without +"}},
		{"config in the file", file("config: /x\n"), []string{"config", "flag"}},
		{"number", file("https-listen-port: often\n"), []string{"https-listen-port", "often", "line 1", "whole number"}},
		{"number too large", file("https-listen-port: 70000\n"), []string{"70000", "1-65535"}},
		{"bool", file("disable-agent: maybe\n"), []string{"disable-agent", "maybe", "true"}},
		{"address", flags("bind-address", "here"), []string{"--bind-address", "here"}},
		{"range", flags("cluster-cidr", "10.16"), []string{"--cluster-cidr", "10.16"}},
		{"range with host bits", flags("cluster-cidr", "10.16.3.0/16"), []string{"10.16.0.0/16"}},
		{"IPv6 range", flags("cluster-cidr", "fd00::/64"), []string{"IPv6"}},
		{"mode", flags("write-kubeconfig-mode", "rw"), []string{"write-kubeconfig-mode", "octal"}},
		{"port range", flags("service-node-port-range", "30000"), []string{"30000-32767"}},
		{"variable", input{env: []string{"KOVE_MTU=big"}}, []string{"KOVE_MTU", "big"}},
		{"missing file", flags("config", "/nonexistent/kove.yaml"), []string{"/nonexistent/kove.yaml", "--config"}},
		{"missing token file", flags("token-file", "/nonexistent/t"), []string{"token-file", "/nonexistent/t"}},
		{"empty token file", input{files: map[string]string{"t": "\n"}, flags: map[string][]string{"token-file": {"DIR/t"}}}, []string{"empty", "node-token"}},
		{"token twice", input{files: map[string]string{"t": "x"}, flags: map[string][]string{"token-file": {"DIR/t"}, "token": {"y"}}}, []string{"both token"}},
		{"token with a line break", flags("token", "a\nb"), []string{"white space"}},
		{"relative data-dir", flags("data-dir", "kove"), []string{"--data-dir", "absolute"}},
		{"long run-dir", flags("run-dir", "/"+strings.Repeat("x", 80)), []string{"run-dir", "70"}},

		{"pods and Services overlap", flags("cluster-cidr", "10.43.0.0/16"), []string{"cluster-cidr", "service-cidr", "overlap"}},
		{"join inside pods", flags("join-cidr", "10.16.128.0/20"), []string{"join-cidr", "cluster-cidr", "overlap"}},
		{"pods cover the node", flags("cluster-cidr", "192.0.0.0/16"), []string{"--cluster-cidr", "192.0.2.10", "node address"}},
		{"Services cover the advertised address", flags("service-cidr", "198.51.100.0/24", "advertise-address", "198.51.100.7"), []string{"service-cidr", "198.51.100.7"}},
		{"loopback range", flags("cluster-cidr", "127.0.0.0/8"), []string{"127.0.0.0/8"}},
		{"tiny range", flags("cluster-cidr", "10.16.0.0/30"), []string{"/26"}},
		{"dns outside", flags("cluster-dns", "10.44.0.10"), []string{"cluster-dns", "10.43.0.0/16"}},
		{"dns is the API", flags("cluster-dns", "10.43.0.1"), []string{"cluster-dns", "kubernetes"}},
		{"domain", flags("cluster-domain", "Cluster_Local"), []string{"cluster-domain"}},
		{"port in the NodePort range", flags("https-listen-port", "31000"), []string{"https-listen-port", "NodePorts"}},
		{"one port for two", flags("ovn-sb-port", "6443"), []string{"ovn-sb-port"}},
		{"unknown component", flags("disable", "traefik"), []string{"--disable", "traefik", "coredns"}},
		{"argument with dashes", flags("kube-apiserver-arg", "--v=4"), []string{"kube-apiserver-arg", "without leading dashes"}},
		{"san", flags("tls-san", "http://x"), []string{"tls-san", "http://x"}},
		{"datapath", flags("datapath", "dpdk"), []string{"datapath", "dpdk", "userspace"}},
		{"half an OVN", flags("ovn-nb", "tcp:192.0.2.1:6641"), []string{"--ovn-sb"}},
		{"remote", flags("ovn-nb", "192.0.2.1", "ovn-sb", "tcp:192.0.2.1:6642"), []string{"ovn-nb", "ssl:ADDRESS:PORT"}},
		{"log format", flags("log-format", "xml"), []string{"log-format", "json"}},
		{"label", flags("node-label", "a b"), []string{"node-label", "KEY=VALUE"}},
		{"reserved label", flags("node-label", "node-role.kubernetes.io/x=y"), []string{"node-role.kubernetes.io/x", "kubectl label"}},
		{"taint", flags("node-taint", "a=b:Never"), []string{"node-taint", "NoSchedule"}},
		{"node name", flags("node-name", "a_b"), []string{"--node-name", "a_b"}},
		{"long node name", flags("node-name", strings.Repeat("a", 64)), []string{"63"}},
		{"localhost", host(input{}, func(h *fakeHost) { h.name = "localhost" }), []string{"node-name", "hostnamectl"}},
		{"loopback as node address", flags("node-ip", "127.0.0.1"), []string{"node-ip", "127.0.0.1"}},
		{"IPv6 first", flags("node-ip", "2001:db8::1"), []string{"IPv4 address first"}},
		{"small MTU", flags("mtu", "100"), []string{"mtu", "1280"}},
		{"large MTU", flags("mtu", "1500"), []string{"--mtu", "eth0", "1400"}},
		{"no such tunnel NIC", flags("tunnel-nic", "eth9"), []string{"--tunnel-nic", "eth9", "eth0"}},
		{"tunnel NIC without address", host(flags("tunnel-nic", "eth1"), func(h *fakeHost) { h.nics = append(h.nics, nic("eth1", 1500)) }), []string{"tunnel-nic", "eth1", "no IPv4 address"}},
		{"no address at all", host(input{}, func(h *fakeHost) { h.source, h.nics = "", nil }), []string{"node-ip", "no NIC"}},
		{"several addresses and no route", host(input{}, func(h *fakeHost) { h.source = ""; h.nics = append(h.nics, nic("eth1", 1500, "198.51.100.1/24")) }), []string{"--node-ip", "eth0", "eth1"}},
		{"resolv.conf", flags("resolv-conf", "/nonexistent"), []string{"resolv-conf", "/nonexistent"}},

		{"agent without a token", agent("server", "https://192.0.2.1:6443"), []string{"token", "node-token", "--token-file"}},
		{"agent without a server", agent("token", "x"), []string{"server", "https://HOST:6443"}},
		{"agent with http", agent("server", "http://192.0.2.1:6443", "token", "x"), []string{"--server", "https://HOST:6443"}},
		{"agent without a port", agent("server", "https://192.0.2.1", "token", "x"), []string{"https://192.0.2.1:6443"}},
		{"server's option for an agent", agent(append(joining, "cluster-cidr", "10.0.0.0/16")...), []string{"cluster-cidr", "kove server", "agents learn"}},
		{"two faults at once", flags("mtu", "x", "bind-address", "y"), []string{"2 things", "--mtu", "--bind-address"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _, err := load(t, tc.in)
			if err == nil {
				t.Fatalf("accepted: %+v", c)
			}
			for _, s := range tc.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("%T is no Faults", err)
			}
			for _, f := range faults {
				if f.Remedy == "" || f.What == "" {
					t.Errorf("%+v lacks a remedy", f)
				}
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	for _, in := range []input{
		{flags: map[string][]string{"token": {"hush hush"}}},
		{files: map[string]string{"config.yaml": "token: [hush]\n"}},
	} {
		if _, _, err := load(t, in); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("err = %v", err)
		}
	}
}

func TestDerivation(t *testing.T) {
	t.Run("agent's address is that towards the server", func(t *testing.T) {
		c := mustLoad(t, input{role: Agent, flags: map[string][]string{"server": {"https://192.0.2.1:6443/"}, "token": {"x"}}})
		if c.Node.IP().String() != "192.0.2.10" || c.Join.Server != "https://192.0.2.1:6443" {
			t.Errorf("%s, %s", c.Node.IP(), c.Join.Server)
		}
	})
	t.Run("bind address", func(t *testing.T) {
		c := mustLoad(t, input{flags: map[string][]string{"bind-address": {"192.0.2.10"}, "https-listen-port": {"7443"}}, host: &fakeHost{name: "a", nics: newHost().nics, files: newHost().files}})
		if c.API.AdvertiseAddress.String() != "192.0.2.10" || c.Join.Server != "https://192.0.2.10:7443" || c.Node.IP().String() != "192.0.2.10" {
			t.Errorf("%s, %s, %s", c.API.AdvertiseAddress, c.Join.Server, c.Node.IP())
		}
	})
	t.Run("no route, one address", func(t *testing.T) {
		h := newHost()
		h.source = ""
		// kove's own interfaces and the tunnel NIC are not the node's address.
		h.nics = append(h.nics, nic("ovn0", 1400, "100.64.0.2/16"), nic("eth1", 1600, "198.51.100.1/24"))
		c := mustLoad(t, input{host: h, flags: map[string][]string{"tunnel-nic": {"eth1"}}})
		if c.Node.IP().String() != "192.0.2.10" || c.OVN.EncapIP.String() != "198.51.100.1" || c.OVN.MTU != 1500 {
			t.Errorf("%s, %s, %d", c.Node.IP(), c.OVN.EncapIP, c.OVN.MTU)
		}
	})
	t.Run("the tunnel NIC's address is on the bridge already", func(t *testing.T) {
		h := newHost()
		h.nics = append(h.nics, nic("eth1", 1500), nic("br-tun", 1500, "198.51.100.1/24"))
		if c := mustLoad(t, input{host: h, flags: map[string][]string{"tunnel-nic": {"eth1"}}}); c.OVN.EncapIP.String() != "198.51.100.1" {
			t.Errorf("encap address %s", c.OVN.EncapIP)
		}
	})
	t.Run("resolv.conf behind systemd-resolved", func(t *testing.T) {
		h := newHost()
		h.files = map[string]string{"/etc/resolv.conf": "nameserver 127.0.0.53\n", "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.53\n"}
		if c := mustLoad(t, input{host: h}); c.Node.ResolvConf != "/run/systemd/resolve/resolv.conf" {
			t.Errorf("resolv.conf %q", c.Node.ResolvConf)
		}
		h.files = nil
		if c := mustLoad(t, input{host: h}); c.Node.ResolvConf != "" || !warned(c, "resolv.conf") {
			t.Errorf("resolv.conf %q, warnings %q", c.Node.ResolvConf, c.Warnings)
		}
	})
	t.Run("jumbo frames", func(t *testing.T) {
		h := newHost()
		h.nics[1].MTU = 9000
		if c := mustLoad(t, input{host: h}); c.OVN.MTU != 8900 {
			t.Errorf("MTU %d", c.OVN.MTU)
		}
	})
}

func warned(c *Config, text string) bool {
	return slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, text) })
}

func TestWarnings(t *testing.T) {
	open := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(open, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		in   input
		want string
	}{
		{input{env: []string{"KOVE_TOKN=x"}}, "did you mean KOVE_TOKEN?"},
		{input{env: []string{"KOVE_URL=https://x:6443"}}, "KOVE_URL is ignored"},
		{input{files: map[string]string{"config.yaml": "flannel-backend: vxlan\n"}}, "kove's network is OVN"},
		{input{flags: map[string][]string{"disable-network-policy": {"true"}}}, "disable-network-policy"},
		{input{flags: map[string][]string{"write-kubeconfig-mode": {"644"}}}, "every user"},
		{input{flags: map[string][]string{"token": {"x"}}}, "use a file or KOVE_TOKEN"},
		{input{flags: map[string][]string{"token-file": {open}}}, "chmod 600"},
	} {
		if c := mustLoad(t, tc.in); !warned(c, tc.want) {
			t.Errorf("warnings %q, want %q", c.Warnings, tc.want)
		}
	}
}

func TestProtectedSecretsAreNoMatter(t *testing.T) {
	c := mustLoad(t, input{files: map[string]string{"config.yaml": "token: x\n"}, flags: map[string][]string{}})
	if len(c.Warnings) != 0 || c.Join.Token != "x" {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestLoadLocal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("data-dir: /srv/kove\nno-such-key: 1\nmtu: never\novn-nb: tcp:192.0.2.1:6641\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadLocal(Input{Environ: []string{"KOVE_CONFIG_FILE=" + path}, Flags: map[string][]string{"run-dir": {"/run/k2"}}})
	if err != nil || c.Paths.DataDir != "/srv/kove" || c.Paths.RunDir != "/run/k2" || c.OVN.NBRemote != "tcp:192.0.2.1:6641" {
		t.Errorf("LoadLocal = %+v, %v", c, err)
	}
	if _, err := LoadLocal(Input{Flags: map[string][]string{"data-dir": {"x"}}}); err == nil {
		t.Error("a relative data-dir was accepted")
	}
}

// Flag, key, variable and struct may not drift apart.
func TestOptionsAreSound(t *testing.T) {
	seen := map[string]string{}
	claim := func(name, option string) {
		if other := seen[name]; other != "" {
			t.Errorf("%s belongs to %s and %s", name, other, option)
		}
		seen[name] = option
	}
	for _, o := range Options(Default(Server)) {
		claim("--"+o.Name, o.Name)
		if o.Short != "" {
			claim("-"+o.Short, o.Name)
		}
		for _, e := range o.Env {
			claim(e, o.Name)
		}
		if !slices.Contains(Sections, o.Section) || o.Usage == "" || strings.HasSuffix(o.Usage, ".") || len(o.Roles) == 0 {
			t.Errorf("%s: section %q, usage %q, roles %v", o.Name, o.Section, o.Usage, o.Roles)
		}
		if fresh := Default(Server); o.Default != "" && !strings.Contains(o.Default, " ") && o.Default != "false" {
			if got := optionValue(fresh, o.Name); got != o.Default {
				t.Errorf("%s: documented default %q, real %q", o.Name, o.Default, got)
			}
		}
	}
}

func TestRoleOf(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"agent": "node-ip: 192.0.2.2\nserver: https://192.0.2.1:6443\n", "server": "node-ip: 192.0.2.1\n", "broken": "server: [\n"} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return "KOVE_CONFIG_FILE=" + filepath.Join(dir, name+".yaml") }
	for name, tc := range map[string]struct {
		env   []string
		flags map[string][]string
		want  Role
	}{
		"a file that names a server":  {[]string{file("agent")}, nil, Agent},
		"a file without":              {[]string{file("server")}, nil, Server},
		"a file that cannot be read":  {[]string{file("broken")}, nil, Server},
		"a variable":                  {[]string{file("server"), "KOVE_URL=https://192.0.2.1:6443"}, nil, Agent},
		"an empty variable":           {[]string{file("server"), "KOVE_URL="}, nil, Server},
		"a flag":                      {[]string{file("server")}, map[string][]string{"server": {"https://192.0.2.1:6443"}}, Agent},
		"flags of servers beside it":  {[]string{file("server")}, map[string][]string{"cluster-cidr": {"10.0.0.0/16"}}, Server},
		"a file named by another one": {nil, map[string][]string{"config": {filepath.Join(dir, "agent.yaml")}}, Agent},
	} {
		if got := RoleOf(Input{Environ: tc.env, Flags: tc.flags}); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
