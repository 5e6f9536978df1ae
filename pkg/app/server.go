package app

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/controllers"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/ovs"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/csr"
	"github.com/kove-io/kove/pkg/pki/identity"
	"github.com/kove-io/kove/pkg/pki/join"
	"github.com/kove-io/kove/pkg/supervise"
)

// serverPart is what the components of a control plane share.
type serverPart struct {
	pki    *pki.Server
	rest   *rest.Config // as kove's controllers
	client kubernetes.Interface

	ovn         databases
	controllers atomic.Pointer[controllers.Controllers]

	apiserver, manifests, certificates *supervise.Handle
}

// addServer lists the components of the control plane, in the order in which they start.
func (a *App) addServer() error {
	c := a.config
	p, err := pki.EnsureServer(c, time.Now())
	if err != nil {
		return err
	}
	s := &serverPart{pki: p}
	a.server = s
	if s.rest, err = clientcmd.BuildConfigFromFlags("", p.ControllerKubeconfig); err != nil {
		return fmt.Errorf("loading the controllers' kubeconfig: %w", err)
	}
	s.rest.QPS, s.rest.Burst = 200, 400
	s.rest.UserAgent = "kove/" + a.o.Version
	if s.client, err = kubernetes.NewForConfig(s.rest); err != nil {
		return fmt.Errorf("making the controllers' client: %w", err)
	}
	identities := identity.NewStore(s.client, a.reservedAddresses())
	files := kubePKI(p)
	g := a.group

	datastore := kube.NewDatastore(c.Paths.Server("db"), a.log)
	db := g.Add(datastore, supervise.StopTimeout(5*time.Second))
	s.apiserver = g.Add(kube.NewAPIServer(kube.APIServerOptions{
		Config: c, PKI: files, Datastore: datastore.Endpoint(), CertDir: c.Paths.TLS("kube-apiserver"),
		Join: a.joinHandler(identities),
	}, a.kubeLog), supervise.After(db), supervise.StopTimeout(apiserverStop))
	g.Add(kube.NewControllerManager(kube.ControllerManagerOptions{
		Config: c, PKI: files, Kubeconfig: p.ControllerManagerKubeconfig, CertDir: c.Paths.TLS("kube-controller-manager"),
	}, a.kubeLog), supervise.After(s.apiserver), supervise.StopTimeout(clientStop))
	g.Add(kube.NewScheduler(c, p.SchedulerKubeconfig, c.Paths.TLS("kube-scheduler"), a.kubeLog),
		supervise.After(s.apiserver), supervise.StopTimeout(clientStop))
	s.certificates = g.Add(csr.New(s.client, identities, p.OVNCA, a.log),
		supervise.After(s.apiserver), supervise.StopTimeout(clientStop))
	g.Add(supervise.Func("server-certificates", a.watchCertificates))
	if err := a.addManifests(); err != nil {
		return err
	}
	return a.addNetwork()
}

// How long clients of the API server get to finish, and then the API server itself. It would drain for half a minute; what
// it acknowledged is on disk, and clients try again.
const (
	clientStop    = 2 * time.Second
	apiserverStop = 2 * time.Second
)

func kubePKI(p *pki.Server) kube.PKI {
	pair := func(f pki.Pair) kube.KeyPair { return kube.KeyPair{Cert: f.Cert, Key: f.Key} }
	return kube.PKI{
		ClientCA: pair(p.ClientCAFiles), ServerCA: pair(p.ServerCAFiles), RequestHeaderCA: p.RequestHeaderCAFiles.Cert,
		APIServer: pair(p.APIServer), KubeletClient: pair(p.APIServerClient),
		FrontProxy: pair(p.AuthProxy), FrontProxyName: "system:auth-proxy",
		ServiceAccountKey: p.ServiceAccountKey,
	}
}

// reservedAddresses are this server's own, which no other machine may claim for its certificates.
func (a *App) reservedAddresses() map[netip.Addr]string {
	c, out := a.config, map[netip.Addr]string{}
	for _, ips := range [][]netip.Addr{c.Node.IPs, c.Node.ExternalIPs, {c.API.AdvertiseAddress, c.Cluster.KubernetesServiceIP()}} {
		for _, ip := range ips {
			out[ip] = c.Node.Name
		}
	}
	return out
}

func (a *App) joinHandler(identities *identity.Store) http.Handler {
	c := a.config
	return join.NewHandler(join.HandlerOptions{
		PKI: a.server.pki, Identities: identities, Tokens: join.NewTokens(a.server.client), Logger: a.log.With("component", "join"),
		Info: join.Info{
			Version: a.o.Version, KubernetesVersion: kube.Version(),
			ClusterCIDR: c.Cluster.ClusterCIDR, ServiceCIDR: c.Cluster.ServiceCIDR, JoinCIDR: c.Cluster.JoinCIDR,
			ClusterDNS: c.Cluster.DNS, ClusterDomain: c.Cluster.Domain,
			MTU: c.OVN.MTU, SBRemote: a.publicSB(), DisableKubeProxy: c.Control.DisableKubeProxy, Datapath: string(c.OVN.Datapath),
			SingleNode: singleNode(c),
		},
	})
}

// singleNode says why this server's own node cannot have others beside it, "" when it can or there is none.
func singleNode(c *config.Config) string {
	if c.Control.DisableAgent {
		return ""
	}
	datapath, err := ovs.DetectDatapath(c.OVN.Datapath)
	if err != nil {
		return "" // it does not start, and says why
	}
	if err := datapath.CheckTunnels(c.OVN.TunnelNIC); err != nil {
		return err.Error()
	}
	return ""
}
