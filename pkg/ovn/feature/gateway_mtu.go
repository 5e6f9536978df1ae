package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// gatewayMTU reads options:gateway_mtu and options:gateway_mtu_bypass of a router port: the action that measures a packet,
// "" without a limit, and the match of those that need not be measured.
func gatewayMTU(p *topo.RouterPort) (measure, bypass string) {
	mtu, err := strconv.Atoi(p.Row.Options["gateway_mtu"])
	if err != nil || mtu <= 0 {
		return "", ""
	}
	// The option does not count the Ethernet header.
	return lflow.RegPktLarger + " = check_pkt_larger(" + strconv.Itoa(mtu+14) + "); ", p.Row.Options["gateway_mtu_bypass"]
}
