package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// IP records one allocated address. It outlives its pod where the identity does (StatefulSet ordinal, VM), and it is
// where a restarted controller reads allocations from.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,path=ips,singular=ip,shortName=ip
// +kubebuilder:printcolumn:name="V4IP",type=string,JSONPath=`.spec.v4IpAddress`
// +kubebuilder:printcolumn:name="V6IP",type=string,JSONPath=`.spec.v6IpAddress`
// +kubebuilder:printcolumn:name="Mac",type=string,JSONPath=`.spec.macAddress`
// +kubebuilder:printcolumn:name="Node",type=string,JSONPath=`.spec.nodeName`
// +kubebuilder:printcolumn:name="Subnet",type=string,JSONPath=`.spec.subnet`
type IP struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec IPSpec `json:"spec"`
}

// IPSpec describes the allocation.
type IPSpec struct {
	// PodName is the pod, the VM or, on the join subnet, the node.
	PodName string `json:"podName"`
	// +optional
	Namespace string `json:"namespace"`
	Subnet    string `json:"subnet"`
	// +optional
	AttachSubnets []string `json:"attachSubnets,omitempty"`
	// +optional
	NodeName string `json:"nodeName"`
	// IPAddress lists all addresses, separated by commas.
	IPAddress string `json:"ipAddress"`
	// +optional
	V4IPAddress string `json:"v4IpAddress"`
	// +optional
	V6IPAddress string `json:"v6IpAddress"`
	// +optional
	AttachIPs  []string `json:"attachIps,omitempty"`
	MacAddress string   `json:"macAddress"`
	// +optional
	AttachMacs []string `json:"attachMacs,omitempty"`
	// +optional
	ContainerID string `json:"containerID"`
	// PodType is the kind of the owner whose identity keeps the address: StatefulSet, VirtualMachine, or empty.
	// +optional
	PodType string `json:"podType"`
}

// IPList is a list of IP.
//
// +kubebuilder:object:root=true
type IPList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []IP `json:"items"`
}
