package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/systemd"
)

// Machine is what to put onto a machine.
type Machine struct {
	Version string
	Role    config.Role
	// Service is the name of the unit.
	Service string
	// Executable is the program to install; "" leaves the one in BinDir alone (a read-only BinDir).
	Executable string
	BinDir     string
	SystemdDir string
	// Inventory is the path of the inventory, InventoryFile outside of tests.
	Inventory string
	// ConfigFile is what the service reads; named on its command line unless it is the default.
	ConfigFile string
	// Settings are the options that the installer was given, by name, and List tells which of them are lists.
	Settings map[string][]string
	List     func(name string) bool
	// Links makes kubectl, crictl and ctr available unless the machine has them already.
	Links bool
	// Images are archives to copy into ImageDir, from where kove imports them.
	Images   []string
	ImageDir string
	// Systemd tells whether to write a unit or the script that stands in for it.
	Systemd bool
}

// wanted is a file that Install makes, with its content or its source.
type wanted struct {
	path    string
	mode    os.FileMode
	content []byte
	source  string // file to copy
	target  string // of a link
}

// ErrInUse is returned while another install or uninstall works on the machine.
var ErrInUse = errors.New("another installation or removal is under way; wait for it")

// Install makes the machine hold what m describes and returns what it changed, nothing on a second run. It may be killed at
// any point: the next run finds an inventory of everything that may be there, and completes it.
func Install(m Machine) (changed []string, err error) {
	unlock, err := lockDir(m.BinDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	before, err := ReadInventory(m.Inventory)
	if err != nil {
		return nil, err
	}
	if before != nil && before.Role != m.Role {
		return nil, fmt.Errorf("installing a kove %s: this machine is a kove %s; run %s first, which removes its data",
			m.Role, before.Role, filepath.Join(before.BinDir, "kove-uninstall.sh"))
	}
	if before != nil && before.BinDir != m.BinDir {
		return nil, fmt.Errorf("installing into %s: kove is installed in %s; give the same folder, or run %s first", m.BinDir, before.BinDir, filepath.Join(before.BinDir, "kove-uninstall.sh"))
	}
	list, err := m.plan(before)
	if err != nil {
		return nil, err
	}
	var todo []wanted
	var need uint64
	for _, w := range list {
		same, err := w.matches()
		if err != nil {
			return nil, err
		}
		if !same {
			todo = append(todo, w)
			need += w.size()
		}
	}
	after := &Inventory{Version: m.Version, Role: m.Role, Service: m.Service, BinDir: m.BinDir, ConfigFile: m.ConfigFile}
	if before != nil {
		after.Items = slices.Clone(before.Items)
	}
	if err := m.addItems(after, list); err != nil {
		return nil, err
	}
	if before != nil && before.Complete && len(todo) == 0 && before.Version == m.Version && len(before.Items) == len(after.Items) {
		return nil, nil
	}
	if err := roomFor(m.BinDir, need); err != nil {
		return nil, err
	}
	if err := after.writeFirst(m.Inventory); err != nil {
		return nil, m.explain(err)
	}
	for _, w := range todo {
		if err := w.write(); err != nil {
			return changed, m.explain(fmt.Errorf("installing %s: %w; run the installation again, it goes on from here", w.path, err))
		}
		changed = append(changed, w.path)
	}
	after.Complete = true
	if err := after.write(m.Inventory); err != nil {
		return changed, m.explain(err)
	}
	return changed, nil
}

// addItems lists the files, and the folders that making them makes.
func (m Machine) addItems(i *Inventory, list []wanted) error {
	folders := func(path string) error {
		missing, err := missingFolders(path)
		for _, dir := range slices.Backward(missing) {
			i.add(dir, Folder)
		}
		return err
	}
	if err := folders(m.Inventory); err != nil {
		return err
	}
	for _, w := range list {
		if err := folders(w.path); err != nil {
			return err
		}
		kind := File
		if w.target != "" {
			kind = Link
		}
		i.add(w.path, kind)
	}
	if !m.Systemd {
		i.add(logFile(m.Service), File)
		i.add(logFile(m.Service)+".1", File)
	}
	return nil
}

// missingFolders are the folders that must be made for a file, the innermost first.
func missingFolders(path string) (missing []string, err error) {
	for dir := filepath.Dir(path); dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("looking at %s: %w", dir, err)
		}
		missing = append(missing, dir)
	}
	return missing, nil
}

