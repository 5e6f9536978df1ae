package cni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	cnitypes "github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	corev1 "k8s.io/api/core/v1"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/cni/shim"
	"github.com/kove-io/kove/pkg/hostnet"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// integrationBridge is the bridge that pods are plugged into.
const integrationBridge = "br-int"

// sandboxKey in Interface.external_ids holds the id of the pod's sandbox, and marks the port as the CNI daemon's.
const sandboxKey = "sandbox"

// identity is who a CNI call is about.
type identity struct {
	sandbox, namespace, name, uid string
}

func (i identity) key() string { return i.namespace + "/" + i.name }

func identify(r shim.Request) (identity, error) {
	id := identity{sandbox: r.ContainerID}
	for _, kv := range strings.Split(r.Args, ";") {
		k, v, _ := strings.Cut(kv, "=")
		switch k {
		case "K8S_POD_NAMESPACE":
			id.namespace = v
		case "K8S_POD_NAME":
			id.name = v
		case "K8S_POD_UID":
			id.uid = v
		}
	}
	if id.sandbox == "" {
		return id, cnitypes.NewError(cnitypes.ErrInvalidEnvironmentVariables, "reading the CNI call: CNI_CONTAINERID is empty", "")
	}
	return id, nil
}

// hostName is the name of a pod's link on the host, as Kube-OVN names it.
func hostName(sandbox string) string {
	if len(sandbox) > 12 {
		sandbox = sandbox[:12]
	}
	return sandbox + "_h"
}

// add gives a sandbox its network. On failure nothing is left of it.
func (d *Daemon) add(ctx context.Context, r shim.Request) (json.RawMessage, error) {
	started := time.Now()
	id, err := identify(r)
	if err != nil {
		return nil, err
	}
	if id.namespace == "" || id.name == "" {
		return nil, cnitypes.NewError(cnitypes.ErrInvalidEnvironmentVariables, "reading the CNI call: K8S_POD_NAMESPACE or K8S_POD_NAME is missing in CNI_ARGS", "")
	}
	if same, err := hostnet.SameNetNS(r.NetNS); err != nil || same {
		if err == nil {
			err = errors.New("it is the host's")
		}
		return nil, cnitypes.NewError(cnitypes.ErrInvalidNetNS, "using network namespace "+r.NetNS, err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.AddTimeout)
	defer cancel()

	pod, err := d.awaitAllocation(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	allocated := time.Now()
	link, at, err := d.podLink(ctx, pod, id, r)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	done := false
	defer func() {
		if !done {
			d.unplug(context.WithoutCancel(ctx), id.sandbox)
		}
	}()
	if err := d.host.AddPodLink(link); err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	if err := d.db.EnsurePort(ctx, portSpec(id, link, at)); err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	plugged := time.Now()
	if err := d.awaitInstalled(ctx, link.HostName); err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	result, err := podResult(r, link)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", id.key(), err)
	}
	done = true
	d.log.Info("connected a pod", "pod", id.key(), "addresses", at.Addresses, "ls", at.Switch, "took", time.Since(started).Round(time.Microsecond),
		"allocated", allocated.Sub(started).Round(time.Microsecond), "plugged", plugged.Sub(allocated).Round(time.Microsecond), "installed", time.Since(plugged).Round(time.Microsecond))
	return result, nil
}

// awaitAllocation waits until the controllers have given the pod its address.
func (d *Daemon) awaitAllocation(ctx context.Context, id identity) (*corev1.Pod, error) {
	for {
		next := d.cluster.nextPodChange(id.key())
		pod := d.cluster.pod(id.key())
		if pod != nil && sameUID(pod, id.uid) {
			if pod.Annotations[v1.AllocatedAnnotation] == "true" {
				return pod, nil
			}
			if pod.DeletionTimestamp != nil {
				return nil, errors.New("waiting for its address: the pod is being deleted")
			}
		}
		select {
		case <-next:
		case <-ctx.Done():
			return nil, d.explain(pod, id)
		}
	}
}

// explain says what an ADD that ran out of time was waiting for.
func (d *Daemon) explain(pod *corev1.Pod, id identity) error {
	what := "waiting for annotation " + v1.AllocatedAnnotation + " from the controllers"
	switch {
	case pod == nil:
		what = "waiting for the pod to appear in this node's watch of the API"
	case !sameUID(pod, id.uid):
		what = fmt.Sprintf("waiting for the pod with UID %s to appear in this node's watch of the API, which has %s", id.uid, pod.UID)
	}
	if err := d.cluster.trouble(); err != nil {
		return fmt.Errorf("%s: the API server cannot be watched: %w", what, err)
	}
	return fmt.Errorf("%s: nothing within %s", what, d.o.AddTimeout)
}

// sameUID compares with what the kubelet passes, which for a static pod is the hash of its manifest.
func sameUID(pod *corev1.Pod, uid string) bool {
	return uid == "" || string(pod.UID) == uid || pod.Annotations["kubernetes.io/config.hash"] == uid
}

func (d *Daemon) podLink(ctx context.Context, pod *corev1.Pod, id identity, r shim.Request) (hostnet.PodLink, *attachment, error) {
	at, err := parseAttachment(pod.Annotations)
	if err != nil {
		return hostnet.PodLink{}, nil, err
	}
	select {
	case <-d.cluster.subnets.HasSyncedChecker().Done():
	case <-ctx.Done():
		return hostnet.PodLink{}, nil, errors.New("waiting for the subnets to appear in this node's watch of the API")
	}
	mtu := d.mtu
	if s := d.cluster.subnet(at.Switch); s != nil && s.Spec.Mtu > 0 {
		mtu = int(s.Spec.Mtu)
	}
	link := hostnet.PodLink{HostName: hostName(id.sandbox), NetNS: r.NetNS, Name: r.IfName, MAC: at.MAC, MTU: mtu,
		Addresses: at.Addresses, Gateways: at.Gateways, NoOffload: d.o.DatapathType == vswitch.DatapathNetdev}
	for _, rt := range at.Routes {
		link.Routes = append(link.Routes, hostnet.PodRoute{Dst: rt.Dst, Via: rt.Via})
	}
	return link, at, nil
}

func portSpec(id identity, link hostnet.PodLink, at *attachment) vswitch.PortSpec {
	iface := at.PortName
	if iface == "" {
		iface = id.name + "." + id.namespace
	}
	return vswitch.PortSpec{Bridge: integrationBridge, Name: link.HostName, ExternalIDs: map[string]string{
		vswitch.IfaceID:     iface,
		vswitch.AttachedMAC: at.MAC.String(),
		sandboxKey:          id.sandbox,
		"pod_name":          id.name,
		"pod_namespace":     id.namespace,
		"ip":                addresses(at.Addresses),
		"vendor":            "kove",
	}}
}

func addresses(ps []netip.Prefix) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Addr().String())
	}
	return strings.Join(out, ",")
}

