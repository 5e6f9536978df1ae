package install

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/config"
)

// testMachine is a machine below a folder.
func testMachine(t *testing.T) Machine {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"bin", "systemd"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "download")
	if err := os.WriteFile(program, []byte("program 1"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Machine{
		Version: "v1", Role: config.Server, Service: "kove", Executable: program, BinDir: filepath.Join(dir, "bin"), SystemdDir: filepath.Join(dir, "systemd"),
		Inventory: filepath.Join(dir, "etc/kove/install.json"), ConfigFile: filepath.Join(dir, "etc/kove/config.yaml"), Systemd: true,
		Settings: map[string][]string{"node-name": {"a"}, "tls-san": {"x", "y"}}, List: func(name string) bool { return name == "tls-san" },
		ImageDir: filepath.Join(dir, "images"),
	}
}

func TestInstallTwiceChangesNothing(t *testing.T) {
	m := testMachine(t)
	changed, err := Install(m)
	if err != nil || len(changed) != 5 {
		t.Fatalf("the first time: %v %v", changed, err)
	}
	settings, err := os.ReadFile(SettingsFile(m.ConfigFile))
	if want := settingsHeader + "node-name: a\ntls-san:\n    - x\n    - \"y\"\n"; err != nil || string(settings) != want {
		t.Errorf("settings: %v\n%s\nwant\n%s", err, settings, want)
	}
	if fi, err := os.Stat(SettingsFile(m.ConfigFile)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of the settings: %v %v", fi, err)
	}
	unit, err := os.ReadFile(filepath.Join(m.SystemdDir, "kove.service"))
	if err != nil || !strings.Contains(string(unit), "ExecStart="+m.BinDir+"/kove server --config "+m.ConfigFile+"\n") {
		t.Errorf("unit: %v\n%s", err, unit)
	}
	m.Settings = nil // nothing is given, nothing is lost
	if changed, err := Install(m); err != nil || len(changed) != 0 {
		t.Errorf("the second time: %v %v", changed, err)
	}
}

func TestInstallNewerKeepsSettings(t *testing.T) {
	m := testMachine(t)
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Executable, []byte("program 2"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.Version, m.Settings = "v2", map[string][]string{"node-name": {"b"}}
	changed, err := Install(m)
	if want := []string{filepath.Join(m.BinDir, "kove"), SettingsFile(m.ConfigFile)}; err != nil || !slices.Equal(changed, want) {
		t.Errorf("changed %v, want %v, %v", changed, want, err)
	}
	b, err := os.ReadFile(SettingsFile(m.ConfigFile))
	if err != nil || !strings.Contains(string(b), "node-name: b\ntls-san:\n    - x\n") {
		t.Errorf("settings: %v\n%s", err, b)
	}
}

func TestInstallGoesOnAfterAKill(t *testing.T) {
	m := testMachine(t)
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	// as a kill in the middle leaves it
	i, err := ReadInventory(m.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	i.Complete = false
	if err := i.write(m.Inventory); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(m.SystemdDir, "kove.service")
	if err := os.Rename(unit, temporary(unit)); err != nil {
		t.Fatal(err)
	}
	changed, err := Install(m)
	if err != nil || !slices.Equal(changed, []string{unit}) {
		t.Errorf("changed %v %v", changed, err)
	}
	if _, err := os.Stat(temporary(unit)); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", temporary(unit), err)
	}
	if i, err := ReadInventory(m.Inventory); err != nil || !i.Complete {
		t.Errorf("inventory %+v %v", i, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	m := testMachine(t)
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*Machine)
		want   string
	}{
		"another role":   {func(m *Machine) { m.Role = config.Agent }, "this machine is a kove server; run " + m.BinDir + "/kove-uninstall.sh first"},
		"another folder": {func(m *Machine) { m.BinDir = m.SystemdDir }, "kove is installed in " + m.BinDir},
		"no folder":      {func(m *Machine) { m.BinDir += "/none" }, "no such file or directory; make it or choose another with --bin-dir"},
		"a folder there": {func(m *Machine) {
			m.Service = "kove-x"
			_ = os.Mkdir(filepath.Join(m.SystemdDir, "kove-x.service"), 0o755)
		}, "there is a folder of that name; move it away"},
		"no such program": {func(m *Machine) { m.Executable += "-none" }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			other := m
			tc.change(&other)
			if changed, err := Install(other); err == nil || !strings.Contains(err.Error(), tc.want) || len(changed) != 0 {
				t.Errorf("changed %v, error %v, want %q", changed, err, tc.want)
			}
		})
	}
	unlock, err := lockDir(m.BinDir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Install(m); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("beside another install: %v", err)
	}
}

// A command of that name which is not ours is left alone.
func TestLinks(t *testing.T) {
	m := testMachine(t)
	m.Links = true
	t.Setenv("PATH", m.SystemdDir)
	if err := os.WriteFile(filepath.Join(m.SystemdDir, "kubectl"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.BinDir, "ctr"), []byte("theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(m.BinDir, "kubectl")); !os.IsNotExist(err) {
		t.Errorf("kubectl was made although the machine has one: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(m.BinDir, "ctr")); err != nil || string(b) != "theirs" {
		t.Errorf("ctr: %q %v", b, err)
	}
	if to, err := os.Readlink(filepath.Join(m.BinDir, "crictl")); err != nil || to != "kove" {
		t.Errorf("crictl: %q %v", to, err)
	}
}

func TestRenderedScriptsHaveNoPlaces(t *testing.T) {
	m := testMachine(t)
	m.Systemd, m.Inventory = false, filepath.Join(filepath.Dir(filepath.Dir(m.Inventory)), "install.json")
	list, err := m.plan(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		if regexp.MustCompile("@[A-Z]+@").Match(w.content) {
			t.Errorf("%s has a place that is not filled in:\n%s", w.path, w.content)
		}
	}
}

func TestUninstallWithoutInventory(t *testing.T) {
	_, err := Uninstall(context.Background(), filepath.Join(t.TempDir(), "install.json"))
	if err == nil || !strings.Contains(err.Error(), "was not installed by its installer here") {
		t.Errorf("got %v", err)
	}
}

func TestDamagedInventory(t *testing.T) {
	m := testMachine(t)
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Inventory, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(m); err == nil || !strings.Contains(err.Error(), "restore it, or delete it and install again") {
		t.Errorf("got %v", err)
	}
}

// A removal that is killed before any of its steps and run again, as a user does it, leaves what was there before kove.
func TestUninstallKilledAnywhere(t *testing.T) {
	type killed struct{}
	real := remove
	defer func() { remove = real }()
	uninstall := func(m Machine, steps int) (done bool) {
		defer func() {
			if p := recover(); p != nil && p != any(killed{}) {
				panic(p)
			}
		}()
		remove = func(path string) error {
			if steps == 0 {
				panic(killed{})
			}
			steps--
			return real(path)
		}
		if _, err := Uninstall(context.Background(), m.Inventory); err != nil {
			t.Fatal(err)
		}
		return true
	}
	again := func(m Machine) {
		script := filepath.Join(m.BinDir, "kove-uninstall.sh")
		if _, err := os.Stat(script); os.IsNotExist(err) {
			return // it goes last
		}
		if _, err := os.Stat(filepath.Join(m.BinDir, "kove")); err == nil {
			uninstall(m, -1) // what the script calls
		} else if out, err := exec.Command("sh", script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, foreign := range []string{"", "etc/kove/registries.yaml", "etc/kove/config.yaml.d/50-site.yaml"} {
		for step, done := 0, false; !done; step++ {
			m := testMachine(t)
			m.Systemd, m.Service = false, "kove-of-a-test"
			root := filepath.Dir(m.BinDir)
			if _, err := Install(m); err != nil {
				t.Fatal(err)
			}
			want := []string{"bin", "download", "systemd"}
			if foreign != "" {
				if err := os.WriteFile(filepath.Join(root, foreign), nil, 0o644); err != nil {
					t.Fatal(err)
				}
				for p := foreign; p != "."; p = filepath.Dir(p) {
					want = append(want, p)
				}
			}
			done = uninstall(m, step)
			again(m)
			var left []string
			_ = filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
				if rel, _ := filepath.Rel(root, p); err == nil && rel != "." {
					left = append(left, rel)
				}
				return err
			})
			slices.Sort(want)
			slices.Sort(left)
			if !slices.Equal(left, want) {
				t.Errorf("killed before step %d with %q: left %v, want %v", step, foreign, left, want)
			}
			if step > 100 {
				t.Fatal("the removal does not end")
			}
		}
	}
}

// An install that was killed while its first folder was not in place yet leaves nothing that the next one does not clear.
func TestInstallKilledAtTheFirstFolder(t *testing.T) {
	m := testMachine(t)
	half := temporary(filepath.Dir(m.Inventory))
	if err := os.MkdirAll(half, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, ".install.json.kove-new"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Install(m); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(half); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", half, err)
	}
	if i, err := ReadInventory(m.Inventory); err != nil || !i.has(filepath.Dir(m.Inventory)) {
		t.Errorf("the inventory does not list its folder: %+v %v", i, err)
	}
}
