// Package embedded holds the payload of the kove binary: what cannot be Go (Open vSwitch, ovn-controller, runc, nft, their
// libraries), the helpers that others must be able to execute (the containerd shim, CNI plugins) and the images of the
// system pods. `make bundle` writes it below payload/, which is not committed; pkg/install unpacks it.
//
// Without a payload the package compiles and says so: building and testing the Go parts needs none.
// It only hands out bytes and their description: nothing is unpacked, checked or executed here.
package embedded

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

//go:embed payload
var files embed.FS

const (
	archiveFile  = "payload/payload.tar.zst"
	manifestFile = "payload/manifest.json"
)

// ErrNoPayload says that this binary carries no payload.
var ErrNoPayload = errors.New("this binary was built without its payload: run make bundle, then build it again")

// Payload describes the archive: what is in it and how it must look once unpacked.
type Payload struct {
	Hash     string            `json:"hash"`     // of everything below but the archive; names the folder that it unpacks into
	Size     int64             `json:"size"`     // bytes of all files together
	Loader   string            `json:"loader"`   // path of the dynamic loader that Interp fields must come to name
	Files    []File            `json:"files"`    // sorted by path, in the order of the archive
	Images   map[string]Image  `json:"images"`   // by short name: pause, kove-sys
	Versions map[string]string `json:"versions"` // by component
	Archive  Archive           `json:"archive"`
}

// File is one regular file of the payload; there are no others.
type File struct {
	Path   string  `json:"path"` // relative, slashes
	Mode   uint32  `json:"mode"` // permission bits
	Size   int64   `json:"size"`
	SHA256 string  `json:"sha256"` // as in the archive, that is before Interp is filled in
	Interp *Interp `json:"interp,omitempty"`
}

// Interp is the place in an ELF file (PT_INTERP) where the kernel reads the path of the loader. It must be absolute, so it is
// known only once the payload is unpacked: the archive has a placeholder there, long enough to write any sensible path
// over it, padded with NULs.
type Interp struct {
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"` // with the final NUL
}

// Image is a container image in the payload, an OCI layout as a tar.
type Image struct {
	Ref  string `json:"ref"`  // tagged by content: kove.local/kove-sys:0123456789ab
	File string `json:"file"` // path of the tar in the payload
}

// Archive is the compressed form.
type Archive struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Available says whether this binary carries a payload.
func Available() bool {
	for _, name := range []string{archiveFile, manifestFile} {
		if _, err := fs.Stat(files, name); err != nil {
			return false
		}
	}
	return true
}

// Manifest describes the payload.
func Manifest() (*Payload, error) {
	if !Available() {
		return nil, ErrNoPayload
	}
	b, err := files.ReadFile(manifestFile)
	if err != nil {
		return nil, fmt.Errorf("reading the embedded manifest: %w", err)
	}
	p := new(Payload)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("decoding the embedded manifest: %w", err)
	}
	return p, nil
}

// Open returns the compressed payload: a tar of Manifest's files in zstd.
func Open() (io.ReadCloser, error) {
	if !Available() {
		return nil, ErrNoPayload
	}
	f, err := files.Open(archiveFile)
	if err != nil {
		return nil, fmt.Errorf("opening the embedded payload: %w", err)
	}
	return f, nil
}

// Placeholder is what stands in an Interp field of the archive.
func Placeholder(size int64) []byte {
	b := bytes.Repeat([]byte("x"), int(size))
	b[0], b[size-1] = '/', 0
	return b
}
