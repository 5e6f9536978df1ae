package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// Names and addresses of what every lab has.
const (
	Fabric   = "fabric"   // host that holds the bridges
	Internet = "internet" // host outside of the cluster and default gateway of the nodes

	// InternetAddress is an address of the internet host to which nothing but the default route leads (RFC 5737).
	InternetAddress = "203.0.113.10"

	managementBridge = "br-mgmt"
	tunnelBridge     = "br-tunnel"
)

var (
	managementNet = netip.MustParsePrefix("192.168.77.0/24")
	tunnelNet     = netip.MustParsePrefix("192.168.78.0/24")
)

// Lab is a set of hosts on one fabric.
type Lab struct {
	name string
	dir  string
}

// Host is one host of a lab. Its state is read from disk with every call: it may have been changed by another process.
type Host struct {
	lab  *Lab
	Name string
}

// hostState is what is kept of a host in <lab>/<host>/state.json.
type hostState struct {
	Index      int               `json:"index"`     // host part of the node's addresses; 0 for fabric and internet
	Pid        int               `json:"pid"`       // of the init, in the machine's pid namespace
	StartTime  uint64            `json:"startTime"` // field 22 of /proc/PID/stat: tells pid reuse
	Cgroups    []cgroup          `json:"cgroups"`
	ExtraBinds map[string]string `json:"binds,omitempty"` // path in the host → path on the machine, read-only
}

// Dir is where the state of the lab of that name lives.
func Dir(name string) string {
	base := os.Getenv("KOVE_LAB_DIR")
	if base == "" {
		base = "/var/tmp/kove-lab"
	}
	return filepath.Join(base, name)
}

// Open returns the lab of that name, whether or not it exists yet.
func Open(name string) *Lab { return &Lab{name: name, dir: Dir(name)} }

// Up makes the fabric and the internet host, which sees binds as a node does. It is safe to call on a lab that is up.
func (l *Lab) Up(binds map[string]string) error {
	if os.Geteuid() != 0 {
		return errors.New("making a lab: namespaces need root")
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return fmt.Errorf("making lab %s: %w", l.name, err)
	}
	if err := l.recordSysctls("/proc/sys"); err != nil {
		return err
	}
	fabric, internet := l.Host(Fabric), l.Host(Internet)
	if !fabric.Running() {
		if err := fabric.start(0, nil); err != nil {
			return err
		}
		if err := fabric.makeBridges(); err != nil {
			return err
		}
	}
	if !internet.Running() {
		if err := internet.start(0, binds); err != nil {
			return err
		}
		if err := l.plug(internet, "eth0", managementBridge, gatewayOf(managementNet)); err != nil {
			return err
		}
		if err := internet.addLoopbackAddress(InternetAddress + "/32"); err != nil {
			return err
		}
	}
	return nil
}

// Down kills every host and removes every file, cgroup and mount of the lab.
func (l *Lab) Down() error {
	var errs []error
	for _, h := range l.Hosts() {
		errs = append(errs, h.PowerOff())
		errs = append(errs, h.removeCgroups())
	}
	if errs = append(errs, removeAll(l.dir)); errors.Join(errs...) != nil {
		return fmt.Errorf("taking lab %s down: %w", l.name, errors.Join(errs...))
	}
	if err := l.restoreSysctls("/proc/sys"); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(l.dir)) // only when this was the last lab
	return nil
}

// Hosts lists the hosts whose state is on disk, the fabric last: the others' NICs end there.
func (l *Lab) Hosts() []*Host {
	ents, _ := os.ReadDir(l.dir)
	var hosts []*Host
	for _, e := range ents {
		if _, err := os.Stat(filepath.Join(l.dir, e.Name(), "state.json")); err == nil {
			hosts = append(hosts, l.Host(e.Name()))
		}
	}
	sort.SliceStable(hosts, func(i, j int) bool { return hosts[i].Name != Fabric && hosts[j].Name == Fabric })
	return hosts
}

