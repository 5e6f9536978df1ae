package containerd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	client "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	"github.com/containerd/containerd/v2/pkg/namespaces"

	"github.com/kove-io/kove/pkg/supervise"
)

// Namespace is where kubelet's containerd looks for images.
const Namespace = "k8s.io"

// Labels that the CRI plugin gives to images: known to it, and never to be collected.
const (
	labelManaged = "io.cri-containerd.image"
	labelPinned  = "io.cri-containerd.pinned"
)

// Import returns the component that imports image archives: those of the payload, pinned, and those that the operator put
// into ImageDir. It is ready when all of them are in the store; an archive of the operator that cannot be imported is
// logged and skipped, one of the payload ends kove.
func Import(o Options, payload fs.FS, log *slog.Logger) supervise.Component {
	i := &importer{o: o, payload: payload, log: log.With("component", "images")}
	return supervise.Func("images", func(ctx context.Context, ready func()) error {
		if err := i.run(ctx); err != nil {
			return err
		}
		ready()
		<-ctx.Done()
		return nil
	})
}

type importer struct {
	o       Options
	payload fs.FS // nil: no payload images
	log     *slog.Logger
}

// seen remembers which archives of a folder have been imported, by name, size and time.
type seen map[string]string

func (i *importer) run(ctx context.Context) error {
	c, err := client.New(i.o.Socket(), client.WithTimeout(10*time.Second), client.WithDefaultNamespace(Namespace))
	if err != nil {
		return fmt.Errorf("connecting to containerd: %w", err)
	}
	defer c.Close()
	stampFile := filepath.Join(i.o.Root, "imported.json")
	before, after := readSeen(stampFile), seen{}
	stored, err := imageNames(ctx, c)
	if err != nil {
		return err
	}
	if i.payload != nil {
		if err := i.folder(ctx, c, "payload", i.payload, before, after, stored, true); err != nil {
			return err
		}
	}
	if i.o.ImageDir != "" {
		if err := i.folder(ctx, c, "images", os.DirFS(i.o.ImageDir), before, after, stored, false); err != nil {
			return err
		}
	}
	b, err := json.Marshal(after)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", stampFile, err)
	}
	if err := os.WriteFile(stampFile, b, 0o600); err != nil {
		return fmt.Errorf("remembering the imported images: %w", err)
	}
	return nil
}

func readSeen(file string) seen {
	s := seen{}
	if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &s) != nil {
		return seen{}
	}
	return s
}

func imageNames(ctx context.Context, c *client.Client) (map[string]bool, error) {
	list, err := c.ImageService().List(namespaces.WithNamespace(ctx, Namespace))
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	names := map[string]bool{}
	for _, img := range list {
		names[img.Name] = true
	}
	return names, nil
}

// folder imports every archive of dir that is new or whose images are gone.
func (i *importer) folder(ctx context.Context, c *client.Client, source string, dir fs.FS, before, after seen, stored map[string]bool, pinned bool) error {
	entries, err := fs.ReadDir(dir, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the image archives: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || !isArchive(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("reading the image archive %s: %w", e.Name(), err)
		}
		key := source + "/" + e.Name()
		stamp := fmt.Sprintf("%d %s ", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano))
		if names, ok := strings.CutPrefix(before[key], stamp); ok && allStored(stored, names) {
			after[key] = before[key]
			continue
		}
		began := time.Now()
		names, err := i.archive(ctx, c, dir, e.Name(), pinned)
		switch {
		case err != nil && (pinned || ctx.Err() != nil):
			return err
		case err != nil:
			i.log.Warn("skipping an image archive", "err", err)
			continue
		}
		after[key] = stamp + strings.Join(names, ",")
		i.log.Info("imported an image archive", "archive", e.Name(), "images", names, "took", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

func isArchive(name string) bool {
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

func allStored(stored map[string]bool, names string) bool {
	for name := range strings.SplitSeq(names, ",") {
		if !stored[name] {
			return false
		}
	}
	return true
}

func (i *importer) archive(ctx context.Context, c *client.Client, dir fs.FS, name string, pinned bool) ([]string, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the image archive %s: %w", name, err)
	}
	defer f.Close()
	plain, err := compression.DecompressStream(io.Reader(f))
	if err != nil {
		return nil, fmt.Errorf("unpacking the image archive %s: %w", name, err)
	}
	defer plain.Close()
	labels := map[string]string{labelManaged: "managed"}
	if pinned {
		labels[labelPinned] = "pinned"
	}
	imported, err := c.Import(ctx, plain, client.WithImageLabels(labels), client.WithSkipMissing())
	if err != nil {
		return nil, fmt.Errorf("importing the image archive %s: %w; it must be what `docker save`, `ctr images export` and the like write", name, err)
	}
	names := map[string]bool{}
	for _, img := range imported {
		if err := unpack(ctx, c, img); err != nil {
			return nil, fmt.Errorf("unpacking image %s of %s: %w", img.Name, name, err)
		}
		names[img.Name] = true
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("importing the image archive %s: it names no image", name)
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// unpack syncs the file system: after a power cut, an image that counts as unpacked but is full of empty files would never be
// repaired, and a site without a registry could not get it again.
func unpack(ctx context.Context, c *client.Client, img images.Image) error {
	return client.NewImage(c, img).Unpack(ctx, detectHost().snapshotter, client.WithUnpackApplyOpts(diff.WithSyncFs(true)))
}
