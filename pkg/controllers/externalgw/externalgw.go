package externalgw

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/kove-io/kove/pkg/reconcile"
)

// Namespace and Name of the ConfigMap.
const (
	Namespace = "kube-system"
	Name      = "ovn-external-gw-config"
)

// Facts is what a plan rests on.
type Facts struct {
	ConfigMap *corev1.ConfigMap // nil when there is none
}

// Finding says what is not done, "" if nothing is asked for.
func Finding(f Facts) string {
	if f.ConfigMap == nil || f.ConfigMap.Name != Name || f.ConfigMap.Data["enable-external-gw"] == "false" {
		return ""
	}
	nodes := f.ConfigMap.Data["external-gw-nodes"]
	if nodes == "" {
		nodes = "(none named)"
	}
	nic := f.ConfigMap.Data["external-gw-nic"]
	if nic == "" {
		return fmt.Sprintf("ConfigMap %s/%s asks for an external gateway on nodes %s but names no NIC (external-gw-nic); nothing was touched", Namespace, Name, nodes)
	}
	return fmt.Sprintf("ConfigMap %s/%s asks for NIC %s of nodes %s: kove does not take NICs over yet, and nothing was touched; "+
		"`kove doctor --role gateway --nic %s` on a node says whether the NIC could be given away", Namespace, Name, nic, nodes, nic)
}

// Plan decides.
func Plan(f Facts) reconcile.Plan {
	if finding := Finding(f); finding != "" {
		return reconcile.Plan{Events: []reconcile.Event{reconcile.Warning("NotTakenOver", finding)}}
	}
	return reconcile.Plan{}
}

// Watcher is the controller; it remembers the last finding.
type Watcher struct {
	mu      sync.Mutex // guards finding
	finding string
}

// Finding is what the operator should know, "" if nothing.
func (w *Watcher) Finding() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.finding
}

// Kind is the ConfigMap controller.
func (w *Watcher) Kind() reconcile.Kind[*corev1.ConfigMap, Facts] {
	return reconcile.Kind[*corev1.ConfigMap, Facts]{
		Name: "ConfigMap",
		Gather: func(_ context.Context, _ reconcile.Key, obj *corev1.ConfigMap) (Facts, error) {
			return Facts{ConfigMap: obj}, nil
		},
		Plan: Plan,
		Done: func(f Facts) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.finding = Finding(f)
		},
	}
}
