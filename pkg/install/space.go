package install

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/embedded"
)

// slack is left free on the disk besides the payload itself: folders, and a machine that can still write its logs.
const slack = 16 << 20

// checkSpace refuses to begin what cannot end. there is a folder on the file system that dir is on or will be on.
func checkSpace(there, dir string, files []embedded.File) error {
	var st unix.Statfs_t
	if err := unix.Statfs(there, &st); err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", there, err)
	}
	block := uint64(max(st.Bsize, 1))
	need := uint64(slack)
	for _, f := range files {
		need += (uint64(f.Size) + block - 1) / block * block
	}
	if free := st.Bavail * block; free < need {
		return &spaceError{dir: dir, need: need, free: free}
	}
	return nil
}

type spaceError struct {
	dir        string
	need, free uint64
}

func (e *spaceError) Error() string {
	return fmt.Sprintf("unpacking into %s: %d MB (%d bytes) needed, %d MB (%d bytes) available: free some or choose another --data-dir",
		e.dir, (e.need+1e6-1)/1e6, e.need, e.free/1e6, e.free)
}

func (e *spaceError) Unwrap() error { return unix.ENOSPC }

// checkMount refuses a file system that runs no programs.
func checkMount(there, dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(there, &st); err != nil {
		return fmt.Errorf("asking for the mount options of %s: %w", there, err)
	}
	if st.Flags&unix.ST_NOEXEC != 0 {
		return fmt.Errorf("unpacking into %s: it is on a file system mounted noexec, and kove runs programs from there: remount it with exec or choose another --data-dir", dir)
	}
	return nil
}

// explain adds to an error of the disk which folder it is about and what helps.
func explain(dir string, err error) error {
	var space *spaceError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &space):
		return err
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("unpacking into %s: the disk or quota is full: free some or choose another --data-dir: %w", dir, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("unpacking into %s: not writable: run as root or choose another --data-dir: %w", dir, err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("unpacking into %s: the file system is read-only: remount it or choose another --data-dir: %w", dir, err)
	case errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("unpacking into %s: a part of this path is no folder: choose another --data-dir: %w", dir, err)
	}
	return fmt.Errorf("unpacking into %s: %w", dir, err)
}
