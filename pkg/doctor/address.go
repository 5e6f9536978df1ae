package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

func address(_ context.Context, h Host, c Case) []Finding {
	nics, err := h.NICs()
	if err != nil {
		return []Finding{{ID: "address/nics", Severity: Fatal, Seen: err.Error(), Why: "the node's address cannot be checked", Remedy: "check that /sys and netlink are usable"}}
	}
	var out []Finding
	wanted := map[string][]netip.Addr{"node-ip": c.Node.IPs}
	if c.Role == config.Server && !c.API.BindAddress.IsUnspecified() {
		wanted["bind-address"] = []netip.Addr{c.API.BindAddress}
	}
	for _, option := range []string{"node-ip", "bind-address"} {
		for _, a := range wanted[option] {
			if holder(nics, a) == "" {
				out = append(out, Finding{ID: "address/" + option, Severity: Fatal,
					Seen: fmt.Sprintf("%s: no NIC of this machine has that address", origin(c, option, a.String())),
					Why:  "other nodes could not reach it", Remedy: "choose one of " + addresses(nics)})
			}
		}
	}
	return out
}

func holder(nics []config.NIC, a netip.Addr) string {
	for _, nic := range nics {
		for _, p := range nic.Addrs {
			if p.Addr() == a {
				return nic.Name
			}
		}
	}
	return ""
}

func addresses(nics []config.NIC) string {
	var out []string
	for _, nic := range nics {
		for _, p := range nic.Addrs {
			if a := p.Addr(); a.IsGlobalUnicast() && nic.Name != "ovn0" && nic.Name != "lo" {
				out = append(out, fmt.Sprintf("%s (%s)", a, nic.Name))
			}
		}
	}
	if len(out) == 0 {
		return "the addresses that `ip addr` shows (there are none: configure a NIC first)"
	}
	return strings.Join(out, ", ")
}
