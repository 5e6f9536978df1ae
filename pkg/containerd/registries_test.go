package containerd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const registriesYAML = `mirrors:
  docker.io:
    endpoint: ["https://mirror.example:5000", "http://10.0.0.5/v2/hub"]
  "*":
    endpoint: ["https://mirror.example:5000"]
configs:
  mirror.example:5000:
    auth: {username: edge, password: 'p"w'}
    tls: {ca_file: /etc/ca.pem, cert_file: /etc/c.pem, key_file: /etc/k.pem}
  own.example:
    tls: {insecure_skip_verify: true}
`

func TestRegistries(t *testing.T) {
	dir := t.TempDir()
	o := Options{Registries: dir + "/registries.yaml", Root: dir + "/root", State: dir + "/state", ConfDir: dir + "/etc", LogDir: dir + "/log", CNIConfDir: dir + "/cni"}
	if err := os.WriteFile(o.Registries, []byte(registriesYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(o.hostsDir(), "theirs.example", "hosts.toml")
	if err := os.MkdirAll(filepath.Dir(theirs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, []byte("server = \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"docker.io": `server = "https://registry-1.docker.io"

[host."https://mirror.example:5000"]
  capabilities = ["pull", "resolve"]
  ca = "/etc/ca.pem"
  client = [["/etc/c.pem", "/etc/k.pem"]]

[host."http://10.0.0.5/v2/hub"]
  capabilities = ["pull", "resolve"]
  override_path = true
`,
		"_default": `
[host."https://mirror.example:5000"]
  capabilities = ["pull", "resolve"]
  ca = "/etc/ca.pem"
  client = [["/etc/c.pem", "/etc/k.pem"]]
`,
		"own.example": `server = "https://own.example"

[host."https://own.example"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
`,
	} {
		b, err := os.ReadFile(filepath.Join(o.hostsDir(), name, "hosts.toml"))
		if err != nil || string(b) != hostsMark+want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, b, hostsMark+want)
		}
	}
	b, err := os.ReadFile(o.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	if want := "registry.configs.\"mirror.example:5000\".auth]\n      username = \"edge\"\n      password = \"p\\\"w\"\n"; !strings.Contains(string(b), want) {
		t.Errorf("no %q in\n%s", want, b)
	}
	if changed, err := o.configChanged(); changed || err != nil {
		t.Errorf("right after writing: %v %v", changed, err)
	}

	// without the file only what others wrote stays
	if err := os.Remove(o.Registries); err != nil {
		t.Fatal(err)
	}
	if err := o.writeHosts(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(o.hostsDir(), "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "theirs.example" {
		t.Errorf("left %v %v", left, err)
	}
}

func TestWrongRegistries(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"unknown key":    {"mirors: {}\n", "field mirors not found"},
		"no URL":         {"mirrors: {docker.io: {endpoint: [mirror.example]}}\n", `mirror docker.io: "mirror.example" is not a URL`},
		"rewrite":        {"mirrors: {docker.io: {rewrite: {a: b}}}\n", "rewrite is not supported"},
		"URL for a host": {"configs: {'https://x': {}}\n", `"https://x" is not a HOST or HOST:PORT`},
		"no YAML":        {"mirrors: [\n", "registries.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registries.yaml")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readRegistries(path); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestProxyChangeIsSeen(t *testing.T) {
	dir := t.TempDir()
	o := Options{Root: dir + "/root", State: dir + "/state", ConfDir: dir + "/etc", LogDir: dir + "/log", CNIConfDir: dir + "/cni"}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	o.ProxyEnv = []string{"HTTPS_PROXY=http://u:secret@proxy"}
	if changed, err := o.configChanged(); !changed || err != nil {
		t.Errorf("after adding a proxy: %v %v", changed, err)
	}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(o.proxyFile()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s: %v %v", o.proxyFile(), fi, err)
	}
	if b, _ := os.ReadFile(o.ConfigFile()); strings.Contains(string(b), "secret") {
		t.Error("the proxy's password is in config.toml")
	}
	if changed, err := o.configChanged(); changed || err != nil {
		t.Errorf("right after writing: %v %v", changed, err)
	}
	o.ProxyEnv = nil
	if changed, err := o.configChanged(); !changed || err != nil {
		t.Errorf("after removing the proxy: %v %v", changed, err)
	}
}
