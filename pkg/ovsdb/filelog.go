package ovsdb

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
)

const (
	logMagic = "OVSDB JSON "
	// Compaction is worth it when the file is this many times larger than after the last one, and not tiny.
	logGrowth  = 2
	logMinSize = 10 << 20
	maxHeader  = 128
)

// FileJournal keeps a journal in OVSDB's own log format (ovsdb(5)): stock ovsdb-tool reads, checks and compacts the file.
type FileJournal struct {
	store Storage
	name  string
	log   *slog.Logger
	head  []byte // reused for a record's header

	mu     sync.Mutex // guards file, base and rest; a Sync holds it only to look at file
	file   File
	size   int64 // of what was appended
	base   int64 // size after the last compaction
	rest   *fileCompaction
	syncMu sync.Mutex // held while syncing, so that a compaction does not close the file under it
}

// OpenFileJournal opens the named file, or creates an empty one.
func OpenFileJournal(store Storage, name string, log *slog.Logger) (*FileJournal, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	// A compaction that a crash cut short left its work behind; it was never in effect.
	if err := store.Remove(name + ".tmp"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("opening database file: %w", err)
	}
	f, err := store.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		if f, err = store.Create(name); err == nil {
			err = store.SyncDir()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening database file: %w", err)
	}
	return &FileJournal{store: store, name: name, log: log, file: f}, nil
}

// Replay implements Journal. What a crash left of an unfinished record at the end is cut off; damage that is followed by
// whole records is an error, because cutting there would throw away acknowledged transactions.
func (j *FileJournal) Replay(fn func([]byte) error) error {
	path := j.store.Path(j.name)
	size, err := j.file.Size()
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	r := &logReader{f: j.file, size: size}
	for n := 0; ; n++ {
		at := r.at
		rec, err := r.next()
		if err == io.EOF {
			break
		}
		var torn *tornError
		if errors.As(err, &torn) {
			if next := r.wholeRecordAfter(at); next >= 0 {
				return &DamageError{path, at, next, err}
			}
			if n == 0 && size > 0 && !r.couldBeLog() {
				return fmt.Errorf("reading %s: it is not an OVSDB file (%w): move it away", path, err)
			}
			j.log.Warn("cutting an unfinished record off the end of the database file", "file", path, "offset", at, "bytes", size-at, "err", err)
			if err := j.file.Truncate(at); err != nil {
				return fmt.Errorf("cutting %s at offset %d: %w", path, at, err)
			}
			if err := j.file.Sync(); err != nil {
				return fmt.Errorf("cutting %s at offset %d: %w", path, at, err)
			}
			size = at
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s at offset %d: %w", path, at, err)
		}
		if err := fn(rec); err != nil {
			return &DamageError{path, at, -1, err}
		}
	}
	j.size, j.base = size, size
	return nil
}

// Append implements Journal.
func (j *FileJournal) Append(rec []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := appendLogRecord(j.head[:0], rec)
	j.head = b
	if cap(b) > 1<<20 {
		j.head = nil
	}
	if _, err := j.file.Write(b); err != nil {
		err = fmt.Errorf("%s: %w", j.store.Path(j.name), err)
		// Leave no half record that the next one would bury.
		if terr := j.file.Truncate(j.size); terr != nil {
			return &BrokenError{errors.Join(err, terr)}
		}
		return err
	}
	j.size += int64(len(b))
	if j.rest != nil {
		j.rest.tail = append(j.rest.tail, b...)
	}
	return nil
}

func appendLogRecord(b, rec []byte) []byte {
	sum := sha1.New()
	sum.Write(rec)
	sum.Write([]byte{'\n'})
	b = appendLogHeader(b, len(rec)+1, sum)
	b = append(b, rec...)
	return append(b, '\n')
}

func appendLogHeader(b []byte, n int, sum hash.Hash) []byte {
	b = append(b, logMagic...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, ' ')
	b = hex.AppendEncode(b, sum.Sum(nil))
	return append(b, '\n')
}

