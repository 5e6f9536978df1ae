package packets

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// endpoint is a machine of a case: a network namespace with one link, eth0, as a port of a chassis or of the physical network.
type endpoint struct {
	*netNS
	lab  *lab
	mac  string
	port string // of the switch that it is plugged into
}

// nb gives commands to ovn-nbctl, one a line, as one transaction; it returns what they printed when every chassis has them.
// Words are separated by blanks and may be quoted by "" or ”.
func (l *lab) nb(t *testing.T, commands string) string {
	t.Helper()
	return l.nbctl(t, "hv", commands)
}

// nbctl is nb with another thing to wait for: none, sb or hv.
func (l *lab) nbctl(t *testing.T, wait, commands string) string {
	t.Helper()
	args := []string{"--timeout=" + seconds(120), "--wait=" + wait}
	for _, line := range strings.Split(commands, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			args = append(append(args, "--"), words(line)...)
		}
	}
	out, err := l.tool("ovn-nbctl", args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// words splits a line at blanks outside of quotes, which are dropped.
func words(line string) []string {
	var (
		ws    []string
		w     strings.Builder
		quote rune
		begun bool
	)
	for _, r := range line + " " {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case r == quote:
			quote = 0
		case r == ' ' && quote == 0:
			if begun {
				ws = append(ws, w.String())
			}
			w.Reset()
			begun = false
		default:
			w.WriteRune(r)
			begun = true
		}
	}
	return ws
}

// macOf is an Ethernet address made of a name.
func macOf(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	s := h.Sum32()
	return fmt.Sprintf("0a:00:%02x:%02x:%02x:%02x", byte(s>>24), byte(s>>16), byte(s>>8), byte(s))
}

// lsp is the commands that add a switch port whose Ethernet address is macOf its name. Addresses may have prefix lengths.
func lsp(ls, name string, addrs ...string) string {
	return fmt.Sprintf("lsp-add %s %s\nlsp-set-addresses %s \"%s\"\n", ls, name, name, strings.Join(append([]string{macOf(name)}, bare(addrs)...), " "))
}

func bare(addrs []string) []string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i], _, _ = strings.Cut(a, "/")
	}
	return out
}

// join is the commands that connect a router to a switch by a router port named ROUTER-SWITCH with the networks given.
func join(lr, ls string, networks ...string) string {
	name := lr + "-" + ls
	return fmt.Sprintf("lrp-add %[1]s %[3]s %[4]s %[5]s\nlsp-add %[2]s %[2]s-%[1]s\nlsp-set-type %[2]s-%[1]s router\nlsp-set-addresses %[2]s-%[1]s router\nlsp-set-options %[2]s-%[1]s router-port=%[3]s\n",
		lr, ls, name, macOf(name), strings.Join(networks, " "))
}

// localnet is the commands that connect a switch to the physical network in a VLAN.
func localnet(ls string, vlan int) string {
	return fmt.Sprintf("lsp-add %[1]s %[1]s-phys \"\" %[2]d\nlsp-set-type %[1]s-phys localnet\nlsp-set-addresses %[1]s-phys unknown\nlsp-set-options %[1]s-phys network_name=phys\n", ls, vlan)
}

// vif plugs a machine into the chassis as the logical port of the same name. Addresses have prefix lengths; gateways may be none.
func (l *lab) vif(t *testing.T, hv, name string, addrs []string, gateways ...string) *endpoint {
	t.Helper()
	return l.vifAs(t, hv, name, name, addrs, gateways...)
}

// vifAs is vif with the logical port's name and address for a machine with another name.
func (l *lab) vifAs(t *testing.T, hv, name, lsp string, addrs []string, gateways ...string) *endpoint {
	t.Helper()
	return l.plug(t, l.hv[hv].ovs, name, "v-"+name, macOf(lsp), addrs, gateways, "br-int", "v-"+name, "--", "set", "interface", "v-"+name, "external_ids:iface-id="+lsp)
}

// external plugs a machine into the physical network in a VLAN.
func (l *lab) external(t *testing.T, name string, vlan int, addrs []string, gateways ...string) *endpoint {
	t.Helper()
	if owner, _ := l.vlans.LoadOrStore(vlan, t.Name()); owner != t.Name() {
		t.Fatalf("VLAN %d is %v's: cases that run side by side would hear each other", vlan, owner)
	}
	return l.plug(t, l.tor, name, "x-"+name, macOf(name), addrs, gateways, "tor", "x-"+name, fmt.Sprintf("tag=%d", vlan))
}

func (l *lab) plug(t *testing.T, o *ovs, name, port, mac string, addrs, gateways []string, addPort ...string) *endpoint {
	t.Helper()
	ns, err := newNS(name)
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{netNS: ns, lab: l, mac: mac, port: port}
	for _, step := range []func() error{
		func() error { return ns.sysctl("ipv6/conf/default/accept_dad", "0") },
		func() error { return cable(ns, "eth0", o.ns, port, 1400) },
		func() error { return ns.hardware("eth0", mac) },
		func() error { return o.vsctl(append([]string{"add-port"}, addPort...)...) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range addrs {
		if err := ns.address("eth0", a); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range gateways {
		if err := ns.route("", g); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// settle waits until every machine's logical port is up and all chassis have caught up.
func (l *lab) settle(t *testing.T, es ...*endpoint) {
	t.Helper()
	args := []string{"--timeout=" + seconds(120), "--wait=hv"}
	for _, e := range es {
		args = append(args, "--", "wait-until", "Logical_Switch_Port", e.name, "up=true")
	}
	if _, err := l.tool("ovn-nbctl", append(args, "--", "sync")...); err != nil {
		t.Fatal(err)
	}
}

// slow is a time, longer on slow machines.
func slow(d time.Duration) time.Duration { return d * time.Duration(*slowFlag) }

// seconds is a limit for stock's tools, longer on slow machines.
func seconds(n int) string { return strconv.Itoa(n * *slowFlag) }

// sortedLines sorts lines and joins them.
func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// patience is how long a case waits for what must come, at least: on a busy machine ovn-controller may need seconds for a step.
const patience = 60 * time.Second

// eventually tries until fn has no error; the last one fails the test after the time given, or patience if that is longer.
func eventually(t *testing.T, limit time.Duration, fn func() error) {
	t.Helper()
	limit = slow(max(limit, patience))
	deadline := time.Now().Add(limit)
	for {
		err := fn()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
