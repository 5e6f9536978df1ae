package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

// machine is a Host that has nothing wrong until a test breaks it.
type machine struct {
	Host     // what the start does not ask; nil: a panic if it does
	user     int
	now      time.Time
	nics     []config.NIC
	files    map[string]string
	present  []string // directories and files that exist
	plain    []string // of these, those that are files
	free     uint64
	readOnly bool
	denied   bool
	socket   bool
	kernel   error
	owners   map[string]string
	probe    *pki.Probe
	probeErr error
	asked    int
	tokenErr error
	sent     int // tokens
}

const procTCP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func tcpLine(local string, state, inode string) string {
	return fmt.Sprintf("   0: %s 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %s 1 0000000000000000 100 0 0 10 0\n", local, state, inode)
}

func newMachine() *machine {
	return &machine{
		now:  time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		nics: []config.NIC{{Name: "lo", Addrs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}, {Name: "eth0", Up: true, Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/24")}}},
		files: map[string]string{
			"/proc/net/tcp": procTCP, "/proc/net/tcp6": procTCP,
			// default by eth0, 192.0.2.0/24 on eth0
			"/proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
				"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
				"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
		},
		present: []string{"/", "/var", "/var/lib", "/run"}, free: 100 << 30, probe: &pki.Probe{CABundle: []byte("ca"), Dated: true},
	}
}

func (m *machine) Hostname() (string, error) { return "n1", nil }
func (m *machine) SourceAddress(netip.Addr) (netip.Addr, error) {
	return netip.MustParseAddr("192.0.2.10"), nil
}
func (m *machine) Resolve(string) ([]netip.Addr, error)  { return nil, errors.New("no such host") }
func (m *machine) NICs() ([]config.NIC, error)           { return m.nics, nil }
func (m *machine) UserID() int                           { return m.user }
func (m *machine) FreeDisk(string) (uint64, bool, error) { return m.free, m.readOnly, nil }
func (m *machine) Answers(string) bool                   { return m.socket }
func (m *machine) SocketOwner(inode string) string       { return m.owners[inode] }
func (m *machine) KernelDatapath() error                 { return m.kernel }
func (m *machine) Now() time.Time                        { return m.now }
func (m *machine) FetchCA(context.Context, string) (*pki.Probe, error) {
	m.asked++
	return m.probe, m.probeErr
}
func (m *machine) CheckToken(context.Context, string, []byte, pki.Token) (pki.Plan, error) {
	m.sent++
	return pki.Plan{}, m.tokenErr
}
func (m *machine) Writable(string) error {
	if m.denied {
		return syscall.EACCES
	}
	return nil
}
func (m *machine) ReadFile(path string) ([]byte, error) {
	if data, ok := m.files[path]; ok {
		return []byte(data), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}
func (m *machine) Stat(path string) (fs.FileInfo, error) {
	switch {
	case slices.Contains(m.plain, path):
		return fs.Stat(fstest.MapFS{"x": {}}, "x")
	case slices.Contains(m.present, path):
		return fs.Stat(fstest.MapFS{"x/y": {}}, "x")
	}
	return nil, &fs.PathError{Op: "stat", Path: path, Err: fs.ErrNotExist}
}

func serverConf() *config.Config {
	c := config.Default(config.Server)
	c.Node.Name, c.Node.IPs = "n1", []netip.Addr{netip.MustParseAddr("192.0.2.10")}
	return c
}

func agentConf() *config.Config {
	c := config.Default(config.Agent)
	c.Node.Name, c.Node.IPs = "n1", []netip.Addr{netip.MustParseAddr("192.0.2.10")}
	c.Join.Server, c.Join.Token = "https://192.0.2.1:6443", "K10"+pki.HashCA([]byte("ca"))+"::node:secret"
	return c
}

func TestPreflight(t *testing.T) {
	noModule := errors.New("no such file or directory")
	server, agent := serverConf, agentConf
	for _, tc := range []struct {
		name   string
		conf   func() *config.Config
		change func(*machine, *config.Config)
		want   []string // ids in order; "warning ID" for warnings
		says   []string
	}{
		{"healthy server", server, nil, nil, nil},
		{"healthy agent", agent, nil, nil, nil},
		{"not root", server, func(m *machine, _ *config.Config) { m.user, m.denied = 1000, true }, []string{"root"}, []string{"sudo kove server"}},
		{"already running", server, func(m *machine, _ *config.Config) { m.socket, m.free = true, 0 }, []string{"running"}, []string{"kove stop"}},
		{"dead battery", server, func(m *machine, _ *config.Config) { m.now = time.Unix(0, 0) }, []string{"clock"}, []string{"1970-01-01", "timedatectl"}},
		{"full disk", server, func(m *machine, _ *config.Config) { m.free = 8 << 20 }, []string{"data-dir/disk-full"}, []string{"/var/lib/kove", "8 MiB", "space", "--min-free-disk"}},
		{"data-dir is a file", server, func(m *machine, c *config.Config) {
			m.plain, c.Paths.DataDir = []string{"/var/lib/notadir"}, "/var/lib/notadir"
			c.Origins["data-dir"] = "--data-dir"
		}, []string{"data-dir/not-a-directory"}, []string{"--data-dir", "/var/lib/notadir"}},
		{"below a file", server, func(m *machine, c *config.Config) { m.plain, c.Paths.DataDir = []string{"/srv"}, "/srv/kove" }, []string{"data-dir/not-a-directory"}, []string{"/srv is not"}},
		{"not writable", server, func(m *machine, _ *config.Config) { m.denied = true }, []string{"data-dir/not-writable", "run-dir/not-writable"}, []string{"permission denied"}},
		{"read-only", server, func(m *machine, _ *config.Config) { m.readOnly = true }, []string{"data-dir/read-only", "run-dir/read-only"}, []string{"remount"}},
		{"address of no NIC", server, func(_ *machine, c *config.Config) {
			c.Node.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.7")}
			c.Origins["node-ip"] = "--node-ip"
		}, []string{"address/node-ip"}, []string{"--node-ip 192.0.2.7", "192.0.2.10 (eth0)"}},
		{"bind address of no NIC", server, func(_ *machine, c *config.Config) { c.API.BindAddress = netip.MustParseAddr("192.0.2.7") }, []string{"address/bind-address"}, []string{"bind-address"}},
		{"range of a host route", server, func(m *machine, _ *config.Config) {
			m.files["/proc/net/route"] += "eth1\t0000100A\t0A0200C0\t0003\t0\t0\t0\t0000F0FF\t0\t0\t0\n" // 10.16.0.0/12
		}, []string{"ranges/cluster-cidr"}, []string{"cluster-cidr 10.16.0.0/16", "10.16.0.0/12", "eth1"}},
		{"kove's own routes", server, func(m *machine, _ *config.Config) {
			m.files["/proc/net/route"] += "ovn0\t0000100A\t00000000\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
		}, nil, nil},
		{"API port taken", server, func(m *machine, _ *config.Config) {
			m.files["/proc/net/tcp"] += tcpLine("00000000:192B", "0A", "77")
			m.owners = map[string]string{"77": "nginx (pid 812)"}
		}, []string{"ports/6443"}, []string{"6443", "nginx (pid 812)", "--https-listen-port"}},
		{"API port taken on IPv6", server, func(m *machine, _ *config.Config) {
			m.files["/proc/net/tcp6"] += tcpLine("00000000000000000000000000000000:192B", "0A", "77")
		}, []string{"ports/6443"}, []string{"another program", "[::]:6443"}},
		{"taken on another address", server, func(m *machine, c *config.Config) {
			m.files["/proc/net/tcp"] += tcpLine("0100007F:192B", "0A", "77")
			c.API.BindAddress = netip.MustParseAddr("192.0.2.10")
		}, nil, nil},
		{"a connection is no listener", server, func(m *machine, _ *config.Config) { m.files["/proc/net/tcp"] += tcpLine("00000000:192B", "01", "77") }, nil, nil},
		{"kubelet's port taken", agent, func(m *machine, _ *config.Config) { m.files["/proc/net/tcp"] += tcpLine("00000000:280A", "0A", "78") }, []string{"ports/10250"}, []string{"kubelet"}},
		{"kubelet's port does not matter", server, func(m *machine, c *config.Config) {
			m.files["/proc/net/tcp"] += tcpLine("00000000:280A", "0A", "78")
			c.Control.DisableAgent = true
		}, nil, nil},

		{"one node without the module", server, func(m *machine, _ *config.Config) { m.kernel = noModule }, nil, nil},
		{"kernel datapath without the module", server, func(m *machine, c *config.Config) { m.kernel, c.OVN.Datapath = noModule, config.DatapathKernel }, []string{"datapath/kernel"}, []string{"modprobe openvswitch"}},
		{"second node without the module", agent, func(m *machine, _ *config.Config) { m.kernel = noModule }, []string{"datapath/tunnel-nic"}, []string{"--tunnel-nic"}},
		{"second node in userspace", agent, func(_ *machine, c *config.Config) { c.OVN.Datapath = config.DatapathUserspace }, []string{"datapath/tunnel-nic"}, []string{"--tunnel-nic"}},
		{"second node with a tunnel NIC", agent, func(m *machine, c *config.Config) {
			m.kernel, c.OVN.TunnelNIC = noModule, "eth1"
			m.nics = append(m.nics, config.NIC{Name: "eth1"})
		}, nil, nil},
		{"the node's NIC as tunnel NIC", server, func(_ *machine, c *config.Config) { c.OVN.Datapath, c.OVN.TunnelNIC = config.DatapathUserspace, "eth0" }, []string{"datapath/tunnel-nic"}, []string{"tunnel-nic eth0", "192.0.2.10"}},
		{"the default route's NIC as tunnel NIC", server, func(m *machine, c *config.Config) {
			c.OVN.Datapath, c.OVN.TunnelNIC = config.DatapathUserspace, "eth1"
			m.nics = append(m.nics, config.NIC{Name: "eth1"})
			m.files["/proc/net/route"] = strings.ReplaceAll(m.files["/proc/net/route"], "eth0\t00000000", "eth1\t00000000")
		}, []string{"datapath/tunnel-nic"}, []string{"default route"}},
		{"with the module any NIC will do", server, func(_ *machine, c *config.Config) { c.OVN.TunnelNIC = "eth0" }, nil, nil},

		{"damaged token", agent, func(_ *machine, c *config.Config) { c.Join.Token = "K10nonsense" }, []string{"token/damaged"}, []string{"token", "node-token"}},
		{"token of another cluster", agent, func(m *machine, _ *config.Config) { m.probe.CABundle = []byte("another") }, []string{"token/other-cluster"}, []string{"CA", "node-token"}},
		{"token of another cluster on a new server", server, func(_ *machine, c *config.Config) { c.Join.Token = "K10" + strings.Repeat("ab", 32) + "::server:x" }, []string{"token/other-cluster"}, []string{"kove agent"}},
		{"token of another cluster on a server", server, func(m *machine, c *config.Config) {
			c.Join.Token = "K10" + strings.Repeat("ab", 32) + "::server:x"
			m.files[c.Paths.TLS("server-ca.crt")] = "ca"
		}, []string{"token/other-cluster"}, []string{"/var/lib/kove/server/token"}},
		{"own token on a server", server, func(m *machine, c *config.Config) {
			c.Join.Token = "K10" + pki.HashCA([]byte("ca")) + "::server:x"
			m.files[c.Paths.TLS("server-ca.crt")] = "ca"
		}, nil, nil},
		{"wrong token", agent, func(m *machine, _ *config.Config) { m.tokenErr = pki.ErrWrongToken }, []string{"token/rejected"}, []string{"kove token create"}},
		{"server that does not know tokens yet", agent, func(m *machine, _ *config.Config) { m.tokenErr = errors.New("the server says 503") }, nil, nil},
		{"unreachable server", agent, func(m *machine, _ *config.Config) { m.probeErr = errors.New("connection refused") }, []string{"server/unreachable"}, []string{"https://192.0.2.1:6443", "connection refused", "6642"}},
		{"unreachable server of a node that joined", agent, func(m *machine, c *config.Config) {
			m.probeErr = errors.New("connection refused")
			m.present = append(m.present, c.Paths.Agent("cluster.json"), "/var/lib/kove")
		}, []string{"warning server/unreachable"}, nil},
		{"starting server", agent, func(m *machine, _ *config.Config) { m.probeErr = fmt.Errorf("x: %w", pki.ErrStarting) }, nil, nil},
		{"another program", agent, func(m *machine, _ *config.Config) { m.probeErr = fmt.Errorf("x: %w", pki.ErrNotServer) }, []string{"server/not-kove"}, []string{"https://HOST:6443"}},
		{"clock behind", agent, func(m *machine, _ *config.Config) { m.probe.Ahead = 3 * time.Hour }, []string{"server/clock-skew"}, []string{"3h0m0s behind", "timedatectl"}},
		{"clock ahead", agent, func(m *machine, _ *config.Config) { m.probe.Ahead = -3 * time.Minute }, []string{"server/clock-skew"}, []string{"ahead"}},
		{"small skew", agent, func(m *machine, _ *config.Config) { m.probe.Ahead = time.Minute }, nil, nil},
		{"several at once", server, func(m *machine, c *config.Config) {
			m.free = 0
			c.Node.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.7")}
		}, []string{"data-dir/disk-full", "run-dir/disk-full", "address/node-ip"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, c := newMachine(), tc.conf()
			if tc.change != nil {
				tc.change(m, c)
			}
			var got []string
			var text strings.Builder
			for _, f := range Preflight(context.Background(), m, c) {
				id := f.ID
				if f.Severity == Warning {
					id = "warning " + id
				}
				got = append(got, id)
				fmt.Fprintln(&text, f)
				if f.Seen == "" || f.Why == "" || f.Remedy == "" {
					t.Errorf("%+v is incomplete", f)
				}
			}
			if m.sent > 0 && slices.Contains(got, "token/other-cluster") {
				t.Error("the token went to a server that it does not belong to")
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("found %q, want %q\n%s", got, tc.want, &text)
			}
			for _, s := range tc.says {
				if !strings.Contains(text.String(), s) {
					t.Errorf("%q is not said:\n%s", s, &text)
				}
			}
		})
	}
}

func TestServerAsksNobody(t *testing.T) {
	m := newMachine()
	Preflight(context.Background(), m, serverConf())
	if m.asked != 0 {
		t.Error("a server's preflight sent something")
	}
}

// TestServerIsAskedOnce has several checks ask the server to join; one that does not answer costs its time limit once.
func TestServerIsAskedOnce(t *testing.T) {
	for name, down := range map[string]error{"answers": nil, "does not": errors.New("i/o timeout")} {
		m := newMachine()
		m.probeErr = down
		c := agentConf()
		Preflight(t.Context(), m, c)
		sent := 1
		if down != nil {
			sent = 0
		}
		if m.asked != 1 || m.sent != sent {
			t.Errorf("a server that %s was asked %d times for its CA and got the token %d times, not 1 and %d", name, m.asked, m.sent, sent)
		}
	}
}

func TestCheckNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.Name] || c.Name == "" || len(c.Roles) == 0 || c.Run == nil || c.About == "" {
			t.Errorf("check %+v", c.Name)
		}
		seen[c.Name] = true
	}
}
