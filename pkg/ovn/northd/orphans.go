package northd

import (
	"context"
	"fmt"
	"time"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Orphans are rows that chassis learned about what is gone. What northd removes goes together with them (cleanupPort); a
// chassis that did not know yet may write one more, and what was removed while no northd ran left some behind. So they are
// looked for at the start and some time after something has gone.

// orphanPause is how long chassis may take to hear that a port is gone.
const orphanPause = 10 * time.Second

// removeOrphans removes them. The tables are not watched, so they are read.
func (s *session) removeOrphans(ctx context.Context) error {
	s.e.freed = false
	var ops []ovsdb.Op
	for table, orphan := range map[string]func(*ovsdb.Row) bool{
		sb.TableMACBinding: s.e.orphanedBinding, sb.TableFDB: s.e.orphanedMAC, sb.TableLearnedRoute: s.e.orphanedRoute,
	} {
		rows, err := s.read(ctx, table)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if orphan(r) {
				ops = append(ops, ovsdb.Delete(table, r.UUID))
			}
		}
	}
	if len(ops) == 0 {
		return nil
	}
	if _, err := s.n.opts.SB.Transact(ctx, ops...); err != nil {
		return fmt.Errorf("removing orphans: %w", describe(err, ops))
	}
	return nil
}

// orphanedBinding reports whether a MAC_Binding is about no port of its router.
func (e *engine) orphanedBinding(r *ovsdb.Row) bool {
	dp, _ := r.Get(sb.MACBindingColDatapath).(ovsdb.UUID)
	return !e.routerHas(dp, r.String(sb.MACBindingColLogicalPort))
}

// routerHas reports whether a Datapath_Binding is a router's that has a port of that name.
func (e *engine) routerHas(dp ovsdb.UUID, port string) bool {
	p := e.alloc.port[port]
	if p == nil || e.datapaths[p.dp] == nil || !e.datapaths[p.dp].router {
		return false
	}
	k := e.alloc.dp[p.dp]
	return k != nil && k.SB == dp
}

// orphanedMAC reports whether an FDB row is about no port of a switch.
func (e *engine) orphanedMAC(r *ovsdb.Row) bool {
	dp, _ := r.Get(sb.FDBColDPKey).(int64)
	port, _ := r.Get(sb.FDBColPortKey).(int64)
	id, err := ovsdb.ParseUUID(e.alloc.datapaths.used[dp])
	if err != nil || e.datapaths[id] == nil || e.datapaths[id].router {
		return true
	}
	_, ok := e.alloc.space(id).used[port]
	return !ok
}

// orphanedRoute reports whether a Learned_Route leads to no port of its router.
func (e *engine) orphanedRoute(r *ovsdb.Row) bool {
	dp, _ := r.Get(sb.LearnedRouteColDatapath).(ovsdb.UUID)
	port, _ := r.Get(sb.LearnedRouteColLogicalPort).(ovsdb.UUID)
	return !e.routerHas(dp, e.mcast.portName[port])
}
