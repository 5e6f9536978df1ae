package config

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
)

// NIC is a network interface as derivation and validation need it.
type NIC struct {
	Name  string
	MTU   int
	Up    bool
	Addrs []netip.Prefix
}

// Host answers questions about the machine that kove runs on. It only reads.
type Host interface {
	// Hostname is the kernel's host name.
	Hostname() (string, error)
	// SourceAddress is the address from which packets to target would leave.
	SourceAddress(target netip.Addr) (netip.Addr, error)
	// Resolve turns a host name or address into addresses.
	Resolve(name string) ([]netip.Addr, error)
	// NICs are all interfaces.
	NICs() ([]NIC, error)
	// ReadFile reads a file of the host.
	ReadFile(path string) ([]byte, error)
}

// OSHost is the machine that runs us.
type OSHost struct{}

// Hostname implements Host.
func (OSHost) Hostname() (string, error) { return os.Hostname() }

// SourceAddress asks the kernel by connecting a UDP socket, which sends nothing.
func (OSHost) SourceAddress(target netip.Addr) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(target, 9)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, errors.New("no local address")
	}
	return local.AddrPort().Addr().Unmap(), nil
}

// Resolve implements Host.
func (OSHost) Resolve(name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}, nil
	}
	ips, err := net.LookupIP(name)
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, a.Unmap())
		}
	}
	return out, nil
}

// NICs implements Host.
func (OSHost) NICs() ([]NIC, error) {
	links, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []NIC
	for _, link := range links {
		nic := NIC{Name: link.Name, MTU: link.MTU, Up: link.Flags&net.FlagUp != 0}
		addrs, err := link.Addrs()
		if err != nil {
			continue // the link went away between the two calls
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					ones, _ := n.Mask.Size()
					nic.Addrs = append(nic.Addrs, netip.PrefixFrom(ip.Unmap(), ones))
				}
			}
		}
		out = append(out, nic)
	}
	return out, nil
}

// ReadFile implements Host.
func (OSHost) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// ownNIC tells whether kove itself made an interface, so that its address is never taken for the node's.
func ownNIC(name string) bool {
	return name == "ovn0" || name == "br-int" || name == "ovs-system" || strings.HasPrefix(name, "genev_sys")
}
