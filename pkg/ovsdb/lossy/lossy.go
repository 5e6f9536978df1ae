package lossy

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
)

// ErrPower is what a disk answers whose power is off.
var ErrPower = errors.New("the power is off")

// Disk is a folder. Its methods may be called from any goroutine.
type Disk struct {
	mu      sync.Mutex // guards everything in it, its inodes too
	rng     *rand.Rand
	dead    bool
	names   map[string]*inode // as the process sees the folder
	durable map[string]*inode // as the disk has it
	space   int               // bytes left, -1 for plenty
	onSync  func(name string) error
}

type inode struct {
	data   []byte
	synced int
}

// New makes an empty disk whose luck depends on seed.
func New(seed uint64) *Disk {
	return &Disk{rng: rand.New(rand.NewPCG(seed, 1)), names: map[string]*inode{}, durable: map[string]*inode{}, space: -1}
}

// Limit leaves room for so many more bytes; -1 for any number.
func (d *Disk) Limit(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.space = bytes
}

// OnSync has f called by each File.Sync, before what was written by then becomes durable. It may take its time; if it gives
// an error, nothing becomes durable and Sync returns it.
func (d *Disk) OnSync(f func(name string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onSync = f
}

// Data is what a file holds for the process, nil if it is not there.
func (d *Disk) Data(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.names[name]; n != nil {
		return slices.Clone(n.data)
	}
	return nil
}

// SetData replaces what a file holds, as if somebody had damaged it.
func (d *Disk) SetData(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name] = &inode{data: slices.Clone(data)}
}

// Cut turns the power off and returns what the next boot finds.
func (d *Disk) Cut() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	next := New(d.rng.Uint64())
	names := d.durable
	if d.rng.IntN(2) == 0 {
		names = d.names // the file system happened to write the folder
	}
	order := make([]string, 0, len(names))
	for name := range names {
		order = append(order, name)
	}
	slices.Sort(order) // the same seed, the same luck
	for _, name := range order {
		n := names[name]
		data := slices.Clone(n.data[:n.synced])
		if rest := n.data[n.synced:]; len(rest) > 0 {
			part := slices.Clone(rest[:d.rng.IntN(len(rest)+1)])
			if len(part) > 0 && d.rng.IntN(3) == 0 {
				clear(part[d.rng.IntN(len(part)):]) // the size was written, the data was not
			}
			data = append(data, part...)
		}
		m := &inode{data: data, synced: len(data)}
		next.names[name], next.durable[name] = m, m
	}
	return next
}

func (d *Disk) do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return ErrPower
	}
	return f()
}

// Path names a file in messages.
func (d *Disk) Path(name string) string { return "lossy/" + name }

// Open opens a file for reading and appending; os.ErrNotExist if it is not there.
func (d *Disk) Open(name string) (*File, error) {
	f := &File{d: d, name: name}
	return f, d.do(func() error {
		if f.n = d.names[name]; f.n == nil {
			return os.ErrNotExist
		}
		return nil
	})
}

// Create makes a file, empty whatever was there.
func (d *Disk) Create(name string) (*File, error) {
	f := &File{d, name, &inode{}}
	return f, d.do(func() error { d.names[name] = f.n; return nil })
}

// Rename gives a file another name.
func (d *Disk) Rename(from, to string) error {
	return d.do(func() error {
		d.names[to] = d.names[from]
		delete(d.names, from)
		return nil
	})
}

// Remove removes a file.
func (d *Disk) Remove(name string) error {
	return d.do(func() error {
		if d.names[name] == nil {
			return os.ErrNotExist
		}
		delete(d.names, name)
		return nil
	})
}

// SyncDir makes the names durable.
func (d *Disk) SyncDir() error {
	return d.do(func() error {
		d.durable = map[string]*inode{}
		for k, v := range d.names {
			d.durable[k] = v
		}
		return nil
	})
}

// File is an open file. Write appends.
type File struct {
	d    *Disk
	name string
	n    *inode
}

func (f *File) Write(b []byte) (n int, err error) {
	err = f.d.do(func() error {
		n = len(b)
		if f.d.space >= 0 && f.d.space < n {
			n = f.d.space
			err = syscall.ENOSPC
		}
		f.n.data = append(f.n.data, b[:n]...)
		if f.d.space >= 0 {
			f.d.space -= n
		}
		return err
	})
	return n, err
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(b []byte, off int64) (n int, err error) {
	err = f.d.do(func() error {
		if off >= int64(len(f.n.data)) {
			return io.EOF
		}
		if n = copy(b, f.n.data[off:]); n < len(b) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

// Close implements io.Closer.
func (f *File) Close() error { return nil }

// Size is the length of the file.
func (f *File) Size() (n int64, err error) {
	err = f.d.do(func() error { n = int64(len(f.n.data)); return nil })
	return n, err
}

// Truncate cuts the file.
func (f *File) Truncate(size int64) error {
	return f.d.do(func() error {
		if f.d.space >= 0 {
			f.d.space += len(f.n.data) - int(size)
		}
		f.n.data = f.n.data[:size]
		f.n.synced = min(f.n.synced, int(size))
		return nil
	})
}

// Sync makes durable what was written before it was called.
func (f *File) Sync() error {
	var upTo int
	var hook func(string) error
	if err := f.d.do(func() error { upTo, hook = len(f.n.data), f.d.onSync; return nil }); err != nil {
		return err
	}
	if hook != nil {
		if err := hook(f.name); err != nil {
			return err
		}
	}
	return f.d.do(func() error {
		f.n.synced = max(f.n.synced, min(upTo, len(f.n.data)))
		return nil
	})
}
