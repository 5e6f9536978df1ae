//go:build vm

package vm

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/tests/guest"
)

// patience is for what takes seconds on a machine: emulation is 10 to 20 times slower.
const patience = 10 * time.Minute

const workload = `kove kubectl apply -f - <<Y
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: web, image: IMAGE, imagePullPolicy: Never, command: [kove-sys, web, -listen, ":8080"]}]
Y`

func TestInstallJoinReboot(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 55*time.Minute)
	defer cancel()
	repo, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(repo, "bin", "kove")
	if dir := os.Getenv("KOVE_BIN"); dir != "" {
		program = filepath.Join(dir, "kove")
	}
	dir, err := os.MkdirTemp("/var/tmp", "kove-vm.")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	pack := exec.CommandContext(ctx, filepath.Join(repo, "packaging", "package.sh"), program, filepath.Join(dir, "dist"))
	pack.Env = append(os.Environ(), "GZIP_LEVEL=1")
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("package.sh: %v\n%s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dir, "dist", "*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("packages %v %v", debs, err)
	}
	kernel, err := guest.Kernel(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Initrd(ctx, kernel, dir); err != nil {
		t.Fatal(err)
	}
	root := debianRoot(ctx, t)
	capture := os.Getenv("KOVE_VM_CAPTURE") // a file that gets what this guest tells doctor, see pkg/doctor/testdata
	if capture != "" {
		if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", filepath.Join(dir, "doctor.test"), "github.com/kove-io/kove/pkg/doctor").CombinedOutput(); err != nil {
			t.Fatalf("building doctor's tests: %v\n%s", err, out)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cable := free.Addr().String()
	free.Close()

	configs := []string{
		"node-ip: 10.9.0.1\ndatapath: kernel\n",
		"node-ip: 10.9.0.2\nserver: https://10.9.0.1:6443\ntoken-file: /etc/kove/token\ndatapath: kernel\n",
	}
	var vms []*machine
	for i, end := range []string{"listen=" + cable, "connect=" + cable} {
		name := fmt.Sprintf("vm%d", i+1)
		own := filepath.Join(dir, name)
		if err := os.Mkdir(own, 0o755); err != nil {
			t.Fatal(err)
		}
		makeImage(ctx, t, root, own, kernel, name, fmt.Sprintf("10.9.0.%d", i+1), configs[i], debs[0])
		vms = append(vms, start(t, name, own, kernel, filepath.Join(dir, "initrd"), end))
		if i == 0 {
			waitListening(t, cable)
		}
	}
	vm1, vm2 := vms[0], vms[1]
	for i, m := range vms {
		began := time.Now()
		t.Logf("%s runs %s", m.name, m.eventually(t, patience, "a shell", "uname -r; systemctl --version | head -n 1; stat -fc %T /sys/fs/cgroup"))
		m.eventually(t, patience, "the other machine answers", fmt.Sprintf("ping -c 1 -W 2 10.9.0.%d >/dev/null || [ %d = 0 ]", 2-i, i))
		if capture != "" && i == 0 {
			host := m.must(t, patience, "cd /tmp && /root/doctor.test -test.run TestCapture -capture /tmp/host.txtar >/dev/null && cat /tmp/host.txtar")
			if err := os.WriteFile(capture, []byte(host+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m.must(t, patience, "dpkg -i /root/kove.deb")
		m.must(t, time.Minute, "cat /root/config.yaml >>/etc/kove/config.yaml")
		unit := []string{"kove", "kove-agent"}[i]
		if m == vm2 {
			m.must(t, time.Minute, "umask 077; echo '"+vm1.must(t, time.Minute, "cat /var/lib/kove/server/node-token")+"' >/etc/kove/token")
		}
		t.Logf("%s: kove doctor says\n%s", m.name, m.must(t, patience, "kove doctor"))
		m.must(t, time.Minute, "systemctl enable --quiet "+unit+" && systemctl start --no-block "+unit)
		m.eventually(t, patience, "systemd says that "+unit+" is active", "systemctl is-active "+unit)
		t.Logf("FIGURE %s: from power on to active in %.0f s", m.name, time.Since(began).Seconds())
	}
	check(t, vm1, vm2)

	for _, m := range vms {
		m.must(t, time.Minute, "cat /proc/sys/kernel/random/boot_id >/root/boot-before")
		m.must(t, time.Minute, "(sleep 1; reboot) >/dev/null 2>&1 &")
	}
	time.Sleep(5 * time.Second)
	for i, m := range vms {
		m.eventually(t, patience, "back after the reboot", "[ \"$(cat /root/boot-before)\" != \"$(cat /proc/sys/kernel/random/boot_id)\" ]")
		m.eventually(t, patience, "kove is active again", "systemctl is-active "+[]string{"kove", "kove-agent"}[i])
	}
	check(t, vm1, vm2)
	for _, m := range vms {
		if out := m.must(t, time.Minute, "systemctl show -p NRestarts --value kove kove-agent | tr '\\n' ' '; journalctl -b -q --no-pager | grep -c 'Watchdog timeout' || true"); !strings.Contains(out, "0") {
			t.Logf("%s: restarts and watchdog: %s", m.name, out)
		}
	}

	// the package goes, and takes along what ran
	vm2.must(t, patience, "dpkg -P kove")
	if out := vm2.must(t, time.Minute, "ls -d /etc/kove /var/lib/kove /run/kove /usr/bin/kove 2>/dev/null; ip -br link | grep -E 'ovn|br-int|genev|ovs-system'; pgrep -fl 'ovs|ovn|containerd' || true"); out != "" {
		t.Errorf("dpkg -P left on vm2:\n%s", out)
	}
	for _, m := range vms {
		_, _ = m.run(10*time.Second, "poweroff -f")
	}
}

// check wants both nodes Ready, a pod on each, and them talking over Geneve.
func check(t *testing.T, vm1, vm2 *machine) {
	t.Helper()
	vm1.eventually(t, patience, "both nodes Ready", "[ \"$(kove kubectl get nodes --no-headers | grep -c ' Ready ')\" = 2 ]")
	image := vm1.eventually(t, patience, "CoreDNS is there", "kove kubectl get pods -n kube-system -l k8s-app=kube-dns -o 'jsonpath={.items[0].spec.containers[0].image}' | grep kove")
	vm1.eventually(t, patience, "the workload applied", strings.ReplaceAll(workload, "IMAGE", image))
	vm1.eventually(t, patience, "the pods are Ready", "[ \"$(kove kubectl get pods -l app=web --no-headers | grep -c '1/1 *Running')\" = 2 ]")
	where := strings.Fields(vm1.must(t, time.Minute, "kove kubectl get pods -l app=web -o 'jsonpath={range .items[*]}{.spec.nodeName}={.metadata.name}={.status.podIP} {end}'"))
	pod := map[string][]string{}
	for _, w := range where {
		if f := strings.Split(w, "="); len(f) == 3 {
			pod[f[0]] = f[1:]
		}
	}
	if len(pod) != 2 {
		t.Fatalf("pods are at %v", where)
	}
	for from, to := range map[string]string{"vm1": "vm2", "vm2": "vm1"} {
		vm1.eventually(t, patience, "the pod on "+from+" reaches the one on "+to, "kove kubectl exec "+pod[from][0]+" -- kove-sys fetch -timeout 10s http://"+pod[to][1]+":8080/")
	}
	if out := vm2.must(t, time.Minute, "kove vsctl --bare --columns=type find Interface type=geneve; kove vsctl get Bridge br-int datapath_type; cut -d ' ' -f 1 /proc/modules | grep -E 'openvswitch|geneve' | sort | tr '\\n' ' '"); !strings.Contains(out, "geneve") || strings.Contains(out, "netdev") || !strings.Contains(out, "openvswitch") {
		t.Errorf("vm2's datapath: %s", out)
	}
}

func waitListening(t *testing.T, address string) {
	t.Helper()
	// connecting would be taken for the other guest: look at the kernel's table instead
	_, port, _ := net.SplitHostPort(address)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if out, _ := exec.Command("ss", "-Hltn", "sport = :"+port).Output(); len(out) > 0 {
			return
		}
	}
	t.Fatalf("nobody listens on %s", address)
}