// inventoryFolders are the folders that Install makes, or made earlier, for the inventory itself, the innermost first: what
// is left to remove when the inventory is gone.
func (m Machine) inventoryFolders(before *Inventory) ([]string, error) {
	made, err := missingFolders(m.Inventory)
	if before == nil || err != nil {
		return made, err
	}
	for dir := filepath.Dir(m.Inventory); dir != "/"; dir = filepath.Dir(dir) {
		if before.has(dir) {
			made = append(made, dir)
		}
	}
	return made, nil
}

// plan lists the wanted files in the order in which they are written.
func (m Machine) plan(before *Inventory) ([]wanted, error) {
	var list []wanted
	if m.Executable != "" {
		list = append(list, wanted{path: filepath.Join(m.BinDir, "kove"), mode: 0o755, source: m.Executable})
	}
	args := string(m.Role)
	if m.ConfigFile != config.Default(m.Role).Paths.ConfigFile {
		args += " --config " + m.ConfigFile
	}
	folders, err := m.inventoryFolders(before)
	if err != nil {
		return nil, err
	}
	values := map[string]string{"BIN": m.BinDir, "ARGS": args, "ROLE": string(m.Role), "SERVICE": m.Service, "LOG": logFile(m.Service), "INVENTORY": m.Inventory, "FOLDERS": strings.Join(folders, " ")}
	type rendered struct {
		template, path string
		mode           os.FileMode
	}
	files := []rendered{
		{"kove-killall.sh", filepath.Join(m.BinDir, "kove-killall.sh"), 0o755},
		{"kove-uninstall.sh", filepath.Join(m.BinDir, "kove-uninstall.sh"), 0o755},
	}
	if m.Systemd {
		files = append(files, rendered{"kove.service", filepath.Join(m.SystemdDir, m.Service+".service"), 0o644})
	} else {
		files = append(files, rendered{"kove-service", filepath.Join(m.BinDir, "kove-service"), 0o755})
	}
	settings, err := mergeSettings(SettingsFile(m.ConfigFile), m.Settings, m.List)
	if err != nil {
		return nil, err
	}
	if settings != nil {
		list = append(list, wanted{path: SettingsFile(m.ConfigFile), mode: 0o600, content: settings})
	}
	for _, f := range files {
		b, err := systemd.Render(f.template, values)
		if err != nil {
			return nil, err
		}
		list = append(list, wanted{path: f.path, mode: f.mode, content: b})
	}
	for _, image := range m.Images {
		list = append(list, wanted{path: filepath.Join(m.ImageDir, filepath.Base(image)), mode: 0o644, source: image})
	}
	if m.Links {
		for _, name := range []string{"kubectl", "crictl", "ctr"} {
			path := filepath.Join(m.BinDir, name)
			ours := before != nil && before.has(path)
			if _, err := os.Lstat(path); err == nil && !ours {
				continue
			}
			if found, err := exec.LookPath(name); err == nil && found != path && !ours {
				continue
			}
			list = append(list, wanted{path: path, target: "kove"})
		}
	}
	return list, nil
}

func (w wanted) matches() (bool, error) {
	if w.target != "" {
		to, err := os.Readlink(w.path)
		return err == nil && to == w.target, nil
	}
	fi, err := os.Lstat(w.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case fi.IsDir():
		return false, fmt.Errorf("installing %s: there is a folder of that name; move it away", w.path)
	case !fi.Mode().IsRegular():
		return false, nil
	}
	if w.source != "" {
		from, err := os.Stat(w.source)
		if err != nil {
			return false, fmt.Errorf("installing %s: %w", w.path, err)
		}
		if os.SameFile(fi, from) {
			return true, nil
		}
		if fi.Mode().Perm() != w.mode || fi.Size() != from.Size() {
			return false, nil
		}
		have, err := sumFile(w.path)
		if err != nil {
			return false, err
		}
		want, err := sumFile(w.source)
		return have == want, err
	}
	have, err := os.ReadFile(w.path)
	return err == nil && bytes.Equal(have, w.content) && fi.Mode().Perm() == w.mode, err
}

