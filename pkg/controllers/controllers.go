package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/externalgw"
	"github.com/kove-io/kove/pkg/controllers/node"
	"github.com/kove-io/kove/pkg/controllers/pod"
	"github.com/kove-io/kove/pkg/controllers/service"
	"github.com/kove-io/kove/pkg/controllers/subnet"
	"github.com/kove-io/kove/pkg/controllers/vpc"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Controllers is the component that runs all network controllers.
type Controllers struct {
	opts       Options
	log        *slog.Logger
	externalGW externalgw.Watcher

	mu       sync.Mutex // guards findings
	findings []string
}

// New prepares the controllers; Run starts them.
func New(opts Options) *Controllers {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Controllers{opts: opts, log: opts.Logger.With("component", "network-controllers")}
}

// Name implements supervise.Component.
func (c *Controllers) Name() string { return "network-controllers" }

// Findings lists what the operator should know and no object's status tells, for `kove status`.
func (c *Controllers) Findings() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := append([]string(nil), c.findings...)
	if f := c.externalGW.Finding(); f != "" {
		out = append(out, f)
	}
	return out
}

func (c *Controllers) find(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.findings = append(c.findings, fmt.Sprintf(format, args...))
}

// Run implements supervise.Component.
func (c *Controllers) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w, err := c.assemble()
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	eventConfig := rest.CopyConfig(c.opts.RESTConfig)
	eventConfig.QPS, eventConfig.Burst = 50, 200
	core, err := typedcorev1.NewForConfig(eventConfig)
	if err != nil {
		return fmt.Errorf("preparing the event client: %w", err)
	}
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: core.Events("")})
	var metrics *reconcile.Metrics
	if c.opts.Metrics != nil {
		if metrics, err = reconcile.NewMetrics(c.opts.Metrics); err != nil {
			return err
		}
	}

	applier := nb.NewApplier(c.opts.NB, c.log)
	following := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() {
		if err := applier.Run(ctx, func() { close(following) }); err != nil {
			cancel(err)
		}
	})
	select {
	case <-following:
	case <-ctx.Done():
		return context.Cause(ctx)
	}

	if err := c.createDefaults(ctx, w); err != nil {
		return err
	}
	if err := w.cluster.Warm(ctx, "IP", "Vpc", "Subnet"); err != nil {
		return err
	}
	w.addTriggers()
	if err := w.cluster.Sync(ctx); err != nil {
		return err
	}
	if err := c.restore(ctx, w); err != nil {
		return err
	}
	if err := c.prune(ctx, w, applier); err != nil {
		return err
	}

	events := broadcaster.NewRecorder(w.scheme, corev1.EventSource{Component: "kove"})
	loop := reconcile.New(w.cluster, applier, events, metrics, c.log)
	reconcile.Register(ctx, loop, vpc.Kind(w.subnets, now))
	reconcile.Register(ctx, loop, subnet.Kind(w.subnetSources()))
	reconcile.Register(ctx, loop, node.Kind(node.Sources{Subnets: w.subnets, IPs: w.ips, Ledger: w.ledger}))
	reconcile.Register(ctx, loop, pod.Kind(w.podSources()))
	reconcile.Register(ctx, loop, service.Kind(w.serviceSources()))
	reconcile.Register(ctx, loop, c.externalGW.Kind())
	if err := w.cluster.Start(ctx); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

func now() metav1.Time { return metav1.NewTime(time.Now()) }

func newScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, discoveryv1.AddToScheme, v1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("registering API types: %w", err)
		}
	}
	metav1.AddToGroupVersion(s, corev1.SchemeGroupVersion)
	return s, nil
}

// createDefaults makes the Vpc and Subnets that every cluster has, if they are not there. Later the objects decide, not
// the configuration: their ranges are in use.
func (c *Controllers) createDefaults(ctx context.Context, w *world) error {
	defaults := []reconcile.Write{{Ref: reconcile.Ref{Kind: "Vpc", Key: reconcile.Key{Name: v1.DefaultVpc}}, Create: &v1.Vpc{ObjectMeta: metav1.ObjectMeta{Name: v1.DefaultVpc}}}}
	for _, s := range []*v1.Subnet{
		{ObjectMeta: metav1.ObjectMeta{Name: v1.JoinSubnet}, Spec: v1.SubnetSpec{CIDRBlock: c.opts.JoinCIDR.String()}},
		{ObjectMeta: metav1.ObjectMeta{Name: v1.DefaultSubnet}, Spec: v1.SubnetSpec{CIDRBlock: c.opts.ClusterCIDR.String(), Default: true, NatOutgoing: true}},
	} {
		s.Default()
		if err := s.Validate(); err != nil {
			return fmt.Errorf("preparing subnet %s from the configured range: %w", s.Name, err)
		}
		defaults = append(defaults, reconcile.Write{Ref: reconcile.Ref{Kind: "Subnet", Key: reconcile.Key{Name: s.Name}}, Create: s})
	}
	for _, d := range defaults {
		if err := w.create(ctx, d, c.log); err != nil {
			return err
		}
	}
	return nil
}
