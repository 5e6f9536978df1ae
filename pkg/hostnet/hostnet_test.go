package hostnet

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests change the networking of a namespace of their own: the test binary runs itself once more in a new one.
func TestMain(m *testing.M) {
	if os.Getenv("KOVE_HOSTNET_TEST") != "" {
		// Link-local addresses come and settle when the kernel gets to it, in the middle of what is compared.
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/addr_gen_mode", []byte("1"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests make a network namespace: run them as root")
		os.Exit(1)
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), "KOVE_HOSTNET_TEST=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := c.Run(); err != nil {
		os.Exit(1)
	}
}

func run(t *testing.T, line string) string {
	t.Helper()
	f := strings.Fields(line)
	out, err := exec.Command(f[0], f[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// await waits until a command says what is wanted.
func await(t *testing.T, what, cmd, want string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		f := strings.Fields(cmd)
		out, _ := exec.Command(f[0], f[1:]...).CombinedOutput()
		if strings.Contains(string(out), want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: no %q in %s", what, want, out)
		}
	}
}

func open(t *testing.T, stateFile string) *Host {
	t.Helper()
	h, err := New(Options{StateFile: stateFile, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func link(t *testing.T, name string) {
	run(t, "ip link add "+name+" type veth peer name "+name+"-p")
	run(t, "ip link set "+name+"-p up")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", name).Run() })
}

func desired() Desired {
	return Desired{
		Links: []Link{{Name: "kvhn0", MTU: 1400, MAC: net.HardwareAddr{0x0a, 0, 0, 0, 0, 9}, Addresses: []netip.Prefix{pfx("100.64.0.2/16"), pfx("fd64::2/64")},
			Sysctls: map[string]string{"ipv4/rp_filter": "2"}}},
		Routes: []Route{{Dst: pfx("10.16.0.0/16"), Via: netip.MustParseAddr("100.64.0.1"), Src: netip.MustParseAddr("100.64.0.2"), Link: "kvhn0"},
			{Dst: pfx("fd16::/64"), Via: netip.MustParseAddr("fd64::1"), Link: "kvhn0"}},
		Masquerade: &Masquerade{Sources: []netip.Prefix{pfx("10.16.0.0/16"), pfx("fd16::/64")},
			Except:     []netip.Prefix{pfx("10.16.0.0/16"), pfx("10.16.3.0/24"), pfx("255.255.255.0/24"), pfx("192.0.2.1/32"), pfx("fd16::/64")},
			ExceptLink: "kvhn0"},
		Sysctls: map[string]string{"net.ipv4.ip_forward": "1"},
	}
}

// snapshot is everything that Set may have touched.
func snapshot(t *testing.T) string {
	return run(t, "ip -o addr show dev kvhn0") + run(t, "ip -4 route") + run(t, "ip -6 route") + run(t, "nft list ruleset") + run(t, "ip -o link show dev kvhn0")
}

func TestSet(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "state.json"))
	if err := h.Set(desired()); err != nil { // no link yet
		t.Fatal(err)
	}
	link(t, "kvhn0")
	run(t, "ip addr add 10.9.9.9/24 dev kvhn0") // somebody's leftover
	if err := h.Apply(); err != nil {
		t.Fatal(err)
	}
	got := snapshot(t)
	for _, want := range []string{"100.64.0.2/16", "fd64::2/64", "10.16.0.0/16 via 100.64.0.1 dev kvhn0 proto 107 src 100.64.0.2", "fd16::/64 via fd64::1", "mtu 1400",
		"0a:00:00:00:00:09", "table ip kove", "table ip6 kove", `oifname "kvhn0" return`, "masquerade fully-random", "elements = { 10.16.0.0/16, 192.0.2.1, 255.255.255.0/24 }"} {
		if !strings.Contains(strings.ReplaceAll(strings.Join(strings.Fields(got), " "), ",\n", ", "), want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "10.9.9.9") {
		t.Errorf("the leftover address stayed:\n%s", got)
	}
	// Again, by us and by a later process, changes nothing: not even the kernel's notifications.
	await(t, "the link is up", "ip -o link show dev kvhn0", "state UP")
	await(t, "its other end is up", "ip -o link show dev kvhn0-p", "state UP")
	await(t, "the kernel has done with its address", "ip -6 route show table local", "local fd64::2 ")
	events := filepath.Join(t.TempDir(), "events")
	file, err := os.Create(events)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	monitor := exec.Command("ip", "-o", "monitor", "link", "address", "route")
	monitor.Stdout = file
	if err := monitor.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = monitor.Process.Kill()
		_ = monitor.Wait() // it was killed
	})
	// What it says lies between two changes of ours.
	for deadline := time.Now().Add(time.Minute); run(t, "cat "+events) == ""; {
		if time.Now().After(deadline) {
			t.Fatal("ip monitor says nothing")
		}
		run(t, "ip addr add 10.99.0.1/32 dev lo")
		run(t, "ip addr del 10.99.0.1/32 dev lo")
	}
	for range 3 {
		if err := h.Set(desired()); err != nil {
			t.Fatal(err)
		}
	}
	later := open(t, filepath.Join(t.TempDir(), "state.json"))
	if err := later.Set(desired()); err != nil {
		t.Fatal(err)
	}
	run(t, "ip addr add 10.99.0.2/32 dev lo")
	await(t, "the last event", "cat "+events, "10.99.0.2")
	run(t, "ip addr del 10.99.0.2/32 dev lo")
	for line := range strings.Lines(run(t, "cat "+events)) {
		if !strings.Contains(line, "10.99.0.") {
			t.Errorf("setting the same state again told the kernel: %s", line)
		}
	}
	if again := snapshot(t); again != got {
		t.Errorf("setting the same state again changed\n%s\nto\n%s", got, again)
	}
	// A later process that knows only a part yet takes nothing away.
	if err := open(t, filepath.Join(t.TempDir(), "state.json")).Set(Desired{Partial: true, Routes: []Route{{Dst: pfx("10.88.0.0/16"), Link: "kvhn0"}}}); err != nil {
		t.Fatal(err)
	}
	if again := snapshot(t); again != got {
		t.Errorf("a partial state changed\n%s\nto\n%s", got, again)
	}
	// A route that is not wanted any more goes, somebody else's stays.
	run(t, "ip route add 10.77.0.0/16 dev kvhn0")
	run(t, "nft add table ip foreign")
	d := desired()
	d.Routes, d.Masquerade = d.Routes[1:], nil
	if err := h.Set(d); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t); strings.Contains(got, "10.16.0.0/16") || strings.Contains(got, "kove") || !strings.Contains(got, "10.77.0.0/16") || !strings.Contains(got, "table ip foreign") {
		t.Errorf("%s", got)
	}
	run(t, "nft delete table ip foreign")
}

func TestRestore(t *testing.T) {
	run(t, "sysctl -qw net.ipv4.ip_forward=0")
	file := filepath.Join(t.TempDir(), "state.json")
	link(t, "kvhn0")
	h := open(t, file)
	for range 2 { // the second must not take our own value for the original
		if err := h.Set(desired()); err != nil {
			t.Fatal(err)
		}
		h = open(t, file)
	}
	if v := run(t, "sysctl -n net.ipv4.ip_forward"); v != "1\n" {
		t.Fatal(v)
	}
	for range 2 {
		if err := open(t, file).Restore(); err != nil {
			t.Fatal(err)
		}
	}
	if v := run(t, "sysctl -n net.ipv4.ip_forward"); v != "0\n" {
		t.Error(v)
	}
	if got := run(t, "ip route") + run(t, "nft list tables"); strings.Contains(got, "107") || strings.Contains(got, "kove") {
		t.Error(got)
	}
}

func TestRunAppliesAgain(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "state.json"))
	if err := h.Set(desired()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = h.Restore()
	})
	link(t, "kvhn0")
	await(t, "the link appeared", "ip route", "10.16.0.0/16 via")
	run(t, "ip link del kvhn0")
	run(t, "ip link add kvhn0 type veth peer name kvhn0-p")
	await(t, "the link reappeared", "ip route", "10.16.0.0/16 via")
	run(t, "ip addr flush dev kvhn0")
	await(t, "addresses flushed", "ip -o addr", "100.64.0.2/16")
	await(t, "addresses flushed", "ip route", "10.16.0.0/16 via")
	run(t, "ip route del 10.16.0.0/16")
	await(t, "a route deleted", "ip route", "10.16.0.0/16 via")
	run(t, "nft flush ruleset")
	await(t, "ruleset flushed", "nft list tables", "table ip kove")
	run(t, "ip link set kvhn0 down")
	await(t, "set down", "ip -o link show up", "kvhn0")
}

