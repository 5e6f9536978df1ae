package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// roleLabel is what `kubectl get nodes` shows as the role. A node may not give it to itself (NodeRestriction).
const roleLabel = "node-role.kubernetes.io/control-plane"

// labelRole keeps the role on this server's own node.
func (a *App) labelRole(ctx context.Context, ready func()) error {
	name := a.config.Node.Name
	factory := informers.NewSharedInformerFactoryWithOptions(a.server.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
	}))
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]string{roleLabel: "true"}}})
	if err != nil {
		return fmt.Errorf("encoding the role of node %s: %w", name, err)
	}
	missing := make(chan struct{}, 1)
	look := func(obj any) {
		if node, ok := obj.(*corev1.Node); ok && node.Labels[roleLabel] != "true" {
			select {
			case missing <- struct{}{}:
			default:
			}
		}
	}
	informer := factory.Core().V1().Nodes().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: look, UpdateFunc: func(_, obj any) { look(obj) }}); err != nil {
		return fmt.Errorf("watching node %s: %w", name, err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	ready()
	retry := time.NewTimer(0) // looks once without an event, which does no harm
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-missing:
		case <-retry.C:
		}
		if _, err := a.server.client.CoreV1().Nodes().Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: "kove"}); err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
			a.log.Warn("the node's role is not set yet", "node", name, "err", err)
			retry.Reset(time.Second)
		}
	}
}