// Nodes lists the hosts that are nodes.
func (l *Lab) Nodes() []*Host {
	var nodes []*Host
	for _, h := range l.Hosts() {
		if h.Name != Fabric && h.Name != Internet {
			nodes = append(nodes, h)
		}
	}
	return nodes
}

// Host returns the host of that name, whether or not it exists.
func (l *Lab) Host(name string) *Host { return &Host{lab: l, Name: name} }

// Boot makes a node, or starts it again with the state that it had. index (1..200) is the host part of its addresses.
// binds maps paths in the node to files or folders of the machine, mounted read-only.
func (l *Lab) Boot(name string, index int, binds map[string]string) (*Host, error) {
	h := l.Host(name)
	if h.Running() {
		return h, nil
	}
	if index < 1 || index > 200 {
		return nil, fmt.Errorf("booting node %s: index %d is not in 1..200", name, index)
	}
	if err := h.start(index, binds); err != nil {
		return nil, err
	}
	if err := l.plug(h, "eth0", managementBridge, netip.PrefixFrom(h.Address(), managementNet.Bits())); err != nil {
		return nil, err
	}
	if err := h.addDefaultRoute(gatewayOf(managementNet).Addr()); err != nil {
		return nil, err
	}
	if err := l.plug(h, "eth1", tunnelBridge, netip.PrefixFrom(h.TunnelAddress(), tunnelNet.Bits())); err != nil {
		return nil, err
	}
	return h, nil
}

// Reboot starts a node again after PowerOff with the index and binds that it had.
func (h *Host) Reboot() error {
	s, err := h.state()
	if err != nil {
		return err
	}
	_, err = h.lab.Boot(h.Name, s.Index, s.ExtraBinds)
	return err
}

// Address is the node's address on its management NIC eth0.
func (h *Host) Address() netip.Addr { return h.addressIn(managementNet) }

// TunnelAddress is the node's address on its tunnel NIC eth1.
func (h *Host) TunnelAddress() netip.Addr { return h.addressIn(tunnelNet) }

func (h *Host) addressIn(p netip.Prefix) netip.Addr {
	s, _ := h.state()
	a := p.Addr().As4()
	a[3] = byte(10 + s.Index)
	return netip.AddrFrom4(a)
}

// gatewayOf is the internet host's address in the management net, by custom the first one.
func gatewayOf(p netip.Prefix) netip.Prefix { return netip.PrefixFrom(p.Addr().Next(), p.Bits()) }

// Dir is the host's folder on the machine.
func (h *Host) Dir() string { return filepath.Join(h.lab.dir, h.Name) }

// Path is where a path of the host's own state folders (/var, /tmp is not among them) is on the machine.
func (h *Host) Path(inHost string) string {
	if rest, ok := strings.CutPrefix(inHost, "/var/"); ok {
		return filepath.Join(h.Dir(), "var", rest)
	}
	return filepath.Join(h.Dir(), "up", inHost)
}

func (h *Host) state() (hostState, error) {
	var s hostState
	b, err := os.ReadFile(filepath.Join(h.Dir(), "state.json"))
	if err != nil {
		return s, fmt.Errorf("reading state of host %s: %w", h.Name, err)
	}
	return s, json.Unmarshal(b, &s)
}

func (h *Host) save(s hostState) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.Dir(), "state.json"), b, 0o644)
}

// Running tells whether the init that the state names is alive.
func (h *Host) Running() bool {
	s, err := h.state()
	return err == nil && s.Pid > 0 && startTime(s.Pid) == s.StartTime
}

// Pid of the host's init in the machine's pid namespace, 0 when it is not running.
func (h *Host) Pid() int {
	if !h.Running() {
		return 0
	}
	s, _ := h.state()
	return s.Pid
}

// removeAll is os.RemoveAll for folders in which a mount may go away a moment after its namespace did.
func removeAll(dir string) error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = os.RemoveAll(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return err
}
