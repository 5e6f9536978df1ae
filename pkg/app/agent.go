package app

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/cni"
	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/containerd"
	"github.com/kove-io/kove/pkg/kube"
	"github.com/kove-io/kove/pkg/ovs"
	"github.com/kove-io/kove/pkg/pki/join"
	"github.com/kove-io/kove/pkg/supervise"
)

// nodePart is what the components of a node share. The join fills it in before any of them runs.
type nodePart struct {
	datapath ovs.Datapath

	credentials *join.Credentials
	config      *config.Config // ours, with what the cluster says about itself
	rest        *rest.Config   // as the node
	dataPlane   []supervise.Component

	joined, gateway *supervise.Handle

	joinedAs atomic.Pointer[joinedNode] // for the status, which may be asked before the join
}

// joinedNode is how this node talks to its cluster.
type joinedNode struct {
	client   kubernetes.Interface
	sbRemote string
}

// addNode lists the components of a node, in the order in which they start.
func (a *App) addNode() error {
	c, g := a.config, a.group
	datapath, err := ovs.DetectDatapath(c.OVN.Datapath)
	if err != nil {
		return err
	}
	if c.Role == config.Agent {
		// An agent is never alone, so what cannot tunnel cannot join.
		if err := datapath.CheckTunnels(c.OVN.TunnelNIC); err != nil {
			return err
		}
	}
	a.log.Info("chose the datapath", "datapath", datapath.Type, "reason", datapath.Reason)
	if err := a.unpack(); err != nil {
		return err
	}
	n := &nodePart{datapath: datapath}
	a.node = n

	// A server's own node asks the API server beside it, and then needs the rights that the manifests give to nodes.
	var admitted []*supervise.Handle
	if s := a.server; s != nil {
		admitted = []*supervise.Handle{s.apiserver, s.certificates, s.manifests}
	}
	n.joined = g.Add(supervise.Func("join", a.join), supervise.After(admitted...))
	if s := a.server; s != nil {
		g.Add(supervise.Func("node-role", a.labelRole), supervise.After(s.apiserver), supervise.StopTimeout(clientStop))
	}
	var invited []*supervise.Handle
	if c.Role == config.Agent && !join.HasJoined(c, time.Now()) {
		invited = append(invited, n.joined) // a machine that the server turns away stays as it is
	}
	host := g.Add(supervise.Func("host", a.prepareHost), supervise.After(invited...))

	runtime := a.containerdOptions()
	cri := a.addContainerd(runtime, host)
	images := g.Add(containerd.Import(runtime, os.DirFS(c.Paths.Payload("images")), a.log), supervise.After(cri))

	plane := a.addDataPlane(host)
	n.gateway = g.Add(lazy("cni", a.newCNI), supervise.After(n.joined, plane[1]), supervise.StopTimeout(clientStop))
	g.Add(lazy("chassis-certificate", func() (supervise.Component, error) {
		return &join.Rotation{Credentials: n.credentials, Node: c.Node.Name, Logger: a.log.With("component", "chassis-certificate")}, nil
	}), supervise.After(n.joined))
	if !c.Control.DisableKubeProxy {
		g.Add(lazy("kube-proxy", a.newProxy), supervise.After(n.joined, host), supervise.StopTimeout(clientStop))
	}
	g.Add(lazy("kubelet", func() (supervise.Component, error) {
		return kube.NewKubelet(kube.KubeletOptions{
			Config: n.config, Kubeconfig: n.credentials.KubeletKubeconfig, CertDir: n.credentials.KubeletCertDir,
			ClientCA: n.credentials.ClientCA, CRISocket: runtime.Socket(), SystemdCgroups: runtime.SystemdCgroup,
		}, a.kubeLog), nil
	}), supervise.After(n.joined, host, images), supervise.StopTimeout(clientStop))
	return nil
}

// join gets this machine its certificates and the cluster's figures.
func (a *App) join(ctx context.Context, ready func()) error {
	n, own := a.node, *a.config
	if a.server != nil { // a server's own node holds the token anyway
		own.Join.Token = a.server.pki.NodeToken.String()
	}
	creds, err := join.Join(ctx, join.Options{Config: &own, Version: a.o.Version, Logger: a.log.With("component", "join")})
	if err != nil {
		return err
	}
	c := *a.config // the configuration itself is never modified
	c.Cluster.ClusterCIDR, c.Cluster.ServiceCIDR, c.Cluster.JoinCIDR = creds.Info.ClusterCIDR, creds.Info.ServiceCIDR, creds.Info.JoinCIDR
	c.Cluster.DNS, c.Cluster.Domain = creds.Info.ClusterDNS, creds.Info.ClusterDomain
	c.OVN.MTU = creds.MTU
	n.credentials, n.config = creds, &c
	if n.rest, err = clientcmd.BuildConfigFromFlags("", creds.KubeletKubeconfig); err != nil {
		return fmt.Errorf("loading the node's kubeconfig: %w", err)
	}
	n.rest.UserAgent = "kove/" + a.o.Version
	n.rest.QPS, n.rest.Burst = 50, 100
	client, err := kubernetes.NewForConfig(n.rest)
	if err != nil {
		return fmt.Errorf("making the node's client: %w", err)
	}
	n.joinedAs.Store(&joinedNode{client: client, sbRemote: a.nodeSB()})
	ready()
	<-ctx.Done()
	return nil
}

