package cni

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"k8s.io/client-go/rest"
)

// Options says how the daemon serves its node.
type Options struct {
	NodeName string
	NodeIPs  []netip.Addr // addresses that no NIC may lose

	// RESTConfig has the node's credentials for the API server.
	RESTConfig *rest.Config

	OVSSocket string // <run-dir>/ovs/db.sock, see ovs.DBSocket
	Socket    string // <run-dir>/cni.sock: where the shim calls
	ConfDir   string // <data-dir>/agent/etc/cni/net.d: gets 10-kove.conflist once the gateway is up
	PluginDir string // <data-dir>/data/current/cni; chained plugins are named only if they are there
	StateFile string // <data-dir>/agent/hostnet.json: what Restore puts back

	DatapathType string     // as given to pkg/ovs
	EncapIP      netip.Addr // as given to pkg/ovs
	TunnelNIC    string     // the NIC that EncapIP belongs to, if userspace tunnels take it over
	ServiceCIDRs []netip.Prefix
	MTU          int // of pods; 0 derives it from the NIC that carries EncapIP

	// AddTimeout bounds one ADD; the kubelet tries again. Default 60 s.
	AddTimeout time.Duration

	Logger *slog.Logger
}

// Overhead is what Geneve takes from the underlay's MTU: outer Ethernet, IPv4, UDP and Geneve with OVN's option need 58
// bytes over IPv4 and 78 over IPv6; 100 is Kube-OVN's figure and leaves room for a VLAN tag or IPsec below.
const Overhead = 100

func (o *Options) complete() error {
	for _, f := range []struct{ name, value string }{{"NodeName", o.NodeName}, {"OVSSocket", o.OVSSocket}, {"Socket", o.Socket},
		{"ConfDir", o.ConfDir}, {"StateFile", o.StateFile}, {"DatapathType", o.DatapathType}} {
		if f.value == "" {
			return fmt.Errorf("configuring the CNI daemon: %s is empty", f.name)
		}
	}
	if o.Logger == nil {
		return errors.New("configuring the CNI daemon: Logger is nil")
	}
	if o.RESTConfig == nil {
		return errors.New("configuring the CNI daemon: RESTConfig is nil")
	}
	if o.MTU == 0 && !o.EncapIP.IsValid() {
		return errors.New("configuring the CNI daemon: neither MTU nor EncapIP is set")
	}
	if o.AddTimeout == 0 {
		o.AddTimeout = 60 * time.Second
	}
	return nil
}
