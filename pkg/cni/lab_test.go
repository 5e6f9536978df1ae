package cni

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"k8s.io/client-go/rest"

	"github.com/kove-io/kove/pkg/cni/shim"
	"github.com/kove-io/kove/pkg/ovs"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
	"github.com/kove-io/kove/pkg/supervise"
	"github.com/kove-io/kove/tests/reaper"
)

// The lab: stock OVN central, two nodes in network namespaces, each a process of this test binary that runs pkg/ovs and
// the daemon as kove does, pods in further namespaces plugged by the real shim, and a host outside.
//
//	kvcni-ul: bridges tun (172.31.9.0/24) and wan (192.0.2.0/24, outside host .254)
//	kvcni-nI: eth0 192.0.2.I, default route .254; eth1 172.31.9.I, the tunnel NIC

const labPrefix = "kvcni-"

func TestMain(m *testing.M) {
	if spec := os.Getenv("KOVE_CNI_TEST_NODE"); spec != "" {
		if err := runNode(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(reaper.Main(func() int {
		// The namespaces' names are this run's own: another checkout's tests have the same.
		err := os.MkdirAll("/run/netns", 0o755)
		if err == nil {
			err = syscall.Mount("tmpfs", "/run/netns", "tmpfs", 0, "mode=755")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "making a folder for namespaces:", err)
			return 1
		}
		return m.Run()
	}))
}

// nodeSpec is what a node process is told.
type nodeSpec struct {
	Name, Dir, API, SB string
	Key, Cert, CA      string
	Datapath           string
	EncapIP            netip.Addr
	NodeIP             netip.Addr
	BinDir             string
	AddTimeout         time.Duration
}

func (s nodeSpec) options(log *slog.Logger) (ovs.Options, Options) {
	dp := ovs.Options{BinDir: s.BinDir, StateDir: s.Dir + "/ovs-state", RunDir: s.Dir + "/ovs", LogDir: s.Dir + "/logs", NodeName: s.Name,
		EncapIP: s.EncapIP, SBRemote: s.SB, PrivateKey: s.Key, Certificate: s.Cert, CACert: s.CA, DatapathType: s.Datapath, Logger: log}
	tunnelNIC := ""
	if s.Datapath == vswitch.DatapathNetdev {
		tunnelNIC = "eth1"
	}
	return dp, Options{NodeName: s.Name, NodeIPs: []netip.Addr{s.NodeIP}, OVSSocket: dp.DBSocket(), Socket: s.Dir + "/cni.sock",
		RESTConfig: &rest.Config{Host: "http://api", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.API)
		}},
		ConfDir: s.Dir + "/net.d", StateFile: s.Dir + "/hostnet.json", DatapathType: dp.DatapathType, EncapIP: s.EncapIP,
		TunnelNIC: tunnelNIC, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("10.43.0.0/16")}, AddTimeout: s.AddTimeout, Logger: log}
}

func runNode(text string) error {
	var s nodeSpec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	dp, o := s.options(log)
	plane, err := ovs.New(dp)
	if err != nil {
		return err
	}
	daemon, err := New(o)
	if err != nil {
		return err
	}
	g := supervise.NewGroup(log)
	var before *supervise.Handle
	var vswitchd *supervise.Handle
	for i, c := range plane.Components() {
		before = g.Add(c, supervise.After(before))
		if i == 1 {
			vswitchd = before
		}
	}
	g.Add(daemon, supervise.After(vswitchd))
	return g.Run(context.Background())
}

type lab struct {
	t     testing.TB
	dir   string
	bin   string
	api   *fakeAPI
	ca    *labCA // nil: nodes use the unix socket
	nodes map[string]*labNode
	shim  string
	pods  int
}

type labNode struct {
	nodeSpec
	cmd *exec.Cmd
}

