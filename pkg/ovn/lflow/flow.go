package lflow

import (
	"crypto/sha256"
	"encoding/binary"
)

// Flow is one logical flow without its datapath.
type Flow struct {
	Stage    Stage
	Priority uint16
	Match    string
	Actions  string

	// Meter is Logical_Flow.controller_meter: it limits what the flow sends to ovn-controller.
	Meter string
	// Port is the logical port that the match pins with inport == or outport ==. It becomes tags:in_out_port, by which
	// ovn-controller skips flows of ports that are not its own. Leave it empty when the flow has to exist everywhere.
	Port string

	// Hint is the UUID's first eight digits of the northbound row that the flow comes from (external_ids:stage-hint).
	// It is for people and no part of the identity: flows of several rows may be one flow.
	Hint string
}

// ID is a flow's identity.
type ID [16]byte

// ID hashes what the flow does. It has the form of a UUID (RFC 9562 version 8), since it becomes the row's.
func (f *Flow) ID() ID {
	b := make([]byte, 0, 512)
	b = binary.BigEndian.AppendUint16(b, f.Priority)
	// The stage's number is an accident of this package's table; its name is not.
	for _, s := range [...]string{f.Stage.String(), f.Match, f.Actions, f.Meter, f.Port} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	var id ID
	copy(id[:], sum[:])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
