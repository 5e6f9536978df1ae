package ovs

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// IntegrationBridge is the bridge that ovn-controller programs and pods are plugged into.
const IntegrationBridge = "br-int"

// Options says how the data plane runs.
type Options struct {
	BinDir   string // the programs; their schema is in ../share/openvswitch
	StateDir string // conf.db; survives a reboot (<data-dir>/agent/ovs)
	RunDir   string // sockets, pid files, process records (<run-dir>/ovs)
	LogDir   string // <data-dir>/agent/logs

	NodeName string     // chassis name (system-id); the common name of Certificate
	EncapIP  netip.Addr // local address of Geneve tunnels

	// SBRemote is the southbound database: ssl:ADDRESS:6642 or unix:PATH, several separated by commas.
	SBRemote string
	// PrivateKey, Certificate and CACert are PEM files, needed when SBRemote is ssl:.
	PrivateKey, Certificate, CACert string

	// DatapathType is vswitch.DatapathSystem or vswitch.DatapathNetdev, see Detect.
	DatapathType string

	Logger *slog.Logger
}

func (o Options) validate() error {
	for _, f := range []struct{ name, value string }{{"BinDir", o.BinDir}, {"StateDir", o.StateDir}, {"RunDir", o.RunDir},
		{"LogDir", o.LogDir}, {"NodeName", o.NodeName}, {"SBRemote", o.SBRemote}, {"DatapathType", o.DatapathType}} {
		if f.value == "" {
			return fmt.Errorf("configuring the data plane: %s is empty", f.name)
		}
	}
	if !o.EncapIP.IsValid() {
		return errors.New("configuring the data plane: EncapIP is empty")
	}
	if o.Logger == nil {
		return errors.New("configuring the data plane: Logger is nil")
	}
	if strings.Contains(o.SBRemote, "ssl:") && (o.PrivateKey == "" || o.Certificate == "" || o.CACert == "") {
		return fmt.Errorf("configuring the data plane: the southbound remote %s needs PrivateKey, Certificate and CACert", o.SBRemote)
	}
	return nil
}

// checkCertificate makes sure that the southbound database will know this chassis: an ovn-controller whose certificate
// names somebody else is refused every write and tries again without a pause.
func (o Options) checkCertificate() error {
	if o.Certificate == "" {
		return nil
	}
	b, err := os.ReadFile(o.Certificate)
	if err != nil {
		return fmt.Errorf("reading the chassis certificate: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return fmt.Errorf("reading the chassis certificate %s: it holds no PEM", o.Certificate)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("reading the chassis certificate %s: %w", o.Certificate, err)
	}
	if cert.Subject.CommonName != o.NodeName {
		return fmt.Errorf("checking the chassis certificate %s: it was issued to %q and this node is %q; was the node renamed? remove the file and start again, it then asks for a new one",
			o.Certificate, cert.Subject.CommonName, o.NodeName)
	}
	return nil
}

// DBSocket is the unix socket of the conf.db server.
func (o Options) DBSocket() string { return DBSocket(o.RunDir) }

// DBSocket is the unix socket of the conf.db server in a run directory.
func DBSocket(runDir string) string { return filepath.Join(runDir, "db.sock") }

// ControlSocket is the unixctl socket of a program ("ovs-vswitchd") in a run directory.
func ControlSocket(runDir, program string) string { return filepath.Join(runDir, program+".ctl") }

// Env is the environment that the programs and the operator's tools (ovs-vsctl, ovs-appctl) need to find the sockets. The
// payload's libcrypto must not follow the host's openssl.cnf, which may name modules of another OpenSSL.
func (o Options) Env() []string {
	env := []string{"OPENSSL_CONF=/dev/null", "OVS_SYSLOG_METHOD=null", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	for _, p := range []string{"OVS", "OVN"} {
		env = append(env, p+"_RUNDIR="+o.RunDir, p+"_LOGDIR="+o.LogDir, p+"_DBDIR="+o.StateDir, p+"_SYSCONFDIR="+o.StateDir)
	}
	return env
}

func (o Options) command(name string) (string, []string) {
	p := filepath.Join(o.BinDir, name)
	return p, []string{p}
}

func (o Options) schema() string {
	return filepath.Join(filepath.Dir(o.BinDir), "share", "openvswitch", "vswitch.ovsschema")
}
