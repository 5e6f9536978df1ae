package northd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// authority signs certificates and writes them as NAME.crt and NAME.key into the lab; its own is NAME.crt too.
type authority struct {
	l    *lab
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func (l *lab) authority(name string) *authority {
	l.t.Helper()
	a := &authority{l: l}
	a.issue(name)
	return a
}

func (a *authority) issue(name string) {
	a.l.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.l.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.l.t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: a.cert == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	parent, signer := tmpl, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		a.l.t.Fatal(err)
	}
	if a.cert == nil {
		a.key = key
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.l.t.Fatal(err)
		}
	}
	priv, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.l.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: priv}} {
		if err := os.WriteFile(a.l.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.l.t.Fatal(err)
		}
	}
}

// TestTLS connects over TLS, with remotes of which some do not answer; files may change while it runs.
func TestTLS(t *testing.T) {
	for _, of := range []string{"stock", "kove"} {
		t.Run(of, func(t *testing.T) {
			l := newLab(t)
			ca := l.authority("ca")
			ca.issue("server")
			files := func(name, ca string) []string {
				return []string{"--private-key=" + l.path(name+".key"), "--certificate=" + l.path(name+".crt"), "--ca-cert=" + l.path(ca+".crt")}
			}
			ports := [2]string{freePort(t), freePort(t)}
			if of == "kove" {
				l.databases("kove", append(files("server", "ca"), "--nb-remote=pssl:"+ports[0]+":127.0.0.1", "--sb-remote=pssl:"+ports[1]+":127.0.0.1")...)
			} else {
				l.databases("stock", files("server", "ca")...)
				l.run("ovs-appctl", "-t", l.path("nb.ctl"), "ovsdb-server/add-remote", "pssl:"+ports[0]+":127.0.0.1")
				l.run("ovs-appctl", "-t", l.path("sb.ctl"), "ovsdb-server/add-remote", "pssl:"+ports[1]+":127.0.0.1")
			}
			dbs := []string{"--ovnnb-db=ssl:127.0.0.1:" + freePort(t) + ",ssl:127.0.0.1:" + ports[0], "--ovnsb-db=ssl:127.0.0.1:" + freePort(t) + ",ssl:127.0.0.1:" + ports[1]}

			// Signed by nobody that the servers know.
			wrong := l.authority("wrong")
			wrong.issue("northd")
			p := l.northd("kove", "northd", append(dbs, files("northd", "ca")...)...)
			stranger := l.northd("kove", "stranger", append(dbs, files("server", "wrong")...)...)
			p.until("it is turned away", func() bool {
				return strings.Contains(p.said(), "db=OVN_Southbound") && strings.Contains(p.said(), "db=OVN_Northbound")
			})
			stranger.until("it turns the server away", func() bool { return strings.Contains(stranger.said(), "certificate signed by unknown authority") })
			if s := p.appctl("sb-connection-status"); s != "not connected\n" {
				t.Errorf("with a certificate of another CA: %s", s)
			}
			ca.issue("northd") // the right one comes
			p.untilStatus("active")
			l.nbctl("--wait=sb", "ls-add", "sw0")
			if s := stranger.appctl("status") + stranger.appctl("nb-connection-status"); s != "Status: standby\nnot connected\n" {
				t.Errorf("with another CA: %s", s)
			}
			// Who does not want to know is warned.
			blind := l.northd("kove", "blind", append(dbs, "--private-key="+l.path("server.key"), "--certificate="+l.path("server.crt"), "-C", "none", "--ssl-protocols=TLSv1.3")...)
			blind.until("it is connected", func() bool { return blind.appctl("sb-connection-status") == "connected\n" })
			if !strings.Contains(blind.said(), "|WARN|Peer certificate validation disabled") {
				t.Error("it does not warn")
			}
		})
	}
}

// TestTCP finds the one server that answers, and probes it as NB_Global says.
func TestTCP(t *testing.T) {
	l := newLab(t)
	l.databases("stock")
	port := freePort(t)
	l.run("ovs-appctl", "-t", l.path("nb.ctl"), "ovsdb-server/add-remote", "ptcp:"+port+":127.0.0.1")
	p := l.northd("kove", "northd", "--ovnnb-db=tcp:127.0.0.1:"+freePort(t)+",unix:"+l.path("nowhere")+",tcp:127.0.0.1:"+port)
	p.untilStatus("active")
	l.nbctl("set", "NB_Global", ".", "options:northd_probe_interval=1000")
	l.nbctl("--wait=sb", "sync")
}
