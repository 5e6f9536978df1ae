package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kove-io/kove/packaging/payload/oci"
	"github.com/kove-io/kove/tests/lab"
)

// The versions that the release server has. The second is the same program with another version and another payload hash
// in its bytes: to every part of kove it is a newer one.
const (
	oldVersion = "v0.1.0"
	newVersion = "v0.2.0"
)

func root(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{dir}, elem...)...)
}

// bin is where `make build` puts the programs.
func bin(t testing.TB, name string) string {
	if dir := os.Getenv("KOVE_BIN"); dir != "" {
		return filepath.Join(dir, name)
	}
	return root(t, "bin", name)
}

var site struct {
	sync.Once
	releases string // folder with old/ new/ images/
	err      error
}

// releases makes both releases with packaging/release.sh, and an archive of images.
func releases(t testing.TB) string {
	t.Helper()
	site.Do(func() {
		dir, err := os.MkdirTemp("/var/tmp", "kove-install-test.")
		if err != nil {
			site.err = err
			return
		}
		site.releases = dir
		site.err = makeReleases(t, dir)
	})
	if site.err != nil {
		t.Fatal(site.err)
	}
	return site.releases
}

func makeReleases(t testing.TB, dir string) error {
	program, err := os.ReadFile(bin(t, "kove"))
	if err != nil {
		return fmt.Errorf("%w: run make build", err)
	}
	newer, err := makeNewer(bin(t, "kove"), program)
	if err != nil {
		return err
	}
	for version, content := range map[string][]byte{oldVersion: program, newVersion: newer} {
		binary := filepath.Join(dir, "kove-"+version)
		if err := os.WriteFile(binary, content, 0o755); err != nil {
			return err
		}
		cmd := exec.Command(root(t, "packaging", "release.sh"), binary, filepath.Join(dir, version))
		cmd.Env = append(os.Environ(), "KOVE_VERSION="+version, "GZIP_LEVEL=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("release.sh: %w\n%s", err, out)
		}
	}
	return makeImages(filepath.Join(dir, "images"), bin(t, "probe"))
}

// makeNewer changes the version and the payload's hash in the program's bytes, keeping their lengths.
func makeNewer(path string, program []byte) ([]byte, error) {
	out, err := exec.Command(path, "version").Output()
	if err != nil {
		return nil, err
	}
	newer := program
	for _, name := range []string{"kove", "payload"} {
		value := ""
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); len(f) == 2 && f[0] == name {
				value = f[1]
			}
		}
		if len(value) < 3 {
			return nil, fmt.Errorf("kove version names no %s:\n%s", name, out)
		}
		other := "fee" + value[3:]
		if value[:3] == "fee" {
			other = "bee" + value[3:]
		}
		if !bytes.Contains(newer, []byte(value)) {
			return nil, fmt.Errorf("%s %s is not in the program", name, value)
		}
		newer = bytes.ReplaceAll(newer, []byte(value), []byte(other))
	}
	return newer, nil
}

const probeImage = "kove.test/probe:1"

func makeImages(dir, probe string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	program, err := os.ReadFile(probe)
	if err != nil {
		return err
	}
	built, err := oci.Build(oci.Image{Entrypoint: []string{"/bin/probe"}, Files: []oci.File{{Path: "bin/probe", Mode: 0o755, Data: program}, {Path: "tmp", Dir: true, Mode: 0o1777}}})
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "probe.tar"))
	if err != nil {
		return err
	}
	if err := errors.Join(built.Write(f, probeImage), f.Close()); err != nil {
		return err
	}
	return exec.Command("gzip", "-1", f.Name()).Run() // probe.tar.gz
}

