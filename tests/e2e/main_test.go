package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kove-io/kove/packaging/payload/oci"
	"github.com/kove-io/kove/tests/lab"
)

func TestMain(m *testing.M) {
	lab.Main()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "e2e: needs root for namespaces")
		os.Exit(1)
	}
	code := m.Run()
	if shared.c != nil && (code == 0 || os.Getenv("KOVE_E2E_KEEP") == "") {
		if err := shared.c.lab.Down(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			code = 1
		}
	}
	if images.dir != "" {
		os.RemoveAll(images.dir)
	}
	os.Exit(code)
}

var images struct {
	sync.Once
	dir  string
	tars []string
	err  error
}

// testImages makes the images of the tests' pods: the probe, and stand-ins under the names that the notebook uses.
// In the guest they are made beforehand, in the folder KOVE_E2E_IMAGES.
func testImages(t testing.TB) []string {
	t.Helper()
	images.Do(func() {
		dir := os.Getenv("KOVE_E2E_IMAGES")
		if dir == "" {
			if dir, images.err = os.MkdirTemp("/var/tmp", "kove-e2e-images."); images.err != nil {
				return
			}
			images.dir = dir
			images.err = makeImages(dir)
		}
		if images.err == nil {
			images.tars, images.err = filepath.Glob(filepath.Join(dir, "*.tar"))
		}
	})
	if images.err != nil {
		t.Fatal(images.err)
	}
	if len(images.tars) == 0 {
		t.Fatal("no test images")
	}
	return images.tars
}

// makeImages builds the probe's image under every name that a manifest of the tests asks for.
func makeImages(dir string) error {
	probe, err := os.ReadFile(bin("probe"))
	if err != nil {
		return fmt.Errorf("%w: run make build", err)
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return err
	}
	files := []oci.File{
		{Path: "bin/probe", Mode: 0o755, Data: probe}, {Path: "bin/busybox", Mode: 0o755, Data: busybox}, {Path: "tmp", Dir: true, Mode: 0o1777},
		{Path: "etc/passwd", Data: []byte("root:x:0:0:root:/:/bin/sh\n")},
	}
	for _, applet := range []string{"sh", "cat", "tar", "ls", "sleep", "ip", "echo", "hostname", "test", "mkdir"} {
		files = append(files, oci.File{Path: "bin/" + applet, Link: "busybox"})
	}
	for name, img := range map[string]struct {
		ref        string
		entrypoint []string
	}{
		"probe": {probeImage, []string{"/bin/probe"}},
		"nginx": {"docker.io/library/nginx:alpine", []string{"/bin/probe", "serve", ":80"}},
	} {
		built, err := oci.Build(oci.Image{Files: files, Entrypoint: img.entrypoint, Env: []string{"PATH=/bin"}})
		if err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, name+".tar"))
		if err != nil {
			return err
		}
		if err := errors.Join(built.Write(f, img.ref), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
