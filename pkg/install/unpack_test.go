package install

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/embedded"
)

const loader = "lib/ld.so"

// synthetic makes a payload of these files; a file under bin/ gets an interpreter field at its begin.
func synthetic(t *testing.T, hash string, files map[string]string) source {
	t.Helper()
	p := &embedded.Payload{Hash: hash, Loader: loader, Versions: map[string]string{"test": hash}}
	var raw bytes.Buffer
	w := tar.NewWriter(&raw)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f := embedded.File{Path: name, Mode: 0o644}
		data := []byte(files[name])
		if strings.HasPrefix(name, "bin/") {
			f.Mode = 0o755
			f.Interp = &embedded.Interp{Offset: 3, Size: 256}
			data = slices.Concat([]byte("ELF"), embedded.Placeholder(256), data)
		}
		if strings.HasPrefix(name, "run/") {
			f.Mode = 0o755
		}
		sum := sha256.Sum256(data)
		f.Size, f.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
		p.Files = append(p.Files, f)
		p.Size += f.Size
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: f.Size, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return source{payload: p, open: bytesOf(z.EncodeAll(raw.Bytes(), nil))}
}

func bytesOf(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

var small = map[string]string{"bin/tool": "tool", "lib/ld.so": "loader", "share/x/y.txt": "text", "images/pause.tar": "image"}

func mustUnpack(t *testing.T, src source, dir string) string {
	t.Helper()
	root, err := unpack(src, dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func mustVerify(t *testing.T, root string) {
	t.Helper()
	bad, err := Verify(root)
	if err != nil || len(bad) > 0 {
		t.Fatalf("verifying %s: %v, differing %v", root, err, bad)
	}
}

func ls(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if target, err := os.Readlink(filepath.Join(dir, name)); err == nil {
			name += "→" + target
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "kove")
	defer syscall.Umask(syscall.Umask(0o077)) // modes come from the manifest
	root := mustUnpack(t, synthetic(t, "aaaa", small), dir)
	if want := filepath.Join(dir, "data/aaaa"); root != want {
		t.Errorf("unpacked into %s, want %s", root, want)
	}
	mustVerify(t, root)
	for name, text := range small {
		b, err := os.ReadFile(filepath.Join(dir, "data/current", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(b), text) {
			t.Errorf("%s is %q", name, b)
		}
	}
	info, err := os.Stat(filepath.Join(root, "bin/tool"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("bin/tool: mode %v, %v", info.Mode(), err)
	}
	b, err := os.ReadFile(filepath.Join(root, "bin/tool"))
	if err != nil {
		t.Fatal(err)
	}
	field := b[3 : 3+256]
	interp, _, _ := bytes.Cut(field, []byte{0})
	if want := filepath.Join(root, loader); string(interp) != want || field[255] != 0 {
		t.Errorf("the program's loader is %q, want %q", interp, want)
	}
}

func TestUnpackAgainChangesNothing(t *testing.T) {
	dir := t.TempDir()
	src := synthetic(t, "aaaa", small)
	root := mustUnpack(t, src, dir)
	before, err := os.Stat(filepath.Join(root, "lib/ld.so"))
	if err != nil {
		t.Fatal(err)
	}
	src.open = func() (io.ReadCloser, error) { t.Error("read the payload again"); return nil, io.ErrUnexpectedEOF }
	mustUnpack(t, src, dir)
	after, err := os.Stat(filepath.Join(root, "lib/ld.so"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced (%v)", err)
	}
}

func TestDamagedFilesAreRepairedAlone(t *testing.T) {
	for name, damage := range map[string]func(root string) error{
		"missing":   func(root string) error { return os.Remove(filepath.Join(root, "lib/ld.so")) },
		"truncated": func(root string) error { return os.Truncate(filepath.Join(root, "share/x/y.txt"), 1) },
		"mode":      func(root string) error { return os.Chmod(filepath.Join(root, "bin/tool"), 0o600) },
		"folder":    func(root string) error { return os.RemoveAll(filepath.Join(root, "share")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			src := synthetic(t, "aaaa", small)
			root := mustUnpack(t, src, dir)
			before, err := os.Stat(filepath.Join(root, "images/pause.tar"))
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(root); err != nil {
				t.Fatal(err)
			}
			if bad, err := Verify(root); err != nil || len(bad) != 1 {
				t.Fatalf("Verify found %v, %v", bad, err)
			}
			mustUnpack(t, src, dir)
			mustVerify(t, root)
			after, err := os.Stat(filepath.Join(root, "images/pause.tar"))
			if err != nil || !os.SameFile(before, after) {
				t.Errorf("a good file was replaced (%v)", err)
			}
			if got := ls(t, filepath.Join(dir, "data")); got != ".lock aaaa current→aaaa" {
				t.Errorf("left %s", got)
			}
		})
	}
}

func TestVerifySeesChangedBytes(t *testing.T) {
	root := mustUnpack(t, synthetic(t, "aaaa", small), t.TempDir())
	for _, name := range []string{"bin/tool", "images/pause.tar"} {
		f, err := os.OpenFile(filepath.Join(root, name), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("X"), 1); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if bad, err := Verify(root); err != nil || strings.Join(bad, " ") != "bin/tool images/pause.tar" {
		t.Errorf("Verify found %v, %v", bad, err)
	}
}

func TestMovedDataDirNamesItsNewLoader(t *testing.T) {
	base := t.TempDir()
	src := synthetic(t, "aaaa", small)
	mustUnpack(t, src, filepath.Join(base, "old"))
	if err := os.Rename(filepath.Join(base, "old"), filepath.Join(base, "newer")); err != nil {
		t.Fatal(err)
	}
	root := mustUnpack(t, src, filepath.Join(base, "newer"))
	mustVerify(t, root)
	b, err := os.ReadFile(filepath.Join(root, "bin/tool"))
	if err != nil || !bytes.Contains(b, []byte(root+"/"+loader+"\x00")) {
		t.Errorf("bin/tool does not name %s (%v)", root, err)
	}
}

func TestOldPayloadsGoUnlessNeeded(t *testing.T) {
	dir := t.TempDir()
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	running := mustUnpack(t, synthetic(t, "aaaa", map[string]string{"run/sleep": string(sleep)}), dir)
	child := exec.Command(filepath.Join(running, "run/sleep"), "600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill() //nolint:errcheck // gone already when the test went well
	if err := os.MkdirAll(filepath.Join(dir, "data/somebody's"), 0o755); err != nil {
		t.Fatal(err)
	}
	step := func(hash, want string) {
		t.Helper()
		mustUnpack(t, synthetic(t, hash, small), dir)
		if got := ls(t, filepath.Join(dir, "data")); got != ".lock "+want {
			t.Errorf("after %s: %s, want %s", hash, got, want)
		}
	}
	step("bbbb", "aaaa bbbb current→bbbb previous→aaaa somebody's")
	step("cccc", "aaaa bbbb cccc current→cccc previous→bbbb somebody's") // aaaa runs
	step("dddd", "aaaa cccc current→dddd dddd previous→cccc somebody's")
	step("dddd", "aaaa cccc current→dddd dddd previous→cccc somebody's")
	step("cccc", "aaaa cccc current→cccc dddd previous→dddd somebody's") // a way back
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // "signal: killed", as told
	step("cccc", "cccc current→cccc dddd previous→dddd somebody's")
}

func TestDamagedBinaryUnpacksNothing(t *testing.T) {
	good := synthetic(t, "aaaa", small)
	r, err := good.open()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	altered := synthetic(t, "aaaa", map[string]string{"bin/tool": "tool", "lib/ld.so": "LOADER", "share/x/y.txt": "text", "images/pause.tar": "image"})
	lacking := synthetic(t, "aaaa", map[string]string{"bin/tool": "tool"})
	for name, open := range map[string]func() (io.ReadCloser, error){
		"truncated": bytesOf(whole[:len(whole)/2]),
		"altered":   altered.open,
		"lacking":   lacking.open,
		"rubbish":   bytesOf([]byte("no zstd")),
		"empty":     bytesOf(nil),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := unpack(source{payload: good.payload, open: open}, dir)
			if err == nil || !strings.Contains(err.Error(), "this kove binary is damaged, install it again") {
				t.Errorf("error is %v", err)
			}
			if got := ls(t, filepath.Join(dir, "data")); got != ".lock" {
				t.Errorf("left %s", got)
			}
		})
	}
}

func TestBadManifests(t *testing.T) {
	for name, spoil := range map[string]func(p *embedded.Payload){
		"hash":   func(p *embedded.Payload) { p.Hash = "../x" },
		"no":     func(p *embedded.Payload) { p.Hash = "" },
		"path":   func(p *embedded.Payload) { p.Files[0].Path = "../../etc/passwd" },
		"interp": func(p *embedded.Payload) { p.Files[0].Interp.Offset = p.Files[0].Size },
	} {
		t.Run(name, func(t *testing.T) {
			src := synthetic(t, "aaaa", small)
			spoil(src.payload)
			if _, err := unpack(src, t.TempDir()); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestTooLongDataDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 50))
	_, err := unpack(synthetic(t, "aaaa", small), dir)
	if err == nil || !strings.Contains(err.Error(), "choose a shorter --data-dir") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("made the folder")
	}
}

func TestManyUnpackAtOnce(t *testing.T) {
	dir := t.TempDir()
	a, b := synthetic(t, "aaaa", small), synthetic(t, "bbbb", small)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			src := a
			if i%2 == 1 {
				src = b
			}
			_, errs[i] = unpack(src, dir)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	mustVerify(t, filepath.Join(dir, "data/aaaa"))
	mustVerify(t, filepath.Join(dir, "data/bbbb"))
	if got := ls(t, filepath.Join(dir, "data")); !strings.HasPrefix(got, ".lock aaaa bbbb current→") || len(strings.Fields(got)) != 5 {
		t.Errorf("left %s", got)
	}
}

// TestHelperUnpackSlowly is the process that TestKilledWhileUnpacking kills.
func TestHelperUnpackSlowly(t *testing.T) {
	dir := os.Getenv("KOVE_INSTALL_SLOW")
	if dir == "" {
		return
	}
	src := synthetic(t, "aaaa", bigFiles())
	open := src.open
	src.open = func() (io.ReadCloser, error) {
		r, err := open()
		return io.NopCloser(&stalling{r: r}), err
	}
	_, err := unpack(src, dir)
	t.Fatalf("the archive stalls, and yet: %v", err)
}

// bigFiles do not compress, so that half of the archive is some of the files.
func bigFiles() map[string]string {
	files := map[string]string{}
	state := sha256.Sum256(nil)
	for i := range 8 {
		var b bytes.Buffer
		for range 8192 {
			state = sha256.Sum256(state[:])
			b.Write(state[:])
		}
		files[fmt.Sprintf("share/%d", i)] = b.String()
	}
	return files
}

// stalling gives half of a 2 MB archive, says so, and stops.
type stalling struct {
	r io.Reader
	n int
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.n > 1<<20 {
		fmt.Println("STALLED")
		select {}
	}
	n, err := s.r.Read(p[:min(len(p), 4096)])
	s.n += n
	return n, err
}

func TestKilledWhileUnpacking(t *testing.T) {
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestHelperUnpackSlowly$", "-test.v")
	c.Env = append(os.Environ(), "KOVE_INSTALL_SLOW="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	for !strings.Contains(seen.String(), "STALLED") {
		n, err := out.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("the helper ended: %s", seen.String())
		}
	}
	if err := c.Process.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // "signal: killed", as told
	left := ls(t, filepath.Join(dir, "data"))
	if !strings.Contains(left, tempPrefix) || strings.Contains(left, "aaaa") {
		t.Fatalf("the killed process left %q, want a temporary folder only", left)
	}
	root := mustUnpack(t, synthetic(t, "aaaa", bigFiles()), dir)
	mustVerify(t, root)
	if got := ls(t, filepath.Join(dir, "data")); got != ".lock aaaa current→aaaa" {
		t.Errorf("left %s", got)
	}
}
