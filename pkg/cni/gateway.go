package cni

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"

	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/hostnet"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// GatewayLink is the node's own port into the network.
const GatewayLink = "ovn0"

// gateway is what the node has to do for traffic between its host and the network.
type gateway struct {
	Port    vswitch.PortSpec
	Desired hostnet.Desired
}

// planGateway derives the gateway from the annotations that the controllers put on the node, and from the subnets.
func planGateway(node *corev1.Node, nodes []*corev1.Node, subnets []*v1.Subnet, services []netip.Prefix, mtu int, netdev bool) (*gateway, error) {
	at, err := parseAttachment(node.Annotations)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node.Name, err)
	}
	port := at.PortName
	if port == "" {
		port = "node-" + node.Name
	}
	g := &gateway{
		Port: vswitch.PortSpec{Bridge: integrationBridge, Name: GatewayLink, Type: "internal", MAC: at.MAC.String(), MTU: mtu,
			ExternalIDs: map[string]string{vswitch.IfaceID: port, vswitch.AttachedMAC: at.MAC.String(), "ip": addresses(at.Addresses), "vendor": "kove"}},
		Desired: hostnet.Desired{
			Links: []hostnet.Link{{Name: GatewayLink, MTU: mtu, MAC: at.MAC, Addresses: at.Addresses, NoOffload: netdev,
				// Replies to a NodePort's client come in here with a source that is routed elsewhere.
				Sysctls: map[string]string{"ipv4/rp_filter": "2"}}},
			Sysctls: map[string]string{"net.ipv4.ip_forward": "1"},
		},
	}
	m := &hostnet.Masquerade{ExceptLink: GatewayLink, Except: append([]netip.Prefix(nil), services...)}
	for _, s := range subnets {
		if (s.Spec.Vpc != "" && s.Spec.Vpc != v1.DefaultVpc) || s.Spec.Vlan != "" || s.DeletionTimestamp != nil {
			continue // not reached through this node's port
		}
		for _, p := range prefixes(s.Spec.CIDRBlock) {
			m.Except = append(m.Except, p)
			if s.Spec.NatOutgoing {
				m.Sources = append(m.Sources, p)
			}
			if r, ok := at.routeTo(p); ok {
				g.Desired.Routes = append(g.Desired.Routes, r)
			}
		}
	}
	for _, n := range nodes {
		for _, a := range n.Status.Addresses {
			if ip, err := netip.ParseAddr(a.Address); err == nil && (a.Type == corev1.NodeInternalIP || a.Type == corev1.NodeExternalIP) {
				m.Except = append(m.Except, netip.PrefixFrom(ip, ip.BitLen()))
			}
		}
	}
	if len(m.Sources) > 0 {
		g.Desired.Masquerade = m
	}
	return g, nil
}

// routeTo routes a subnet through the join network's router, unless it is the join network itself.
func (a *attachment) routeTo(dst netip.Prefix) (hostnet.Route, bool) {
	for _, own := range a.Addresses {
		if own.Masked() == dst {
			return hostnet.Route{}, false
		}
	}
	for i, own := range a.Addresses {
		if own.Addr().Is4() != dst.Addr().Is4() {
			continue
		}
		for _, gw := range a.Gateways {
			if own.Contains(gw) {
				return hostnet.Route{Dst: dst, Via: gw, Src: a.Addresses[i].Addr(), Link: GatewayLink}, true
			}
		}
	}
	return hostnet.Route{}, false
}

// keepGateway converges the gateway whenever one of its inputs changes. It returns when ctx is done.
func (d *Daemon) keepGateway(ctx context.Context) {
	inputs := make(chan struct{}, 1)
	d.cluster.onChange(inputs)
	ports, stop := d.db.Watch(GatewayLink)
	defer stop()
	// An informer has synced only after it told of its last object, so that no further event would wake us.
	d.setWaiting("waiting for the API server's nodes and subnets")
	for _, synced := range []<-chan struct{}{d.cluster.nodes.HasSyncedChecker().Done(), d.cluster.subnets.HasSyncedChecker().Done()} {
		select {
		case <-synced:
		case <-ctx.Done():
			return
		}
	}
	for {
		waiting, err := d.convergeGateway(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			d.log.Warn("bringing up the node's gateway", "err", err)
			waiting = err.Error()
		}
		d.setWaiting(waiting)
		select {
		case <-inputs:
		case <-ports:
		case <-ctx.Done():
			return
		}
	}
}

// convergeGateway returns what it waits for, "" when the gateway is up.
func (d *Daemon) convergeGateway(ctx context.Context) (waiting string, err error) {
	node := d.cluster.node(d.o.NodeName)
	if node == nil {
		return fmt.Sprintf("waiting for node %s to be registered", d.o.NodeName), nil
	}
	if node.Annotations[v1.AllocatedAnnotation] != "true" {
		return fmt.Sprintf("waiting for annotation %s on node %s from the controllers", v1.AllocatedAnnotation, d.o.NodeName), nil
	}
	var nodes []*corev1.Node
	for _, o := range d.cluster.nodes.GetStore().List() {
		nodes = append(nodes, o.(*corev1.Node))
	}
	var subnets []*v1.Subnet
	for _, o := range d.cluster.subnets.GetStore().List() {
		subnets = append(subnets, o.(*v1.Subnet))
	}
	g, err := planGateway(node, nodes, subnets, d.o.ServiceCIDRs, d.mtu, d.o.DatapathType == vswitch.DatapathNetdev)
	if err != nil {
		return "", err
	}
	g.sort()
	if err := d.db.EnsurePort(ctx, g.Port); err != nil {
		return "", err
	}
	g.Desired.Links = append(g.Desired.Links, d.tunnelLinks...)
	g.Desired.Routes = append(g.Desired.Routes, d.tunnelRoutes...)
	if d.applied == nil || !reflect.DeepEqual(*d.applied, g.Desired) {
		if err := d.host.Set(g.Desired); err != nil {
			return "", err
		}
		d.applied = &g.Desired
		d.log.Info("set the node's gateway", "addresses", g.Desired.Links[0].Addresses, "routes", len(g.Desired.Routes), "lsp", g.Port.ExternalIDs[vswitch.IfaceID])
	}
	i, err := d.db.Interface(ctx, GatewayLink)
	switch {
	case errors.Is(err, vswitch.ErrNotFound) || (err == nil && i.OFPort == nil):
		return "waiting for ovs-vswitchd to make " + GatewayLink, nil
	case err != nil:
		return "", err
	case i.Error != nil && *i.Error != "":
		return "", fmt.Errorf("making %s in ovs-vswitchd: %s", GatewayLink, *i.Error)
	case !i.Installed():
		return "waiting for ovn-controller to install the flows of " + GatewayLink, nil
	}
	// The link may have come up after Set; Run applies it on the kernel's notification, this makes sure before we promise.
	if err := d.host.Apply(); err != nil {
		return "", err
	}
	if err := d.writeConf(); err != nil {
		return "", err
	}
	return "", d.cluster.networkAvailable(ctx, node)
}
