package detach

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// Pidfile says which process runs, for as long as that process holds a lock on it. The lock is one that belongs to the process
// (fcntl(2), F_SETLK), since that is what ovs-appctl(8) asks for.
type Pidfile struct {
	path string
	f    *os.File // whose lock is lost when any descriptor of the file is closed: nothing here opens it again
}

// CreatePidfile writes this process's number to a file. It fails if a process that runs has its number there, unless overwrite
// is set.
func CreatePidfile(path string, overwrite bool) (*Pidfile, error) {
	if err := CheckPidfile(path); err != nil && !overwrite {
		return nil, err
	}
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("creating pidfile: %w", err)
	}
	done := false
	defer func() {
		if !done {
			f.Close()
		}
	}()
	lock := wholeFile(syscall.F_WRLCK)
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		return nil, fmt.Errorf("creating pidfile %s: locking %s: %w: another process is just starting", path, tmp, err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, fmt.Errorf("creating pidfile: %w", err)
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return nil, fmt.Errorf("creating pidfile: %w", err)
	}
	// Once more, now that nobody else can be between here and the end.
	if err := CheckPidfile(path); err != nil && !overwrite {
		return nil, errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, fmt.Errorf("creating pidfile: %w", err)
	}
	done = true
	return &Pidfile{path, f}, nil
}

// CheckPidfile fails if a process that runs has its number in a file.
func CheckPidfile(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading pidfile: %w", err)
	}
	defer f.Close()
	lock := wholeFile(syscall.F_WRLCK)
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return fmt.Errorf("reading pidfile %s: %w", path, err)
	}
	if lock.Type == syscall.F_UNLCK {
		return nil
	}
	return fmt.Errorf("%s: already running as pid %s, aborting", path, strconv.Itoa(int(lock.Pid)))
}

func wholeFile(kind int16) syscall.Flock_t {
	return syscall.Flock_t{Type: kind, Whence: io.SeekStart}
}

// Remove removes the file, unless another process has overwritten it meanwhile.
func (p *Pidfile) Remove() error {
	ours, err := p.f.Stat()
	if err != nil {
		return fmt.Errorf("removing pidfile: %w", err)
	}
	if there, err := os.Stat(p.path); err == nil && os.SameFile(ours, there) {
		return errors.Join(os.Remove(p.path), p.f.Close())
	}
	return p.f.Close()
}
