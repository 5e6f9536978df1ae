package packets

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// rows counts the rows that ovn-sbctl find finds.
func (l *lab) rows(t *testing.T, table string, where ...string) int {
	t.Helper()
	out, err := l.tool("ovn-sbctl", append([]string{"--timeout=" + seconds(60), "--bare", "--columns=_uuid", "find", table}, where...)...)
	if err != nil {
		t.Fatal(err)
	}
	return len(strings.Fields(out))
}

func (l *lab) untilRows(t *testing.T, want int, table string, where ...string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		if n := l.rows(t, table, where...); n != want {
			return fmt.Errorf("%s has %d rows with %v, not %d", table, n, where, want)
		}
		return nil
	})
}

// A port with unknown addresses is flooded to until its machine has sent something; what was learned ages, and goes with the port.
func TestLearnedAddresses(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add fdb\n"+lsp("fdb", "fdb-a", "10.0.0.10")+lsp("fdb", "fdb-b", "10.0.0.11")+lsp("fdb", "fdb-c", "10.0.0.12")+
		"lsp-set-addresses fdb-b unknown\nlsp-set-addresses fdb-c unknown")
	a := l.vif(t, "hv1", "fdb-a", []string{"10.0.0.10/24"})
	b := l.vif(t, "hv2", "fdb-b", []string{"10.0.0.11/24"})
	c := l.vif(t, "hv3", "fdb-c", []string{"10.0.0.12/24"})
	l.settle(t, a, b, c)

	const behind = "0a:cc:cc:cc:cc:01" // a machine behind b's, say a nested one
	flooded := func(text string) {
		t.Helper()
		gotB, gotC := b.capture(t), c.capture(t)
		send := func() { a.send(t, ethernet(behind, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.99", 9, text))) }
		gotB.waitDoing(t, "flooded datagram", isUDP(text), send)
		gotC.waitDoing(t, "flooded datagram", isUDP(text), send)
	}
	flooded("unknown")
	row := `mac="` + behind + `"`
	if n := l.rows(t, "FDB", row); n != 0 {
		t.Fatalf("%d rows of an address that has sent nothing", n)
	}
	learn := func() {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			b.send(t, ethernet(a.mac, behind, typeIPv4, udp4("10.0.0.99", 1, "10.0.0.10", 9, "here")))
			if l.rows(t, "FDB", row) != 1 {
				return errors.New("it is not learned")
			}
			return nil
		})
		if _, err := l.tool("ovn-nbctl", "--timeout="+seconds(60), "--wait=hv", "sync"); err != nil {
			t.Fatal(err)
		}
	}
	learn()
	gotB, gotC := b.capture(t), c.capture(t)
	n := 0
	// Until it is so: one datagram may be lost, and flows that a datapath keeps flood for a moment more.
	eventually(t, patience, func() error {
		n++
		known, all := isUDP(fmt.Sprint("known ", n)), isUDP(fmt.Sprint("all ", n))
		a.send(t, ethernet(behind, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.99", 9, fmt.Sprint("known ", n))))
		for _, got := range []*capture{gotB, gotC} { // the broadcast comes behind it, on both ways
			got.waitDoing(t, "broadcast", all, func() {
				a.send(t, ethernet(broadcast, a.mac, typeIPv4, udp4("10.0.0.10", 1, "10.0.0.255", 9, fmt.Sprint("all ", n))))
			})
		}
		if fs := gotC.all(known); len(fs) > 0 {
			return fmt.Errorf("known, and flooded: %v", fs)
		}
		if len(gotB.all(known)) == 0 {
			return errors.New("a datagram to a known address does not arrive")
		}
		return nil
	})

	// It ages.
	l.nb(t, "set Logical_Switch fdb other_config:fdb_age_threshold=2")
	l.untilRows(t, 0, "FDB", row)
	flooded("aged")
	// It goes with its port.
	l.nb(t, "remove Logical_Switch fdb other_config fdb_age_threshold")
	learn()
	l.nb(t, "lsp-del fdb-b")
	l.untilRows(t, 0, "FDB", row)
}

// A router learns its neighbours on the physical network by ARP; what it learned ages, and goes with the router's port.
func TestLearnedNeighbours(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add nei\nls-add neix\nlr-add neir\nset Logical_Router neir options:chassis=hv2\n"+localnet("neix", 135)+
		join("neir", "nei", "10.0.0.1/24")+join("neir", "neix", "172.16.0.1/24")+lsp("nei", "nei-a", "10.0.0.10"))
	a := l.vif(t, "hv1", "nei-a", []string{"10.0.0.10/24"}, "10.0.0.1")
	x := l.external(t, "nei-x", 135, []string{"172.16.0.99/24"}, "172.16.0.1")
	l.settle(t, a)
	row := []string{"logical_port=neir-neix", "ip=172.16.0.99"}
	a.reach(t, "172.16.0.99")
	l.untilRows(t, 1, "MAC_Binding", row...)

	// The neighbour gets another Ethernet address, and says so.
	const other = "0a:dd:dd:dd:dd:02"
	if err := x.hardware("eth0", other); err != nil {
		t.Fatal(err)
	}
	if err := x.route("", "172.16.0.1"); err != nil && !strings.Contains(err.Error(), "exists") {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() error {
		x.send(t, ethernet(broadcast, other, typeARP, arp(1, other, "172.16.0.99", "00:00:00:00:00:00", "172.16.0.99")))
		if l.rows(t, "MAC_Binding", append(row, `mac="`+other+`"`)...) != 1 {
			return errors.New("the new address is not learned")
		}
		return nil
	})
	a.reach(t, "172.16.0.99")

	l.nb(t, "set Logical_Router neir options:mac_binding_age_threshold=172.16.0.0/24:2")
	l.untilRows(t, 0, "MAC_Binding", row...)
	l.nb(t, "remove Logical_Router neir options mac_binding_age_threshold")
	a.reach(t, "172.16.0.99")
	l.untilRows(t, 1, "MAC_Binding", row...)
	l.nb(t, "lrp-del neir-neix")
	l.untilRows(t, 0, "MAC_Binding", row...)
}
