package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

func gatewayCheck() Check {
	return Check{Name: "gateway", About: "the NIC for OVN's external network (--nic)", Roles: []config.Role{Gateway}, Run: gateway, Finds: []Explanation{
		{"gateway/nic", Fatal, "The NIC for the external network was not named, or does not exist. `ip link` lists the machine's NICs; give --nic NAME, and the same name as external-gw-nic."},
		{"gateway/default-route", Fatal, "The NIC for the external network carries the default route. On a bridge of Open vSwitch it loses its addresses and routes: the machine can no longer be reached, by ssh either, and the fault is there again after a reboot. Use a NIC of its own, or a VLAN interface of one."},
		{"gateway/address", Fatal, "The NIC for the external network carries an address that this node lives by: its node address, the API server's, that of its tunnels, or the one from which it reaches the server. On a bridge of Open vSwitch the NIC loses it: the node becomes an island. Use a NIC of its own."},
		{"gateway/addresses", Warning, "The NIC for the external network has addresses that are none of the node's. They stop to work once the NIC is on a bridge. Remove them, or move what uses them elsewhere."},
		{"gateway/member", Fatal, "The NIC for the external network belongs to a bridge, bond, team or Open vSwitch already. It cannot be in two, and two ways into one network are a loop that takes the whole LAN down. Take it out (`ip link set NIC nomaster`), or use the bond itself."},
		{"gateway/kind", Fatal, "The NIC for the external network is none: loopback, a bridge, a tunnel or one of kove's own interfaces. Name a NIC, a bond or a VLAN interface."},
		{"gateway/carrier", Warning, "The NIC for the external network is down or has no carrier: no cable, or the switch's port is off. Nothing would pass. `ip link set NIC up`; look at the cable and the switch."},
		{"gateway/parent", Warning, "The NIC for the external network has VLAN or macvlan interfaces on it, which lose the network when it goes to a bridge. If the node's address is on one of them, that is gateway/address. Use another NIC, or one of those interfaces."},
	}}
}

