package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// GeneveOverhead is what a tunnel takes from the underlay's MTU: outer IPv4 20, UDP 8, Geneve 8 + options 24, inner
// Ethernet 14, and room for VLAN tags and IPv6 outside. Kube-OVN uses the same 100.
const GeneveOverhead = 100

// TunnelBridge is the OVS bridge that TunnelNIC and its address move to in the userspace datapath.
const TunnelBridge = "br-tun"

const derivedOrigin = "derived from the host"

// derive fills what was left open from the host. It runs after validate, so the parts it reads are well formed.
func (c *Config) derive(h Host) error {
	var faults Faults
	for _, step := range []func(Host) *Fault{c.deriveName, c.deriveAddress, c.deriveEncap, c.deriveResolvConf} {
		if f := step(h); f != nil {
			faults = append(faults, *f)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if c.Role == Server {
		c.deriveServer()
	}
	return nil
}

func (c *Config) deriveName(h Host) *Fault {
	if c.Node.Name != "" {
		return nil
	}
	name, err := h.Hostname()
	if err != nil {
		return &Fault{Option: "node-name", Origin: derivedOrigin, What: "reading the host's name: " + err.Error(), Remedy: "give --node-name"}
	}
	c.Node.Name = strings.ToLower(strings.TrimSuffix(name, "."))
	c.Origins["node-name"] = derivedOrigin
	return nil
}

func (c *Config) deriveAddress(h Host) *Fault {
	if len(c.Node.IPs) > 0 {
		return nil
	}
	c.Origins["node-ip"] = derivedOrigin
	if c.Role == Agent {
		if u, err := url.Parse(c.Join.Server); err == nil {
			// A name that does not resolve is reported by the preflight, which names the server.
			if targets, err := h.Resolve(u.Hostname()); err == nil {
				for _, t := range targets {
					if a, err := h.SourceAddress(t); err == nil && usable(a) {
						c.Node.IPs = []netip.Addr{a}
						return nil
					}
				}
			}
		}
	}
	if c.Role == Server && !c.API.BindAddress.IsUnspecified() && !c.API.BindAddress.IsLoopback() {
		c.Node.IPs = []netip.Addr{c.API.BindAddress}
		return nil
	}
	// Any global address asks for the default route; nothing is sent. 192.0.2.0/24 is TEST-NET-1 (RFC 5737).
	if a, err := h.SourceAddress(netip.MustParseAddr("192.0.2.1")); err == nil && usable(a) {
		c.Node.IPs = []netip.Addr{a}
		return nil
	}
	nics, err := h.NICs()
	if err != nil {
		return &Fault{Option: "node-ip", Origin: derivedOrigin, What: "listing the NICs: " + err.Error(), Remedy: "give --node-ip"}
	}
	var found []netip.Addr
	var names []string
	for _, nic := range nics {
		if ownNIC(nic.Name) || !nic.Up || nic.Name == c.OVN.TunnelNIC || nic.Name == TunnelBridge {
			continue
		}
		for _, p := range nic.Addrs {
			if usable(p.Addr()) && p.Addr().Is4() {
				found = append(found, p.Addr())
				names = append(names, fmt.Sprintf("%s on %s", p.Addr(), nic.Name))
			}
		}
	}
	switch len(found) {
	case 1:
		c.Node.IPs = found
		return nil
	case 0:
		return &Fault{Option: "node-ip", Origin: derivedOrigin, What: "no NIC that is up has an address", Remedy: "give a NIC an address, or name the node's with --node-ip"}
	}
	return &Fault{Option: "node-ip", Origin: derivedOrigin,
		What:   "there is no default route and several addresses: " + strings.Join(names, ", "),
		Remedy: "choose one with --node-ip"}
}

func usable(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsLoopback() }

func (c *Config) deriveEncap(h Host) *Fault {
	nics, err := h.NICs()
	if err != nil {
		return &Fault{Option: "tunnel-nic", Origin: derivedOrigin, What: "listing the NICs: " + err.Error(), Remedy: "check /sys/class/net"}
	}
	byName := map[string]NIC{}
	for _, nic := range nics {
		byName[nic.Name] = nic
	}
	var underlay NIC
	if c.OVN.TunnelNIC != "" {
		nic, ok := byName[c.OVN.TunnelNIC]
		if !ok {
			return &Fault{Option: "tunnel-nic", Origin: c.Origin("tunnel-nic"), What: "there is no NIC " + c.OVN.TunnelNIC,
				Remedy: "choose one of " + nicNames(nics)}
		}
		underlay = nic
		// After the first start the userspace datapath holds the NIC's address on the bridge.
		for _, p := range append(append([]netip.Prefix(nil), nic.Addrs...), byName[TunnelBridge].Addrs...) {
			if usable(p.Addr()) && p.Addr().Is4() {
				c.OVN.EncapIP = p.Addr()
				break
			}
		}
		if !c.OVN.EncapIP.IsValid() {
			return &Fault{Option: "tunnel-nic", Origin: c.Origin("tunnel-nic"), What: "NIC " + c.OVN.TunnelNIC + " has no IPv4 address",
				Remedy: "give it one (it becomes the tunnels' address)"}
		}
	} else {
		c.OVN.EncapIP = c.Node.IP()
		for _, nic := range nics {
			for _, p := range nic.Addrs {
				if p.Addr() == c.OVN.EncapIP {
					underlay = nic
				}
			}
		}
	}
	if c.OVN.MTU != 0 {
		c.OVN.MTUSet = true
		if underlay.MTU > 0 && c.OVN.MTU > underlay.MTU-GeneveOverhead {
			return &Fault{Option: "mtu", Origin: c.Origin("mtu"),
				What:   fmt.Sprintf("%d does not fit through tunnels over NIC %s with MTU %d", c.OVN.MTU, underlay.Name, underlay.MTU),
				Remedy: fmt.Sprintf("use at most %d or raise the MTU of %s", underlay.MTU-GeneveOverhead, underlay.Name)}
		}
		return nil
	}
	switch {
	case underlay.MTU == 0:
		c.OVN.MTU = 1500 - GeneveOverhead // the preflight says that no NIC carries the address
	case underlay.MTU > 9000+GeneveOverhead:
		c.OVN.MTU = 9000 // loopback's 65536: no pod needs more than a jumbo frame
	default:
		c.OVN.MTU = underlay.MTU - GeneveOverhead
	}
	c.Origins["mtu"] = derivedOrigin
	return nil
}

func nicNames(nics []NIC) string {
	var names []string
	for _, nic := range nics {
		if !ownNIC(nic.Name) && nic.Name != "lo" {
			names = append(names, nic.Name)
		}
	}
	return strings.Join(names, ", ")
}

// deriveResolvConf follows k3s: a resolv.conf that points to the host's loopback is useless inside a pod.
func (c *Config) deriveResolvConf(h Host) *Fault {
	if c.Node.ResolvConf != "" {
		if _, err := h.ReadFile(c.Node.ResolvConf); err != nil {
			return &Fault{Option: "resolv-conf", Origin: c.Origin("resolv-conf"), What: "reading " + c.Node.ResolvConf + ": " + reason(err), Remedy: "name a readable file"}
		}
		return nil
	}
	for _, path := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		if data, err := h.ReadFile(path); err == nil && reachableNameserver(string(data)) {
			c.Node.ResolvConf = path
			c.Origins["resolv-conf"] = derivedOrigin
			return nil
		}
	}
	c.warn("no resolv.conf with a nameserver that a pod could reach: CoreDNS answers cluster names only; give --resolv-conf")
	return nil
}

func reachableNameserver(conf string) bool {
	for _, line := range strings.Split(conf, "\n") {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(f[1]); err == nil && !a.IsLoopback() && !a.IsMulticast() {
			return true
		}
	}
	return false
}

func (c *Config) deriveServer() {
	if !c.API.AdvertiseAddress.IsValid() {
		c.API.AdvertiseAddress = c.Node.IP()
		if !c.API.BindAddress.IsUnspecified() {
			c.API.AdvertiseAddress = c.API.BindAddress
		}
		c.Origins["advertise-address"] = derivedOrigin
	}
	if !c.Cluster.DNS.IsValid() {
		c.Cluster.DNS = nth(c.Cluster.ServiceCIDR, 10)
	}
	host := "127.0.0.1"
	if !c.API.BindAddress.IsUnspecified() {
		host = c.API.BindAddress.String()
	}
	c.Join.Server = "https://" + net.JoinHostPort(host, strconv.Itoa(c.API.HTTPSListenPort))
}

// KubernetesServiceIP is the first address of the Service range, the Service `kubernetes`.
func (c Cluster) KubernetesServiceIP() netip.Addr { return nth(c.ServiceCIDR, 1) }

func nth(p netip.Prefix, n int) netip.Addr {
	a := p.Addr()
	for range n {
		a = a.Next()
	}
	return a
}