func (l *lab) run(name string, args ...string) string {
	l.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (l *lab) stock(name string, args ...string) string {
	l.t.Helper()
	return l.run(filepath.Join(l.bin, name), args...)
}

func (l *lab) nb(args ...string) string {
	l.t.Helper()
	return l.stock("ovn-nbctl", append([]string{"--db=unix:" + l.dir + "/nb.sock", "--timeout=60"}, args...)...)
}

// newLab boots everything. It takes seconds, so that tests share one lab and run one after another.
func newLab(t testing.TB, central string, nodes int) *lab {
	if os.Getuid() != 0 {
		t.Fatal("this test makes network namespaces: run it as root")
	}
	stock := os.Getenv("STOCK")
	if stock == "" {
		stock = "/var/tmp/kove-stock"
	}
	if _, err := os.Stat(stock + "/bin/ovn-northd"); err != nil {
		t.Fatalf("stock OVN is missing in %s: run make stock", stock)
	}
	dir, err := os.MkdirTemp("/var/tmp", labPrefix)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: dir, bin: stock + "/bin", nodes: map[string]*labNode{}}
	t.Cleanup(func() {
		if t.Failed() {
			l.dumpLogs()
		}
		os.RemoveAll(dir)
	})
	l.shim = l.program("kove-cni")
	l.api = newFakeAPI(t, dir+"/api.sock")
	l.underlay()
	switch central {
	case stockCentral:
		l.stockCentral(stock)
	case koveCentral:
		l.koveCentral()
	}
	l.network()
	for i := 1; i <= nodes; i++ {
		l.addNode(i)
	}
	return l
}

// program builds one of the project's programs, or takes the one that the test in the guest brought along.
func (l *lab) program(name string) string {
	if inGuest() {
		return filepath.Join(guestDir, name)
	}
	l.run("go", "build", "-o", filepath.Join(l.dir, name), "github.com/kove-io/kove/cmd/"+name)
	return filepath.Join(l.dir, name)
}

// patience is for waits that end in a failure: the guest's processor is emulated.
func (l *lab) patience(d time.Duration) time.Duration {
	if inGuest() {
		return 5 * d
	}
	return d
}

func (l *lab) dumpLogs() {
	for name, n := range l.nodes {
		b, _ := os.ReadFile(n.Dir + "/node.log")
		if len(b) > 6000 {
			b = b[len(b)-6000:]
		}
		l.t.Logf("--- node %s\n%s", name, b)
	}
}

// The lab's central: the stock programs over unix sockets, or kove's own over TLS with RBAC.
const (
	stockCentral = "stock central"
	koveCentral  = "kove central"
)

func (l *lab) start(c *exec.Cmd) {
	if err := c.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
}

