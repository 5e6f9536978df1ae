package packets

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// aclPair makes a machine that others may reach only as ACLs say, and one that tries, on two chassis, on a switch of their own.
func aclPair(t *testing.T, l *lab, name, acls string) (in, out *endpoint) {
	t.Helper()
	l.nb(t, "ls-add "+name+"\n"+lsp(name, name+"-in", "10.0.0.10")+lsp(name, name+"-out", "10.0.0.11")+acls)
	in = l.vif(t, "hv1", name+"-in", []string{"10.0.0.10/24"})
	out = l.vif(t, "hv2", name+"-out", []string{"10.0.0.11/24"})
	l.settle(t, in, out)
	return in, out
}

// drop is silent, reject answers with a reset or an ICMP error, and what no ACL names passes.
func TestACLDropAndReject(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "acld", `
		acl-add acld to-lport 1000 'outport == "acld-in" && udp.dst == 1000' drop
		acl-add acld to-lport 1000 'outport == "acld-in" && (tcp.dst == 81 || udp.dst == 82)' reject
		acl-add acld from-lport 1000 'inport == "acld-out" && udp.dst == 1001' drop`)
	in.serveTCP(t, "10.0.0.10:80")
	in.serveTCP(t, "10.0.0.10:81")
	out.wantAnswer(t, "tcp", "10.0.0.10:80", "acld-in sees 10.0.0.11")

	got := in.capture(t)
	for _, port := range []uint16{1000, 1001} {
		out.send(t, ethernet(in.mac, out.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", port, "unwanted")))
	}
	got.waitDoing(t, "datagram that no ACL names", isUDP("wanted"), func() {
		out.send(t, ethernet(in.mac, out.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 1002, "wanted")))
	})
	if fs := got.all(isUDP("unwanted")); len(fs) > 0 {
		t.Errorf("passed in spite of a drop: %v", fs)
	}
	out.wantRefused(t, "tcp", "10.0.0.10:81")
	out.wantRefused(t, "udp", "10.0.0.10:82")
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP && f.dstPort == 81 }); len(fs) > 0 {
		t.Errorf("passed in spite of a reject: %v", fs)
	}
}

// allow-related lets answers in to a port that accepts nothing by itself. Taking the ACL away ends established connections.
func TestACLAllowRelated(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "aclr", `
		acl-add aclr to-lport 1000 'outport == "aclr-in" && ip' drop
		acl-add aclr from-lport 1000 'inport == "aclr-in" && ip4' allow-related`)
	in.serveTCP(t, "10.0.0.10:80")
	out.serveTCP(t, "10.0.0.11:80")
	out.serveUDP(t, "10.0.0.11:53")
	in.wantAnswer(t, "tcp", "10.0.0.11:80", "aclr-out sees 10.0.0.10")
	in.wantAnswer(t, "udp", "10.0.0.11:53", "aclr-out sees 10.0.0.10")
	in.ping(t, "10.0.0.11", 3)
	in.wantRefused(t, "udp", "10.0.0.11:54") // a closed port's ICMP error is related to the datagram
	got := in.capture(t)
	out.wantSilence(t, "tcp", "10.0.0.10:80")
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP }); len(fs) > 0 {
		t.Errorf("arrived in spite of the drop: %v", fs)
	}
	l.nb(t, `acl-del aclr to-lport`)
	out.wantAnswer(t, "tcp", "10.0.0.10:80", "aclr-in sees 10.0.0.11")
}

// A port group's ACL with an address set follows changes of the set.
func TestACLAddressSet(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "acls", `
		pg-add acls_pg acls-in
		create Address_Set name=acls_as addresses="10.0.0.12"
		acl-add acls_pg to-lport 1001 'outport == @acls_pg && ip4.src == $acls_as' allow-related
		acl-add acls_pg to-lport 1000 'outport == @acls_pg && ip4' drop`)
	in.serveTCP(t, "10.0.0.10:80")
	out.wantSilence(t, "tcp", "10.0.0.10:80")
	l.nb(t, `add Address_Set acls_as addresses 10.0.0.11`)
	out.wantAnswer(t, "tcp", "10.0.0.10:80", "acls-in sees 10.0.0.11")
	l.nb(t, `remove Address_Set acls_as addresses 10.0.0.11`)
	out.becomesSilent(t, "tcp", "10.0.0.10:80")
}

// logged returns the lines that ovn-controller of the chassis has logged and that contain all words.
func (c *chassis) logged(t *testing.T, words ...string) []string {
	t.Helper()
	data, err := os.ReadFile(c.dir + "/ovn-controller.out")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
next:
	for _, line := range strings.Split(string(data), "\n") {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// A logged ACL's name, verdict and severity stand in ovn-controller's log, one line for each packet; with a meter only so many.
func TestACLLog(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "acll", `
		meter-add acll_meter drop 2 pktps 2
		--log --name=acll_all --severity=alert acl-add acll to-lport 1000 'outport == "acll-in" && udp.dst == 1000' drop
		--log --name=acll_some --severity=notice --meter=acll_meter acl-add acll to-lport 1000 'outport == "acll-in" && udp.dst == 1001' drop
		--log --name=acll_ok --severity=info acl-add acll to-lport 1000 'outport == "acll-in" && udp.dst == 1002' allow-related`)
	const sent = 30
	got := in.capture(t)
	hv := l.hv["hv1"] // to-lport is judged where the packet leaves
	burst := func(port uint16) {
		t.Helper()
		for range sent {
			out.send(t, ethernet(in.mac, out.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", port, "x")))
		}
	}
	lines := func(name, verdict, severity string) int {
		t.Helper()
		return len(hv.logged(t, "acl_log", `name="`+name+`"`, "verdict="+verdict, "severity="+severity, "direction=to-lport", "nw_src=10.0.0.11", "nw_dst=10.0.0.10"))
	}
	burst(1001)
	eventually(t, patience, func() error {
		before := lines("acll_all", "drop", "alert")
		burst(1000)
		n := 0
		for end := time.Now().Add(slow(10 * time.Second)); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if n = lines("acll_all", "drop", "alert") - before; n >= sent*2/3 {
				return nil
			}
		}
		return fmt.Errorf("%d log lines of %d packets; lines with its name: %q", n, sent, hv.logged(t, "acll_all"))
	})
	got.waitDoing(t, "allowed datagram", isUDP("allowed"), func() {
		out.send(t, ethernet(in.mac, out.mac, typeIPv4, udp4("10.0.0.11", 9, "10.0.0.10", 1002, "allowed")))
	})
	eventually(t, patience, func() error {
		if lines("acll_ok", "allow", "info") == 0 {
			return fmt.Errorf("no log line of what is allowed; lines with its name: %q", hv.logged(t, "acll_ok"))
		}
		return nil
	})
	some := hv.logged(t, "acl_log", `name="acll_some"`, "verdict=drop", "severity=notice")
	if len(some) == 0 || len(some) > sent/2 { // the others: at least two thirds
		t.Errorf("%d of %d packets were logged with a meter of 2 a second, want a few", len(some), sent)
	}
	if fs := got.all(isUDP("x")); len(fs) > 0 {
		t.Errorf("passed in spite of a drop: %v", fs)
	}
}
