package packets

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// lbNets is a router between a switch of clients and one of three backends, 10.0.1.11 to 13, which serve TCP and UDP port 80.
func lbNets(t *testing.T, l *lab, name, commands string) (client *endpoint, backends []*endpoint) {
	t.Helper()
	front, back, lr := name+"f", name+"b", name+"r"
	l.nb(t, "ls-add "+front+"\nls-add "+back+"\nlr-add "+lr+"\n"+join(lr, front, "10.0.0.1/24", "fd00::1/64")+join(lr, back, "10.0.1.1/24", "fd01::1/64")+
		lsp(front, name+"-c", "10.0.0.10", "fd00::10")+lsp(back, name+"-1", "10.0.1.11", "fd01::11")+lsp(back, name+"-2", "10.0.1.12", "fd01::12")+lsp(back, name+"-3", "10.0.1.13", "fd01::13")+commands)
	client = l.vif(t, "hv1", name+"-c", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	for i := 1; i <= 3; i++ {
		b := l.vif(t, fmt.Sprintf("hv%d", i), fmt.Sprintf("%s-%d", name, i), []string{fmt.Sprintf("10.0.1.1%d/24", i), fmt.Sprintf("fd01::1%d/64", i)}, "10.0.1.1", "fd01::1")
		b.serveTCP(t, ":80")
		b.serveUDP(t, ":80")
		backends = append(backends, b)
	}
	l.settle(t, append(backends, client)...)
	for _, b := range backends {
		b.reach(t, "10.0.1.1")
		b.reach(t, "fd01::1")
	}
	client.reach(t, "10.0.0.1")
	client.reach(t, "fd00::1")
	return client, backends
}

// answers asks count times and counts what each backend answered.
func (e *endpoint) answers(t *testing.T, network, addr string, count int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range count {
		answer, err := e.ask(network, addr)
		if err != nil {
			answer = err.Error()
		}
		got[answer]++
	}
	return got
}

// answersWithin is answers for services that may be silent; silences are counted as "".
func (e *endpoint) answersWithin(t *testing.T, network, addr string, count int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range count {
		answer, _ := e.askWithin(200*time.Millisecond, network, addr)
		got[answer]++
	}
	return got
}

// spread asks until all of the answers come, and no other one in as many questions.
func (e *endpoint) spread(t *testing.T, network, addr string, want ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		got := map[string]bool{}
		for range 6 * len(want) {
			answer, err := e.ask(network, addr)
			if err != nil {
				return err
			}
			if got[answer] = true; !slices.Contains(want, answer) {
				return fmt.Errorf("%s %s answers %q, want one of %q", network, addr, answer, want)
			}
		}
		if len(got) < len(want) {
			return fmt.Errorf("%s %s answers only %v, want all of %q", network, addr, got, want)
		}
		return nil
	})
}

// On a switch: connections spread over all backends, each of them sees the client's address; TCP, UDP, IPv6.
func TestLoadBalancerOnSwitch(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, _ := lbNets(t, l, "lbs", `
		lb-add lbs_tcp 10.9.9.9:8080 10.0.1.11:80,10.0.1.12:80,10.0.1.13:80 tcp
		lb-add lbs_udp 10.9.9.9:8080 10.0.1.11:80,10.0.1.12:80 udp
		lb-add lbs_6 [fd09::9]:8080 [fd01::11]:80,[fd01::13]:80 tcp
		ls-lb-add lbsf lbs_tcp
		ls-lb-add lbsf lbs_udp
		ls-lb-add lbsf lbs_6`)
	client.spread(t, "tcp", "10.9.9.9:8080", "lbs-1 sees 10.0.0.10", "lbs-2 sees 10.0.0.10", "lbs-3 sees 10.0.0.10")
	client.spread(t, "udp", "10.9.9.9:8080", "lbs-1 sees 10.0.0.10", "lbs-2 sees 10.0.0.10")
	client.spread(t, "tcp", "[fd09::9]:8080", "lbs-1 sees fd00::10", "lbs-3 sees fd00::10")

	l.nb(t, `set Load_Balancer lbs_tcp vips:'"10.9.9.9:8080"="10.0.1.12:80"'`)
	client.spread(t, "tcp", "10.9.9.9:8080", "lbs-2 sees 10.0.0.10")
}

