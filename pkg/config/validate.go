package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Packaged are the components that --disable may name.
var packaged = []string{"coredns"}

var (
	dnsLabel  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	nodeName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	labelKey  = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)
	labelVal  = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`)
	argument  = regexp.MustCompile(`^[a-z][-a-z0-9]*(=.*)?$`)
	ovnRemote = regexp.MustCompile(`^((ssl|tcp):(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]+|unix:/\S+)$`)
)

// check collects faults about options of one Config.
type check struct {
	c      *Config
	faults Faults
}

func (k *check) fail(option, remedy, what string, args ...any) {
	k.faults = append(k.faults, Fault{Option: option, Origin: k.c.Origin(option), What: fmt.Sprintf(what, args...), Remedy: remedy})
}

// validate judges what the sources said, before anything is derived from it.
func (c *Config) validate() error {
	k := &check{c: c}
	k.paths()
	k.membership()
	k.control()
	k.ovn()
	k.node()
	if c.Log.Format != "text" && c.Log.Format != "json" {
		k.fail("log-format", "use text or json", "unknown format %q", c.Log.Format)
	}
	return k.faults.Err()
}

func (c *Config) validatePaths() error {
	k := &check{c: c}
	k.paths()
	return k.faults.Err()
}

// validateDerived judges what only makes sense when everything is known.
func (c *Config) validateDerived() error {
	k := &check{c: c}
	name := c.Node.Name
	switch {
	case len(name) > 63:
		k.fail("node-name", "give a shorter --node-name", "%q is longer than 63 characters", name)
	case !nodeName.MatchString(name) || strings.Contains(name, ".."):
		k.fail("node-name", "give --node-name with lower-case letters, digits, - and . only", "%q is not a name for a node", name)
	case name == "localhost" || name == "localhost.localdomain":
		k.fail("node-name", "set the host's name (hostnamectl set-hostname NAME) or give --node-name", "%q would be the same on every machine", name)
	}
	if c.Role == Server {
		k.ranges()
	}
	return k.faults.Err()
}

func (k *check) paths() {
	for _, p := range []struct{ option, path string }{{"data-dir", k.c.Paths.DataDir}, {"run-dir", k.c.Paths.RunDir}} {
		if !filepath.IsAbs(p.path) {
			k.fail(p.option, "write an absolute path", "%q is a relative path", p.path)
		} else if p.path != filepath.Clean(p.path) || p.path == "/" || strings.ContainsAny(p.path, " \t\n\"'") {
			k.fail(p.option, "write a plain absolute path such as /var/lib/kove", "%q is not usable as a directory", p.path)
		}
	}
	// Unix socket addresses hold 107 bytes; the longest name below run-dir is ovn/ovn-controller.PID.ctl.
	if len(k.c.Paths.RunDir) > 70 {
		k.fail("run-dir", "choose a path of at most 70 characters", "%q is too long for the names of unix sockets in it", k.c.Paths.RunDir)
	}
}

func (k *check) membership() {
	j := k.c.Join
	for _, t := range []struct{ option, token string }{{"token", j.Token}, {"agent-token", j.AgentToken}} {
		if strings.ContainsAny(t.token, " \t\r\n") {
			k.fail(t.option, "copy it again, without line breaks", "the token contains white space")
		}
	}
	if k.c.Role != Agent {
		return
	}
	if j.Token == "" {
		k.fail("token", "copy it from /var/lib/kove/server/node-token on a server and give it as --token-file FILE, KOVE_TOKEN or --token", "an agent cannot join without a token")
	}
	if j.Server == "" {
		k.fail("server", "give --server https://HOST:6443 or KOVE_URL", "an agent needs the URL of a server")
		return
	}
	u, err := url.Parse(j.Server)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		k.fail("server", "write https://HOST:6443", "%q is not the URL of a server", j.Server)
		return
	}
	if u.Port() == "" {
		k.fail("server", "write https://"+u.Host+":6443", "the port is missing")
	}
	k.c.Join.Server = strings.TrimSuffix(j.Server, "/")
}

func (k *check) control() {
	c := k.c
	for _, name := range c.Control.Disable {
		if !slices.Contains(packaged, name) {
			k.fail("disable", "leave it out; kove deploys only "+strings.Join(packaged, ", "), "there is no packaged component %q", name)
		}
	}
	for _, list := range []struct {
		option string
		args   []string
	}{
		{"kube-apiserver-arg", c.Control.APIServerArgs}, {"kube-controller-manager-arg", c.Control.ControllerManagerArgs},
		{"kube-scheduler-arg", c.Control.SchedulerArgs}, {"kubelet-arg", c.Node.KubeletArgs}, {"kube-proxy-arg", c.Node.KubeProxyArgs},
	} {
		for _, a := range list.args {
			if !argument.MatchString(a) {
				k.fail(list.option, "write NAME=VALUE without leading dashes, for example v=4", "%q is not a flag", a)
			}
		}
	}
	if c.API.WriteKubeconfig != "" && !filepath.IsAbs(c.API.WriteKubeconfig) {
		k.fail("write-kubeconfig", "write an absolute path", "%q is a relative path", c.API.WriteKubeconfig)
	}
	if c.API.WriteKubeconfigMode&0o007 != 0 {
		c.warn("write-kubeconfig-mode %04o lets every user of this machine administer the cluster", c.API.WriteKubeconfigMode)
	}
	for _, san := range c.API.TLSSANs {
		if _, err := netip.ParseAddr(san); err != nil && !validDomain(strings.TrimPrefix(san, "*.")) {
			k.fail("tls-san", "write a host name or an address", "%q is neither a host name nor an address", san)
		}
	}
	if c.Role == Server && c.Cluster.ServiceNodePorts.Contains(c.API.HTTPSListenPort) {
		k.fail("https-listen-port", "choose one outside, or move service-node-port-range", "%d lies in the range of NodePorts %s", c.API.HTTPSListenPort, c.Cluster.ServiceNodePorts)
	}
	if c.OVN.SBPort == c.API.HTTPSListenPort {
		k.fail("ovn-sb-port", "choose another port", "%d is the API server's port", c.OVN.SBPort)
	}
}

func (k *check) ovn() {
	o := k.c.OVN
	if o.Datapath != DatapathAuto && o.Datapath != DatapathKernel && o.Datapath != DatapathUserspace {
		k.fail("datapath", "use auto, kernel or userspace", "unknown datapath %q", o.Datapath)
	}
	if o.MTU != 0 && o.MTU < 576 {
		k.fail("mtu", "use at least 1280, or leave it out", "%d is too small for pods", o.MTU)
	}
	if (o.NBRemote == "") != (o.SBRemote == "") {
		option, other := "ovn-nb", "ovn-sb"
		if o.NBRemote == "" {
			option, other = other, option
		}
		k.fail(option, "give --"+other+" too", "an OVN that someone else runs needs both databases")
	}
	for _, r := range []struct{ option, remote string }{{"ovn-nb", o.NBRemote}, {"ovn-sb", o.SBRemote}} {
		for _, one := range split([]string{r.remote}) {
			if !ovnRemote.MatchString(one) {
				k.fail(r.option, "write ssl:ADDRESS:PORT, tcp:ADDRESS:PORT or unix:PATH", "%q is not an OVSDB remote", one)
			}
		}
	}
	if strings.ContainsAny(o.TunnelNIC, "/ \t") || len(o.TunnelNIC) > 15 {
		k.fail("tunnel-nic", "write the name that `ip link` shows", "%q is not the name of a NIC", o.TunnelNIC)
	}
}

func (k *check) node() {
	n := k.c.Node
	for _, l := range n.Labels {
		key, v, ok := strings.Cut(l, "=")
		if !ok || !validLabel(key, v) {
			k.fail("node-label", "write KEY=VALUE", "%q is not a label", l)
		} else if domain, _, _ := strings.Cut(key, "/"); kubeReserved(domain) && strings.Contains(key, "/") {
			k.fail("node-label", "use another prefix, or set it with `kove kubectl label node`", "a node may not give itself the label %s", key)
		}
	}
	for _, t := range n.Taints {
		rest, effect, ok := strings.Cut(t, ":")
		key, v, _ := strings.Cut(rest, "=")
		if !ok || !validLabel(key, v) || !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
			k.fail("node-taint", "write KEY=VALUE:EFFECT with NoSchedule, PreferNoSchedule or NoExecute", "%q is not a taint", t)
		}
	}
	for _, ip := range n.IPs {
		if !usable(ip) {
			k.fail("node-ip", "give an address that other nodes reach", "%s cannot be a node's address", ip)
		}
	}
	if len(n.IPs) > 0 && !n.IPs[0].Is4() {
		k.fail("node-ip", "name an IPv4 address first", "%s is IPv6: the primary address is IPv4 so far", n.IPs[0])
	}
	for _, p := range []struct{ option, proxy string }{{"http-proxy", n.Pull.HTTPProxy}, {"https-proxy", n.Pull.HTTPSProxy}} {
		u, err := url.Parse(p.proxy)
		if p.proxy != "" && (err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme)) {
			k.fail(p.option, "write http://HOST:PORT, with USER:PASSWORD@ before HOST if the proxy asks for them", "not the URL of a proxy") // it may hold a password
		}
	}
	if len(n.Pull.NoProxy) > 0 && n.Pull.HTTPProxy == "" && n.Pull.HTTPSProxy == "" {
		k.c.warn("no-proxy does nothing without http-proxy or https-proxy")
	}
	if n.Pull.Registries != "" && !filepath.IsAbs(n.Pull.Registries) {
		k.fail("private-registry", "write an absolute path", "%q is a relative path", n.Pull.Registries)
	}
	if n.ResolvConf != "" && !filepath.IsAbs(n.ResolvConf) {
		k.fail("resolv-conf", "write an absolute path", "%q is a relative path", n.ResolvConf)
	}
}

// kubeReserved follows the NodeRestriction admission plugin: kubelets may set only node.kubernetes.io/* and
// kubelet.kubernetes.io/* and a fixed list of names; we allow what users need, those two prefixes and topology.
func kubeReserved(domain string) bool {
	if domain != "kubernetes.io" && domain != "k8s.io" && !strings.HasSuffix(domain, ".kubernetes.io") && !strings.HasSuffix(domain, ".k8s.io") {
		return false
	}
	for _, ok := range []string{"node.kubernetes.io", "kubelet.kubernetes.io", "topology.kubernetes.io", "failure-domain.beta.kubernetes.io"} {
		if domain == ok || strings.HasSuffix(domain, "."+ok) {
			return false
		}
	}
	return true
}

// ranges makes sure that no address has two meanings.
func (k *check) ranges() {
	c := k.c.Cluster
	if !validDomain(c.Domain) {
		k.fail("cluster-domain", "write a domain such as cluster.local", "%q is not a domain", c.Domain)
	}
	named := []struct {
		option string
		prefix netip.Prefix
		most   int // longest prefix that leaves room
	}{{"cluster-cidr", c.ClusterCIDR, 26}, {"service-cidr", c.ServiceCIDR, 28}, {"join-cidr", c.JoinCIDR, 28}}
	for i, a := range named {
		if a.prefix.Bits() > a.most || a.prefix.Bits() < 8 {
			k.fail(a.option, fmt.Sprintf("use a range between /8 and /%d", a.most), "%s has an unsuitable size", a.prefix)
		}
		for _, special := range []string{"127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "0.0.0.0/8"} {
			if p := netip.MustParsePrefix(special); p.Overlaps(a.prefix) {
				k.fail(a.option, "choose another range, for example one inside 10.0.0.0/8", "%s overlaps %s, which has a meaning of its own", a.prefix, p)
			}
		}
		for _, b := range named[i+1:] {
			if a.prefix.Overlaps(b.prefix) {
				k.fail(a.option, fmt.Sprintf("choose ranges that do not touch with --%s and --%s", a.option, b.option),
					"%s overlaps %s %s (%s)", a.prefix, b.option, b.prefix, k.c.Origin(b.option))
			}
		}
		for _, addr := range []struct {
			option string
			ips    []netip.Addr
		}{{"node-ip", k.c.Node.IPs}, {"advertise-address", []netip.Addr{k.c.API.AdvertiseAddress}}, {"tunnel-nic", []netip.Addr{k.c.OVN.EncapIP}}} {
			for _, ip := range addr.ips {
				if a.prefix.Contains(ip) && !(addr.option != "node-ip" && slices.Contains(k.c.Node.IPs, ip)) {
					k.fail(a.option, "choose a range with --"+a.option+" that the site does not use",
						"%s contains %s, which is %s of this machine (%s)", a.prefix, ip, addressOf[addr.option], k.c.Origin(addr.option))
				}
			}
		}
	}
	if !c.ServiceCIDR.Contains(c.DNS) {
		k.fail("cluster-dns", "choose an address inside it, or leave it out", "%s is not in service-cidr %s", c.DNS, c.ServiceCIDR)
	} else if c.DNS == c.KubernetesServiceIP() || c.DNS == c.ServiceCIDR.Addr() {
		k.fail("cluster-dns", "choose another address of the range, or leave it out", "%s belongs to the Service kubernetes", c.DNS)
	}
}

var addressOf = map[string]string{"node-ip": "the node address", "advertise-address": "the advertised address", "tunnel-nic": "the tunnel address"}

func validLabel(key, value string) bool {
	_, name, ok := strings.Cut(key, "/")
	if !ok {
		name = key
	}
	return labelKey.MatchString(key) && len(name) <= 63 && labelVal.MatchString(value) && len(value) <= 63
}

func validDomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if len(label) > 63 || !dnsLabel.MatchString(label) {
			return false
		}
	}
	return true
}