// awaitInstalled waits until ovn-controller says that all flows of the port are in place.
func (d *Daemon) awaitInstalled(ctx context.Context, name string) error {
	last, err := d.db.WaitInterface(ctx, name, func(i vswitch.Interface) (bool, error) {
		if i.Error != nil && *i.Error != "" {
			return false, fmt.Errorf("opening %s in ovs-vswitchd: %s", name, *i.Error)
		}
		return i.Installed(), nil
	})
	if err == nil || ctx.Err() == nil {
		return err
	}
	if last.OFPort == nil {
		return fmt.Errorf("waiting for ovs-vswitchd to open %s: nothing within %s (is it running? see ovs-vswitchd.log)", name, d.o.AddTimeout)
	}
	return fmt.Errorf("waiting for ovn-controller to install the flows of port %s (ovn-installed): nothing within %s (does logical switch port %s exist, and is the southbound database reachable? see ovn-controller.log)",
		name, d.o.AddTimeout, last.ExternalIDs[vswitch.IfaceID])
}

func podResult(r shim.Request, link hostnet.PodLink) (json.RawMessage, error) {
	var conf shim.Config
	if err := json.Unmarshal(r.Config, &conf); err != nil {
		return nil, fmt.Errorf("decoding the network configuration: %w", err)
	}
	inPod := 1
	out := &types100.Result{CNIVersion: types100.ImplementedSpecVersion, Interfaces: []*types100.Interface{
		{Name: link.HostName, Mtu: link.MTU},
		{Name: link.Name, Mac: link.MAC.String(), Mtu: link.MTU, Sandbox: link.NetNS},
	}}
	for _, a := range link.Addresses {
		ip := &types100.IPConfig{Interface: &inPod, Address: ipNet(a)}
		for _, gw := range link.Gateways {
			if gw.Is4() == a.Addr().Is4() {
				ip.Gateway = gw.AsSlice()
			}
		}
		out.IPs = append(out.IPs, ip)
	}
	for _, gw := range link.Gateways {
		out.Routes = append(out.Routes, &cnitypes.Route{Dst: ipNet(netip.PrefixFrom(zero(gw), 0)), GW: gw.AsSlice()})
	}
	for _, rt := range link.Routes {
		out.Routes = append(out.Routes, &cnitypes.Route{Dst: ipNet(rt.Dst), GW: rt.Via.AsSlice()})
	}
	versioned, err := out.GetAsVersion(conf.CNIVersion)
	if err != nil {
		return nil, fmt.Errorf("writing the result in CNI version %s: %w", conf.CNIVersion, err)
	}
	return json.Marshal(versioned)
}

