package ovsdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// FileState is what CheckFile finds.
type FileState string

// The states. A file that is ok or unfinished opens; the others are refused.
const (
	FileOK         FileState = "ok"
	FileUnfinished FileState = "unfinished" // the last record is not whole, as after a power cut; opening cuts it off
	FileDamaged    FileState = "damaged"    // a record in the middle is not whole, or says what cannot be
	FileForeign    FileState = "foreign"    // not a standalone OVSDB file
	FileMissing    FileState = "missing"    // opening makes an empty one
)

// FileReport is what a database file holds and what is wrong with it.
type FileReport struct {
	Path     string    `json:"path"`
	State    FileState `json:"state"`
	Database string    `json:"database,omitempty"`
	Version  string    `json:"version,omitempty"` // of the schema
	Bytes    int64     `json:"bytes"`
	Records  int       `json:"records"` // whole ones before any damage, the schema included
	Rows     int       `json:"rows"`    // that they add up to
	InUseBy  int       `json:"inUseBy,omitempty"`
	// Problem says what is wrong, with Offset where; both are empty when nothing is.
	Problem string `json:"problem,omitempty"`
	Offset  int64  `json:"offset,omitempty"`
	// Next is where the first whole record after the damage begins and Lost how many there are from there on.
	Next int64 `json:"next,omitempty"`
	Lost int   `json:"lost,omitempty"`
	// Converts is the schema version that opening brings the file to, when it is not the file's own.
	Converts string `json:"converts,omitempty"`
}

// Opens reports whether a server would open the file.
func (r *FileReport) Opens() bool { return r.State != FileDamaged && r.State != FileForeign }

// CheckFile reads a database file from beginning to end, references and indexes included, and changes nothing. Want is the
// schema that a server would open it with, nil for its own. The error is one of reading; what is wrong with the contents is in
// the report.
func CheckFile(path string, want *Schema) (FileReport, error) {
	r := FileReport{Path: path, State: FileOK, Next: 0}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		r.State = FileMissing
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("checking database file: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return r, fmt.Errorf("checking database file: %w", err)
	}
	r.Bytes, r.InUseBy = st.Size(), lockHolderOf(lockPath(path))
	return r, r.check(f, want)
}

// check looks at r.Bytes of a file.
func (r *FileReport) check(f io.ReaderAt, want *Schema) error {
	head := make([]byte, min(r.Bytes, 64))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return fmt.Errorf("checking database file: %w", err)
	}
	if bytes.HasPrefix(head, []byte("OVSDB CLUSTER ")) {
		r.State, r.Problem = FileForeign, "it is a file of a clustered database; ovsdb-tool cluster-to-standalone makes a standalone one of it"
		return nil
	}
	l := &loader{schema: want, strings: map[string]string{}}
	lr := &logReader{f: f, size: r.Bytes}
	for {
		at := lr.at
		rec, err := lr.next()
		if err == io.EOF {
			break
		}
		var torn *tornError
		switch {
		case errors.As(err, &torn):
			r.torn(lr, at, err)
		case err != nil:
			return fmt.Errorf("checking %s at offset %d: %w", r.Path, at, err)
		default:
			if err = l.record(rec); err != nil {
				r.State, r.Problem, r.Offset = FileDamaged, err.Error(), at
				r.following(lr, lr.at)
			}
		}
		if err != nil {
			break
		}
		r.Records++
	}
	if l.stored == nil {
		return nil
	}
	r.Database, r.Version = l.stored.Name, l.stored.Version
	for _, t := range l.tables {
		r.Rows += len(t.rows)
	}
	if !r.Opens() {
		return nil
	}
	db := &Database{tables: l.tables}
	db.current.Store(l.stored)
	if err := db.relink(); err != nil {
		r.State, r.Problem = FileDamaged, err.Error()
		return nil
	}
	if want != nil && l.stored != want {
		r.Converts = want.Version
		if _, err := convertTables(l.tables, l.stored, want); err != nil {
			r.State, r.Problem = FileDamaged, fmt.Sprintf("it cannot be converted to schema version %s: %v", want.Version, err)
		}
	}
	return nil
}

// torn describes a record that is not whole.
func (r *FileReport) torn(lr *logReader, at int64, why error) {
	r.Problem, r.Offset = why.Error(), at
	next := lr.wholeRecordAfter(at)
	switch {
	case next >= 0:
		r.State = FileDamaged
		r.following(lr, next)
	case at == 0 && r.Bytes > 0 && !lr.couldBeLog():
		r.State = FileForeign
	default:
		r.State = FileUnfinished
	}
}

// following counts the whole records from an offset on.
func (r *FileReport) following(lr *logReader, from int64) {
	rest := logReader{f: lr.f, size: lr.size, at: from}
	for rest.at >= 0 && rest.at < rest.size {
		at := rest.at
		if _, err := rest.next(); err != nil {
			if rest.at = rest.wholeRecordAfter(at); rest.at < 0 {
				return
			}
			continue
		}
		if r.Lost++; r.Lost == 1 {
			r.Next = at
		}
	}
}

// DamageError is a database file that cannot be used as it is.
type DamageError struct {
	Path   string
	Offset int64 // of the record that is not right
	Next   int64 // of the next whole record, -1 when none follows
	Err    error
}

func (e *DamageError) Error() string {
	if e.Next < 0 {
		return fmt.Sprintf("reading %s: record at offset %d: %v", e.Path, e.Offset, e.Err)
	}
	return fmt.Sprintf("reading %s: damage at offset %d (%v), whole records follow at offset %d", e.Path, e.Offset, e.Err, e.Next)
}

// Unwrap gives the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// SetAside renames a database file, so that a server that starts next makes an empty one, and returns its new name. With
// keep > 0 the records before that offset are kept: the new file holds the database as it was then. Nobody may use the file
// meanwhile; the server's lock is taken to make sure.
func SetAside(dir Dir, name string, keep int64, now time.Time) (string, error) {
	lock, err := LockFile(lockPath(dir.Path(name)))
	if err != nil {
		return "", fmt.Errorf("setting %s aside: %w", dir.Path(name), err)
	}
	defer lock.Close()
	aside := name + ".damaged-" + now.UTC().Format("20060102T150405.000Z")
	if keep > 0 {
		if err := copyHead(dir, name, name+".tmp", keep); err != nil {
			return "", fmt.Errorf("keeping the beginning of %s: %w", dir.Path(name), err)
		}
	}
	if err := os.Link(dir.Path(name), dir.Path(aside)); err != nil {
		return "", fmt.Errorf("setting %s aside: %w", dir.Path(name), err)
	}
	if err := dir.SyncDir(); err != nil { // the old contents have their new name for good before the old one goes
		return "", fmt.Errorf("setting %s aside: %w", dir.Path(name), err)
	}
	if keep > 0 {
		err = dir.Rename(name+".tmp", name)
	} else {
		err = dir.Remove(name)
	}
	if err == nil {
		err = dir.SyncDir()
	}
	if err != nil {
		return "", fmt.Errorf("setting %s aside: %w", dir.Path(name), err)
	}
	return dir.Path(aside), nil
}

func copyHead(dir Dir, from, to string, n int64) error {
	in, err := dir.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := dir.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if m, err := io.Copy(out, io.NewSectionReader(in, 0, n)); err != nil || m != n {
		return errors.Join(fmt.Errorf("%d of %d bytes were copied", m, n), err)
	}
	return out.Sync()
}

// lockPath is where stock puts the lock of a database file.
func lockPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".~lock~")
}

// lockHolderOf is the process that holds a lock, 0 if there is none.
func lockHolderOf(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil || lock.Type == syscall.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}
