package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// maxDSCP is the highest code point that the six bits of the field hold (RFC 2474 section 3).
const maxDSCP = 63

// qos marks and meters packets (ovn-northd(8), Logical Switch Ingress Table 11: from-lport QoS, Egress Table 9: to-lport
// QoS).
//
// Stages: ls_in_qos, ls_out_qos.
func qos() Feature {
	return Feature{Name: "qos", Switch: func(sw *topo.Switch, b *Builder) {
		for _, q := range sw.QoS {
			stage := lflow.SwitchInQoS
			if q.Direction == "to-lport" {
				stage = lflow.SwitchOutQoS
			}
			action := ""
			if rate, ok := q.Bandwidth["rate"]; ok {
				action += "set_meter(" + strconv.FormatInt(rate, 10)
				if burst, ok := q.Bandwidth["burst"]; ok {
					action += ", " + strconv.FormatInt(burst, 10)
				}
				action += "); "
			}
			if v, ok := q.Action["dscp"]; ok && v <= maxDSCP {
				action += "ip.dscp = " + strconv.FormatInt(v, 10) + "; "
			}
			if v, ok := q.Action["mark"]; ok {
				action += "pkt.mark = " + strconv.FormatInt(v, 10) + "; "
			}
			b.Add(sw.Datapath, stage, int(q.Priority), q.Match, action+"next;").WithHint(q.UUID)
		}
	}}
}
