package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"github.com/kove-io/kove/pkg/config"
)

// KeyPair names a certificate and its private key, both PEM files.
type KeyPair struct{ Cert, Key string }

// PKI names the certificate files of the control plane. pkg/pki makes them.
type PKI struct {
	ClientCA        KeyPair // verifies clients of the API server and of kubelets; signs kubelets' client certificates
	ServerCA        KeyPair // verifies the API server and kubelets; signs kubelets' serving certificates
	RequestHeaderCA string  // verifies the aggregator towards extension API servers

	APIServer      KeyPair // what the API server shows
	KubeletClient  KeyPair // the API server as a client of kubelets
	FrontProxy     KeyPair // the API server as aggregator
	FrontProxyName string  // the common name of FrontProxy

	ServiceAccountKey string // signs service account tokens
}

// APIServerOptions is what the API server needs to know.
type APIServerOptions struct {
	Config    *config.Config
	PKI       PKI
	Datastore string // address of the etcd API
	CertDir   string // for what it generates itself

	// Join serves paths under JoinPrefix before authentication: a machine that joins has only its token.
	Join http.Handler
}

// JoinPrefix is the path prefix that is handed to APIServerOptions.Join.
const JoinPrefix = "/v1-kove/"

// APIServer is kube-apiserver in process.
type APIServer struct {
	o   APIServerOptions
	log *slog.Logger
}

// NewAPIServer returns the component; nothing is checked or opened before Run.
func NewAPIServer(o APIServerOptions, log *slog.Logger) *APIServer {
	return &APIServer{o: o, log: log.With("component", "kube-apiserver")}
}

// Name implements supervise.Component.
func (a *APIServer) Name() string { return "kube-apiserver" }

func (a *APIServer) flags() flagList {
	c, p := a.o.Config, a.o.PKI
	var f flagList
	f.set("advertise-address", c.API.AdvertiseAddress)
	f.set("bind-address", c.API.BindAddress)
	f.set("secure-port", c.API.HTTPSListenPort)
	f.set("etcd-servers", a.o.Datastore)
	f.set("storage-backend", "etcd3")
	f.set("client-ca-file", p.ClientCA.Cert)
	f.set("tls-cert-file", p.APIServer.Cert)
	f.set("tls-private-key-file", p.APIServer.Key)
	f.set("kubelet-certificate-authority", p.ServerCA.Cert)
	f.set("kubelet-client-certificate", p.KubeletClient.Cert)
	f.set("kubelet-client-key", p.KubeletClient.Key)
	f.set("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname")
	f.set("requestheader-client-ca-file", p.RequestHeaderCA)
	f.set("requestheader-allowed-names", p.FrontProxyName)
	f.set("requestheader-extra-headers-prefix", "X-Remote-Extra-")
	f.set("requestheader-group-headers", "X-Remote-Group")
	f.set("requestheader-username-headers", "X-Remote-User")
	f.set("proxy-client-cert-file", p.FrontProxy.Cert)
	f.set("proxy-client-key-file", p.FrontProxy.Key)
	f.set("service-account-issuer", "https://kubernetes.default.svc."+c.Cluster.Domain)
	f.set("service-account-signing-key-file", p.ServiceAccountKey)
	f.set("service-account-key-file", p.ServiceAccountKey)
	f.set("service-cluster-ip-range", c.Cluster.ServiceCIDR)
	f.set("service-node-port-range", fmt.Sprintf("%d-%d", c.Cluster.ServiceNodePorts.First, c.Cluster.ServiceNodePorts.Last))
	f.set("authorization-mode", "Node,RBAC")
	f.set("enable-admission-plugins", "NodeRestriction")
	f.set("enable-bootstrap-token-auth", true)
	f.set("anonymous-auth", false)
	f.set("allow-privileged", true) // VMs and network pods are privileged
	f.set("profiling", false)
	f.set("cert-dir", a.o.CertDir)
	f.user(c.Control.APIServerArgs)
	return f
}

// Run implements supervise.Component. It is ready when /readyz is, which includes the bootstrapped RBAC rules.
func (a *APIServer) Run(ctx context.Context, ready func()) error {
	ctx = withLogger(ctx, a.log)
	s := options.NewServerRunOptions()
	if err := a.flags().parse("kube-apiserver", s.Flags()); err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return fmt.Errorf("setting feature gates of kube-apiserver: %w", err)
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{}) // else its own clients warn about its own deprecated APIs
	addr := net.JoinHostPort(a.o.Config.API.BindAddress.String(), strconv.Itoa(a.o.Config.API.HTTPSListenPort))
	l, err := listenFor(ctx, "the API server", addr, "stop what uses the port, or choose another with --https-listen-port")
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // a server that ran has closed it
	s.SecureServing.Listener = l
	completed, err := s.Complete(ctx)
	if err != nil {
		return fmt.Errorf("completing the options of kube-apiserver: %w", err)
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return fmt.Errorf("validating the options of kube-apiserver: %w", errors.Join(errs...))
	}
	cfg, err := app.NewConfig(completed)
	if err != nil {
		return fmt.Errorf("configuring kube-apiserver: %w", err)
	}
	a.serveJoin(cfg.Aggregator.GenericConfig.Config.BuildHandlerChainFunc, &cfg.Aggregator.GenericConfig.Config)
	loopback := rest.CopyConfig(cfg.KubeAPIs.ControlPlane.Generic.LoopbackClientConfig)

	config, err := cfg.Complete()
	if err != nil {
		return fmt.Errorf("configuring kube-apiserver: %w", err)
	}
	server, err := app.CreateServerChain(config)
	if err != nil {
		return fmt.Errorf("creating kube-apiserver: %w", err)
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return fmt.Errorf("preparing kube-apiserver: %w", err)
	}
	return runWithHealth(ctx, ready, prepared.Run, func(ctx context.Context) error {
		client, err := rest.HTTPClientFor(loopback)
		if err != nil {
			return err
		}
		return awaitHealthy(ctx, client, loopback.Host+"/readyz")
	})
}

// serveJoin puts the join handler in front of everything that the outermost server does, authentication first of all.
func (a *APIServer) serveJoin(build func(http.Handler, *genericapiserver.Config) http.Handler, c *genericapiserver.Config) {
	if a.o.Join == nil {
		return
	}
	c.BuildHandlerChainFunc = func(apiHandler http.Handler, c *genericapiserver.Config) http.Handler {
		api := build(apiHandler, c)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, JoinPrefix) {
				a.o.Join.ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	}
}

// withLogger makes contextual klog calls carry the component's name.
func withLogger(ctx context.Context, log *slog.Logger) context.Context {
	return klog.NewContext(ctx, slogLogger(log))
}

// loopbackFor is the address under which a server bound to addr is reached on this machine.
func loopbackFor(addr netip.Addr) string {
	if !addr.IsValid() || addr.IsUnspecified() {
		return "127.0.0.1"
	}
	return addr.String()
}
