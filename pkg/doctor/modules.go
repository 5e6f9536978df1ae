package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

// module is a part of the kernel that kove uses.
type module struct {
	name, option string // of the module and of the kernel's configuration
	severity     Severity
	roles        []config.Role
	why, remedy  string
}

// onlyTunnels are needed by the kernel datapath alone.
var onlyTunnels = []string{"openvswitch", "geneve"}

func modules() []module {
	load := func(name string) string {
		return "install the distribution's full set of modules (linux-modules-extra, kernel-modules), then `modprobe " + name + "`"
	}
	return []module{
		{"openvswitch", "OPENVSWITCH", Warning, both, "packets then go through ovs-vswitchd's userspace datapath: it is slower, and tunnels to other nodes need a NIC of their own", load("openvswitch") + ", or use --datapath userspace --tunnel-nic NIC"},
		{"geneve", "GENEVE", Warning, both, "the kernel datapath has no tunnels to other nodes without it", load("geneve")},
		{"vxlan", "VXLAN", Note, both, "VXLAN tunnels, to hardware gateways, are not possible", load("vxlan")},
		{"8021q", "VLAN_8021Q", Note, both, "VLAN interfaces of the host are not possible; VLANs of OVN's provider networks are", load("8021q")},
		{"br_netfilter", "BRIDGE_NETFILTER", Note, both, "kube-proxy does not see traffic of Linux bridges, such as those of secondary networks; OVN's own traffic does not need it", load("br_netfilter")},
		{"overlay", "OVERLAY_FS", Fatal, both, "containerd cannot unpack images", load("overlay")},
		{"nf_tables", "NF_TABLES", Fatal, both, "kube-proxy and kove's NAT of pods cannot work", load("nf_tables")},
		{"macvlan", "MACVLAN", Note, both, "secondary networks of the macvlan plugin are not possible", load("macvlan")},
		{"macvtap", "MACVTAP", Warning, []config.Role{VMHost}, "virtual machines cannot have macvtap NICs", load("macvtap")},
		{"vhost_net", "VHOST_NET", Warning, []config.Role{VMHost}, "every packet of a virtual machine goes through its QEMU process, which is slow", load("vhost_net")},
	}
}

func modulesCheck() Check {
	var finds []Explanation
	for _, m := range modules() {
		finds = append(finds, Explanation{"modules/" + m.name, m.severity,
			fmt.Sprintf("The kernel has no %s, neither built in (CONFIG_%s) nor as a module: %s. Cure: %s.", m.name, m.option, m.why, m.remedy)})
	}
	return Check{Name: "modules", About: "modules or built-in parts of the kernel", Roles: both, Finds: finds, Run: findModules}
}

func findModules(_ context.Context, h Host, c Case) []Finding {
	k := kernelParts(h)
	var out []Finding
	for _, m := range modules() {
		if !slices.ContainsFunc(m.roles, c.is) || c.OVN.Datapath == config.DatapathUserspace && slices.Contains(onlyTunnels, m.name) {
			continue
		}
		if has, known := k.has(m); has || !known {
			continue
		}
		if m.name == "openvswitch" && h.KernelDatapath() == nil {
			continue // asking loads it
		}
		out = append(out, Finding{"modules/" + m.name, m.severity, "the kernel has no " + m.name + " (" + k.looked + ")", m.why, m.remedy})
	}
	return out
}

// parts are the sources that tell what a kernel has. Without one of them nothing is known.
type parts struct {
	h       Host
	modules map[string]bool // those that can be loaded or are built in
	config  map[string]bool
	looked  string
}

func kernelParts(h Host) parts {
	k := parts{h: h}
	data, err := h.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return k
	}
	release := strings.TrimSpace(string(data))
	for _, dir := range []string{"/lib/modules/", "/usr/lib/modules/"} {
		for _, file := range []string{"modules.dep", "modules.builtin"} {
			list := lines(h, dir+release+"/"+file)
			if len(list) > 0 && k.modules == nil {
				k.modules, k.looked = map[string]bool{}, dir+release
			}
			for _, line := range list {
				name, _, _ := strings.Cut(path.Base(strings.SplitN(line, ":", 2)[0]), ".ko")
				k.modules[strings.ReplaceAll(name, "-", "_")] = true
			}
		}
		if k.modules != nil {
			break
		}
	}
	for _, file := range []string{"/proc/config.gz", "/boot/config-" + release} {
		data, err := h.ReadFile(file)
		if err != nil {
			continue
		}
		if r, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			if data, err = io.ReadAll(r); err != nil {
				continue
			}
		}
		k.config = map[string]bool{}
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && value == "y" {
				k.config[strings.TrimPrefix(name, "CONFIG_")] = true
			}
		}
		if k.looked == "" {
			k.looked = file
		}
		break
	}
	return k
}

func (k parts) has(m module) (has, known bool) {
	if _, err := k.h.Stat("/sys/module/" + m.name); err == nil || k.modules[m.name] || k.config[m.option] {
		return true, true
	}
	return false, k.modules != nil || k.config != nil
}
