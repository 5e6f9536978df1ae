package feature

import (
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/lflow"
	"github.com/kove-io/kove/pkg/ovn/topo"
)

// acl evaluates access control lists, of switches and of port groups (ovn-northd(8), Logical Switch Ingress Tables 7 and 8:
// ACL hints and evaluation, Table 10: action, Tables 18 and 20: the same after load balancing, and Egress Tables 5, 6
// and 8; ovn-nb(5), ACL).
//
// Stages: ls_in_acl_hint, ls_in_acl_eval, ls_in_acl_action, ls_in_acl_after_lb_eval, ls_in_acl_after_lb_action,
// ls_out_acl_hint, ls_out_acl_eval, ls_out_acl_action, ls_in_pre_acl and ls_out_pre_acl for stateless ones.
func acl() Feature {
	return Feature{Name: "acl", Switch: aclSwitch}
}

// aclPipeline is one of the three places where ACLs are evaluated.
type aclPipeline struct {
	pre, hint, eval, action lflow.Stage
	sample                  lflow.Stage
	tier                    int // index of MaxTier
	rejectTo                string
	observed                int // what samples call the place
}

var aclPipelines = []aclPipeline{
	{lflow.SwitchInPreACL, lflow.SwitchInACLHint, lflow.SwitchInACLEval, lflow.SwitchInACLAction,
		lflow.SwitchInACLSample, topo.TierFromLport, "egress,table=9", 0},
	{lflow.SwitchInPreACL, lflow.NumStages, lflow.SwitchInACLAfterLBEval, lflow.SwitchInACLAfterLBAction,
		lflow.SwitchInACLAfterLBSample, topo.TierFromLportAfterLB, "egress,table=9", 1},
	{lflow.SwitchOutPreACL, lflow.SwitchOutACLHint, lflow.SwitchOutACLEval, lflow.SwitchOutACLAction,
		lflow.SwitchOutACLSample, topo.TierToLport, "ingress,table=28", 2},
}

func aclSwitch(sw *topo.Switch, b *Builder) {
	evaluated := sw.HasACLs || sw.HasLBVIP
	tracked := sw.HasStatefulACL || sw.HasLBVIP
	for i := range aclPipelines {
		pl := &aclPipelines[i]
		if pl.hint != lflow.NumStages {
			aclHints(sw, pl, evaluated, tracked, b)
			aclDefaults(sw, pl, evaluated, tracked, b)
		} else {
			aclAfterLB(sw, pl, tracked, b)
		}
		aclVerdicts(sw, pl, b)
	}
	if evaluated {
		b.Add(sw.Datapath, lflow.SwitchInACLEval, 34000, "eth.dst == "+lflow.SvcMonitorMAC, allowBit+"next;")
		b.Add(sw.Datapath, lflow.SwitchOutACLEval, 34000, "eth.src == "+lflow.SvcMonitorMAC, allowBit+"next;")
	}
	for _, a := range sw.ACLs {
		aclFlows(sw, a, tracked, b)
	}
}

const (
	allowBit  = lflow.RegACLVerdictAllow + " = 1; "
	dropBit   = lflow.RegACLVerdictDrop + " = 1; "
	rejectBit = lflow.RegACLVerdictReject + " = 1; "
	commitBit = lflow.RegConntrackCommit + " = 1; "
)

// block marks a connection that was let through before as one that no longer is.
func block(a *topo.ACL) string {
	point := int64(0)
	if a.SampleEst != nil {
		point = a.SampleEst.Metadata
	}
	return "ct_commit { ct_mark.blocked = 1; ct_label.obs_point_id = " + strconv.FormatInt(point, 10) + "; }; "
}

// aclHints classifies a packet by its connection, so that an ACL needs at most two flows.
func aclHints(sw *topo.Switch, pl *aclPipeline, evaluated, tracked bool, b *Builder) {
	if !evaluated {
		b.Add(sw.Datapath, pl.hint, 65535, "1", "next;")
		return
	}
	b.Add(sw.Datapath, pl.hint, 0, "1", "next;")
	if !tracked {
		return
	}
	for _, h := range []struct {
		priority int
		match    string
		hints    []string
	}{
		{7, "ct.new && !ct.est", []string{lflow.RegHintAllowNew, lflow.RegHintDrop}},
		{6, "!ct.new && ct.est && !ct.rpl && ct_mark.blocked == 1", []string{lflow.RegHintAllowNew, lflow.RegHintDrop}},
		{5, "!ct.trk", []string{lflow.RegHintAllow, lflow.RegHintDrop}},
		{4, "!ct.new && ct.est && !ct.rpl && ct_mark.blocked == 0", []string{lflow.RegHintAllow, lflow.RegHintBlock}},
		{3, "!ct.est", []string{lflow.RegHintDrop}},
		{2, "ct.est && ct_mark.blocked == 1", []string{lflow.RegHintDrop}},
		{1, "ct.est && ct_mark.blocked == 0", []string{lflow.RegHintBlock}},
	} {
		b.Add(sw.Datapath, pl.hint, h.priority, h.match, strings.Join(h.hints, " = 1; ")+" = 1; next;")
	}
}

