package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kove-io/kove/pkg/pki"
)

// renewEvery is how often the certificates of the control plane are looked at, and how long kove runs at least before it
// starts again because of them: where a restart does not help, since an authority itself nears its end, it must not loop.
const renewEvery = 24 * time.Hour

// watchCertificates ends kove when a certificate of the control plane nears its end: they are renewed at start, most
// components read them only then, and systemd starts kove again. Pods and the data plane do not notice.
func (a *App) watchCertificates(ctx context.Context, ready func()) error {
	ready()
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		due, err := dueCertificate(a.config.Paths.TLS(), time.Now())
		if err != nil {
			a.log.Warn("looking at the certificates", "err", err)
			continue
		}
		if due != "" {
			return fmt.Errorf("the certificate %s nears its end; the next start renews it", due)
		}
	}
}

// dueCertificate returns a leaf certificate in dir that the next start would renew, "" if there is none.
func dueCertificate(dir string, now time.Time) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.crt"))
	if err != nil {
		return "", fmt.Errorf("listing certificates: %w", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return "", fmt.Errorf("reading a certificate: %w", err)
		}
		cert, err := pki.ParseCert(data)
		if err != nil {
			return "", fmt.Errorf("reading certificate %s: %w", f, err)
		}
		if !cert.IsCA && pki.NearEnd(cert, now) {
			return f, nil
		}
	}
	return "", nil
}
