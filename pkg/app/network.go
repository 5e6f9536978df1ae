package app

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/manifests"
	"github.com/kove-io/kove/pkg/controllers"
	"github.com/kove-io/kove/pkg/deploy"
	"github.com/kove-io/kove/pkg/ovn/central"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/supervise"
)

// addManifests applies what every cluster has: CRDs, the rights of nodes, CoreDNS, and the operator's own files.
func (a *App) addManifests() error {
	c, s := a.config, a.server
	image, err := a.systemImage()
	if err != nil {
		if !c.Control.DisableAgent {
			return err
		}
		image = "kove.local/kove-sys:none" // nodes bring it; this binary cannot name it
	}
	upstream := ""
	if c.Node.ResolvConf != "" {
		upstream = "/etc/resolv.conf"
	}
	packaged, err := manifests.Packaged(manifests.Values{SystemImage: image, ClusterDNS: c.Cluster.DNS.String(),
		ClusterDomain: c.Cluster.Domain, Upstream: upstream})
	if err != nil {
		return err
	}
	disabled := map[string][]byte{}
	for name, content := range packaged {
		if slices.Contains(c.Control.Disable, strings.TrimSuffix(path.Base(name), ".yaml")) {
			disabled[name] = content
			delete(packaged, name)
		}
	}
	d, err := deploy.New(deploy.Options{Dir: c.Paths.Server("manifests"), Packaged: packaged, Disabled: disabled, RESTConfig: s.rest, Logger: a.log})
	if err != nil {
		return err
	}
	s.manifests = a.group.Add(d, supervise.After(s.apiserver), supervise.StopTimeout(clientStop))
	return nil
}

// publicSB is where ovn-controllers of other machines find the southbound database.
func (a *App) publicSB() string {
	c := a.config
	if c.OVN.SBRemote != "" {
		return c.OVN.SBRemote
	}
	return "ssl:" + net.JoinHostPort(c.API.AdvertiseAddress.String(), strconv.Itoa(c.OVN.SBPort))
}

// nodeSB is where this node's ovn-controller finds the southbound database: a server's own node over the unix socket,
// which works whatever becomes of addresses.
func (a *App) nodeSB() string {
	if a.server != nil && a.config.OVN.SBRemote == "" {
		return "unix:" + a.config.Paths.Run("ovn", "ovnsb_db.sock")
	}
	return a.node.credentials.Info.SBRemote
}

// addNetwork adds OVN's databases with northd, and the controllers that write into them.
func (a *App) addNetwork() error {
	c, s := a.config, a.server
	if c.OVN.NBRemote != "" {
		return fmt.Errorf("using the northbound database %s: an OVN that someone else runs is not supported yet; leave --ovn-nb and --ovn-sb out", c.OVN.NBRemote)
	}
	runDir := c.Paths.Run("ovn")
	if err := os.MkdirAll(runDir, 0o750); err != nil {
		return fmt.Errorf("making the folder of OVN's sockets: %w", err)
	}
	ovn := central.New(central.Options{
		DataDir:   c.Paths.Server("ovn"),
		NBRemotes: []string{"punix:" + c.Paths.Run("ovn", "ovnnb_db.sock")},
		SBRemotes: []string{"punix:" + c.Paths.Run("ovn", "ovnsb_db.sock"), "pssl:" + strconv.Itoa(c.OVN.SBPort) + listenOn(c.API.BindAddress)},
		SBRole:    "ovn-controller",
		TLS:       ovsdb.TLSFiles{PrivateKey: s.pki.OVNSB.Key, Certificate: s.pki.OVNSB.Cert, CACert: s.pki.OVNCAFiles.Cert},
		CtlDir:    runDir,
		Version:   a.o.Version,
		Logger:    a.log.With("component", "ovn-central"),
	})
	s.central = ovn
	databases := a.group.Add(ovn)
	a.group.Add(lazy("network-controllers", func() (supervise.Component, error) {
		k := controllers.New(controllers.Options{
			RESTConfig: s.rest, NB: ovn.NB(), SB: ovn.SB(),
			ClusterCIDR: c.Cluster.ClusterCIDR, JoinCIDR: c.Cluster.JoinCIDR, ServiceCIDR: c.Cluster.ServiceCIDR,
			Logger: a.log,
		})
		s.controllers.Store(k)
		return k, nil
	}), supervise.After(s.apiserver, s.manifests, databases), supervise.StopTimeout(clientStop))
	return nil
}

// listenOn is the address part of a passive OVSDB remote: nothing for all addresses.
func listenOn(bind netip.Addr) string {
	if !bind.IsValid() || bind.IsUnspecified() {
		return ""
	}
	if bind.Is6() {
		return ":[" + bind.String() + "]"
	}
	return ":" + bind.String()
}
