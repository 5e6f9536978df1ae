package config

import (
	"net/netip"
	"path/filepath"
)

// Role is what this process is in the cluster.
type Role string

const (
	// Server runs the control plane and, unless DisableAgent, the agent part too.
	Server Role = "server"
	// Agent runs the node's part only.
	Agent Role = "agent"
)

// Config is everything that a kove process was told, resolved. It is read-only after Load.
type Config struct {
	// Role is Server or Agent; it comes from the subcommand.
	Role Role

	Paths   Paths
	Join    Join
	API     API
	Cluster Cluster
	Control Control
	OVN     OVN
	Node    Node
	Log     Log

	// Origins says where each option that is not at its default came from ("--mtu", "KOVE_MTU",
	// "/etc/kove/config.yaml line 3", "derived from the host"), keyed by option name. Default: empty.
	Origins map[string]string
	// Warnings are remarks about the input that do not stop kove, one sentence each. Default: none.
	Warnings []string
}

// Paths is where kove keeps its files.
type Paths struct {
	// DataDir holds everything that survives a reboot. Default /var/lib/kove.
	DataDir string
	// RunDir holds sockets and pid files and is lost at a reboot. Default /run/kove.
	RunDir string
	// ConfigFile is the YAML file that was read, with ConfigFile+".d" beside it. Default /etc/kove/config.yaml.
	ConfigFile string
	// NodeDir holds what makes this machine the same node after DataDir was lost. Default /etc/kove/node; no option.
	NodeDir string
	// MinFreeDisk is the free space on the file system of DataDir below which kove does not start, MiB. Default 512.
	MinFreeDisk int
}

// Server returns a path below <data-dir>/server, the control plane's state.
func (p Paths) Server(elem ...string) string { return join(p.DataDir, "server", elem) }

// Agent returns a path below <data-dir>/agent, the node's state.
func (p Paths) Agent(elem ...string) string { return join(p.DataDir, "agent", elem) }

// Payload returns a path below <data-dir>/data/current, the unpacked tools and libraries.
func (p Paths) Payload(elem ...string) string { return join(p.DataDir, "data/current", elem) }

// Run returns a path below <run-dir>.
func (p Paths) Run(elem ...string) string { return join(p.RunDir, "", elem) }

// StatusSocket is the unix socket on which `kove status` asks the running kove.
func (p Paths) StatusSocket() string { return p.Run("kove.sock") }

// TLS returns a path below <data-dir>/server/tls.
func (p Paths) TLS(elem ...string) string { return join(p.DataDir, "server/tls", elem) }

// AgentTLS returns a path below <data-dir>/agent/tls.
func (p Paths) AgentTLS(elem ...string) string { return join(p.DataDir, "agent/tls", elem) }

func join(base, middle string, elem []string) string {
	return filepath.Join(append([]string{base, middle}, elem...)...)
}

// Join is how a node finds its cluster and proves that it may enter.
type Join struct {
	// Server is the URL of a server, https://HOST:6443. Required by agents; a server derives https://127.0.0.1:PORT
	// for its own agent part.
	Server string
	// Token is the secret that admits nodes: a password, or K10<CA hash>::<user>:<password>, which also pins the
	// cluster's CA. Servers generate it when empty; agents require it. Default "".
	Token string
	// TokenFile is a file to read Token from. Default "".
	TokenFile string
	// AgentToken is a second secret that admits agents but not servers. Default "": agents use Token.
	AgentToken string
	// AgentTokenFile is a file to read AgentToken from. Default "".
	AgentTokenFile string
}

// API is the Kubernetes API server and what is written for its clients.
type API struct {
	// BindAddress is the address that the API server listens on. Default 0.0.0.0.
	BindAddress netip.Addr
	// HTTPSListenPort is the TCP port of the API server and of the join endpoint. Default 6443.
	HTTPSListenPort int
	// AdvertiseAddress is the address that the API server announces to the cluster. Default: BindAddress when it is
	// one address, else the node's first address.
	AdvertiseAddress netip.Addr
	// TLSSANs are further host names and addresses in the API server's certificate. Default none.
	TLSSANs []string
	// WriteKubeconfig is where the administrator's kubeconfig goes. Default /etc/kove/kove.yaml.
	WriteKubeconfig string
	// WriteKubeconfigMode is its file mode, octal. Default 0600.
	WriteKubeconfigMode uint32
	// WriteKubeconfigGroup is the group that owns the file. Default "": root's.
	WriteKubeconfigGroup string
}

