package doctor

import (
	"context"
	"path"
	"slices"
	"strings"
)

func managersCheck() Check {
	return Check{Name: "managers", About: "NetworkManager and systemd-networkd, which may fight over kove's interfaces", Roles: both, Run: managers, Finds: []Explanation{
		{"managers/networkmanager", Warning, "NetworkManager runs and was not told to leave kove's interfaces alone. It may take addresses from ovn0, br-tun and a gateway's NIC, or try DHCP on pods' interfaces. Write /etc/NetworkManager/conf.d/kove.conf with `[keyfile]` and `unmanaged-devices=interface-name:ovn0;interface-name:br-*;interface-name:ovs-*;interface-name:genev_sys_*;interface-name:veth*`, then `systemctl reload NetworkManager`."},
		{"managers/networkd", Warning, "A .network file of systemd-networkd matches every interface, so also ovn0, br-tun and pods' interfaces: networkd takes their addresses away or tries DHCP. Match by name (`Name=en* eth*`) in the [Match] section, or put a file before it with `[Match]` `Name=ovn0 br-* ovs-* genev_sys_* veth*` and `[Link]` `Unmanaged=yes`; then `networkctl reload`."},
		{"managers/networkd-routes", Note, "systemd-networkd removes routes that it did not make when it restarts (ManageForeignRoutes=yes). The routes to pods over ovn0 come back when kove notices, after some seconds. ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in the [Network] section of /etc/systemd/networkd.conf spare that."},
	}}
}

func managers(_ context.Context, h Host, _ Case) []Finding {
	var out []Finding
	for _, p := range processes(h) {
		switch {
		case p.name == "NetworkManager":
			told := false
			for _, pattern := range []string{"/etc/NetworkManager/NetworkManager.conf", "/etc/NetworkManager/conf.d/*.conf", "/usr/lib/NetworkManager/conf.d/*.conf", "/run/NetworkManager/conf.d/*.conf"} {
				for _, file := range h.Glob(pattern) {
					for _, line := range lines(h, file) {
						told = told || strings.HasPrefix(line, "unmanaged-devices") && strings.Contains(line, "ovn0") || strings.HasPrefix(line, "no-auto-default=*")
					}
				}
			}
			if !told {
				out = append(out, Finding{"managers/networkmanager", Warning, "NetworkManager runs (pid " + p.pid + ") and was not told to leave ovn0 alone",
					"it may take addresses from kove's interfaces", "write unmanaged-devices into /etc/NetworkManager/conf.d/kove.conf (`kove doctor explain managers/networkmanager` shows it)"})
			}
		case strings.HasPrefix(p.name, "systemd-network"):
			out = append(out, networkd(h)...)
		}
	}
	return out
}

func networkd(h Host) []Finding {
	var out []Finding
	// The first file by name that matches an interface decides, as systemd.network(5) says.
	files := map[string]string{}
	for _, dir := range []string{"/usr/lib/systemd/network", "/run/systemd/network", "/etc/systemd/network"} {
		for _, file := range h.Glob(dir + "/*.network") {
			files[path.Base(file)] = file
		}
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		match, unmanaged := networkMatch(lines(h, files[name]))
		if !match {
			continue
		}
		if !unmanaged {
			out = append(out, Finding{"managers/networkd", Warning, files[name] + " matches every interface", "systemd-networkd would configure ovn0 and pods' interfaces too",
				"match the NICs by name in it (Name=en* eth*), then run `networkctl reload`"})
		}
		break
	}
	foreign := true
	for _, pattern := range []string{"/etc/systemd/networkd.conf", "/etc/systemd/networkd.conf.d/*.conf"} {
		for _, file := range h.Glob(pattern) {
			for _, line := range lines(h, file) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				if name == "ManageForeignRoutes" {
					foreign = slices.Contains([]string{"yes", "true", "1", "on"}, value)
				}
			}
		}
	}
	if foreign {
		out = append(out, Finding{"managers/networkd-routes", Note, "systemd-networkd removes foreign routes when it restarts", "pods of this node are unreachable for some seconds then",
			"set ManageForeignRoutes=no in /etc/systemd/networkd.conf"})
	}
	return out
}

// networkMatch tells whether a .network file matches ovn0, and whether it leaves it alone.
func networkMatch(list []string) (match, unmanaged bool) {
	section := ""
	match = true
	empty := true
	for _, line := range list {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if section == "[Link]" && key == "Unmanaged" && (value == "yes" || value == "true" || value == "1") {
			unmanaged = true
		}
		if section != "[Match]" {
			continue
		}
		empty = false
		switch key {
		case "Name":
			found := false
			for _, pattern := range strings.Fields(value) {
				if ok, err := path.Match(strings.TrimPrefix(pattern, "!"), "ovn0"); err == nil && ok {
					found = !strings.HasPrefix(pattern, "!")
				}
			}
			match = match && found
		case "Type": // ovn0 and veths are of type ether
			match = match && (value == "ether" || value == "*")
		default: // drivers, addresses, virtualisation: not ours
			match = false
		}
	}
	return match && !empty, unmanaged
}
