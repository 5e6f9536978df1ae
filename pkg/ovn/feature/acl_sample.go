package feature

import (
	"strconv"

	"github.com/kove-io/kove/pkg/ovn/topo"
)

func itoa(n int) string { return strconv.Itoa(n) }

// aclLabel is the action that stores an ACL's label, or the observation points of its samples, for the stages that commit
// the connection and that sample (ovn-nb(5), ACL, label and sample_new).
func aclLabel(a *topo.ACL, pl *aclPipeline) string {
	var newPoint, estPoint, newSet, estSet int64
	switch {
	case a.Label != 0 && (a.Action == "allow" || a.Action == "allow-related"):
		newPoint, estPoint = a.Label, a.Label
	case a.SampleNew != nil || a.SampleEst != nil:
		if s := a.SampleNew; s != nil {
			newPoint, newSet = s.Metadata, s.Collector
		}
		if s := a.SampleEst; s != nil {
			estPoint, estSet = s.Metadata, s.Collector
		}
	default:
		return ""
	}
	return "reg0[13] = 1; reg3 = " + strconv.FormatInt(newPoint, 10) + "; reg9 = " + strconv.FormatInt(estPoint, 10) +
		"; reg8[0..7] = " + strconv.FormatInt(newSet, 10) + "; reg8[8..15] = " + strconv.FormatInt(estSet, 10) +
		"; reg8[19..20] = " + itoa(pl.observed) + "; "
}
