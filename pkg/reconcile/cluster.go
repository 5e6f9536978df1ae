package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/rancher/lasso/pkg/cache"
	"github.com/rancher/lasso/pkg/client"
	"github.com/rancher/lasso/pkg/controller"
	lassolog "github.com/rancher/lasso/pkg/log"
	"github.com/rancher/wrangler/v3/pkg/generic"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
)

// Resource is a kind that a Cluster watches.
type Resource struct {
	schema.GroupVersionResource
	Kind       string
	Namespaced bool
	// Workers is how many objects of the kind are worked on at a time; 1 when zero.
	Workers int
	// InNamespace and FieldSelector narrow the watch.
	InNamespace, FieldSelector string
	// Transform drops what nobody reads before an object enters the cache.
	Transform toolscache.TransformFunc
}

func (r Resource) gvk() schema.GroupVersionKind { return r.GroupVersion().WithKind(r.Kind) }

// silenceLasso takes lasso's voice away, which is package variables of its own: the loop tells what happens, once, in slog.
var silenceLasso = sync.OnceFunc(func() {
	nothing := func(string, ...any) {}
	lassolog.Infof, lassolog.Errorf, lassolog.Debugf = nothing, nothing, nothing
})

// Cluster is the API server as the controllers see it: caches, queues and writes by kind.
type Cluster struct {
	factory   controller.SharedControllerFactory
	resources map[string]Resource
}

// NewCluster prepares caches for the resources. Nothing is requested before Sync.
func NewCluster(config *rest.Config, scheme *runtime.Scheme, resources ...Resource) (*Cluster, error) {
	silenceLasso()
	config = rest.CopyConfig(config)
	// Requests are bounded by the number of workers; a token bucket would only delay pods.
	config.QPS = -1

	mapper := meta.NewDefaultRESTMapper(nil)
	cacheOptions := &cache.SharedCacheFactoryOptions{
		KindNamespace: map[schema.GroupVersionKind]string{},
		KindTweakList: map[schema.GroupVersionKind]cache.TweakListOptionsFunc{},
	}
	workers := map[schema.GroupVersionKind]int{}
	byKind := map[string]Resource{}
	for _, r := range resources {
		scope := meta.RESTScopeRoot
		if r.Namespaced {
			scope = meta.RESTScopeNamespace
		}
		mapper.AddSpecific(r.gvk(), r.GroupVersionResource, r.GroupVersion().WithResource(r.Kind), scope)
		workers[r.gvk()] = max(1, r.Workers)
		if r.InNamespace != "" {
			cacheOptions.KindNamespace[r.gvk()] = r.InNamespace
		}
		if selector := r.FieldSelector; selector != "" {
			cacheOptions.KindTweakList[r.gvk()] = func(o *metav1.ListOptions) { o.FieldSelector = selector }
		}
		byKind[r.Kind] = r
	}
	clients, err := client.NewSharedClientFactory(config, &client.SharedClientFactoryOptions{Mapper: mapper, Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("preparing API clients: %w", err)
	}
	c := &Cluster{
		factory: controller.NewSharedControllerFactory(cache.NewSharedCachedFactory(clients, cacheOptions),
			&controller.SharedControllerFactoryOptions{KindWorkers: workers, DefaultWorkers: 1}),
		resources: byKind,
	}
	for _, r := range resources {
		if r.Transform == nil {
			continue
		}
		if err := c.controller(r.Kind).Informer().SetTransform(r.Transform); err != nil {
			return nil, fmt.Errorf("setting the transform of %s: %w", r.Kind, err)
		}
	}
	return c, nil
}

func (c *Cluster) controller(kind string) controller.SharedController {
	r, ok := c.resources[kind]
	if !ok {
		panic("reconcile: kind " + kind + " is not among the cluster's resources")
	}
	return c.factory.ForResourceKind(r.GroupVersionResource, r.Kind, r.Namespaced)
}

// Informer gives access to a kind's informer, for indexes and handlers to be added before Sync.
func (c *Cluster) Informer(kind string) toolscache.SharedIndexInformer {
	return c.controller(kind).Informer()
}

// CacheOf returns the read side of a kind.
func CacheOf[T runtime.Object](c *Cluster, kind string) *generic.Cache[T] {
	return generic.NewCache[T](c.Informer(kind).GetIndexer(), c.resources[kind].GroupResource())
}

// warmPause is between attempts of Warm; the API server has no event for "the watch cache is ready".
const warmPause = 10 * time.Millisecond

// Warm returns once the API server answers watches of the kinds. It sets the watch cache of a CRD's kind up at the first
// request and sends watches away meanwhile, for a whole second, though it takes some milliseconds.
func (c *Cluster) Warm(ctx context.Context, kinds ...string) error {
	for _, kind := range kinds {
		r := c.resources[kind]
		for {
			w, err := c.controller(kind).Client().RESTClient.Get().AbsPath("/apis", r.Group, r.Version, r.Resource).
				Param("watch", "true").Param("resourceVersion", "0").Param("timeoutSeconds", "1").MaxRetries(0).Stream(ctx)
			if err == nil {
				_ = w.Close()
				break
			}
			if !apierrors.IsTooManyRequests(err) && !apierrors.IsNotFound(err) {
				return fmt.Errorf("trying a watch of %s: %w", kind, err)
			}
			select {
			case <-time.After(warmPause):
			case <-ctx.Done():
				return fmt.Errorf("waiting for the API server to answer watches of %s: %w", kind, context.Cause(ctx))
			}
		}
	}
	return nil
}

// Sync starts the caches and waits until each holds the present state.
func (c *Cluster) Sync(ctx context.Context) error {
	caches := c.factory.SharedCacheFactory()
	if err := caches.Start(ctx); err != nil {
		return fmt.Errorf("starting caches: %w", err)
	}
	for gvk, synced := range caches.WaitForCacheSync(ctx) {
		if !synced {
			return fmt.Errorf("waiting for the cache of %s: %w", gvk.Kind, context.Cause(ctx))
		}
	}
	return nil
}

// Start lets the workers run.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.factory.Start(ctx, 0); err != nil {
		return fmt.Errorf("starting workers: %w", err)
	}
	return nil
}

