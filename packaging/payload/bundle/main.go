package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kove-io/kove/embedded"
)

// recipe counts the changes of this program that must rebuild what an earlier one left in the cache.
const recipe = 1

// entry is a file of the payload and where it lies now.
type entry struct {
	path  string // in the payload
	mode  uint32
	src   string
	group string // what is compressed together: files that change together
}

type bundle struct {
	root, cache, out string                    // of the repository; for intermediate results; embedded/payload
	versions         map[string]string         // by component
	refs             map[string]embedded.Image // by short name
}

func main() {
	start := time.Now()
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "bundle: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("bundle: %.1f s\n", time.Since(start).Seconds())
}

func run() error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "packaging/payload/debs.lock")); err != nil {
		return errors.New("run packaging/payload/bundle.sh or make bundle: this program wants the top of the repository as its working directory")
	}
	for _, tool := range []string{"apt-get", "dpkg-deb", "patchelf", "gcc", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is missing: run make deps", tool)
		}
	}
	b := &bundle{
		root:     root,
		cache:    filepath.Join(root, ".cache/payload"),
		out:      filepath.Join(root, "embedded/payload"),
		versions: map[string]string{},
		refs:     map[string]embedded.Image{},
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(b.cache, "lock"))
	if err != nil {
		return err
	}
	defer unlock()

	var entries []entry
	for _, step := range []struct {
		name string
		make func() ([]entry, error)
	}{
		{"Debian programs", b.debian},
		{"Go programs", b.goPrograms},
		{"images", b.images},
	} {
		start := time.Now()
		made, err := step.make()
		if err != nil {
			return fmt.Errorf("making %s: %w", step.name, err)
		}
		fmt.Printf("bundle: %-20s %3d files, %.1f s\n", step.name, len(made), time.Since(start).Seconds())
		entries = append(entries, made...)
	}
	return b.pack(entries)
}

// lock waits until no other bundle works in the same cache.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Println("bundle: waiting for another make bundle")
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
	}
	return func() { f.Close() }, nil
}

// command runs a program with its messages on ours.
func command(dir string, env []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = dir, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), env...)
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

// output runs a program and returns what it prints.
func output(dir string, env []string, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), env...)
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
