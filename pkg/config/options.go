package config

import (
	"net/netip"
	"strings"
)

// Option is one setting: a flag --NAME, a key NAME in the file, a variable KOVE_NAME.
type Option struct {
	// Name is the flag's name and the file's key.
	Name string
	// Short is a one-letter flag, "" for none.
	Short string
	// Env are the variables, the first being KOVE_ and the name; the others are k3s's odd names with our prefix.
	Env []string
	// Section groups options in --help and in the documentation.
	Section string
	// Roles says which subcommands take the option.
	Roles []Role
	// Usage is one sentence without a full stop.
	Usage string
	// Default is the default as a person would say it; "" for none.
	Default string
	// Secret options are never printed.
	Secret bool
	// Ignored, if set, is why the option does nothing: it is accepted because k3s has it, and said in a warning.
	Ignored string

	value value
}

// Kind says how the option's value is written.
func (o Option) Kind() Kind { return o.value.kind }

// List tells whether the option may be given several times.
func (o Option) List() bool { return o.value.kind == KindList }

// Applies tells whether the role takes the option.
func (o Option) Applies(r Role) bool {
	for _, role := range o.Roles {
		if role == r {
			return true
		}
	}
	return false
}

// Values are the option's resolved values as text, none when it is empty.
func (o Option) Values() []string { return o.value.get() }

// Sections in the order in which they are shown.
var Sections = []string{"Paths", "Cluster membership", "API server", "Cluster ranges", "Control plane", "Network", "Node", "Log"}

var (
	serverOnly = []Role{Server}
	agentOnly  = []Role{Agent}
	both       = []Role{Server, Agent}
)

// Default returns the Config before any source has spoken.
func Default(role Role) *Config {
	return &Config{
		Role:  role,
		Paths: Paths{DataDir: "/var/lib/kove", RunDir: "/run/kove", ConfigFile: "/etc/kove/config.yaml", NodeDir: "/etc/kove/node", MinFreeDisk: 512},
		API: API{
			BindAddress: netip.IPv4Unspecified(), HTTPSListenPort: 6443,
			WriteKubeconfig: "/etc/kove/kove.yaml", WriteKubeconfigMode: 0o600,
		},
		Cluster: Cluster{
			ClusterCIDR:      netip.MustParsePrefix("10.16.0.0/16"),
			ServiceCIDR:      netip.MustParsePrefix("10.43.0.0/16"),
			JoinCIDR:         netip.MustParsePrefix("100.64.0.0/16"),
			Domain:           "cluster.local",
			ServiceNodePorts: PortRange{30000, 32767},
		},
		OVN:     OVN{SBPort: 6642, Datapath: DatapathAuto},
		Node:    Node{Pull: Pull{Registries: "/etc/kove/registries.yaml"}},
		Log:     Log{Format: "text"},
		Origins: map[string]string{},
	}
}