func TestTakeNIC(t *testing.T) {
	link(t, "kvhn1")
	run(t, "ip addr add 172.31.0.5/24 dev kvhn1")
	run(t, "ip link set kvhn1 up")
	file := filepath.Join(t.TempDir(), "state.json")
	h := open(t, file)
	if _, err := h.TakeNIC("kvhn9", nil); err == nil {
		t.Error("a NIC that does not exist was taken")
	}
	if _, err := h.TakeNIC("kvhn1", []netip.Addr{netip.MustParseAddr("172.31.0.5")}); err == nil || !strings.Contains(err.Error(), "the node's address") {
		t.Errorf("%v", err)
	}
	run(t, "ip route add default via 172.31.0.1")
	if _, err := h.TakeNIC("kvhn1", nil); err == nil || !strings.Contains(err.Error(), "default route") {
		t.Errorf("%v", err)
	}
	run(t, "ip route del default")
	run(t, "ip route add 10.200.0.0/16 via 172.31.0.1 metric 7")
	nic, err := h.TakeNIC("kvhn1", nil)
	if err != nil {
		t.Fatal(err)
	}
	link(t, "kvhnbr")
	d := Desired{Links: []Link{{Name: "kvhn1"}, {Name: "kvhnbr", Addresses: nic.Addresses}}}
	for _, r := range nic.Routes {
		d.Routes = append(d.Routes, Route{Dst: r.Dst, Via: r.Via, Src: r.Src, Metric: r.Metric, Link: "kvhnbr"})
	}
	if err := h.Set(d); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip -o addr show dev kvhnbr") + run(t, "ip route"); !strings.Contains(got, "172.31.0.5/24") || !strings.Contains(got, "10.200.0.0/16 via 172.31.0.1 dev kvhnbr") {
		t.Error(got)
	}
	// A later process finds the NIC without an address and knows what it had.
	again, err := open(t, file).TakeNIC("kvhn1", nil)
	if err != nil || len(again.Addresses) != 1 || again.Addresses[0] != pfx("172.31.0.5/24") || len(again.Routes) != 1 {
		t.Errorf("%+v %v", again, err)
	}
	run(t, "ip link del kvhnbr")
	if err := open(t, file).Restore(); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip -o addr show dev kvhn1") + run(t, "ip route"); !strings.Contains(got, "172.31.0.5/24") || !strings.Contains(got, "10.200.0.0/16 via 172.31.0.1 dev kvhn1 proto static metric 7") {
		t.Error(got)
	}
}

