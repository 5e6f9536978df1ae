package reconcile

import (
	"context"
	"time"

	"github.com/rancher/wrangler/v3/pkg/generic"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

// Key names an object of a kind. Namespace is empty for cluster-scoped kinds.
type Key struct{ Namespace, Name string }

func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Ref names an object of any kind.
type Ref struct {
	Kind string
	Key
}

// Kind is one controller.
type Kind[O generic.RuntimeMetaObject, In any] struct {
	// Name is the Kubernetes kind, as in Resource.Kind.
	Name string
	// Finalizer holds deletion back until a Plan says Finalized. Empty for kinds that need none.
	Finalizer string
	// Gather reads what Plan needs. obj is nil when the object is gone. It may read caches and allocate; it writes nothing.
	Gather func(ctx context.Context, key Key, obj O) (In, error)
	// Plan decides. It is pure.
	Plan func(In) Plan
	// Done, if set, is told that all of a plan was carried out.
	Done func(In)
}

// Plan is everything that has to be so for one object.
type Plan struct {
	// Owners are the owners of rows and what each should have.
	Rows map[nb.Owner]nb.Desired
	// Writes go to the API in this order, after the rows.
	Writes []Write
	Events []Event
	// Notify lists objects to look at again once this plan is carried out.
	Notify []Ref
	// Finalized lets a deleted object go.
	Finalized bool
	// RequeueAfter asks for another look.
	RequeueAfter time.Duration
}

// Write is one change of an API object.
type Write struct {
	Ref
	Subresource string
	// Create makes the object; if it exists, Patch is applied instead.
	Create runtime.Object
	// Patch is a JSON merge patch. On an object that is gone it is nothing.
	Patch map[string]any
	// Delete removes the object, if it is there.
	Delete bool
}

// Event is told to the user, on the object of the plan unless About says otherwise.
type Event struct {
	Type, Reason, Message string
	About                 *corev1.ObjectReference
}

// Warning makes an event about something that the user has to change.
func Warning(reason, message string) Event {
	return Event{Type: corev1.EventTypeWarning, Reason: reason, Message: message}
}

// Normal makes an event about something that happened.
func Normal(reason, message string) Event {
	return Event{Type: corev1.EventTypeNormal, Reason: reason, Message: message}
}

// Annotate is a merge patch that sets annotations; an empty value removes one.
func Annotate(annotations map[string]string) map[string]any {
	values := map[string]any{}
	for k, v := range annotations {
		if v == "" {
			values[k] = nil
			continue
		}
		values[k] = v
	}
	return map[string]any{"metadata": map[string]any{"annotations": values}}
}
