package containerd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	client "github.com/containerd/containerd/v2/client"
)

// Store is the images of a running containerd, for `kove images`.
type Store struct{ client *client.Client }

// OpenStore connects to a containerd.
func OpenStore(socket string) (*Store, error) {
	c, err := client.New(socket, client.WithTimeout(10*time.Second), client.WithDefaultNamespace(Namespace))
	if err != nil {
		return nil, fmt.Errorf("connecting to containerd at %s: %w; does kove run as a node here?", socket, err)
	}
	return &Store{c}, nil
}

// Close ends the connection.
func (s *Store) Close() error { return s.client.Close() }

// Import imports an archive, which may be compressed, and returns the names of its images.
func (s *Store) Import(ctx context.Context, path string) ([]string, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("importing images: %w", err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	return (&importer{}).archive(ctx, s.client, os.DirFS(filepath.Dir(abs)), filepath.Base(abs), false)
}

// Image is one image under one name.
type Image struct {
	Name   string
	Digest string
	Size   int64 // compressed, with everything it consists of
	Pinned bool  // never collected
}

// List returns the images by name; those that only repeat a digest, as CRI keeps them, are left out.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	list, err := s.client.ListImages(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	var out []Image
	for _, img := range list {
		if strings.HasPrefix(img.Name(), "sha256:") {
			continue
		}
		size, err := img.Size(ctx)
		if err != nil {
			size = 0 // parts that this machine does not need may be missing
		}
		out = append(out, Image{Name: img.Name(), Digest: img.Target().Digest.String(), Size: size, Pinned: img.Labels()[labelPinned] == "pinned"})
	}
	slices.SortFunc(out, func(a, b Image) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
