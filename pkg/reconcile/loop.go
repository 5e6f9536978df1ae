package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rancher/lasso/pkg/controller"
	"github.com/rancher/wrangler/v3/pkg/generic"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

// NB is the part of nb.Applier that the loop needs.
type NB interface {
	Apply(ctx context.Context, owner nb.Owner, desired nb.Desired) error
	WhenPresent(table, name string, f func())
}

// Loop carries out plans.
type Loop struct {
	cluster *Cluster
	nb      NB
	events  record.EventRecorder
	log     *slog.Logger
	metrics *Metrics
	news    news
}

// New makes a Loop. metrics may be nil.
func New(cluster *Cluster, db NB, events record.EventRecorder, metrics *Metrics, logger *slog.Logger) *Loop {
	return &Loop{cluster: cluster, nb: db, events: events, log: logger, metrics: metrics}
}

// Register adds a kind to the loop. ctx ends its work; call it before Cluster.Start.
func Register[O generic.RuntimeMetaObject, In any](ctx context.Context, l *Loop, k Kind[O, In]) {
	l.cluster.controller(k.Name).RegisterHandler(ctx, "kove-"+strings.ToLower(k.Name),
		controller.SharedControllerHandlerFunc(func(key string, obj runtime.Object) (runtime.Object, error) {
			var o O
			if obj != nil {
				o = obj.(O)
			}
			err := reconcile(ctx, l, k, parseKey(key), o)
			if err != nil && ctx.Err() != nil {
				return nil, controller.ErrIgnore
			}
			return nil, err
		}))
}

func parseKey(text string) Key {
	if ns, name, ok := strings.Cut(text, "/"); ok {
		return Key{ns, name}
	}
	return Key{"", text}
}

func reconcile[O generic.RuntimeMetaObject, In any](ctx context.Context, l *Loop, k Kind[O, In], key Key, obj O) (err error) {
	start := time.Now()
	log := l.log.With("kind", k.Name, "object", key.String())
	defer func() {
		if p := recover(); p != nil {
			log.Error("planning panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("planning %s %s: %v", k.Name, key, p)
		}
		took := time.Since(start)
		l.metrics.observe(k.Name, err, took)
		switch {
		case err == nil || ctx.Err() != nil:
		case apierrors.IsConflict(err):
			log.Debug("another writer was first, repeating", "err", err)
		default:
			log.Warn("reconciling did not succeed and will be repeated", "err", err, "took", took)
		}
	}()

	var gone O
	exists := obj != gone
	deleting := exists && obj.GetDeletionTimestamp() != nil
	if k.Finalizer != "" && exists {
		has := slices.Contains(obj.GetFinalizers(), k.Finalizer)
		if deleting && !has {
			// Ours is off already; whoever holds it now is not our business, and the rows are gone.
			return nil
		}
		if !deleting && !has {
			if err := l.setFinalizers(ctx, k.Name, key, obj.GetResourceVersion(), append(slices.Clone(obj.GetFinalizers()), k.Finalizer)); err != nil {
				return err
			}
			// The patched object comes back through the watch.
			return nil
		}
	}

	in, err := k.Gather(ctx, key, obj)
	if err != nil {
		return err
	}
	plan := k.Plan(in)

	gathered := time.Now()
	for owner, desired := range plan.Rows {
		err := l.nb.Apply(ctx, owner, desired)
		var missing *nb.MissingError
		var conflict *nb.ConflictError
		switch {
		case errors.As(err, &missing):
			log.Debug("waiting for a row", "table", missing.Table, "name", missing.Name)
			ref := Ref{k.Name, key}
			l.nb.WhenPresent(missing.Table, missing.Name, func() { l.cluster.Enqueue(ref) })
			return nil
		case errors.As(err, &conflict) && exists:
			l.events.Event(obj, "Warning", "NameTaken", conflict.Error())
			return err
		case err != nil:
			return err
		}
	}
	applied := time.Now()
	for _, w := range plan.Writes {
		if err := l.cluster.Write(ctx, w); err != nil {
			return err
		}
	}
	if len(plan.Writes) > 0 {
		log.Debug("reconciled", "gather", gathered.Sub(start), "apply", applied.Sub(gathered), "writes", time.Since(applied), "count", len(plan.Writes))
	}
	for _, e := range plan.Events {
		switch {
		case !l.news.tell(Ref{k.Name, key}, e, start):
		case e.About != nil:
			l.events.Event(e.About, e.Type, e.Reason, e.Message)
		case exists:
			l.events.Event(obj, e.Type, e.Reason, e.Message)
		}
	}
	if !exists {
		l.news.forget(Ref{k.Name, key})
	}
	if k.Done != nil {
		k.Done(in)
	}
	for _, ref := range plan.Notify {
		l.cluster.Enqueue(ref)
	}
	if plan.RequeueAfter > 0 {
		l.cluster.controller(k.Name).EnqueueAfter(key.Namespace, key.Name, plan.RequeueAfter)
	}
	if k.Finalizer != "" && deleting && plan.Finalized {
		rest := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool { return f == k.Finalizer })
		return l.setFinalizers(ctx, k.Name, key, obj.GetResourceVersion(), rest)
	}
	return nil
}

// setFinalizers replaces the list only if the object is the one that was read: other controllers have finalizers too.
func (l *Loop) setFinalizers(ctx context.Context, kind string, key Key, resourceVersion string, finalizers []string) error {
	return l.cluster.Write(ctx, Write{Ref: Ref{kind, key}, Patch: map[string]any{
		"metadata": map[string]any{"resourceVersion": resourceVersion, "finalizers": finalizers},
	}})
}
