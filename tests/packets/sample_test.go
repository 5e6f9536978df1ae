package packets

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// collector holds the messages of an IPFIX exporter (RFC 7011).
type collector struct {
	mu       sync.Mutex
	messages [][]byte // guarded by mu
}

// collect listens for IPFIX in the namespace until the test ends.
func (n *netNS) collect(t *testing.T, addr string) *collector {
	t.Helper()
	var pc net.PacketConn
	if err := n.do(func() (err error) {
		pc, err = net.ListenPacket("udp4", addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	c := &collector{}
	go func() {
		buf := make([]byte, 65536)
		for {
			n, _, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.messages = append(c.messages, bytes.Clone(buf[:n]))
			c.mu.Unlock()
		}
	}()
	return c
}

// has reports whether a message has all these parts.
func (c *collector) has(parts ...[]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
next:
	for _, m := range c.messages {
		for _, p := range parts {
			if !bytes.Contains(m, p) {
				continue next
			}
		}
		return true
	}
	return false
}

// A sampled ACL's packets are told to the collector of the packet's chassis, with the number that the sample has: another one for
// what is established.
func TestACLSampling(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	hv := l.hv["hv1"] // to-lport is judged where the packet leaves
	got := hv.ns.collect(t, "127.0.0.1:4739")
	if err := hv.vsctl("--id=@b", "get", "Bridge", "br-int", "--", "--id=@i", "create", "IPFIX", "targets=\"127.0.0.1:4739\"", "--",
		"create", "Flow_Sample_Collector_Set", "id=77", "bridge=@b", "ipfix=@i"); err != nil {
		t.Fatal(err)
	}
	in, out := aclPair(t, l, "smp", `
		--id=@c create Sample_Collector id=1 name=smp_c probability=65535 set_id=77
		--id=@n create Sample metadata=2863311530 collectors=@c
		--id=@e create Sample metadata=3149642683 collectors=@c
		--id=@a create ACL direction=to-lport priority=1000 match='"outport == \"smp-in\" && udp.dst == 7"' action=allow-related sample_new=@n sample_est=@e
		add Logical_Switch smp acls @a
		acl-add smp to-lport 900 'outport == "smp-in" && udp' drop`)
	in.serveUDP(t, ":7")
	want := netip.MustParseAddr("10.0.0.11").As4()
	for what, number := range map[string][]byte{"new": {0xaa, 0xaa, 0xaa, 0xaa}, "established": {0xbb, 0xbb, 0xbb, 0xbb}} {
		eventually(t, 20*time.Second, func() error {
			c, err := out.dial("udp", "10.0.0.10:7", time.Second)
			if err != nil {
				return err
			}
			defer c.Close()
			buf := make([]byte, 100)
			for range 3 {
				if _, err := c.Write([]byte("x")); err != nil {
					return err
				}
				_ = c.SetReadDeadline(time.Now().Add(slow(time.Second)))
				if _, err := c.Read(buf); err != nil {
					return err
				}
			}
			if !got.has(number, want[:]) {
				return fmt.Errorf("no sample of what is %s", what)
			}
			return nil
		})
	}
}