// Sync implements Journal.
func (j *FileJournal) Sync() error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	j.mu.Lock()
	f := j.file
	j.mu.Unlock()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("%s: %w", j.store.Path(j.name), err)
	}
	return nil
}

// Grown implements Journal.
func (j *FileJournal) Grown() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.rest == nil && j.size > logMinSize && j.size > j.base*logGrowth
}

// Size is the file's length.
func (j *FileJournal) Size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

// Close syncs and closes the file.
func (j *FileJournal) Close() error {
	err := j.Sync()
	if cerr := j.file.Close(); err == nil {
		err = cerr
	}
	return err
}

// fileCompaction writes name.tmp beside the journal.
type fileCompaction struct {
	j    *FileJournal
	file File
	size int64
	tail []byte // records that the journal gained since; guarded by j.mu
}

// Compact implements Journal.
func (j *FileJournal) Compact() (Compaction, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.rest != nil {
		return nil, fmt.Errorf("compacting %s: it is being compacted already", j.store.Path(j.name))
	}
	f, err := j.store.Create(j.name + ".tmp")
	if err != nil {
		return nil, fmt.Errorf("compacting %s: %w", j.store.Path(j.name), err)
	}
	j.rest = &fileCompaction{j: j, file: f}
	return j.rest, nil
}

type countingHash struct {
	hash.Hash
	n int
}

func (h *countingHash) Write(b []byte) (int, error) {
	h.n += len(b)
	return h.Hash.Write(b)
}

// Record implements Compaction: the header wants length and hash first, so the record is made twice and never held whole.
func (c *fileCompaction) Record(write func(io.Writer) error) error {
	h := &countingHash{Hash: sha1.New()}
	if err := write(h); err != nil {
		return err
	}
	h.Write([]byte{'\n'})
	head := appendLogHeader(nil, h.n, h.Hash)
	if _, err := c.file.Write(head); err != nil {
		return fmt.Errorf("compacting %s: %w", c.j.store.Path(c.j.name), err)
	}
	n := &countingWriter{w: c.file}
	if err := write(n); err != nil {
		return fmt.Errorf("compacting %s: %w", c.j.store.Path(c.j.name), err)
	}
	if _, err := n.Write([]byte{'\n'}); err != nil {
		return fmt.Errorf("compacting %s: %w", c.j.store.Path(c.j.name), err)
	}
	if n.n != h.n {
		return fmt.Errorf("compacting %s: a record changed while it was written", c.j.store.Path(c.j.name))
	}
	c.size += int64(len(head) + n.n)
	return nil
}

type countingWriter struct {
	w io.Writer
	n int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	w.n += n
	return n, err
}

// Commit implements Compaction. Appends wait only for the last records to be copied and the rename.
func (c *fileCompaction) Commit() error {
	j := c.j
	if err := c.file.Sync(); err != nil {
		c.Abort()
		return fmt.Errorf("compacting %s: %w", j.store.Path(j.name), err)
	}
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	err := func() error {
		if _, err := c.file.Write(c.tail); err != nil {
			return err
		}
		if err := c.file.Sync(); err != nil {
			return err
		}
		return j.store.Rename(j.name+".tmp", j.name)
	}()
	j.rest = nil
	if err != nil {
		c.file.Close()
		j.store.Remove(j.name + ".tmp")
		return fmt.Errorf("compacting %s: %w", j.store.Path(j.name), err)
	}
	// The name leads to the new file now, so there is no way back, even if the folder cannot be synced.
	old := j.file
	j.file, j.size, j.base = c.file, c.size+int64(len(c.tail)), c.size
	err = j.store.SyncDir()
	if cerr := old.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &BrokenError{fmt.Errorf("compacting %s: %w", j.store.Path(j.name), err)}
	}
	return nil
}

