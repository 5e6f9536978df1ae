package kube

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	kubeletv1beta1 "k8s.io/kubelet/config/v1beta1"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	"k8s.io/kubernetes/pkg/kubelet/eviction"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/kove-io/kove/pkg/config"
)

// KubeletOptions is what kubelet needs to know.
type KubeletOptions struct {
	Config *config.Config

	// Kubeconfig is the node's identity. The certificate in it lies in CertDir, where kubelet renews it, and where it
	// keeps its serving certificate, which it requests itself.
	Kubeconfig, CertDir string

	ClientCA       string // verifies who asks kubelet
	CRISocket      string // containerd's socket, a path
	SystemdCgroups bool   // systemd manages cgroups; see the function of that name
}

// Kubelet is kubelet in process.
type Kubelet struct {
	o   KubeletOptions
	log *slog.Logger
}

// NewKubelet returns the component.
func NewKubelet(o KubeletOptions, log *slog.Logger) *Kubelet {
	return &Kubelet{o: o, log: log.With("component", "kubelet")}
}

// Name implements supervise.Component.
func (k *Kubelet) Name() string { return "kubelet" }

// StaticPodDir is where kubelet looks for pods that need no API server.
func StaticPodDir(p config.Paths) string { return p.Agent("pod-manifests") }

func (k *Kubelet) root(elem ...string) string {
	return k.o.Config.Paths.Agent(append([]string{"kubelet"}, elem...)...)
}

// configuration is the file that kubelet reads; it stays on disk for whoever wants to know how kubelet runs.
func (k *Kubelet) configuration() *kubeletv1beta1.KubeletConfiguration {
	c := k.o.Config
	driver := "cgroupfs"
	if k.o.SystemdCgroups {
		driver = "systemd"
	}
	return &kubeletv1beta1.KubeletConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: "kubelet.config.k8s.io/v1beta1", Kind: "KubeletConfiguration"},
		Address:  "0.0.0.0",
		Authentication: kubeletv1beta1.KubeletAuthentication{
			Anonymous: kubeletv1beta1.KubeletAnonymousAuthentication{Enabled: ptr.To(false)},
			Webhook:   kubeletv1beta1.KubeletWebhookAuthentication{Enabled: ptr.To(true)},
			X509:      kubeletv1beta1.KubeletX509Authentication{ClientCAFile: k.o.ClientCA},
		},
		Authorization:            kubeletv1beta1.KubeletAuthorization{Mode: kubeletv1beta1.KubeletAuthorizationModeWebhook},
		RotateCertificates:       true,
		ServerTLSBootstrap:       true,
		HealthzBindAddress:       "127.0.0.1",
		ClusterDomain:            c.Cluster.Domain,
		ClusterDNS:               []string{c.Cluster.DNS.String()},
		CgroupDriver:             driver,
		ContainerRuntimeEndpoint: "unix://" + k.o.CRISocket,
		StaticPodPath:            StaticPodDir(c.Paths),
		VolumePluginDir:          k.root("volume-plugins"),
		ResolverConfig:           ptr.To(c.Node.ResolvConf),
		FailSwapOn:               ptr.To(false), // edge machines have swap
		FailCgroupV1:             ptr.To(false), // and old kernels
		SerializeImagePulls:      ptr.To(false),
		// An edge disk is small; the percentages of the default evict pods while gigabytes are free.
		EvictionHard: map[string]string{"memory.available": "100Mi", "nodefs.available": "5%", "imagefs.available": "5%", "nodefs.inodesFree": "2%"},
		// Short, so that a node that comes back is seen.
		NodeStatusUpdateFrequency: metav1.Duration{Duration: 10 * time.Second},
		EnableProfilingHandler:    ptr.To(false),
		EnableDebugFlagsHandler:   ptr.To(false),
		EnableSystemLogHandler:    ptr.To(false),
	}
}

