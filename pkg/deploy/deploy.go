package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// FieldManager owns the fields that manifests set.
const FieldManager = "kove"

// Options says what is applied.
type Options struct {
	Dir string // made if missing

	// Packaged files are written into Dir. Their names may contain folders.
	Packaged map[string][]byte
	// Disabled are packaged files that are not written; objects in them are deleted.
	Disabled map[string][]byte

	RESTConfig *rest.Config
	Logger     *slog.Logger
}

// Deployer is the component. It is ready when every packaged document has been applied once.
type Deployer struct {
	o       Options
	log     *slog.Logger
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	applied map[string][sha256.Size]byte // by file: contents that are completely applied
	told    map[string]string            // by file: the error that was logged last
}

// New returns the component.
func New(o Options) (*Deployer, error) {
	cfg := rest.CopyConfig(o.RESTConfig)
	cfg.QPS, cfg.Burst = 50, 100
	d, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client for manifests: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client for manifests: %w", err)
	}
	return newDeployer(o, d, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))), nil
}

func newDeployer(o Options, d dynamic.Interface, m *restmapper.DeferredDiscoveryRESTMapper) *Deployer {
	return &Deployer{o: o, log: o.Logger.With("component", "manifests"), dynamic: d, mapper: m,
		applied: map[string][sha256.Size]byte{}, told: map[string]string{}}
}

// Name implements supervise.Component.
func (d *Deployer) Name() string { return "manifests" }

const (
	settle   = 200 * time.Millisecond // editors and package managers write in several steps
	retryMin = 250 * time.Millisecond
	retryMax = 30 * time.Second
	rescan   = 5 * time.Minute // in case the kernel's notification was lost
)

// Run implements supervise.Component.
func (d *Deployer) Run(ctx context.Context, ready func()) error {
	if err := d.writePackaged(); err != nil {
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", d.o.Dir, err)
	}
	defer watcher.Close()
	isReady, disabledGone, wait := false, len(d.o.Disabled) == 0, retryMin
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-watcher.Events:
			if !ok {
				return fmt.Errorf("watching %s: the watch ended", d.o.Dir)
			}
			wait = retryMin
			timer.Reset(settle)
			continue
		case err := <-watcher.Errors:
			d.log.Warn("watching the manifests", "err", err)
			continue
		case <-timer.C:
		}
		if err := d.watchFolders(watcher); err != nil {
			return err
		}
		if !disabledGone {
			disabledGone = d.deleteDisabled(ctx)
		}
		complete, packaged, err := d.pass(ctx)
		if err != nil {
			return err
		}
		if packaged && !isReady {
			isReady = true
			ready()
		}
		if complete && disabledGone {
			wait = retryMin
			timer.Reset(rescan)
		} else {
			timer.Reset(wait)
			wait = min(2*wait, retryMax)
		}
	}
}

func (d *Deployer) writePackaged() error {
	for name, content := range d.o.Packaged {
		path := filepath.Join(d.o.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("making a folder for manifests: %w", err)
		}
		if skipped(path) {
			continue
		}
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, content) {
			continue
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("writing a packaged manifest: %w", err)
		}
	}
	for name := range d.o.Disabled {
		if err := os.Remove(filepath.Join(d.o.Dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a disabled manifest: %w", err)
		}
	}
	return os.MkdirAll(d.o.Dir, 0o700)
}

func skipped(path string) bool {
	_, err := os.Stat(path + ".skip")
	return err == nil
}

func (d *Deployer) watchFolders(w *fsnotify.Watcher) error {
	return filepath.WalkDir(d.o.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading the manifests: %w", err)
		}
		if e.IsDir() && !slices.Contains(w.WatchList(), path) {
			if err := w.Add(path); err != nil {
				return fmt.Errorf("watching %s: %w", path, err)
			}
		}
		return nil
	})
}

