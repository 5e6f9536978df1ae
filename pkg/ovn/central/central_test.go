package central

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	libovsdb "github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// stock finds a program of stock OVN, which `make stock` puts where the environment variable STOCK says.
func stock(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("STOCK")
	if dir == "" {
		dir = "/var/tmp/kove-stock"
	}
	path := filepath.Join(dir, "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("stock OVN is not there (%v): run make stock", err)
	}
	return path
}

// env is a running central with the environment that stock tools need to find it.
type env struct {
	t   *testing.T
	dir string
	ct  *Central
	log bytes.Buffer
}

func start(t *testing.T, change func(*Options)) *env {
	t.Helper()
	e := &env{t: t, dir: t.TempDir()}
	opts := Options{
		DataDir:   filepath.Join(e.dir, "data"),
		NBRemotes: []string{"punix:" + filepath.Join(e.dir, "nb.sock")},
		SBRemotes: []string{"punix:" + filepath.Join(e.dir, "sb.sock")},
		CtlDir:    e.dir,
		Version:   "test",
		Logger:    slog.New(slog.NewTextHandler(&e.log, nil)),
	}
	if change != nil {
		change(&opts)
	}
	e.ct = New(opts)
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- e.ct.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		stop()
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("central is not ready")
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stopping central: %v", err)
		}
	})
	return e
}

