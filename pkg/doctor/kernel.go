package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// firstKernel has what kube-proxy's nftables mode needs; it refuses older ones.
var firstKernel = [2]int{5, 13}

func kernelCheck() Check {
	return Check{Name: "kernel", About: "version of the kernel, and kernels and drivers that are known to break tunnels", Roles: both, Run: kernel, Finds: []Explanation{
		{"kernel/too-old", Fatal, "The kernel is older than 5.13, the first with what kube-proxy's nftables mode uses. Services would not work on this node. Install a kernel of a supported distribution (Debian 12, Ubuntu 22.04, RHEL 9 or later)."},
		{"kernel/tunnel-checksum", Fatal, "Kernel 3.10, that of EL7, computes wrong checksums of TCP and UDP inside Geneve and VXLAN tunnels on many NICs: pings between pods of two nodes work, ssh and HTTP hang. Virtual machines whose ssh does not answer are the usual symptom. Install a newer distribution; on another one's kernel, `ethtool -K NIC tx off` on the NIC of the tunnels cures it at the price of speed."},
		{"kernel/vmxnet3", Warning, "The tunnels' NIC is a vmxnet3 of VMware. Its offload of checksums inside tunnels works only for some UDP ports, not reliably for Geneve's 6081: connections between pods of two nodes hang. Switch it off with `ethtool -K NIC tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off`, and in the NIC's configuration for the next boot."},
	}}
}

func kernel(_ context.Context, h Host, c Case) []Finding {
	data, err := h.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil
	}
	release := strings.TrimSpace(string(data))
	var out []Finding
	major, minor, ok := kernelVersion(release)
	switch {
	case ok && major == 3 && minor == 10:
		out = append(out, Finding{"kernel/tunnel-checksum", Fatal, "kernel " + release, "checksums inside tunnels are wrong on many NICs: pods of two nodes ping each other, and ssh and HTTP hang",
			"install a distribution with kernel 5.13 or later"})
	case ok && (major < firstKernel[0] || major == firstKernel[0] && minor < firstKernel[1]):
		out = append(out, Finding{"kernel/too-old", Fatal, "kernel " + release, "kube-proxy needs 5.13 or later: Services would not work here",
			"install a distribution with a later kernel"})
	}
	links, err := h.Links()
	if err != nil {
		return out
	}
	if l := underlay(links, c); l.Driver == "vmxnet3" {
		out = append(out, Finding{"kernel/vmxnet3", Warning, fmt.Sprintf("tunnels leave by %s, a vmxnet3 of VMware", l.Name),
			"its checksum offload inside tunnels is not reliable: connections between pods of two nodes hang",
			fmt.Sprintf("run `ethtool -K %s tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off`, at every boot", l.Name)})
	}
	return out
}

func kernelVersion(release string) (major, minor int, ok bool) {
	parts := strings.FieldsFunc(release, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil
}

// underlay is the NIC below the tunnels: the one with the encapsulation address.
func underlay(links []Link, c Case) Link {
	for _, l := range links {
		for _, p := range l.Addrs {
			if c.OVN.EncapIP.IsValid() && p.Addr() == c.OVN.EncapIP {
				return l
			}
		}
	}
	return Link{}
}
