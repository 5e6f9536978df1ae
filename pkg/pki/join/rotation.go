package join

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kove-io/kove/pkg/pki"
)

// Rotation is a component that replaces the chassis certificate before it ends. Kubelet does so with its own.
type Rotation struct {
	Credentials *Credentials
	Node        string
	Logger      *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Requests gets certificates; nil uses the certificates API with the kubelet's kubeconfig.
	Requests Requests
	// Retry is the wait after a failure. Default 1 minute.
	Retry time.Duration
}

// Name implements supervise.Component.
func (r *Rotation) Name() string { return "chassis-certificate" }

// Run implements supervise.Component.
func (r *Rotation) Run(ctx context.Context, ready func()) error {
	now, retry := r.Now, r.Retry
	if now == nil {
		now = time.Now
	}
	if retry == 0 {
		retry = time.Minute
	}
	ready()
	for {
		data, err := os.ReadFile(r.Credentials.Chassis.Cert)
		if err != nil {
			return fmt.Errorf("watching the chassis certificate: %w", err)
		}
		cert, err := pki.ParseCert(data)
		if err != nil {
			return fmt.Errorf("watching the chassis certificate %s: %w; remove it and start kove again", r.Credentials.Chassis.Cert, err)
		}
		wait := pki.RenewAt(cert).Sub(now())
		if wait <= 0 {
			if err := r.renew(ctx); err != nil {
				r.Logger.Warn("the chassis certificate could not be renewed yet", "node", r.Node, "until", cert.NotAfter, "err", err)
			} else {
				r.Logger.Info("the chassis certificate is renewed", "node", r.Node)
			}
			wait = retry // also after success: an authority near its own end issues what is old at once
		}
		// A wait across a suspend or a step of the clock is cut short often enough.
		if !sleep(ctx, min(wait, 12*time.Hour)) {
			return ctx.Err()
		}
	}
}

func (r *Rotation) renew(ctx context.Context) error {
	requests := r.Requests
	if requests == nil {
		rc, err := clientcmd.BuildConfigFromFlags("", r.Credentials.KubeletKubeconfig)
		if err != nil {
			return fmt.Errorf("loading the node's kubeconfig: %w", err)
		}
		api, err := kubernetes.NewForConfig(rc)
		if err != nil {
			return fmt.Errorf("preparing the certificates API: %w", err)
		}
		requests = APIRequests{Client: api}
	}
	return renewChassis(ctx, requests, r.Node, r.Credentials.Chassis)
}
