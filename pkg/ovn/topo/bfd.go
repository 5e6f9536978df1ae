package topo

import (
	"slices"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// bfdKey is what a BFD session is about.
type bfdKey struct{ port, peer string }

// Session is a BFD session of a router port.
type Session struct {
	ID                       ovsdb.UUID
	Port, Peer               string // Logical_Router_Port.name, address
	Chassis                  string // where the port is bound
	MinTx, MinRx, DetectMult int64
	// Status is what it is now: what the chassis says, but admin_down as long as no route or policy refers to it.
	Status     string
	SourcePort int64 // UDP port, 0 before one is allocated
}

// BFD is the view of a BFD session.
type BFD struct {
	*Session
	Row *nb.BFD
}

// SetSession says what a southbound BFD row has: the status that a chassis wrote, "" when there is no row.
func (t *Topo) SetSession(port, peer, status string) {
	if k := (bfdKey{port, peer}); status == "" {
		t.bfdStatus.remove(k)
	} else {
		t.bfdStatus.put(k, status)
	}
}

// HasSession reports whether there is a northbound row of a session.
func (t *Topo) HasSession(port, peer string) bool {
	return len(t.bfdBySession.peek(bfdKey{port, peer})) > 0
}

// SetSourcePort sets the UDP source port of a session (RFC 5881 section 4); 0 forgets it.
func (t *Topo) SetSourcePort(port, peer string, source int64) {
	if k := (bfdKey{port, peer}); source == 0 {
		t.bfdSource.remove(k)
	} else {
		t.bfdSource.put(k, source)
	}
}

func (t *Topo) applyBFD(c ovsdb.Change) {
	o, n := apply(t.BFD, c, nb.NewBFD)
	port := func(r *nb.BFD) string { return r.LogicalPort }
	moveKey(t.bfdByPort, c, key(o, port), key(n, port))
	var was, is []bfdKey
	if o != nil {
		was = []bfdKey{{o.LogicalPort, o.DstIP}}
	}
	if n != nil {
		is = []bfdKey{{n.LogicalPort, n.DstIP}}
	}
	t.bfdBySession.move(rowUUID(c), was, is)
	startStop(t.bfds, c)
}

// computeSession returns nil for a session of a port that does not exist.
func (t *Topo) computeSession(id ovsdb.UUID) *Session {
	row := t.BFD.Get(id)
	if row == nil {
		return nil
	}
	lrp, ok := t.lrpByName.one(row.LogicalPort)
	if !ok {
		return nil
	}
	k := bfdKey{row.LogicalPort, row.DstIP}
	s := &Session{ID: id, Port: k.port, Peer: k.peer, MinTx: orElse(row.MinTx, 1000), MinRx: orElse(row.MinRx, 1000),
		DetectMult: orElse(row.DetectMult, 5), Status: t.bfdStatus.Get(k), SourcePort: t.bfdSource.Get(k)}
	if bound := t.bindings.Get(k.port); bound != nil {
		s.Chassis = bound.Chassis
	}
	switch needed := t.sessionNeeded(id, lrp); {
	case !needed:
		s.Status = "admin_down"
	case s.Status == "" || s.Status == "admin_down":
		s.Status = "down"
	}
	return s
}

// sessionNeeded reports whether a route or a policy of the port's router waits for the session.
func (t *Topo) sessionNeeded(id, lrp ovsdb.UUID) bool {
	lr, ok := t.routerOf.one(lrp)
	if !ok {
		return false
	}
	if slices.ContainsFunc(t.routes.Get(lr), func(r Route) bool { return r.session == id }) {
		return true
	}
	row := t.LogicalRouter.Get(lr)
	if row == nil {
		return false
	}
	return slices.ContainsFunc(row.Policies, func(p ovsdb.UUID) bool {
		return slices.ContainsFunc(t.hops.Get(policyKey{lr, p}), func(h Hop) bool { return h.session == id })
	})
}

// orElse reads a number of which the last 32 bits count, as in stock.
func orElse(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return int64(int32(*n))
}

func (t *Topo) computeBFD(id ovsdb.UUID) *BFD {
	s := t.sessions.Get(id)
	if s == nil {
		return nil
	}
	return &BFD{s, t.BFD.Get(id)}
}