// BrokenError is a failure after which a journal cannot promise what it acknowledged.
type BrokenError struct{ Err error }

func (e *BrokenError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *BrokenError) Unwrap() error { return e.Err }

// Abort implements Compaction.
func (c *fileCompaction) Abort() {
	c.j.mu.Lock()
	c.j.rest = nil
	c.j.mu.Unlock()
	c.file.Close()
	c.j.store.Remove(c.j.name + ".tmp")
}

// tornError is a record that is not whole.
type tornError struct{ why string }

func (e *tornError) Error() string { return e.why }

// logReader reads records.
type logReader struct {
	f    io.ReaderAt
	size int64
	at   int64
}

func (r *logReader) next() ([]byte, error) {
	if r.at >= r.size {
		return nil, io.EOF
	}
	n, sum, hlen, err := r.header(r.at)
	if err != nil {
		return nil, err
	}
	if r.at+hlen+n > r.size {
		return nil, &tornError{fmt.Sprintf("the record should have %d bytes, the file has %d more", n, r.size-r.at-hlen)}
	}
	b := make([]byte, n)
	if _, err := r.f.ReadAt(b, r.at+hlen); err != nil && err != io.EOF {
		return nil, err
	}
	if got := sha1.Sum(b); !bytes.Equal(got[:], sum) {
		return nil, &tornError{fmt.Sprintf("%d bytes have SHA-1 hash %x but should have hash %x", n, got, sum)}
	}
	r.at += hlen + n
	return bytes.TrimSuffix(b, []byte{'\n'}), nil
}

// header parses the header line at an offset.
func (r *logReader) header(at int64) (n int64, sum []byte, hlen int64, err error) {
	buf := make([]byte, min(maxHeader, r.size-at))
	if _, err := r.f.ReadAt(buf, at); err != nil && err != io.EOF {
		return 0, nil, 0, err
	}
	n, sum, k := parseLogHeader(buf)
	if k == 0 {
		return 0, nil, 0, &tornError{"there is no record header"}
	}
	return n, sum, int64(k), nil
}

func parseLogHeader(buf []byte) (n int64, sum []byte, length int) {
	end := bytes.IndexByte(buf, '\n')
	if end < 0 || !bytes.HasPrefix(buf, []byte(logMagic)) {
		return 0, nil, 0
	}
	size, hexsum, ok := bytes.Cut(buf[len(logMagic):end], []byte{' '})
	if !ok || len(hexsum) != 2*sha1.Size {
		return 0, nil, 0
	}
	n, err := strconv.ParseInt(string(size), 10, 48)
	if err != nil || n < 0 {
		return 0, nil, 0
	}
	if sum, err = hex.DecodeString(string(hexsum)); err != nil {
		return 0, nil, 0
	}
	return n, sum, end + 1
}

// couldBeLog reports whether the file starts as a log does, as far as it goes.
func (r *logReader) couldBeLog() bool {
	buf := make([]byte, min(int64(len(logMagic)), r.size))
	r.f.ReadAt(buf, 0)
	return bytes.HasPrefix([]byte(logMagic), buf) || len(bytes.Trim(buf, "\x00")) == 0
}

// wholeRecordAfter finds a record with a right checksum after a damaged one, -1 if there is none.
func (r *logReader) wholeRecordAfter(at int64) int64 {
	const chunk = 1 << 20
	magic := []byte(logMagic)
	for off := at + 1; off < r.size; off += chunk {
		buf := make([]byte, min(chunk+int64(len(magic)), r.size-off))
		if _, err := r.f.ReadAt(buf, off); err != nil && err != io.EOF {
			return -1
		}
		for i := 0; ; {
			k := bytes.Index(buf[i:], magic)
			if k < 0 {
				break
			}
			i += k
			probe := logReader{f: r.f, size: r.size, at: off + int64(i)}
			if _, err := probe.next(); err == nil {
				return off + int64(i)
			}
			i++
		}
	}
	return -1
}
