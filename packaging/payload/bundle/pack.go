package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/kove-io/kove/embedded"
)

// compression: what an edge site downloads is compressed once and unpacked once per upgrade, so the best ratio is worth its
// minute here. The window of 2^26 lets the Go programs share what they have in common; the unpacker allows no more.
var compression = []string{"-19", "-T2", "--long=26", "--no-progress", "-q"}

// pack writes manifest and archive, unless the ones there describe the same files.
func (b *bundle) pack(entries []entry) error {
	sort.Slice(entries, func(i, j int) bool { return entries[i].path < entries[j].path })
	p := embedded.Payload{Loader: "lib/" + loaderName, Images: b.refs, Versions: b.versions}
	for i, e := range entries {
		if i > 0 && entries[i-1].path == e.path {
			return fmt.Errorf("%s comes from both %s and %s", e.path, entries[i-1].src, e.src)
		}
		f, err := describe(e)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, f)
		p.Size += f.Size
	}
	identity, err := json.Marshal(p)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(identity)
	p.Hash = hex.EncodeToString(sum[:8])

	archive, manifest := filepath.Join(b.out, "payload.tar.zst"), filepath.Join(b.out, "manifest.json")
	if old, err := readManifest(manifest); err == nil && old.Hash == p.Hash && sizeOf(archive) == old.Archive.Size {
		fmt.Printf("bundle: payload %s is up to date\n", p.Hash)
		return nil
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	start := time.Now()
	// not beside the archive: another build must not embed a half-written one
	if p.Archive, err = compress(filepath.Join(b.cache, "payload.tmp"), archive, entries); err != nil {
		return fmt.Errorf("packing %s: %w", archive, err)
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(b.cache, "manifest.tmp"), manifest, append(text, '\n')); err != nil {
		return err
	}
	fmt.Printf("bundle: payload %s: %d files, %.1f MB, compressed %.1f MB in %.1f s\n",
		p.Hash, len(p.Files), float64(p.Size)/1e6, float64(p.Archive.Size)/1e6, time.Since(start).Seconds())
	for _, name := range []string{"pause", "kove-sys"} {
		fmt.Printf("bundle: image %s\n", p.Images[name].Ref)
	}
	return nil
}

func describe(e entry) (embedded.File, error) {
	f, err := os.Open(e.src)
	if err != nil {
		return embedded.File{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return embedded.File{}, fmt.Errorf("reading %s: %w", e.src, err)
	}
	d := embedded.File{Path: e.path, Mode: e.mode, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	if strings.HasPrefix(e.path, "lib/") {
		return d, nil // libc.so.6 can be run too, but nobody does
	}
	offset, size, ok, err := interpOf(e.src)
	if ok {
		d.Interp = &embedded.Interp{Offset: offset, Size: size}
	}
	return d, err
}

func compress(tmp, to string, entries []entry) (embedded.Archive, error) {
	out, err := os.Create(tmp)
	if err != nil {
		return embedded.Archive{}, err
	}
	defer os.Remove(tmp)
	defer out.Close()
	sum := sha256.New()
	z := exec.Command("zstd", compression...)
	z.Stdout, z.Stderr = io.MultiWriter(out, sum), os.Stderr
	in, err := z.StdinPipe()
	if err != nil {
		return embedded.Archive{}, err
	}
	if err := z.Start(); err != nil {
		return embedded.Archive{}, err
	}
	writeErr := writeTar(in, entries)
	if err := in.Close(); writeErr == nil {
		writeErr = err
	}
	if err := z.Wait(); err != nil {
		return embedded.Archive{}, fmt.Errorf("zstd: %w", err)
	}
	if writeErr != nil {
		return embedded.Archive{}, writeErr
	}
	if err := out.Close(); err != nil {
		return embedded.Archive{}, err
	}
	return embedded.Archive{Size: sizeOf(tmp), SHA256: hex.EncodeToString(sum.Sum(nil))}, os.Rename(tmp, to)
}

func writeTar(w io.Writer, entries []entry) error {
	t := tar.NewWriter(w)
	for _, e := range entries {
		data, err := os.ReadFile(e.src)
		if err != nil {
			return err
		}
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.path, Mode: int64(e.mode), Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			return err
		}
	}
	return t.Close()
}

func readManifest(path string) (*embedded.Payload, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := new(embedded.Payload)
	return p, json.NewDecoder(bytes.NewReader(b)).Decode(p)
}

func replace(tmp, path string, data []byte) error {
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
