package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// goFlags are the flags of the whole project: other ones would compile the shared dependencies again.
const goFlags = "GOFLAGS=-trimpath -buildvcs=false -tags=no_btrfs,no_devmapper,no_zfs,no_tracing,grpcnotrace"

// foreign are programs with modules of their own below modules/, since their dependencies must not move ours.
var foreign = []struct {
	name, module string
	dir          string // in the payload
	pkgs         []string
	env, args    []string // VERSION in args is the module's
}{
	{
		name: "runc", module: "github.com/opencontainers/runc", dir: "bin", pkgs: []string{""},
		// nsenter is C; seccomp is libseccomp.a of the host's libseccomp-dev
		env:  []string{"CGO_ENABLED=1", "GOFLAGS=-trimpath -buildvcs=false"},
		args: []string{"-tags", "seccomp,netgo,osusergo,urfave_cli_no_docs", "-ldflags", `-s -w -linkmode external -extldflags "-static"`},
	},
	{
		name: "crictl", module: "sigs.k8s.io/cri-tools", dir: "bin", pkgs: []string{"/cmd/crictl"},
		env:  []string{"CGO_ENABLED=0", goFlags},
		args: []string{"-ldflags", "-s -w -X sigs.k8s.io/cri-tools/pkg/version.Version=VERSION"},
	},
	{
		name: "cni-plugins", module: "github.com/containernetworking/plugins", dir: "cni",
		pkgs: []string{
			"/plugins/main/loopback", "/plugins/main/macvlan", "/plugins/main/bridge", "/plugins/main/host-device",
			"/plugins/meta/portmap", "/plugins/meta/tuning",
			"/plugins/ipam/static", "/plugins/ipam/host-local", "/plugins/ipam/dhcp",
		},
		env:  []string{"CGO_ENABLED=0", goFlags},
		args: []string{"-ldflags", "-s -w -X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=VERSION"},
	},
}

// goPrograms builds everything that is Go. The build cache makes repetition cheap; what cannot change without its go.mod is
// not even asked for again.
func (b *bundle) goPrograms() ([]entry, error) {
	b.versions["go"] = runtime.Version()
	var entries []entry
	for i := range foreign {
		made, err := b.foreignPrograms(i)
		if err != nil {
			return nil, err
		}
		entries = append(entries, made...)
	}
	env := []string{"CGO_ENABLED=0", goFlags}
	for name, module := range map[string]string{"containerd": "github.com/containerd/containerd/v2", "coredns": "github.com/coredns/coredns"} {
		v, err := output(b.root, env, "go", "list", "-m", "-f", "{{.Version}}", module)
		if err != nil {
			return nil, err
		}
		b.versions[name] = v
	}
	build := func(ldflags, tags, pkg string) (string, error) {
		bin := filepath.Join(b.cache, "bin", path.Base(pkg))
		args := []string{"build", "-o", bin, "-ldflags", strings.TrimSpace("-s -w " + ldflags)}
		if tags != "" {
			args = append(args, "-tags", tags)
		}
		return bin, command(b.root, env, "go", append(args, pkg)...)
	}

	const shim = "containerd-shim-runc-v2"
	version := "-X github.com/containerd/containerd/v2/version.Version=" + b.versions["containerd"]
	// no_grpc: the shim speaks ttrpc only, and there is one shim per pod
	bin, err := build(version, "no_grpc,no_btrfs,no_devmapper,no_zfs,no_tracing,grpcnotrace", "github.com/containerd/containerd/v2/cmd/"+shim)
	if err != nil {
		return nil, err
	}
	entries = append(entries, entry{path: "bin/" + shim, mode: 0o755, src: bin, group: "go"})
	if _, err := os.Stat(filepath.Join(b.root, "cmd/kove-cni/main.go")); err == nil {
		bin, err := build("", "", "./cmd/kove-cni")
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{path: "cni/kove-cni", mode: 0o755, src: bin, group: "own"})
	}
	_, err = build("", "", "./cmd/kove-sys") // goes into an image
	return entries, err
}

func (b *bundle) foreignPrograms(i int) ([]entry, error) {
	f := foreign[i]
	mod := filepath.Join(b.root, "packaging/payload/modules", f.name)
	env := append([]string{"GOWORK=off"}, f.env...)
	goMod, err := os.ReadFile(filepath.Join(mod, "go.mod"))
	if err != nil {
		return nil, err
	}
	goSum, err := os.ReadFile(filepath.Join(mod, "go.sum"))
	if err != nil {
		return nil, err
	}
	version := required(string(goMod), f.module)
	if version == "" {
		return nil, fmt.Errorf("%s/go.mod does not require %s", mod, f.module)
	}
	b.versions[f.name] = version

	dir := filepath.Join(b.cache, "bin", f.name+".d")
	args := []string{"build", "-mod=readonly", "-o", dir + "/"}
	for _, a := range f.args {
		args = append(args, strings.ReplaceAll(a, "VERSION", version))
	}
	var entries []entry
	for _, p := range f.pkgs {
		args = append(args, f.module+p)
		name := path.Base(f.module + p)
		entries = append(entries, entry{path: f.dir + "/" + name, mode: 0o755, src: filepath.Join(dir, name), group: "go"})
	}
	stamp := fmt.Sprintf("%d %s %q %q %x %x\n", recipe, runtime.Version(), env, args, sha256.Sum256(goMod), sha256.Sum256(goSum))
	stampFile := dir + ".stamp"
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp {
		return entries, nil
	}
	fmt.Printf("bundle: building %s %s\n", f.name, version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := command(mod, env, "go", args...); err != nil {
		return nil, err
	}
	return entries, os.WriteFile(stampFile, []byte(stamp), 0o644)
}

// required returns the version that a go.mod asks of a module.
func required(goMod, module string) string {
	for line := range strings.Lines(goMod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && f[0] == module {
			return f[1]
		}
	}
	return ""
}