// prepareHost does what has to be done once before kubelet, kube-proxy and containerd touch the machine.
func (a *App) prepareHost(ctx context.Context, ready func()) error {
	kube.LoadModules(ctx, a.log, "overlay", "nf_conntrack", "br_netfilter")
	if err := kube.RecordSysctls(sysctlRecord(a.config)); err != nil {
		return err
	}
	if !kube.SystemdCgroups() {
		if err := kube.PrepareCgroups(); err != nil {
			return err
		}
	}
	ready()
	<-ctx.Done()
	return nil
}

// addContainerd adds the runtime. With a proxy for its pulls it waits for the join, which tells what not to send there.
func (a *App) addContainerd(o containerd.Options, host *supervise.Handle) *supervise.Handle {
	if a.config.ProxyEnviron() == nil {
		return a.group.Add(containerd.New(o, a.log), supervise.After(host))
	}
	return a.group.Add(lazy(containerd.Name, func() (supervise.Component, error) {
		o.ProxyEnv = a.node.config.ProxyEnviron()
		return containerd.New(o, a.log), nil
	}), supervise.After(host, a.node.joined))
}

func (a *App) containerdOptions() containerd.Options {
	p, bin := a.config.Paths, a.config.Paths.Payload("bin")
	return containerd.Options{
		Executable: a.o.Executable,
		BinDir:     bin,
		Root:       p.Agent("containerd"),
		State:      p.Run("containerd"),
		ConfDir:    p.Agent("etc", "containerd"),
		LogDir:     p.Agent("logs"),
		ImageDir:   p.Agent("images"),
		CNIBinDir:  p.Payload("cni"), CNIConfDir: p.Agent("etc", "cni", "net.d"),
		SandboxImage:  a.pauseImage(),
		Registries:    a.config.Node.Pull.Registries,
		SystemdCgroup: kube.SystemdCgroups(),
		Debug:         a.config.Log.Debug,
		Env:           containerd.Environment(bin, os.Environ()),
	}
}

// addDataPlane adds ovsdb-server, ovs-vswitchd and ovn-controller.
func (a *App) addDataPlane(host *supervise.Handle) []*supervise.Handle {
	c, n := a.config, a.node
	build := func(i int) func() (supervise.Component, error) {
		return func() (supervise.Component, error) {
			if n.dataPlane == nil { // the first of the chain makes all three
				plane, err := ovs.New(ovs.Options{
					BinDir: c.Paths.Payload("bin"), StateDir: c.Paths.Agent("ovs"), RunDir: c.Paths.Run("ovs"), LogDir: c.Paths.Agent("logs"),
					NodeName: c.Node.Name, EncapIP: c.OVN.EncapIP, SBRemote: a.nodeSB(),
					PrivateKey: n.credentials.Chassis.Key, Certificate: n.credentials.Chassis.Cert, CACert: n.credentials.OVNCA,
					DatapathType: n.datapath.Type, Logger: a.log,
				})
				if err != nil {
					return nil, err
				}
				n.dataPlane = plane.Components()
			}
			return n.dataPlane[i], nil
		}
	}
	db := a.group.Add(lazy(ovs.OVSDBServer, build(0)), supervise.After(n.joined, host))
	vswitchd := a.group.Add(lazy(ovs.Vswitchd, build(1)), supervise.After(db))
	controller := a.group.Add(lazy(ovs.OVNController, build(2)), supervise.After(vswitchd))
	return []*supervise.Handle{db, vswitchd, controller}
}

func (a *App) newCNI() (supervise.Component, error) {
	c, n := a.node.config, a.node
	return cni.New(cni.Options{
		NodeName: c.Node.Name, NodeIPs: c.Node.IPs, RESTConfig: n.rest,
		OVSSocket: ovs.DBSocket(c.Paths.Run("ovs")), Socket: c.Paths.Run("cni.sock"), ConfDir: c.Paths.Agent("etc", "cni", "net.d"),
		PluginDir: c.Paths.Payload("cni"), StateFile: c.Paths.Agent("hostnet.json"),
		DatapathType: n.datapath.Type, EncapIP: c.OVN.EncapIP, TunnelNIC: c.OVN.TunnelNIC,
		ServiceCIDRs: []netip.Prefix{c.Cluster.ServiceCIDR}, MTU: c.OVN.MTU, Logger: a.log,
	})
}

// newProxy runs kube-proxy, unless the cluster was set up without one.
func (a *App) newProxy() (supervise.Component, error) {
	if a.node.credentials.Info.DisableKubeProxy {
		return supervise.Func("kube-proxy", func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			return nil
		}), nil
	}
	return kube.NewProxy(a.node.config, a.node.credentials.KubeletKubeconfig, a.kubeLog), nil
}

// lazy is a component that can only be made once its dependencies are ready.
func lazy(name string, build func() (supervise.Component, error)) supervise.Component {
	return &lazyComponent{name: name, build: build, built: make(chan struct{})}
}

type lazyComponent struct {
	name  string
	build func() (supervise.Component, error)
	built chan struct{} // closed when inner is set
	inner supervise.Component
}

func (l *lazyComponent) Name() string { return l.name }

func (l *lazyComponent) Run(ctx context.Context, ready func()) error {
	c, err := l.build()
	if err != nil {
		return err
	}
	l.inner = c
	close(l.built)
	return c.Run(ctx, ready)
}

// Report implements supervise.Reporter.
func (l *lazyComponent) Report(s *supervise.Status) {
	select {
	case <-l.built:
		if r, ok := l.inner.(supervise.Reporter); ok {
			r.Report(s)
		}
	default:
	}
}