// Options lists every option, bound to the fields of c.
func Options(c *Config) []Option {
	var void string
	var voidFlag bool
	var voids []string
	options := []Option{
		{Section: "Paths", Name: "config", Short: "c", Env: []string{"KOVE_CONFIG_FILE"}, Roles: both, value: text(&c.Paths.ConfigFile),
			Default: "/etc/kove/config.yaml", Usage: "YAML file to read options from; the files of FILE.d are read after it"},
		{Section: "Paths", Name: "data-dir", Short: "d", Roles: both, value: text(&c.Paths.DataDir),
			Default: "/var/lib/kove", Usage: "directory for everything that survives a reboot"},
		{Section: "Paths", Name: "run-dir", Roles: both, value: text(&c.Paths.RunDir),
			Default: "/run/kove", Usage: "directory for sockets and pid files"},
		{Section: "Paths", Name: "min-free-disk", Roles: both, value: number(&c.Paths.MinFreeDisk, 0, 1<<30),
			Default: "512", Usage: "do not start with less free space on the data directory's file system, in MiB"},

		{Section: "Cluster membership", Name: "server", Short: "s", Env: []string{"KOVE_URL"}, Roles: agentOnly, value: text(&c.Join.Server),
			Usage: "URL of a server to join, https://HOST:6443"},
		{Section: "Cluster membership", Name: "token", Short: "t", Roles: both, Secret: true, value: text(&c.Join.Token),
			Default: "servers: generated", Usage: "secret that admits nodes; prefer --token-file or KOVE_TOKEN, a command line can be read by every user"},
		{Section: "Cluster membership", Name: "token-file", Roles: both, value: text(&c.Join.TokenFile),
			Usage: "file that holds the token"},
		{Section: "Cluster membership", Name: "agent-token", Roles: serverOnly, Secret: true, value: text(&c.Join.AgentToken),
			Default: "the token", Usage: "secret that admits agents only"},
		{Section: "Cluster membership", Name: "agent-token-file", Roles: serverOnly, value: text(&c.Join.AgentTokenFile),
			Usage: "file that holds the agent token"},

		{Section: "API server", Name: "bind-address", Roles: serverOnly, value: address(&c.API.BindAddress),
			Default: "0.0.0.0", Usage: "address that the API server listens on"},
		{Section: "API server", Name: "https-listen-port", Roles: serverOnly, value: number(&c.API.HTTPSListenPort, 1, 65535),
			Default: "6443", Usage: "TCP port of the API server and of joining nodes"},
		{Section: "API server", Name: "advertise-address", Roles: serverOnly, value: address(&c.API.AdvertiseAddress),
			Default: "the bind address or node address", Usage: "address that the API server announces to the cluster"},
		{Section: "API server", Name: "tls-san", Roles: serverOnly, value: words(&c.API.TLSSANs),
			Usage: "further host name or address in the API server's certificate"},
		{Section: "API server", Name: "write-kubeconfig", Short: "o", Env: []string{"KOVE_KUBECONFIG_OUTPUT"}, Roles: serverOnly, value: text(&c.API.WriteKubeconfig),
			Default: "/etc/kove/kove.yaml", Usage: "where to write the administrator's kubeconfig"},
		{Section: "API server", Name: "write-kubeconfig-mode", Env: []string{"KOVE_KUBECONFIG_MODE"}, Roles: serverOnly, value: mode(&c.API.WriteKubeconfigMode),
			Default: "0600", Usage: "mode of the administrator's kubeconfig"},
		{Section: "API server", Name: "write-kubeconfig-group", Env: []string{"KOVE_KUBECONFIG_GROUP"}, Roles: serverOnly, value: text(&c.API.WriteKubeconfigGroup),
			Usage: "group that owns the administrator's kubeconfig"},

		{Section: "Cluster ranges", Name: "cluster-cidr", Roles: serverOnly, value: cidr(&c.Cluster.ClusterCIDR),
			Default: "10.16.0.0/16", Usage: "range of pod addresses (subnet ovn-default)"},
		{Section: "Cluster ranges", Name: "service-cidr", Roles: serverOnly, value: cidr(&c.Cluster.ServiceCIDR),
			Default: "10.43.0.0/16", Usage: "range of Service addresses"},
		{Section: "Cluster ranges", Name: "join-cidr", Roles: serverOnly, value: cidr(&c.Cluster.JoinCIDR),
			Default: "100.64.0.0/16", Usage: "range of the nodes' addresses inside OVN (subnet join)"},
		{Section: "Cluster ranges", Name: "cluster-dns", Roles: serverOnly, value: address(&c.Cluster.DNS),
			Default: "tenth address of service-cidr", Usage: "Service address of CoreDNS"},
		{Section: "Cluster ranges", Name: "cluster-domain", Roles: serverOnly, value: text(&c.Cluster.Domain),
			Default: "cluster.local", Usage: "DNS domain of the cluster"},
		{Section: "Cluster ranges", Name: "service-node-port-range", Roles: serverOnly, value: ports(&c.Cluster.ServiceNodePorts),
			Default: "30000-32767", Usage: "ports for Services of type NodePort"},

		{Section: "Control plane", Name: "disable", Roles: serverOnly, value: words(&c.Control.Disable),
			Usage: "packaged component not to deploy (coredns)"},
		{Section: "Control plane", Name: "disable-agent", Roles: serverOnly, value: flag(&c.Control.DisableAgent),
			Default: "false", Usage: "run no kubelet, containerd and data plane on this server"},
		{Section: "Control plane", Name: "disable-kube-proxy", Roles: serverOnly, value: flag(&c.Control.DisableKubeProxy),
			Default: "false", Usage: "run no kube-proxy on any node; NodePorts and host to Service then need a replacement"},
		{Section: "Control plane", Name: "kube-apiserver-arg", Roles: serverOnly, value: list(&c.Control.APIServerArgs),
			Usage: "further kube-apiserver flag, NAME=VALUE"},
		{Section: "Control plane", Name: "kube-controller-manager-arg", Roles: serverOnly, value: list(&c.Control.ControllerManagerArgs),
			Usage: "further kube-controller-manager flag, NAME=VALUE"},
		{Section: "Control plane", Name: "kube-scheduler-arg", Roles: serverOnly, value: list(&c.Control.SchedulerArgs),
			Usage: "further kube-scheduler flag, NAME=VALUE"},

		{Section: "Network", Name: "datapath", Roles: both, value: text((*string)(&c.OVN.Datapath)),
			Default: "auto", Usage: "Open vSwitch datapath: auto, kernel or userspace; userspace on several nodes needs --tunnel-nic"},
		{Section: "Network", Name: "tunnel-nic", Roles: both, value: text(&c.OVN.TunnelNIC),
			Default: "the NIC with the node address", Usage: "NIC for tunnels; with the userspace datapath it moves into OVS bridge br-tun and must not carry the node address"},
		{Section: "Network", Name: "mtu", Roles: both, value: number(&c.OVN.MTU, 0, 65535),
			Default: "the underlay's minus 100", Usage: "MTU of pods in bytes"},
		{Section: "Network", Name: "ovn-nb", Roles: serverOnly, value: text(&c.OVN.NBRemote),
			Default: "the one inside kove", Usage: "northbound database of an OVN that someone else runs, ssl:ADDRESS:PORT, tcp:ADDRESS:PORT or unix:PATH"},
		{Section: "Network", Name: "ovn-sb", Roles: serverOnly, value: text(&c.OVN.SBRemote),
			Default: "the one inside kove", Usage: "southbound database of the same OVN, as --ovn-nb"},
		{Section: "Network", Name: "ovn-sb-port", Roles: serverOnly, value: number(&c.OVN.SBPort, 1, 65535),
			Default: "6642", Usage: "TCP port on which the southbound database serves the nodes"},

		{Section: "Node", Name: "node-name", Roles: both, value: text(&c.Node.Name),
			Default: "the host's name", Usage: "name of this node and of its OVN chassis"},
		{Section: "Node", Name: "node-ip", Short: "i", Roles: both, value: addresses(&c.Node.IPs),
			Default: "the address towards the server or default route", Usage: "address of this node"},
		{Section: "Node", Name: "node-external-ip", Roles: both, value: addresses(&c.Node.ExternalIPs),
			Usage: "address by which the world reaches this node"},
		{Section: "Node", Name: "node-label", Roles: both, value: words(&c.Node.Labels),
			Usage: "label to register this node with, KEY=VALUE"},
		{Section: "Node", Name: "node-taint", Roles: both, value: words(&c.Node.Taints),
			Usage: "taint to register this node with, KEY=VALUE:EFFECT"},
		{Section: "Node", Name: "resolv-conf", Roles: both, value: text(&c.Node.ResolvConf),
			Default: "/etc/resolv.conf, or systemd's", Usage: "resolv.conf for pods that use the host's DNS, and for CoreDNS"},
		{Section: "Node", Name: "pause-image", Roles: both, value: text(&c.Node.PauseImage),
			Default: "the one inside kove", Usage: "image of pod sandboxes"},
		{Section: "Node", Name: "private-registry", Roles: both, value: text(&c.Node.Pull.Registries),
			Default: "/etc/kove/registries.yaml", Usage: "file that describes mirrors, credentials and TLS of image registries"},
		{Section: "Node", Name: "http-proxy", Roles: both, Secret: true, value: text(&c.Node.Pull.HTTPProxy),
			Usage: "proxy for pulling images from http registries, http://[USER:PASSWORD@]HOST:PORT; nothing else uses it"},
		{Section: "Node", Name: "https-proxy", Roles: both, Secret: true, value: text(&c.Node.Pull.HTTPSProxy),
			Usage: "proxy for pulling images from https registries, as --http-proxy"},
		{Section: "Node", Name: "no-proxy", Roles: both, value: words(&c.Node.Pull.NoProxy),
			Usage: "registry, domain or range to reach without the proxy; the cluster's ranges, node addresses, .svc and the cluster domain are added"},
		{Section: "Node", Name: "kubelet-arg", Roles: both, value: list(&c.Node.KubeletArgs),
			Usage: "further kubelet flag, NAME=VALUE"},
		{Section: "Node", Name: "kube-proxy-arg", Roles: both, value: list(&c.Node.KubeProxyArgs),
			Usage: "further kube-proxy flag, NAME=VALUE"},

		{Section: "Log", Name: "debug", Roles: both, value: flag(&c.Log.Debug),
			Default: "false", Usage: "log at debug level"},
		{Section: "Log", Name: "log-format", Roles: both, value: text(&c.Log.Format),
			Default: "text", Usage: "text or json"},

		{Section: "Network", Name: "flannel-backend", Roles: serverOnly, value: text(&void), Ignored: "kove's network is OVN; use --datapath and --mtu"},
		{Section: "Network", Name: "disable-network-policy", Roles: serverOnly, value: flag(&voidFlag), Ignored: "kove has no separate network policy controller"},
		{Section: "Control plane", Name: "disable-cloud-controller", Roles: serverOnly, value: flag(&voidFlag), Ignored: "kove has no cloud controller"},
		{Section: "Control plane", Name: "disable-helm-controller", Roles: serverOnly, value: flag(&voidFlag), Ignored: "kove has no helm controller"},
		{Section: "Paths", Name: "prefer-bundled-bin", Roles: both, value: flag(&voidFlag), Ignored: "kove only uses its own tools"},
		{Section: "Node", Name: "selinux", Roles: both, value: flag(&voidFlag), Ignored: "kove has no SELinux policy yet"},
		{Section: "Network", Name: "flannel-conf", Roles: both, value: list(&voids), Ignored: "kove's network is OVN"},
		{Section: "Network", Name: "flannel-iface", Roles: both, value: list(&voids), Ignored: "use --node-ip, or --tunnel-nic for tunnels"},
	}
	for i := range options {
		o := &options[i]
		name := "KOVE_" + strings.ReplaceAll(strings.ToUpper(o.Name), "-", "_")
		if o.Name != "config" {
			o.Env = append([]string{name}, o.Env...)
		}
		if o.Ignored != "" {
			o.Usage = "accepted for k3s's sake, does nothing: " + o.Ignored
		}
	}
	return options
}
