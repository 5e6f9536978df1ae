package install

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/tests/lab"
)

// proxies are variables in the installing shell that must reach nothing but the download. The lab's internet address is
// among NO_PROXY, so that the download works.
const proxies = "http_proxy=http://geheim.example:3128 HTTPS_PROXY=http://geheim.example:3128 ALL_PROXY=socks5://geheim.example:1080 no_proxy=203.0.113.10,geheim.example "

// role is the part of the configuration that a machine without openvswitch and with two nodes needs.
func role(n *lab.Host) string {
	return "--node-ip " + n.Address().String() + " --datapath userspace --tunnel-nic eth1"
}

// A machine's whole life: the first by curl, the second by wget with a token, a second run, an upgrade with another
// payload under traffic, and off again without a trace.
func TestLife(t *testing.T) {
	nodes := newLab(t, "inst-life", 2)
	n1, n2 := nodes[0], nodes[1]
	byCurl, byWget := "PATH="+without(t, n1, "wget")+" ", "PATH="+without(t, n2, "curl")+" "
	before1, before2 := everything(t, n1), everything(t, n2)

	began := time.Now()
	out := mustSh(t, n1, "export "+byCurl+proxies+"INSTALL_KOVE_URL="+releaseURL+"/old INSTALL_KOVE_IMAGES=/media/usb/images; curl -sfL $INSTALL_KOVE_URL/install.sh | sh -s - server "+role(n1))
	t.Logf("FIGURE install.sh, first server, to ready: %.1f s\n%s", time.Since(began).Seconds(), out)
	for _, want := range []string{"downloading kove v0.1.0", "wrote /usr/local/bin/kove\n", "is ready after", "join:     KOVE_URL=https://" + n1.Address().String() + ":6443"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	eventually(t, 60*time.Second, "n1 Ready, by kove kubectl", func() error { return ready(n1, "n1") })
	noProxies(t, n1)
	eventually(t, 60*time.Second, "CoreDNS's pod by the link crictl", func() error {
		if out, err := sh(n1, "readlink /usr/local/bin/crictl; crictl pods -q --state ready"); err != nil || !strings.HasPrefix(out, "kove\n") || len(out) < 64 {
			return fmt.Errorf("%v: %s", err, out)
		}
		return nil
	})

	token := mustSh(t, n1, "cat /var/lib/kove/server/node-token")
	began = time.Now()
	out = mustSh(t, n2, "export "+byWget+proxies+"INSTALL_KOVE_URL="+releaseURL+"/old INSTALL_KOVE_IMAGES=/media/usb/images/probe.tar.gz KOVE_URL=https://"+n1.Address().String()+":6443 KOVE_TOKEN="+token+
		"; wget -qO- $INSTALL_KOVE_URL/install.sh | INSTALL_KOVE_EXEC='"+role(n2)+"' sh -")
	t.Logf("FIGURE install.sh, second node, to ready: %.1f s\n%s", time.Since(began).Seconds(), out)
	eventually(t, 60*time.Second, "n2 Ready", func() error { return ready(n1, "n2") })
	noProxies(t, n2)
	if out := mustSh(t, n2, "stat -c %a /etc/kove/config.yaml.d/10-install.yaml; cat /etc/kove/config.yaml.d/10-install.yaml"); !strings.HasPrefix(out, "600\n") || !strings.Contains(out, "\ntoken: ") {
		t.Errorf("the settings of n2:\n%s", out)
	}
	if out := mustSh(t, n2, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"); strings.Contains(out, token) {
		t.Error("the token stands on a command line")
	}

	pods(t, n1)
	same := func() string {
		return mustSh(t, n1, "kove status | sed -n 's/^kove server.*pid \\([0-9]*\\).*/\\1/p'; find /usr/local/bin/kove* /etc/kove ! -type d -printf '%p %T@ %i\\n' | sort")
	}
	was := same()
	out = mustSh(t, n1, "export INSTALL_KOVE_URL="+releaseURL+"/old; curl -sfL $INSTALL_KOVE_URL/install.sh | sh -")
	if !strings.Contains(out, "nothing to do") || strings.Contains(out, "downloading") {
		t.Errorf("the second run:\n%s", out)
	}
	if now := same(); now != was {
		t.Errorf("the second run changed something:\n%s\nwas\n%s", now, was)
	}

	upgrade(t, n1, n1, n2)
	upgrade(t, n2, n1, n2)
	if out := mustSh(t, n1, "cat /etc/kove/config.yaml.d/10-install.yaml"); !strings.Contains(out, "node-ip:\n    - "+n1.Address().String()) {
		t.Errorf("the upgrade lost the configuration:\n%s", out)
	}

	// The nodes share a kernel: what kove on n1 had set was there before n2 came, and is taken away with n1.
	for _, x := range []struct {
		node   *lab.Host
		before snapshot
		ignore []string
	}{{n2, before2, lab.SharedSysctls()}, {n1, before1, nil}} {
		began = time.Now()
		out = mustSh(t, x.node, "kove-uninstall.sh")
		t.Logf("FIGURE kove-uninstall.sh on %s: %.1f s\n%s", x.node.Name, time.Since(began).Seconds(), out)
		before := x.before.withoutSysctls(x.ignore)
		wantSame(t, "kove-uninstall.sh left on "+x.node.Name, before, settled(t, x.node, before, x.ignore...))
	}
}

// settled takes a snapshot once the kernel has torn down what it tears down behind our back, such as namespaces.
func settled(t testing.TB, n *lab.Host, before snapshot, ignore ...string) snapshot {
	t.Helper()
	var after snapshot
	for range 10 {
		if after = everything(t, n).withoutSysctls(ignore); len(difference(before, after)) == 0 {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	return after
}

func ready(server *lab.Host, name string) error {
	out, err := sh(server, "kove kubectl get node "+name+" -o 'jsonpath={.status.conditions[?(@.type==\"Ready\")].status}'")
	if err != nil || out != "True" {
		return fmt.Errorf("Ready is %q: %v", out, err)
	}
	return nil
}

// noProxies makes sure that what the installing shell had reached neither a file nor a process.
func noProxies(t testing.TB, n *lab.Host) {
	t.Helper()
	if out := mustSh(t, n, "grep -rl geheim /etc/kove /var/lib/kove/server /var/lib/kove/agent/etc /etc/systemd /etc/default /usr/local/bin 2>/dev/null; true"); out != "" {
		t.Errorf("%s: a proxy was written to %s", n.Name, out)
	}
	// a process may end while it is looked at
	if out := mustSh(t, n, `exec 2>/dev/null; for p in /proc/[0-9]*; do if tr '\0' '\n' 2>/dev/null <$p/environ | grep -q geheim; then tr '\0' ' ' <$p/cmdline; echo; fi; done`); out != "" {
		t.Errorf("%s: a proxy is in the environment of\n%s", n.Name, out)
	}
}

// pods runs one probe on each node; their image came with INSTALL_KOVE_IMAGES.
func pods(t testing.TB, server *lab.Host) {
	t.Helper()
	for _, n := range []string{"n1", "n2"} {
		mustSh(t, server, `kove kubectl apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: p-`+n+`}
spec:
  nodeName: `+n+`
  terminationGracePeriodSeconds: 0
  containers: [{name: probe, image: `+probeImage+`, imagePullPolicy: Never, args: [serve, ":8080"]}]
Y`)
	}
	eventually(t, 90*time.Second, "pods Ready", func() error {
		out, err := sh(server, "kove kubectl wait --for=condition=Ready pod/p-n1 pod/p-n2 --timeout=5s")
		if err != nil {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
}

type measured struct {
	Sent, Lost int
	MaxGap     float64
	Bytes      int64
	Error      string
}

// upgrade brings a node to the newer version while one pod pings the other and streams to it.
func upgrade(t *testing.T, n, n1, n2 *lab.Host) {
	t.Helper()
	from, to := podIP(t, n1, "p-n1"), podIP(t, n1, "p-n2")
	measure := func(args string) chan measured {
		c := make(chan measured, 1)
		go func() {
			out, err := sh(n1, "curl -sS -m 200 -d '"+args+"' http://"+from+":8080/do")
			var r measured
			if jerr := json.Unmarshal([]byte(out), &r); jerr != nil {
				r.Error = fmt.Sprintf("%v %v: %s", err, jerr, out)
			}
			c <- r
		}()
		return c
	}
	before := mustSh(t, n, "readlink /var/lib/kove/data/current; kove version | grep -E '^(kove|payload) '")
	echo := measure(`["echo","` + to + `:8080","300","100ms"]`)
	stream := measure(`["stream","` + to + `:8080","30s"]`)
	time.Sleep(2 * time.Second) // traffic before the upgrade
	began := time.Now()
	out := mustSh(t, n, "export INSTALL_KOVE_URL="+releaseURL+"/new; curl -sfL $INSTALL_KOVE_URL/install.sh | sh -")
	took := time.Since(began)
	if !strings.Contains(out, "starting") || !strings.Contains(out, "is ready after") {
		t.Errorf("the upgrade of %s said\n%s", n.Name, out)
	}
	after := mustSh(t, n, "readlink /var/lib/kove/data/current; kove version | grep -E '^(kove|payload) '")
	if b, a := strings.Fields(before), strings.Fields(after); a[0] == b[0] || a[2] == b[2] {
		t.Errorf("upgrading %s changed nothing: %s, %s", n.Name, before, after)
	}
	eventually(t, 60*time.Second, n.Name+" Ready", func() error { return ready(n1, n.Name) })
	e, s := <-echo, <-stream
	t.Logf("FIGURE upgrade of %s with another payload in %.1f s: %d of %d packets lost, longest gap %.0f ms; TCP stall %.0f ms", n.Name, took.Seconds(), e.Lost, e.Sent, e.MaxGap, s.MaxGap)
	// half a second is what ovs-vswitchd takes to go and come; on a busy machine more
	if e.MaxGap > 5000 || s.MaxGap > 5000 {
		t.Errorf("the traffic stood still for longer than 5 s over the upgrade of %s", n.Name)
	}
	if e.Error != "" || s.Error != "" {
		t.Errorf("the traffic over the upgrade of %s: %s %s", n.Name, e.Error, s.Error)
	}
	if out := mustSh(t, n1, "kove kubectl get pod p-n1 p-n2 -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}'"); out != "0 0" {
		t.Errorf("pods were restarted by the upgrade of %s: %s", n.Name, out)
	}
	// every process is of the new payload or the new program
	running := mustSh(t, n, "for p in /proc/[0-9]*; do readlink $p/exe; done | grep -E '/data/|/usr/local/bin/kove' | sort -u")
	for line := range strings.Lines(running) {
		line = strings.TrimSpace(line)
		old := strings.Contains(line, "(deleted)") || strings.Contains(line, "/data/") && !strings.Contains(line, "/data/"+strings.Fields(after)[0]+"/")
		if old && !strings.HasSuffix(line, "/containerd-shim-runc-v2") { // shims stay as long as their pods
			t.Errorf("still runs the old program after the upgrade of %s: %s", n.Name, line)
		}
	}
}

func podIP(t testing.TB, server *lab.Host, name string) string {
	t.Helper()
	return mustSh(t, server, "kove kubectl get pod "+name+" -o 'jsonpath={.status.podIP}'")
}

// killAt starts a command and kills it and all its children with SIGKILL as soon as a condition holds.
func killAt(t testing.TB, n *lab.Host, command, condition string) {
	t.Helper()
	mustSh(t, n, "rm -f /tmp/before-pid; setsid sh -c 'echo $$ >/tmp/before-pid; exec "+command+"' >/dev/null 2>&1 & "+
		"end=$(($(date +%s) + 120)); until "+condition+" >/dev/null 2>&1; do [ $(date +%s) -lt $end ] || { echo never: '"+strings.ReplaceAll(condition, "'", "")+"'; exit 1; }; done; "+
		"p=$(cat /tmp/before-pid); while pgrep -g $p >/dev/null; do pkill -9 -g $p; sleep 0.02; done")
}

// kill -9 at any time of an installation or of the first start: the next run completes it, and uninstall finds everything.
func TestKilled(t *testing.T) {
	n := newLab(t, "inst-killed", 1)[0]
	before := everything(t, n)
	install := "INSTALL_KOVE_URL=/media/usb/" + oldVersion + " sh /media/usb/" + oldVersion + "/install.sh server --node-ip " + n.Address().String() + " --datapath userspace"
	for _, stage := range []struct{ name, reached string }{
		{"downloading", "ls /usr/local/bin/.kove-install.*/kove.gz"},
		{"unpacking", "ls /usr/local/bin/.kove-install.*/kove"},
		{"inventory written", "ls /etc/kove/install.json"},
		{"copying the program", "ls /usr/local/bin/.kove.kove-new"},
		{"program in place", "ls /usr/local/bin/kove"},
	} {
		killAt(t, n, "env INSTALL_KOVE_SKIP_START=true "+install, stage.reached)
		t.Logf("killed while %s: %s", stage.name, mustSh(t, n, "ls -A /usr/local/bin /etc/kove 2>/dev/null | tr '\n' ' '"))
	}
	// the first start, killed in the middle
	mustSh(t, n, "env INSTALL_KOVE_WAIT=0 "+install)
	eventually(t, 60*time.Second, "the first start has begun", func() error {
		_, err := sh(n, "pid=$(pgrep -f 'kove server' | tail -n 1); [ -d /var/lib/kove/server ] && kill -9 $(pgrep -f '^/usr/local/bin/kove server')")
		return err
	})
	out := mustSh(t, n, "env "+install)
	t.Logf("%s", out)
	if left := mustSh(t, n, "ls -Ad /usr/local/bin/.kove* /etc/kove/.*kove-new* 2>/dev/null; true"); left != "" {
		t.Errorf("left behind: %s", left)
	}
	eventually(t, 60*time.Second, "n1 Ready", func() error { return ready(n, "n1") })
	// an upgrade, killed between the program's taking its place and the restart
	newer := strings.ReplaceAll("env "+install, oldVersion, newVersion)
	killAt(t, n, newer, "[ \"$(stat -c %i /usr/local/bin/kove)\" != "+mustSh(t, n, "stat -c %i /usr/local/bin/kove")+" ]")
	// the kill may fall before or after the old one has stopped: then it is "restarting" or "starting"
	if out := mustSh(t, n, newer); !strings.Contains(out, "starting") || !strings.Contains(out, "is ready after") {
		t.Errorf("after a killed upgrade the next run said\n%s", out)
	}
	if out := mustSh(t, n, "kove status | sed -n 's/.*kove \\([0-9a-z]*\\),.*/\\1/p'"); out != mustSh(t, n, "kove version | sed -n 's/^kove *//p'") {
		t.Errorf("after a killed upgrade runs version %q", out)
	}
	if out := mustSh(t, n, "kove images list"); !strings.Contains(out, "kove.local/pause") {
		t.Errorf("kove images list: %s", out)
	}
	// kove-killall.sh ends everything, starting again brings it back; then an uninstall that is killed and repeated
	mustSh(t, n, "kove-killall.sh")
	if out := mustSh(t, n, "pgrep -fl '^(/usr/local/bin/kove|.*/data/.*/(ovs|ovn|containerd))'; true"); out != "" {
		t.Errorf("after kove-killall.sh runs\n%s", out)
	}
	killAt(t, n, "kove-uninstall.sh", "[ ! -e /var/lib/kove/server ]")
	mustSh(t, n, "[ ! -e /usr/local/bin/kove-uninstall.sh ] || kove-uninstall.sh")
	mustSh(t, n, "rm -f /tmp/before-pid")
	wantSame(t, "kove-uninstall.sh left", before, settled(t, n, before))
}
