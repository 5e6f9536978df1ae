package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rancher/wrangler/v3/pkg/generic"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/addresses"
	"github.com/kove-io/kove/pkg/controllers/externalgw"
	"github.com/kove-io/kove/pkg/controllers/pod"
	"github.com/kove-io/kove/pkg/controllers/service"
	"github.com/kove-io/kove/pkg/controllers/subnet"
	"github.com/kove-io/kove/pkg/reconcile"
)

// podWorkers is how many pods are worked on at a time: their transactions share one sync of the journal, their patches run
// beside each other.
const podWorkers = 8

// world is what the controllers share: caches and the ledger of addresses.
type world struct {
	scheme     *runtime.Scheme
	cluster    *reconcile.Cluster
	ledger     *addresses.Ledger
	options    Options
	namespaces *generic.Cache[*corev1.Namespace]
	nodes      *generic.Cache[*corev1.Node]
	pods       *generic.Cache[*corev1.Pod]
	services   *generic.Cache[*corev1.Service]
	slices     *generic.Cache[*discoveryv1.EndpointSlice]
	sets       *generic.Cache[*appsv1.StatefulSet]
	vpcs       *generic.Cache[*v1.Vpc]
	subnets    *generic.Cache[*v1.Subnet]
	ips        *generic.Cache[*v1.IP]
}

func (c *Controllers) assemble() (*world, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	core := corev1.SchemeGroupVersion
	cluster, err := reconcile.NewCluster(c.opts.RESTConfig, scheme,
		resource(core, "namespaces", "Namespace", false, trim),
		resource(core, "nodes", "Node", false, trim),
		reconcile.Resource{GroupVersionResource: core.WithResource("pods"), Kind: "Pod", Namespaced: true, Workers: podWorkers, Transform: trimPod},
		resource(core, "services", "Service", true, trim),
		reconcile.Resource{
			GroupVersionResource: core.WithResource("configmaps"), Kind: "ConfigMap", Namespaced: true,
			InNamespace: externalgw.Namespace, FieldSelector: "metadata.name=" + externalgw.Name, Transform: trim,
		},
		resource(discoveryv1.SchemeGroupVersion, "endpointslices", "EndpointSlice", true, trim),
		resource(appsv1.SchemeGroupVersion, "statefulsets", "StatefulSet", true, trimSet),
		resource(v1.GroupVersion, "vpcs", "Vpc", false, trim),
		resource(v1.GroupVersion, "subnets", "Subnet", false, trim),
		resource(v1.GroupVersion, "ips", "IP", false, trim),
	)
	if err != nil {
		return nil, err
	}
	w := &world{
		scheme: scheme, cluster: cluster, options: c.opts,
		namespaces: reconcile.CacheOf[*corev1.Namespace](cluster, "Namespace"),
		nodes:      reconcile.CacheOf[*corev1.Node](cluster, "Node"),
		pods:       reconcile.CacheOf[*corev1.Pod](cluster, "Pod"),
		services:   reconcile.CacheOf[*corev1.Service](cluster, "Service"),
		slices:     reconcile.CacheOf[*discoveryv1.EndpointSlice](cluster, "EndpointSlice"),
		sets:       reconcile.CacheOf[*appsv1.StatefulSet](cluster, "StatefulSet"),
		vpcs:       reconcile.CacheOf[*v1.Vpc](cluster, "Vpc"),
		subnets:    reconcile.CacheOf[*v1.Subnet](cluster, "Subnet"),
		ips:        reconcile.CacheOf[*v1.IP](cluster, "IP"),
	}
	w.slices.AddIndexer(service.ByService, service.IndexByService)
	w.ledger = addresses.NewLedger(w)
	return w, nil
}

func resource(gv schema.GroupVersion, plural, kind string, namespaced bool, t cache.TransformFunc) reconcile.Resource {
	return reconcile.Resource{GroupVersionResource: gv.WithResource(plural), Kind: kind, Namespaced: namespaced, Transform: t}
}