func (l *lab) koveCentral() {
	central := l.program("ovn-central")
	l.ca = newLabCA(l.t, l.dir)
	l.ca.issue(l.t, "central", net.IPv4(192, 0, 2, 254))
	c := exec.Command("nsenter", "--net=/run/netns/"+labPrefix+"ul", central, "--data-dir", l.dir+"/central",
		"--nb-remote", "punix:"+l.dir+"/nb.sock", "--sb-remote", "punix:"+l.dir+"/sb.sock", "--sb-remote", "pssl:6642:192.0.2.254",
		"--private-key", l.dir+"/central.key", "--certificate", l.dir+"/central.crt", "--ca-cert", l.dir+"/ca.crt", "--sb-role", "ovn-controller")
	log, err := os.Create(l.dir + "/central.log")
	if err != nil {
		l.t.Fatal(err)
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	l.start(c)
	l.await("kove's central", func() error {
		c, err := net.Dial("unix", l.dir+"/nb.sock")
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (l *lab) stockCentral(stock string) {
	env := append(os.Environ(), "OVN_RUNDIR="+l.dir, "OVS_RUNDIR="+l.dir, "OVS_SYSLOG_METHOD=null")
	start := func(program string, args ...string) {
		c := exec.Command(filepath.Join(l.bin, program), append(args, "-vconsole:off", "--no-chdir")...)
		c.Env = env
		l.start(c)
	}
	for _, db := range []string{"nb", "sb"} {
		l.stock("ovsdb-tool", "create", l.dir+"/"+db+".db", stock+"/share/ovn/ovn-"+db+".ovsschema")
		start("ovsdb-server", l.dir+"/"+db+".db", "--remote=punix:"+l.dir+"/"+db+".sock", "--unixctl="+l.dir+"/"+db+".ctl", "--log-file="+l.dir+"/"+db+".log")
		l.await("the "+db+" database", func() error {
			c, err := net.Dial("unix", l.dir+"/"+db+".sock")
			if err == nil {
				c.Close()
			}
			return err
		})
	}
	start("ovn-northd", "--ovnnb-db=unix:"+l.dir+"/nb.sock", "--ovnsb-db=unix:"+l.dir+"/sb.sock", "--unixctl="+l.dir+"/northd.ctl", "--log-file="+l.dir+"/northd.log")
	l.nb("init")
	l.nb("--wait=sb", "sync")
}

func (l *lab) netns(name string) string {
	name = labPrefix + name
	_ = exec.Command("ip", "netns", "del", name).Run()
	l.run("ip", "netns", "add", name)
	l.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	l.run("ip", "-n", name, "link", "set", "lo", "up")
	return name
}

func (l *lab) underlay() {
	ul := l.netns("ul")
	for _, b := range []string{"tun", "wan"} {
		l.run("ip", "-n", ul, "link", "add", b, "type", "bridge")
		l.run("ip", "-n", ul, "link", "set", b, "up")
	}
	l.run("ip", "-n", ul, "addr", "add", "192.0.2.254/24", "dev", "wan")
}

// network makes what the controllers make: the switches ovn-default and join on the router ovn-cluster.
func (l *lab) network() {
	l.nb("ls-add", "ovn-default", "--", "ls-add", "join", "--", "lr-add", "ovn-cluster")

	for _, s := range [][3]string{{"ovn-default", "0a:58:0a:10:00:01", "10.16.0.1/16"}, {"join", "0a:58:64:40:00:01", "100.64.0.1/16"}} {
		l.nb("lrp-add", "ovn-cluster", "ovn-cluster-"+s[0], s[1], s[2], "--", "lsp-add", s[0], s[0]+"-ovn-cluster", "--",
			"lsp-set-type", s[0]+"-ovn-cluster", "router", "--", "lsp-set-addresses", s[0]+"-ovn-cluster", "router", "--",
			"lsp-set-options", s[0]+"-ovn-cluster", "router-port=ovn-cluster-"+s[0])
		l.nb("lr-policy-add", "ovn-cluster", "31000", "ip4.dst == "+netip.MustParsePrefix(s[2]).Masked().String(), "allow")
		l.api.set("/apis/kubeovn.io/v1/subnets", s[0], "", map[string]any{"spec": map[string]any{"vpc": "ovn-cluster",
			"cidrBlock": netip.MustParsePrefix(s[2]).Masked().String(), "natOutgoing": s[0] == "ovn-default"}})
	}
	l.nb("lr-route-add", "ovn-cluster", "0.0.0.0/0", labDefaultRoute)
}

// Policies decide where packets for the outside go, but only routed packets reach them; hence Kube-OVN's default route.
const labDefaultRoute = "100.64.0.1"

func (l *lab) addNode(i int) *labNode {
	name := "n" + strconv.Itoa(i)
	ns := l.netns(name)
	for nic, at := range map[string][2]string{"eth0": {"wan", fmt.Sprintf("192.0.2.%d/24", i)}, "eth1": {"tun", fmt.Sprintf("172.31.9.%d/24", i)}} {
		peer := name + "-" + at[0]
		l.run("ip", "link", "add", peer, "netns", labPrefix+"ul", "type", "veth", "peer", "name", nic, "netns", ns)
		l.run("ip", "-n", labPrefix+"ul", "link", "set", peer, "master", at[0], "up")
		l.run("ip", "-n", ns, "link", "set", nic, "up")
		l.run("ip", "-n", ns, "addr", "add", at[1], "dev", nic)
	}
	l.run("ip", "-n", ns, "route", "add", "default", "via", "192.0.2.254")
	n := &labNode{nodeSpec: nodeSpec{Name: name, Dir: l.dir + "/" + name, API: l.api.socket, SB: "unix:" + l.dir + "/sb.sock",
		EncapIP: netip.MustParseAddr(fmt.Sprintf("172.31.9.%d", i)), NodeIP: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i)),
		BinDir: l.bin, AddTimeout: l.patience(40 * time.Second), Datapath: vswitch.DatapathNetdev}}
	if inGuest() {
		n.Datapath = vswitch.DatapathSystem
	}
	l.nodes[name] = n
	if l.ca != nil {
		l.ca.issue(l.t, name)
		n.SB, n.Key, n.Cert, n.CA = "ssl:192.0.2.254:6642", l.dir+"/"+name+".key", l.dir+"/"+name+".crt", l.dir+"/ca.crt"
	}
	mac, ip := fmt.Sprintf("0a:58:64:40:01:%02x", i), fmt.Sprintf("100.64.0.%d", i+1)
	port := "node-" + name
	l.nb("lsp-add", "join", port, "--", "lsp-set-addresses", port, mac+" "+ip, "--", "pg-add", "ovn.default."+name, "--",
		"lr-policy-add", "ovn-cluster", "30000", "ip4.dst == "+n.NodeIP.String(), "reroute", ip)
	l.nb("lr-policy-add", "ovn-cluster", "29000", "ip4.src == $ovn.default."+name+"_ip4", "reroute", ip)
	l.api.set("/api/v1/nodes", name, "", map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		"ovn.kubernetes.io/allocated": "true", "ovn.kubernetes.io/ip_address": ip, "ovn.kubernetes.io/mac_address": mac,
		"ovn.kubernetes.io/cidr": "100.64.0.0/16", "ovn.kubernetes.io/gateway": "100.64.0.1", "ovn.kubernetes.io/logical_switch": "join",
		"ovn.kubernetes.io/port_name": port}},
		"status": map[string]any{"addresses": []any{map[string]any{"type": "InternalIP", "address": n.NodeIP.String()}},
			"conditions": []any{map[string]any{"type": "NetworkUnavailable", "status": "True"}}}})
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	t := l.t // subtests replace it
	l.t.Cleanup(func() {
		l.stopNode(n)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := ovs.Stop(ctx, n.Dir+"/ovs"); err != nil {
			t.Error(err)
		}
	})
	l.startNode(n)
	l.awaitGateway(n)
	return n
}

