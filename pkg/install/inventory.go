package install

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kove-io/kove/pkg/config"
)

// InventoryFile is where the inventory lies, beside the configuration: it must be found whatever the options say.
const InventoryFile = "/etc/kove/install.json"

// Inventory is everything that Install put onto a machine, written before any of it, so that an install that was killed is
// known to the next one and to Uninstall.
type Inventory struct {
	Version string      `json:"version"` // of the kove that installed last
	Role    config.Role `json:"role"`
	Service string      `json:"service"`
	BinDir  string      `json:"binDir"`
	// ConfigFile is the configuration that the service reads.
	ConfigFile string `json:"configFile"`
	// Complete is false while an install is under way.
	Complete bool `json:"complete"`
	// Items are files, links and folders, in the order in which they were made.
	Items []Item `json:"items"`
}

// Item is one thing on the disk.
type Item struct {
	Path string `json:"path"`
	Kind Kind   `json:"kind"`
}

// Kind says what an Item is.
type Kind string

// The kinds of items.
const (
	File   Kind = "file"
	Link   Kind = "link"
	Folder Kind = "folder" // removed only when empty
)

// ReadInventory returns the inventory, nil when kove was not installed by Install.
func ReadInventory(path string) (*Inventory, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // not installed is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("reading the inventory: %w", err)
	}
	var i Inventory
	if err := json.Unmarshal(b, &i); err != nil {
		return nil, fmt.Errorf("reading the inventory %s: %w; it lists what kove put onto this machine: restore it, or delete it and install again", path, err)
	}
	return &i, nil
}

func (i *Inventory) write(path string) error {
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the inventory: %w", err)
	}
	return replaceFile(path, append(b, '\n'), 0o644)
}

// writeFirst is write where the folder may have to be made: folder and inventory appear at once, so that no kill leaves a
// folder that nobody knows to be ours.
func (i *Inventory) writeFirst(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return i.write(path) // says what is wrong with the folder, if something is
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	tmp := temporary(dir)
	if err := os.RemoveAll(tmp); err != nil { // what a killed install left
		return err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := i.write(filepath.Join(tmp, filepath.Base(path))); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return syncDir(filepath.Dir(dir))
}

func (i *Inventory) has(path string) bool {
	for _, item := range i.Items {
		if item.Path == path {
			return true
		}
	}
	return false
}

func (i *Inventory) add(path string, kind Kind) {
	if !i.has(path) {
		i.Items = append(i.Items, Item{path, kind})
	}
}

// temporary is the name under which a file is written before it takes its place.
func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".kove-new")
}

// replaceFile makes path hold b, at once and durably, whatever was there.
func replaceFile(path string, b []byte, mode os.FileMode) error {
	return replaceWith(path, mode, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

func replaceWith(path string, mode os.FileMode, fill func(*os.File) error) error {
	tmp := temporary(path)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) { // what a killed install left
		return err
	}
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		f.Close()
		if !done {
			os.Remove(tmp)
		}
	}()
	if err := fill(f); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := errors.Join(f.Chmod(mode), f.Sync()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	done = true
	return syncDir(filepath.Dir(path))
}

// sumFile is the SHA-256 of a file, "" when there is none.
func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
