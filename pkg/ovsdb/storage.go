package ovsdb

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Storage is the folder in which a file journal lives. Tests put one here that forgets what was not synced.
type Storage interface {
	Open(name string) (File, error)   // for reading and appending; os.ErrNotExist if it is not there
	Create(name string) (File, error) // empty, whatever was there
	Rename(from, to string) error
	Remove(name string) error
	SyncDir() error
	Path(name string) string // for messages
}

// File is an open file of a Storage. Write appends.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// Dir is a Storage in a folder of the file system.
type Dir string

// Path implements Storage.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// Open implements Storage.
func (d Dir) Open(name string) (File, error) { return openFile(d.Path(name), 0) }

// Create implements Storage.
func (d Dir) Create(name string) (File, error) {
	return openFile(d.Path(name), os.O_CREATE|os.O_TRUNC)
}

// Rename implements Storage.
func (d Dir) Rename(from, to string) error { return os.Rename(d.Path(from), d.Path(to)) }

// Remove implements Storage.
func (d Dir) Remove(name string) error { return os.Remove(d.Path(name)) }

// SyncDir implements Storage.
func (d Dir) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

type osFile struct{ *os.File }

func openFile(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|flags, 0o640)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// Sync is fdatasync: the file's size is synced with the data, its times are not worth a journal write.
func (f osFile) Sync() error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}

// LockFile takes a lock on path, creating the file, so that a second process that asks for it is refused. The way is the
// one of stock OVSDB, whose tools see the lock too. Closing the returned file releases it.
func LockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		holder := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
		if syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &holder) == nil && holder.Type != syscall.F_UNLCK {
			err = fmt.Errorf("process %d holds it: stop that process first", holder.Pid)
		}
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}
