package packets

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// On a router with a distributed gateway port: from outside with the client's address kept, and from inside by the same address;
// a service and a floating address of the same machine do not disturb each other.
func TestLoadBalancerOnDistributedRouter(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	a, b, out := natNets(t, l, "lbd", 105, `
		lrp-set-gateway-chassis lbdr-lbdx hv3
		lr-nat-add lbdr snat 172.16.0.1 10.0.0.0/24
		lr-nat-add lbdr dnat_and_snat 172.16.0.10 10.0.0.10 lbd-a 0a:fa:00:00:00:02
		lb-add lbd_t 172.16.0.9:8080 10.0.0.10:80,10.0.0.11:80 tcp
		lb-add lbd_6 [fd16::9]:8080 [fd00::11]:80 tcp
		lr-lb-add lbdr lbd_t
		lr-lb-add lbdr lbd_6`)
	out.spread(t, "tcp", "172.16.0.9:8080", "lbd-a sees 172.16.0.100", "lbd-b sees 172.16.0.100")
	out.wantAnswer(t, "tcp", "[fd16::9]:8080", "lbd-b sees fd16::100")
	// Answers from a backend's port go by the gateway's chassis, with stock too, so the floating address is tried at another one.
	a.serveTCP(t, ":81")
	out.wantAnswer(t, "tcp", "172.16.0.10:81", "lbd-a sees 172.16.0.100")
	a.wantAnswer(t, "tcp", "172.16.0.100:80", "lbd-out sees 172.16.0.10")
	b.wantAnswer(t, "tcp", "172.16.0.100:80", "lbd-out sees 172.16.0.1")
}

// Two floating addresses of one router reach each other: a packet that leaves by the gateway for an address that the gateway
// has comes back in.
func TestNATBetweenFloatingAddresses(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	a, b, _ := natNets(t, l, "natf", 106, `
		lrp-set-gateway-chassis natfr-natfx hv3
		lr-nat-add natfr dnat_and_snat 172.16.0.10 10.0.0.10
		lr-nat-add natfr dnat_and_snat 172.16.0.11 10.0.0.11
		lr-nat-add natfr dnat_and_snat fd16::10 fd00::10
		lr-nat-add natfr dnat_and_snat fd16::11 fd00::11`)
	a.wantAnswer(t, "tcp", "172.16.0.11:80", "natf-b sees 172.16.0.10")
	b.wantAnswer(t, "tcp", "172.16.0.10:80", "natf-a sees 172.16.0.11")
	a.wantAnswer(t, "tcp", "[fd16::11]:80", "natf-b sees fd16::10")
	a.wantAnswer(t, "tcp", "172.16.0.10:80", "natf-a sees 172.16.0.10") // itself
	a.reach(t, "172.16.0.11")
	a.ping(t, "172.16.0.11", 3)
}

// A template's variables differ from chassis to chassis: each sends the same service to its own backend.
func TestLoadBalancerTemplate(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, backends := lbNets(t, l, "lbt", `
		create Chassis_Template_Var chassis=hv1 variables='{lbt_vip="10.9.9.9",lbt_backends="10.0.1.12:80"}'
		create Chassis_Template_Var chassis=hv2 variables='{lbt_vip="10.9.9.9",lbt_backends="10.0.1.13:80"}'
		create Load_Balancer name=lbt_lb protocol=tcp options:template=true options:address-family=ipv4 vips:'"^lbt_vip:8080"'='"^lbt_backends"'
		ls-lb-add lbtf lbt_lb
		ls-lb-add lbtb lbt_lb`)
	client.spread(t, "tcp", "10.9.9.9:8080", "lbt-2 sees 10.0.0.10")
	backends[1].spread(t, "tcp", "10.9.9.9:8080", "lbt-3 sees 10.0.1.12")
}

// A group of load balancers belongs to switch and router at once; the one that goes out of the group is gone on both.
func TestLoadBalancerGroup(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, _ := lbNets(t, l, "lgr", `
		lb-add lgr_1 10.9.9.1:8080 10.0.1.11:80 tcp
		lb-add lgr_2 10.9.9.2:8080 10.0.1.12:80 tcp
		set Load_Balancer lgr_2 options:skip_snat=true
		--id=@g create Load_Balancer_Group name=lgr_g
		set Logical_Switch lgrf load_balancer_group=@g
		set Logical_Router lgrr options:chassis=hv2 load_balancer_group=@g`)
	l.nb(t, "add Load_Balancer_Group lgr_g load_balancer "+l.nb(t, "get Load_Balancer lgr_1 _uuid")+" "+l.nb(t, "get Load_Balancer lgr_2 _uuid"))
	client.wantAnswer(t, "tcp", "10.9.9.1:8080", "lgr-1 sees 10.0.0.10")
	client.wantAnswer(t, "tcp", "10.9.9.2:8080", "lgr-2 sees 10.0.0.10")
	l.nb(t, "remove Load_Balancer_Group lgr_g load_balancer "+l.nb(t, "get Load_Balancer lgr_1 _uuid"))
	eventually(t, 10*time.Second, func() error {
		if answer, err := client.ask("tcp", "10.9.9.1:8080"); err == nil {
			return fmt.Errorf("out of the group it still answers %q", answer)
		}
		return nil
	})
	client.wantAnswer(t, "tcp", "10.9.9.2:8080", "lgr-2 sees 10.0.0.10")
}

// A packet for a service without backends wakes whoever watches Controller_Event, and a UDP health check sees a closed port.
func TestLoadBalancerEvent(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	client, _ := lbNets(t, l, "lev", `
		set NB_Global . options:controller_event=true
		lb-add lev_e 10.9.9.9:8080 "" tcp
		set Load_Balancer lev_e options:event=true
		ls-lb-add levf lev_e
		lb-add lev_u 10.9.9.8:80 10.0.1.11:81,10.0.1.12:80 udp
		set Load_Balancer lev_u ip_port_mappings:'"10.0.1.11"="lev-1:10.0.1.2"' ip_port_mappings:'"10.0.1.12"="lev-2:10.0.1.2"'
		--id=@hc create Load_Balancer_Health_Check vip='"10.9.9.8:80"' options:interval=1 options:timeout=1 options:success_count=1 options:failure_count=1
		add Load_Balancer lev_u health_check @hc
		ls-lb-add levf lev_u`)
	eventually(t, 15*time.Second, func() error {
		_, _ = client.askWithin(100*time.Millisecond, "tcp", "10.9.9.9:8080")
		out, err := l.tool("ovn-sbctl", "--columns=event_type,event_info", "list", "Controller_Event")
		if err == nil && !(strings.Contains(out, "empty_lb_backends") && strings.Contains(out, `vip="10.9.9.9:8080"`)) {
			err = fmt.Errorf("Controller_Event has %q", out)
		}
		return err
	})
	// Port 81 of the first backend is closed, so only the second one answers.
	eventually(t, 20*time.Second, func() error {
		if got := client.answers(t, "udp", "10.9.9.8:80", 8); got["lev-2 sees 10.0.0.10"] != 8 {
			return fmt.Errorf("with one closed port: %v", got)
		}
		return nil
	})
}
