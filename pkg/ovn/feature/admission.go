package feature

import (
	"fmt"
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// admission decides what may enter a switch, and turns "packet too big" errors that a tunnel reflects around (ovn-northd(8),
// Logical Switch Ingress Table 0: Admission Control and Ingress Port Security check, Table 1: Ingress Port Security -
// Apply).
//
// Stages: ls_in_check_port_sec.
func admission() Feature {
	return Feature{Name: "admission", Switch: admissionSwitch, SwitchPort: admissionPort}
}

// drop is the action of flows that drop: with options:debug_drop_collector_set, they sample what they drop. What is no number
// counts as 0. Domains from 255 on are no domains: so stock has it, though Sampling_App.id may be 255.
func drop(g *topo.Global) string {
	number := func(option string) uint64 {
		n, err := strconv.ParseUint(g.Options[option], 10, 32)
		if err != nil {
			return 0
		}
		return n
	}
	set, domain := number("debug_drop_collector_set"), number("debug_drop_domain_id")
	if id := g.Samples["drop"]; id != 0 {
		domain = uint64(id)
	}
	if set == 0 || domain >= 255 {
		return "drop;"
	}
	return fmt.Sprintf("sample(probability=65535,collector_set=%d,obs_domain=%d,obs_point=$cookie); /* drop */", set, domain)
}

const tunnelled = " && flags.tunnel_rx == 1"

func admissionSwitch(sw *topo.Switch, b *Builder) {
	const stage = lflow.SwitchInCheckPortSec
	if sw.OtherConfig["vlan-passthru"] != "true" {
		b.Add(sw.Datapath, stage, 100, "vlan.present", drop(sw.Global))
	}
	b.Add(sw.Datapath, stage, 100, "eth.src[40]", drop(sw.Global))
	b.Add(sw.Datapath, stage, 105, lflow.ICMPTooBig+tunnelled, drop(sw.Global))
	b.Add(sw.Datapath, stage, 50, "1", lflow.RegPortSecDrop+" = check_in_port_sec(); next;")
	b.Add(sw.Datapath, lflow.SwitchInApplyPortSec, 50, lflow.RegPortSecDrop+" == 1", drop(sw.Global))
}

func admissionPort(p *topo.SwitchPort, b *Builder) {
	const stage = lflow.SwitchInCheckPortSec
	if p.Type == "router" {
		admissionRouterPort(p, b)
	} else {
		for _, a := range p.Addresses {
			b.Add(p.DP, stage, 110, lflow.ICMPTooBig+" && eth.src == "+a.MAC+" && outport == "+p.Quoted+
				" && !is_chassis_resident("+p.Quoted+")"+tunnelled, "outport <-> inport; next;").WithHint(p.ID)
		}
	}
	if !p.Enabled {
		if p.Type == "external" {
			return // from which nothing comes
		}
		b.Add(p.DP, stage, 100, "inport == "+p.Quoted, lflow.RegPortSecDrop+" = 1; next;").WithPort(p.Name).WithHint(p.ID)
		if p.CRKey != nil {
			b.Add(p.DP, stage, 100, "inport == "+p.CRQuoted(), lflow.RegPortSecDrop+" = 1; next;").WithPort(p.CRName()).WithHint(p.ID)
		}
		return
	}
	switch queue := p.Queue(); {
	case p.Type == "vtep":
		set := ""
		if queue != "" {
			set = "set_queue(" + queue + "); "
		}
		b.Add(p.DP, stage, 70, "inport == "+p.Quoted,
			set+lflow.RegFromRAMP+" = 1; next(pipeline=ingress, table="+itoa(lflow.SwitchInHairpin.Table())+");").
			WithPort(p.Name).WithHint(p.ID)
	case p.Type == "router":
		b.Add(p.DP, stage, 70, "inport == "+p.Quoted, lflow.RegFromRouter+" = 1; next;").WithPort(p.Name).WithHint(p.ID)
		if p.CRKey != nil {
			b.Add(p.DP, stage, 70, "inport == "+p.CRQuoted(), lflow.RegFromRouter+" = 1; next;").
				WithPort(p.CRName()).WithHint(p.ID)
		}
	case queue != "" && p.Type != "external":
		b.Add(p.DP, stage, 70, "inport == "+p.Quoted,
			"set_queue("+queue+"); "+lflow.RegPortSecDrop+" = check_in_port_sec(); next;").WithPort(p.Name).WithHint(p.ID)
	}
}

// admissionRouterPort sends errors that concern a routed packet back the way it came.
func admissionRouterPort(p *topo.SwitchPort, b *Builder) {
	if p.Peer == nil {
		return
	}
	if p.Peer.Gateway {
		b.Add(p.DP, lflow.SwitchInCheckPortSec, 120, lflow.ICMPTooBig+" && eth.src == "+p.Peer.Row.MAC+
			" && outport == "+p.Quoted+tunnelled, "outport <-> inport; next;").WithHint(p.ID)
	} else {
		b.Add(p.DP, lflow.SwitchInCheckPortSec, 120, lflow.ICMPTooBig+" && eth.dst == "+p.Peer.Row.MAC+tunnelled,
			"outport <-> inport; next(pipeline=ingress,table="+itoa(lflow.SwitchInL2Lkup.Table())+");").WithHint(p.ID)
	}
}
