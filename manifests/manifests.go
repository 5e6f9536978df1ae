package manifests

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"text/template"
)

//go:embed crds addons
var files embed.FS

// FS is the YAML as it is kept, templates unfilled.
func FS() fs.FS { return files }

// Values are what the cluster decides.
type Values struct {
	// SystemImage is the reference of the kove-sys image.
	SystemImage string
	// ClusterDNS is the address of the DNS Service, ClusterDomain the cluster's domain.
	ClusterDNS, ClusterDomain string
	// Upstream is where other names are looked up: "/etc/resolv.conf", which is the node's, or addresses separated by
	// spaces. Empty leaves other names unknown, for a site without any DNS server.
	Upstream string
}

// Names of the packaged files, for --disable.
const (
	CoreDNS = "coredns.yaml"
	RBAC    = "rbac.yaml"
)

// Packaged returns the files to apply: the CRDs under "crds/", the rest under their names.
func Packaged(v Values) (map[string][]byte, error) {
	if v.SystemImage == "" || v.ClusterDNS == "" || v.ClusterDomain == "" {
		return nil, fmt.Errorf("filling in manifests: the system image %q, cluster DNS address %q or cluster domain %q is empty", v.SystemImage, v.ClusterDNS, v.ClusterDomain)
	}
	out := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Dir(name) == "crds" {
			out[name] = text
			return nil
		}
		t, err := template.New(name).Delims("<<", ">>").Option("missingkey=error").Parse(string(text))
		if err != nil {
			return fmt.Errorf("parsing manifest %s: %w", name, err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, v); err != nil {
			return fmt.Errorf("filling in manifest %s: %w", name, err)
		}
		out[path.Base(name)] = b.Bytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
