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
			if s := a.SampleNew; s != nil && byPoint(sw, s) {
				point, domain := s.Metadata, sw.Global.Samples["acl-new"]
				if a.Label != 0 {
					point, domain = a.Label, 0
				}
				b.Add(sw.Datapath, pl.sample, 1100, newMatch(sw, a)+"reg3 == "+strconv.FormatInt(point, 10),
					sampleByPoint(sw, "acl-new", s, domain, point)).WithHint(a.UUID)
			} else if s != nil {
				sampleFlow(sw, pl.sample, newMatch(sw, a)+"reg8[0..7] == "+strconv.FormatInt(a.SampleNew.Collector, 10)+
					" && reg8[19..20] == "+itoa(pl.observed), "reg3", sw.Global.Samples["acl-new"], a.SampleNew, a, b)
			}
			if a.SampleEst != nil && (a.Action == "allow-related" || a.SampleNew != nil && !untracked(sw, a)) {
				sampleEstablished(sw, pl, a, b)
			}
		}
	}}
}

// sampleEstablished samples packets of known connections, and replies, which go through the other pipeline.
func sampleEstablished(sw *topo.Switch, pl *aclPipeline, a *topo.ACL, b *Builder) {
	reply := lflow.SwitchOutACLSample
	if pl.tier == topo.TierToLport {
		reply = lflow.SwitchInACLSample
	}
	known, domain := "ip && ct.trk && (ct.est || ct.rel) && ", sw.Global.Samples["acl-est"]
	if s := a.SampleEst; byPoint(sw, s) {
		point := s.Metadata
		if a.Label != 0 {
			point, domain = a.Label, 0
		}
		is := " && ct_label.obs_point_id == " + strconv.FormatInt(point, 10) + " && ct_label.obs_unused == 0"
		action := sampleByPoint(sw, "acl-est", s, domain, point)
		b.Add(sw.Datapath, pl.sample, 1200, known+"!ct.rpl"+is, action).WithHint(a.UUID)
		b.Add(sw.Datapath, reply, 1200, known+"ct.rpl"+is, action).WithHint(a.UUID)
		return
	}
	known += "ct_label.obs_unused == 0 && "
	set := " && ct_mark.obs_collector_id == " + strconv.FormatInt(a.SampleEst.Collector, 10)
	sampleFlow(sw, pl.sample, known+"!ct.rpl"+set+" && ct_mark.obs_stage == "+itoa(pl.observed),
		"ct_label.obs_point_id", domain, a.SampleEst, a, b)
	sampleFlow(sw, reply, known+"ct.rpl"+set, "ct_label.obs_point_id", domain, a.SampleEst, a, b)
}

// byPoint reports whether a sample is told apart by its observation point, as it has no one collector or a chassis does not
// sample by registers.
func byPoint(sw *topo.Switch, s *topo.Sample) bool {
	return len(s.Collectors) != 1 || !sw.Global.Has("ovn-sample-with-registers")
}

// sampleByPoint is the action for a sample that has no one collector: it is told apart by the observation point. Without a
// Sampling_App there is nobody to sample for, and stock says so with no action at all.
func sampleByPoint(sw *topo.Switch, app string, s *topo.Sample, domain, point int64) string {
	if _, ok := sw.Global.Samples[app]; !ok {
		return ""
	}
	action := ""
	for _, c := range s.Collectors {
		// Stock keeps eight bits of the set, for which the table has 32.
		action += "sample(probability=" + strconv.FormatInt(c.Probability, 10) + ",collector_set=" + strconv.FormatInt(c.SetID&0xff, 10) +
			",obs_domain=" + strconv.FormatInt(domain, 10) + ",obs_point=" + strconv.FormatInt(point, 10) + ");"
	}
	return action + " next;"
}

// untracked reports whether an ACL is evaluated without connection tracking: as none of the switch's needs it, or by itself.
func untracked(sw *topo.Switch, a *topo.ACL) bool {
	return a.Action == "allow-stateless" || !sw.HasStatefulACL
}

// newMatch matches the packets of new connections, or all of those that are not tracked.
func newMatch(sw *topo.Switch, a *topo.ACL) string {
	switch {
	case untracked(sw, a):
		return "ip && "
	case a.Direction == "to-lport":
		return "ip && (ct.new || !ct.trk) && "
	}
	return "ip && ct.new && "
}

// tracksACL reports whether what an ACL lets through is committed.
func tracksACL(sw *topo.Switch, a *topo.ACL) bool {
	return (sw.HasStatefulACL || sw.HasLBVIP) && (a.Action == "allow-related" || a.Action == "allow")
}

func sampleFlow(sw *topo.Switch, stage lflow.Stage, match, point string, domain int64, s *topo.Sample, a *topo.ACL, b *Builder) {
	action := ""
	for _, c := range s.Collectors {
		// Stock keeps eight bits of the set, for which the table has 32.
		action += "sample(probability=" + strconv.FormatInt(c.Probability, 10) + ",collector_set=" + strconv.FormatInt(c.SetID&0xff, 10) +
			",obs_domain=" + strconv.FormatInt(domain, 10) + ",obs_point=" + point + "); "
	}
	priority := 1000
	if untracked(sw, a) {
		priority = 900
	}
	if action != "" {
		b.Add(sw.Datapath, stage, priority, match, action+"next;").WithHint(a.UUID)
	}
}

// aclLabel is the action that stores an ACL's label, or the observation points of its samples, for the stages that commit
// the connection and that sample (ovn-nb(5), ACL, label and sample_new).
func aclLabel(sw *topo.Switch, a *topo.ACL, pl *aclPipeline) string {
	var newPoint, estPoint, newSet, estSet int64
	switch {
	case a.Label != 0:
		newPoint, estPoint = a.Label, a.Label
	case a.SampleNew != nil || a.SampleEst != nil && tracksACL(sw, a):
		if s := a.SampleNew; s != nil {
			newPoint, newSet = s.Metadata, s.Collector
		}
		if s := a.SampleEst; s != nil && tracksACL(sw, a) {
			estPoint, estSet = s.Metadata, s.Collector
		}
	default:
		return ""
	}
	return "reg0[13] = 1; reg3 = " + strconv.FormatInt(newPoint, 10) + "; reg9 = " + strconv.FormatInt(estPoint, 10) +
		"; reg8[0..7] = " + strconv.FormatInt(newSet, 10) + "; reg8[8..15] = " + strconv.FormatInt(estSet, 10) +
		"; reg8[19..20] = " + itoa(pl.observed) + "; "
}
