package northd

import (
	"encoding/binary"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// BFD sessions take their UDP source ports from the dynamic ones (RFC 5881 section 4).
const (
	firstBFDPort = 49152
	maxBFDPorts  = 65535 - firstBFDPort + 1
)

func sessionKey(port, peer string) string { return port + "/" + peer }

// bfdRows emits a session. The status is the chassis's to write, except where a session starts or stops being of use.
func bfdRows(s *topo.BFD, b *rows) {
	if s.SourcePort == 0 {
		return
	}
	// Nonzero, and no other session's as far as UUIDs go.
	disc := int64(binary.BigEndian.Uint32(s.ID[:4]) | 1)
	b.Add(sb.TableBFD, sessionKey(s.Port, s.Peer), col(sb.BFDColLogicalPort, s.Port), col(sb.BFDColDstIP, s.Peer),
		col(sb.BFDColMinTx, s.MinTx), col(sb.BFDColMinRx, s.MinRx), col(sb.BFDColDetectMult, s.DetectMult),
		col(sb.BFDColStatus, s.Status))
	b.First(col(sb.BFDColSrcPort, s.SourcePort), col(sb.BFDColDisc, disc), col(sb.BFDColChassisName, s.Chassis))
	if s.Row.Status == nil || *s.Row.Status != s.Status {
		b.Back(ovsdb.Update(nb.TableBFD, s.ID, col(nb.BFDColStatus, []string{s.Status})))
	}
}

// allocateSourcePort gives a session its UDP source port, and reports whether it did.
func (e *engine) allocateSourcePort(u topo.Unit) bool {
	v, ok := u.View.(*topo.BFD)
	if !ok || v.SourcePort != 0 {
		return false
	}
	n := e.alloc.bfdPorts.next(maxBFDPorts, sessionKey(v.Port, v.Peer))
	if n == 0 {
		e.log.Error("allocating UDP source port of BFD session: all are in use", "component", "northd", "port", v.Port, "peer", v.Peer)
		return false
	}
	e.topo.SetSourcePort(v.Port, v.Peer, firstBFDPort+n-1)
	return true
}

// applyBFD takes what chassis say of a session, and the source port that it was given in an earlier life of northd.
func (e *engine) applyBFD(c ovsdb.Change) {
	if c.New == nil {
		s := sb.NewBFD(c.Old)
		e.topo.SetSession(s.LogicalPort, s.DstIP, "")
		if !e.topo.HasSession(s.LogicalPort, s.DstIP) {
			e.alloc.bfdPorts.release(sessionKey(s.LogicalPort, s.DstIP))
			e.topo.SetSourcePort(s.LogicalPort, s.DstIP, 0)
		}
		return
	}
	s := sb.NewBFD(c.New)
	e.topo.SetSession(s.LogicalPort, s.DstIP, s.Status)
	if n := s.SrcPort - firstBFDPort + 1; n >= 1 && e.alloc.bfdPorts.take(n, sessionKey(s.LogicalPort, s.DstIP)) {
		e.topo.SetSourcePort(s.LogicalPort, s.DstIP, s.SrcPort)
	}
}

// freeSession gives back what a session has when its row is gone, or is about something else now.
func (e *engine) freeSession(c ovsdb.Change) {
	if c.Old == nil {
		return
	}
	port, peer := c.Old.String(nb.BFDColLogicalPort), c.Old.String(nb.BFDColDstIP)
	if c.New == nil || c.New.String(nb.BFDColLogicalPort) != port || c.New.String(nb.BFDColDstIP) != peer {
		e.alloc.bfdPorts.release(sessionKey(port, peer))
		e.topo.SetSourcePort(port, peer, 0)
	}
}