// Cluster is what all nodes share. Agents learn it from the server at join.
type Cluster struct {
	// ClusterCIDR is the range of pod addresses, the subnet ovn-default. Default 10.16.0.0/16.
	ClusterCIDR netip.Prefix
	// ServiceCIDR is the range of Service addresses. Default 10.43.0.0/16.
	ServiceCIDR netip.Prefix
	// JoinCIDR is the range of the addresses that nodes have inside OVN, the subnet join. Default 100.64.0.0/16.
	JoinCIDR netip.Prefix
	// DNS is the Service address of CoreDNS. Default: the tenth address of ServiceCIDR, 10.43.0.10.
	DNS netip.Addr
	// Domain is the DNS domain of the cluster. Default cluster.local.
	Domain string
	// ServiceNodePorts is the range of NodePorts, both ends included. Default 30000-32767.
	ServiceNodePorts PortRange
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ First, Last int }

// Control is the rest of the control plane.
type Control struct {
	// Disable names packaged components that are not deployed, and whose objects are removed: coredns. Default none.
	Disable []string
	// DisableAgent runs no kubelet, containerd and data plane on this server. Default false.
	DisableAgent bool
	// DisableKubeProxy runs no kube-proxy; NodePorts and host → Service then do not work. Default false.
	DisableKubeProxy bool
	// APIServerArgs, ControllerManagerArgs and SchedulerArgs are further flags of those components, each
	// "name=value" without leading dashes; the last one wins. Default none.
	APIServerArgs         []string
	ControllerManagerArgs []string
	SchedulerArgs         []string
}

// Datapath is the kind of Open vSwitch datapath.
type Datapath string

const (
	// DatapathAuto uses the kernel module where it loads and userspace elsewhere.
	DatapathAuto Datapath = "auto"
	// DatapathKernel requires the kernel module (datapath_type=system).
	DatapathKernel Datapath = "kernel"
	// DatapathUserspace uses ovs-vswitchd's own datapath (datapath_type=netdev).
	DatapathUserspace Datapath = "userspace"
)

// OVN is the virtual network.
type OVN struct {
	// NBRemote is the northbound database of an OVN that someone else runs, as ssl:ADDRESS:PORT, tcp:… or unix:….
	// Default "": the one inside kove.
	NBRemote string
	// SBRemote is the southbound database, as NBRemote. Default "": the one inside kove.
	SBRemote string
	// SBPort is the TCP port on which the southbound database serves ovn-controllers over TLS. Default 6642.
	SBPort int
	// Datapath is the wanted datapath. Default auto; the data plane decides what auto means when it starts.
	Datapath Datapath
	// TunnelNIC is a NIC that carries tunnels only. The userspace datapath moves it and its address to the bridge
	// br-tun. Default "": tunnels use the node's address.
	TunnelNIC string
	// EncapIP is the local address of tunnels. Derived: TunnelNIC's address, else the node's.
	EncapIP netip.Addr
	// MTU is the MTU of pods, bytes. Default: that of the NIC which carries EncapIP, minus 100 for Geneve; an agent
	// takes the cluster's.
	MTU int
	// MTUSet tells that MTU was given and not derived.
	MTUSet bool
}

// Node is this machine as a node of the cluster.
type Node struct {
	// Name is the node's name, its chassis name and the common name of its certificates. Default: the host's name in
	// lower case.
	Name string
	// IPs are the node's addresses, the first being the primary one. Default: the address towards the server or the
	// default route.
	IPs []netip.Addr
	// ExternalIPs are addresses that the world reaches the node by. Default none.
	ExternalIPs []netip.Addr
	// Labels are set when the node registers, KEY=VALUE. Default none.
	Labels []string
	// Taints are set when the node registers, KEY=VALUE:EFFECT. Default none.
	Taints []string
	// ResolvConf is the resolv.conf given to pods that use the host's DNS. Default: /etc/resolv.conf, or systemd's
	// when that one points to loopback; "" when the host has no usable one.
	ResolvConf string
	// PauseImage is the image of pod sandboxes. Default "": the one inside kove.
	PauseImage string
	// Pull is the way to image registries.
	Pull Pull
	// KubeletArgs and KubeProxyArgs are further flags of those components, each "name=value"; the last one wins.
	// Default none.
	KubeletArgs   []string
	KubeProxyArgs []string
}

// Pull is how containerd, and nothing else of kove, reaches image registries.
type Pull struct {
	// HTTPProxy and HTTPSProxy are proxies for registries, http://[USER:PASSWORD@]HOST:PORT. Default "": none.
	HTTPProxy, HTTPSProxy string
	// NoProxy are hosts, domains and ranges that are reached without a proxy, besides the cluster's own, which are added
	// (see Config.NoProxy). Default none.
	NoProxy []string
	// Registries is the file that describes mirrors and credentials of registries. Default /etc/kove/registries.yaml.
	Registries string
}

// IP is the node's primary address.
func (n Node) IP() netip.Addr {
	if len(n.IPs) == 0 {
		return netip.Addr{}
	}
	return n.IPs[0]
}

// Log is what kove says about itself.
type Log struct {
	// Debug logs at debug level. Default false.
	Debug bool
	// Format is text or json. Default text.
	Format string
}