func (k *Kubelet) flags(configFile string) flagList {
	c := k.o.Config
	var f flagList
	f.set("config", configFile)
	f.set("kubeconfig", k.o.Kubeconfig)
	f.set("hostname-override", c.Node.Name)
	ips := make([]string, len(c.Node.IPs))
	for i, ip := range c.Node.IPs {
		ips[i] = ip.String()
	}
	f.set("node-ip", strings.Join(ips, ","))
	f.set("root-dir", k.root())
	f.set("cert-dir", k.o.CertDir)
	if len(c.Node.Labels) > 0 {
		f.set("node-labels", strings.Join(c.Node.Labels, ","))
	}
	if len(c.Node.Taints) > 0 {
		f.set("register-with-taints", strings.Join(c.Node.Taints, ","))
	}
	f.user(c.Node.KubeletArgs)
	return f
}

// load writes the configuration file and reads it back the way kubelet does: defaults, file, then flags.
func (k *Kubelet) load(ctx context.Context) (*options.KubeletServer, error) {
	file := k.o.Config.Paths.Agent("etc", "kubelet.yaml")
	data, err := yaml.Marshal(k.configuration())
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration of kubelet: %w", err)
	}
	for _, dir := range []string{filepath.Dir(file), StaticPodDir(k.o.Config.Paths), k.root("volume-plugins")} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("making a folder for kubelet: %w", err)
		}
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration of kubelet: %w", err)
	}
	flags := k.flags(file)

	// The first pass finds another --config among the operator's flags.
	kubeletFlags, ignored := options.NewKubeletFlags(), &kubeletconfig.KubeletConfiguration{}
	fs := newFlagSet("kubelet")
	kubeletFlags.AddFlags(fs)
	options.AddKubeletConfigFlags(fs, ignored)
	if err := flags.parseInto("kubelet", fs); err != nil {
		return nil, err
	}
	if err := options.ValidateKubeletFlags(kubeletFlags); err != nil {
		return nil, fmt.Errorf("validating the flags of kubelet: %w; correct --kubelet-arg", err)
	}
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, kubeletFlags.KubeletConfigFile)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", kubeletFlags.KubeletConfigFile, err)
	}
	kc, err := loader.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", kubeletFlags.KubeletConfigFile, err)
	}
	if kc.EvictionHard == nil {
		kc.EvictionHard = eviction.DefaultEvictionHard
	}
	gates := kc.FeatureGates
	again := newFlagSet("kubelet")
	options.NewKubeletFlags().AddFlags(again)
	options.AddKubeletConfigFlags(again, kc)
	if err := flags.parseInto("kubelet", again); err != nil {
		return nil, err
	}
	// The flag replaces the map; gates that only the file has stay.
	merged := maps.Clone(gates)
	if merged == nil {
		merged = map[string]bool{}
	}
	maps.Copy(merged, kc.FeatureGates)
	kc.FeatureGates = merged
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(kc.FeatureGates); err != nil {
		return nil, fmt.Errorf("setting feature gates of kubelet: %w", err)
	}
	if err := validation.ValidateKubeletConfiguration(kc, utilfeature.DefaultFeatureGate); err != nil {
		return nil, fmt.Errorf("validating the configuration of kubelet: %w", err)
	}
	return &options.KubeletServer{KubeletFlags: *kubeletFlags, KubeletConfiguration: *kc}, nil
}

// Run implements supervise.Component. It is ready when kubelet's own health check is, which needs neither the API server
// nor a pod network.
func (k *Kubelet) Run(ctx context.Context, ready func()) error {
	ctx = withLogger(ctx, k.log)
	server, err := k.load(ctx)
	if err != nil {
		return err
	}
	deps, err := app.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return fmt.Errorf("making the dependencies of kubelet: %w", err)
	}
	return runWithHealth(ctx, ready,
		func(ctx context.Context) error { return app.Run(ctx, server, deps, utilfeature.DefaultFeatureGate) },
		func(ctx context.Context) error {
			return awaitHealthy(ctx, &http.Client{Timeout: 2 * time.Second}, fmt.Sprintf("http://127.0.0.1:%d/healthz", server.HealthzPort))
		})
}
