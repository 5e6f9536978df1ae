package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// portsec checks what leaves a switch; the rules themselves are ovn-controller's, from Port_Binding.port_security
// (ovn-northd(8), Logical Switch Egress Table 11: Egress Port Security - check, Table 12: Egress Port Security - Apply).
//
// Stages: ls_out_check_port_sec, ls_out_apply_port_sec.
func portsec() Feature {
	return Feature{
		Name: "portsec",
		Switch: func(sw *topo.Switch, b *Builder) {
			b.Add(sw.Datapath, lflow.SwitchOutCheckPortSec, 100, "eth.mcast", lflow.RegPortSecDrop+" = 0; next;")
			b.Add(sw.Datapath, lflow.SwitchOutCheckPortSec, 0, "1", lflow.RegPortSecDrop+" = check_out_port_sec(); next;")
			b.Add(sw.Datapath, lflow.SwitchOutApplyPortSec, 50, lflow.RegPortSecDrop+" == 1", drop(sw.Global))
			b.Add(sw.Datapath, lflow.SwitchOutApplyPortSec, 0, "1", "output;")
		},
		SwitchPort: func(p *topo.SwitchPort, b *Builder) {
			queue := p.Queue()
			switch {
			case queue == "" || !p.Enabled || p.Type == "external" || p.Type == "vtep":
			case p.Type == "localnet":
				b.Add(p.DP, lflow.SwitchOutApplyPortSec, 100, "outport == "+p.Quoted, "set_queue("+queue+"); output;").
					WithPort(p.Name).WithHint(p.ID)
			case len(p.Switch.Localnets) > 0:
				ln := p.Switch.Localnets[0]
				b.Add(p.DP, lflow.SwitchOutApplyPortSec, 110, "outport == "+ln.Quoted+" && inport == "+p.Quoted,
					"set_queue("+queue+"); output;").WithPort(ln.Name).WithHint(ln.ID)
			}
		},
	}
}