func ipNet(p netip.Prefix) net.IPNet {
	return net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func zero(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// del takes the sandbox off the network. It needs neither the API nor OVN and may be repeated.
func (d *Daemon) del(ctx context.Context, r shim.Request) error {
	id, err := identify(r)
	if err != nil {
		return err
	}
	if err := d.unplug(ctx, id.sandbox); err != nil {
		return fmt.Errorf("pod %s: %w", id.key(), err)
	}
	return nil
}

// unplugTimeout bounds the removal of a port, should conf.db's server be down.
const unplugTimeout = 20 * time.Second

func (d *Daemon) unplug(ctx context.Context, sandbox string) error {
	ctx, cancel := context.WithTimeout(ctx, unplugTimeout)
	defer cancel()
	ports, err := d.db.Interfaces(ctx, func(i *vswitch.Interface) bool { return i.ExternalIDs[sandboxKey] == sandbox })
	if err != nil {
		return err
	}
	names := []string{hostName(sandbox)}
	for _, p := range ports {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	var errs []error
	for _, name := range names {
		// The name is twelve digits of an id: a port that says it belongs to another sandbox stays.
		if i, err := d.db.Interface(ctx, name); err == nil && i.ExternalIDs[sandboxKey] != sandbox {
			continue
		}
		if err := d.db.DeletePort(ctx, name); err != nil {
			errs = append(errs, err)
		}
		if err := d.host.DeleteLink(name); err != nil {
			errs = append(errs, err)
		}
	}
	err = errors.Join(errs...)
	if err != nil {
		d.log.Warn("disconnecting a sandbox", "sandbox", sandbox, "err", err)
	}
	return err
}

// check compares a sandbox with what add made of it.
func (d *Daemon) check(ctx context.Context, r shim.Request) error {
	id, err := identify(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, unplugTimeout)
	defer cancel()
	i, err := d.db.Interface(ctx, hostName(id.sandbox))
	if err != nil {
		return fmt.Errorf("pod %s: %w", id.key(), err)
	}
	if !i.Installed() {
		return fmt.Errorf("pod %s: port %s has no flows (ovn-installed is not set)", id.key(), i.Name)
	}
	link := hostnet.PodLink{HostName: i.Name, NetNS: r.NetNS, Name: r.IfName}
	var conf struct {
		PrevResult struct {
			IPs []struct {
				Address cnitypes.IPNet `json:"address"`
			} `json:"ips"`
		} `json:"prevResult"`
	}
	if err := json.Unmarshal(r.Config, &conf); err != nil {
		return fmt.Errorf("decoding the network configuration: %w", err)
	}
	for _, ip := range conf.PrevResult.IPs {
		if a, ok := netip.AddrFromSlice(ip.Address.IP); ok {
			bits, _ := ip.Address.Mask.Size()
			link.Addresses = append(link.Addresses, netip.PrefixFrom(a.Unmap(), bits))
		}
	}
	if err := d.host.CheckPodLink(link); err != nil {
		return fmt.Errorf("pod %s: %w", id.key(), err)
	}
	return nil
}

// gc removes the ports of sandboxes that the runtime does not name any more.
func (d *Daemon) gc(ctx context.Context, r shim.Request) error {
	var conf shim.Config
	if err := json.Unmarshal(r.Config, &conf); err != nil {
		return fmt.Errorf("decoding the network configuration: %w", err)
	}
	valid := map[string]bool{}
	for _, a := range conf.ValidAttachments {
		valid[a.ContainerID] = true
	}
	return d.collect(ctx, func(i vswitch.Interface) (bool, error) { return !valid[i.ExternalIDs[sandboxKey]], nil })
}

// collectDead removes the ports whose links are gone: with a sandbox's network namespace its veth pair goes too, be it by
// a reboot or by a runtime that cleaned up while kove was down.
func (d *Daemon) collectDead(ctx context.Context) error {
	return d.collect(ctx, func(i vswitch.Interface) (bool, error) {
		alive, err := d.host.HasLink(i.Name)
		return !alive, err
	})
}

func (d *Daemon) collect(ctx context.Context, dead func(vswitch.Interface) (bool, error)) error {
	ports, err := d.db.Interfaces(ctx, func(i *vswitch.Interface) bool { return i.ExternalIDs[sandboxKey] != "" })
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range ports {
		gone, err := dead(p)
		if err == nil && gone {
			d.log.Info("removing the port of a sandbox that is gone", "port", p.Name, "lsp", p.ExternalIDs[vswitch.IfaceID])
			err = d.unplug(ctx, p.ExternalIDs[sandboxKey])
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// status says whether pods can be connected.
func (d *Daemon) status() error {
	if waiting := d.waitingFor(); waiting != "" {
		return cnitypes.NewError(cnitypes.ErrPluginNotAvailable, "the node's gateway is not up yet", waiting)
	}
	return nil
}
