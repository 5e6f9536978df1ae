package doctor

//go:generate go test -run TestDocsAreCurrent -update .

import "github.com/kove-io/kove/pkg/config"

var (
	both      = []config.Role{config.Server, config.Agent}
	agentOnly = []config.Role{config.Agent}
)

// Checks are all checks, in the order in which they run: from what spoils everything else to what needs the network.
func Checks() []Check {
	return []Check{
		configCheck(),
		{Name: "root", About: "whether kove has the rights of root", Roles: both, Start: true, Run: root, Finds: []Explanation{
			{"root", Fatal, "kove does not run as root. It mounts, makes network namespaces and containers, and loads modules: start it with sudo or as a service. (`kove doctor` without root sees less.)"},
		}},
		{Name: "running", About: "whether a kove runs already", Roles: both, Start: true, Bare: true, Run: running, Finds: []Explanation{
			{"running", Fatal, "A kove answers on the status socket already, and two of them would write to the same files. Look at it with `kove status`, end it with `kove stop`, or give the second one a --data-dir and --run-dir of its own. On a running node, `kove doctor` examines that kove instead."},
		}},
		statusCheck(),
		{Name: "clock", About: "whether the clock can be right at all", Roles: both, Start: true, Run: clock, Finds: []Explanation{
			{"clock", Fatal, "The clock shows a time before this kove was made: a battery is empty, or nothing has set the clock since the boot. Certificates made now would be expired, or not yet valid, once it is right. Set it (`timedatectl set-ntp true`, or `date -s`), then start kove."},
		}},
		timeSyncCheck(), kernelCheck(), modulesCheck(), cgroupCheck(), sizeCheck(),
		{Name: "data-dir", About: "whether the data and run directories can be used", Roles: both, Start: true, Run: dataDir, Finds: directoryFinds()},
		diskCheck(),
		{Name: "address", About: "whether this machine has the addresses that were given", Roles: both, Start: true, Run: address, Finds: []Explanation{
			{"address/nics", Fatal, "The network interfaces cannot be listed: /sys or netlink is not usable, as in a container without rights. kove needs a machine, or a container with all rights."},
			{"address/node-ip", Fatal, "--node-ip names an address that no NIC of this machine has. Other nodes could not reach it. Choose one of those that the finding lists, or give the NIC that address first."},
			{"address/bind-address", Fatal, "--bind-address names an address that no NIC of this machine has: the API server could not listen there. Choose one of those that the finding lists, or leave the option out to listen on all."},
		}},
		nicsCheck(),
		{Name: "ranges", About: "whether the cluster's ranges overlap with the host's routes", Roles: both, Start: true, Run: ranges, Finds: []Explanation{
			{"ranges/cluster-cidr", Fatal, "The range of pods overlaps a network that this machine has a route to. It could reach either the pods or that network. Choose a range that the site does not use with --cluster-cidr, before the first start; it cannot be changed later. A joining node asks its server for the cluster's ranges: there, remove the route."},
			{"ranges/service-cidr", Fatal, "The range of Services overlaps a network that this machine has a route to. It could reach either the Services or that network. Choose a range that the site does not use with --service-cidr, before the first start; it cannot be changed later."},
			{"ranges/join-cidr", Fatal, "The range of the nodes inside OVN overlaps a network that this machine has a route to (100.64.0.0/10 is popular with carriers and VPNs such as Tailscale). Choose another one with --join-cidr, before the first start."},
		}},
		dnsCheck(),
		{Name: "datapath", About: "whether packets can get to other nodes", Roles: both, Start: true, Bare: true, Run: datapath, Finds: []Explanation{
			{"datapath/kernel", Fatal, "--datapath kernel was given, but the kernel has no Open vSwitch. Install the module (`modprobe openvswitch` says why it does not load), or use --datapath userspace."},
			{"datapath/tunnel-nic", Fatal, "The userspace datapath needs a NIC for tunnels alone (--tunnel-nic), which it takes onto a bridge: one with an address of its own, that carries neither the node's address nor the default route. A second node cannot be reached without it. Where the kernel has the module openvswitch, none of this is needed."},
		}},
		{Name: "ports", About: "whether the TCP ports that kove listens on are free", Roles: both, Start: true, Bare: true, Run: portsFree, Finds: []Explanation{
			{"ports/PORT", Fatal, "Another program listens on a port that kove needs: 6443 (API server), 6642 (southbound database), 10250, 10248 (kubelet), 10256 (kube-proxy), 10257, 10259 (controller manager, scheduler). The finding names the program. Stop it; the first two can be moved with --https-listen-port and --ovn-sb-port. kubelet's ports taken mean another Kubernetes."},
		}},
		firewallCheck(), managersCheck(), lsmCheck(), kubernetesCheck(), ovsCheck(), leftoversCheck(), sysctlCheck(), proxyCheck(), kvmCheck(), gatewayCheck(),
		{Name: "token", About: "whether the token can be one of this cluster", Roles: both, Start: true, Run: token, Finds: []Explanation{
			{"token/damaged", Fatal, "The token has the form of none: a character was lost on the way. Copy the line of server/node-token in a server's data directory again, best as a file with --token-file."},
			{"token/other-cluster", Fatal, "The token pins the CA of another cluster than the one that the server, or this machine's own data directory, has. Nothing was sent. Either the token or the server is not the one that you mean; copy the token from that server."},
			{"token/rejected", Fatal, "The server knows the cluster of the token, but does not accept the secret: it is wrong, was deleted, or has expired. Copy node-token from the server, or make a new one with `kove token create`."},
		}},
		{Name: "server", About: "whether the server answers, is kove's, and has the same time", Roles: agentOnly, Start: true, Run: server, Finds: []Explanation{
			{"server/unreachable", Fatal, "The server does not answer. Check its address, that `kove status` there shows it ready, and that firewalls between the machines pass TCP 6443 and 6642 and UDP 6081. A node that joined before starts all the same; then this is a warning."},
			{"server/not-kove", Fatal, "Something answers at the server's address that is not kove: another program, a proxy or a load balancer. Name a kove server and its port, https://HOST:6443."},
			{"server/clock-skew", Fatal, "The clocks of this machine and of the server differ by more than two minutes. Certificates would not be valid yet, or too early no longer. Set the wrong one (`timedatectl set-ntp true`, or `date -s`)."},
		}},
		pathCheck(),
	}
}

func directoryFinds() []Explanation {
	var out []Explanation
	for _, d := range []struct{ option, name string }{{"data-dir", "data directory"}, {"run-dir", "run directory"}} {
		out = append(out,
			Explanation{d.option + "/not-a-directory", Fatal, "A part of the path of the " + d.name + " is a file. Remove it, or give --" + d.option + " another path."},
			Explanation{d.option + "/not-writable", Fatal, "The " + d.name + " cannot be written to. Look at its owner and mode, or give --" + d.option + " another path."},
			Explanation{d.option + "/read-only", Fatal, "The file system of the " + d.name + " is mounted read-only: by an image of a read-only system, or by the kernel after errors (see dmesg). `mount -o remount,rw` it, or give --" + d.option + " another path."},
			Explanation{d.option + "/unreadable", Fatal, "The " + d.name + " cannot be looked at: a broken mount, a dead network file system or missing rights. Repair it, or give --" + d.option + " another path."},
			Explanation{d.option + "/disk-full", Fatal, "The file system of the " + d.name + " is full, or nearly so. Databases that cannot grow lose writes, and kubelet evicts pods. Free some space, or give --" + d.option + " a larger file system; --min-free-disk says how much is enough."})
	}
	return out
}
