package cni

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options says how the daemon serves its node.
type Options struct {
	NodeName string

	// RESTConfig has the node's credentials. Client and Dynamic replace it in tests.
	RESTConfig *rest.Config
	Client     kubernetes.Interface
	Dynamic    dynamic.Interface

	OVSRunDir string // <run-dir>/ovs: the sockets of the data plane
	Socket    string // <run-dir>/cni.sock: where the shim calls
	ConfDir   string // <data-dir>/agent/etc/cni/net.d: gets 10-kove.conflist once the gateway is up
	PluginDir string // <data-dir>/data/current/cni; chained plugins are named only if they are there
	StateDir  string // <data-dir>/agent/cni: what is needed to restore the host

	DatapathType string     // as given to pkg/ovs
	EncapIP      netip.Addr // as given to pkg/ovs
	TunnelNIC    string     // the NIC that EncapIP belongs to, if it is to be taken over for userspace tunnels
	ServiceCIDRs []netip.Prefix
	MTU          int // of pods; 0 derives it from the NIC that carries EncapIP

	// AddTimeout bounds one ADD. Default 60 s; the kubelet tries again.
	AddTimeout time.Duration

	Logger *slog.Logger
}

// Overhead is what Geneve takes from the underlay's MTU: outer Ethernet, IPv4, UDP and Geneve with OVN's option need 58
// bytes over IPv4 and 78 over IPv6; 100 is Kube-OVN's figure and leaves room for a VLAN tag or IPsec below.
const Overhead = 100

func (o *Options) complete() error {
	for _, f := range []struct{ name, value string }{{"NodeName", o.NodeName}, {"OVSRunDir", o.OVSRunDir}, {"Socket", o.Socket},
		{"ConfDir", o.ConfDir}, {"StateDir", o.StateDir}, {"DatapathType", o.DatapathType}} {
		if f.value == "" {
			return fmt.Errorf("configuring the CNI daemon: %s is empty", f.name)
		}
	}
	if o.Logger == nil {
		return errors.New("configuring the CNI daemon: Logger is nil")
	}
	if o.AddTimeout == 0 {
		o.AddTimeout = 60 * time.Second
	}
	if o.Client == nil || o.Dynamic == nil {
		if o.RESTConfig == nil {
			return errors.New("configuring the CNI daemon: RESTConfig is nil")
		}
		var err error
		if o.Client, err = kubernetes.NewForConfig(o.RESTConfig); err != nil {
			return fmt.Errorf("making the CNI daemon's Kubernetes client: %w", err)
		}
		if o.Dynamic, err = dynamic.NewForConfig(o.RESTConfig); err != nil {
			return fmt.Errorf("making the CNI daemon's Kubernetes client: %w", err)
		}
	}
	return nil
}
