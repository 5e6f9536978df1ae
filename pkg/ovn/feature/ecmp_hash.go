package feature

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// choose emits the flows that select a member of a group of routes by a hash of the fields that all members name, by default
// those of the connection (ovn-nb(5), Logical_Router_Static_Route, selection_fields). Ports have names of their own in each
// protocol, so that fields with them take a flow for each; packets of other protocols are chosen by the rest.
func (g *routeGroup) choose(r *topo.Router, match string, id int, b *Builder) {
	fields, ports := g.fields()
	add := func(above int, match string, fields []string) {
		slices.Sort(fields)
		b.Add(r.Datapath, lflow.RouterInIPRouting, g.priority()+above, match,
			"ip.ttl--; flags.loopback = 1; "+chooseMember(id, len(g.members), slices.Compact(fields)))
	}
	if len(ports) == 0 {
		add(0, match, fields)
		return
	}
	fields = append(fields, "ip_proto")
	add(0, match, slices.Clone(fields))
	if len(g.members) == 1 {
		add(1, match, nil) // nothing to choose; stock has it all the same
		return
	}
	for _, protocol := range []string{"tcp", "udp", "sctp"} {
		all := slices.Clone(fields)
		for _, p := range ports {
			all = append(all, protocol+strings.TrimPrefix(p, "tp"))
		}
		add(1, match+" && "+protocol, all)
	}
}

// fields are the selection fields that all members have, those that are ports of a transport protocol apart.
func (g *routeGroup) fields() (fields, ports []string) {
	for _, f := range g.members[0].Fields {
		switch {
		case slices.ContainsFunc(g.members, func(m *topo.Route) bool { return !slices.Contains(m.Fields, f) }):
		case strings.HasPrefix(f, "tp_"):
			ports = append(ports, f)
		default:
			fields = append(fields, f)
		}
	}
	return fields, ports
}

// chooseMember is the action that selects one of n members.
func chooseMember(id, n int, fields []string) string {
	s := lflow.RegECMPGroup + " = " + strconv.Itoa(id) + "; " + lflow.RegECMPMember + " = "
	if n == 1 {
		return s + "1; next;"
	}
	var members []string
	for i := range n {
		members = append(members, strconv.Itoa(i+1))
	}
	list := strings.Join(members, ", ")
	if len(fields) > 0 {
		return s + "select(values=(" + list + `); hash_fields="` + strings.Join(fields, ",") + `");`
	}
	return s + "select(" + list + ");"
}
