package doctor

import (
	"context"
	"slices"
	"strings"
)

func kubernetesCheck() Check {
	return Check{Name: "kubernetes", About: "another Kubernetes, containerd or Docker", Roles: both, Run: otherKubernetes, Finds: []Explanation{
		{"kubernetes/other", Fatal, "Another Kubernetes runs on this machine: k3s, RKE2, k0s, MicroK8s or a kubelet. Two kubelets fight over the same ports, cgroups and network. Uninstall the other one (`k3s-uninstall.sh`, `rke2-uninstall.sh`, `k0s reset`, `snap remove microk8s`, `kubeadm reset`) and reboot, or take another machine."},
		{"kubernetes/runtime", Note, "Another containerd, CRI-O or Docker runs. kove brings its own containerd with its own directories and socket, so both can live together; Docker adds rules to the firewall (its FORWARD policy is DROP) that may drop pods' traffic over Linux bridges. Remove it if nothing needs it."},
	}}
}

func otherKubernetes(_ context.Context, h Host, c Case) []Finding {
	var out []Finding
	runtime := false
	for _, p := range processes(h) {
		if p.own(c) {
			continue
		}
		name, _, _ := strings.Cut(p.name, "-")
		switch {
		case slices.Contains([]string{"k3s", "kubelet", "rke2", "k0s", "kubelite"}, name):
			out = append(out, Finding{"kubernetes/other", Fatal, p.name + " runs (pid " + p.pid + ")", "two kubelets fight over ports, cgroups and the network",
				"uninstall it (k3s-uninstall.sh, rke2-uninstall.sh, k0s reset, kubeadm reset) and reboot"})
			return out
		case !runtime && slices.Contains([]string{"containerd", "dockerd", "crio"}, p.name):
			runtime = true
			out = append(out, Finding{"kubernetes/runtime", Note, p.name + " runs (pid " + p.pid + ")", "kove has a containerd of its own beside it; Docker's firewall rules may drop traffic of Linux bridges",
				"nothing, or remove it if nothing needs it"})
		}
	}
	return out
}

func ovsCheck() Check {
	return Check{Name: "ovs", About: "an Open vSwitch or OVN that is not kove's", Roles: both, Run: otherOVS, Finds: []Explanation{
		{"ovs/running", Fatal, "An Open vSwitch or ovn-controller that is not kove's runs. Two ovs-vswitchds share one kernel datapath and delete each other's ports; two ovn-controllers rewrite each other's flows. `systemctl disable --now openvswitch-switch ovn-controller` (or the DaemonSets of another cluster), then reboot."},
		{"ovs/database", Warning, "The database of another Open vSwitch lies on this machine and still names bridges with NICs. When its service starts again, at a boot or an upgrade, it takes those NICs, whatever kove does. Look with `ovsdb-client`, delete its bridges with `ovs-vsctl del-br`, remove the package, or delete the file if nothing needs it."},
	}}
}

func otherOVS(_ context.Context, h Host, c Case) []Finding {
	for _, p := range processes(h) {
		if !p.own(c) && slices.Contains([]string{"ovs-vswitchd", "ovn-controller"}, p.name) {
			return []Finding{{"ovs/running", Fatal, p.name + " runs and is not kove's (pid " + p.pid + ")", "two of them delete each other's ports and flows",
				"`systemctl disable --now openvswitch-switch ovn-controller`, then reboot"}}
		}
	}
	for _, file := range foreignDatabases() {
		if data, err := h.ReadFile(file); err == nil && strings.Contains(string(data), `"Bridge":{"`) {
			return []Finding{{"ovs/database", Warning, file + " of another Open vSwitch names bridges", "its service would take their NICs again at a boot",
				"delete the bridges with `ovs-vsctl del-br`, or remove that Open vSwitch with its database"}}
		}
	}
	return nil
}

