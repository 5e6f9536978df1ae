package pod

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// Pod types as the IP object's podType has them.
const (
	TypeStatefulSet    = "StatefulSet"
	TypeVirtualMachine = "VirtualMachine"
)

// vmNameLabel is on every pod that KubeVirt makes for a VM.
const vmNameLabel = "vm.kubevirt.io/name"

// Owner is the identity that keeps a pod's address.
func Owner(p *corev1.Pod) ipam.Owner {
	if podType(p) == TypeVirtualMachine {
		return ipam.Owner{Kind: TypeVirtualMachine, Namespace: p.Namespace, Name: vmName(p)}
	}
	return ipam.Owner{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}
}

// OwnerOfIP is the identity behind an IP object that the pod kind wrote.
func OwnerOfIP(ip *v1.IP) ipam.Owner {
	kind := "Pod"
	if ip.Spec.PodType == TypeVirtualMachine {
		kind = TypeVirtualMachine
	}
	return ipam.Owner{Kind: kind, Namespace: ip.Spec.Namespace, Name: ip.Spec.PodName}
}

// RowOwner is the owner of an identity's rows.
func RowOwner(o ipam.Owner) nb.Owner {
	return nb.Owner{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// PortName is the name of an identity's logical switch port and IP object.
func PortName(o ipam.Owner) string { return o.Name + "." + o.Namespace }

func podType(p *corev1.Pod) string {
	for _, ref := range p.OwnerReferences {
		switch {
		case ref.Kind == "StatefulSet" && strings.HasPrefix(ref.APIVersion, "apps/"):
			return TypeStatefulSet
		case ref.Kind == "VirtualMachineInstance" && strings.HasPrefix(ref.APIVersion, "kubevirt.io/"):
			return TypeVirtualMachine
		}
	}
	return ""
}

func vmName(p *corev1.Pod) string {
	if name := p.Labels[vmNameLabel]; name != "" {
		return name
	}
	for _, ref := range p.OwnerReferences {
		if ref.Kind == "VirtualMachineInstance" {
			return ref.Name
		}
	}
	return p.Name
}

// ordinal splits a StatefulSet's pod name.
func ordinal(pod string) (set string, n int, ok bool) {
	i := strings.LastIndexByte(pod, '-')
	if i <= 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(pod[i+1:])
	if err != nil || n < 0 {
		return "", 0, false
	}
	return pod[:i], n, true
}

// SetOf is the name of the StatefulSet to which a pod's name points, "" if it cannot be one's.
func SetOf(pod string) string {
	set, _, _ := ordinal(pod)
	return set
}

// wants tells whether a StatefulSet wants an ordinal.
func wants(set *appsv1.StatefulSet, n int) bool {
	if set == nil || set.DeletionTimestamp != nil {
		return false
	}
	start, replicas := 0, 1
	if set.Spec.Ordinals != nil {
		start = int(set.Spec.Ordinals.Start)
	}
	if set.Spec.Replicas != nil {
		replicas = int(*set.Spec.Replicas)
	}
	return n >= start && n < start+replicas
}

// Alive tells whether a pod needs a port: it runs on the pod network, is bound to a node and has not completed.
func Alive(p *corev1.Pod) bool {
	return p != nil && !p.Spec.HostNetwork && p.Spec.NodeName != "" && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
}

// Reserved tells whether an identity keeps its address although none of its pods is there, given the StatefulSet that
// its name points to.
func Reserved(ip *v1.IP, set func(namespace, name string) *appsv1.StatefulSet) bool {
	if ip == nil || ip.Spec.PodType != TypeStatefulSet {
		return false
	}
	name, n, ok := ordinal(ip.Spec.PodName)
	return ok && wants(set(ip.Spec.Namespace, name), n)
}

func refOf(key reconcile.Key) reconcile.Ref { return reconcile.Ref{Kind: "Pod", Key: key} }
