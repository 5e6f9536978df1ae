package packets

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

const underlay = "172.31.0." // + number of the chassis

// lab is the central, the chassis and the physical network.
type lab struct {
	dir, stock string
	env        []string // for stock's tools: where the databases are
	fabric     *netNS   // bridge "under", the tunnels' network
	tor        *ovs     // the switch of the physical network
	hv         map[string]*chassis
	central    []*process
	vlans      sync.Map // VLAN of the physical network → name of the case that has it
}

// ovs is one Open vSwitch: its database server and its switch.
type ovs struct {
	lab          *lab
	name, dir    string
	ns           *netNS
	db, vswitchd *process
}

// chassis is an Open vSwitch with an ovn-controller.
type chassis struct {
	*ovs
	controller *process
}

var (
	labOnce sync.Once
	theLab  *lab
	labErr  error
)

// needLab starts the lab for the first case that asks. When the case fails, it prints what the daemons warned about meanwhile.
func needLab(t *testing.T) *lab {
	t.Helper()
	labOnce.Do(func() {
		begin := time.Now()
		theLab, labErr = newLab(os.Getenv(insideEnv), cmp.Or(os.Getenv("STOCK"), "/var/tmp/kove-stock"))
		if labErr == nil {
			t.Logf("the lab started in %v", time.Since(begin).Round(time.Millisecond))
		}
	})
	if labErr != nil {
		t.Fatal(labErr)
	}
	l := theLab
	before := l.logSizes()
	t.Cleanup(func() {
		if t.Failed() {
			l.printWarnings(t, before)
		}
	})
	return l
}

