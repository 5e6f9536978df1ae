package install

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/kove-io/kove/embedded"
)

// maxWindow is what the payload is compressed with (packaging/payload/bundle).
const maxWindow = 1 << 26

// extract writes the wanted files of the payload into dir, checks each against its SHA-256 and fills in the loader's path as it
// will be below root, where dir comes to lie.
func extract(src source, dir, root string, wanted []embedded.File) error {
	missing := make(map[string]embedded.File, len(wanted))
	for _, f := range wanted {
		if !filepath.IsLocal(f.Path) {
			return fmt.Errorf("unpacking %s: the manifest names a file outside", f.Path)
		}
		missing[f.Path] = f
	}
	archive, err := src.open()
	if err != nil {
		return err
	}
	defer archive.Close()
	z, err := zstd.NewReader(archive, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return fmt.Errorf("reading the payload: %w", err)
	}
	defer z.Close()
	for t := tar.NewReader(z); len(missing) > 0; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err)
		}
		f, ok := missing[h.Name]
		if !ok {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return damaged(fmt.Errorf("%s is no regular file", h.Name))
		}
		if err := writeFile(t, f, filepath.Join(dir, f.Path), filepath.Join(root, src.payload.Loader)); err != nil {
			return err
		}
		delete(missing, f.Path)
	}
	for name := range missing {
		return damaged(fmt.Errorf("%s is not in the archive", name))
	}
	return nil
}

func damaged(err error) error {
	return fmt.Errorf("reading the payload: this kove binary is damaged, install it again: %w", err)
}

func writeFile(r io.Reader, f embedded.File, path, loader string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	sum := sha256.New()
	// a copy in two steps tells errors of the disk from errors of the archive
	n, err := io.Copy(io.MultiWriter(out, sum), readErrors{r})
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 || n != f.Size {
		return damaged(fmt.Errorf("%s has %d bytes with SHA-256 %s, want %d with %s", f.Path, n, got, f.Size, f.SHA256))
	}
	if f.Interp != nil {
		if _, err := out.WriteAt(interpField(f, loader), f.Interp.Offset); err != nil {
			return err
		}
	}
	if err := out.Chmod(os.FileMode(f.Mode).Perm()); err != nil { // whatever the umask
		return err
	}
	return out.Close()
}

type readErrors struct{ r io.Reader }

func (r readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return n, err
}

// interpField is the content of a program's PT_INTERP: the kernel takes what stands before the first NUL, and wants the last
// byte to be one.
func interpField(f embedded.File, loader string) []byte {
	field := make([]byte, f.Interp.Size)
	copy(field[:len(field)-1], loader)
	return field
}

// checkInterp refuses a data-dir whose path does not fit where the programs name their loader.
func checkInterp(p *embedded.Payload, root string) error {
	for _, f := range p.Files {
		if f.Interp == nil {
			continue
		}
		if have := len(filepath.Join(root, p.Loader)); int64(have) > f.Interp.Size-1 {
			return fmt.Errorf("data-dir: the path %s is %d characters too long for the programs in it: choose a shorter --data-dir", root, int64(have)-f.Interp.Size+1)
		}
		if f.Interp.Offset < 0 || f.Interp.Offset+f.Interp.Size > f.Size {
			return fmt.Errorf("unpacking %s: the manifest puts the loader's path outside the file", f.Path)
		}
	}
	return nil
}

func writeManifest(dir string, p *embedded.Payload) error {
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestName), append(b, '\n'), 0o644)
}

// repair replaces the files of an unpacked payload that are missing or visibly not ours: wrong kind, size, mode or loader. It
// does not read them all (see Verify): that would cost each start a second.
func repair(src source, dir, root string) error {
	var bad []embedded.File
	for _, f := range src.payload.Files {
		ok, err := looksRight(root, src.payload.Loader, f)
		if err != nil {
			return err
		}
		if !ok {
			bad = append(bad, f)
		}
	}
	return replaceFiles(src, dir, root, bad)
}

func replaceFiles(src source, dir, root string, bad []embedded.File) error {
	if len(bad) == 0 {
		return nil
	}
	if err := checkSpace(dir, dir, bad); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := extract(src, tmp, root, bad); err != nil {
		return err
	}
	if err := syncFS(tmp); err != nil {
		return err
	}
	// file by file: what runs from the others must not notice
	for _, f := range bad {
		to := filepath.Join(root, f.Path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(tmp, f.Path), to); err != nil {
			return err
		}
	}
	if err := writeManifest(root, src.payload); err != nil {
		return err
	}
	return syncFS(root)
}

func looksRight(root, loader string, f embedded.File) (bool, error) {
	path := filepath.Join(root, f.Path)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular() || info.Size() != f.Size || info.Mode().Perm() != os.FileMode(f.Mode).Perm():
		return false, nil
	case f.Interp == nil:
		return true, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	have := make([]byte, f.Interp.Size)
	if _, err := file.ReadAt(have, f.Interp.Offset); err != nil {
		return false, fmt.Errorf("reading %s: %w", path, err)
	}
	// a data-dir that was moved has programs that name the loader of its old place
	return bytes.Equal(have, interpField(f, filepath.Join(root, loader))), nil
}

// Verify reads a whole unpacked payload and names the files that differ from what was unpacked. It takes about a second.
func Verify(root string) (differing []string, err error) {
	b, err := os.ReadFile(filepath.Join(root, manifestName))
	if err != nil {
		return nil, fmt.Errorf("verifying the payload in %s: %w", root, err)
	}
	var p embedded.Payload
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("verifying the payload in %s: decoding its manifest: %w", root, err)
	}
	for _, f := range p.Files {
		ok, err := looksRight(root, p.Loader, f)
		if err != nil {
			return nil, fmt.Errorf("verifying the payload in %s: %w", root, err)
		}
		if ok {
			ok, err = sumMatches(filepath.Join(root, f.Path), f)
			if err != nil {
				return nil, fmt.Errorf("verifying the payload in %s: %w", root, err)
			}
		}
		if !ok {
			differing = append(differing, f.Path)
		}
	}
	return differing, nil
}

// sumMatches compares with the archive's checksum, hence with the placeholder in place of the loader's path.
func sumMatches(path string, f embedded.File) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	sum := sha256.New()
	if f.Interp == nil {
		if _, err := io.Copy(sum, file); err != nil {
			return false, err
		}
		return hex.EncodeToString(sum.Sum(nil)) == f.SHA256, nil
	}
	before := io.NewSectionReader(file, 0, f.Interp.Offset)
	after := io.NewSectionReader(file, f.Interp.Offset+f.Interp.Size, f.Size-f.Interp.Offset-f.Interp.Size)
	if _, err := io.Copy(sum, io.MultiReader(before, bytes.NewReader(embedded.Placeholder(f.Interp.Size)), after)); err != nil {
		return false, err
	}
	return hex.EncodeToString(sum.Sum(nil)) == f.SHA256, nil
}