// Enqueue asks for another look at an object, now.
func (c *Cluster) Enqueue(ref Ref) { c.controller(ref.Kind).EnqueueKey(ref.Key.String()) }

// EnqueueAfter asks for another look after a while; of several requests the earliest counts.
func (c *Cluster) EnqueueAfter(ref Ref, d time.Duration) {
	c.controller(ref.Kind).EnqueueAfter(ref.Namespace, ref.Name, d)
}

// Write carries out one change.
func (c *Cluster) Write(ctx context.Context, w Write) error {
	r := c.resources[w.Kind]
	cl := c.controller(w.Kind).Client()
	switch {
	case w.Delete:
		err := cl.Delete(ctx, w.Namespace, w.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting %s %s: %w", w.Kind, w.Key, err)
		}
		return nil
	case w.Create != nil:
		obj := w.Create.DeepCopyObject()
		obj.GetObjectKind().SetGroupVersionKind(r.gvk())
		err := cl.Create(ctx, w.Namespace, obj, obj, metav1.CreateOptions{})
		if err == nil {
			return nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating %s %s: %w", w.Kind, w.Key, err)
		}
		if w.Patch == nil {
			return nil
		}
	}
	data, err := json.Marshal(w.Patch)
	if err != nil {
		return fmt.Errorf("encoding the patch of %s %s: %w", w.Kind, w.Key, err)
	}
	var subresources []string
	if w.Subresource != "" {
		subresources = []string{w.Subresource}
	}
	result, _, err := c.factory.SharedCacheFactory().SharedClientFactory().NewObjects(r.gvk())
	if err != nil {
		return err
	}
	err = cl.Patch(ctx, w.Namespace, w.Name, types.MergePatchType, data, result, metav1.PatchOptions{}, subresources...)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("patching %s %s: %w", w.Kind, w.Key, err)
	}
	return nil
}
