package cni

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/tests/guest"
)

// guestDir is where the programs of the lab are in the guest.
const guestDir = "/opt/kove-cni"

func inGuest() bool { return os.Getenv("KOVE_CNI_IN_GUEST") != "" }

// guestSteps are the steps of TestNodes that differ with the datapath; everything takes ten times as long in the guest.
const guestSteps = "paths|MTU|TCP|masquerade|result|kove_killed|ovn-controller_killed|ovs-vswitchd_killed"

// TestNodesOnKernelOpenvswitch runs TestNodes once more in a guest, over the kernel's Open vSwitch and Geneve.
func TestNodesOnKernelOpenvswitch(t *testing.T) {
	stock := os.Getenv("STOCK")
	if stock == "" {
		stock = "/var/tmp/kove-stock"
	}
	dir := t.TempDir()
	for _, c := range [][]string{{"test", "-c", "-ldflags=-s -w", "-o", dir + "/cni.test", "."}, {"build", "-o", dir + "/", "../../cmd/kove-cni", "../../cmd/ovn-central"}} {
		if out, err := exec.Command("go", c...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, err := guest.Run(ctx, guest.Options{Memory: 2048, Disk: 1024,
		Files:  map[string]string{guestDir: dir, stock: filepath.Clean(stock)},
		Script: "export KOVE_CNI_IN_GUEST=1 STOCK=" + stock + "\n" + guestDir + "/cni.test -test.v -test.timeout 9m -test.run '^TestNodes$/^(" + guestSteps + ")$'",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(r.Output, "\n") {
		if strings.Contains(line, "--- ") || strings.Contains(line, "killed:") || strings.Contains(line, "predecessor") || strings.Contains(line, "try ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if steps := strings.Count(r.Output, "--- PASS: TestNodes/"); steps != strings.Count(guestSteps, "|")+1 {
		t.Errorf("%d steps passed, want those of %s", steps, guestSteps)
	}
	if r.Exit != 0 || !strings.Contains(r.Output, "--- PASS: TestNodes ") {
		t.Errorf("the test in the guest ended with %d:\n%s", r.Exit, r.Output)
	}
}