// foreignDatabases is where distributions and Kube-OVN keep the database of Open vSwitch.
func foreignDatabases() []string {
	return []string{"/etc/openvswitch/conf.db", "/etc/origin/openvswitch/conf.db", "/var/lib/openvswitch/conf.db"}
}

func leftoversCheck() Check {
	return Check{Name: "leftovers", About: "what another Kubernetes or CNI left behind", Roles: both, Bare: true, Run: leftovers, Finds: []Explanation{
		{"leftovers/cni", Warning, "There are network configurations of another CNI in /etc/cni/net.d. kove's containerd reads its own directory, so they do nothing, until somebody points something there; but they tell of an installation that was not removed. Delete them."},
		{"leftovers/interfaces", Warning, "Interfaces of another cluster network exist: flannel, Calico, Cilium, kube-ipvs0, Kube-OVN's ovn0 or a tunnel of Open vSwitch. Their addresses and routes take packets that belong to kove's. Delete them with `ip link delete NAME`, or reboot after the other software was removed."},
		{"leftovers/rules", Warning, "Rules of another kube-proxy or CNI are in the kernel's tables (KUBE-*, CNI-*, cali-*, FLANNEL-*, OVN-*). They send Service addresses to pods that no longer exist, or drop packets. Reboot, or remove them: `iptables-save | grep -vE 'KUBE-|CNI-|cali-|FLANNEL|OVN-' | iptables-restore`, the same with ip6tables."},
	}}
}

func leftovers(_ context.Context, h Host, c Case) []Finding {
	var out []Finding
	for _, file := range h.Glob("/etc/cni/net.d/*") {
		if strings.HasSuffix(file, ".conf") || strings.HasSuffix(file, ".conflist") {
			out = append(out, Finding{"leftovers/cni", Warning, file + " configures another CNI", "another cluster network was not removed", "delete it"})
			break
		}
	}
	if links, err := h.Links(); err == nil {
		var names []string
		for _, l := range links {
			if slices.Contains([]string{"cni0", "flannel.1", "flannel-v6.1", "kube-ipvs0", "cilium_host", "cilium_net", "cilium_vxlan", "vxlan.calico", "tunl0@NONE", "genev_sys_6081"}, l.Name) || l.Name == "ovn0" ||
				strings.HasPrefix(l.Name, "cali") && l.Kind == "veth" {
				names = append(names, l.Name)
			}
		}
		// After a stop without cleaning, pods and kove's own interfaces go on.
		_, err := h.Stat(c.Paths.Agent())
		if ours := err == nil; len(names) > 0 && !(ours && !slices.ContainsFunc(names, func(n string) bool { return n != "ovn0" && n != "genev_sys_6081" })) {
			out = append(out, Finding{"leftovers/interfaces", Warning, "interfaces of another cluster network: " + strings.Join(names, ", "), "their addresses and routes take packets that belong to kove's",
				"reboot, or delete them: ip link delete " + names[0]})
		}
	}
	if chains, err := h.Chains(); err == nil {
		for _, chain := range chains {
			f := strings.Fields(chain)
			if len(f) < 3 {
				continue
			}
			// kubelet makes the canary and the firewall chain of its own; they do nothing.
			if name := f[2]; name == "KUBE-SERVICES" || name == "KUBE-FORWARD" || strings.HasPrefix(name, "KUBE-SVC-") || strings.HasPrefix(name, "CNI-") || strings.HasPrefix(name, "cali-") || strings.HasPrefix(name, "FLANNEL-") || strings.HasPrefix(name, "OVN-") || strings.HasPrefix(name, "CILIUM_") {
				out = append(out, Finding{"leftovers/rules", Warning, "chain " + name + " in table " + f[0] + " " + f[1] + " belongs to another kube-proxy or CNI", "Service addresses may lead to pods that no longer exist",
					"reboot, or remove the rules (`kove doctor explain leftovers/rules`)"})
				break
			}
		}
	}
	return out
}
