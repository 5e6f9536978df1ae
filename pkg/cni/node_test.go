package cni

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/cni/shim"
	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// TestNodes boots two nodes and walks through a pod's life and a node's accidents. The steps
// build on each other and on one lab.
func TestNodes(t *testing.T) {
	if inGuest() { // once is enough there, and stock central's part is the same
		testNodes(t, koveCentral)
		return
	}
	for _, central := range []string{stockCentral, koveCentral} {
		t.Run(central, func(t *testing.T) { testNodes(t, central) })
	}
}

func testNodes(t *testing.T, central string) {
	l := newLab(t, central, 2)
	n1, n2 := l.nodes["n1"], l.nodes["n2"]
	a, b, c := l.plug("n1", "a"), l.plug("n1", "b"), l.plug("n2", "c")
	ul := labPrefix + "ul"

	t.Run("paths", func(t *testing.T) {
		l.t = t
		l.mustPing(a.ns, b.ip.String())
		l.mustPing(a.ns, c.ip.String())
		l.mustPing(a.ns, "10.16.0.1")
		l.mustPing(labPrefix+"n1", a.ip.String())
		l.mustPing(labPrefix+"n1", c.ip.String())
		l.mustPing(a.ns, n1.NodeIP.String())
		l.mustPing(a.ns, n2.NodeIP.String())
		l.mustPing(c.ns, "192.0.2.254")
		l.api.mu.Lock()
		defer l.api.mu.Unlock()
		if !slices.Contains(l.api.patches, "/api/v1/nodes/n1/status") {
			t.Errorf("the condition NetworkUnavailable was not cleared: %v", l.api.patches)
		}
	})
	t.Run("MTU", func(t *testing.T) {
		l.t = t
		for _, to := range []string{b.ip.String(), c.ip.String(), n1.NodeIP.String()} {
			l.mustPing(a.ns, to, "-M", "do", "-s", "1372") // 1400 with the headers, 1500 less Overhead
			if lost := l.ping(a.ns, to, 1, "-M", "do", "-s", "1373"); lost != 1 {
				t.Errorf("a packet over the MTU reached %s", to)
			}
		}
	})
	t.Run("TCP", func(t *testing.T) {
		l.t = t
		for name, p := range map[string][2]string{"same node": {a.ns, b.ns}, "across": {a.ns, c.ns}, "from the host": {labPrefix + "n1", b.ns}} {
			to := b.ip
			if p[1] == c.ns {
				to = c.ip
			}
			if err := l.copyTCP(p[0], p[1], to, 8<<20); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := l.copyTCP(a.ns, labPrefix+"n1", n1.NodeIP, 8<<20); err != nil {
			t.Errorf("to the host: %v", err)
		}
	})
	t.Run("masquerade", func(t *testing.T) {
		l.t = t
		// The outside host has no route to pods: an answer proves the node's address.
		if out := l.run("ip", "-n", ul, "route"); strings.Contains(out, "10.16") {
			t.Fatal(out)
		}
		if err := l.copyTCP(a.ns, ul, netip.MustParseAddr("192.0.2.254"), 1<<20); err != nil {
			t.Error(err)
		}
	})
	t.Run("result", func(t *testing.T) {
		l.t = t
		p := l.newPod("n1", "r")
		out, err := l.call(p, shim.Add)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			CNIVersion string
			IPs        []struct{ Address, Gateway string }
			Interfaces []struct{ Name, Mac, Sandbox string }
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if r.CNIVersion != "1.0.0" || len(r.IPs) != 1 || r.IPs[0].Address != p.ip.String()+"/16" || r.IPs[0].Gateway != "10.16.0.1" ||
			len(r.Interfaces) != 2 || r.Interfaces[0].Name != hostName(p.sandbox) || r.Interfaces[1].Mac != p.mac || r.Interfaces[1].Sandbox != "/run/netns/"+p.ns {
			t.Errorf("%s", out)
		}
		if _, err := l.call(p, shim.Check); err != nil {
			t.Errorf("CHECK: %v", err)
		}
		l.run("ip", "-n", p.ns, "addr", "flush", "dev", "eth0")
		if _, err := l.call(p, shim.Check); err == nil || !strings.Contains(err.Error(), "lost address "+p.ip.String()) {
			t.Errorf("CHECK without the address: %v", err)
		}
		for range 2 { // DEL may be repeated
			if _, err := l.call(p, shim.Del); err != nil {
				t.Error(err)
			}
		}
		l.mustBeGone(n1, p)
	})
	t.Run("allocation comes late", func(t *testing.T) {
		l.t = t
		p := l.newPod("n1", "late")
		l.setPod(p, false)
		done := make(chan error, 1)
		go func() { _, err := l.call(p, shim.Add); done <- err }()
		l.setPod(p, true)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		l.mustPing(p.ns, b.ip.String())
		if _, err := l.call(p, shim.Del); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a failed ADD says what it waited for and leaves nothing", func(t *testing.T) {
		l.t = t
		p := l.newPod("n2", "never")
		l.setPod(p, false)
		l.stopNode(n2)
		n2.AddTimeout = l.patience(4 * time.Second) // time enough to come to what it waits for
		l.startNode(n2)
		l.awaitGateway(n2)
		_, err := l.call(p, shim.Add)
		if err == nil || !strings.Contains(err.Error(), "pod default/never: waiting for annotation ovn.kubernetes.io/allocated from the controllers") {
			t.Errorf("%v", err)
		}
		l.setPod(p, true)
		l.nb("lsp-del", "never.default") // ovn-controller never installs anything
		_, err = l.call(p, shim.Add)
		if err == nil || !strings.Contains(err.Error(), "ovn-installed") {
			t.Errorf("%v", err)
		}
		l.mustBeGone(n2, p)
	})
	t.Run("API down", func(t *testing.T) {
		l.t = t
		p := l.plug("n1", "apidown")
		l.api.stop()
		if _, err := l.call(p, shim.Del); err != nil {
			t.Error(err)
		}
		l.mustBeGone(n1, p)
		l.mustPing(a.ns, c.ip.String())
		l.api.start()
		q := l.plug("n1", "apiback")
		l.mustPing(q.ns, a.ip.String())
	})
	t.Run("kove killed", func(t *testing.T) {
		l.t = t
		l.bestOf3(func(try int) (complaints []string) {
			lost := make(chan int, 1)
			go func() { lost <- l.ping(a.ns, c.ip.String(), 40, "-i", "0.1") }()
			host := make(chan int, 1)
			go func() { host <- l.ping(labPrefix+"n1", c.ip.String(), 40, "-i", "0.1") }()
			before := [3]int{n1.pid("ovsdb-server"), n1.pid("ovs-vswitchd"), n1.pid("ovn-controller")}
			l.stopNode(n1)
			p := l.newPod("n1", "whiledown"+strconv.Itoa(try))
			if _, err := l.call(p, shim.Add); err == nil || !strings.Contains(err.Error(), "kove does not run on this node") {
				t.Errorf("ADD without kove: %v", err)
			}
			l.api.stop() // a server and its own node come back together, the daemon first
			l.startNode(n1)
			l.await("the daemon", func() error { _, err := shim.Call(n1.Dir+"/cni.sock", shim.Request{Command: shim.Status}); return err })
			if n := l.ping(labPrefix+"n1", c.ip.String(), 5, "-i", "0.1"); n > 0 {
				complaints = append(complaints, fmt.Sprintf("%d pings of the host lost while the API was away", n))
			}
			l.api.start()
			l.awaitGateway(n1)
			if n, m := <-lost, <-host; n+m > 0 {
				complaints = append(complaints, fmt.Sprintf("%d pings of the pod and %d of the host lost", n, m))
			}
			// Only now: ovs-vswitchd reads the routing table anew for every link that comes, and its own datapath then may lose a
			// packet that needs a tunnel.
			if _, err := l.call(p, shim.Add); err != nil {
				t.Error(err)
			}
			l.mustPing(p.ns, c.ip.String())
			if after := [3]int{n1.pid("ovsdb-server"), n1.pid("ovs-vswitchd"), n1.pid("ovn-controller")}; after != before {
				t.Errorf("children were not adopted: %v, then %v", before, after)
			}
			return complaints
		})
	})
	t.Run("kove and ovs-vswitchd killed, no API", func(t *testing.T) {
		l.t = t
		l.stopNode(n1)
		l.api.stop()
		n1.killChild(t, "ovs-vswitchd")
		l.startNode(n1)
		l.await("pods across", func() error { return lostErr(l.ping(a.ns, c.ip.String(), 1)) })
		l.api.start()
		l.await("host to pod", func() error { return lostErr(l.ping(labPrefix+"n1", c.ip.String(), 1)) })
		l.awaitGateway(n1)
	})
	t.Run("stale ports are collected at the start", func(t *testing.T) {
		l.t = t
		p := l.plug("n1", "stale")
		l.stopNode(n1)
		l.run("ip", "netns", "del", p.ns)
		l.startNode(n1)
		l.awaitGateway(n1)
		l.mustBeGone(n1, p)
	})
	t.Run("ovn-controller killed", func(t *testing.T) {
		l.t = t
		l.bestOf3(func(try int) []string {
			lost := make(chan int, 1)
			go func() { lost <- l.ping(a.ns, c.ip.String(), 80, "-i", "0.1") }()
			old := n1.killChild(t, "ovn-controller")
			l.await("another ovn-controller", func() error { return changed(n1.pid("ovn-controller"), old) })
			p := l.plug("n1", "afterctl"+strconv.Itoa(try))
			l.mustPing(p.ns, c.ip.String())
			n := <-lost
			t.Logf("ovn-controller killed: %d of 80 pings at 10/s lost", n)
			if n > 1 {
				return []string{fmt.Sprintf("%d pings lost", n)}
			}
			return nil
		})
	})
	t.Run("ovs-vswitchd killed", func(t *testing.T) {
		l.t = t
		l.bestOf3(func(int) []string {
			l.mustPing(a.ns, b.ip.String())
			lost := make(chan int, 1)
			go func() { lost <- l.ping(a.ns, b.ip.String(), 50, "-i", "0.1") }()
			began := time.Now()
			old := n1.killChild(t, "ovs-vswitchd")
			l.await("another ovs-vswitchd", func() error { return changed(n1.pid("ovs-vswitchd"), old) })
			l.await("pods across", func() error { return lostErr(l.ping(a.ns, c.ip.String(), 1)) })
			l.await("host to pod", func() error { return lostErr(l.ping(labPrefix+"n1", c.ip.String(), 1)) })
			l.await("pod to the outside", func() error { return lostErr(l.ping(a.ns, "192.0.2.254", 1)) })
			t.Logf("ovs-vswitchd killed: everything back after %s", time.Since(began).Round(time.Millisecond))
			n := <-lost
			t.Logf("ovs-vswitchd killed: %d of 50 pings at 10/s on the node lost", n)
			if inGuest() && n > 1 {
				return []string{fmt.Sprintf("the kernel forgot its flows: %d pings lost", n)}
			}
			return nil
		})
	})
	t.Run("ovsdb-server killed", func(t *testing.T) {
		l.t = t
		old := n1.killChild(t, "ovsdb-server")
		l.await("another ovsdb-server", func() error { return changed(n1.pid("ovsdb-server"), old) })
		p := l.plug("n1", "afterdb")
		l.mustPing(p.ns, c.ip.String())
	})
	t.Run("someone breaks the host", func(t *testing.T) {
		l.t = t
		l.run("ip", "-n", labPrefix+"n1", "addr", "flush", "dev", GatewayLink)
		l.await("the gateway's address and routes", func() error { return lostErr(l.ping(labPrefix+"n1", c.ip.String(), 1)) })
		l.run("ip", "netns", "exec", labPrefix+"n1", "nft", "flush", "ruleset")
		l.await("masquerading", func() error { return lostErr(l.ping(a.ns, "192.0.2.254", 1)) })
	})
	t.Run("restore", func(t *testing.T) {
		l.t = t
		l.stopNode(n2)
		if err := inNS(labPrefix+"n2", func() error {
			_, o := n2.options(testLog(t))
			db, err := vswitch.Dial(context.Background(), o.OVSSocket, testLog(t))
			if err != nil {
				return err
			}
			defer db.Close()
			if err := db.DeleteBridge(context.Background(), TunnelBridge); err != nil {
				return err
			}
			return Restore(o.StateFile, testLog(t))
		}); err != nil {
			t.Fatal(err)
		}
		if out := l.run("ip", "-n", labPrefix+"n2", "-4", "-o", "addr", "show", "eth1"); !strings.Contains(out, "172.31.9.2/24") {
			t.Errorf("the tunnel NIC did not get its address back: %s", out)
		}
		if out := l.run("ip", "-n", labPrefix+"n2", "route"); strings.Contains(out, "proto 107") {
			t.Errorf("routes are left: %s", out)
		}
		if out := l.run("ip", "netns", "exec", labPrefix+"n2", "nft", "list", "tables"); strings.Contains(out, "kove") {
			t.Errorf("tables are left: %s", out)
		}
	})
}

// bestOf3 runs an accident until it has nothing to complain about, three times at most. A starved machine loses packets without
// any accident; one that always loses some is a failure, and every loss is in the log.
func (l *lab) bestOf3(accident func(try int) (complaints []string)) {
	l.t.Helper()
	for try := 1; ; try++ {
		complaints := accident(try)
		switch {
		case len(complaints) == 0:
			return
		case try == 3:
			l.t.Errorf("for the third time: %s", strings.Join(complaints, "; "))
			return
		}
		l.t.Logf("try %d: %s", try, strings.Join(complaints, "; "))
	}
}

// mustBeGone checks that nothing of a pod is left on its node.
func (l *lab) mustBeGone(n *labNode, p *labPod) {
	l.t.Helper()
	if out := l.ports(n); strings.Contains(out, p.sandbox) {
		l.t.Errorf("the port is left: %s", out)
	}
	if exec.Command("ip", "-n", labPrefix+n.Name, "link", "show", hostName(p.sandbox)).Run() == nil {
		l.t.Errorf("the link %s is left", hostName(p.sandbox))
	}
}

func changed(pid, old int) error {
	if pid == old || pid == 0 {
		return os.ErrProcessDone
	}
	return nil
}

func lostErr(lost int) error {
	if lost > 0 {
		return os.ErrDeadlineExceeded
	}
	return nil
}
