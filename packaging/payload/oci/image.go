package oci

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
	"time"
)

// File is an entry of the layer: a directory, a symbolic link or a regular file.
type File struct {
	Path string // in the image; a leading slash is allowed
	Mode int64  // permission bits; 0 means 0755 for directories, 0644 for files
	Dir  bool
	Link string // target of a symbolic link
	Data []byte
}

// Image is what to build. Directories above a file need not be listed.
type Image struct {
	Files      []File
	Entrypoint []string
	Cmd        []string
	Env        []string
	User       string
	WorkingDir string
	Labels     map[string]string
}

const (
	layerType    = "application/vnd.oci.image.layer.v1.tar"
	configType   = "application/vnd.oci.image.config.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *platform         `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type imageConfig struct {
	Created      time.Time     `json:"created"`
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       runtimeConfig `json:"config"`
	RootFS       rootFS        `json:"rootfs"`
}

type runtimeConfig struct {
	User       string            `json:"User,omitempty"`
	Env        []string          `json:"Env,omitempty"`
	Entrypoint []string          `json:"Entrypoint,omitempty"`
	Cmd        []string          `json:"Cmd,omitempty"`
	WorkingDir string            `json:"WorkingDir,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// Built is an image ready to be written under any number of references.
type Built struct {
	layer, config, manifest []byte
}

// Build makes the layer, the configuration and the manifest of an amd64 Linux image.
func Build(img Image) (*Built, error) {
	layer, err := layerTar(img.Files)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(imageConfig{
		Created:      time.Unix(0, 0).UTC(),
		Architecture: "amd64",
		OS:           "linux",
		Config: runtimeConfig{
			User: img.User, Env: img.Env, Entrypoint: img.Entrypoint, Cmd: img.Cmd, WorkingDir: img.WorkingDir, Labels: img.Labels,
		},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{digest(layer)}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}{
		SchemaVersion: 2,
		MediaType:     manifestType,
		Config:        descriptor{MediaType: configType, Digest: digest(config), Size: len(config)},
		Layers:        []descriptor{{MediaType: layerType, Digest: digest(layer), Size: len(layer)}},
	})
	if err != nil {
		return nil, err
	}
	return &Built{layer: layer, config: config, manifest: manifest}, nil
}

// ContentTag is a tag that changes when, and only when, the image does.
func (b *Built) ContentTag() string {
	sum := sha256.Sum256(b.manifest)
	return hex.EncodeToString(sum[:6])
}

// Write writes the image as a tar that imports as ref, which must be complete (registry/path:tag).
func (b *Built) Write(w io.Writer, ref string) error {
	tag := ref[strings.LastIndexByte(ref, ':')+1:]
	if tag == ref || strings.Contains(tag, "/") || !strings.Contains(ref, "/") {
		return fmt.Errorf("image reference %q: want registry/path:tag, for instance docker.io/library/nginx:alpine", ref)
	}
	index, err := json.Marshal(struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []descriptor `json:"manifests"`
	}{
		SchemaVersion: 2,
		MediaType:     indexType,
		Manifests: []descriptor{{
			MediaType: manifestType, Digest: digest(b.manifest), Size: len(b.manifest),
			Annotations: map[string]string{"io.containerd.image.name": ref, "org.opencontainers.image.ref.name": tag},
			Platform:    &platform{Architecture: "amd64", OS: "linux"},
		}},
	})
	if err != nil {
		return err
	}
	blobs := [][]byte{b.layer, b.config, b.manifest}
	sort.Slice(blobs, func(i, j int) bool { return digest(blobs[i]) < digest(blobs[j]) })
	entries := []File{
		{Path: "oci-layout", Data: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{Path: "index.json", Data: index},
	}
	for _, blob := range blobs {
		entries = append(entries, File{Path: "blobs/sha256/" + strings.TrimPrefix(digest(blob), "sha256:"), Data: blob})
	}
	t := tar.NewWriter(w)
	for _, e := range entries {
		if err := writeEntry(t, e); err != nil {
			return err
		}
	}
	return t.Close()
}

func layerTar(files []File) ([]byte, error) {
	entries := map[string]File{}
	for _, f := range files {
		f.Path = strings.TrimPrefix(path.Clean("/"+f.Path), "/")
		if f.Path == "" {
			return nil, errors.New("building an image layer: an entry names the root itself")
		}
		if _, twice := entries[f.Path]; twice {
			return nil, fmt.Errorf("building an image layer: %s is listed twice", f.Path)
		}
		entries[f.Path] = f
	}
	for p := range entries {
		for d := path.Dir(p); d != "."; d = path.Dir(d) {
			if parent, ok := entries[d]; ok && !parent.Dir {
				return nil, fmt.Errorf("building an image layer: %s lies below %s, which is no directory", p, d)
			} else if !ok {
				entries[d] = File{Path: d, Dir: true}
			}
		}
	}
	names := make([]string, 0, len(entries))
	for p := range entries {
		names = append(names, p)
	}
	sort.Strings(names)
	var buf bytes.Buffer
	t := tar.NewWriter(&buf)
	for _, p := range names {
		if err := writeEntry(t, entries[p]); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func writeEntry(t *tar.Writer, f File) error {
	h := &tar.Header{Name: f.Path, Mode: f.Mode, Format: tar.FormatUSTAR, ModTime: time.Unix(0, 0)}
	switch {
	case f.Dir:
		h.Typeflag, h.Name = tar.TypeDir, f.Path+"/"
		if h.Mode == 0 {
			h.Mode = 0o755
		}
	case f.Link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, f.Link, 0o777
	default:
		h.Typeflag, h.Size = tar.TypeReg, int64(len(f.Data))
		if h.Mode == 0 {
			h.Mode = 0o644
		}
	}
	if err := t.WriteHeader(h); err != nil {
		return fmt.Errorf("writing %s: %w", f.Path, err)
	}
	if _, err := t.Write(f.Data); err != nil {
		return fmt.Errorf("writing %s: %w", f.Path, err)
	}
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