func (e *env) try(name string, args ...string) (string, error) {
	cmd := exec.Command(stock(e.t, name), args...)
	cmd.Env = append(os.Environ(), "OVN_NB_DB=unix:"+e.dir+"/nb.sock", "OVN_SB_DB=unix:"+e.dir+"/sb.sock", "OVN_RUNDIR="+e.dir, "OVS_RUNDIR="+e.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (e *env) run(name string, args ...string) string {
	e.t.Helper()
	out, err := e.try(name, args...)
	if err != nil {
		e.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

func (e *env) expect(want, name string, args ...string) {
	e.t.Helper()
	if out := e.run(name, args...); !strings.Contains(out, want) {
		e.t.Fatalf("%s %q: there is no %q in\n%s", name, args, want, out)
	}
}

func TestStockTools(t *testing.T) {
	e := start(t, nil)
	e.run("ovn-nbctl", "init")
	e.run("ovn-sbctl", "init")
	e.run("ovn-nbctl", "--wait=sb", "ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-set-addresses", "p1", "0a:00:00:00:00:01 10.0.0.1")
	e.expect("port p1", "ovn-nbctl", "show")
	e.expect("p1", "ovn-sbctl", "--bare", "--columns=logical_port", "list", "Port_Binding")
	e.expect("ls_in_l2_lkup", "ovn-sbctl", "lflow-list", "s1")
	e.run("ovn-sbctl", "--timeout=60", "wait-until", "Port_Binding", "p1", "tunnel_key=1")
	e.run("ovn-nbctl", "acl-add", "s1", "to-lport", "100", "ip4", "drop")
	e.run("ovn-nbctl", "--wait=sb", "acl-add", "s1", "to-lport", "101", "ip4.src==1.2.3.4", "allow-related")
	e.expect("1.2.3.4", "ovn-sbctl", "lflow-list", "s1")
	e.run("ovn-nbctl", "--wait=sb", "lb-add", "lb1", "10.96.0.1:80", "10.0.0.1:8080", "--", "ls-lb-add", "s1", "lb1")
	e.run("ovn-nbctl", "pg-add", "pg1", "p1")
	e.run("ovn-nbctl", "set", "Logical_Switch_Port", "p1", "external_ids:k=v", "options:a=b")
	e.expect("k=v", "ovn-nbctl", "list", "Logical_Switch_Port", "p1")
	if out, err := e.try("ovn-nbctl", "ls-add", "s1"); err == nil || !strings.Contains(out, "already exists") {
		t.Fatalf("a second switch s1: %v %s", err, out)
	}
	e.run("ovn-nbctl", "lr-add", "r1", "--", "lrp-add", "r1", "r1-s1", "0a:00:00:00:00:fe", "10.0.0.254/24")
	e.run("ovn-nbctl", "--wait=sb", "ls-del", "s1")
	e.run("ovn-nbctl", "--wait=sb", "lr-del", "r1")
	if out := e.run("ovn-sbctl", "--bare", "--columns=logical_port", "list", "Port_Binding"); strings.TrimSpace(out) != "" {
		t.Fatalf("bindings are left: %s", out)
	}

	nb := "unix:" + e.dir + "/nb.sock"
	e.expect("OVN_Northbound", "ovsdb-client", "list-dbs", nb)
	e.expect("Logical_Switch", "ovsdb-client", "get-schema", nb, "OVN_Northbound")
	e.expect("7.11.0", "ovsdb-client", "get-schema-version", nb, "OVN_Northbound")
	e.expect("NB_Global table", "ovsdb-client", "dump", nb, "OVN_Northbound")
	e.expect("Address_Set", "ovsdb-client", "list-tables", nb, "OVN_Northbound")
	e.expect(`"count":0`, "ovsdb-client", "transact", nb, `["OVN_Northbound",{"op":"delete","table":"Logical_Switch","where":[["name","==","none"]]}]`)
	backup := filepath.Join(e.dir, "backup.db")
	if err := os.WriteFile(backup, []byte(e.run("ovsdb-client", "backup", nb, "OVN_Northbound")), 0o600); err != nil {
		t.Fatal(err)
	}
	e.expect("7.11.0", "ovsdb-tool", "db-version", backup)
	e.run("ovsdb-client", "wait", nb, "OVN_Northbound", "connected")

	e.expect("ovsdb-server/compact", "ovs-appctl", "-t", e.dir+"/ovnsb_db.ctl", "list-commands")
	e.expect("test", "ovs-appctl", "-t", e.dir+"/ovnsb_db.ctl", "version")
	e.run("ovs-appctl", "-t", e.dir+"/ovnsb_db.ctl", "ovsdb-server/compact")
	e.expect("OVN_Southbound", "ovs-appctl", "-t", e.dir+"/ovnsb_db.ctl", "ovsdb-server/list-dbs")
	e.expect("OVN_Southbound", "ovsdb-tool", "show-log", e.dir+"/data/sb.db")
	e.expect("ovn-nbctl", "ovsdb-tool", "show-log", e.dir+"/data/nb.db")
}

// TestConvert has stock's ovsdb-client convert both databases under a running northd, to a schema with more in it.
func TestConvert(t *testing.T) {
	e := start(t, nil)
	e.run("ovn-nbctl", "--wait=sb", "--timeout=60", "ls-add", "s1", "--", "lsp-add", "s1", "p1")
	for _, db := range []struct{ name, file, table string }{{"nb", "ovn-nb", "Logical_Switch"}, {"sb", "ovn-sb", "Port_Binding"}} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(stock(t, "ovsdb-tool"))), "share/ovn", db.file+".ovsschema"))
		if err != nil {
			t.Fatal(err)
		}
		i := bytes.Index(text, []byte(`"`+db.table+`": {`))
		j := i + bytes.Index(text[i:], []byte(`"columns": {`)) + len(`"columns": {`)
		text = append(append(bytes.Clone(text[:j]), `"a_new_column":{"type":"string"},`...), text[j:]...)
		schema := filepath.Join(e.dir, db.file+".ovsschema")
		if err := os.WriteFile(schema, text, 0o600); err != nil {
			t.Fatal(err)
		}
		remote := "unix:" + e.dir + "/" + db.name + ".sock"
		e.expect("yes", "ovsdb-client", "needs-conversion", remote, schema)
		e.run("ovsdb-client", "convert", remote, schema)
		e.expect("no", "ovsdb-client", "needs-conversion", remote, schema)
		e.run("ovn-nbctl", "--wait=sb", "--timeout=60", "lsp-add", "s1", "after-"+db.name)
		e.expect("after-"+db.name, "ovn-sbctl", "--bare", "--columns=logical_port", "list", "Port_Binding")
		name := map[string]string{"nb": "OVN_Northbound", "sb": "OVN_Southbound"}[db.name]
		e.expect(`"count":`, "ovsdb-client", "transact", remote, `["`+name+`",{"op":"update","table":"`+db.table+`","where":[],"row":{"a_new_column":"x"}}]`)
		e.expect(`"a_new_column":"x"`, "ovsdb-client", "transact", remote, `["`+name+`",{"op":"select","table":"`+db.table+`","where":[]}]`)
	}
}

