package oci

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func entries(t *testing.T, b []byte) (names []string, data map[string][]byte, headers map[string]*tar.Header) {
	t.Helper()
	data, headers = map[string][]byte{}, map[string]*tar.Header{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, data, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if data[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		headers[h.Name] = h
		names = append(names, h.Name)
	}
}

func build(t *testing.T, img Image) *Built {
	t.Helper()
	b, err := Build(img)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var sample = Image{
	Files: []File{
		{Path: "/usr/bin/app", Mode: 0o755, Data: []byte("program")},
		{Path: "tmp", Dir: true, Mode: 0o1777},
		{Path: "bin", Link: "usr/bin"},
		{Path: "etc/passwd", Data: []byte("root:x:0:0::/:\n")},
	},
	Entrypoint: []string{"/usr/bin/app"},
	User:       "65535",
}

func TestImageIsALayoutWhoseDigestsHold(t *testing.T) {
	var out bytes.Buffer
	if err := build(t, sample).Write(&out, "docker.io/library/nginx:alpine"); err != nil {
		t.Fatal(err)
	}
	_, files, _ := entries(t, out.Bytes())
	for name, b := range files {
		if sum, ok := strings.CutPrefix(name, "blobs/sha256/"); ok && digest(b) != "sha256:"+sum {
			t.Errorf("%s has digest %s", name, digest(b))
		}
	}
	blob := func(digest string) []byte { return files["blobs/sha256/"+strings.TrimPrefix(digest, "sha256:")] }
	var index struct{ Manifests []descriptor }
	if err := json.Unmarshal(files["index.json"], &index); err != nil || len(index.Manifests) != 1 {
		t.Fatalf("index %s: %v", files["index.json"], err)
	}
	if ref := index.Manifests[0].Annotations["io.containerd.image.name"]; ref != "docker.io/library/nginx:alpine" {
		t.Errorf("imports as %q", ref)
	}
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	if err := json.Unmarshal(blob(index.Manifests[0].Digest), &manifest); err != nil || len(manifest.Layers) != 1 {
		t.Fatalf("manifest: %v", err)
	}
	var config imageConfig
	if err := json.Unmarshal(blob(manifest.Config.Digest), &config); err != nil {
		t.Fatal(err)
	}
	if config.RootFS.DiffIDs[0] != manifest.Layers[0].Digest || config.Config.User != "65535" {
		t.Errorf("config %+v does not fit layer %s", config, manifest.Layers[0].Digest)
	}
	names, layer, headers := entries(t, blob(manifest.Layers[0].Digest))
	if got, want := strings.Join(names, " "), "bin etc/ etc/passwd tmp/ usr/ usr/bin/ usr/bin/app"; got != want {
		t.Errorf("layer has %s, want %s", got, want)
	}
	if string(layer["usr/bin/app"]) != "program" || headers["usr/bin/app"].Mode != 0o755 || headers["tmp/"].Mode != 0o1777 || headers["bin"].Linkname != "usr/bin" {
		t.Errorf("layer is %+v", headers)
	}
}

func TestSameInputSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	reversed := sample
	reversed.Files = []File{sample.Files[3], sample.Files[2], sample.Files[1], sample.Files[0]}
	one, two := build(t, sample), build(t, reversed)
	if err := errors.Join(one.Write(&a, "kove.local/x:1"), two.Write(&b, "kove.local/x:1")); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || one.ContentTag() != two.ContentTag() {
		t.Error("the order of the files shows")
	}
	changed := sample
	changed.User = "0"
	if build(t, changed).ContentTag() == one.ContentTag() || len(one.ContentTag()) != 12 {
		t.Error("the content tag does not follow the content")
	}
}

func TestBadInput(t *testing.T) {
	for name, files := range map[string][]File{
		"twice":      {{Path: "a"}, {Path: "/a"}},
		"root":       {{Path: "/"}},
		"below file": {{Path: "a"}, {Path: "a/b"}},
	} {
		if _, err := Build(Image{Files: files}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, ref := range []string{"nginx", "nginx:alpine", "docker.io/nginx", "host:5000/nginx"} {
		if err := build(t, sample).Write(io.Discard, ref); err == nil {
			t.Errorf("reference %q: accepted", ref)
		}
	}
}