// startNode starts the node's kove in its namespace.
func (l *lab) startNode(n *labNode) {
	spec, err := json.Marshal(n.nodeSpec)
	if err != nil {
		l.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	log, err := os.OpenFile(n.Dir+"/node.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		l.t.Fatal(err)
	}
	defer log.Close()
	n.cmd = exec.Command("nsenter", "--net=/run/netns/"+labPrefix+n.Name, self, "-test.run=^$")
	n.cmd.Env = append(os.Environ(), "KOVE_CNI_TEST_NODE="+string(spec))
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
}

// stopNode kills the node's kove, as a crash does.
func (l *lab) stopNode(n *labNode) {
	if n.cmd != nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
		n.cmd = nil
	}
}

// awaitGateway waits until the kubelet would call the node Ready.
func (l *lab) awaitGateway(n *labNode) {
	l.t.Helper()
	l.awaitUp(n)
	if _, err := os.Stat(n.Dir + "/net.d/" + confFile); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) awaitUp(n *labNode) {
	l.t.Helper()
	l.await("the gateway of "+n.Name, func() error {
		reply, err := shim.Call(n.Dir+"/cni.sock", shim.Request{Command: shim.Status})
		if err != nil {
			return err
		}
		if reply.Error != nil {
			return reply.Error
		}
		return nil
	})
}

