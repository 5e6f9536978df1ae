package ovs

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

func TestRules(t *testing.T) {
	if n := rules("handlers:1 ofconns:2 ports:14 revalidators:1 rules:2391 udpif keys:7"); n != 2391 {
		t.Error(n)
	}
	if n := rules("idl-cells-Open_vSwitch:12"); n != 0 {
		t.Error(n)
	}
}

func TestDatapath(t *testing.T) {
	d, err := DetectDatapath(config.DatapathUserspace)
	if err != nil || d.Type != vswitch.DatapathNetdev {
		t.Fatalf("%+v %v", d, err)
	}
	if err := d.CheckTunnels(""); err == nil || !strings.Contains(err.Error(), "--tunnel-nic") {
		t.Errorf("%v", err)
	}
	if err := d.CheckTunnels("eth1"); err != nil {
		t.Error(err)
	}
	if err := (Datapath{Type: vswitch.DatapathSystem}).CheckTunnels(""); err != nil {
		t.Error(err)
	}
	auto, err := DetectDatapath(config.DatapathAuto)
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := DetectDatapath(config.DatapathKernel)
	if (err == nil) != (auto.Type == vswitch.DatapathSystem) {
		t.Errorf("auto chose %+v, kernel %+v: %v", auto, kernel, err)
	}
	if err != nil && !strings.Contains(err.Error(), "modprobe openvswitch") {
		t.Error(err)
	}
	if _, err := DetectDatapath("dpdk"); err == nil {
		t.Error("an unknown datapath was accepted")
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	good := Options{BinDir: t.TempDir(), StateDir: "/s", RunDir: "/r", LogDir: "/l", NodeName: "n1", EncapIP: netip.MustParseAddr("192.0.2.1"),
		SBRemote: "unix:/sb", DatapathType: vswitch.DatapathNetdev, Logger: slog.New(slog.DiscardHandler)}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Options)
		err    string
	}{
		"node name":     {func(o *Options) { o.NodeName = "" }, "NodeName"},
		"encap address": {func(o *Options) { o.EncapIP = netip.Addr{} }, "EncapIP"},
		"certificate":   {func(o *Options) { o.SBRemote = "ssl:192.0.2.1:6642" }, "Certificate"},
		"other's certificate": {func(o *Options) {
			o.PrivateKey, o.CACert = "k", "c"
			o.Certificate = certificate(t, "n2")
		}, `issued to "n2" and this node is "n1"`},
		"payload": {func(o *Options) { o.BinDir = filepath.Join(o.BinDir, "absent") }, "payload"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			c.change(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func certificate(t *testing.T, name string) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	file, ctl := filepath.Join(dir, "x.log"), filepath.Join(dir, "x.ctl")
	l, err := net.Listen("unix", ctl)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		asked <- line
		_, _ = c.Write([]byte(`{"id":0,"result":"","error":null}`))
	}()
	if err := os.WriteFile(file, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing to do
		if err := rotate(context.Background(), file, ctl, 99); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-asked; !strings.Contains(got, "vlog/reopen") {
		t.Error(got)
	}
	if fi, err := os.Stat(file + ".1"); err != nil || fi.Size() != 100 {
		t.Errorf("%v %v", fi, err)
	}
}