// trim drops what no controller reads from every object.
func trim(obj any) (any, error) {
	if o, ok := obj.(metav1.Object); ok {
		o.SetManagedFields(nil)
	}
	return obj, nil
}

// trimPod keeps of a pod what gather.go reads: a node may have hundreds, and specs are large.
func trimPod(obj any) (any, error) {
	p, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	p.ManagedFields = nil
	p.Spec = corev1.PodSpec{NodeName: p.Spec.NodeName, HostNetwork: p.Spec.HostNetwork}
	p.Status = corev1.PodStatus{Phase: p.Status.Phase}
	return p, nil
}

func trimSet(obj any) (any, error) {
	s, ok := obj.(*appsv1.StatefulSet)
	if !ok {
		return obj, nil
	}
	s.ManagedFields = nil
	s.Spec = appsv1.StatefulSetSpec{Replicas: s.Spec.Replicas, Ordinals: s.Spec.Ordinals}
	return s, nil
}

func (w *world) subnetSources() subnet.Sources {
	return subnet.Sources{Subnets: w.subnets, Vpcs: w.vpcs, Nodes: w.nodes, Ledger: w.ledger, ServiceCIDR: w.options.ServiceCIDR, Now: now}
}

func (w *world) podSources() pod.Sources {
	return pod.Sources{Namespaces: w.namespaces, StatefulSets: w.sets, Subnets: w.subnets, Vpcs: w.vpcs, IPs: w.ips, Ledger: w.ledger}
}

func (w *world) serviceSources() service.Sources {
	return service.Sources{Slices: w.slices, Subnets: w.subnets}
}

// createPause is between attempts to create an object of a kind whose CRD the API server does not serve yet; there is no
// event for "served now".
const createPause = 50 * time.Millisecond

func (w *world) create(ctx context.Context, d reconcile.Write, log *slog.Logger) error {
	waiting := false
	for {
		err := w.cluster.Write(ctx, d)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		if !waiting {
			waiting = true
			log.Info("waiting for the API server to serve a kind", "kind", d.Kind)
		}
		select {
		case <-time.After(createPause):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the API server to serve %s: %w", d.Kind, context.Cause(ctx))
		}
	}
}

// statusDelay gathers allocations, so that a burst of pods writes a subnet's status a few times and not hundreds.
const statusDelay = 300 * time.Millisecond

// SubnetChanged implements addresses.Listener.
func (w *world) SubnetChanged(name string) {
	w.cluster.EnqueueAfter(reconcile.Ref{Kind: "Subnet", Key: reconcile.Key{Name: name}}, statusDelay)
}

// Retry implements addresses.Listener.
func (w *world) Retry(ref reconcile.Ref) { w.cluster.Enqueue(ref) }