// TestMonitor has stock ovsdb-client follow a table.
func TestMonitor(t *testing.T) {
	e := start(t, nil)
	cmd := exec.Command(stock(t, "ovsdb-client"), "monitor", "--format=csv", "unix:"+e.dir+"/nb.sock", "OVN_Northbound", "Logical_Switch", "name,other_config")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := make(chan string, 100)
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := out.Read(buf)
			if err != nil {
				close(lines)
				return
			}
			lines <- string(buf[:n])
		}
	}()
	seen := ""
	until := func(want string) {
		t.Helper()
		for !strings.Contains(seen, want) {
			select {
			case s := <-lines:
				seen += s
			case <-time.After(time.Minute):
				t.Fatalf("no %q in %s", want, seen)
			}
		}
	}
	for i := range 50 {
		// The monitor starts at its own time; what it misses as a change it has as its beginning.
		e.run("ovn-nbctl", "ls-add", fmt.Sprint("sw", i), "--", "set", "Logical_Switch", fmt.Sprint("sw", i), "other_config:x=y")
	}
	until(",sw49,")
	e.run("ovn-nbctl", "ls-del", "sw7")
	until("delete,sw7,")
}

// TestStockFile starts on files that stock made and has stock read ours.
func TestStockFile(t *testing.T) {
	e := &env{t: t, dir: t.TempDir()}
	data := filepath.Join(e.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	schema := filepath.Join(filepath.Dir(filepath.Dir(stock(t, "ovsdb-tool"))), "share/ovn/ovn-nb.ovsschema")
	e.run("ovsdb-tool", "create", data+"/nb.db", schema)
	e.run("ovsdb-tool", "transact", data+"/nb.db", `["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"from-stock","other_config":["map",[["a","1"],["b","2"]]]}}]`)
	e = start(t, func(o *Options) { o.DataDir = data })
	e.expect("from-stock", "ovn-nbctl", "ls-list")
	e.run("ovn-nbctl", "ls-add", "from-kove", "--", "remove", "Logical_Switch", "from-stock", "other_config", "a")
	for range 2 {
		out := e.run("ovsdb-tool", "query", data+"/nb.db", `["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name","other_config"]}]`)
		for _, want := range []string{`"from-kove"`, `"from-stock"`, `["map",[["b","2"]]]`} {
			if !strings.Contains(out, want) {
				t.Fatalf("no %s in what stock reads: %s", want, out)
			}
		}
		e.run("ovs-appctl", "-t", e.dir+"/ovnnb_db.ctl", "ovsdb-server/compact")
	}
	// Stock's own compaction of a file in use is refused by the lock.
	if out, err := e.try("ovsdb-tool", "compact", data+"/nb.db"); err == nil || !strings.Contains(out, "lock") {
		t.Fatalf("compacting under our feet: %v %s", err, out)
	}
	copied := filepath.Join(e.dir, "copy.db")
	b, err := os.ReadFile(data + "/nb.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	e.run("ovsdb-tool", "compact", copied)
	e.expect("from-kove", "ovsdb-tool", "query", copied, `["OVN_Northbound",{"op":"select","table":"Logical_Switch","where":[],"columns":["name"]}]`)
}

// ca makes certificates.
type ca struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newCA(t *testing.T, dir string) *ca {
	c := &ca{t: t, dir: dir}
	c.key, c.cert = c.issue("ca", nil, nil)
	return c
}

func (c *ca) issue(name string, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if parent == nil {
		tpl.IsCA, tpl.KeyUsage = true, tpl.KeyUsage|x509.KeyUsageCertSign
		parent, signer = tpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, parent, &key.PublicKey, signer)
	if err != nil {
		c.t.Fatal(err)
	}
	kb, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	for ext, block := range map[string]*pem.Block{".key": {Type: "PRIVATE KEY", Bytes: kb}, ".crt": {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(filepath.Join(c.dir, name+ext), pem.EncodeToMemory(block), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return key, cert
}

func (c *ca) files(name string) ovsdb.TLSFiles {
	return ovsdb.TLSFiles{PrivateKey: filepath.Join(c.dir, name+".key"), Certificate: filepath.Join(c.dir, name+".crt"), CACert: filepath.Join(c.dir, "ca.crt")}
}

func freePort(t *testing.T) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// TestTLSRoles has stock's client write as chassis ch1: its own rows only.
func TestTLSRoles(t *testing.T) {
	dir := t.TempDir()
	c := newCA(t, dir)
	for _, name := range []string{"server", "ch1"} {
		c.issue(name, c.cert, c.key)
	}
	stranger := newCA(t, t.TempDir())
	stranger.issue("ch1", stranger.cert, stranger.key)
	port := freePort(t)
	e := start(t, func(o *Options) {
		o.SBRemotes = append(o.SBRemotes, fmt.Sprintf("pssl:%d:127.0.0.1", port))
		o.SBRole = "ovn-controller"
		o.TLS = c.files("server")
	})
	transact := func(ops string) string {
		t.Helper()
		f := c.files("ch1")
		return e.run("ovsdb-client", "--private-key="+f.PrivateKey, "--certificate="+f.Certificate, "--ca-cert="+f.CACert,
			"transact", fmt.Sprintf("ssl:127.0.0.1:%d", port), `["OVN_Southbound",`+ops+`]`)
	}
	chassis := func(name string) string {
		return `{"op":"insert","table":"Encap","uuid-name":"e","row":{"type":"geneve","ip":"1.2.3.4","chassis_name":"` + name + `"}},` +
			`{"op":"insert","table":"Chassis","row":{"name":"` + name + `","encaps":["named-uuid","e"]}}`
	}
	if out := transact(chassis("ch2")); !strings.Contains(out, `RBAC rules for client \"ch1\" role \"ovn-controller\" prohibit row insertion into table`) {
		t.Fatalf("ch1 registers as ch2: %s", out)
	}
	if out := transact(chassis("ch1")); strings.Contains(out, "error") {
		t.Fatalf("ch1 registers as itself: %s", out)
	}
	if out := transact(`{"op":"update","table":"SB_Global","where":[],"row":{"nb_cfg":7}}`); !strings.Contains(out, `prohibit modification of table \"SB_Global\"`) {
		t.Fatalf("ch1 writes SB_Global: %s", out)
	}
	if out := transact(`{"op":"mutate","table":"SB_Global","where":[],"mutations":[["nb_cfg","+=",1]]}`); !strings.Contains(out, `prohibit mutate operation on table \"SB_Global\"`) {
		t.Fatalf("ch1 mutates SB_Global: %s", out)
	}
	if out := transact(`{"op":"delete","table":"Chassis","where":[["name","==","ch1"]]}`); !strings.Contains(out, `"count":1`) {
		t.Fatalf("ch1 deletes itself: %s", out)
	}
	e.run("ovn-sbctl", "--", "set", "SB_Global", ".", "external_ids:local=yes") // no role on the unix socket

	f := stranger.files("ch1")
	out, err := e.try("ovsdb-client", "--timeout=60", "--private-key="+f.PrivateKey, "--certificate="+f.Certificate, "--ca-cert="+c.files("ch1").CACert,
		"list-dbs", fmt.Sprintf("ssl:127.0.0.1:%d", port))
	if err == nil {
		t.Fatalf("a certificate of another CA is accepted: %s", out)
	}

	// Our own client over TLS.
	cfg, err := ovsdb.ClientTLS(c.files("ch1"))
	if err != nil {
		t.Fatal(err)
	}
	cl, err := ovsdb.Dial(t.Context(), "OVN_Southbound", ovsdb.ClientOptions{Remotes: []string{fmt.Sprintf("ssl:127.0.0.1:%d", port)}, TLS: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := cl.Transact(t.Context(), ovsdb.Select("SB_Global")); err != nil {
		t.Fatal(err)
	}
}

func TestWrongInput(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	sock, err := net.Listen("unix", dir+"/taken.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	corrupt := dir + "/corrupt"
	if err := os.Mkdir(corrupt, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(corrupt+"/nb.db", []byte("this is no database\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		opts Options
		want []string
	}{
		"data folder is a file":   {Options{DataDir: dir + "/file"}, []string{dir + "/file"}},
		"file is not a database":  {Options{DataDir: corrupt}, []string{corrupt + "/nb.db", "not an OVSDB file"}},
		"taken port":              {Options{NBRemotes: []string{fmt.Sprintf("ptcp:%d:127.0.0.1", port)}}, []string{fmt.Sprint(port), "in use"}},
		"taken socket":            {Options{NBRemotes: []string{"punix:" + dir + "/taken.sock"}}, []string{dir + "/taken.sock", "another process"}},
		"socket in no folder":     {Options{SBRemotes: []string{"punix:" + dir + "/no/such.sock"}}, []string{dir + "/no/such.sock"}},
		"unknown kind of remote":  {Options{NBRemotes: []string{"utp:1.2.3.4:5"}}, []string{"utp:1.2.3.4:5", "punix:PATH"}},
		"TLS without certificate": {Options{SBRemotes: []string{"pssl:0"}}, []string{"pssl:0", "no certificate"}},
		"TLS with a wrong file":   {Options{SBRemotes: []string{"pssl:0"}, TLS: ovsdb.TLSFiles{PrivateKey: dir + "/file", Certificate: dir + "/file", CACert: dir + "/file"}}, []string{dir + "/file"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.opts.DataDir == "" {
				tc.opts.DataDir = t.TempDir()
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := New(tc.opts).Run(ctx, func() {})
			if err == nil {
				t.Fatal("it runs")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Fatalf("there is no %q in: %v", want, err)
				}
			}
		})
	}
}

// TestStockNorthd has stock ovn-northd work on our databases, as a central taken apart does.
func TestStockNorthd(t *testing.T) {
	e := start(t, func(o *Options) { o.NoNorthd = true })
	cmd := exec.Command(stock(t, "ovn-northd"), "--ovnnb-db=unix:"+e.dir+"/nb.sock", "--ovnsb-db=unix:"+e.dir+"/sb.sock",
		"--unixctl="+e.dir+"/northd.ctl", "-vconsole:off")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	e.run("ovn-nbctl", "init")
	e.run("ovn-nbctl", "--wait=sb", "--timeout=60", "ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-set-addresses", "p1", "0a:00:00:00:00:01 10.0.0.1")
	e.expect("ls_in_l2_lkup", "ovn-sbctl", "lflow-list", "s1")
	e.run("ovn-nbctl", "--wait=sb", "--timeout=60", "ls-del", "s1")
	e.expect("active", "ovn-appctl", "-t", e.dir+"/northd.ctl", "status")
}

type logicalSwitch struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	OtherConfig map[string]string `ovsdb:"other_config"`
}

// TestLibovsdb has the client that most Go programs use for OVN read, write and follow.
func TestLibovsdb(t *testing.T) {
	e := start(t, nil)
	dbModel, err := model.NewClientDBModel("OVN_Northbound", map[string]model.Model{"Logical_Switch": &logicalSwitch{}})
	if err != nil {
		t.Fatal(err)
	}
	quiet := logr.Discard()
	c, err := client.NewOVSDBClient(dbModel, client.WithEndpoint("unix:"+e.dir+"/nb.sock"), client.WithLogger(&quiet))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.MonitorAll(ctx); err != nil {
		t.Fatal(err)
	}
	ops, err := c.Create(&logicalSwitch{UUID: "new", Name: "lib", OtherConfig: map[string]string{"a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Transact(ctx, ops...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := libovsdb.CheckOperationResults(res, ops); err != nil {
		t.Fatal(err)
	}
	e.expect("lib", "ovn-nbctl", "ls-list")
	e.run("ovn-nbctl", "set", "Logical_Switch", "lib", "other_config:b=2")
	for end := time.After(time.Minute); ; {
		var have []logicalSwitch
		if err := c.List(ctx, &have); err != nil {
			t.Fatal(err)
		}
		if len(have) == 1 && have[0].Name == "lib" && have[0].OtherConfig["b"] == "2" {
			return
		}
		select {
		case <-end:
			t.Fatalf("the cache has %v", have)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestOVNController has a stock ovn-controller register over TLS under its role. There is no vswitchd, so it gets no further
// than its chassis rows, which is all that it needs of us here.
func TestOVNController(t *testing.T) {
	dir := t.TempDir()
	c := newCA(t, dir)
	c.issue("server", c.cert, c.key)
	c.issue("ch1", c.cert, c.key)
	port := freePort(t)
	e := start(t, func(o *Options) {
		o.SBRemotes = append(o.SBRemotes, fmt.Sprintf("pssl:%d:127.0.0.1", port))
		o.SBRole = "ovn-controller"
		o.TLS = c.files("server")
	})
	conf := filepath.Join(e.dir, "conf.db")
	schema := filepath.Join(filepath.Dir(filepath.Dir(stock(t, "ovsdb-tool"))), "share/openvswitch/vswitch.ovsschema")
	e.run("ovsdb-tool", "create", conf, schema)
	background := func(name string, args ...string) {
		cmd := exec.Command(stock(t, name), args...)
		cmd.Env = append(os.Environ(), "OVS_RUNDIR="+e.dir, "OVN_RUNDIR="+e.dir, "OVS_SYSCONFDIR="+e.dir, "OVN_SYSCONFDIR="+e.dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
	}
	background("ovsdb-server", "--remote=punix:"+e.dir+"/db.sock", "--unixctl="+e.dir+"/conf.ctl", "-vconsole:off", conf)
	vsctl := func(args ...string) {
		e.run("ovs-vsctl", append([]string{"--db=unix:" + e.dir + "/db.sock", "--timeout=60", "--no-wait", "--retry"}, args...)...)
	}
	vsctl("init")
	vsctl("set", "Open_vSwitch", ".", "external_ids:system-id=ch1", fmt.Sprintf("external_ids:ovn-remote=ssl:127.0.0.1:%d", port),
		"external_ids:ovn-encap-type=geneve", "external_ids:ovn-encap-ip=127.0.0.1")
	f := c.files("ch1")
	background("ovn-controller", "--private-key="+f.PrivateKey, "--certificate="+f.Certificate, "--ca-cert="+f.CACert,
		"--unixctl="+e.dir+"/controller.ctl", "-vconsole:off", "unix:"+e.dir+"/db.sock")
	w, err := e.ct.SB().Watch(t.Context(), map[string][]string{"Chassis": nil, "Encap": nil, "Chassis_Private": nil})
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for end := time.After(time.Minute); !have["Chassis"] || !have["Encap"] || !have["Chassis_Private"]; {
		select {
		case d := <-w:
			for _, ch := range d.Changes {
				if ch.New != nil && (ch.New.String("name") == "ch1" || ch.New.String("chassis_name") == "ch1") {
					have[ch.Table] = true
				}
			}
		case <-end:
			t.Fatalf("ovn-controller registered %v only", have)
		}
	}
}

// TestConnectionRows has listeners come and go as the tools say.
func TestConnectionRows(t *testing.T) {
	port := freePort(t)
	e := start(t, func(o *Options) {
		o.SBRemotes = append(o.SBRemotes, "db:OVN_Southbound,SB_Global,connections")
	})
	remote := fmt.Sprintf("tcp:127.0.0.1:%d", port)
	e.run("ovn-sbctl", "set-connection", fmt.Sprintf("ptcp:%d:127.0.0.1", port))
	e.run("ovn-sbctl", "--timeout=60", "wait-until", "Connection", ".", fmt.Sprintf("status:bound_port=%d", port))
	e.run("ovn-sbctl", "--db="+remote, "show")
	e.run("ovn-sbctl", "set-connection", "read-only", fmt.Sprintf("ptcp:%d:127.0.0.1", port))
	e.run("ovn-sbctl", "--timeout=60", "wait-until", "Connection", ".", fmt.Sprintf("status:bound_port=%d", port))
	if out, err := e.try("ovn-sbctl", "--timeout=60", "--db="+remote, "set", "SB_Global", ".", "external_ids:a=b"); err == nil || !strings.Contains(out, "read only") {
		t.Fatalf("writing through a read-only connection: %v %s", err, out)
	}
	e.run("ovn-sbctl", "del-connection")
	for end := time.After(time.Minute); ; {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return
		}
		c.Close()
		select {
		case <-end:
			t.Fatal("the listener stays")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestActiveTargets has the server connect to clients that Connection rows name, over TCP with IPv6, TLS and a unix socket, and
// tell in the rows what becomes of it.
func TestActiveTargets(t *testing.T) {
	dir := t.TempDir()
	c := newCA(t, dir)
	for _, name := range []string{"server", "manager"} {
		c.issue(name, c.cert, c.key)
	}
	e := start(t, func(o *Options) {
		o.SBRemotes = append(o.SBRemotes, "db:OVN_Southbound,SB_Global,connections")
	})
	accept := func(ln net.Listener) net.Conn {
		t.Helper()
		ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(time.Minute))
		nc, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		nc.SetDeadline(time.Now().Add(time.Minute))
		return nc
	}
	ask := func(nc net.Conn, text, want string) {
		t.Helper()
		if _, err := nc.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got := ""
		buf := make([]byte, 64<<10)
		for !strings.Contains(got, want) {
			n, err := nc.Read(buf)
			if err != nil {
				t.Fatalf("%v; no %q in %s", err, want, got)
			}
			got += string(buf[:n])
		}
	}
	listen := func(network, addr string) net.Listener {
		ln, err := net.Listen(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		return ln
	}
	tcp, unix, tlsLn := listen("tcp", "[::1]:0"), listen("unix", e.dir+"/manager.sock"), listen("tcp", "127.0.0.1:0")
	tcpTarget, unixTarget, sslTarget := "tcp:"+tcp.Addr().String(), "unix:"+e.dir+"/manager.sock", "ssl:"+tlsLn.Addr().String()
	status := func(target, want string) {
		t.Helper()
		e.run("ovn-sbctl", "--timeout=60", "wait-until", "Connection", target, want)
	}

	e.run("ovn-sbctl", "set-connection", tcpTarget, "read-only", unixTarget)
	e.run("ovn-sbctl", "set", "Connection", tcpTarget, "max_backoff=1000")
	e.run("ovn-sbctl", "set", "SB_Global", ".", "external_ids:x=y")
	nc := accept(tcp)
	ask(nc, `{"id":1,"method":"list_dbs","params":[]}`, "OVN_Southbound")
	ask(nc, `{"id":2,"method":"lock","params":["held"]}`, `"locked":true`)
	status(tcpTarget, "is_connected=true")
	status(tcpTarget, "status:state=ACTIVE")
	status(tcpTarget, "status:locks_held=held")
	un := accept(unix)
	ask(un, `{"id":1,"method":"transact","params":["OVN_Southbound",{"op":"update","table":"SB_Global","where":[],"row":{"nb_cfg":1}}]}`, "read only")
	status(unixTarget, "is_connected=true")
	nc.Close()
	nc = accept(tcp) // it calls again
	ask(nc, `{"id":1,"method":"list_dbs","params":[]}`, "OVN_Southbound")
	status(tcpTarget, "status:sec_since_disconnect>=0")
	tcp.Close()
	nc.Close()
	status(tcpTarget, "status:state=BACKOFF")
	status(tcpTarget, "is_connected=false")
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := e.try("ovn-sbctl", "get", "Connection", tcpTarget, "status:last_error")
		if err == nil && strings.Contains(out, "Connection refused") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the last error: %v %s", err, out)
		}
	}

	// TLS: without keys it is not tried; with an SSL row it is, and the CA comes from the peer when the row says so.
	e.run("ovn-sbctl", "set-connection", sslTarget)
	status(sslTarget, "status:state=BACKOFF")
	own := c.files("server")
	ca := filepath.Join(e.dir, "fetched.crt")
	e.run("ovn-sbctl", "--bootstrap", "set-ssl", own.PrivateKey, own.Certificate, ca)
	f := c.files("manager")
	cert, err := tls.LoadX509KeyPair(f.Certificate, f.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert.Certificate = append(cert.Certificate, c.cert.Raw)
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	var client string
	for range 2 { // the first connection brings the CA
		s := tls.Server(accept(tlsLn), &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
		if s.Handshake() != nil {
			continue
		}
		client = s.ConnectionState().PeerCertificates[0].Subject.CommonName
		if _, err := os.Stat(ca); err != nil {
			t.Fatal(err)
		}
		s.SetDeadline(time.Now().Add(time.Minute))
		if _, err := s.Write([]byte(`{"id":1,"method":"list_dbs","params":[]}`)); err != nil {
			continue
		}
		if n, err := s.Read(make([]byte, 1000)); err != nil || n == 0 {
			continue
		}
		status(sslTarget, "is_connected=true")
	}
	if client != "server" {
		t.Fatalf("over TLS came %q", client)
	}
	if pem, err := os.ReadFile(ca); err != nil || !bytes.Contains(pem, []byte("BEGIN CERTIFICATE")) {
		t.Fatalf("the CA was not kept: %v", err)
	}
	e.run("ovn-sbctl", "del-connection")
}

// TestPassiveTargets has Connection and SSL rows open unix, IPv6 and TLS remotes, and a conversion of the database leave them.
func TestPassiveTargets(t *testing.T) {
	dir := t.TempDir()
	c := newCA(t, dir)
	for _, name := range []string{"server", "ch1"} {
		c.issue(name, c.cert, c.key)
	}
	e := start(t, func(o *Options) {
		o.SBRemotes = append(o.SBRemotes, "db:OVN_Southbound,SB_Global,connections")
	})
	port, sslPort := freePort(t), freePort(t)
	own, peer := c.files("server"), c.files("ch1")
	e.run("ovn-sbctl", "set-ssl", own.PrivateKey, own.Certificate, own.CACert, "TLSv1.3")
	e.run("ovn-sbctl", "set-connection", "punix:"+e.dir+"/more.sock", fmt.Sprintf("ptcp:%d:[::1]", port), "role=ovn-controller", fmt.Sprintf("pssl:%d:[::1]", sslPort))
	e.run("ovn-sbctl", "--timeout=60", "wait-until", "Connection", fmt.Sprintf("ptcp:%d:[::1]", port), fmt.Sprintf("status:bound_port=%d", port))
	tlsArgs := []string{"--timeout=60", "--private-key=" + peer.PrivateKey, "--certificate=" + peer.Certificate, "--ca-cert=" + peer.CACert}
	again := func() {
		t.Helper()
		e.run("ovn-sbctl", "--db=unix:"+e.dir+"/more.sock", "--timeout=60", "show")
		e.run("ovn-sbctl", fmt.Sprintf("--db=tcp:[::1]:%d", port), "--timeout=60", "show")
		e.run("ovn-sbctl", append(tlsArgs, fmt.Sprintf("--db=ssl:[::1]:%d", sslPort), "show")...)
	}
	again()
	if out, err := e.try("ovn-sbctl", append(tlsArgs, fmt.Sprintf("--db=ssl:[::1]:%d", sslPort), "set", "SB_Global", ".", "external_ids:a=b")...); err == nil || !strings.Contains(out, `role \"ovn-controller\" prohibit`) {
		t.Fatalf("the role of the row does not count: %v %s", err, out)
	}
	if out, err := e.try("ovsdb-client", append(tlsArgs, "--ssl-protocols=TLSv1.2", "list-dbs", fmt.Sprintf("ssl:[::1]:%d", sslPort))...); err == nil {
		t.Fatalf("TLS 1.2 is spoken although the row says 1.3: %s", out)
	}
	schema := filepath.Join(filepath.Dir(filepath.Dir(stock(t, "ovsdb-tool"))), "share/ovn/ovn-sb.ovsschema")
	text, err := os.ReadFile(schema)
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.ovsschema")
	if err := os.WriteFile(newer, bytes.Replace(text, []byte(`"max_backoff"`), []byte(`"another": {"type":"string"}, "max_backoff"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	e.run("ovsdb-client", "convert", "unix:"+e.dir+"/sb.sock", newer)
	again()
	// The rows are still followed.
	e.run("ovn-sbctl", "--timeout=60", "set-connection", "punix:"+e.dir+"/other.sock")
	e.run("ovn-sbctl", "--timeout=60", "--db=unix:"+e.dir+"/other.sock", "show")
	if out, err := e.try("ovn-sbctl", "--db=unix:"+e.dir+"/more.sock", "--timeout=2", "show"); err == nil {
		t.Fatalf("a remote that no row asks for goes on: %s", out)
	}
}
