package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/kove-io/kove/embedded"
)

// compression: what an edge site downloads is compressed once and unpacked once per upgrade, so the best ratio is worth its
// minute here. The window of 2^26 lets programs share what they have in common; the unpacker allows no more.
var compression = []string{"-19", "-T1", "--long=26", "--no-progress", "-q"}

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
	if old, err := readManifest(manifest); err == nil && old.Hash == p.Hash && sumOf(archive) == old.Archive.SHA256 {
		fmt.Printf("bundle: payload %s is up to date\n", p.Hash)
		return nil
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	start := time.Now()
	if p.Archive, err = b.compress(archive, p.Files, entries); err != nil {
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

// compress writes the archive: a tar in one zstd frame per group of entries. Frames are kept in the cache by what is in
// them, so that a changed CNI shim does not cost the minute that the rest takes.
func (b *bundle) compress(to string, files []embedded.File, entries []entry) (embedded.Archive, error) {
	groups := map[string][]int{}
	for i, e := range entries {
		groups[e.group] = append(groups[e.group], i)
	}
	names := slices.Sorted(maps.Keys(groups))
	frames := make([]string, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	turns := make(chan struct{}, runtime.NumCPU())
	for i, name := range names {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			frames[i], errs[i] = b.frame(name, groups[name], files, entries, i == len(names)-1)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return embedded.Archive{}, err
	}
	tmp := filepath.Join(b.cache, "payload.tmp") // not beside the archive: another build must not embed a half-written one
	out, err := os.Create(tmp)
	if err != nil {
		return embedded.Archive{}, err
	}
	defer os.Remove(tmp)
	defer out.Close()
	sum := sha256.New()
	var size int64
	for _, f := range frames {
		data, err := os.ReadFile(f)
		if err != nil {
			return embedded.Archive{}, err
		}
		if _, err := io.MultiWriter(out, sum).Write(data); err != nil {
			return embedded.Archive{}, err
		}
		size += int64(len(data))
	}
	if err := out.Close(); err != nil {
		return embedded.Archive{}, err
	}
	return embedded.Archive{Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, os.Rename(tmp, to)
}

// frame returns the compressed piece of the archive with one group, from the cache if it is there.
func (b *bundle) frame(name string, members []int, files []embedded.File, entries []entry, last bool) (string, error) {
	id := sha256.New()
	fmt.Fprintln(id, recipe, compression, last)
	for _, i := range members {
		fmt.Fprintln(id, files[i].Path, files[i].Mode, files[i].Size, files[i].SHA256)
	}
	dir := filepath.Join(b.cache, "frames")
	path := filepath.Join(dir, name+"-"+hex.EncodeToString(id.Sum(nil)[:8])+".zst")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	older, err := filepath.Glob(filepath.Join(dir, name+"-*"))
	if err != nil {
		return "", err
	}
	start := time.Now()
	z := exec.Command("zstd", append(slices.Clone(compression), "-f", "-o", path+".tmp")...)
	z.Stderr = os.Stderr
	in, err := z.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := z.Start(); err != nil {
		return "", err
	}
	writeErr := writeTar(in, members, entries, last)
	if err := in.Close(); writeErr == nil {
		writeErr = err
	}
	if err := z.Wait(); err != nil {
		return "", fmt.Errorf("zstd: %w", err)
	}
	if writeErr != nil {
		return "", writeErr
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return "", err
	}
	for _, o := range older {
		if err := os.Remove(o); err != nil {
			return "", err
		}
	}
	fmt.Printf("bundle: compressed %-10s to %4.1f MB in %.1f s\n", name, float64(sizeOf(path))/1e6, time.Since(start).Seconds())
	return path, nil
}

// writeTar writes a piece of a tar; only the last one has the end mark.
func writeTar(w io.Writer, members []int, entries []entry, last bool) error {
	t := tar.NewWriter(w)
	for _, i := range members {
		e := entries[i]
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
	if last {
		return t.Close()
	}
	return t.Flush()
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

func sumOf(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
