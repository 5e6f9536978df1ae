package ovsdb

import (
	"errors"
	"io"
)

// framer cuts a stream of concatenated JSON objects and arrays into texts, without parsing them.
type framer struct {
	r     io.Reader
	limit int // of one text
	buf   []byte
	at    int // start of the current text
	scan  int // how far it has been looked at
	depth int
	str   bool
	esc   bool
}

var (
	errNotJSONRPC = errors.New("receiving: the stream does not hold JSON objects")
	errTooLong    = errors.New("receiving: a message is longer than the limit")
)

// next returns the next text. It is valid until the call after.
func (f *framer) next() ([]byte, error) {
	for {
		for ; f.scan < len(f.buf); f.scan++ {
			c := f.buf[f.scan]
			switch {
			case f.str:
				switch {
				case f.esc:
					f.esc = false
				case c == '\\':
					f.esc = true
				case c == '"':
					f.str = false
				}
			case c == '{' || c == '[':
				f.depth++
			case c == '}' || c == ']':
				if f.depth--; f.depth < 0 {
					return nil, errNotJSONRPC
				}
				if f.depth == 0 {
					f.scan++
					text := f.buf[f.at:f.scan]
					f.at = f.scan
					return text, nil
				}
			case f.depth == 0:
				if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
					return nil, errNotJSONRPC
				}
				f.at = f.scan + 1
			case c == '"':
				f.str = true
			}
		}
		if len(f.buf)-f.at > f.limit {
			return nil, errTooLong
		}
		if err := f.fill(); err != nil {
			return nil, err
		}
	}
}

func (f *framer) fill() error {
	const chunk = 64 << 10
	if f.at > 0 {
		n := copy(f.buf, f.buf[f.at:])
		f.buf, f.scan, f.at = f.buf[:n], f.scan-f.at, 0
		if n == 0 && cap(f.buf) > 1<<20 {
			f.buf = nil // a large message need not be remembered
		}
	}
	if cap(f.buf)-len(f.buf) < chunk {
		f.buf = append(make([]byte, 0, 2*cap(f.buf)+chunk), f.buf...)
	}
	n, err := f.r.Read(f.buf[len(f.buf):cap(f.buf)])
	f.buf = f.buf[:len(f.buf)+n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
