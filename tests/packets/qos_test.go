package packets

import (
	"fmt"
	"strings"
	"testing"
)

// isUDPLike matches datagrams whose payload begins so.
func isUDPLike(prefix string) func(frame) bool {
	return func(f frame) bool { return f.proto == protoUDP && strings.HasPrefix(string(f.payload), prefix) }
}

// A QoS rule limits what it matches to its rate and nothing else, and marks packets.
func TestQoS(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add qos\n"+lsp("qos", "qos-a", "10.0.0.10")+lsp("qos", "qos-b", "10.0.0.11")+lsp("qos", "qos-c", "10.0.0.12")+`
		qos-add qos from-lport 100 'inport == "qos-a" && udp.dst == 7' rate=16 burst=80
		qos-add qos to-lport 100 'outport == "qos-c" && udp.dst == 7' rate=16 burst=80
		qos-add qos from-lport 90 'ip4.src == 10.0.0.10 && udp.dst == 9' dscp=46`)
	a := l.vif(t, "hv1", "qos-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "qos-b", []string{"10.0.0.11/24"})
	c := l.vif(t, "hv3", "qos-c", []string{"10.0.0.12/24"})
	l.settle(t, a, b, c)
	for _, dst := range []string{"10.0.0.11", "10.0.0.12"} {
		a.reach(t, dst)
	}
	b.reach(t, "10.0.0.12")

	// 80 kbit at once and 16 kbit a second are ten datagrams and two a second: of 200 most are dropped, of another port none.
	const count, size = 200, 1000
	flood := func(from, to *endpoint, src, dst string, port uint16, name string) int {
		t.Helper()
		got := to.capture(t)
		for i := range count {
			text := fmt.Sprintf("%s %d ", name, i)
			from.send(t, ethernet(to.mac, from.mac, typeIPv4, udp4(src, 1, dst, port, text+strings.Repeat(".", size-len(text)))))
		}
		// What comes behind all of them, by a way without limit.
		got.waitDoing(t, "datagram after a flood", isUDP(name+" end"), func() {
			from.send(t, ethernet(to.mac, from.mac, typeIPv4, udp4(src, 1, dst, 8, name+" end")))
		})
		return len(got.all(isUDPLike(name+" "))) - len(got.all(isUDP(name+" end")))
	}
	limited := func(what string, n int) {
		t.Helper()
		if n == 0 || n > count/2 {
			t.Errorf("%s: %d of %d datagrams arrive", what, n, count)
		}
	}
	// A busy machine may lose some of a flood, but not again and again.
	free := func(what string, flood func() int) {
		t.Helper()
		eventually(t, patience, func() error {
			if n := flood(); n < count*9/10 {
				return fmt.Errorf("%s: only %d of %d datagrams arrive", what, n, count)
			}
			return nil
		})
	}
	limited("limited at the sender", flood(a, b, "10.0.0.10", "10.0.0.11", 7, "sender"))
	limited("limited at the receiver", flood(b, c, "10.0.0.11", "10.0.0.12", 7, "receiver"))
	free("another port", func() int { return flood(a, b, "10.0.0.10", "10.0.0.11", 17, "port") })
	free("another machine", func() int { return flood(b, a, "10.0.0.11", "10.0.0.10", 7, "machine") })

	got := b.capture(t)
	marked := func(port uint16, text string) byte {
		t.Helper()
		return got.waitDoing(t, text+" datagram", isUDP(text), func() {
			a.send(t, ethernet(b.mac, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.11", port, text)))
		}).dscp
	}
	if dscp := marked(9, "marked"); dscp != 46 {
		t.Errorf("DSCP %d, want 46", dscp)
	}
	if dscp := marked(10, "plain"); dscp != 0 {
		t.Errorf("DSCP %d, want none", dscp)
	}

	// Without the rule nothing is dropped.
	l.nb(t, "qos-del qos from-lport")
	free("without the rule", func() int { return flood(a, b, "10.0.0.10", "10.0.0.11", 7, "deleted") })
}
