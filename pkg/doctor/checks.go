package doctor

import "github.com/kove-io/kove/pkg/config"

var (
	both       = []config.Role{config.Server, config.Agent}
	serverOnly = []config.Role{config.Server}
	agentOnly  = []config.Role{config.Agent}
)

// Checks are all checks, in the order in which they run: from what spoils everything else to what needs the network.
func Checks() []Check {
	return []Check{
		{"root", both, root},
		{"running", both, running},
		{"clock", both, clock},
		{"data-dir", both, dataDir},
		{"address", both, address},
		{"ranges", serverOnly, ranges},
		{"datapath", both, datapath},
		{"ports", both, portsFree},
		{"token", both, token},
		{"server", agentOnly, server},
	}
}