// await polls a condition of the world outside the code under test.
func (l *lab) await(what string, ok func() error) {
	l.t.Helper()
	deadline := time.Now().Add(l.patience(time.Minute))
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("waiting for %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type labPod struct {
	name, ns, sandbox, mac string
	ip                     netip.Addr
	node                   *labNode
	result                 string // of the last ADD
}

// newPod makes the logical port and the namespace of a pod, and the Pod with the controllers' annotations.
func (l *lab) newPod(node, name string) *labPod {
	l.t.Helper()
	l.pods++
	p := &labPod{name: name, ns: l.netns("p-" + name), sandbox: fmt.Sprintf("%x", sha256.Sum256([]byte(l.dir+name+strconv.Itoa(l.pods)))),
		mac: fmt.Sprintf("0a:58:0a:10:01:%02x", l.pods), ip: netip.MustParseAddr(fmt.Sprintf("10.16.1.%d", l.pods)), node: l.nodes[node]}
	lsp := name + ".default"
	l.nb("lsp-add", "ovn-default", lsp, "--", "lsp-set-addresses", lsp, p.mac+" "+p.ip.String(), "--", "lsp-set-port-security", lsp, p.mac+" "+p.ip.String())
	l.nb(append([]string{"pg-set-ports", "ovn.default." + node}, l.lspsOn(node, lsp)...)...)
	l.setPod(p, true)
	return p
}

var labMembers = map[string][]string{}

func (l *lab) lspsOn(node, lsp string) []string {
	labMembers[l.dir+node] = append(labMembers[l.dir+node], lsp)
	return labMembers[l.dir+node]
}

func (l *lab) setPod(p *labPod, allocated bool) {
	a := map[string]any{}
	if allocated {
		a = map[string]any{"ovn.kubernetes.io/allocated": "true", "ovn.kubernetes.io/ip_address": p.ip.String(), "ovn.kubernetes.io/mac_address": p.mac,
			"ovn.kubernetes.io/cidr": "10.16.0.0/16", "ovn.kubernetes.io/gateway": "10.16.0.1", "ovn.kubernetes.io/logical_switch": "ovn-default"}
	}
	l.api.set("/api/v1/pods", p.name, "default", map[string]any{"metadata": map[string]any{"uid": "uid-" + p.name, "annotations": a},
		"spec": map[string]any{"nodeName": p.node.Name}})
}

// call executes the shim as the container runtime does.
func (l *lab) call(p *labPod, command string) (string, error) {
	c := exec.Command(l.shim)
	c.Env = []string{"CNI_COMMAND=" + command, "CNI_CONTAINERID=" + p.sandbox, "CNI_NETNS=/run/netns/" + p.ns, "CNI_IFNAME=eth0", "CNI_PATH=" + l.dir,
		"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + p.name + ";K8S_POD_INFRA_CONTAINER_ID=" + p.sandbox + ";K8S_POD_UID=uid-" + p.name}
	prev := ""
	if command != shim.Add && p.result != "" {
		prev = `,"prevResult":` + p.result
	}
	c.Stdin = strings.NewReader(`{"cniVersion":"1.0.0","name":"kove","type":"kove-cni","socket":"` + p.node.Dir + `/cni.sock"` + prev + `}`)
	var out, msg bytes.Buffer
	c.Stdout, c.Stderr = &out, &msg
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s%s", err, out.String(), msg.String())
	}
	if command == shim.Add {
		p.result = out.String()
	}
	return out.String(), nil
}

func (l *lab) plug(node, name string) *labPod {
	l.t.Helper()
	p := l.newPod(node, name)
	if out, err := l.call(p, shim.Add); err != nil {
		l.t.Fatalf("ADD: %v %s", err, out)
	}
	return p
}

// ping sends n pings at an interval and returns how many were lost.
func (l *lab) ping(ns, to string, n int, args ...string) int {
	l.t.Helper()
	args = append([]string{"netns", "exec", ns, "ping", "-n", "-D", "-O", "-W", "1", "-c", strconv.Itoa(n)}, append(args, to)...)
	out, err := exec.Command("ip", args...).CombinedOutput()
	m := regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`).FindSubmatch(out)
	if m == nil {
		if err != nil {
			l.t.Logf("ping %s: %v %s", to, err, out)
		}
		return n
	}
	sent, _ := strconv.Atoi(string(m[1]))
	got, _ := strconv.Atoi(string(m[2]))
	if got > 0 && got < sent {
		l.t.Logf("ping %s from %s:\n%s", to, ns, unanswered(string(out)))
	}
	return sent - got
}

// unanswered are ping's words about packets without an answer, with their times.
func unanswered(out string) string {
	var b strings.Builder
	for _, line := range strings.Split(out, "\n") {
		if !strings.Contains(line, "bytes from") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// mustPing wants five answers in a row. Packets may be lost before that, while a tunnel resolves its peer or ovs-vswitchd is
// busy with the ports of pods that have just come; what must never be lost is counted by the steps about accidents.
func (l *lab) mustPing(ns, to string, args ...string) {
	l.t.Helper()
	l.await(ns+" to reach "+to, func() error { return lostErr(l.ping(ns, to, 5, append([]string{"-i", "0.02"}, args...)...)) })
}

// inNS runs f on a thread inside a namespace; sockets made by f belong to it.
func inNS(name string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ns, err := netns.GetFromName(name)
		if err == nil {
			err = netns.Set(ns)
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// copyTCP sends size bytes from one namespace to another and compares checksums.
func (l *lab) copyTCP(from, to string, ip netip.Addr, size int) error {
	var lis net.Listener
	if err := inNS(to, func() (err error) { lis, err = net.Listen("tcp", netip.AddrPortFrom(ip, 7001).String()); return err }); err != nil {
		return err
	}
	defer lis.Close()
	type result struct {
		sum []byte
		err error
	}
	got := make(chan result, 1)
	go func() {
		c, err := lis.Accept()
		if err != nil {
			got <- result{err: err}
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(120 * time.Second))
		h := sha256.New()
		n, err := io.Copy(h, c)
		if err == nil && n != int64(size) {
			err = fmt.Errorf("received %d of %d bytes", n, size)
		}
		got <- result{h.Sum(nil), err}
	}()
	var c net.Conn
	if err := inNS(from, func() (err error) {
		c, err = net.DialTimeout("tcp", netip.AddrPortFrom(ip, 7001).String(), 20*time.Second)
		return err
	}); err != nil {
		return err
	}
	_ = c.SetDeadline(time.Now().Add(120 * time.Second))
	h := sha256.New()
	block := make([]byte, 1<<16)
	for sent := 0; sent < size; sent += len(block) {
		for i := range block {
			block[i] = byte(i*7 + sent>>16)
		}
		h.Write(block)
		if _, err := c.Write(block); err != nil {
			return err
		}
	}
	c.Close()
	r := <-got
	if r.err != nil {
		return r.err
	}
	if !bytes.Equal(r.sum, h.Sum(nil)) {
		return errors.New("checksums differ")
	}
	return nil
}

// pid of a child program of a node.
func (n *labNode) pid(program string) int {
	b, err := os.ReadFile(n.Dir + "/ovs/" + program + ".pid")
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

func (n *labNode) killChild(t testing.TB, program string) int {
	t.Helper()
	pid := n.pid(program)
	if pid == 0 {
		t.Fatalf("%s of %s does not run", program, n.Name)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	return pid
}

func (l *lab) ports(n *labNode) string {
	return l.stock("ovs-vsctl", "--db=unix:"+n.Dir+"/ovs/db.sock", "--columns=name,external_ids", "list", "Interface")
}

func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