// pass applies every file whose contents are not applied yet. It reports whether all files, and whether all packaged files
// are.
func (d *Deployer) pass(ctx context.Context) (complete, packaged bool, err error) {
	complete, packaged = true, true
	names, err := d.files()
	if err != nil {
		return false, false, err
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(d.o.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		sum := sha256.Sum256(content)
		if err == nil {
			if d.applied[name] == sum {
				continue
			}
			err = d.applyFile(ctx, content)
		}
		if ctx.Err() != nil {
			return false, false, nil
		}
		if err != nil {
			complete = false
			if _, ours := d.o.Packaged[filepath.ToSlash(name)]; ours {
				packaged = false
			}
			if d.told[name] != err.Error() {
				d.told[name] = err.Error()
				d.log.Warn("a manifest is not applied yet", "file", name, "err", err)
			}
			continue
		}
		d.applied[name] = sum
		delete(d.told, name)
		d.log.Info("applied a manifest", "file", name)
	}
	return complete, packaged, nil
}

// files lists manifests relative to Dir, in order.
func (d *Deployer) files() ([]string, error) {
	var names []string
	err := filepath.WalkDir(d.o.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading the manifests: %w", err)
		}
		switch filepath.Ext(path) {
		case ".yaml", ".yml", ".json":
			if !e.IsDir() && !skipped(path) {
				name, err := filepath.Rel(d.o.Dir, path)
				if err != nil {
					return fmt.Errorf("reading the manifests: %w", err)
				}
				names = append(names, name)
			}
		}
		return nil
	})
	return names, err
}

// applyFile applies all documents of a file; one that fails does not keep the others back.
func (d *Deployer) applyFile(ctx context.Context, content []byte) error {
	objects, err := decode(content)
	if err != nil {
		return err
	}
	var errs []error
	for _, obj := range objects {
		if err := d.apply(ctx, obj); err != nil {
			errs = append(errs, fmt.Errorf("applying %s %s: %w", obj.GetKind(), name(obj), err))
		}
	}
	return errors.Join(errs...)
}

func name(obj *unstructured.Unstructured) string {
	return strings.TrimPrefix(obj.GetNamespace()+"/"+obj.GetName(), "/")
}

// decode splits a file into objects; lists are taken apart.
func decode(content []byte) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	dec := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		obj := &unstructured.Unstructured{}
		err := dec.Decode(&obj.Object)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading document %d: %w", len(out)+1, err)
		}
		switch {
		case len(obj.Object) == 0:
		case obj.IsList():
			list, err := obj.ToList()
			if err != nil {
				return nil, fmt.Errorf("reading document %d: %w", len(out)+1, err)
			}
			for i := range list.Items {
				out = append(out, &list.Items[i])
			}
		case obj.GetKind() == "" || obj.GetAPIVersion() == "" || obj.GetName() == "":
			return nil, fmt.Errorf("reading document %d: it has no kind, apiVersion or metadata.name", len(out)+1)
		default:
			out = append(out, obj)
		}
	}
}

// resource finds the client for an object, asking the server again for kinds that it did not know before.
func (d *Deployer) resource(obj *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := obj.GroupVersionKind()
	mapping, err := d.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		d.mapper.Reset()
		mapping, err = d.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return d.dynamic.Resource(mapping.Resource), nil
	}
	ns := obj.GetNamespace()
	if ns == "" {
		ns = metav1.NamespaceDefault
	}
	return d.dynamic.Resource(mapping.Resource).Namespace(ns), nil
}

func (d *Deployer) apply(ctx context.Context, obj *unstructured.Unstructured) error {
	r, err := d.resource(obj)
	if err != nil {
		return err
	}
	// Force: the file is what the operator wants, also after a `kubectl edit`.
	_, err = r.Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
	return err
}

// deleteDisabled removes the objects of disabled components and reports whether they are gone.
func (d *Deployer) deleteDisabled(ctx context.Context) bool {
	gone := true
	for file, content := range d.o.Disabled {
		objects, err := decode(content)
		if err != nil {
			d.log.Warn("reading a disabled manifest", "file", file, "err", err)
			continue
		}
		for _, obj := range slices.Backward(objects) {
			r, err := d.resource(obj)
			if err == nil {
				propagation := metav1.DeletePropagationBackground
				err = r.Delete(ctx, obj.GetName(), metav1.DeleteOptions{PropagationPolicy: &propagation})
			}
			if err != nil && !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
				gone = false
				d.log.Warn("deleting an object of a disabled component", "file", file, "kind", obj.GetKind(), "name", name(obj), "err", err)
			}
		}
	}
	return gone
}
