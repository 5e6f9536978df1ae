package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// defaults emits the priority-0 flows of the switch stages in which a packet that no feature has anything to say about
// simply goes on. The router's are in router.go.
func defaults() Feature {
	return Feature{
		Name: "defaults",
		Switch: func(sw *topo.Switch, b *Builder) {
			for _, s := range passThrough {
				b.Add(sw.Datapath, s, 0, "1", "next;")
			}
		},
	}
}

var passThrough = []lflow.Stage{
	lflow.SwitchInApplyPortSec, lflow.SwitchInLookupFDB, lflow.SwitchInPutFDB, lflow.SwitchInPreACL, lflow.SwitchInPreLB,
	lflow.SwitchInPreStateful, lflow.SwitchInACLSample, lflow.SwitchInQoS,
	lflow.SwitchInLBAffCheck, lflow.SwitchInLB, lflow.SwitchInLBAffLearn, lflow.SwitchInPreHairpin,
	lflow.SwitchInNATHairpin, lflow.SwitchInHairpin, lflow.SwitchInACLAfterLBSample,
	lflow.SwitchInStateful, lflow.SwitchInARPRsp, lflow.SwitchInDHCPOptions,
	lflow.SwitchInDHCPResponse, lflow.SwitchInDNSLookup, lflow.SwitchInDNSResponse, lflow.SwitchInExternalPort,
	lflow.SwitchOutLookupFDB, lflow.SwitchOutPutFDB, lflow.SwitchOutPreACL, lflow.SwitchOutPreLB,
	lflow.SwitchOutPreStateful, lflow.SwitchOutACLSample, lflow.SwitchOutQoS,
	lflow.SwitchOutStateful,
}
