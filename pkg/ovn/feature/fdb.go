package feature

import (
	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// fdb learns which port a MAC is behind, for ports that accept any (ovn-northd(8), Logical Switch Ingress Table 2: Lookup
// MAC address learning table, Table 3: Learn MAC of 'unknown' ports, and Egress Tables 0 and 1 for remote ports).
//
// Stages: ls_in_lookup_fdb, ls_in_put_fdb, ls_out_lookup_fdb, ls_out_put_fdb.
func fdb() Feature {
	return Feature{Name: "fdb", SwitchPort: func(p *topo.SwitchPort, b *Builder) {
		lookup, put, side := lflow.SwitchInLookupFDB, lflow.SwitchInPutFDB, "inport == "
		action := lflow.RegLookupFDB + " = lookup_fdb(inport, eth.src); next;"
		switch {
		case p.Type == "localnet" && p.Option("localnet_learn_fdb") == "true":
			action = "flags.localnet = 1; " + action
		case p.Type == "remote" && len(p.PortSecurity) == 0 && p.Unknown:
			lookup, put = lflow.SwitchOutLookupFDB, lflow.SwitchOutPutFDB
		case p.Type == "" && len(p.Row.PortSecurity) == 0 && p.Unknown:
		default:
			return
		}
		b.Add(p.DP, lookup, 100, side+p.Quoted, action).WithPort(p.Name).WithHint(p.ID)
		b.Add(p.DP, put, 100, side+p.Quoted+" && "+lflow.RegLookupFDB+" == 0", "put_fdb(inport, eth.src); next;").
			WithPort(p.Name).WithHint(p.ID)
	}}
}