func newLab(dir, stock string) (*lab, error) {
	if _, err := os.Stat(filepath.Join(stock, "bin", "ovn-controller")); err != nil {
		return nil, fmt.Errorf("stock OVN is missing in %s: run make stock, or set STOCK", stock)
	}
	l := &lab{dir: dir, stock: stock, hv: map[string]*chassis{}}
	var err error
	if l.fabric, err = newNS("fabric"); err != nil {
		return nil, err
	}
	err = l.fabric.do(func() error {
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "under", MTU: 1500}}
		if err := netlink.LinkAdd(br); err != nil {
			return err
		}
		return netlink.LinkSetUp(br)
	})
	if err != nil {
		return nil, fmt.Errorf("making the tunnels' bridge: %w", err)
	}
	if err := l.startCentral(); err != nil {
		return nil, err
	}
	if l.tor, err = l.newOVS("tor"); err != nil {
		return nil, err
	}
	if err := l.tor.vsctl("--may-exist", "add-br", "tor", "--", "set", "bridge", "tor", "datapath_type="+datapath(), "other_config:mac-table-size=8192"); err != nil {
		return nil, err
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs = make([]error, 3)
	)
	for i := range errs {
		wg.Go(func() {
			c, err := l.newChassis(i + 1)
			mu.Lock()
			defer mu.Unlock()
			if errs[i] = err; err == nil {
				l.hv[c.name] = c
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	// From now on "all chassis" means three.
	_, err = l.tool("ovn-sbctl", "--timeout="+seconds(60), "wait-until", "Chassis", "hv1", "--", "wait-until", "Chassis", "hv2", "--", "wait-until", "Chassis", "hv3")
	return l, err
}

// environ is the environment of a daemon or tool that keeps its files in dir.
func (l *lab) environ(dir string) []string {
	env := []string{"PATH=" + filepath.Join(l.stock, "bin") + ":" + os.Getenv("PATH"), "OVS_SYSLOG_METHOD=null",
		"OVN_NB_DB=unix:" + l.dir + "/central/nb.sock", "OVN_SB_DB=unix:" + l.dir + "/central/sb.sock"}
	for _, v := range []string{"OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR", "OVS_DBDIR", "OVN_DBDIR", "OVS_SYSCONFDIR", "OVN_SYSCONFDIR"} {
		env = append(env, v+"="+dir)
	}
	return env
}

// daemon makes the process of a program that keeps its files in dir.
func (l *lab) daemon(ns *netNS, dir, name string, argv ...string) *process {
	if !strings.Contains(argv[0], "/") {
		argv[0] = filepath.Join(l.stock, "bin", argv[0])
	}
	return &process{name: name, ns: ns, dir: dir, argv: argv, env: l.environ(dir)}
}

// startCentral makes the databases and starts what serves and computes them.
func (l *lab) startCentral() error {
	dir := filepath.Join(l.dir, "central")
	if err := os.MkdirAll(dir+"/data", 0o755); err != nil {
		return err
	}
	l.env = l.environ(dir)
	for _, db := range []string{"nb", "sb"} {
		if _, err := l.tool("ovsdb-tool", "create", dir+"/data/"+db+".db", l.stock+"/share/ovn/ovn-"+db+".ovsschema"); err != nil {
			return err
		}
	}
	var err error
	if l.central, err = l.centralBy(*centralFlag); err != nil {
		return err
	}
	if err := l.restartCentral(); err != nil {
		return err
	}
	_, err = l.tool("ovn-nbctl", "--timeout="+seconds(60), "init", "--", "set", "NB_Global", ".", "options:bfd-min-rx=300")
	return err
}

// centralBy is the processes that serve and compute the databases: kove, stock, northd, or the path of an ovn-central. All of them
// keep the databases in the same files and listen on the same sockets.
func (l *lab) centralBy(who string) ([]*process, error) {
	dir := filepath.Join(l.dir, "central")
	ours := filepath.Join(l.dir, "ovn-central")
	if who != "stock" && who != "northd" {
		if who != "kove" {
			ours = who
		}
		return []*process{l.daemon(l.fabric, dir, "ovn-central", ours, "--data-dir", dir+"/data", "--ctl-dir", dir, "--nb-remote", "punix:"+dir+"/nb.sock", "--sb-remote", "punix:"+dir+"/sb.sock")}, nil
	}
	var ps []*process
	for _, db := range []string{"nb", "sb"} {
		ps = append(ps, l.daemon(l.fabric, dir, db, "ovsdb-server", dir+"/data/"+db+".db", "--remote=punix:"+dir+"/"+db+".sock", "--unixctl="+dir+"/"+db+".ctl"))
	}
	northd := "ovn-northd"
	if who == "northd" {
		northd = filepath.Join(dir, northd)
		if err := os.Symlink(ours, northd); err != nil {
			return nil, err
		}
	}
	return append(ps, l.daemon(l.fabric, dir, "northd", northd, "--unixctl="+dir+"/northd.ctl")), nil
}

// restartCentral starts the central's processes, none of which may be running, and waits until the databases answer.
func (l *lab) restartCentral() error {
	for _, p := range l.central {
		if err := p.start(); err != nil {
			return err
		}
	}
	for i, db := range []string{"nb", "sb"} {
		if err := l.central[min(i, len(l.central)-1)].waitSocket(l.dir + "/central/" + db + ".sock"); err != nil {
			return err
		}
	}
	return nil
}

// tool runs one of stock's programs against the central's databases.
func (l *lab) tool(name string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(l.stock, "bin", name), args...)
	cmd.Env = l.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// datapath is the type of the bridges' datapath.
func datapath() string {
	if *kernelFlag {
		return "system"
	}
	return "netdev"
}

// newOVS starts an Open vSwitch in a namespace of that name.
func (l *lab) newOVS(name string) (*ovs, error) {
	o := &ovs{lab: l, name: name, dir: filepath.Join(l.dir, name)}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	if o.ns, err = newNS(name); err != nil {
		return nil, err
	}
	if _, err := l.tool("ovsdb-tool", "create", o.dir+"/conf.db", l.stock+"/share/openvswitch/vswitch.ovsschema"); err != nil {
		return nil, err
	}
	o.db = l.daemon(o.ns, o.dir, "ovsdb", "ovsdb-server", o.dir+"/conf.db", "--remote=punix:"+o.dir+"/db.sock", "--unixctl="+o.dir+"/ovsdb.ctl")
	if err := o.db.start(); err != nil {
		return nil, err
	}
	if err := o.db.waitSocket(o.dir + "/db.sock"); err != nil {
		return nil, err
	}
	if err := o.vsctl("--no-wait", "init", "--", "set", "open", ".", "external_ids:system-id="+name); err != nil {
		return nil, err
	}
	o.vswitchd = l.daemon(o.ns, o.dir, "vswitchd", "ovs-vswitchd", "unix:"+o.dir+"/db.sock", "--pidfile="+o.dir+"/ovs-vswitchd.pid", "--unixctl="+o.dir+"/vswitchd.ctl")
	return o, o.vswitchd.start()
}

// vsctl configures the switch; without --no-wait it returns when ovs-vswitchd has done it.
func (o *ovs) vsctl(args ...string) error {
	_, err := o.lab.tool("ovs-vsctl", append([]string{"--db=unix:" + o.dir + "/db.sock", "--timeout=" + seconds(60)}, args...)...)
	return err
}

func (l *lab) newChassis(number int) (*chassis, error) {
	name := fmt.Sprintf("hv%d", number)
	o, err := l.newOVS(name)
	if err != nil {
		return nil, err
	}
	c := &chassis{ovs: o}
	if err := cable(o.ns, "under0", l.fabric, name, 1500); err != nil {
		return nil, err
	}
	if err := l.fabric.do(func() error {
		br, err := netlink.LinkByName("under")
		if err != nil {
			return err
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(link, br)
	}); err != nil {
		return nil, fmt.Errorf("plugging %s into the tunnels' bridge: %w", name, err)
	}
	if err := cable(o.ns, "phys0", l.tor.ns, name, 1500); err != nil {
		return nil, err
	}
	if err := l.tor.vsctl("add-port", "tor", name); err != nil {
		return nil, err
	}
	ip, nic := fmt.Sprint(underlay, number), "under0"
	if !*kernelFlag {
		// A userspace tunnel works when its address sits on a bridge of the userspace datapath.
		nic = "br-under"
		if err := o.vsctl("add-br", nic, "--", "set", "bridge", nic, "datapath_type=netdev", "--", "add-port", nic, "under0"); err != nil {
			return nil, err
		}
	}
	if err := o.vsctl("add-br", "br-ex", "--", "set", "bridge", "br-ex", "datapath_type="+datapath(), "--", "add-port", "br-ex", "phys0",
		"--", "set", "open", ".", "external_ids:ovn-remote=unix:"+l.dir+"/central/sb.sock", "external_ids:ovn-encap-type=geneve", "external_ids:ovn-encap-ip="+ip,
		"external_ids:ovn-bridge-datapath-type="+datapath(), "external_ids:ovn-bridge-mappings=phys:br-ex",
		fmt.Sprintf("external_ids:ovn-chassis-mac-mappings=phys:0a:c0:00:00:00:%02x", number), "external_ids:ovn-monitor-all=false"); err != nil {
		return nil, err
	}
	if err := o.ns.address(nic, ip+"/24"); err != nil {
		return nil, err
	}
	c.controller = l.daemon(o.ns, o.dir, "ovn-controller", "ovn-controller", "unix:"+o.dir+"/db.sock", "--unixctl="+o.dir+"/ovn-controller.ctl")
	return c, c.controller.start()
}

// logs are the files that daemons write to.
func (l *lab) logs() []string {
	files, _ := filepath.Glob(filepath.Join(l.dir, "*", "*.out"))
	return files
}

func (l *lab) logSizes() map[string]int64 {
	sizes := map[string]int64{}
	for _, f := range l.logs() {
		if st, err := os.Stat(f); err == nil {
			sizes[f] = st.Size()
		}
	}
	return sizes
}

// printWarnings logs the warnings that daemons have written since the sizes were taken, the last ones of each.
func (l *lab) printWarnings(t *testing.T, since map[string]int64) {
	for _, f := range l.logs() {
		data, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		var lines []string
		for _, line := range strings.Split(string(data[min(since[f], int64(len(data))):]), "\n") {
			if strings.Contains(line, "|WARN|") || strings.Contains(line, "|ERR|") || strings.Contains(line, "|EMER|") || strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			name, _ := filepath.Rel(l.dir, f)
			t.Logf("%s:\n%s", name, strings.Join(lines[max(0, len(lines)-8):], "\n"))
		}
	}
}
