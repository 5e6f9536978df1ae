package cni

import (
	"context"
	"fmt"

	"github.com/kove-io/kove/pkg/hostnet"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// TunnelBridge is the bridge that carries the tunnel NIC and its address in the userspace datapath: ovs-vswitchd's own
// datapath encapsulates only towards addresses on its bridges.
const TunnelBridge = "br-tun"

// takeTunnelNIC moves the NIC and its addresses to br-tun and returns what has to stay so.
func (d *Daemon) takeTunnelNIC(ctx context.Context) (links []hostnet.Link, routes []hostnet.Route, err error) {
	if d.o.TunnelNIC == "" || d.o.DatapathType != vswitch.DatapathNetdev {
		return nil, nil, nil
	}
	nic, err := d.host.TakeNIC(d.o.TunnelNIC, d.o.NodeIPs)
	if err != nil {
		return nil, nil, err
	}
	if err := d.db.EnsureBridge(ctx, vswitch.BridgeSpec{Name: TunnelBridge, DatapathType: vswitch.DatapathNetdev,
		OtherConfig: map[string]string{"disable-in-band": "true"}}); err != nil {
		return nil, nil, err
	}
	if err := d.db.EnsurePort(ctx, vswitch.PortSpec{Bridge: TunnelBridge, Name: nic.Name}); err != nil {
		return nil, nil, err
	}
	if i, err := d.db.WaitInterface(ctx, TunnelBridge, func(i vswitch.Interface) (bool, error) {
		return i.OFPort != nil, nil
	}); err != nil {
		return nil, nil, fmt.Errorf("waiting for ovs-vswitchd to make %s (%v): %w", TunnelBridge, i.Error, err)
	}
	links = []hostnet.Link{
		{Name: nic.Name, MTU: nic.MTU, NoOffload: true},
		{Name: TunnelBridge, MTU: nic.MTU, Addresses: nic.Addresses, NoOffload: true},
	}
	for _, r := range nic.Routes {
		routes = append(routes, hostnet.Route{Dst: r.Dst, Via: r.Via, Src: r.Src, Metric: r.Metric, Link: TunnelBridge})
	}
	return links, routes, nil
}