func (w wanted) size() uint64 {
	if w.source != "" {
		if fi, err := os.Stat(w.source); err == nil {
			return uint64(fi.Size())
		}
	}
	return uint64(len(w.content))
}

func (w wanted) write() error {
	mode := os.FileMode(0o755)
	if w.mode&0o077 == 0 && w.target == "" {
		mode = 0o700
	}
	if err := os.MkdirAll(filepath.Dir(w.path), mode); err != nil {
		return err
	}
	if w.target != "" {
		tmp := temporary(w.path)
		if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(w.target, tmp); err != nil {
			return err
		}
		return os.Rename(tmp, w.path)
	}
	if w.source == "" {
		return replaceFile(w.path, w.content, w.mode)
	}
	in, err := os.Open(w.source)
	if err != nil {
		return err
	}
	defer in.Close()
	return replaceWith(w.path, w.mode, func(f *os.File) error {
		_, err := io.Copy(f, in)
		return err
	})
}

// roomFor refuses to begin what would fill the disk. The program is by far the largest part.
func roomFor(dir string, need uint64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", dir, err)
	}
	if free := st.Bavail * uint64(max(st.Bsize, 1)); need > 0 && free < need+slack {
		return fmt.Errorf("installing into %s: %d MB needed, %d MB available: free some, or choose another folder with --bin-dir (INSTALL_KOVE_BIN_DIR): %w", dir, (need+slack+1e6-1)/1e6, free/1e6, unix.ENOSPC)
	}
	return nil
}

func (m Machine) explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("%w: the disk or quota is full: free some", err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w: remount it, or choose other folders with --bin-dir and --systemd-dir", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: run as root", err)
	}
	return err
}

// lockDir keeps two installs apart. The lock is the folder itself, so that it leaves nothing behind.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for programs: %w; make it or choose another with --bin-dir (INSTALL_KOVE_BIN_DIR)", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

// Uninstall removes what the inventory lists. It may be killed at any point and called again: by kove-uninstall.sh, which
// goes last and knows what to do without the program. kove and its state have to be gone before.
// It returns what is left of the configuration because somebody else wrote it.
func Uninstall(ctx context.Context, path string) (kept []string, err error) {
	i, err := ReadInventory(path)
	if err != nil {
		return nil, err
	}
	if i == nil {
		return nil, fmt.Errorf("removing kove: there is no inventory %s; kove was not installed by its installer here (remove the package, or the files that you copied)", path)
	}
	unlock, err := lockDir(i.BinDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	service := NewService(i.Service, i.BinDir)
	if err := service.Disable(ctx); err != nil && i.has(filepath.Join(i.BinDir, "kove")) && !strings.Contains(err.Error(), "does not exist") && !strings.Contains(err.Error(), "not loaded") {
		return nil, err
	}
	program, script := filepath.Join(i.BinDir, "kove"), filepath.Join(i.BinDir, "kove-uninstall.sh")
	var errs []error
	removeFile := func(path string) {
		for _, p := range []string{path, temporary(path)} {
			if err := remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("removing: %w", err))
			}
		}
	}
	removeFolders := func() {
		kept = nil
		for _, item := range slices.Backward(i.Items) {
			if item.Kind != Folder {
				continue
			}
			if err := remove(item.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				kept = append(kept, filesBelow(item.Path)...)
			}
		}
	}
	for _, item := range slices.Backward(i.Items) {
		if item.Kind != Folder && item.Path != program && item.Path != script {
			removeFile(item.Path)
		}
	}
	if err := service.Reload(ctx); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	removeFolders()
	if i.has(program) {
		removeFile(program)
	}
	// from here on the script does the rest should we end
	removeFile(path)
	removeFolders() // the inventory's own too
	if i.has(script) {
		removeFile(script)
	}
	slices.Sort(kept)
	return slices.Compact(kept), errors.Join(errs...)
}

// remove is os.Remove; a test ends the process here.
var remove = os.Remove

func filesBelow(dir string) []string {
	var out []string
	_ = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, p)
		}
		return nil
	})
	return out
}
