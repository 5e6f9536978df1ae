package packets

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/kove-io/kove/pkg/hostnet"
)

// netNS is a network namespace. It has a name for `ip netns exec` while one debugs.
type netNS struct {
	name   string
	handle netns.NsHandle
}

// newNS makes a namespace with its loopback up. It lives as long as the test program.
func newNS(name string) (*netNS, error) {
	n := &netNS{name: name, handle: netns.None()}
	err := onThread(func() (err error) {
		n.handle, err = netns.NewNamed(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making network namespace %s: %w", name, err)
	}
	return n, n.do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
}

// onThread runs fn on a thread that ends with it, since fn changes the thread.
func onThread(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- fn()
	}()
	return <-done
}

// do runs fn in the namespace. Sockets that it opens and processes that it starts stay there; goroutines that it starts do not.
func (n *netNS) do(fn func() error) error {
	return onThread(func() error {
		if err := netns.Set(n.handle); err != nil {
			return fmt.Errorf("entering network namespace %s: %w", n.name, err)
		}
		return fn()
	})
}

// start starts a command in the namespace.
func (n *netNS) start(cmd *exec.Cmd) error { return n.do(cmd.Start) }

// run runs a command in the namespace, at most for the time given, and returns what it printed.
func (n *netNS) run(limit time.Duration, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), slow(limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := n.start(cmd); err != nil {
		return "", fmt.Errorf("starting %s in %s: %w", name, n.name, err)
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s %s in %s: %w: %s", name, strings.Join(args, " "), n.name, err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// sysctl sets a value below /proc/sys/net, which shows the namespace of the thread that opens it.
func (n *netNS) sysctl(key, value string) error {
	return n.do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys/net", key), []byte(value), 0o644)
	})
}

// cable makes a veth between two namespaces, without offloads: what comes out of a userspace datapath has whole checksums,
// and what goes in must have them too.
func cable(a *netNS, aName string, b *netNS, bName string, mtu int) error {
	err := a.do(func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: aName, MTU: mtu}, PeerName: bName, PeerNamespace: netlink.NsFd(b.handle)})
	})
	if err != nil {
		return fmt.Errorf("adding veth %s of %s to %s of %s: %w", aName, a.name, bName, b.name, err)
	}
	for _, end := range []struct {
		ns   *netNS
		name string
	}{{a, aName}, {b, bName}} {
		err := end.ns.do(func() error {
			link, err := netlink.LinkByName(end.name)
			if err != nil {
				return err
			}
			if err := hostnet.NoOffload(end.name); err != nil {
				return err
			}
			return netlink.LinkSetUp(link)
		})
		if err != nil {
			return fmt.Errorf("setting %s of %s up: %w", end.name, end.ns.name, err)
		}
	}
	return nil
}

// address adds an address to a link of the namespace and sets the link up.
func (n *netNS) address(link, cidr string) error {
	return n.do(func() error {
		l, err := netlink.LinkByName(link)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if a.IP.To4() == nil {
			a.Flags = 2 // IFA_F_NODAD: usable at once
		}
		if err := netlink.AddrAdd(l, a); err != nil {
			return fmt.Errorf("adding %s to %s of %s: %w", cidr, link, n.name, err)
		}
		return netlink.LinkSetUp(l)
	})
}

// route adds a route; an empty dst is the default route.
func (n *netNS) route(dst, via string) error {
	return n.do(func() error {
		gw := net.ParseIP(via)
		zero := "0.0.0.0/0"
		if gw.To4() == nil {
			zero = "::/0"
		}
		if dst == "" {
			dst = zero
		}
		_, ipnet, err := net.ParseCIDR(dst)
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{Dst: ipnet, Gw: gw})
	})
}

// routeDirect adds a route to eth0 without a gateway.
func (n *netNS) routeDirect(dst string) error {
	return n.do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		_, ipnet, err := net.ParseCIDR(dst)
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{Dst: ipnet, LinkIndex: l.Attrs().Index, Scope: netlink.SCOPE_LINK})
	})
}

// hardware sets the link's Ethernet address.
func (n *netNS) hardware(link, mac string) error {
	return n.do(func() error {
		l, err := netlink.LinkByName(link)
		if err != nil {
			return err
		}
		hw, err := net.ParseMAC(mac)
		if err != nil {
			return err
		}
		return netlink.LinkSetHardwareAddr(l, hw)
	})
}
