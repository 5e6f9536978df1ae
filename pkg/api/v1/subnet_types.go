package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Subnet is one logical switch, its address range and its connection to the router of a VPC.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,path=subnets,singular=subnet,shortName=subnet
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Vpc",type=string,JSONPath=`.spec.vpc`
// +kubebuilder:printcolumn:name="Vlan",type=string,JSONPath=`.spec.vlan`
// +kubebuilder:printcolumn:name="Protocol",type=string,JSONPath=`.spec.protocol`
// +kubebuilder:printcolumn:name="CIDR",type=string,JSONPath=`.spec.cidrBlock`
// +kubebuilder:printcolumn:name="Private",type=boolean,JSONPath=`.spec.private`
// +kubebuilder:printcolumn:name="NAT",type=boolean,JSONPath=`.spec.natOutgoing`
// +kubebuilder:printcolumn:name="Default",type=boolean,JSONPath=`.spec.default`
// +kubebuilder:printcolumn:name="GatewayType",type=string,JSONPath=`.spec.gatewayType`
// +kubebuilder:printcolumn:name="V4Used",type=integer,JSONPath=`.status.v4usingIPs`
// +kubebuilder:printcolumn:name="V4Available",type=integer,JSONPath=`.status.v4availableIPs`
// +kubebuilder:printcolumn:name="V6Used",type=integer,JSONPath=`.status.v6usingIPs`
// +kubebuilder:printcolumn:name="V6Available",type=integer,JSONPath=`.status.v6availableIPs`
// +kubebuilder:printcolumn:name="ExcludeIPs",type=string,JSONPath=`.spec.excludeIps`
// +kubebuilder:printcolumn:name="U2OInterconnectionIP",type=string,JSONPath=`.status.u2oInterconnectionIP`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Validated")].message`,priority=1
type Subnet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec SubnetSpec `json:"spec"`
	// +optional
	Status SubnetStatus `json:"status,omitempty"`
}

// Protocol is a subnet's address family.
// +kubebuilder:validation:Enum="";IPv4;IPv6;Dual
type Protocol string

const (
	ProtocolIPv4 Protocol = "IPv4"
	ProtocolIPv6 Protocol = "IPv6"
	ProtocolDual Protocol = "Dual"
)

// GatewayType says where a subnet's traffic leaves the cluster.
// +kubebuilder:validation:Enum="";distributed;centralized
type GatewayType string

const (
	// GatewayDistributed: at the node on which the pod runs.
	GatewayDistributed GatewayType = "distributed"
	// GatewayCentralized: at the nodes of spec.gatewayNode.
	GatewayCentralized GatewayType = "centralized"
)