func gateway(_ context.Context, h Host, c Case) []Finding {
	links, err := h.Links()
	if err != nil {
		return nil // the check of addresses says so
	}
	var names []string
	var nic *Link
	for i, l := range links {
		if l.Name == c.NIC {
			nic = &links[i]
		}
		if l.Name != "lo" && !ownLink(l) {
			names = append(names, l.Name)
		}
	}
	if c.NIC == "" {
		return []Finding{{"gateway/nic", Fatal, "no NIC was named for the external network", "nothing can be said about it", "give --nic NAME, one of " + strings.Join(names, ", ")}}
	}
	if nic == nil {
		return []Finding{{"gateway/nic", Fatal, "there is no NIC " + c.NIC, "the external network would lead nowhere", "choose one of " + strings.Join(names, ", ")}}
	}
	if nic.Name == "lo" || ownLink(*nic) || slices.Contains([]string{"bridge", "openvswitch", "geneve", "vxlan", "gre", "tun", "wireguard", "dummy", "ifb"}, nic.Kind) {
		what := nic.Kind
		if what == "" {
			what = "not one"
		}
		return []Finding{{"gateway/kind", Fatal, fmt.Sprintf("%s is no NIC (%s)", nic.Name, what), "the external network would lead nowhere", "name a NIC, a bond or a VLAN interface"}}
	}
	const island = "on a bridge it loses its addresses and routes: this node becomes an island, over a reboot too"
	var out []Finding
	below := []Link{*nic}
	for _, l := range links {
		if l.Parent == nic.Name {
			below = append(below, l)
		}
	}
	route, children, other := defaultRouteNIC(h), []string(nil), []string(nil)
	for i, l := range below {
		name := l.Name
		if i > 0 {
			children = append(children, l.Name)
			name = fmt.Sprintf("%s on %s", l.Name, nic.Name)
		}
		if l.Name == route {
			out = append(out, Finding{"gateway/default-route", Fatal, name + " carries the default route", island, "use a NIC of its own for the external network"})
		}
		for _, p := range l.Addrs {
			if what := purpose(h, c, p.Addr()); what != "" {
				out = append(out, Finding{"gateway/address", Fatal, fmt.Sprintf("%s carries %s, %s", name, p.Addr(), what), island, "use a NIC of its own for the external network"})
			} else if !p.Addr().IsLinkLocalUnicast() {
				other = append(other, p.Addr().String())
			}
		}
	}
	if nic.Master != "" {
		out = append(out, Finding{"gateway/member", Fatal, fmt.Sprintf("%s belongs to %s", nic.Name, nic.Master), "a NIC cannot be in two bridges, and two ways into one network are a loop",
			fmt.Sprintf("take it out with `ip link set %s nomaster` and from the configuration of %s, or use another", nic.Name, nic.Master)})
	}
	if nic.Master == "" {
		// Ports of the userspace datapath have no master in the kernel: only the database knows.
		for _, file := range append([]string{c.Paths.Agent("ovs", "conf.db")}, foreignDatabases()...) {
			if slices.Contains(ovsInterfaces(h, file), nic.Name) {
				out = append(out, Finding{"gateway/member", Fatal, fmt.Sprintf("%s belongs to an Open vSwitch (%s)", nic.Name, file), "a NIC cannot be in two bridges, and two ways into one network are a loop",
					"use another NIC (kove's tunnels may be on this one), or take it out with ovs-vsctl del-port"})
				break
			}
		}
	}
	if len(out) == 0 && len(children) > 0 {
		out = append(out, Finding{"gateway/parent", Warning, fmt.Sprintf("%s carries %s", nic.Name, strings.Join(children, ", ")), "these lose the network when it goes to a bridge", "use another NIC, or one of these"})
	}
	if len(out) == 0 && len(other) > 0 {
		out = append(out, Finding{"gateway/addresses", Warning, fmt.Sprintf("%s has addresses: %s", nic.Name, strings.Join(other, ", ")), "they stop to work when it goes to a bridge", "remove them: ip addr flush dev " + nic.Name})
	}
	if !nic.Up || !nic.Carrier {
		what := "has no carrier"
		if !nic.Up {
			what = "is down"
		}
		out = append(out, Finding{"gateway/carrier", Warning, nic.Name + " " + what, "nothing would pass", fmt.Sprintf("run `ip link set %s up`; look at the cable and the switch", nic.Name)})
	}
	return out
}

// ovsInterfaces are the interfaces in a database file of Open vSwitch: records of transactions, each with the rows that it
// changed (ovsdb(7)).
func ovsInterfaces(h Host, file string) []string {
	data, err := h.ReadFile(file)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for line := range strings.Lines(string(data)) {
		var record struct {
			Interface map[string]*struct {
				Name string `json:"name"`
			}
		}
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &record) != nil {
			continue
		}
		for id, row := range record.Interface {
			switch {
			case row == nil:
				delete(names, id)
			case row.Name != "":
				names[id] = row.Name
			}
		}
	}
	return slices.Sorted(maps.Values(names))
}

// ownLink tells whether kove made an interface.
func ownLink(l Link) bool {
	return l.Name == "ovn0" || strings.HasPrefix(l.Name, "br-") && l.Kind != "bridge" || strings.HasPrefix(l.Name, "genev_sys") || l.Kind == "openvswitch"
}

// purpose is what this node needs an address for, "" for nothing.
func purpose(h Host, c Case, a netip.Addr) string {
	switch {
	case slices.Contains(c.Node.IPs, a):
		return "the node's address"
	case a == c.API.BindAddress || a == c.API.AdvertiseAddress:
		return "the API server's address"
	case a == c.OVN.EncapIP:
		return "the tunnels' address"
	}
	if u, err := url.Parse(c.Join.Server); err == nil && c.Join.Server != "" {
		targets, err := h.Resolve(u.Hostname())
		if err != nil {
			return ""
		}
		for _, t := range targets {
			if source, err := h.SourceAddress(t); err == nil && source == a && !t.IsLoopback() {
				return "the address from which this node reaches " + c.Join.Server
			}
		}
	}
	return ""
}
