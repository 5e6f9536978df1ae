package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

func itoa(n int) string { return strconv.Itoa(n) }

// aclSample samples what ACLs decide (ovn-northd(8), Logical Switch Ingress Table 9: from-lport ACL sampling, Table 19: the
// same after load balancing, Egress Table 7).
//
// Stages: ls_in_acl_sample, ls_in_acl_after_lb_sample, ls_out_acl_sample.
func aclSample() Feature {
	return Feature{Name: "acl sample", Switch: func(sw *topo.Switch, b *Builder) {
		for _, a := range sw.ACLs {
			pl := pipelineOf(a)
			if a.SampleNew != nil && len(a.SampleNew.Collectors) != 1 {
				sampleByPoint(sw, pl.sample, a, b)
			} else if a.SampleNew != nil {
				sampleFlow(sw, pl.sample, newMatch(a)+"reg8[0..7] == "+strconv.FormatInt(a.SampleNew.Collector, 10)+
					" && reg8[19..20] == "+itoa(pl.observed), "reg3", sw.Global.Samples["acl-new"], a.SampleNew, a, b)
			}
			if a.SampleEst != nil && tracksACL(a) {
				known := "ip && ct.trk && (ct.est || ct.rel) && ct_label.obs_unused == 0 && "
				set := " && ct_mark.obs_collector_id == " + strconv.FormatInt(a.SampleEst.Collector, 10)
				sampleFlow(sw, pl.sample, known+"!ct.rpl"+set+" && ct_mark.obs_stage == "+itoa(pl.observed),
					"ct_label.obs_point_id", sw.Global.Samples["acl-est"], a.SampleEst, a, b)
				// Replies go through the other pipeline.
				reply := lflow.SwitchOutACLSample
				if pl.tier == topo.TierToLport {
					reply = lflow.SwitchInACLSample
				}
				sampleFlow(sw, reply, known+"ct.rpl"+set, "ct_label.obs_point_id", sw.Global.Samples["acl-est"], a.SampleEst, a, b)
			}
		}
	}}
}

// sampleByPoint samples new connections whose sample has no one collector: by the observation point.
func sampleByPoint(sw *topo.Switch, stage lflow.Stage, a *topo.ACL, b *Builder) {
	point := a.SampleNew.Metadata
	if a.Label != 0 {
		point = a.Label
	}
	action := ""
	for _, c := range a.SampleNew.Collectors {
		action += "sample(probability=" + strconv.FormatInt(c.Probability, 10) + ",collector_set=" + strconv.FormatInt(c.SetID, 10) +
			",obs_domain=" + strconv.FormatInt(sw.Global.Samples["acl-new"], 10) + ",obs_point=" + strconv.FormatInt(point, 10) + ");"
	}
	b.Add(sw.Datapath, stage, 1100, newMatch(a)+"reg3 == "+strconv.FormatInt(point, 10), action+" next;").WithHint(a.UUID)
}

// newMatch matches the packets of new connections, or all of those that are not tracked.
func newMatch(a *topo.ACL) string {
	switch {
	case a.Action == "allow-stateless":
		return "ip && "
	case a.Direction == "to-lport":
		return "ip && (ct.new || !ct.trk) && "
	}
	return "ip && ct.new && "
}

func tracksACL(a *topo.ACL) bool { return a.Action == "allow-related" || a.Action == "allow" }

func sampleFlow(sw *topo.Switch, stage lflow.Stage, match, point string, domain int64, s *topo.Sample, a *topo.ACL, b *Builder) {
	action := ""
	for _, c := range s.Collectors {
		action += "sample(probability=" + strconv.FormatInt(c.Probability, 10) + ",collector_set=" + strconv.FormatInt(c.SetID, 10) +
			",obs_domain=" + strconv.FormatInt(domain, 10) + ",obs_point=" + point + "); "
	}
	priority := 1000
	if a.Action == "allow-stateless" {
		priority = 900
	}
	if action != "" {
		b.Add(sw.Datapath, stage, priority, match, action+"next;").WithHint(a.UUID)
	}
}

// aclLabel is the action that stores an ACL's label, or the observation points of its samples, for the stages that commit
// the connection and that sample (ovn-nb(5), ACL, label and sample_new).
func aclLabel(a *topo.ACL, pl *aclPipeline) string {
	var newPoint, estPoint, newSet, estSet int64
	switch {
	case a.Label != 0:
		newPoint, estPoint = a.Label, a.Label
	case a.SampleNew != nil || a.SampleEst != nil && tracksACL(a):
		if s := a.SampleNew; s != nil {
			newPoint, newSet = s.Metadata, s.Collector
		}
		if s := a.SampleEst; s != nil && tracksACL(a) {
			estPoint, estSet = s.Metadata, s.Collector
		}
	default:
		return ""
	}
	return "reg0[13] = 1; reg3 = " + strconv.FormatInt(newPoint, 10) + "; reg9 = " + strconv.FormatInt(estPoint, 10) +
		"; reg8[0..7] = " + strconv.FormatInt(newSet, 10) + "; reg8[8..15] = " + strconv.FormatInt(estSet, 10) +
		"; reg8[19..20] = " + itoa(pl.observed) + "; "
}
