package guest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// coreCases are the end-to-end cases that run again on kernel Open vSwitch, Geneve and cgroup v2.
const coreCases = "^(TestPodToPod|TestPodToService|TestPodToAPIServer|TestDNS|TestPodToInternet|TestHostToPodAndBack|" +
	"TestHostNetworkToClusterIP|TestNodePort|TestExternalTrafficPolicyLocal|TestProcessesAndTools)$"

var caseLine = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+) \((\S+)s\)`)

// The same lab with two nodes inside a guest: kernel Open vSwitch with Geneve between them, real pods, cgroup v2.
func TestMatrixOnKernelOpenvswitch(t *testing.T) {
	bin, err := filepath.Abs(filepath.Join("..", "..", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kove", "probe"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			t.Fatalf("%v: run make build", err)
		}
	}
	cases := filepath.Join(t.TempDir(), "e2e.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-o", cases, "../e2e")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the cases: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 35*time.Minute)
	defer cancel()
	r, err := Run(ctx, Options{
		Memory: 6144, Disk: 8192, Console: console{t},
		Files: map[string]string{
			"/usr/local/bin/kove": filepath.Join(bin, "kove"), "/usr/local/bin/probe": filepath.Join(bin, "probe"), "/e2e.test": cases,
		},
		Script: `export KOVE_BIN=/usr/local/bin KOVE_E2E_DATAPATH=kernel TMPDIR=/var/tmp
cd / && /e2e.test -test.v -test.timeout 33m -test.run '` + coreCases + `'`,
	})
	if err != nil {
		t.Fatal(err)
	}
	judge(t, r, strings.Count(coreCases, "Test"))
}

// judge fails the test for what failed or was skipped in the guest, and when fewer cases passed than there are.
func judge(t *testing.T, r Result, want int) {
	t.Helper()
	passed := 0
	for _, line := range strings.Split(r.Output, "\n") {
		m := caseLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		t.Logf("%s %s %s s", m[1], m[2], m[3])
		switch m[1] {
		case "PASS":
			passed++
		case "FAIL":
			t.Errorf("%s failed in the guest", m[2])
		case "SKIP":
			t.Errorf("%s was skipped in the guest", m[2])
		}
	}
	if r.Exit != 0 {
		t.Errorf("the cases ended with %d", r.Exit)
	}
	if passed < want {
		t.Errorf("%d cases passed, want at least %d", passed, want)
	}
}

// console hands the guest's words to the test log, which prints them when the test fails.
type console struct{ t *testing.T }

func (c console) Write(b []byte) (int, error) {
	c.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}