// With an affinity timeout a client stays with its first backend for as long, though each connection is a new one.
func TestLoadBalancerAffinity(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	const all = "10.0.1.11:80,10.0.1.12:80,10.0.1.13:80"
	client, _ := lbNets(t, l, "lba", `
		lb-add lba_s 10.9.9.9:8080 `+all+` tcp
		lb-add lba_r 10.9.9.8:8080 `+all+` tcp
		set Load_Balancer lba_s options:affinity_timeout=60
		set Load_Balancer lba_r options:affinity_timeout=60
		ls-lb-add lbaf lba_s
		set Logical_Router lbar options:chassis=hv2
		lr-lb-add lbar lba_r`)
	for _, vip := range []string{"10.9.9.9:8080", "10.9.9.8:8080"} {
		// The first answers go before the affinity is learnt; 20 in a row from one of three backends is no accident (3^-19).
		var got map[string]int
		eventually(t, 15*time.Second, func() error {
			if got = client.answers(t, "tcp", vip, 20); len(got) != 1 {
				return fmt.Errorf("%s: 20 connections of one client went to %v", vip, got)
			}
			return nil
		})
		for answer := range got {
			if !strings.HasSuffix(answer, " sees 10.0.0.10") {
				t.Errorf("%s answers %v", vip, got)
			}
		}
	}
}

// A backend reaches itself by the service that it is part of, and sees the service's address or the one chosen for that.
func TestLoadBalancerHairpin(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	_, backends := lbNets(t, l, "lbh", `
		lb-add lbh_t 10.9.9.9:8080 10.0.1.11:80 tcp
		lb-add lbh_u 10.9.9.9:8080 10.0.1.11:80 udp
		lb-add lbh_s 10.9.9.8:8080 10.0.1.11:80 tcp
		lb-add lbh_6 [fd09::9]:8080 [fd01::11]:80 tcp
		set Load_Balancer lbh_s options:hairpin_snat_ip="169.254.42.1"
		ls-lb-add lbhb lbh_t
		ls-lb-add lbhb lbh_u
		ls-lb-add lbhb lbh_s
		ls-lb-add lbhb lbh_6`)
	b := backends[0]
	b.wantAnswer(t, "tcp", "10.9.9.9:8080", "lbh-1 sees 10.9.9.9")
	b.wantAnswer(t, "udp", "10.9.9.9:8080", "lbh-1 sees 10.9.9.9")
	b.wantAnswer(t, "tcp", "10.9.9.8:8080", "lbh-1 sees 169.254.42.1")
	b.wantAnswer(t, "tcp", "[fd09::9]:8080", "lbh-1 sees fd09::9")
	backends[1].wantAnswer(t, "tcp", "10.9.9.9:8080", "lbh-1 sees 10.0.1.12")
}

