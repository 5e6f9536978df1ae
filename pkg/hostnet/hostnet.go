package hostnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Protocol marks the routes that belong to kove (rtm_protocol), for finding leftovers. `ip route` shows it as "proto 107".
const Protocol = 107

// Desired is the state of the host's networking as far as kove is concerned.
type Desired struct {
	Links      []Link
	Routes     []Route
	Masquerade *Masquerade       // nil: no table
	Sysctls    map[string]string // "net.ipv4.ip_forward" → "1"; the values found are put back by Restore

	// Partial says that there is more to come: routes and tables of ours that are not named here stay as an earlier
	// process left them.
	Partial bool
}

// Link is the wanted state of a link that something else creates.
type Link struct {
	Name string
	MTU  int              // 0: any
	MAC  net.HardwareAddr // nil: any
	// Addresses are exactly the global addresses that the link has.
	Addresses []netip.Prefix
	// NoOffload turns off checksum, segmentation and receive offloads: ovs-vswitchd's own datapath reads frames from
	// packet sockets and needs them whole.
	NoOffload bool
	// Sysctls are below net.ipv4.conf.NAME and net.ipv6.conf.NAME: "ipv4/rp_filter" → "2". They vanish with the link.
	Sysctls map[string]string
}

// Route is a wanted route.
type Route struct {
	Dst    netip.Prefix
	Via    netip.Addr // invalid: directly on the link
	Link   string
	Src    netip.Addr // invalid: the kernel's choice
	Metric int
	OnLink bool // Via is on the link although no address says so
	MTU    int
}

// Masquerade says whose connections get the host's address when they leave through a link.
type Masquerade struct {
	Sources []netip.Prefix
	Except  []netip.Prefix // destinations that see the true source
	// ExceptLink is a link on which nothing is masqueraded, the one that Sources are behind.
	ExceptLink string
}

// Options says where a Host keeps its memory.
type Options struct {
	// StateFile remembers what Restore puts back.
	StateFile string
	Logger    *slog.Logger
}

// Host is the networking of the current network namespace.
type Host struct {
	log   *slog.Logger
	nl    *netlink.Handle
	state *stateFile

	mu      sync.Mutex // guards the fields below and serialises changes
	desired *Desired
	masq    *Masquerade // applied last; nil when unknown
}

// New opens the host's networking. Nothing is changed before Set.
func New(o Options) (*Host, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("opening netlink: %w", err)
	}
	state, err := openState(o.StateFile)
	if err != nil {
		nl.Close()
		return nil, err
	}
	return &Host{log: o.Logger.With("component", "hostnet"), nl: nl, state: state}, nil
}

// Close releases the netlink socket. The host stays as it is.
func (h *Host) Close() { h.nl.Close() }

// Set makes d the desired state and applies it. Links that do not exist are no error: they are served by Run once they
// appear.
func (h *Host) Set(d Desired) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.desired = &d
	return h.apply()
}

// Apply applies the desired state once more.
func (h *Host) Apply() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.apply()
}

// apply is called with mu held.
func (h *Host) apply() error {
	if h.desired == nil {
		return nil
	}
	var errs []error
	if err := h.setSysctls(h.desired.Sysctls); err != nil {
		errs = append(errs, err)
	}
	index := map[string]int{}
	for _, l := range h.desired.Links {
		i, err := h.setLink(l)
		if err != nil {
			errs = append(errs, fmt.Errorf("setting link %s: %w", l.Name, err))
		}
		if i != 0 {
			index[l.Name] = i
		}
	}
	if err := h.setRoutes(h.desired.Routes, index, h.desired.Partial); err != nil {
		errs = append(errs, err)
	}
	if !h.desired.Partial {
		if err := h.setMasquerade(h.desired.Masquerade); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run applies the desired state again whenever the kernel reports a change to one of its links, addresses or routes. It
// returns when ctx is done.
func (h *Host) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := h.listen(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// listen returns nil when the kernel dropped notifications; the caller subscribes anew.
func (h *Host) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lost := make(chan error, 3)
	onError := func(err error) {
		select {
		case lost <- err:
		default:
		}
	}
	links, addrs, routes := make(chan netlink.LinkUpdate, 64), make(chan netlink.AddrUpdate, 64), make(chan netlink.RouteUpdate, 64)
	if err := netlink.LinkSubscribeWithOptions(links, ctx.Done(), netlink.LinkSubscribeOptions{ErrorCallback: onError}); err != nil {
		return fmt.Errorf("listening to links: %w", err)
	}
	defer drain(links)
	if err := netlink.AddrSubscribeWithOptions(addrs, ctx.Done(), netlink.AddrSubscribeOptions{ErrorCallback: onError}); err != nil {
		return fmt.Errorf("listening to addresses: %w", err)
	}
	defer drain(addrs)
	if err := netlink.RouteSubscribeWithOptions(routes, ctx.Done(), netlink.RouteSubscribeOptions{ErrorCallback: onError}); err != nil {
		return fmt.Errorf("listening to routes: %w", err)
	}
	defer drain(routes)
	tables := make(chan struct{}, 1)
	if err := watchTables(ctx, tables); err != nil {
		return err
	}
	defer cancel() // before the drains: it closes the sockets, which closes the channels

	h.reapply("subscribing") // what happened before the subscription
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			h.log.Warn("lost kernel notifications, listening anew", "err", err)
			return nil
		case <-tables:
			h.reapply("a deleted nftables table")
		case u, ok := <-links:
			if !ok {
				return nil
			}
			if h.wantsLink(u.Attrs().Name) {
				h.reapply("link " + u.Attrs().Name)
			}
		case u, ok := <-addrs:
			if !ok {
				return nil
			}
			if h.wantsIndex(u.LinkIndex) {
				h.reapply("address " + u.LinkAddress.String())
			}
		case u, ok := <-routes:
			if !ok {
				return nil
			}
			if u.Protocol == Protocol && u.Type == unix.RTM_DELROUTE {
				h.reapply("route")
			}
		}
	}
}

func drain[T any](ch <-chan T) {
	go func() {
		for range ch {
		}
	}()
}

func (h *Host) wantsLink(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.desired == nil {
		return false
	}
	for _, l := range h.desired.Links {
		if l.Name == name {
			return true
		}
	}
	return false
}

func (h *Host) wantsIndex(index int) bool {
	l, err := h.nl.LinkByIndex(index)
	return err == nil && h.wantsLink(l.Attrs().Name)
}

func (h *Host) reapply(cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.apply(); err != nil {
		h.log.Warn("applying the host's networking again", "cause", cause, "err", err)
	}
}
