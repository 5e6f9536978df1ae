package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

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

// databases are OVN's: those in this process, or connections to somebody else's. Both are nil before their component is
// ready.
type databases interface {
	NB() ovsdb.DB
	SB() ovsdb.DB
}

// addNetwork adds OVN's databases with northd, and the controllers that write into them.
func (a *App) addNetwork() error {
	c, s := a.config, a.server
	var ready *supervise.Handle
	if c.OVN.NBRemote != "" {
		s.ovn, ready = a.addForeignOVN()
	} else {
		runDir := c.Paths.Run("ovn")
		if err := os.MkdirAll(runDir, 0o750); err != nil {
			return fmt.Errorf("making the folder of OVN's sockets: %w", err)
		}
		own := central.New(central.Options{
			DataDir:   c.Paths.Server("ovn"),
			NBRemotes: []string{"punix:" + c.Paths.Run("ovn", "ovnnb_db.sock")},
			SBRemotes: []string{"punix:" + c.Paths.Run("ovn", "ovnsb_db.sock"), "pssl:" + strconv.Itoa(c.OVN.SBPort) + listenOn(c.API.BindAddress)},
			SBRole:    "ovn-controller",
			TLS:       a.ovnTLS(),
			CtlDir:    runDir,
			Version:   a.o.Version,
			Logger:    a.log.With("component", "ovn-central"),
		})
		s.ovn, ready = own, a.group.Add(own)
	}
	a.group.Add(lazy("network-controllers", func() (supervise.Component, error) {
		k := controllers.New(controllers.Options{
			RESTConfig: s.rest, NB: s.ovn.NB(), SB: s.ovn.SB(),
			ClusterCIDR: c.Cluster.ClusterCIDR, JoinCIDR: c.Cluster.JoinCIDR, ServiceCIDR: c.Cluster.ServiceCIDR,
			Logger: a.log,
		})
		s.controllers.Store(k)
		return k, nil
	}), supervise.After(s.apiserver, s.manifests, ready), supervise.StopTimeout(clientStop))
	return nil
}

func (a *App) ovnTLS() ovsdb.TLSFiles {
	p := a.server.pki
	return ovsdb.TLSFiles{PrivateKey: p.OVNSB.Key, Certificate: p.OVNSB.Cert, CACert: p.OVNCAFiles.Cert}
}

// foreignOVN is an OVN that someone else runs.
type foreignOVN struct{ nb, sb atomic.Pointer[ovsdb.Client] }

func client(p *atomic.Pointer[ovsdb.Client]) ovsdb.DB {
	if c := p.Load(); c != nil {
		return c
	}
	return nil // not an interface around a nil pointer
}

// NB implements databases.
func (f *foreignOVN) NB() ovsdb.DB { return client(&f.nb) }

// SB implements databases.
func (f *foreignOVN) SB() ovsdb.DB { return client(&f.sb) }

func (a *App) addForeignOVN() (databases, *supervise.Handle) {
	f, c := &foreignOVN{}, a.config
	return f, a.group.Add(supervise.Func("ovn-clients", func(ctx context.Context, ready func()) error {
		for _, d := range []struct {
			name, remotes string
			client        *atomic.Pointer[ovsdb.Client]
		}{{"OVN_Northbound", c.OVN.NBRemote, &f.nb}, {"OVN_Southbound", c.OVN.SBRemote, &f.sb}} {
			o := ovsdb.ClientOptions{Remotes: strings.Split(d.remotes, ","), Logger: a.log.With("component", "ovn-clients")}
			if strings.Contains(d.remotes, "ssl:") {
				tls, err := ovsdb.ClientTLS(a.ovnTLS())
				if err != nil {
					return fmt.Errorf("connecting to %s: %w", d.remotes, err)
				}
				o.TLS = tls
			}
			db, err := ovsdb.Dial(ctx, d.name, o)
			if err != nil {
				return fmt.Errorf("connecting to %s at %s: %w", d.name, d.remotes, err)
			}
			defer db.Close()
			d.client.Store(db)
		}
		ready()
		<-ctx.Done()
		return nil
	}))
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
