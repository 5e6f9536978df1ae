package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/images/archive"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// What counts in the end is that containerd takes it: its own importer reads the tar and finds image, platform and reference.
func TestContainerdImportsIt(t *testing.T) {
	var out bytes.Buffer
	if err := build(t, sample).Write(&out, "docker.io/library/nginx:alpine"); err != nil {
		t.Fatal(err)
	}
	store, err := local.NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	index, err := archive.ImportIndex(ctx, store, &out)
	if err != nil {
		t.Fatal(err)
	}
	b, err := content.ReadBlob(ctx, store, index)
	if err != nil {
		t.Fatal(err)
	}
	var idx ocispec.Index
	if err := json.Unmarshal(b, &idx); err != nil {
		t.Fatal(err)
	}
	if len(idx.Manifests) != 1 || idx.Manifests[0].Annotations[images.AnnotationImageName] != "docker.io/library/nginx:alpine" {
		t.Fatalf("index %s", b)
	}
	manifest, err := images.Manifest(ctx, store, idx.Manifests[0], platforms.OnlyStrict(platforms.Platform{OS: "linux", Architecture: "amd64"}))
	if err != nil {
		t.Fatal(err)
	}
	diffs, err := images.RootFS(ctx, store, manifest.Config)
	if err != nil {
		t.Fatal(err)
	}
	if len(diffs) != 1 || diffs[0] != manifest.Layers[0].Digest {
		t.Errorf("layers %v, diffs %v", manifest.Layers, diffs)
	}
}