// On a gateway router: reached from outside, with the client's address kept, or replaced on request; refused without backends.
func TestLoadBalancerOnRouter(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	_, _, out := natNets(t, l, "lbg", 104, `
		set Logical_Router lbgr options:chassis=hv3
		lb-add lbg_a 172.16.0.1:8080 10.0.0.10:80,10.0.0.11:80 tcp
		lb-add lbg_b 172.16.0.9:8080 10.0.0.11:80 tcp
		lb-add lbg_6 [fd16::9]:8080 [fd00::11]:80 tcp
		lb-add lbg_none 172.16.0.8:8080 "" tcp
		set Load_Balancer lbg_none options:reject=true
		lr-lb-add lbgr lbg_a
		lr-lb-add lbgr lbg_b
		lr-lb-add lbgr lbg_6
		lr-lb-add lbgr lbg_none`)
	out.spread(t, "tcp", "172.16.0.1:8080", "lbg-a sees 172.16.0.100", "lbg-b sees 172.16.0.100")
	out.wantAnswer(t, "tcp", "172.16.0.9:8080", "lbg-b sees 172.16.0.100")
	out.wantAnswer(t, "tcp", "[fd16::9]:8080", "lbg-b sees fd16::100")
	out.wantRefused(t, "tcp", "172.16.0.8:8080")
	l.nb(t, `set Logical_Router lbgr options:lb_force_snat_ip="10.0.0.1"`)
	out.wantAnswer(t, "tcp", "172.16.0.9:8080", "lbg-b sees 10.0.0.1")
}

// A service without backends refuses connections, when it is to reject, until it has one.
func TestLoadBalancerEmpty(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, _ := lbNets(t, l, "lbe", `
		lb-add lbe_r 10.9.9.9:8080 "" tcp
		set Load_Balancer lbe_r options:reject=true
		lb-add lbe_u 10.9.9.9:8080 "" udp
		set Load_Balancer lbe_u options:reject=true
		ls-lb-add lbef lbe_r
		ls-lb-add lbef lbe_u`)
	client.wantRefused(t, "tcp", "10.9.9.9:8080")
	client.wantRefused(t, "udp", "10.9.9.9:8080")
	l.nb(t, `set Load_Balancer lbe_r vips:'"10.9.9.9:8080"="10.0.1.12:80"'`)
	client.wantAnswer(t, "tcp", "10.9.9.9:8080", "lbe-2 sees 10.0.0.10")
}

// A health check takes a backend out that stops answering, and back in when it answers again.
func TestLoadBalancerHealthCheck(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, backends := lbNets(t, l, "lbc", `
		lb-add lbc_lb 10.9.9.9:8080 10.0.1.11:81,10.0.1.12:81 tcp
		set Load_Balancer lbc_lb ip_port_mappings:'"10.0.1.11"="lbc-1:10.0.1.2"' ip_port_mappings:'"10.0.1.12"="lbc-2:10.0.1.2"'
		--id=@hc create Load_Balancer_Health_Check vip='"10.9.9.9:8080"' options:interval=1 options:timeout=10 options:success_count=1 options:failure_count=1
		add Load_Balancer lbc_lb health_check @hc
		ls-lb-add lbcf lbc_lb`)
	status := func(want1, want2 string) {
		t.Helper()
		args := []string{"--timeout=" + seconds(60)}
		for port, s := range map[string]string{"lbc-1": want1, "lbc-2": want2} {
			row, err := l.tool("ovn-sbctl", "--bare", "--columns=_uuid", "find", "Service_Monitor", "logical_port="+port)
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, "--", "wait-until", "Service_Monitor", strings.TrimSpace(row), "status="+s)
		}
		if _, err := l.tool("ovn-sbctl", args...); err != nil {
			t.Fatal(err)
		}
		l.nb(t, "sync")
	}
	backends[0].serveTCP(t, ":81")
	stop := backends[1].serveTCPUntil(t, ":81")
	status("online", "online")
	client.spread(t, "tcp", "10.9.9.9:8080", "lbc-1 sees 10.0.0.10", "lbc-2 sees 10.0.0.10")
	stop()
	status("online", "offline")
	eventually(t, 15*time.Second, func() error {
		if got := client.answers(t, "tcp", "10.9.9.9:8080", 10); got["lbc-1 sees 10.0.0.10"] != 10 {
			return fmt.Errorf("with one backend offline: %v", got)
		}
		return nil
	})
	backends[1].serveTCP(t, ":81")
	status("online", "online")
	client.spread(t, "tcp", "10.9.9.9:8080", "lbc-1 sees 10.0.0.10", "lbc-2 sees 10.0.0.10")
}
