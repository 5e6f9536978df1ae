package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Vpc is an isolated layer 3 domain: one logical router and the subnets attached to it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,path=vpcs,singular=vpc,shortName=vpc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="EnableExternal",type=boolean,JSONPath=`.status.enableExternal`
// +kubebuilder:printcolumn:name="EnableBfd",type=boolean,JSONPath=`.status.enableBfd`
// +kubebuilder:printcolumn:name="Standby",type=boolean,JSONPath=`.status.standby`
// +kubebuilder:printcolumn:name="Subnets",type=string,JSONPath=`.status.subnets`
// +kubebuilder:printcolumn:name="ExtraExternalSubnets",type=string,JSONPath=`.status.extraExternalSubnets`
// +kubebuilder:printcolumn:name="Namespaces",type=string,JSONPath=`.spec.namespaces`
// +kubebuilder:printcolumn:name="DefaultSubnet",type=string,JSONPath=`.status.defaultLogicalSwitch`
type Vpc struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +optional
	Spec VpcSpec `json:"spec,omitempty"`
	// +optional
	Status VpcStatus `json:"status,omitempty"`
}

// VpcSpec is what the user wants.
type VpcSpec struct {
	// Namespaces whose pods may use the VPC.
	// +optional
	Namespaces []string `json:"namespaces,omitempty"`
	// DefaultSubnet is where pods of these namespaces go when no subnet claims the namespace.
	// +optional
	DefaultSubnet string `json:"defaultSubnet,omitempty"`
	// +optional
	StaticRoutes []*StaticRoute `json:"staticRoutes,omitempty"`
	// +optional
	PolicyRoutes []*PolicyRoute `json:"policyRoutes,omitempty"`
	// +optional
	VpcPeerings []*VpcPeering `json:"vpcPeerings,omitempty"`
	// +optional
	EnableExternal bool `json:"enableExternal,omitempty"`
	// +optional
	ExtraExternalSubnets []string `json:"extraExternalSubnets,omitempty"`
	// +optional
	EnableBfd bool `json:"enableBfd,omitempty"`
	// +optional
	BFDPort *BFDPort `json:"bfdPort,omitempty"`
}

// RoutePolicy says whether a static route looks at a packet's source or destination.
// +kubebuilder:validation:Enum=policySrc;policyDst
type RoutePolicy string

const (
	PolicySrc RoutePolicy = "policySrc"
	PolicyDst RoutePolicy = "policyDst"
)

// StaticRoute is one Logical_Router_Static_Route.
type StaticRoute struct {
	// +optional
	Policy    RoutePolicy `json:"policy,omitempty"`
	CIDR      string      `json:"cidr"`
	NextHopIP string      `json:"nextHopIP"`
	// +optional
	ECMPMode string `json:"ecmpMode,omitempty"`
	// +optional
	BfdID string `json:"bfdId,omitempty"`
	// +optional
	RouteTable string `json:"routeTable,omitempty"`
}

// PolicyRouteAction is what happens to a matching packet.
// +kubebuilder:validation:Enum=allow;drop;reroute
type PolicyRouteAction string

const (
	PolicyRouteActionAllow   PolicyRouteAction = "allow"
	PolicyRouteActionDrop    PolicyRouteAction = "drop"
	PolicyRouteActionReroute PolicyRouteAction = "reroute"
)

// PolicyRoute is one Logical_Router_Policy.
type PolicyRoute struct {
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=32767
	Priority int               `json:"priority,omitempty"`
	Match    string            `json:"match,omitempty"`
	Action   PolicyRouteAction `json:"action,omitempty"`
	// NextHopIP lists next hops, separated by commas.
	// +optional
	NextHopIP string `json:"nextHopIP,omitempty"`
}

// VpcPeering connects the VPC to another one.
type VpcPeering struct {
	RemoteVpc string `json:"remoteVpc"`
	// +optional
	LocalConnectIP string `json:"localConnectIP,omitempty"`
}

// BFDPort asks for a router port that runs BFD.
type BFDPort struct {
	// +optional
	Enabled bool `json:"enabled,omitempty"`
	// +optional
	IP string `json:"ip,omitempty"`
	// +optional
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
}

// BFDPortStatus is what became of a BFDPort.
type BFDPortStatus struct {
	// +optional
	Name string `json:"name,omitempty"`
	// +optional
	IP string `json:"ip,omitempty"`
	// +optional
	Nodes []string `json:"nodes,omitempty"`
}

// VpcStatus is what kove made of it.
type VpcStatus struct {
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []Condition `json:"conditions,omitempty"`

	// Standby is true once the logical router exists.
	// +optional
	Standby bool `json:"standby"`
	// Default marks the cluster's own VPC.
	// +optional
	Default bool `json:"default"`
	// +optional
	DefaultLogicalSwitch string `json:"defaultLogicalSwitch"`
	// Router is the name of the Logical_Router.
	// +optional
	Router string `json:"router"`
	// +optional
	TCPLoadBalancer string `json:"tcpLoadBalancer"`
	// +optional
	UDPLoadBalancer string `json:"udpLoadBalancer"`
	// +optional
	SctpLoadBalancer string `json:"sctpLoadBalancer"`
	// +optional
	TCPSessionLoadBalancer string `json:"tcpSessionLoadBalancer"`
	// +optional
	UDPSessionLoadBalancer string `json:"udpSessionLoadBalancer"`
	// +optional
	SctpSessionLoadBalancer string `json:"sctpSessionLoadBalancer"`
	// +optional
	Subnets []string `json:"subnets,omitempty"`
	// +optional
	VpcPeerings []string `json:"vpcPeerings,omitempty"`
	// +optional
	EnableExternal bool `json:"enableExternal"`
	// +optional
	ExtraExternalSubnets []string `json:"extraExternalSubnets,omitempty"`
	// +optional
	EnableBfd bool `json:"enableBfd"`
	// +optional
	BFDPort BFDPortStatus `json:"bfdPort"`
}

// VpcList is a list of Vpc.
//
// +kubebuilder:object:root=true
type VpcList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []Vpc `json:"items"`
}