func TestPodLink(t *testing.T) {
	ns := fmt.Sprintf("kvhn-%d", os.Getpid())
	run(t, "ip netns add "+ns)
	t.Cleanup(func() { run(t, "ip netns del "+ns) })
	h := open(t, filepath.Join(t.TempDir(), "state.json"))
	p := PodLink{HostName: "0123456789ab_h", NetNS: "/run/netns/" + ns, Name: "eth0", MAC: net.HardwareAddr{0x0a, 0, 0, 0, 0, 7}, MTU: 1380,
		Addresses: []netip.Prefix{pfx("10.16.0.5/16"), pfx("fd16::5/64")}, Gateways: []netip.Addr{netip.MustParseAddr("169.254.1.1"), netip.MustParseAddr("fd16::1")},
		Routes: []PodRoute{{Dst: pfx("192.168.7.0/24"), Via: netip.MustParseAddr("10.16.0.9")}}, NoOffload: true}
	for range 2 { // over the leftover of an earlier attempt
		if err := h.AddPodLink(p); err != nil {
			t.Fatal(err)
		}
	}
	got := run(t, "ip -n "+ns+" addr show dev eth0") + run(t, "ip -n "+ns+" route") + run(t, "ip -n "+ns+" -6 route")
	for _, want := range []string{"mtu 1380", "0a:00:00:00:00:07", "10.16.0.5/16", "fd16::5/64", "default via 169.254.1.1 dev eth0 onlink", "192.168.7.0/24 via 10.16.0.9", "default via fd16::1"} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
	for _, where := range []string{"ip netns exec " + ns + " ethtool -k eth0", "ethtool -k " + p.HostName} {
		for _, line := range strings.Split(run(t, where), "\n") {
			for _, offload := range []string{"tx-checksumming:", "\ttx-tcp-segmentation:", "generic-segmentation-offload:", "generic-receive-offload:"} {
				if strings.HasPrefix(line, offload) && !strings.HasPrefix(line, offload+" off") {
					t.Errorf("%s: %s", where, line)
				}
			}
		}
	}
	if err := h.CheckPodLink(p); err != nil {
		t.Error(err)
	}
	bad := p
	bad.HostName, bad.Name = "bbbbbbbbbbbb_h", "eth0" // the pod has an eth0 already
	if err := h.AddPodLink(bad); err == nil {
		t.Error("two links of one name")
	}
	bad.Name, bad.Routes = "eth1", []PodRoute{{Dst: pfx("10.0.0.0/8"), Via: netip.MustParseAddr("fd16::1")}} // no such route
	if err := h.AddPodLink(bad); err == nil {
		t.Error("an impossible route was added")
	}
	if has, err := h.HasLink(bad.HostName); err != nil || has {
		t.Errorf("a failed attempt left its link (%v)", err)
	}
	if err := h.DeleteLink(p.HostName); err != nil {
		t.Fatal(err)
	}
	if err := h.CheckPodLink(p); err == nil {
		t.Error("the check passed without a link")
	}
}

func TestDisjoint(t *testing.T) {
	got := disjoint([]netip.Prefix{pfx("10.16.3.0/24"), pfx("10.16.0.0/16"), pfx("fd00::/8"), pfx("10.16.0.0/16"), pfx("10.15.0.1/32")}, true)
	if fmt.Sprint(got) != "[10.15.0.1/32 10.16.0.0/16]" {
		t.Error(got)
	}
	if a := after(pfx("255.255.255.0/24")); a.IsValid() {
		t.Error(a)
	}
	if a := after(pfx("10.16.0.0/16")); a.String() != "10.17.0.0" {
		t.Error(a)
	}
}