// addTriggers connects kinds: a change of one asks for another look at those that depend on it.
func (w *world) addTriggers() {
	on(w, "EndpointSlice", func(_, s *discoveryv1.EndpointSlice) {
		if name := s.Labels[discoveryv1.LabelServiceName]; name != "" {
			w.enqueue("Service", s.Namespace, name)
		}
	})
	on(w, "Namespace", func(old, ns *corev1.Namespace) {
		if old != nil && old.Annotations[v1.LogicalSwitchAnnotation] != ns.Annotations[v1.LogicalSwitchAnnotation] {
			w.retryPods(func(p *corev1.Pod) bool { return p.Namespace == ns.Name })
		}
	})
	on(w, "StatefulSet", func(_, set *appsv1.StatefulSet) { w.lookAtReserved(set.Namespace, set.Name) })
	on(w, "IP", func(old, ip *v1.IP) {
		// An IP that the pod kind read too early to act on comes by here.
		if old != nil && equality.Semantic.DeepEqual(old.Spec, ip.Spec) && equality.Semantic.DeepEqual(old.Labels, ip.Labels) {
			return
		}
		if ip.Spec.Namespace != "" {
			w.enqueue("Pod", ip.Spec.Namespace, ip.Spec.PodName)
		} else {
			w.enqueue("Node", "", ip.Spec.PodName)
		}
	})
	on(w, "Subnet", func(old, s *v1.Subnet) {
		if old != nil && equality.Semantic.DeepEqual(old.Spec, s.Spec) && (old.DeletionTimestamp == nil) == (s.DeletionTimestamp == nil) {
			return
		}
		claims := slices.Clone(s.Spec.Namespaces)
		if old != nil {
			claims = append(claims, old.Spec.Namespaces...)
			if old.Spec.Vpc != s.Spec.Vpc {
				w.enqueue("Vpc", "", old.Spec.Vpc)
			}
		}
		w.retryPods(func(*corev1.Pod) bool { return true })
		w.retrySubnets(s.Name)
		services, _ := w.services.List("", labels.Everything())
		for _, svc := range services {
			if slices.Contains(claims, svc.Namespace) {
				w.enqueue("Service", svc.Namespace, svc.Name)
			}
		}
		if s.Spec.Vpc != "" {
			w.enqueue("Vpc", "", s.Spec.Vpc)
		}
	})
	on(w, "Vpc", func(old, vpc *v1.Vpc) {
		if old != nil && equality.Semantic.DeepEqual(old.Spec, vpc.Spec) {
			return
		}
		w.retrySubnets("")
		w.retryPods(func(p *corev1.Pod) bool { return slices.Contains(vpc.Spec.Namespaces, p.Namespace) })
	})
	on(w, "Node", func(old, n *corev1.Node) {
		if old == nil || !equality.Semantic.DeepEqual(old.Status.Addresses, n.Status.Addresses) {
			w.retrySubnets("")
		}
	})
}

// on calls f for each change; old is nil for an addition and for a deletion.
func on[O metav1.Object](w *world, kind string, f func(old, obj O)) {
	var none O
	// The only error is that of an informer that has ended, which cannot be before Sync.
	_, _ = w.cluster.Informer(kind).AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) { f(none, obj.(O)) },
		UpdateFunc: func(old, obj any) {
			if old.(O).GetResourceVersion() != obj.(O).GetResourceVersion() {
				f(old.(O), obj.(O))
			}
		},
		DeleteFunc: func(obj any) {
			if t, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = t.Obj
			}
			if o, ok := obj.(O); ok {
				f(none, o)
			}
		},
	})
}

func (w *world) enqueue(kind, namespace, name string) {
	w.cluster.Enqueue(reconcile.Ref{Kind: kind, Key: reconcile.Key{Namespace: namespace, Name: name}})
}

// retryPods looks again at pods that should have an address and have none.
func (w *world) retryPods(which func(*corev1.Pod) bool) {
	pods, _ := w.pods.List("", labels.Everything())
	for _, p := range pods {
		if pod.Alive(p) && p.Annotations[v1.AllocatedAnnotation] != "true" && which(p) {
			w.enqueue("Pod", p.Namespace, p.Name)
		}
	}
}

// retrySubnets looks again at subnets that are not realised.
func (w *world) retrySubnets(except string) {
	subnets, _ := w.subnets.List("", labels.Everything())
	for _, s := range subnets {
		if s.Name != except && (!v1.IsTrue(s.Status.Conditions, v1.Validated) || !v1.IsTrue(s.Status.Conditions, v1.Ready)) {
			w.enqueue("Subnet", "", s.Name)
		}
	}
}

// lookAtReserved looks again at the addresses that a StatefulSet's ordinals keep.
func (w *world) lookAtReserved(namespace, set string) {
	ips, _ := w.ips.List("", labels.Everything())
	for _, ip := range ips {
		if ip.Spec.Namespace == namespace && ip.Spec.PodType == pod.TypeStatefulSet && pod.SetOf(ip.Spec.PodName) == set {
			w.enqueue("Pod", namespace, ip.Spec.PodName)
		}
	}
}
