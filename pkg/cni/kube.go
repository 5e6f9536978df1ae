package cni

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/kove-io/kove/pkg/api/v1"
)

// cluster is what the node sees of the Kubernetes API: its own pods, all nodes, all subnets.
type cluster struct {
	core    *rest.RESTClient
	pods    cache.SharedIndexInformer
	nodes   cache.SharedIndexInformer
	subnets cache.SharedIndexInformer

	mu      sync.Mutex               // guards the fields below
	changed map[string]chan struct{} // pod key → closed at its next change
	lastErr error                    // of the watches; nil once they work
	notify  []chan<- struct{}        // told of changes of nodes and subnets
}

func newCluster(config *rest.Config, nodeName string) (*cluster, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("building the CNI daemon's Kubernetes client: %w", err)
		}
	}
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	client := func(path string, gv schema.GroupVersion) (*rest.RESTClient, error) {
		c := rest.CopyConfig(config)
		c.APIPath, c.GroupVersion, c.NegotiatedSerializer = path, &gv, serializer.NewCodecFactory(s).WithoutConversion()
		c.UserAgent = "kove-cni"
		rc, err := rest.RESTClientFor(c)
		if err != nil {
			return nil, fmt.Errorf("building the CNI daemon's Kubernetes client: %w", err)
		}
		return rc, nil
	}
	core, err := client("/api", corev1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	ovn, err := client("/apis", v1.GroupVersion)
	if err != nil {
		return nil, err
	}
	k := &cluster{core: core, changed: map[string]chan struct{}{}}
	own := fields.OneTermEqualSelector("spec.nodeName", nodeName)
	k.pods = cache.NewSharedIndexInformer(cache.NewListWatchFromClient(core, "pods", metav1.NamespaceAll, own), &corev1.Pod{}, 0, cache.Indexers{})
	k.nodes = cache.NewSharedIndexInformer(cache.NewListWatchFromClient(core, "nodes", metav1.NamespaceNone, fields.Everything()), &corev1.Node{}, 0, cache.Indexers{})
	k.subnets = cache.NewSharedIndexInformer(cache.NewListWatchFromClient(ovn, "subnets", metav1.NamespaceNone, fields.Everything()), &v1.Subnet{}, 0, cache.Indexers{})
	for _, i := range []cache.SharedIndexInformer{k.pods, k.nodes, k.subnets} {
		if err := i.SetTransform(trim); err != nil {
			return nil, fmt.Errorf("setting up the CNI daemon's watches: %w", err)
		}
		if err := i.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { k.failed(err) }); err != nil {
			return nil, fmt.Errorf("setting up the CNI daemon's watches: %w", err)
		}
	}
	if _, err := k.pods.AddEventHandler(onAny(k.podChanged)); err != nil {
		return nil, fmt.Errorf("setting up the CNI daemon's watches: %w", err)
	}
	for _, i := range []cache.SharedIndexInformer{k.nodes, k.subnets} {
		if _, err := i.AddEventHandler(onAny(func(string) { k.tell() })); err != nil {
			return nil, fmt.Errorf("setting up the CNI daemon's watches: %w", err)
		}
	}
	return k, nil
}

// trim drops what the daemon never reads; a node holds all its pods in memory.
func trim(o any) (any, error) {
	switch x := o.(type) {
	case *corev1.Pod:
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: x.Name, Namespace: x.Namespace, UID: x.UID, Annotations: x.Annotations,
			ResourceVersion: x.ResourceVersion, DeletionTimestamp: x.DeletionTimestamp}}, nil
	case *corev1.Node:
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: x.Name, UID: x.UID, Annotations: x.Annotations, ResourceVersion: x.ResourceVersion},
			Status: corev1.NodeStatus{Addresses: x.Status.Addresses, Conditions: x.Status.Conditions}}, nil
	case *v1.Subnet:
		x.ManagedFields = nil
	}
	return o, nil
}

func onAny(f func(key string)) cache.ResourceEventHandlerFuncs {
	each := func(o any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
			f(key)
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: each, UpdateFunc: func(_, o any) { each(o) }, DeleteFunc: each}
}

// run blocks until ctx is done.
func (k *cluster) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, i := range []cache.SharedIndexInformer{k.pods, k.nodes, k.subnets} {
		wg.Go(func() { i.RunWithContext(ctx) })
	}
	wg.Wait()
}

func (k *cluster) failed(err error) {
	k.mu.Lock()
	k.lastErr = err
	k.mu.Unlock()
}

// trouble is the last error of the watches, for messages.
func (k *cluster) trouble() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lastErr
}

func (k *cluster) podChanged(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lastErr = nil
	if ch, ok := k.changed[key]; ok {
		close(ch)
		delete(k.changed, key)
	}
}

func (k *cluster) nextPodChange(key string) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	ch, ok := k.changed[key]
	if !ok {
		ch = make(chan struct{})
		k.changed[key] = ch
	}
	return ch
}

func (k *cluster) tell() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lastErr = nil
	for _, ch := range k.notify {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// onChange makes ch, which has room for one value, receive after changes of nodes and subnets.
func (k *cluster) onChange(ch chan<- struct{}) {
	k.mu.Lock()
	k.notify = append(k.notify, ch)
	k.mu.Unlock()
}

func (k *cluster) pod(key string) *corev1.Pod {
	o, ok, err := k.pods.GetStore().GetByKey(key)
	if err != nil || !ok {
		return nil
	}
	return o.(*corev1.Pod)
}

func (k *cluster) node(name string) *corev1.Node {
	o, ok, err := k.nodes.GetStore().GetByKey(name)
	if err != nil || !ok {
		return nil
	}
	return o.(*corev1.Node)
}

func (k *cluster) subnet(name string) *v1.Subnet {
	o, ok, err := k.subnets.GetStore().GetByKey(name)
	if err != nil || !ok {
		return nil
	}
	return o.(*v1.Subnet)
}

// networkAvailable clears the condition with which a cloud provider or an earlier network marked the node.
func (k *cluster) networkAvailable(ctx context.Context, node *corev1.Node) error {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeNetworkUnavailable && c.Status != corev1.ConditionFalse {
			patch := []byte(`{"status":{"conditions":[{"type":"NetworkUnavailable","status":"False","reason":"GatewayUp","message":"kove connected the node to the network"}]}}`)
			if err := k.core.Patch(types.StrategicMergePatchType).Resource("nodes").Name(node.Name).SubResource("status").Body(patch).Do(ctx).Error(); err != nil {
				return fmt.Errorf("clearing the condition NetworkUnavailable of node %s: %w", node.Name, err)
			}
		}
	}
	return nil
}