// aclDefaults emits what holds whatever the ACLs say.
func aclDefaults(sw *topo.Switch, pl *aclPipeline, evaluated, tracked bool, b *Builder) {
	dp, ingress := sw.Datapath, pl.eval == lflow.SwitchInACLEval
	b.Add(dp, pl.eval, 65532, "nd || nd_ra || nd_rs || mldv1 || mldv2", allowBit+"next;")
	if !evaluated {
		b.Add(dp, pl.eval, 65535, "1", "next;")
		return
	}
	b.Add(dp, pl.eval, 0, "1", "next;")
	if !tracked {
		return
	}
	commit := commitBit
	if sw.Global.Bool("default_acl_drop") {
		commit = ""
	}
	b.Add(dp, pl.eval, 1, "ip && !ct.est", commit+"next;")
	b.Add(dp, pl.eval, 1, "ip && ct.est && ct_mark.blocked == 1", commitBit+allowBit+"next;")

	valid, invalid := " && !ct.inv", "ct.inv || "
	if sw.Global.Options["use_ct_inv_match"] == "false" {
		valid, invalid = "", ""
	}
	b.Add(dp, pl.eval, 65532, invalid+"(ct.est && ct.rpl && ct_mark.blocked == 1)", dropBit+"next;")
	related, reply, persist := "", "", ""
	if ingress {
		related = lflow.RegHintAllowRel + " = 1; "
		reply = lflow.RegHintDrop + " = 0; " + lflow.RegHintBlock + " = 0; " + related
		persist = lflow.RegHintAllowPersisted + " = 1; "
	}
	b.Add(dp, pl.eval, 65532, "ct.est && !ct.rel && !ct.new"+valid+" && ct.rpl && ct_mark.blocked == 0", reply+allowBit+"next;")
	b.Add(dp, pl.eval, 65532, "!ct.est && ct.rel && !ct.new"+valid+" && ct_mark.blocked == 0", related+allowBit+"ct_commit_nat;")
	b.Add(dp, pl.eval, 65532, "ct.est && ct_mark.allow_established == 1", persist+allowBit+"next;")
}

// aclAfterLB lets through what the first evaluation found to belong to a known connection.
func aclAfterLB(sw *topo.Switch, pl *aclPipeline, tracked bool, b *Builder) {
	b.Add(sw.Datapath, pl.eval, 0, "1", "next;")
	b.Add(sw.Datapath, pl.eval, 65532, "nd || nd_ra || nd_rs || mldv1 || mldv2", allowBit+"next;")
	if tracked {
		b.Add(sw.Datapath, pl.eval, 65532, lflow.RegHintAllowRel+" == 1", allowBit+"next;")
		b.Add(sw.Datapath, pl.eval, 65532, lflow.RegHintAllowPersisted+" == 1", allowBit+"next;")
	}
}

// aclVerdicts carries out what the evaluation decided, or goes on to the next tier.
func aclVerdicts(sw *topo.Switch, pl *aclPipeline, b *Builder) {
	dp := sw.Datapath
	if !sw.HasACLs {
		b.Add(dp, pl.action, 0, "1", "next;")
		return
	}
	maxTier := sw.MaxTier[pl.tier]
	reset := lflow.RegACLVerdictAllow + " = 0; " + lflow.RegACLVerdictDrop + " = 0; " + lflow.RegACLVerdictReject + " = 0; "
	if maxTier > 0 {
		reset += lflow.RegACLTier + " = 0; "
	}
	dropped := "/* drop */"
	if d := drop(sw.Global); d != "drop;" {
		dropped = d
	}
	otherwise := reset + "next;"
	if sw.Global.Bool("default_acl_drop") {
		otherwise = reset + dropped
	}
	b.Add(dp, pl.action, 0, "1", otherwise)
	b.Add(dp, pl.action, 1000, lflow.RegACLVerdictAllow+" == 1", reset+"next;")
	b.Add(dp, pl.action, 1000, lflow.RegACLVerdictDrop+" == 1", reset+dropped)
	b.Add(dp, pl.action, 1000, lflow.RegACLVerdictReject+" == 1", reset+
		"reg0 = 0; reject { /* eth.dst <-> eth.src; ip.dst <-> ip.src; is implicit. */ outport <-> inport; next(pipeline="+
		pl.rejectTo+"); };").WithMeter(sw.Copp["reject"])
	for t := range int(maxTier) {
		b.Add(dp, pl.action, 500, lflow.RegACLTier+" == "+itoa(t), lflow.RegACLTier+" = "+itoa(t+1)+"; next(pipeline="+
			string(pl.eval.Pipeline())+",table="+itoa(pl.eval.Table())+");")
	}
}