// SubnetSpec is what the user wants.
type SubnetSpec struct {
	// Default marks the subnet of pods whose namespace no other subnet claims.
	// +optional
	Default bool `json:"default,omitempty"`
	// Vpc defaults to ovn-cluster.
	// +optional
	Vpc string `json:"vpc,omitempty"`
	// Protocol defaults to the family of cidrBlock.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`
	// Namespaces whose pods get their addresses here.
	// +optional
	Namespaces []string `json:"namespaces,omitempty"`
	// +optional
	NamespaceSelectors []metav1.LabelSelector `json:"namespaceSelectors,omitempty"`
	CIDRBlock          string                 `json:"cidrBlock"`
	// Gateway defaults to the first address of cidrBlock.
	// +optional
	Gateway string `json:"gateway,omitempty"`
	// ExcludeIPs are addresses or ranges "10.0.0.1..10.0.0.9" that are never handed out. The gateway is always among them.
	// +optional
	ExcludeIPs []string `json:"excludeIps,omitempty"`
	// Provider defaults to ovn.
	// +optional
	Provider string `json:"provider,omitempty"`

	// GatewayType defaults to distributed.
	// +optional
	GatewayType GatewayType `json:"gatewayType,omitempty"`
	// +optional
	GatewayNode string `json:"gatewayNode,omitempty"`
	// +optional
	GatewayNodeSelectors []metav1.LabelSelector `json:"gatewayNodeSelectors,omitempty"`
	// NatOutgoing gives traffic that leaves the cluster the node's address.
	// +optional
	NatOutgoing bool `json:"natOutgoing"`
	// +optional
	NatOutgoingPolicyRules []NatOutgoingPolicyRule `json:"natOutgoingPolicyRules,omitempty"`

	// +optional
	ExternalEgressGateway string `json:"externalEgressGateway,omitempty"`
	// +optional
	PolicyRoutingPriority uint32 `json:"policyRoutingPriority,omitempty"`
	// +optional
	PolicyRoutingTableID uint32 `json:"policyRoutingTableID,omitempty"`
	// Mtu of pod interfaces; 0 leaves the node's.
	// +optional
	Mtu uint32 `json:"mtu,omitempty"`

	// +optional
	Private bool `json:"private"`
	// +optional
	AllowSubnets []string `json:"allowSubnets,omitempty"`

	// +optional
	Vlan string `json:"vlan,omitempty"`
	// +optional
	Vips []string `json:"vips,omitempty"`
	// +optional
	LogicalGateway bool `json:"logicalGateway,omitempty"`
	// +optional
	DisableGatewayCheck bool `json:"disableGatewayCheck,omitempty"`
	// +optional
	DisableInterConnection bool `json:"disableInterConnection,omitempty"`

	// +optional
	EnableDHCP bool `json:"enableDHCP,omitempty"`
	// +optional
	DHCPv4Options string `json:"dhcpV4Options,omitempty"`
	// +optional
	DHCPv6Options string `json:"dhcpV6Options,omitempty"`
	// +optional
	EnableIPv6RA bool `json:"enableIPv6RA,omitempty"`
	// +optional
	IPv6RAConfigs string `json:"ipv6RAConfigs,omitempty"`

	// +optional
	Acls []ACL `json:"acls,omitempty"`
	// +optional
	AllowEWTraffic bool `json:"allowEWTraffic,omitempty"`

	// +optional
	U2OInterconnection bool `json:"u2oInterconnection,omitempty"`
	// +optional
	U2OInterconnectionIP string `json:"u2oInterconnectionIP,omitempty"`
	// +optional
	U2OOverlayOnlyRouting bool `json:"u2oOverlayOnlyRouting,omitempty"`
	// EnableLb attaches the VPC's load balancers, true when unset.
	// +optional
	EnableLb *bool `json:"enableLb,omitempty"`
	// +optional
	EnableEcmp bool `json:"enableEcmp,omitempty"`
	// +optional
	EnableMulticastSnoop bool `json:"enableMulticastSnoop,omitempty"`
	// +optional
	EnableExternalLBAddress bool `json:"enableExternalLBAddress,omitempty"`
	// +optional
	RouteTable string `json:"routeTable,omitempty"`
	// +optional
	NodeNetwork string `json:"nodeNetwork,omitempty"`
}

// NatOutgoingPolicyRule refines natOutgoing.
type NatOutgoingPolicyRule struct {
	Match NatOutgoingPolicyMatch `json:"match,omitempty"`
	// +kubebuilder:validation:Enum=nat;forward
	Action string `json:"action"`
}

// NatOutgoingPolicyMatch selects packets.
type NatOutgoingPolicyMatch struct {
	// +optional
	SrcIPs string `json:"srcIPs,omitempty"`
	// +optional
	DstIPs string `json:"dstIPs,omitempty"`
}

// ACL is one ACL row on the subnet's switch.
type ACL struct {
	// +kubebuilder:validation:Enum=from-lport;to-lport
	Direction string `json:"direction,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=32767
	Priority int    `json:"priority,omitempty"`
	Match    string `json:"match,omitempty"`
	// +kubebuilder:validation:Enum=allow;allow-related;allow-stateless;drop;reject;pass
	Action string `json:"action,omitempty"`
}

// SubnetStatus is what kove made of it.
type SubnetStatus struct {
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []Condition `json:"conditions,omitempty"`

	// +optional
	V4AvailableIPs int64 `json:"v4availableIPs"`
	// +optional
	V4AvailableIPRange string `json:"v4availableIPrange"`
	// +optional
	V4UsingIPs int64 `json:"v4usingIPs"`
	// +optional
	V4UsingIPRange string `json:"v4usingIPrange"`
	// +optional
	V6AvailableIPs int64 `json:"v6availableIPs"`
	// +optional
	V6AvailableIPRange string `json:"v6availableIPrange"`
	// +optional
	V6UsingIPs int64 `json:"v6usingIPs"`
	// +optional
	V6UsingIPRange string `json:"v6usingIPrange"`
	// +optional
	ActivateGateway string `json:"activateGateway"`
	// +optional
	DHCPv4OptionsUUID string `json:"dhcpV4OptionsUUID"`
	// +optional
	DHCPv6OptionsUUID string `json:"dhcpV6OptionsUUID"`
	// +optional
	U2OInterconnectionIP string `json:"u2oInterconnectionIP"`
	// +optional
	U2OInterconnectionMAC string `json:"u2oInterconnectionMAC"`
	// +optional
	U2OInterconnectionVPC string `json:"u2oInterconnectionVPC"`
	// +optional
	NatOutgoingPolicyRules []NatOutgoingPolicyRule `json:"natOutgoingPolicyRules,omitempty"`
}

// SubnetList is a list of Subnet.
//
// +kubebuilder:object:root=true
type SubnetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []Subnet `json:"items"`
}
