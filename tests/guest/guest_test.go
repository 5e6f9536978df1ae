package guest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// The guest has what this machine's kernel lacks, and a failing script is seen as one.
func TestGuestHasKernelOpenvswitchAndCgroup2(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	r, err := Run(ctx, Options{Memory: 1024, Disk: 512, Script: `
grep -q openvswitch /proc/modules && echo has-openvswitch
grep -q geneve /proc/modules && echo has-geneve
ip link add link lo name v type vlan id 5 2>/dev/null; ip link add d0 type dummy && ip link add link d0 name d0.5 type vlan id 5 && echo has-vlan
cat /sys/fs/cgroup/cgroup.controllers
exit 7`})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("FIGURE guest boot %.1f s, kernel %s", r.Boot.Seconds(), r.Kernel)
	if r.Exit != 7 {
		t.Errorf("exit code %d, want the script's 7", r.Exit)
	}
	for _, want := range []string{"has-openvswitch", "has-geneve", "has-vlan", "memory"} {
		if !strings.Contains(r.Output, want) {
			t.Errorf("no %q in:\n%s", want, r.Output)
		}
	}
}
