package program

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// ClientTLS is the configuration of connections that the program makes, nil without any PKI option.
func (o *Options) ClientTLS() (*tls.Config, error) {
	if o.TLS == (ovsdb.TLSFiles{}) {
		return nil, nil
	}
	c := ovsdb.ReadingTLS(o.TLS)
	if o.Protocols != "" {
		low, high, err := protocolRange(o.Protocols)
		if err != nil {
			return nil, err
		}
		c.MinVersion, c.MaxVersion = low, high
	}
	if o.Ciphers != "" {
		c.CipherSuites = o.cipherList()
	}
	if o.Ciphersuites != "" {
		o.Warnings = append(o.Warnings, "--ssl-ciphersuites changes nothing: all of TLSv1.3's are enabled")
	}
	if o.TLS.CACert == "none" {
		o.Warnings = append(o.Warnings, "Peer certificate validation disabled (this is a security risk)")
	}
	return c, nil
}

var versions = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

// protocolRange reads --ssl-protocols (ovs-vsctl(8)): a list of protocols with commas or spaces, V+ for V and later, or V1-V2.
func protocolRange(text string) (low, high uint16, err error) {
	low, high = tls.VersionTLS13, 0
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, isRange := strings.Cut(w, "-")
		switch {
		case strings.HasSuffix(w, "+"):
			from, to = strings.TrimSuffix(w, "+"), "TLSv1.3"
		case !isRange:
			to = from
		}
		f, t := versions[from], versions[to]
		if f == 0 || t == 0 || f > t {
			return 0, 0, fmt.Errorf("--ssl-protocols=%s: SSL/TLS protocol %s not recognized: want TLSv1.2 or TLSv1.3, a list or a range of them", text, w)
		}
		low, high = min(low, max(f, tls.VersionTLS12)), max(high, t)
	}
	if low > high || high < tls.VersionTLS12 {
		return 0, 0, fmt.Errorf("--ssl-protocols=%s: want TLSv1.2 or TLSv1.3, a list or a range of them", text)
	}
	return low, high, nil
}

// openssl are OpenSSL's names of the ciphers that there are.
var openssl = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	"AES128-GCM-SHA256":             tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	"AES256-GCM-SHA384":             tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	"AES256-SHA":                    tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// cipherList picks the ciphers that are named. Names of groups (HIGH, !aNULL) have no counterpart; with none but those, the
// usual ciphers are used.
func (o *Options) cipherList() []uint16 {
	var out []uint16
	var unknown []string
	for _, name := range strings.FieldsFunc(o.Ciphers, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		if id, ok := openssl[name]; !ok {
			unknown = append(unknown, name)
		} else if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(unknown) > 0 {
		o.Warnings = append(o.Warnings, fmt.Sprintf("--ssl-ciphers: %s changes nothing: only names of single ciphers do", strings.Join(unknown, ":")))
	}
	return out
}
