package main

import (
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/kove-io/kove/embedded"
)

const (
	loaderName = "ld-linux-x86-64.so.2"
	// interpLength leaves room for a data-dir of some 450 characters; PATH_MAX is the kernel's limit.
	interpLength = 512
)

// debianPrograms are taken from the packages: path in the package → path in the payload.
var debianPrograms = map[string]string{
	"usr/lib/openvswitch-switch/ovs-vswitchd": "bin/ovs-vswitchd",
	"usr/sbin/ovsdb-server":                   "bin/ovsdb-server",
	"usr/bin/ovsdb-client":                    "bin/ovsdb-client",
	"usr/bin/ovsdb-tool":                      "bin/ovsdb-tool",
	"usr/bin/ovs-vsctl":                       "bin/ovs-vsctl",
	"usr/bin/ovs-ofctl":                       "bin/ovs-ofctl",
	"usr/bin/ovs-appctl":                      "bin/ovs-appctl",
	"usr/bin/ovs-dpctl":                       "bin/ovs-dpctl",
	"usr/bin/ovn-controller":                  "bin/ovn-controller",
	"usr/bin/ovn-nbctl":                       "bin/ovn-nbctl",
	"usr/bin/ovn-sbctl":                       "bin/ovn-sbctl",
	"usr/bin/ovn-trace":                       "bin/ovn-trace",
	"usr/bin/ovn-appctl":                      "bin/ovn-appctl",
	"usr/sbin/nft":                            "bin/nft",
	"usr/bin/mount":                           "bin/mount",
	"usr/bin/umount":                          "bin/umount",
}

var debianData = map[string]string{
	"usr/share/openvswitch/vswitch.ovsschema": "share/openvswitch/vswitch.ovsschema",
	"usr/share/ovn/ovn-nb.ovsschema":          "share/ovn/ovn-nb.ovsschema",
	"usr/share/ovn/ovn-sb.ovsschema":          "share/ovn/ovn-sb.ovsschema",
}

var debianGroups = []string{"ovs", "nft", "mount", "central"}

// debian extracts the packages and makes their programs relocatable.
func (b *bundle) debian() ([]entry, error) {
	lock, err := output(b.root, nil, "packaging/payload/debs.sh", append([]string{"fetch", b.debs()}, debianGroups...)...)
	if err != nil {
		return nil, err
	}
	patchelf, err := output("", nil, "patchelf", "--version")
	if err != nil {
		return nil, err
	}
	packages := locked(lock)
	b.versions["openvswitch"] = packages["openvswitch-switch"]
	b.versions["ovn"] = packages["ovn-host"]
	b.versions["nftables"] = packages["nftables"]
	b.versions["util-linux"] = packages["mount"]
	b.versions["glibc"] = packages["libc6"]
	b.versions["openssl"] = packages["libssl3t64"]

	dir := filepath.Join(b.cache, "debian")
	stamp := fmt.Sprintf("%d %s %x\n", recipe, patchelf, sha256.Sum256([]byte(lock)))
	if old, err := os.ReadFile(filepath.Join(dir, "stamp")); err != nil || string(old) != stamp {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if err := b.relocate(dir, packages); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "stamp"), []byte(stamp), 0o644); err != nil {
			return nil, err
		}
	}
	return listTree(filepath.Join(dir, "tree"))
}

// debs is the folder of downloaded packages.
func (b *bundle) debs() string { return filepath.Join(b.root, ".cache/debs") }

// locked returns the versions by package of lines in the form of debs.lock.
func locked(lock string) map[string]string {
	versions := map[string]string{}
	for line := range strings.Lines(lock) {
		if f := strings.Fields(line); len(f) == 4 && !strings.HasPrefix(f[0], "#") {
			versions[f[1]] = f[2]
		}
	}
	return versions
}

func (b *bundle) relocate(dir string, packages map[string]string) error {
	root, tree := filepath.Join(dir, "root"), filepath.Join(dir, "tree")
	args := append([]string{"extract", b.debs(), root}, debianGroups...)
	if err := command(b.root, nil, "packaging/payload/debs.sh", args...); err != nil {
		return err
	}
	for from, to := range debianData {
		if err := install(filepath.Join(root, from), filepath.Join(tree, to), 0o644); err != nil {
			return err
		}
	}
	programs := make([]string, 0, len(debianPrograms))
	for from, to := range debianPrograms {
		to = filepath.Join(tree, to)
		if err := install(filepath.Join(root, from), to, 0o755); err != nil {
			return err
		}
		programs = append(programs, to)
	}
	if err := libraries(root, filepath.Join(tree, "lib"), programs); err != nil {
		return err
	}
	// DT_RPATH (--force-rpath), not DT_RUNPATH: only the former also serves the needs of the libraries themselves.
	interp := string(embedded.Placeholder(interpLength)[:interpLength-1]) // patchelf adds the NUL
	for _, p := range programs {
		if err := command("", nil, "patchelf", "--set-interpreter", interp, "--force-rpath", "--set-rpath", "$ORIGIN/../lib", p); err != nil {
			return err
		}
	}
	for name := range packages {
		from := filepath.Join(root, "usr/share/doc", name, "copyright")
		if _, err := os.Stat(from); err != nil {
			continue // not extracted (another group), or its documentation is a link into another package of the list
		}
		if err := install(from, filepath.Join(tree, "share/licenses", name), 0o644); err != nil {
			return err
		}
	}
	return os.RemoveAll(root)
}

// libraries copies what the programs need, and what that needs, under the names that they ask for.
func libraries(root, to string, programs []string) error {
	search := []string{"usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "usr/lib"}
	find := func(name string) (string, error) {
		for _, d := range search {
			p, err := filepath.EvalSymlinks(filepath.Join(root, d, name))
			if err == nil {
				return p, nil
			}
		}
		return "", fmt.Errorf("library %s is in none of debs.lock's packages: add its package", name)
	}
	seen := map[string]bool{loaderName: true}
	loader, err := find(loaderName)
	if err != nil {
		return err
	}
	if err := install(loader, filepath.Join(to, loaderName), 0o755); err != nil {
		return err
	}
	todo := append([]string(nil), programs...)
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		f, err := elf.Open(p)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p, err)
		}
		needed, err := f.ImportedLibraries()
		f.Close()
		if err != nil {
			return fmt.Errorf("reading what %s needs: %w", p, err)
		}
		for _, name := range needed {
			if seen[name] {
				continue
			}
			seen[name] = true
			from, err := find(name)
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(p), err)
			}
			if err := install(from, filepath.Join(to, name), 0o644); err != nil {
				return err
			}
			todo = append(todo, from)
		}
	}
	return nil
}

// interpOf finds the placeholder of a program; ok is false for files that have none.
func interpOf(path string) (offset, size int64, ok bool, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return 0, 0, false, nil //nolint:nilerr // no ELF file: no loader
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		if p.Filesz != interpLength {
			return 0, 0, false, fmt.Errorf("%s: its interpreter field has %d bytes instead of the placeholder's %d", path, p.Filesz, interpLength)
		}
		return int64(p.Off), int64(p.Filesz), true, nil
	}
	return 0, 0, false, nil
}

func install(from, to string, mode os.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to, data, mode); err != nil {
		return err
	}
	return os.Chmod(to, mode) // whatever the umask
}

// listTree makes entries of all files below dir.
func listTree(dir string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		entries = append(entries, entry{path: rel, mode: uint32(info.Mode().Perm()), src: p, group: "debian"})
		return nil
	})
	sort.Slice(entries, func(i, j int) bool { return entries[i].path < entries[j].path })
	return entries, err
}
