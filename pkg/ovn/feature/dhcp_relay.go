package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// dhcpRelay passes DHCP between the clients behind a router port and a server elsewhere (ovn-northd(8), Logical Router
// Ingress Table 4: DHCP Relay Request, Table 19: DHCP Relay Response Check, Table 20: DHCP Relay Response, and what Table 3
// says of it).
//
// Stages: lr_in_ip_input, lr_in_dhcp_relay_req, lr_in_dhcp_relay_resp_chk, lr_in_dhcp_relay_resp.
func dhcpRelay() Feature {
	return Feature{Name: "dhcp relay", RouterPort: dhcpRelayPort}
}

func dhcpRelayPort(p *topo.RouterPort, b *Builder) {
	if p.RelayServer == "" || len(p.IP4) == 0 || p.PeerSwitch == nil || p.PeerSwitch.OtherConfig["dhcp_relay_port"] == "" {
		return
	}
	relay, srv := p.IP4[0].IP(), p.RelayServer
	const request, response = " /* DHCP_RELAY_REQ */", " /* DHCP_RELAY_RESP */"
	add := func(stage lflow.Stage, priority int, match, actions string) *Item {
		return b.Add(p.DP, stage, priority, match, actions).WithHint(p.ID)
	}
	client := "inport == " + p.Quoted + " && ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255"
	const fromClient, fromServer = " && udp.src == 68 && udp.dst == 67", " && udp.src == 67 && udp.dst == 67"
	meter := p.Router.Copp["dhcpv4-relay"]

	add(lflow.RouterInIPInput, 110, client+" && ip.frag == 0"+fromClient,
		lflow.RegDHCPRelayReq+" = dhcp_relay_req_chk("+relay+", "+srv+");next;"+request).WithMeter(meter)
	add(lflow.RouterInIPInput, 110, "ip4.src == "+srv+" && ip4.dst == "+relay+" && ip.frag == 0"+fromServer, "next;"+response)
	add(lflow.RouterInDHCPRelayReq, 100, client+fromClient+" && "+lflow.RegDHCPRelayReq,
		"ip4.src = "+relay+"; ip4.dst = "+srv+"; udp.src = 67; next;"+request)
	add(lflow.RouterInDHCPRelayReq, 1, client+fromClient+" && "+lflow.RegDHCPRelayReq+" == 0", "drop;"+request)

	add(lflow.RouterInDHCPRelayRespChk, 100, "ip4.src == "+srv+" && ip4.dst == "+relay+fromServer,
		"reg2 = ip4.dst; "+lflow.RegDHCPRelayResp+" = dhcp_relay_resp_chk("+relay+", "+srv+"); next;"+response).WithMeter(meter)
	reply := "ip4.src == " + srv + " && reg2 == " + relay + fromServer + " && " + lflow.RegDHCPRelayResp
	add(lflow.RouterInDHCPRelayResp, 100, reply, "ip4.src = "+relay+"; udp.dst = 68; outport = "+p.Quoted+"; output;"+response)
	add(lflow.RouterInDHCPRelayResp, 1, reply+" == 0", "drop;"+response)
}
