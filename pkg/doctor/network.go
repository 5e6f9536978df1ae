package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

func nicsCheck() Check {
	return Check{Name: "nics", About: "the choice of the node's address where there are several NICs, and the underlay's MTU", Roles: both, Run: nics, Finds: []Explanation{
		{"nics/choice", Note, "The machine has several NICs with addresses and --node-ip was not given, so kove took the one towards the default route (an agent: towards the server). Other nodes must reach that address. Give --node-ip when another one is meant: it is part of certificates, so a later change is a rejoin."},
		{"nics/no-default-route", Warning, "There is no default route. Images cannot be pulled from the internet, and software that looks for the machine's address finds none. An air-gapped site is fine with that; give --node-ip."},
		{"nics/mtu", Warning, "The NIC of the tunnels has a small MTU: after the 100 bytes of Geneve, pods have less than 1280 bytes, the least that IPv6 allows. Raise the NIC's MTU, or that of the VPN or cloud network below it."},
		{"nics/tunnel-port", Warning, "Another program listens on UDP port 6081, that of Geneve. Open vSwitch cannot open its tunnels. Stop that program, or remove the other overlay network."},
	}}
}

func nics(_ context.Context, h Host, c Case) []Finding {
	links, err := h.Links()
	if err != nil {
		return nil // the check of addresses says so
	}
	var out []Finding
	var hardware []string
	for _, l := range links {
		if !l.Up || l.Name == "lo" || l.Name == c.OVN.TunnelNIC || l.Kind != "" && l.Kind != "veth" && l.Kind != "vlan" && l.Kind != "bond" {
			continue
		}
		for _, p := range l.Addrs {
			if p.Addr().Is4() && p.Addr().IsGlobalUnicast() {
				hardware = append(hardware, p.Addr().String()+" ("+l.Name+")")
				break
			}
		}
	}
	if len(hardware) > 1 && c.Origin("node-ip") == "derived from the host" {
		out = append(out, Finding{"nics/choice", Note, fmt.Sprintf("several NICs have addresses: %s; kove takes %s", strings.Join(hardware, ", "), c.Node.IP()),
			"other nodes must reach that one", "give --node-ip if another one is meant"})
	}
	if !c.Running && defaultRouteNIC(h) == "" && len(lines(h, "/proc/net/route")) > 0 && !defaultRoute6(h) {
		out = append(out, Finding{"nics/no-default-route", Warning, "there is no default route", "images cannot be pulled from the internet", "add one, or give --node-ip and import images (`kove images import`)"})
	}
	const least = 1280 + config.GeneveOverhead
	if l := underlay(links, c); l.MTU > 0 && l.MTU < least {
		out = append(out, Finding{"nics/mtu", Warning, fmt.Sprintf("%s, the NIC of the tunnels, has MTU %d", l.Name, l.MTU), fmt.Sprintf("pods have %d bytes, less than the 1280 of IPv6", l.MTU-config.GeneveOverhead),
			fmt.Sprintf("raise it to %d or more (ip link set %s mtu 1500, and in the NIC's configuration)", least, l.Name)})
	}
	if !c.Running {
		for _, file := range []string{"/proc/net/udp", "/proc/net/udp6"} {
			for _, l := range sockets(h, file, "07") { // TCP_CLOSE: an unconnected UDP socket
				if l.port != 6081 {
					continue
				}
				who := h.SocketOwner(l.inode)
				if who == "" { // of the kernel: the tunnel of an Open vSwitch that is still there
					continue
				}
				return append(out, Finding{"nics/tunnel-port", Warning, "UDP port 6081 is taken by " + who, "Open vSwitch cannot open its tunnels", "stop that program"})
			}
		}
	}
	return out
}

// defaultRoute6 tells whether there is a default route for IPv6.
func defaultRoute6(h Host) bool {
	for _, line := range lines(h, "/proc/net/ipv6_route") {
		// destination, its length, source, its length, next hop, metric, references, use, flags, device
		if f := strings.Fields(line); len(f) == 10 && f[1] == "00" && f[9] != "lo" {
			return true
		}
	}
	return false
}

func sysctlCheck() Check {
	return Check{Name: "sysctl", About: "rp_filter, conntrack and inotify limits", Roles: both, Run: sysctls, Finds: []Explanation{
		{"sysctl/rp_filter", Warning, "The kernel drops packets whose way back is another interface (rp_filter=1, strict). Answers of pods that leave by ovn0 and come back by another NIC are dropped. `sysctl -w net.ipv4.conf.all.rp_filter=2`, and the same in /etc/sysctl.d."},
		{"sysctl/conntrack", Warning, "The table of connections is small or almost full. When it is full, new connections are dropped, of pods as of the host. `sysctl -w net.netfilter.nf_conntrack_max=262144`, and the same in /etc/sysctl.d."},
		{"sysctl/inotify", Warning, "fs.inotify.max_user_instances is below 128 or max_user_watches below 8192: kubelet, containerd and pods that watch files fail with \"too many open files\". `sysctl -w fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`, and the same in /etc/sysctl.d."},
	}}
}

