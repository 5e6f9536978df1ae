package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// archive is a folder with debs.sh, a lock file and an archive behind stand-ins for apt's programs, which know what the
// archive's index says.
type archive struct{ dir string }

func newArchive(t *testing.T, lock string) archive {
	t.Helper()
	a := archive{t.TempDir()}
	script, err := os.ReadFile("../debs.sh")
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, "debs.sh", string(script), 0o755)
	a.write(t, "debs.lock", lock, 0o644)
	// show NAME or NAME=VERSION from index/NAME, as apt-cache does of one version
	a.write(t, "bin/apt-cache", `#!/bin/sh
for last; do :; done
name=${last%%=*}; [ -f "$ARCHIVE/index/$name" ] || exit 100
case $last in *=*) grep -q "^Version: ${last#*=}\$" "$ARCHIVE/index/$name" || exit 100 ;; esac
cat "$ARCHIVE/index/$name"
`, 0o755)
	a.write(t, "bin/apt-get", `#!/bin/sh
while [ $# -gt 0 ] && [ "$1" != download ]; do shift; done
[ "${1:-}" = download ] || exit 0 # update
shift
for p; do v=$(echo "${p#*=}" | sed 's/:/%3a/g'); cp "$ARCHIVE/pool/${p%%=*}_${v}_amd64.deb" . || exit 100; done
`, 0o755)
	a.write(t, "bin/dpkg", "#!/bin/sh\necho amd64\n", 0o755)
	return a
}

func (a archive) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	name = filepath.Join(a.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func content(name, version string) string { return "deb of " + name + " " + version }

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// pinned is a line of debs.lock.
func pinned(name, version string) string {
	return "ovs " + name + " " + version + " " + sum(content(name, version)) + "\n"
}

// publish has the archive forget a package's former version, as a point release does.
func (a archive) publish(t *testing.T, name, version string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(a.dir, "pool")); err != nil {
		t.Fatal(err)
	}
	a.write(t, "index/"+name, "Package: "+name+"\nVersion: "+version+"\nSHA256: "+sum(content(name, version))+"\n", 0o644)
	a.write(t, "pool/"+name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_amd64.deb", content(name, version), 0o644)
}

func (a archive) run(env string, args ...string) (stdout, stderr string, err error) {
	c := exec.Command(filepath.Join(a.dir, "debs.sh"), args...)
	c.Env = append(os.Environ(), "ARCHIVE="+a.dir, "PATH="+a.dir+"/bin:"+os.Getenv("PATH"), env)
	var out, msg strings.Builder
	c.Stdout, c.Stderr = &out, &msg
	err = c.Run()
	return out.String(), msg.String(), err
}

// A point release takes pinned versions out of the archive; a fresh machine builds all the same, says so, and a release does not.
func TestDebsWhenTheArchiveMovesOn(t *testing.T) {
	a := newArchive(t, "# comment\n"+pinned("libx", "1:2.0-1"))
	dir := filepath.Join(a.dir, "debs")
	fetch := func(env, want, says string) {
		t.Helper()
		out, msg, err := a.run(env, "fetch", dir, "ovs")
		if err != nil || out != want {
			t.Fatalf("fetch: %v %s\ngot  %swant %s", err, msg, out, want)
		}
		if !strings.Contains(msg, says) || (says == "") != (msg == "") {
			t.Errorf("said %q, want %q", msg, says)
		}
	}
	a.publish(t, "libx", "1:2.0-1")
	fetch("KOVE_DEBS=exact", pinned("libx", "1:2.0-1"), "")

	// What is downloaded stays good without the archive.
	a.publish(t, "libx", "1:2.0-1+deb13u1")
	fetch("KOVE_DEBS=exact", pinned("libx", "1:2.0-1"), "")

	// A fresh machine.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, msg, err := a.run("KOVE_DEBS=exact", "fetch", dir, "ovs"); err == nil || !strings.Contains(msg, "libx 1:2.0-1: trixie has 1:2.0-1+deb13u1 now: run packaging/payload/debs.sh lock") {
		t.Errorf("an exact build took another version: %v %s", err, msg)
	}
	fetch("A=b", pinned("libx", "1:2.0-1+deb13u1"), "libx 1:2.0-1 is no longer in trixie, taking 1:2.0-1+deb13u1")
	fetch("A=b", pinned("libx", "1:2.0-1+deb13u1"), "") // remembered
	if _, msg, err := a.run("KOVE_DEBS=exact", "fetch", dir, "ovs"); err == nil {
		t.Errorf("an exact build took what was remembered: %s", msg)
	}

	// And moves on again before the lock file does.
	a.publish(t, "libx", "1:2.0-1+deb13u2")
	if err := os.Remove(filepath.Join(dir, "libx_1%3a2.0-1+deb13u1_amd64.deb")); err != nil {
		t.Fatal(err)
	}
	fetch("A=b", pinned("libx", "1:2.0-1+deb13u2"), "taking 1:2.0-1+deb13u2")

	if _, msg, err := a.run("A=b", "lock"); err != nil {
		t.Fatal(err, msg)
	}
	lock, err := os.ReadFile(filepath.Join(a.dir, "debs.lock"))
	if want := "# comment\n" + pinned("libx", "1:2.0-1+deb13u2"); err != nil || string(lock) != want {
		t.Errorf("lock wrote %q, want %q", lock, want)
	}
	fetch("KOVE_DEBS=exact", pinned("libx", "1:2.0-1+deb13u2"), "")
}

// OVN and Open vSwitch are what the golden scenarios were recorded with: only their Debian revision may change by itself.
func TestDebsKeepTheReleaseOfOVN(t *testing.T) {
	a := newArchive(t, pinned("ovn-host", "25.03.0-1"))
	dir := filepath.Join(a.dir, "debs")
	a.publish(t, "ovn-host", "25.03.1-1")
	if _, msg, err := a.run("A=b", "fetch", dir, "ovs"); err == nil || !strings.Contains(msg, "ovn-host 25.03.0-1: trixie has 25.03.1-1 now, another release") {
		t.Errorf("took another release: %v %s", err, msg)
	}
	a.publish(t, "ovn-host", "25.03.0-1+deb13u1")
	if out, msg, err := a.run("A=b", "fetch", dir, "ovs"); err != nil || out != pinned("ovn-host", "25.03.0-1+deb13u1") {
		t.Errorf("refused another revision: %v %s %s", err, out, msg)
	}
}

// What the archive sends is compared with the checksum, whoever named it.
func TestDebsChecksum(t *testing.T) {
	a := newArchive(t, pinned("libx", "2.0-1"))
	a.publish(t, "libx", "2.0-1")
	a.write(t, "pool/libx_2.0-1_amd64.deb", "something else", 0o644)
	dir := filepath.Join(a.dir, "debs")
	_, msg, err := a.run("A=b", "fetch", dir, "ovs")
	if err == nil || !strings.Contains(msg, "libx 2.0-1: checksum "+sum("something else")+", want "+sum(content("libx", "2.0-1"))) {
		t.Errorf("%v %s", err, msg)
	}
	if left, _ := filepath.Glob(dir + "/*.deb"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
