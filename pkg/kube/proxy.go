package kube

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"k8s.io/kubernetes/cmd/kube-proxy/app"

	"github.com/kove-io/kove/pkg/config"
)

// Proxy is kube-proxy in process, in nftables mode. It serves what enters or leaves the host itself (host processes,
// NodePorts); pods reach Services through OVN's load balancers.
type Proxy struct {
	config     *config.Config
	kubeconfig string
	log        *slog.Logger
}

// NewProxy returns the component.
func NewProxy(c *config.Config, kubeconfig string, log *slog.Logger) *Proxy {
	return &Proxy{config: c, kubeconfig: kubeconfig, log: log.With("component", "kube-proxy")}
}

// Name implements supervise.Component.
func (p *Proxy) Name() string { return "kube-proxy" }

// proxyHealth is where kube-proxy answers whether its rules are in place.
const proxyHealth = "127.0.0.1:10256"

func (p *Proxy) flags() flagList {
	// Flags and no configuration file: with a file, kube-proxy ignores flags, and the operator's would be lost.
	var f flagList
	f.set("kubeconfig", p.kubeconfig)
	f.set("hostname-override", p.config.Node.Name)
	f.set("proxy-mode", "nftables")
	// Local traffic is what comes from pods: traffic of the host to a ClusterIP is masqueraded, so that answers of pods
	// return through ovn0.
	f.set("detect-local-mode", "ClusterCIDR")
	f.set("cluster-cidr", p.config.Cluster.ClusterCIDR)
	f.set("healthz-bind-address", proxyHealth)
	f.set("metrics-bind-address", "127.0.0.1:10249")
	if !writable("/proc/sys/net/netfilter/nf_conntrack_max") {
		// In a network namespace the limit belongs to the machine.
		f.set("conntrack-max-per-core", 0)
		f.set("conntrack-min", 0)
	}
	f.user(p.config.Node.KubeProxyArgs)
	return f
}

func writable(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// Run implements supervise.Component. kube-proxy's own Run does not return when ctx is done; this one does, and leaves
// its rules in place: connections of the host outlive kove like those of pods.
func (p *Proxy) Run(ctx context.Context, ready func()) error {
	ctx = withLogger(ctx, p.log)
	o := app.NewOptions()
	fs := newFlagSet("kube-proxy")
	o.AddFlags(fs)
	if err := p.flags().parseInto("kube-proxy", fs); err != nil {
		return err
	}
	if err := o.Complete(fs); err != nil {
		return fmt.Errorf("completing the options of kube-proxy: %w", err)
	}
	if err := o.Validate(); err != nil {
		return fmt.Errorf("validating the options of kube-proxy: %w", err)
	}
	run := func(ctx context.Context) error {
		done := make(chan error, 1)
		go func() { done <- o.Run(ctx) }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return nil
		}
	}
	return runWithHealth(ctx, ready, run, func(ctx context.Context) error {
		return awaitHealthy(ctx, &http.Client{Timeout: 2 * time.Second}, "http://"+proxyHealth+"/livez")
	})
}
