package containerd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// registries is the operator's registries.yaml, with k3s's keys.
type registries struct {
	// Mirrors says for a registry's name, or "*" for all others, where to ask first.
	Mirrors map[string]mirror `yaml:"mirrors"`
	// Configs says for a registry's or mirror's HOST[:PORT] how to talk to it.
	Configs map[string]registry `yaml:"configs"`
}

type mirror struct {
	Endpoints []string          `yaml:"endpoint"`
	Rewrite   map[string]string `yaml:"rewrite"`
}

type registry struct {
	Auth *struct {
		Username      string `yaml:"username"`
		Password      string `yaml:"password"`
		Auth          string `yaml:"auth"`
		IdentityToken string `yaml:"identity_token"`
	} `yaml:"auth"`
	TLS *struct {
		CAFile             string `yaml:"ca_file"`
		CertFile           string `yaml:"cert_file"`
		KeyFile            string `yaml:"key_file"`
		InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
	} `yaml:"tls"`
}

// credential is what config.toml says about a registry: hosts.toml has no place for it.
type credential struct{ Host, Username, Password, Auth, IdentityToken string }

// readRegistries reads the file; without one there are no mirrors.
func readRegistries(path string) (*registries, error) {
	r := &registries{}
	if path == "" {
		return r, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the registries: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(r); err != nil && len(bytes.TrimSpace(b)) > 0 {
		return nil, fmt.Errorf("reading %s: %w; it has mirrors (name: {endpoint: [URL]}) and configs (HOST:PORT: {auth, tls})", path, err)
	}
	for name, m := range r.Mirrors {
		if len(m.Rewrite) > 0 {
			return nil, fmt.Errorf("reading %s: mirror %s: rewrite is not supported; let the mirror have the images under their own names", path, name)
		}
		for _, e := range m.Endpoints {
			if u, err := url.Parse(e); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
				return nil, fmt.Errorf("reading %s: mirror %s: %q is not a URL such as https://registry.example:5000", path, name, e)
			}
		}
	}
	for host := range r.Configs {
		if strings.Contains(host, "/") {
			return nil, fmt.Errorf("reading %s: configs: %q is not a HOST or HOST:PORT", path, host)
		}
	}
	return r, nil
}

func (r *registries) credentials() []credential {
	var out []credential
	for _, host := range slices.Sorted(maps.Keys(r.Configs)) {
		if a := r.Configs[host].Auth; a != nil {
			out = append(out, credential{host, a.Username, a.Password, a.Auth, a.IdentityToken})
		}
	}
	return out
}

// hosts returns the hosts.toml files by the folder that containerd looks for, see its docs/hosts.md.
func (r *registries) hosts() map[string]string {
	out := map[string]string{}
	for name, m := range r.Mirrors {
		dir, b := name, &strings.Builder{}
		if name == "*" {
			dir = "_default"
		} else {
			fmt.Fprintf(b, "server = %q\n", upstream(name))
		}
		for _, e := range m.Endpoints {
			u, _ := url.Parse(e) // judged when it was read
			r.host(b, strings.TrimSuffix(e, "/"), u.Host, strings.Trim(u.Path, "/") != "")
		}
		if _, named := r.Configs[name]; named && name != "*" {
			r.host(b, upstream(name), name, false)
		}
		out[dir] = b.String()
	}
	// A registry without a mirror may still need its own TLS.
	for name, c := range r.Configs {
		if _, ok := r.Mirrors[name]; !ok && c.TLS != nil {
			b := &strings.Builder{}
			fmt.Fprintf(b, "server = %q\n", upstream(name))
			r.host(b, upstream(name), name, false)
			out[name] = b.String()
		}
	}
	return out
}

// upstream is where a registry is when no mirror answers.
func upstream(name string) string {
	if name == "docker.io" {
		return "https://registry-1.docker.io"
	}
	return "https://" + name
}

func (r *registries) host(b *strings.Builder, endpoint, host string, path bool) {
	fmt.Fprintf(b, "\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
	if path { // containerd would put /v2 behind the host alone
		fmt.Fprintf(b, "  override_path = true\n")
	}
	t := r.Configs[host].TLS
	if t == nil {
		return
	}
	if t.CAFile != "" {
		fmt.Fprintf(b, "  ca = %q\n", t.CAFile)
	}
	if t.CertFile != "" {
		fmt.Fprintf(b, "  client = [[%q, %q]]\n", t.CertFile, t.KeyFile)
	}
	if t.InsecureSkipVerify {
		fmt.Fprintf(b, "  skip_verify = %s\n", strconv.FormatBool(true))
	}
}

func (o Options) hostsDir() string { return filepath.Join(o.ConfDir, "certs.d") }

// hostsMark is the first line of the hosts.toml files that are ours; others were put there by the operator.
const hostsMark = "# Written by kove from registries.yaml at each start.\n"

// writeHosts makes certs.d say what registries.yaml says.
func (o Options) writeHosts() error {
	r, err := readRegistries(o.Registries)
	if err != nil {
		return err
	}
	want := r.hosts()
	old, err := filepath.Glob(filepath.Join(o.hostsDir(), "*", "hosts.toml"))
	if err != nil {
		return fmt.Errorf("listing the registries: %w", err)
	}
	for _, path := range old {
		name := filepath.Base(filepath.Dir(path))
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading the hosts of registry %s: %w", name, err)
		}
		if _, ok := want[name]; !bytes.HasPrefix(b, []byte(hostsMark)) {
			delete(want, name) // the operator's wins
		} else if !ok {
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				return fmt.Errorf("removing the hosts of registry %s: %w", name, err)
			}
		}
	}
	for name, text := range want {
		dir := filepath.Join(o.hostsDir(), name)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("making a folder of containerd: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(hostsMark+text), 0o600); err != nil {
			return fmt.Errorf("writing the hosts of registry %s: %w", name, err)
		}
	}
	return nil
}
