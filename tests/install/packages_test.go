package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var made struct {
	sync.Once
	dir string
	err error
}

// packages makes both packages in an old and a new version, quickly.
func packages(t *testing.T) (old, newer string) {
	t.Helper()
	made.Do(func() {
		if made.dir, made.err = os.MkdirTemp("/var/tmp", "kove-install-packages."); made.err != nil {
			return
		}
		for _, version := range []string{oldVersion, newVersion} {
			cmd := exec.Command(root(t, "packaging", "package.sh"), bin(t, "kove"), filepath.Join(made.dir, version))
			cmd.Env = append(os.Environ(), "KOVE_VERSION="+version, "GZIP_LEVEL=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				made.err = fmt.Errorf("package.sh: %w\n%s", err, out)
				return
			}
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return filepath.Join(made.dir, oldVersion), filepath.Join(made.dir, newVersion)
}

// inRoot runs a script as root of a folder, in namespaces of its own, so that nothing of it reaches this machine.
func inRoot(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", "sh", "-c", `set -e
mount --make-rprivate /
mount -t proc proc "$1/proc"; mount -t sysfs sys "$1/sys"; mount -t tmpfs run "$1/run"; mount -t tmpfs dev "$1/dev"
mknod -m 666 "$1/dev/null" c 1 3; mknod -m 666 "$1/dev/urandom" c 1 9
exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive sh -c "$2"`, "sh", dir, script)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustInRoot(t *testing.T, dir, script string) string {
	t.Helper()
	out, err := inRoot(t, dir, script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// tree lists the files of a root, without what dpkg and rpm write about themselves.
func tree(t *testing.T, dir string) snapshot {
	t.Helper()
	out, err := exec.Command("find", dir, "-mindepth", "1", "(", "-path", dir+"/var/lib/dpkg", "-o", "-path", dir+"/var/log", "-o", "-path", dir+"/var/lib/rpm", "-o", "-path", dir+"/tmp", ")", "-prune", "-o", "-printf", "/%P %y %m %l\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// debianRoot is a minimal Debian, made once with debootstrap from the mirror that this machine uses, and copied.
func debianRoot(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("KOVE_DEBIAN_CACHE")
	if cache == "" {
		cache = "/var/tmp/kove-debian"
	}
	script := `set -e
mkdir -p "$1"; exec 9>"$1/lock"; flock 9
[ -f "$1/root.tar" ] || {
  suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' | awk -v s="$suite" '$2 == s && $3 == "main" { print $1; exit }')
  [ -n "$mirror" ] || { echo "apt knows no mirror of $suite: run apt-get update"; exit 1; }
  rm -rf "$1/root"
  debootstrap --variant=minbase "$suite" "$1/root" "$mirror" >"$1/log" 2>&1 || { tail -n 20 "$1/log"; exit 1; }
  rm -rf "$1"/root/var/cache/apt/* "$1"/root/var/lib/apt/lists/*
  tar -C "$1/root" -cf "$1/root.new" . && mv "$1/root.new" "$1/root.tar"; rm -rf "$1/root"
}
mkdir "$2"; tar -C "$2" -xf "$1/root.tar"`
	dir := filepath.Join(t.TempDir(), "root")
	if out, err := exec.Command("bash", "-c", script, "sh", cache, dir).CombinedOutput(); err != nil {
		t.Fatalf("making a Debian root: %v\n%s", err, out)
	}
	return dir
}

func copyIn(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", `mkdir -p "$(dirname "$2")" && cp "$1" "$2"`, "sh", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestDebianPackage(t *testing.T) {
	old, newer := packages(t)
	dir := debianRoot(t)
	for version, from := range map[string]string{"0.1.0": old, "0.2.0": newer} {
		copyIn(t, filepath.Join(from, "kove_"+version+"_amd64.deb"), filepath.Join(dir, "tmp", version+".deb"))
	}
	before := tree(t, dir)
	if out := mustInRoot(t, dir, "dpkg-deb -f /tmp/0.1.0.deb Depends Pre-Depends Recommends"); out != "" {
		t.Errorf("the package depends on %s", out)
	}
	mustInRoot(t, dir, "dpkg -i /tmp/0.1.0.deb && kove version >/dev/null && dpkg -V kove")
	for _, path := range []string{"/usr/bin/kove", "/usr/bin/kove-killall.sh", "/usr/lib/systemd/system/kove.service", "/usr/lib/systemd/system/kove-agent.service",
		"/etc/kove/config.yaml", "/usr/share/bash-completion/completions/kove", "/usr/share/doc/kove/copyright"} {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Error(err)
		}
	}
	for unit, want := range map[string]string{"kove": "ExecStart=/usr/bin/kove server", "kove-agent": "ExecStart=/usr/bin/kove agent"} {
		b, err := os.ReadFile(filepath.Join(dir, "usr/lib/systemd/system", unit+".service"))
		if err != nil || !strings.Contains(string(b), want+"\n") || strings.Contains(string(b), "@") {
			t.Errorf("%s.service: %v\n%s", unit, err, b)
		}
	}
	// the operator's configuration and kove's data outlive an upgrade and a removal
	mustInRoot(t, dir, "echo 'node-name: edge7' >>/etc/kove/config.yaml; mkdir -p /var/lib/kove/server; echo x >/var/lib/kove/server/token")
	mustInRoot(t, dir, "dpkg -i --force-confdef --force-confold /tmp/0.2.0.deb && dpkg -V kove; grep -q edge7 /etc/kove/config.yaml")
	if out := mustInRoot(t, dir, "dpkg-query -W -f '${Version}' kove"); out != "0.2.0" {
		t.Errorf("after the upgrade the version is %s", out)
	}
	if out := mustInRoot(t, dir, "dpkg -r kove 2>&1; grep edge7 /etc/kove/config.yaml; cat /var/lib/kove/server/token; ls /usr/bin/kove 2>&1 || true"); !strings.Contains(out, "node-name: edge7\nx\n") || !strings.Contains(out, "No such file") {
		t.Errorf("after the removal:\n%s", out)
	}
	mustInRoot(t, dir, "dpkg -i /tmp/0.2.0.deb && grep -q edge7 /etc/kove/config.yaml && kove version >/dev/null")
	out := mustInRoot(t, dir, "dpkg -P kove 2>&1")
	wantSame(t, "dpkg -P left (it said "+out+")", before, tree(t, dir))

	// two ways of installing do not mix
	mustInRoot(t, dir, "mkdir -p /etc/kove; echo '{}' >/etc/kove/install.json")
	if out, err := inRoot(t, dir, "dpkg -i /tmp/0.2.0.deb 2>&1"); err == nil || !strings.Contains(out, "upgrade it with the installer, or remove it with kove-uninstall.sh") {
		t.Errorf("on a machine with the installer's kove: %v\n%s", err, out)
	}
	mustInRoot(t, dir, "rm -r /etc/kove; dpkg -i /tmp/0.2.0.deb")
	if out, err := inRoot(t, dir, "/usr/bin/kove install --no-start 2>&1"); err == nil || !strings.Contains(out, "a package has installed kove") {
		t.Errorf("kove install beside the package: %v\n%s", err, out)
	}
}

func TestRPMPackage(t *testing.T) {
	old, newer := packages(t)
	// a root of its own: a static shell for the scripts, and rpm works on it from outside
	dir := filepath.Join(t.TempDir(), "root")
	for _, d := range []string{"bin", "usr/bin", "proc", "sys", "run", "dev", "tmp", "etc", "var/lib", "var/log", "var/tmp",
		"usr/lib/systemd/system", "usr/share/bash-completion/completions", "usr/share/doc", "usr/share/fish/vendor_completions.d", "usr/share/zsh/vendor-completions"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyIn(t, "/bin/busybox", filepath.Join(dir, "bin/busybox"))
	for _, applet := range []string{"sh", "env", "rm", "rmdir", "cat", "grep", "ls", "true", "mkdir"} {
		if err := os.Symlink("/bin/busybox", filepath.Join(dir, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/bin/busybox", filepath.Join(dir, "usr/bin/env")); err != nil {
		t.Fatal(err)
	}
	rpm := func(args ...string) (string, error) {
		out, err := exec.Command("unshare", append([]string{"--mount", "--net", "--pid", "--fork", "sh", "-c", `dir=$1; shift
mount --make-rprivate / && mount -t proc proc "$dir/proc" && mount -t sysfs sys "$dir/sys" && exec rpm --root "$dir" --dbpath /var/lib/rpm "$@"`, "sh", dir}, args...)...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := rpm(args...)
		if err != nil {
			t.Fatalf("rpm %v: %v\n%s", args, err, out)
		}
		return out
	}
	must("--initdb")
	before := tree(t, dir)
	oldRPM, newRPM := filepath.Join(old, "kove-0.1.0-1.x86_64.rpm"), filepath.Join(newer, "kove-0.2.0-1.x86_64.rpm")
	if out := must("-qp", "--requires", oldRPM); !onlyRPMLib(out) {
		t.Errorf("the package requires %s", out)
	}
	// --nodeps: this root's shell is not in rpm's database
	must("-i", "--nodeps", oldRPM)
	if out := must("-q", "kove"); out != "kove-0.1.0-1.x86_64" {
		t.Errorf("installed is %s", out)
	}
	if out, err := rpm("-V", "--nodeps", "kove"); err != nil {
		t.Errorf("rpm -V: %v\n%s", err, out)
	}
	mustInRoot(t, dir, "kove version >/dev/null; echo 'node-name: edge7' >>/etc/kove/config.yaml")
	must("-U", "--nodeps", newRPM)
	if out := must("-q", "kove"); out != "kove-0.2.0-1.x86_64" {
		t.Errorf("after the upgrade installed is %s", out)
	}
	mustInRoot(t, dir, "grep -q edge7 /etc/kove/config.yaml")
	out := must("-e", "--nodeps", "kove")
	saved, err := os.ReadFile(filepath.Join(dir, "etc/kove/config.yaml.rpmsave"))
	if err != nil || !strings.Contains(string(saved), "edge7") {
		t.Errorf("the operator's configuration after rpm -e: %v %s\n%s", err, saved, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, "etc/kove")); err != nil {
		t.Fatal(err)
	}
	wantSame(t, fmt.Sprintf("rpm -e left (it said %q)", out), before, tree(t, dir))
}

func onlyRPMLib(requires string) bool {
	for line := range strings.Lines(requires) {
		line = strings.TrimSpace(line)
		if line != "" && line != "/bin/sh" && !strings.HasPrefix(line, "rpmlib(") {
			return false
		}
	}
	return true
}
