package packets

import (
	"fmt"
	"testing"
	"time"
)

// Tiers: a pass in one leaves the decision to the next; stateless ACLs work without connections; an ACL after load balancing
// judges the backend.
func TestACLTiers(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "aclt", `
		--tier=0 acl-add aclt to-lport 1000 'outport == "aclt-in" && tcp.dst == {80, 81}' pass
		--tier=0 acl-add aclt to-lport 900 'outport == "aclt-in" && tcp' drop
		--tier=1 acl-add aclt to-lport 1000 'outport == "aclt-in" && tcp.dst == 80' allow-related
		--tier=1 acl-add aclt to-lport 900 'outport == "aclt-in" && tcp' reject`)
	for _, addr := range []string{":80", ":81", ":82"} {
		in.serveTCP(t, addr)
	}
	out.wantAnswer(t, "tcp", "10.0.0.10:80", "aclt-in sees 10.0.0.11")
	out.wantRefused(t, "tcp", "10.0.0.10:81")
	got := in.capture(t)
	out.wantSilence(t, "tcp", "10.0.0.10:82")
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP && f.dstPort != 80 }); len(fs) > 0 {
		t.Errorf("passed: %v", fs)
	}
}

func TestACLStateless(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "acln", `
		acl-add acln to-lport 1000 'outport == "acln-in" && tcp.dst == 80' allow-stateless
		acl-add acln from-lport 1000 'inport == "acln-in" && tcp.src == 80' allow-stateless
		acl-add acln to-lport 900 'outport == "acln-in" && tcp' drop
		acl-add acln from-lport 900 'inport == "acln-in" && tcp' drop`)
	in.serveTCP(t, ":80")
	in.serveTCP(t, ":81")
	out.serveTCP(t, ":80")
	out.wantAnswer(t, "tcp", "10.0.0.10:80", "acln-in sees 10.0.0.11")
	got, gotOut := in.capture(t), out.capture(t)
	out.wantSilence(t, "tcp", "10.0.0.10:81")
	in.wantSilence(t, "tcp", "10.0.0.11:80")
	for _, c := range []*capture{got, gotOut} {
		if fs := c.all(func(f frame) bool { return f.proto == protoTCP && (f.dstPort == 81 || f.dstPort == 80 && c == gotOut) }); len(fs) > 0 {
			t.Errorf("%s got %v", c.where, fs)
		}
	}
}

func TestACLAfterLoadBalancing(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, backends := lbNets(t, l, "acla", `
		lb-add acla_lb 10.9.9.9:8080 10.0.1.11:80,10.0.1.12:80 tcp
		ls-lb-add aclaf acla_lb
		--apply-after-lb acl-add aclaf from-lport 1000 'inport == "acla-c" && ip4.dst == 10.0.1.12' drop`)
	got := backends[1].capture(t)
	eventually(t, patience, func() error { // on a busy machine it may be the time that is short, each time
		answers := client.answersWithin(t, "tcp", "10.9.9.9:8080", 16)
		if answers["acla-1 sees 10.0.0.10"] == 0 || answers["acla-1 sees 10.0.0.10"] == 16 || len(answers) != 2 {
			return fmt.Errorf("with one of two backends forbidden after the choice: %v", answers)
		}
		return nil
	})
	if fs := got.all(func(f frame) bool { return f.proto == protoTCP }); len(fs) > 0 {
		t.Errorf("the forbidden backend got %v", fs)
	}
}

// Control plane protection: an ACL's resets are limited by a meter, and without it they are not.
func TestCoPP(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	in, out := aclPair(t, l, "copp", `
		acl-add copp to-lport 1000 'outport == "copp-in" && udp.dst == 1000' reject
		meter-add copp_meter drop 2 pktps 2
		copp-add copp_policy reject copp_meter
		ls-copp-add copp_policy copp`)
	errorsFor := func(sent int) int {
		t.Helper()
		got := out.capture(t)
		for i := range sent {
			out.send(t, ethernet(in.mac, out.mac, typeIPv4, udp4("10.0.0.11", uint16(5000+i), "10.0.0.10", 1000, "x")))
		}
		isError := func(f frame) bool { return f.proto == protoICMP && f.srcPort == 3 }
		got.wait(t, "ICMP error", isError)
		in.ping(t, "10.0.0.11", 3)
		return len(got.all(isError))
	}
	const sent = 40
	if n := errorsFor(sent); n > sent/2 {
		t.Errorf("%d of %d packets were answered with a meter of 2 a second", n, sent)
	}
	l.nb(t, "clear Logical_Switch copp copp")
	eventually(t, 15*time.Second, func() error {
		if n := errorsFor(sent); n < sent*3/4 {
			return fmt.Errorf("without the meter %d of %d packets were answered", n, sent)
		}
		return nil
	})
}
