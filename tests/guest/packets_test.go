package guest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// packetCases are the cases of tests/packets that run again on the kernel's datapath, with its Geneve and its conntrack.
const packetCases = "^(TestForward|TestACLDropAndReject|TestACLLog|TestNATGatewayRouter|TestNATDistributed|TestLoadBalancerOnSwitch|TestLoadBalancerAffinity|" +
	"TestLoadBalancerHairpin|TestLoadBalancerOnRouter|TestDHCPv4|TestPortSecurity|TestGatewayFailover|TestECMPSymmetricReply|TestPathMTU|" +
	"TestFragments|TestLiveMigration|TestMirrorRemote|TestQoSQueue|TestDynamicRouting)$"

// Chassis of stock Open vSwitch and ovn-controller in a guest, on kernel Open vSwitch, driven by ovn-central.
func TestPacketsOnKernelOpenvswitch(t *testing.T) {
	stock := os.Getenv("STOCK")
	if stock == "" {
		stock = "/var/tmp/kove-stock"
	}
	if _, err := os.Stat(filepath.Join(stock, "bin", "ovs-vswitchd")); err != nil {
		t.Fatalf("%v: run make stock", err)
	}
	dir := t.TempDir()
	cases, central := filepath.Join(dir, "packets.test"), filepath.Join(dir, "ovn-central")
	for _, args := range [][]string{{"test", "-c", "-vet=off", "-o", cases, "../packets"}, {"build", "-o", central, "../../cmd/ovn-central"}} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	r, err := Run(ctx, Options{
		Memory: 2048, Console: console{t},
		Files: map[string]string{"/packets.test": cases, "/ovn-central": central, stock: stock}, // its programs know where they are
		Script: "export STOCK=" + stock + ` TMPDIR=/var/tmp
cd / && /packets.test -test.v -test.timeout 14m -test.parallel 2 -central /ovn-central -kernel -slow 8 -test.run '` + packetCases + `'`,
	})
	if err != nil {
		t.Fatal(err)
	}
	judge(t, r, strings.Count(packetCases, "Test"))
}
