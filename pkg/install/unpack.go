package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/embedded"
)

const (
	currentLink  = "current"
	previousLink = "previous"
	lockName     = ".lock"
	tempPrefix   = ".unpack-"
	manifestName = "manifest.json"
)

// source is where a payload comes from: the binary, or a test.
type source struct {
	payload *embedded.Payload
	open    func() (io.ReadCloser, error)
}

// Unpack makes the payload of this binary available in <dataDir>/data/<hash>, makes current point to it and returns that folder.
// A payload that is there already is checked and, where files are missing or damaged, repaired. Older payloads go,
// except the previous one and those that still run.
func Unpack(dataDir string) (root string, err error) {
	p, err := embedded.Manifest()
	if err != nil {
		return "", err
	}
	return unpack(source{payload: p, open: embedded.Open}, dataDir)
}

func unpack(src source, dataDir string) (root string, err error) {
	if src.payload.Hash == "" || strings.ContainsAny(src.payload.Hash, "/.") {
		return "", fmt.Errorf("unpacking the payload: its hash %q is no folder name", src.payload.Hash)
	}
	dataDir, err = filepath.Abs(dataDir)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(dataDir, "data")
	root = filepath.Join(dir, src.payload.Hash)
	if err := foresee(src.payload, dir, root); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", explain(dir, err)
	}
	unlock, err := lock(filepath.Join(dir, lockName))
	if err != nil {
		return "", explain(dir, err)
	}
	defer unlock()
	if err := removeLeftovers(dir); err != nil {
		return "", explain(dir, err)
	}
	switch _, err := os.Lstat(root); {
	case errors.Is(err, fs.ErrNotExist):
		err = unpackNew(src, dir, root)
		if err != nil {
			return "", explain(dir, err)
		}
	case err != nil:
		return "", explain(dir, err)
	default:
		if err := repair(src, dir, root); err != nil {
			return "", explain(dir, err)
		}
	}
	if err := makeCurrent(dir, src.payload.Hash); err != nil {
		return "", explain(dir, err)
	}
	if err := prune(dir); err != nil {
		return "", explain(dir, err)
	}
	return root, nil
}

// foresee finds before anything is changed what would make unpacking fail.
func foresee(p *embedded.Payload, dir, root string) error {
	if err := checkInterp(p, root); err != nil {
		return err
	}
	there := dir // or the folder above that will hold it
	for there != "/" {
		if _, err := os.Lstat(there); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		there = filepath.Dir(there)
	}
	if err := checkMount(there, dir); err != nil {
		return explain(dir, err)
	}
	if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) {
		return explain(dir, checkSpace(there, dir, p.Files))
	}
	return nil
}

// unpackNew unpacks everything into a temporary folder and renames it.
func unpackNew(src source, dir, root string) error {
	if err := checkSpace(dir, dir, src.payload.Files); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			os.RemoveAll(tmp) // the next start does it if this cannot
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := extract(src, tmp, root, src.payload.Files); err != nil {
		return err
	}
	if err := writeManifest(tmp, src.payload); err != nil {
		return err
	}
	// one call for all files and folders of the file system instead of an fsync each
	if err := syncFS(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, root); err != nil {
		return err
	}
	done = true
	return syncDir(dir)
}

// makeCurrent points current to the payload; what it pointed to becomes previous.
func makeCurrent(dir, hash string) error {
	old, err := os.Readlink(filepath.Join(dir, currentLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old == hash {
		return nil
	}
	if old != "" {
		if err := replaceLink(dir, previousLink, old); err != nil {
			return err
		}
	}
	return replaceLink(dir, currentLink, hash)
}

func replaceLink(dir, name, target string) error {
	tmp := filepath.Join(dir, tempPrefix+name)
	if err := os.Symlink(target, tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(dir)
}

// prune removes payloads that no link points to and no process runs from.
func prune(dir string) error {
	keep := map[string]bool{}
	for _, l := range []string{currentLink, previousLink} {
		target, err := os.Readlink(filepath.Join(dir, l))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		keep[target] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var running map[string]bool
	for _, e := range entries {
		// what has no manifest is not ours to remove
		_, err := os.Stat(filepath.Join(dir, e.Name(), manifestName))
		if !e.IsDir() || keep[e.Name()] || err != nil {
			continue
		}
		if running == nil {
			if running, err = runningFrom(dir); err != nil {
				return err
			}
		}
		if running[e.Name()] {
			continue
		}
		// under another name first: a folder that lost half its files must not look like a payload
		gone := filepath.Join(dir, tempPrefix+"old-"+e.Name())
		if err := os.Rename(filepath.Join(dir, e.Name()), gone); err != nil {
			return err
		}
		if err := os.RemoveAll(gone); err != nil {
			return err
		}
	}
	return nil
}

// runningFrom names the entries of dir that processes execute something from.
func runningFrom(dir string) (map[string]bool, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	running := map[string]bool{}
	for _, l := range links {
		exe, err := os.Readlink(l)
		if err != nil {
			continue // gone meanwhile, or a kernel thread
		}
		if rel, ok := strings.CutPrefix(exe, real+"/"); ok {
			name, _, _ := strings.Cut(rel, "/")
			running[name] = true
		}
	}
	return running, nil
}

// removeLeftovers removes what a killed kove left; the caller holds the lock, so nobody uses it.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// lock waits for every other kove that unpacks here; the kernel releases it with the process.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func syncFS(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}
