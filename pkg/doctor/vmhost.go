package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

func kvmCheck() Check {
	return Check{Name: "kvm", About: "/dev/kvm, nested virtualisation and huge pages", Roles: []config.Role{VMHost}, Run: kvm, Finds: []Explanation{
		{"kvm/device", Fatal, "There is no /dev/kvm: virtual machines would be emulated, ten times slower, and KubeVirt does not schedule them here. Switch on VT-x or AMD-V in the firmware, and `modprobe kvm_intel` or `modprobe kvm_amd`. Inside a virtual machine, its host must allow nested virtualisation."},
		{"kvm/nested", Warning, "This machine is itself a virtual machine. Its virtual machines run nested: that works, more slowly, and depends on what its host passes on."},
		{"kvm/hugepages", Note, "Huge pages are reserved, but none is free: virtual machines that ask for them will not start."},
		{"kvm/tun", Warning, "There is no /dev/net/tun: QEMU cannot make the NICs of virtual machines. `modprobe tun`."},
	}}
}

func kvm(_ context.Context, h Host, _ Case) []Finding {
	var out []Finding
	var flags []string
	for _, line := range lines(h, "/proc/cpuinfo") {
		if name, value, ok := strings.Cut(line, ":"); ok && (strings.TrimSpace(name) == "flags" || strings.TrimSpace(name) == "Features") {
			flags = strings.Fields(value)
			break
		}
	}
	if _, err := h.Stat("/dev/kvm"); err != nil {
		remedy := "`modprobe kvm_intel` or `modprobe kvm_amd`"
		if !slices.Contains(flags, "vmx") && !slices.Contains(flags, "svm") {
			remedy = "switch on VT-x or AMD-V in the firmware; inside a virtual machine, allow nested virtualisation on its host"
		}
		out = append(out, Finding{"kvm/device", Fatal, "there is no /dev/kvm", "virtual machines would be emulated, ten times slower", remedy})
	} else if slices.Contains(flags, "hypervisor") {
		out = append(out, Finding{"kvm/nested", Warning, "this machine is itself a virtual machine", "its virtual machines run nested, more slowly", "use hardware, or live with it"})
	}
	if _, err := h.Stat("/dev/net/tun"); err != nil {
		out = append(out, Finding{"kvm/tun", Warning, "there is no /dev/net/tun", "QEMU cannot make NICs", "`modprobe tun`"})
	}
	if m := meminfo(h); m["HugePages_Total"] > 0 && m["HugePages_Free"] == 0 {
		out = append(out, Finding{"kvm/hugepages", Note, fmt.Sprintf("none of %d huge pages is free", m["HugePages_Total"]), "virtual machines that ask for them will not start", "raise vm.nr_hugepages"})
	}
	return out
}
