package containerd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
)

// Options says how containerd runs.
type Options struct {
	Executable string // this program; it is started as "Executable containerd --config …"

	BinDir   string // payload programs: runc, the shim
	Root     string // persistent state
	State    string // transient state, also holds the socket
	ConfDir  string // where config.toml goes; conf.d/*.toml beside it is read last, certs.d describes registries
	LogDir   string
	ImageDir string // archives put there by the operator are imported at start

	CNIBinDir, CNIConfDir string

	SandboxImage  string // reference of the pause image
	SystemdCgroup bool
	Debug         bool

	// Registries is the operator's file about image registries; it need not exist.
	Registries string

	// Env is the child's environment, see Environment.
	Env []string
	// ProxyEnv is added to it: proxies for pulling images. It may hold a password, and is also written to the file
	// proxy.env, readable by root alone, which tells a later kove what the running daemon has.
	ProxyEnv []string
}

// Socket is where containerd listens.
func (o Options) Socket() string { return filepath.Join(o.State, "containerd.sock") }

// ConfigFile is the generated configuration.
func (o Options) ConfigFile() string { return filepath.Join(o.ConfDir, "config.toml") }

// proxyFile remembers ProxyEnv.
func (o Options) proxyFile() string { return filepath.Join(o.ConfDir, "proxy.env") }

func (o Options) proxyText() string {
	text := ""
	for _, kv := range o.ProxyEnv {
		text += kv + "\n"
	}
	return text
}

// Environment is what the child gets without proxies: the payload first in PATH.
func Environment(binDir string, environ []string) []string {
	env := []string{
		"PATH=" + binDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
	}
	for _, kv := range environ {
		if name, _, ok := strings.Cut(kv, "="); ok {
			switch name {
			case "SSL_CERT_FILE", "SSL_CERT_DIR":
				env = append(env, kv)
			}
		}
	}
	return env
}

var configTemplate = template.Must(template.New("config.toml").Funcs(template.FuncMap{"q": strconv.Quote}).Parse(
	`# Written by kove at each start. Put additions into conf.d/*.toml beside this file, registries into registries.yaml of
# kove's configuration, which becomes certs.d.
version = 3
root = {{q .Root}}
state = {{q .State}}
imports = [{{q .DropIns}}]
# They would write outside of our folders (/opt/containerd, /opt/nri) for features that nothing here uses.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]

[grpc]
  address = {{q .Socket}}

[debug]
  level = {{if .Debug}}"debug"{{else}}"info"{{end}}

[plugins.'io.containerd.cri.v1.images']
  snapshotter = {{q .Snapshotter}}
  # An image that counts as unpacked must survive a power cut: nothing would repair it.
  image_pull_with_sync_fs = true
  use_local_image_pull = true
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = {{q .SandboxImage}}
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = {{q .HostsDir}}
{{- range .Credentials}}
    [plugins.'io.containerd.cri.v1.images'.registry.configs.{{q .Host}}.auth]
{{- if .Username}}
      username = {{q .Username}}
      password = {{q .Password}}
{{- end}}{{if .Auth}}
      auth = {{q .Auth}}
{{- end}}{{if .IdentityToken}}
      identitytoken = {{q .IdentityToken}}
{{- end}}
{{- end}}

[plugins.'io.containerd.cri.v1.runtime']
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE runc may not lower a container's oom_score_adj.
  restrict_oom_score_adj = {{.RestrictOOM}}
  # Block devices of a pod belong to its user: VMs run without root.
  device_ownership_from_security_context = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [{{q .CNIBinDir}}]
    conf_dir = {{q .CNIConfDir}}
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      runtime_path = {{q .Shim}}
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = {{q .Runc}}
        Root = {{q .RuncRoot}}
        SystemdCgroup = {{.SystemdCgroup}}
`))

type configData struct {
	Options
	Socket, DropIns, Snapshotter, HostsDir, Shim, Runc, RuncRoot string
	Credentials                                                  []credential
	RestrictOOM                                                  bool
}

// render writes the configuration for a host.
func (o Options) render(h hostFacts) ([]byte, error) {
	registries, err := readRegistries(o.Registries)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = configTemplate.Execute(&b, configData{
		Options: o, Socket: o.Socket(),
		DropIns: filepath.Join(o.ConfDir, "conf.d", "*.toml"), HostsDir: o.hostsDir(), Credentials: registries.credentials(),
		Snapshotter: h.snapshotter, RestrictOOM: !h.mayLowerOOMScore,
		Shim: filepath.Join(o.BinDir, "containerd-shim-runc-v2"), Runc: filepath.Join(o.BinDir, "runc"),
		RuncRoot: filepath.Join(o.State, "runc"), // not /run/containerd/runc, which another containerd may use
	})
	if err != nil {
		return nil, fmt.Errorf("rendering the configuration of containerd: %w", err)
	}
	return b.Bytes(), nil
}

// hostFacts is what the configuration depends on and only the running machine knows.
type hostFacts struct {
	snapshotter      string
	mayLowerOOMScore bool
}

func detectHost() hostFacts {
	h := hostFacts{snapshotter: "native"}
	if b, err := os.ReadFile("/proc/filesystems"); err == nil && bytes.Contains(b, []byte("\toverlay\n")) {
		h.snapshotter = "overlayfs"
	}
	if b, err := os.ReadFile("/proc/self/status"); err == nil {
		h.mayLowerOOMScore = hasCapability(string(b), capSysResource)
	}
	return h
}

const capSysResource = 24

// hasCapability reads the effective set from the text of /proc/PID/status.
func hasCapability(status string, bit uint) bool {
	for line := range strings.Lines(status) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			v, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err == nil && v&(1<<bit) != 0
		}
	}
	return false
}
