package topo

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/nb"
)

// tag is the VLAN tag of a port (ovn-nb(5), Logical_Switch_Port.tag_request): the requested one; for a nested port that
// requests 0, the one it has, or the lowest that no other port of its parent has or asks for.
func (t *Topo) tag(row *nb.LogicalSwitchPort) []int64 {
	if row.TagRequest != nil && *row.TagRequest != 0 {
		return []int64{*row.TagRequest}
	}
	parent := lspParent(row)
	if row.Tag != nil || row.TagRequest == nil || parent == "" {
		if row.Tag != nil {
			return []int64{*row.Tag}
		}
		return nil
	}
	taken := map[int64]bool{0: true}
	var waiting []*nb.LogicalSwitchPort
	for _, c := range t.LogicalSwitchPort.list(t.lspByParent.Get(parent)) {
		switch {
		case c.TagRequest != nil && *c.TagRequest != 0:
			taken[*c.TagRequest] = true
		case c.Tag != nil:
			taken[*c.Tag] = true
		case c.TagRequest != nil:
			waiting = append(waiting, c)
		}
	}
	// Those that wait together are served in one order by all of them.
	slices.SortFunc(waiting, func(a, b *nb.LogicalSwitchPort) int { return a.UUID.Compare(b.UUID) })
	next := int64(0)
	for _, c := range waiting {
		for taken[next] {
			next++
		}
		taken[next] = true
		if c.UUID == row.UUID && next < 4096 {
			return []int64{next}
		}
	}
	return nil
}