func pipelineOf(a *topo.ACL) *aclPipeline {
	switch {
	case a.Direction == "to-lport":
		return &aclPipelines[2]
	case a.Options["apply-after-lb"] == "true":
		return &aclPipelines[1]
	}
	return &aclPipelines[0]
}

func aclFlows(sw *topo.Switch, a *topo.ACL, tracked bool, b *Builder) {
	pl := pipelineOf(a)
	priority := int(a.Priority) + 1000
	tier := ""
	if sw.MaxTier[pl.tier] > 0 {
		tier = lflow.RegACLTier + " == " + itoa(int(a.Tier)) + " && "
	}
	add := func(hint, actions string) {
		if hint != "" {
			hint += " == 1 && "
		}
		b.Add(sw.Datapath, pl.eval, priority, tier+hint+"("+a.Match+")", aclLog(a)+actions+"next;").WithHint(a.UUID)
	}
	label := aclLabel(sw, a, pl)
	switch a.Action {
	case "pass":
		add("", label)
	case "allow-stateless":
		if tracked {
			b.Add(sw.Datapath, pl.pre, priority, a.Match, lflow.RegACLStateless+" = 1; next;").WithHint(a.UUID)
		}
		add("", allowBit+label)
	case "allow", "allow-related":
		if !tracked {
			add("", allowBit+label)
			return
		}
		persist := ""
		if a.ID != 0 && a.Action == "allow-related" {
			persist = lflow.RegACLID + " = " + itoa(int(a.ID)) + "; " + lflow.RegACLPersist + " = 1; "
		}
		add(lflow.RegHintAllowNew, allowBit+commitBit+persist+label)
		if a.Label != 0 || a.SampleEst != nil {
			label = commitBit + label // the connection has it from now on
		}
		add(lflow.RegHintAllow, allowBit+label)
		aclLogRelated(sw, a, pl, b)
	default:
		verdict := dropBit
		if a.Action == "reject" {
			verdict = rejectBit
		}
		if !tracked {
			add("", verdict+label)
			return
		}
		add(lflow.RegHintDrop, verdict+label)
		add(lflow.RegHintBlock, verdict+label+block(a))
	}
}

// aclLogRelated logs what an ACL's connections bring back, replies and related ones, where that is evaluated: in the other
// direction (options:log-related of ACL in ovn-nb(5)).
func aclLogRelated(sw *topo.Switch, a *topo.ACL, pl *aclPipeline, b *Builder) {
	if a.Action != "allow-related" || !a.Log || a.Label == 0 || !strings.EqualFold(a.Options["log-related"], "true") {
		return
	}
	back := lflow.SwitchOutACLEval
	if pl.eval == back {
		back = lflow.SwitchInACLEval
	}
	valid := " && !ct.inv"
	if sw.Global.Options["use_ct_inv_match"] == "false" {
		valid = ""
	}
	known := " && ct_mark.blocked == 0 && ct_label.label == " + strconv.FormatInt(int64(a.Label), 10)
	for _, match := range []string{
		"ct.est && !ct.rel && !ct.new" + valid + " && ct.rpl" + known,
		"!ct.est && ct.rel && !ct.new" + valid + known,
	} {
		b.Add(sw.Datapath, back, 65533, match, aclLog(a)+allowBit+"next;").WithHint(a.UUID)
	}
}

// aclLog is the action that logs what an ACL does.
func aclLog(a *topo.ACL) string {
	if !a.Log {
		return ""
	}
	var args []string
	if a.Name != nil {
		args = append(args, `name="`+*a.Name+`"`) // as it is
	}
	severity := "info"
	if a.Severity != nil && *a.Severity != "" {
		severity = *a.Severity
	}
	args = append(args, "severity="+severity)
	switch a.Action {
	case "drop", "reject", "pass":
		args = append(args, "verdict="+a.Action)
	default:
		args = append(args, "verdict=allow")
	}
	if a.Meter != nil {
		meter := *a.Meter
		if a.FairMeter {
			meter += "__" + a.UUID.String()
		}
		args = append(args, "meter="+topo.Quote(meter))
	}
	return "log(" + strings.Join(args, ", ") + "); "
}