// serve is the release server on the lab's internet host: /old and /new are right, the others are wrong in the way that
// their name says.
func serve(t testing.TB, l *lab.Lab, dir string) {
	t.Helper()
	listener, err := l.Host(lab.Internet).Listen(":80")
	if err != nil {
		t.Fatal(err)
	}
	files := func(version string) http.Handler { return http.FileServer(http.Dir(filepath.Join(dir, version))) }
	old := files(oldVersion)
	gone := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/old/", http.StripPrefix("/old", old))
	mux.Handle("/new/", http.StripPrefix("/new", files(newVersion)))
	wrong := func(name, file string, f http.HandlerFunc) {
		mux.HandleFunc("/"+name+"/", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, file) {
				f(w, r)
				return
			}
			http.StripPrefix("/"+name, old).ServeHTTP(w, r)
		})
	}
	archive := filepath.Join(dir, oldVersion, oldVersion, "kove-amd64.gz")
	wrong("corrupt", ".gz", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := os.ReadFile(archive)
		b[len(b)/2] ^= 1
		_, _ = w.Write(b)
	})
	wrong("truncated", ".gz", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := os.ReadFile(archive)
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		panic(http.ErrAbortHandler)
	})
	wrong("wrongsum", ".txt", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := os.ReadFile(filepath.Join(dir, oldVersion, oldVersion, "sha256sum-amd64.txt"))
		_, _ = w.Write(bytes.ReplaceAll(b, []byte("c"), []byte("d")))
	})
	wrong("nosums", ".txt", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "nothing") })
	wrong("portal", "/stable", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "<html>please log in</html>") })
	wrong("hung", ".gz", func(w http.ResponseWriter, r *http.Request) {
		b, _ := os.ReadFile(archive)
		_, _ = w.Write(b[:1<<20])
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	})
	wrong("mute", "/stable", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	})
	server := &http.Server{Handler: mux, ErrorLog: nil}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() {
		close(gone)
		server.Close()
		<-done
	})
}

const releaseURL = "http://" + lab.InternetAddress

// newLab boots nodes without kove, and the release server.
func newLab(t *testing.T, name string, nodes int) []*lab.Host {
	t.Helper()
	dir := releases(t)
	binds := map[string]string{"/usr/local/bin/probe": bin(t, "probe"), "/media/usb": dir}
	l := lab.Open(name)
	if err := l.Down(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("KOVE_E2E_KEEP") != "" {
			return
		}
		if err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	if err := l.Up(nil); err != nil {
		t.Fatal(err)
	}
	serve(t, l, dir)
	var out []*lab.Host
	for i := 1; i <= nodes; i++ {
		n, err := l.Boot(fmt.Sprintf("n%d", i), i, binds)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "addresses of "+n.Name, func() error {
			if text, err := sh(n, "ip -o addr show tentative"); err != nil || text != "" {
				return fmt.Errorf("tentative: %s (%v)", text, err)
			}
			return nil
		})
		mustSh(t, n, "mkdir -p /run/mount") // mount(8) makes it, whoever calls it
		out = append(out, n)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range out {
				if text, err := sh(n, "tail -n 40 /var/log/kove*.log 2>/dev/null; true"); err == nil && text != "" {
					t.Logf("---- %s\n%s", n.Name, text)
				}
			}
		}
	})
	return out
}

// sh runs a script on a node and returns everything that it printed.
func sh(n *lab.Host, script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	// kubectl keeps its cache for the user who called it, not for kove
	out, err := n.Command(ctx, "sh", "-c", "export KUBECACHEDIR=/tmp/without-cache; cd /; "+script).CombinedOutput()
	text := strings.ReplaceAll(string(out), "sh: 0: getcwd() failed: No such file or directory\n", "")
	return strings.TrimSpace(text), err
}

func mustSh(t testing.TB, n *lab.Host, script string) string {
	t.Helper()
	out, err := sh(n, script)
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", n.Name, script, err, out)
	}
	return out
}

// eventually retries until f returns nil.
func eventually(t testing.TB, limit time.Duration, what string, f func() error) {
	t.Helper()
	var err error
	limit = max(limit, time.Minute) // waiting for what comes costs nothing
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not after %s: %v", what, limit, err)
}

// without is a PATH for a script in which some programs do not exist.
func without(t testing.TB, n *lab.Host, programs ...string) string {
	t.Helper()
	dir := "/tmp/without-" + strings.Join(programs, "-")
	mustSh(t, n, "[ -d "+dir+" ] || { mkdir "+dir+" && ln -s /usr/bin/* /usr/sbin/* "+dir+"/ 2>/dev/null; cd "+dir+" && rm -f "+strings.Join(programs, " ")+"; }")
	return dir + ":/usr/local/bin"
}