func sysctls(_ context.Context, h Host, c Case) []Finding {
	number := func(name string) (uint64, bool) {
		data, err := h.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
		if err != nil {
			return 0, false
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
		return n, err == nil
	}
	var out []Finding
	if n, ok := number("net.ipv4.conf.all.rp_filter"); ok && n == 1 {
		out = append(out, Finding{"sysctl/rp_filter", Warning, "net.ipv4.conf.all.rp_filter is 1 (strict)", "answers that come back by another interface are dropped", "set it to 2 in /etc/sysctl.d/90-kove.conf, then run `sysctl --system`"})
	}
	if most, ok := number("net.netfilter.nf_conntrack_max"); ok && most > 0 {
		count, _ := number("net.netfilter.nf_conntrack_count")
		if most < 32768 || count > most/10*9 {
			out = append(out, Finding{"sysctl/conntrack", Warning, fmt.Sprintf("%d of at most %d connections are tracked", count, most), "new connections are dropped when the table is full",
				"set net.netfilter.nf_conntrack_max=262144 in /etc/sysctl.d/90-kove.conf, then run `sysctl --system`"})
		}
	}
	for _, limit := range []struct {
		name string
		need uint64
		set  string
	}{{"fs.inotify.max_user_instances", 128, "512"}, {"fs.inotify.max_user_watches", 8192, "524288"}} {
		if n, ok := number(limit.name); ok && n < limit.need {
			out = append(out, Finding{"sysctl/inotify", Warning, fmt.Sprintf("%s is %d", limit.name, n), "kubelet and pods that watch files fail with \"too many open files\"",
				fmt.Sprintf("set %s=%s in /etc/sysctl.d/90-kove.conf, then run `sysctl --system`", limit.name, limit.set)})
		}
	}
	return out
}

func dnsCheck() Check {
	return Check{Name: "dns", About: "resolv.conf: loops, and nameservers inside the cluster's ranges", Roles: both, Run: dns, Finds: []Explanation{
		{"dns/none", Warning, "There is no nameserver in /etc/resolv.conf. Images cannot be pulled by name, and CoreDNS answers names of the cluster only. Configure one, or live with it on a site without DNS."},
		{"dns/loop", Warning, "The only nameserver is on loopback, and there is no /run/systemd/resolve/resolv.conf with a real one. A pod that uses it asks itself: CoreDNS would ask itself for ever, so kove makes it answer names of the cluster only. Give --resolv-conf a file with nameservers that pods can reach."},
		{"dns/cluster", Warning, "A nameserver of the machine is the cluster's own DNS address. CoreDNS would ask itself for ever, and the machine has no names before the cluster runs. Use the site's nameserver."},
		{"ranges/dns", Fatal, "A nameserver lies inside one of the cluster's ranges: pods would look for it in the cluster, and names outside of it would not resolve. Choose another range with --cluster-cidr, --service-cidr or --join-cidr, before the first start of the server."},
	}}
}

func dns(_ context.Context, h Host, c Case) []Finding {
	var out []Finding
	file, servers := "/etc/resolv.conf", nameservers(h, "/etc/resolv.conf")
	if c.Node.ResolvConf != "" {
		file, servers = c.Node.ResolvConf, nameservers(h, c.Node.ResolvConf)
	}
	usable := 0
	for _, a := range servers {
		if !a.IsLoopback() {
			usable++
		}
		if a == c.Cluster.DNS && c.Role == config.Server {
			return append(out, Finding{"dns/cluster", Warning, fmt.Sprintf("nameserver %s of %s is the cluster's own", a, file), "CoreDNS would ask itself for ever", "use the site's nameserver there"})
		}
		if option, prefix, ok := inside(c, a); ok && c.Role == config.Server {
			out = append(out, Finding{"ranges/dns", Fatal, fmt.Sprintf("nameserver %s of %s lies in %s", a, file, origin(c, option, prefix.String())), "pods would look for it inside the cluster", "choose another range with --" + option})
		}
	}
	switch {
	case len(servers) == 0:
		out = append(out, Finding{"dns/none", Warning, file + " has no nameserver", "images cannot be pulled by name", "write `nameserver ADDRESS` there, or give --resolv-conf"})
	case usable == 0:
		out = append(out, Finding{"dns/loop", Warning, fmt.Sprintf("the only nameserver of %s is %s, and there is no /run/systemd/resolve/resolv.conf", file, servers[0]),
			"a pod would ask itself; CoreDNS answers names of the cluster only", "give --resolv-conf a file with a nameserver that pods can reach"})
	}
	return out
}

func nameservers(h Host, file string) []netip.Addr {
	var out []netip.Addr
	for _, line := range lines(h, file) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				out = append(out, a)
			}
		}
	}
	return out
}

// inside finds the range of the cluster that contains an address.
func inside(c Case, a netip.Addr) (option string, prefix netip.Prefix, found bool) {
	for _, r := range []struct {
		option string
		prefix netip.Prefix
	}{{"cluster-cidr", c.Cluster.ClusterCIDR}, {"service-cidr", c.Cluster.ServiceCIDR}, {"join-cidr", c.Cluster.JoinCIDR}} {
		if r.prefix.IsValid() && r.prefix.Contains(a) {
			return r.option, r.prefix, true
		}
	}
	return "", netip.Prefix{}, false
}
