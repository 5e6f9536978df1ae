package feature

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// policy applies the routing policies of a router: allow, drop, reroute to one or several next hops, jump to a chain
// (ovn-northd(8), Logical Router Ingress Table 17: Router policies, Table 18: ECMP handling for router policies).
//
// Stages: lr_in_policy, lr_in_policy_ecmp.
func policy() Feature {
	return Feature{Name: "policy", Router: routerPolicies}
}

const regPolicyChain = "reg9[16..31]"

func routerPolicies(r *topo.Router, b *Builder) {
	b.Add(r.Datapath, lflow.RouterInPolicy, 0, "1", lflow.RegECMPGroup+" = 0; next;")
	b.Add(r.Datapath, lflow.RouterInPolicyECMP, 150, lflow.RegECMPGroup+" == 0", "next;")
	chains := policyChains(r)
	var groups []*policyGroup
	for i := range r.Policies {
		p := &r.Policies[i]
		match := p.Match
		if len(chains) > 1 {
			match = regPolicyChain + " == " + strconv.Itoa(chains[deref(p.Chain)]) + " && (" + match + ")"
		}
		mark := ""
		if m := topo.Uint(p.Options["pkt_mark"], 0); m != 0 {
			mark = "pkt.mark = " + strconv.FormatUint(uint64(m), 10) + "; "
		}
		actions := ""
		switch p.Action {
		case "allow":
			actions = mark + lflow.RegECMPGroup + " = 0; next;"
		case "drop":
			actions = drop(r.Global)
		case "jump":
			// A chain that nobody is in is no place to go to, nor is the first.
			if deref(p.JumpChain) == "" || !slices.ContainsFunc(r.Policies, func(q topo.Policy) bool { return q.Chain != nil && *q.Chain == deref(p.JumpChain) }) {
				continue
			}
			actions = regPolicyChain + "=" + strconv.Itoa(chains[*p.JumpChain]) + "; next(pipeline=ingress, table=" +
				strconv.Itoa(lflow.RouterInPolicy.Table()) + ");"
		case "reroute":
			hops := p.Hops
			if len(p.Nexthops) > 1 {
				if len(hops) > 0 {
					// The match alone, as stock has it: with several next hops the chain does not count.
					groups = append(groups, &policyGroup{p, p.Match, mark, hops})
				}
				continue
			}
			if len(hops) == 0 {
				continue
			}
			h := hops[0]
			actions = mark + nextHop(familyOf(h.Is4()), h.Text, h.Source, h.Via) + "flags.loopback = 1; " + lflow.RegECMPGroup + " = 0; " +
				familyOf(h.Is4()).nextHopFlag() + "next;"
		default:
			continue
		}
		b.Add(r.Datapath, lflow.RouterInPolicy, int(p.Priority), match, actions).WithHint(p.UUID)
	}
	slices.SortFunc(groups, func(x, y *policyGroup) int { return cmp.Compare(x.key(), y.key()) })
	ids := groupNumbers(groups)
	for i, g := range groups {
		b.Add(r.Datapath, lflow.RouterInPolicy, int(g.policy.Priority), g.match, chooseMember(ids[i], len(g.hops), nil)).
			WithHint(g.policy.UUID)
		for j, h := range g.hops {
			b.Add(r.Datapath, lflow.RouterInPolicyECMP, 100, memberMatch(ids[i], j+1),
				g.mark+nextHop(familyOf(h.Is4()), h.Text, h.Source, h.Via)+"flags.loopback = 1; "+familyOf(h.Is4()).nextHopFlag()+"next;").
				WithHint(g.policy.UUID)
		}
	}
}

// policyGroup is a policy that reroutes to several next hops.
type policyGroup struct {
	policy      *topo.Policy
	match, mark string
	hops        []topo.Hop
}

func (g *policyGroup) key() string {
	return strconv.FormatInt(g.policy.Priority, 10) + " " + g.match
}

// policyChains numbers the chains; the packet starts in chain 0, which has no name.
func policyChains(r *topo.Router) map[string]int {
	var names []string
	for _, p := range r.Policies {
		names = append(names, deref(p.Chain))
	}
	slices.Sort(names)
	ids := map[string]int{"": 0}
	for _, n := range slices.Compact(names) {
		if n != "" {
			ids[n] = len(ids)
		}
	}
	return ids
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
