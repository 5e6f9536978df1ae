package kube

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/component-base/version"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kcmoptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"

	"github.com/kove-io/kove/pkg/config"
)

func slogLogger(log *slog.Logger) logr.Logger { return logr.FromSlogHandler(log.Handler()) }

// ControllerManagerOptions is what kube-controller-manager needs to know.
type ControllerManagerOptions struct {
	Config     *config.Config
	PKI        PKI
	Kubeconfig string
	CertDir    string
}

// ControllerManager is kube-controller-manager in process. It exits when RBAC is not bootstrapped yet, so it has to run
// after the API server is ready.
type ControllerManager struct {
	o   ControllerManagerOptions
	log *slog.Logger
}

// NewControllerManager returns the component.
func NewControllerManager(o ControllerManagerOptions, log *slog.Logger) *ControllerManager {
	return &ControllerManager{o: o, log: log.With("component", "kube-controller-manager")}
}

// Name implements supervise.Component.
func (m *ControllerManager) Name() string { return "kube-controller-manager" }

func (m *ControllerManager) flags() flagList {
	p := m.o.PKI
	var f flagList
	f.set("kubeconfig", m.o.Kubeconfig)
	f.set("authentication-kubeconfig", m.o.Kubeconfig)
	f.set("authorization-kubeconfig", m.o.Kubeconfig)
	f.set("service-account-private-key-file", p.ServiceAccountKey)
	f.set("root-ca-file", p.ServerCA.Cert)
	f.set("cluster-signing-kubelet-client-cert-file", p.ClientCA.Cert)
	f.set("cluster-signing-kubelet-client-key-file", p.ClientCA.Key)
	f.set("cluster-signing-kube-apiserver-client-cert-file", p.ClientCA.Cert)
	f.set("cluster-signing-kube-apiserver-client-key-file", p.ClientCA.Key)
	f.set("cluster-signing-kubelet-serving-cert-file", p.ServerCA.Cert)
	f.set("cluster-signing-kubelet-serving-key-file", p.ServerCA.Key)
	f.set("use-service-account-credentials", true)
	f.set("allocate-node-cidrs", false) // addresses come from subnets, not from per-node ranges
	f.set("service-cluster-ip-range", m.o.Config.Cluster.ServiceCIDR)
	f.set("controllers", "*,tokencleaner")
	f.set("leader-elect", false) // one server: a slow disk must not end the cluster over a lease
	f.set("bind-address", "127.0.0.1")
	f.set("profiling", false)
	f.set("cert-dir", m.o.CertDir)
	f.set("kube-api-qps", 200) // with the default of 20 the controllers alone take 5 s to start
	f.set("kube-api-burst", 400)
	f.user(m.o.Config.Control.ControllerManagerArgs)
	return f
}

// Run implements supervise.Component.
func (m *ControllerManager) Run(ctx context.Context, ready func()) error {
	ctx = withLogger(ctx, m.log)
	s, err := kcmoptions.NewKubeControllerManagerOptions()
	if err != nil {
		return fmt.Errorf("making the options of kube-controller-manager: %w", err)
	}
	known, disabled, aliases := kcm.KnownControllers(), kcm.ControllersDisabledByDefault(), kcm.ControllerAliases()
	if err := m.flags().parse("kube-controller-manager", s.Flags(known, disabled, aliases)); err != nil {
		return err
	}
	if err := s.ComponentGlobalsRegistry.Set(); err != nil {
		return fmt.Errorf("setting feature gates of kube-controller-manager: %w", err)
	}
	c, err := s.Config(ctx, known, disabled, aliases)
	if err != nil {
		return fmt.Errorf("configuring kube-controller-manager: %w", err)
	}
	return runWithHealth(ctx, ready, func(ctx context.Context) error { return kcm.Run(ctx, c.Complete()) },
		healthzOf(s.SecureServing.BindPort))
}

// Scheduler is kube-scheduler in process.
type Scheduler struct {
	kubeconfig, certDir string
	config              *config.Config
	log                 *slog.Logger
}

// NewScheduler returns the component.
func NewScheduler(c *config.Config, kubeconfig, certDir string, log *slog.Logger) *Scheduler {
	return &Scheduler{kubeconfig: kubeconfig, certDir: certDir, config: c, log: log.With("component", "kube-scheduler")}
}

// Name implements supervise.Component.
func (s *Scheduler) Name() string { return "kube-scheduler" }

// Run implements supervise.Component.
func (s *Scheduler) Run(ctx context.Context, ready func()) error {
	ctx = withLogger(ctx, s.log)
	var f flagList
	f.set("kubeconfig", s.kubeconfig)
	f.set("authentication-kubeconfig", s.kubeconfig)
	f.set("authorization-kubeconfig", s.kubeconfig)
	f.set("leader-elect", false)
	f.set("bind-address", "127.0.0.1")
	f.set("profiling", false)
	f.set("cert-dir", s.certDir)
	f.user(s.config.Control.SchedulerArgs)

	o := scheduleroptions.NewOptions()
	if err := f.parse("kube-scheduler", *o.Flags); err != nil {
		return err
	}
	if err := o.ComponentGlobalsRegistry.Set(); err != nil {
		return fmt.Errorf("setting feature gates of kube-scheduler: %w", err)
	}
	cc, sched, err := scheduler.Setup(ctx, o)
	if err != nil {
		return fmt.Errorf("setting up kube-scheduler: %w", err)
	}
	return runWithHealth(ctx, ready, func(ctx context.Context) error { return scheduler.Run(ctx, cc, sched) },
		healthzOf(o.SecureServing.BindPort))
}

// healthzOf asks /healthz on a loopback port. The certificate there is self-signed and made anew at each start, and nothing
// secret is sent, so it is not verified.
func healthzOf(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
		defer transport.CloseIdleConnections()
		return awaitHealthy(ctx, &http.Client{Transport: transport, Timeout: 2 * time.Second}, fmt.Sprintf("https://127.0.0.1:%d/healthz", port))
	}
}

// Version is the version of Kubernetes in this binary, as the linker was told.
func Version() string { return version.Get().GitVersion }
