package v1

// Annotations and labels, as Kube-OVN spells them.
const (
	AllocatedAnnotation     = "ovn.kubernetes.io/allocated"
	RoutedAnnotation        = "ovn.kubernetes.io/routed"
	IPAddressAnnotation     = "ovn.kubernetes.io/ip_address"
	MACAddressAnnotation    = "ovn.kubernetes.io/mac_address"
	IPPoolAnnotation        = "ovn.kubernetes.io/ip_pool"
	CIDRAnnotation          = "ovn.kubernetes.io/cidr"
	GatewayAnnotation       = "ovn.kubernetes.io/gateway"
	LogicalSwitchAnnotation = "ovn.kubernetes.io/logical_switch"
	LogicalRouterAnnotation = "ovn.kubernetes.io/logical_router"
	ExcludeIPsAnnotation    = "ovn.kubernetes.io/exclude_ips"
	PodNicTypeAnnotation    = "ovn.kubernetes.io/pod_nic_type"
	PortNameAnnotation      = "ovn.kubernetes.io/port_name"
	ChassisAnnotation       = "ovn.kubernetes.io/chassis"
	PortSecurityAnnotation  = "ovn.kubernetes.io/port_security"
	VirtualMachine          = "ovn.kubernetes.io/virtualmachine"
	VpcAnnotation           = "ovn.kubernetes.io/vpc"

	// SubnetLabel on an IP names its subnet, NodeLabel its node.
	SubnetLabel = "ovn.kubernetes.io/subnet"
	NodeLabel   = "ovn.kubernetes.io/node-name"
	// IPReservedLabel marks an IP that stays although its pod is gone, because the owner (StatefulSet, VM) lives.
	IPReservedLabel = "ovn.kubernetes.io/ip_reserved"

	// Finalizer holds Vpcs, Subnets and nothing else back until their northbound rows are gone.
	Finalizer = "kubeovn.io/kube-ovn-controller"
)

// Names of the objects that every cluster has.
const (
	DefaultVpc    = "ovn-cluster"
	DefaultSubnet = "ovn-default"
	JoinSubnet    = "join"

	// OvnProvider is the provider of networks that OVN itself carries.
	OvnProvider = "ovn"
	// VethPair is the only kind of pod NIC that the CNI makes.
	VethPair = "veth-pair"
)
